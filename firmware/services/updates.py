"""Updates: when the server is asked, what may happen by itself, and what became of it. The work is services/ota/, loaded for it.

One thing at a time, and only while no vehicle is plugged in; what a vehicle or a dead server interrupts is gone on with later.
"""

import asyncio

from micropython import const

from firmware.on_demand import OnDemand

STATES = ("off", "idle", "checking", "available", "downloading", "ready", "restarting")
MODES = ("off", "notify", "download", "install")    # what happens by itself, each with what stands before it

_STEP_MS = const(1000)
_DAY_S = const(86400)
_LEAST_S = const(14400)          # between two checks by the clock


class Updates:
    """charger: what the wiring lends (update_desk.UpdateDesk). root: of the flash. to_thread: of services/worker.py.

    What services/ota/work.py goes on with: kept {"trying", "failed", "ready"} (None until the flash was read), state, offer
    {"version", "date", "notes"}, progress, reason, detail, retries, retry_s (until a failure is tried again; None: no failure)."""

    def __init__(self, root, charger, to_thread):
        self.root = root
        self.charger = charger
        self.to_thread = to_thread
        self.url = ""
        self.kept = None
        self.state = "idle"
        self.offer = None
        self.progress = None
        self.reason = None               # code of refusal.REASONS: why it did not go on
        self.detail = ""
        self.retries = 0
        self.retry_s = None
        self._mode = "off"
        self._hour = 0
        self._wanted = None              # (what, older): a press
        self._busy = False               # one thing at a time, an upload too
        self._users = 0                  # of _parts: who forgets them under another has two classes of one name
        self._since_s = 0                # since the newest check by itself
        self._checked = False
        self._spread_min = charger.random(60)
        self._parts = OnDemand(None, (
            "firmware.services.http_client", "firmware.services.ota.refusal", "firmware.services.ota.release_keys",
            "firmware.services.ota.signature", "firmware.services.ota.manifest", "firmware.services.ota.slot_files",
            "firmware.services.ota.install", "firmware.services.ota.package", "firmware.services.ota.record",
            "firmware.services.ota.work"))

    def tasks(self):
        """Rows of the table of tasks."""
        return (("updates", lambda beat: self.run(), False, 0),)

    def apply(self, get):
        """Settings that act at once."""
        if get("update.url") != self.url:
            self._checked, self.retry_s, self.retries = False, None, 0
            if self.state == "available":
                self.state, self.offer = "idle", None
        self.url, self._mode, self._hour = get("update.url"), get("update.mode"), get("update.hour")

    def facts(self):
        """{fact: provider}."""
        return {"update": self.fact}

    def fact(self):
        """What the fact `update` says."""
        state = self.state
        offer = self.offer or {}
        return {"state": "off" if state == "idle" and not self.url else state, "version": offer.get("version"),
                "date": offer.get("date"), "notes": offer.get("notes"), "progress_percent": self.progress,
                "reason": self.reason, "detail": self.detail or None, "trial": self.charger.on_trial()}

    def check(self):
        """By a press: ask the server. None, or the code of why not."""
        return self._want("look", False)

    def install(self, older=False):
        """By a press: fetch where needed, then restart into the new version. older: also one that is older, or failed before."""
        return self._want("install", older)

    def _want(self, what, older):
        if self._busy or self._wanted or self.state == "restarting":
            return "busy"
        if not self.url and not (what == "install" and self.state == "ready"):
            return "no_server"
        if what == "install":
            obstacle = self.charger.obstacle()
            if obstacle:
                return obstacle
        self._wanted = what, older
        return None

    async def run(self):
        """Task: once a second, what is due."""
        while self.kept is None:
            await asyncio.sleep_ms(_STEP_MS)
            if self.charger.may_write():
                self._users += 1
                try:
                    await self._parts.load()
                    self.settle()
                finally:
                    self._leave()
        while True:
            await asyncio.sleep_ms(_STEP_MS)
            await self.step()

    def settle(self):
        """Once after a start: what became of the version that was to be tried."""
        self._users += 1
        try:
            from firmware.services.ota.work import settle
            settle(self)
        finally:
            self._leave()

    async def step(self):
        """Once a second."""
        self._since_s += 1                   # a second is as long as it takes: nothing here needs to be exact
        if self.retry_s is not None and self.retry_s > 0:
            self.retry_s -= 1
        if self._busy:
            return
        charger = self.charger
        if self.kept["trying"] == charger.version and not charger.on_trial() and charger.may_write():
            await self._work("confirm", False)
        elif self._wanted is not None:
            wanted, self._wanted = self._wanted, None
            self.reason, self.detail = None, ""
            await self._work(wanted[0], wanted[1])
        elif self.url and self._mode != "off" and self.state != "restarting":
            await self._by_itself()

    async def _by_itself(self):
        if self._due() or self.retry_s == 0:
            self.retry_s = None
            await self._work("look", False)
            if self.reason is None:
                self.retries = 0
        if self.charger.obstacle() or self.retry_s is not None:
            return
        if self._mode in ("download", "install") and self.state == "available":
            await self._work("fetch", False)
        if self._mode == "install" and self.state == "ready":
            await self._work("switch", False)

    def _due(self):
        minute = self.charger.minute_of_day()
        if minute is None:                   # the clock is unknown: once a day all the same
            due = not self._checked and self._since_s > 60 * (1 + self._spread_min) or self._since_s >= _DAY_S
        else:
            due = (minute - self._hour * 60 - self._spread_min) % 1440 < 60 and (not self._checked or self._since_s > _LEAST_S)
        if due:
            self._checked, self._since_s = True, 0
            self._spread_min = self.charger.random(60)      # another minute each day
            self.retries = 0
        return due

    async def _work(self, what, older):
        self._busy = True
        self._users += 1
        try:
            await self._parts.load()
            from firmware.services.ota.work import perform
            await perform(self, what, older)
        finally:
            self._end()
            self._leave()

    async def upload(self, read, older):
        """A bundle that somebody uploads, by pieces from read(). Raises UpdateError or OSError; afterwards it is "ready"."""
        self._users += 1
        try:
            await self._parts.load()
            from firmware.services.ota.work import must, upload
            must(self.charger.obstacle())
            while self.kept is None:         # the first second after a start
                await asyncio.sleep_ms(_STEP_MS)
            must("busy" if self._busy or self.state == "restarting" else None)
            self._busy = True
            try:
                await upload(self, read, older)
            finally:
                self._end()
        finally:
            self._leave()

    def _end(self):
        self._busy = False
        self.progress = None
        self.charger.show(self.state == "restarting")

    def _leave(self):
        self._users -= 1
        if not self._users:
            self._parts.forget()
