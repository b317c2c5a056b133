"""Updates: when the server is asked, what may happen by itself, and what became of it. The work is in services/ota/, loaded for it.

One thing at a time, and only while no vehicle is plugged in; what a vehicle or a dead server interrupts is gone on with later.
"""

import asyncio
import json

from micropython import const

from firmware.on_demand import forget
from firmware.storage.atomic_file import AtomicFile

UPDATE_KIND = const(40)
STATES = ("off", "idle", "checking", "available", "downloading", "ready", "restarting")
MODES = ("off", "notify", "download", "install")    # what happens by itself, each with what stands before it

_STEP_MS = const(1000)
_DAY_S = const(86400)
_LEAST_S = const(14400)          # between two checks by the clock
_FIRST_RETRY_S = const(300)
_LONGEST_RETRY_S = const(3600)
_RETRIES = const(8)              # then not before the next day
_TRANSIENT = ("no_connection", "no_answer", "http_status", "bad_answer", "redirects", "wrong_length", "wrong_hash", "flash_failed",
              "interrupted")
_LOG = const(16)
_FAILED = const(4)


class Updates:
    """charger: what the wiring lends (update_desk.UpdateDesk). root: of the flash. to_thread: of services/worker.py."""

    def __init__(self, root, charger, to_thread):
        self._root = root
        self._charger = charger
        self._to_thread = to_thread
        self._file = AtomicFile(root + "data/update", UPDATE_KIND)
        self._kept = None                # {"trying", "failed", "ready", "log"}; read when the task starts
        self._url = ""
        self._mode = "off"
        self._hour = 0
        self._state = "idle"
        self._offer = None               # {"version", "date", "notes"} of what the server has, or the other slot holds
        self._progress = None
        self._reason = None              # code of refusal.REASONS: why it did not go on
        self._detail = ""
        self._wanted = None              # ("check",) or ("install", older): a press
        self._busy = False               # one thing at a time, an upload too
        self._since_s = 0                # since the newest check by itself
        self._checked = False
        self._retries = 0
        self._retry_s = None             # until something that went wrong is tried again
        self._spread_min = charger.random(60)

    # ---- the service

    def tasks(self):
        """Rows of the table of tasks."""
        return (("updates", lambda beat: self.run(), False, 0),)

    def apply(self, get):
        """Settings that act at once."""
        if get("update.url") != self._url:
            self._checked, self._retry_s, self._retries = False, None, 0
            if self._state == "available":
                self._state, self._offer = "idle", None
        self._url, self._mode, self._hour = get("update.url"), get("update.mode"), get("update.hour")

    def facts(self):
        """{fact: provider}."""
        return {"update": self.fact}

    def fact(self):
        """What the fact `update` says."""
        state = self._state
        offer = self._offer or {}
        return {"state": "off" if state == "idle" and not self._url else state, "version": offer.get("version"),
                "date": offer.get("date"), "notes": offer.get("notes"), "progress_percent": self._progress,
                "reason": self._reason, "detail": self._detail or None, "trial": self._charger.on_trial()}

    def log(self):
        """What was done, newest first: [{"utc_s", "version", "result", "detail"}]; result "installed" or a code of REASONS."""
        return [] if self._kept is None else self._kept["log"]

    def check(self):
        """By a press: ask the server. None, or the code of why not."""
        return self._want(("check",))

    def install(self, older=False):
        """By a press: fetch where needed, then restart into the new version. older: also one that is older, or failed before."""
        return self._want(("install", older))

    def _want(self, wanted):
        if self._busy or self._wanted or self._state == "restarting":
            return "busy"
        if not self._url and not (wanted[0] == "install" and self._state == "ready"):
            return "no_server"
        if wanted[0] == "install":
            obstacle = self._charger.obstacle()
            if obstacle:
                return obstacle
        self._wanted = wanted
        return None

    # ---- the task

    async def run(self):
        """Task: once a second, what is due."""
        while self._kept is None:
            await asyncio.sleep_ms(_STEP_MS)
            if self._charger.may_write():
                self._settle()
        while True:
            await asyncio.sleep_ms(_STEP_MS)
            await self.step()

    async def step(self):
        """Once a second."""
        self._since_s += 1                   # a second is as long as it takes: nothing here needs to be exact
        if self._retry_s is not None and self._retry_s > 0:
            self._retry_s -= 1
        if self._busy:
            return
        if self._kept["trying"] == self._charger.version and not self._charger.on_trial() and self._charger.may_write():
            self._note("installed", self._charger.version, "")
            self._kept["trying"] = None
            self._save()
        if self._wanted is not None:
            wanted, self._wanted = self._wanted, None
            self._reason, self._detail = None, ""
            if wanted[0] == "check":
                await self._guarded(self._look(False))
            else:
                await self._guarded(self._install(wanted[1]))
            return
        await self._by_itself()

    async def _by_itself(self):
        if not self._url or self._mode == "off" or self._state == "restarting":
            return
        if self._due() or self._retry_s == 0:
            self._retry_s = None
            await self._guarded(self._look(False))
            if self._reason is None:
                self._retries = 0
        if self._charger.obstacle() or self._retry_s is not None:
            return
        if self._mode in ("download", "install") and self._state == "available":
            await self._guarded(self._fetch(False))
        if self._mode == "install" and self._state == "ready":
            await self._guarded(self._switch())

    def _due(self):
        minute = self._charger.minute_of_day()
        if minute is None:                   # the clock is unknown: once a day all the same
            due = not self._checked and self._since_s > 60 * (1 + self._spread_min) or self._since_s >= _DAY_S
        else:
            due = (minute - self._hour * 60 - self._spread_min) % 1440 < 60 and (not self._checked or self._since_s > _LEAST_S)
        if due:
            self._checked, self._since_s = True, 0
            self._spread_min = self._charger.random(60)      # another minute each day
            self._retries = 0
        return due

    async def _guarded(self, work):
        """Run one of the works below: busy meanwhile, and whatever stops it is a reason."""
        self._busy = True
        before = self._state
        try:
            await work
            self._reason, self._detail = None, ""
            self._retry_s = None
        except Exception as error:
            self._state = self._rest(before)
            self._failed(error)
        finally:
            self._busy = False
            self._progress = None
            self._charger.show(False)
            _forget()

    def _rest(self, before):
        """The state after something that failed."""
        return "ready" if self._kept["ready"] else "idle" if before == "ready" else before

    def _failed(self, error):
        code, self._detail = getattr(error, "code", None), getattr(error, "detail", "")
        if code is None:
            code = "flash_failed" if isinstance(error, OSError) else "interrupted"
            code = "no_space" if getattr(error, "errno", 0) == 28 else code
            self._detail = "%s: %s" % (type(error).__name__, error)
        self._reason = code
        if code == "not_newer":
            self._reason, self._detail = None, ""
            self._state, self._offer = "idle", None
            return
        if code == "vehicle":                # it goes on when that is over
            return
        self._retry_s = _DAY_S
        if code in _TRANSIENT and self._retries < _RETRIES:
            self._retry_s = min(_FIRST_RETRY_S << self._retries, _LONGEST_RETRY_S) + self._charger.random(60)
            self._retries += 1
        if self._charger.may_write():
            self._note(code, (self._offer or {}).get("version") or "", self._detail)
            self._save()

    # ---- what is done

    def _target(self, older):
        from firmware.services.ota.package import Target
        charger = self._charger
        return Target(charger.version, charger.family, charger.boot, self._kept["failed"], older)

    def _server(self):
        from firmware.services.ota.package import Server
        return Server(self._url, self._to_thread, self._charger.ticks_ms)

    async def _look(self, older):
        """Ask the server what it has."""
        from firmware.services.ota.package import look
        before = self._state
        self._state = "checking"
        manifest = await look(self._server(), self._target(older), self._charger.moduli)
        ready = self._kept["ready"]
        self._offer = _offer(manifest)
        self._state = "ready" if before == "ready" and ready == manifest.version else "available"

    async def _fetch(self, older):
        """Fetch it into the other slot."""
        await self._take(self._server(), older)

    async def _take(self, package, older):
        from firmware.services.ota.package import fetch
        self._must(self._charger.obstacle())
        self._must("on_trial" if self._charger.on_trial() else None)
        self._forget_ready()
        self._state = "downloading"
        self._charger.show(True)
        manifest = await fetch(package, self._target(older), self._root, self._charger.slot, self._allowed, self._show_progress,
                               self._charger.moduli)
        self._offer = _offer(manifest)
        self._state = "ready"
        self._kept["ready"] = manifest.version
        self._note("downloaded", manifest.version, "")
        self._save()

    async def _install(self, older):
        if self._state != "ready":
            await self._fetch(older)
        await self._switch()

    async def _switch(self):
        """Make the other slot the one that starts, and start it."""
        self._must(self._charger.obstacle())
        version = self._kept["ready"]
        self._kept["trying"], self._kept["ready"] = version, None
        self._save()
        try:
            self._charger.activate()
        except Exception:
            self._kept["trying"], self._kept["ready"] = None, version
            self._save()
            raise
        self._state = "restarting"
        self._charger.show(True)
        self._charger.restart("update " + version)

    async def upload(self, read, older):
        """A bundle that somebody uploads, by pieces from read(). Raises UpdateError or OSError; afterwards it is "ready"."""
        from firmware.services.ota.package import Bundle
        self._allowed()
        while self._kept is None:            # the first second after a start
            await asyncio.sleep_ms(_STEP_MS)
        self._must("busy" if self._busy or self._state == "restarting" else None)
        self._busy = True
        before = self._state
        try:
            await self._take(Bundle(read), older)
            self._reason, self._detail = None, ""
        except Exception as error:
            self._state = self._rest(before)
            self._failed(error)
            self._retry_s = None
            raise
        finally:
            self._busy = False
            self._progress = None
            self._charger.show(False)
            _forget()

    def _must(self, obstacle):
        if obstacle:
            from firmware.services.ota.refusal import UpdateError
            raise UpdateError(obstacle)

    def _allowed(self):
        self._must(self._charger.obstacle())

    def _show_progress(self, percent):
        self._progress = percent

    # ---- what is kept

    def _settle(self):
        """After a start: what became of the version that was to be tried."""
        payload = self._file.read()[0]
        kept = {}
        if payload:
            try:
                kept = json.loads(payload)
            except ValueError:
                kept = {}
        self._kept = {"trying": kept.get("trying"), "failed": kept.get("failed") or [], "ready": kept.get("ready"),
                      "log": kept.get("log") or []}
        trying = self._kept["trying"]
        if trying is not None and trying != self._charger.version:
            if self._charger.rolled_back:
                self._note("rolled_back", trying, "")
                self._kept["failed"] = (self._kept["failed"] + [trying])[-_FAILED:]
                self._reason, self._detail = "rolled_back", trying
            self._kept["trying"] = None
            self._save()
        if self._kept["ready"] is not None:
            self._state, self._offer = "ready", {"version": self._kept["ready"], "date": None, "notes": None}
            if not self._charger.other_is_whole() or self._kept["ready"] == self._charger.version:
                self._forget_ready()

    def _forget_ready(self):
        if self._kept["ready"] is not None:
            self._kept["ready"] = None
            self._save()
        if self._state == "ready":
            self._state, self._offer = "idle", None

    def _note(self, result, version, detail):
        entry = {"utc_s": self._charger.utc_s(), "version": version, "result": result, "detail": detail[:80]}
        log = self._kept["log"]
        if log and result not in ("installed", "downloaded", "rolled_back"):    # a dead server is one line, not one an hour
            newest = dict(log[0], utc_s=entry["utc_s"])
            if newest == entry:
                log[0] = entry
                return
        self._kept["log"] = ([entry] + log)[:_LOG]
        self._charger.note(result, version, detail)

    def _save(self):
        try:
            self._file.write(json.dumps(self._kept).encode())
        except OSError as error:
            self._charger.error("updates", error)


def _forget():
    forget(("firmware.services.ota.package", "firmware.services.ota.install", "firmware.services.ota.slot_files",
            "firmware.services.ota.manifest", "firmware.services.ota.signature", "firmware.services.ota.refusal",
            "firmware.services.ota.release_keys", "firmware.services.http_client"))


def _offer(manifest):
    return {"version": manifest.version, "date": manifest.date, "notes": manifest.notes}
