"""What services/updates.py has done: look, fetch, switch, and the record of it. Loaded for each piece of work.

`updates` is the Updates that asks.
"""

import asyncio

from micropython import const

from firmware.services.ota import record
from firmware.services.ota.package import Bundle, Server, Target, fetch, look
from firmware.services.ota.refusal import REASONS, UpdateError

_FIRST_RETRY_S = const(300)
_LONGEST_RETRY_S = const(3600)
_DAY_S = const(86400)
_RETRIES = const(8)              # then not before the next day
_TRANSIENT = ("no_connection", "no_answer", "http_status", "bad_answer", "redirects", "wrong_length", "wrong_hash", "flash_failed",
              "interrupted")
_LOG = const(16)
_FAILED = const(4)


def must(obstacle):
    """UpdateError unless the code of an obstacle is None."""
    if obstacle:
        raise UpdateError(obstacle)


async def perform(updates, what, older):
    """look, fetch, switch, install (both), or confirm; whatever stops it becomes the reason."""
    before = updates.state
    try:
        if what == "confirm":
            _confirm(updates)
            return
        if what == "look":
            await _look(updates)
        if what == "fetch" or what == "install" and updates.state != "ready":
            await _take(updates, _server(updates), older)
        if what in ("switch", "install"):
            _switch(updates)
        updates.reason, updates.detail, updates.retry_s = None, "", None
    except asyncio.CancelledError as error:
        _stopped(updates, before, error)
        raise
    except Exception as error:
        _stopped(updates, before, error)


async def upload(updates, read, older):
    """As Updates.upload()."""
    before = updates.state
    try:
        await _take(updates, Bundle(read), older)
        updates.reason, updates.detail = None, ""
    except (Exception, asyncio.CancelledError) as error:     # the latter: the upload took too long
        _stopped(updates, before, error)
        updates.retry_s = None
        raise


def _stopped(updates, before, error):
    updates.state = "ready" if updates.kept["ready"] else "idle" if before == "ready" else before
    code, detail = getattr(error, "code", None), getattr(error, "detail", "")
    if code not in [row[0] for row in REASONS]:    # another exception has one too: of a body that does not come, say
        code = "flash_failed" if isinstance(error, OSError) else "interrupted"
        code = "no_space" if getattr(error, "errno", 0) == 28 else code
        detail = "%s: %s" % (type(error).__name__, error)
    if code == "not_newer":
        updates.reason, updates.detail = None, ""
        updates.state, updates.offer = "idle", None
        return
    updates.reason, updates.detail = code, detail
    if code == "vehicle":                    # it goes on when that is over
        return
    updates.retry_s = _DAY_S
    if code in _TRANSIENT and updates.retries < _RETRIES:
        updates.retry_s = min(_FIRST_RETRY_S << updates.retries, _LONGEST_RETRY_S) + updates.charger.random(60)
        updates.retries += 1
    if updates.charger.may_write():
        save(updates, (code, (updates.offer or {}).get("version") or "", detail))


def _target(updates, older):
    charger = updates.charger
    return Target(charger.version, charger.family, charger.boot, updates.kept["failed"], older)


def _server(updates):
    return Server(updates.url, updates.to_thread, updates.charger.ticks_ms)


async def _look(updates):
    """Ask the server what it has."""
    before = updates.state
    updates.state = "checking"
    manifest = await look(_server(updates), _target(updates, False), updates.charger.moduli)
    updates.offer = _offer(manifest)
    updates.state = "ready" if before == "ready" and updates.kept["ready"] == manifest.version else "available"


async def _take(updates, package, older):
    """Fetch a package into the other slot."""
    charger = updates.charger
    must(charger.obstacle() or ("on_trial" if charger.on_trial() else None))
    forget_ready(updates)
    updates.state = "downloading"
    charger.show(True)

    def show(percent):
        updates.progress = percent
    manifest = await fetch(package, _target(updates, older), updates.root, charger.slot, lambda: must(charger.obstacle()), show,
                           charger.moduli)
    updates.offer = _offer(manifest)
    updates.state = "ready"
    updates.kept["ready"] = manifest.version
    save(updates, ("downloaded", manifest.version, ""))


def _switch(updates):
    """Make the other slot the one that starts, and start it."""
    charger, kept = updates.charger, updates.kept
    must(charger.obstacle())
    version = kept["ready"]
    kept["trying"], kept["ready"] = version, None
    save(updates)                            # first: a roll-back shall find what was tried
    try:
        charger.activate()
    except Exception:
        kept["trying"], kept["ready"] = None, version
        save(updates)
        raise
    updates.state = "restarting"
    charger.restart("update " + version)


def _confirm(updates):
    """The version that was to be tried has proved itself."""
    version, updates.kept["trying"] = updates.kept["trying"], None
    save(updates, ("installed", version, ""))


def settle(updates):
    """After a start: take up the record, and what became of the version that was to be tried."""
    charger = updates.charger
    found = record.read(updates.root)
    kept = updates.kept = {"trying": found.get("trying"), "failed": found.get("failed") or [], "ready": found.get("ready")}
    trying = kept["trying"]
    if trying is not None and trying != charger.version:
        kept["trying"] = None
        if charger.rolled_back:
            kept["failed"] = (kept["failed"] + [trying])[-_FAILED:]
            updates.reason, updates.detail = "rolled_back", trying
            save(updates, ("rolled_back", trying, ""))
        else:
            save(updates)
    if kept["ready"] is not None:
        updates.state, updates.offer = "ready", {"version": kept["ready"], "date": None, "notes": None}
        if not charger.other_is_whole() or kept["ready"] == charger.version:
            forget_ready(updates)


def forget_ready(updates):
    """What was fetched is not there any more."""
    if updates.kept["ready"] is not None:
        updates.kept["ready"] = None
        save(updates)
    if updates.state == "ready":
        updates.state, updates.offer = "idle", None


def save(updates, news=None):
    """Write the record; news: (result, version, detail) for both logs."""
    charger = updates.charger
    lines = record.log(updates.root)
    if news is not None:
        result, version, detail = news
        entry = {"utc_s": charger.utc_s(), "version": version, "result": result, "detail": detail[:80]}
        same = lines and result in _TRANSIENT
        for name in ("version", "result", "detail"):
            same = same and lines[0][name] == entry[name]
        if same:                             # a dead server is one line, not one an hour
            lines[0] = entry
        else:
            lines = ([entry] + lines)[:_LOG]
            charger.note(result, version, detail)
    try:
        record.write(updates.root, dict(updates.kept, log=lines))
    except OSError as error:
        charger.error("updates", error)


def _offer(manifest):
    return {"version": manifest.version, "date": manifest.date, "notes": manifest.notes}
