"""Publication of charging records: when they are due, what has been sent, and what becomes of a failure.

Due at 00:01 local time each day, each Monday or on the first of each month. What was sent is not sent again; what fails is tried
again each hour, 168 times, then dropped and logged. The senders are loaded for each use.
"""

import asyncio
import json

from micropython import const

from firmware.dates import date_from_utc
from firmware.services.http_failure import HttpFailure
from firmware.services.publication.destination import must_wait, sender, target_from_settings
from firmware.storage.atomic_file import AtomicFile

PUBLICATION_KIND = const(43)
METHODS = ("off", "http", "ftp", "smtp")

_STEP_MS = const(10000)
_STEP_S = const(10)
RETRY_S = const(3600)
TRIES = const(168)
_DAY_S = const(86400)
_BREATH = const(16)          # lines between two turns of the others


class Publisher:
    """charger: what the wiring lends: sessions() -> dicts, oldest first; csv(sessions) -> bytes, a line at a time; utc_s(), zone(),
    name(), address() in the network, may_write() (no power flows), note(code, detail) (no persons, servers or
    names: report and diagnostics have the event log in them), error(where, error). to_thread: of services/worker.py."""

    def __init__(self, path, charger, to_thread):
        self._file = AtomicFile(path, PUBLICATION_KIND)
        self._charger = charger
        self._to_thread = to_thread
        self._kept = None            # {"sent": number, "slot": period, "waiting": bool, "tries": n}
        self._dirty = False
        self._settings = None
        self._method = "off"
        self._period = "month"
        self._retry_s = 0            # until the next try
        self._testing = False
        self._busy = False
        self._attempts = 0
        self.result = None           # of the newest try: None, "sent", "nothing_new", "dropped", or a code of HttpFailure
        self.detail = ""

    def tasks(self):
        """Rows of the table of tasks."""
        return (("publication", lambda beat: self.run(), False, 0),)

    def apply(self, get):
        """Settings that act at once."""
        self._method, self._period = get("publication.method"), get("publication.every")
        self._settings = get

    def facts(self):
        """{fact: provider}."""
        return {"publication": self.fact}

    def fact(self):
        """{"state": off, idle, waiting or sending; "result", "detail" of the newest try; "attempts" since the start, by which one
        tells a new result; "tries" that failed in a row; "sent": number of the newest session that was sent}"""
        kept = self._kept or {}
        state = "sending" if self._busy else "off" if self._method == "off" else "waiting" if kept.get("waiting") else "idle"
        return {"state": state, "result": self.result, "detail": self.detail or None, "attempts": self._attempts,
                "tries": kept.get("tries", 0), "sent": kept.get("sent", 0)}

    def test(self):
        """By a press: send a file with no session in it, and try again what waits. None, or the code of why not."""
        if self._method == "off":
            return "off"
        if self._busy or self._testing:
            return "busy"
        if must_wait(self._settings, "publication.", self._charger):
            return "charging"
        self._testing = True
        return None

    async def run(self):
        """Task."""
        while True:
            for _ in range(_STEP_S):
                await asyncio.sleep_ms(_STEP_MS // _STEP_S)
                if self._testing:
                    break
            await self.step()

    async def step(self):
        """Every ten seconds, and soon after a press."""
        if self._kept is None:
            self._load()
        self._retry_s = max(0, self._retry_s - _STEP_S)
        if self._method != "off":
            self._see_the_time()
            if self._testing:
                await self._test()
            if self._kept["waiting"] and self._retry_s == 0 and not must_wait(self._settings, "publication.", self._charger):
                await self._publish()
        self._testing = False
        self._save()

    def _see_the_time(self):
        utc_s = self._charger.utc_s()
        if not utc_s:
            return
        slot = slot_of(self._period, utc_s + self._charger.zone().offset_s(utc_s))
        before = self._kept["slot"]
        if slot == before:
            return
        # A period that was never seen begins now, and a clock set back makes none due.
        if before is not None and before[0] == slot[0] and slot[1] > before[1] and not self._kept["waiting"]:
            self._change(waiting=True, tries=0)
            self._retry_s = 0
        self._change(slot=slot)

    async def _test(self):
        self._testing = False          # first: what kills the task shall not kill it again at each restart
        try:
            await self._send("mode3-test.csv", 0, 0)
            self._tell("sent", "mode3-test.csv")
            self._retry_s = 0
        except HttpFailure as failure:
            self._tell(failure.code, failure.detail)
        except OSError as error:
            self._charger.error("publication", error)
            self._tell("flash", str(error))

    def _tell(self, result, detail):
        self.result, self.detail = result, detail
        self._attempts += 1

    async def _publish(self):
        last = 0
        try:
            first, last = await self._new()
            if last:
                name = "%s-%d-%d.csv" % (_safe(self._charger.name()), first, last)
                await self._send(name, self._kept["sent"], last)
                self._charger.note("published", "%d-%d" % (first, last))
                self._tell("sent", name)
                self._change(sent=last)
            else:
                self._tell("nothing_new", "")
            self._change(waiting=False, tries=0)
        except HttpFailure as failure:
            self._failed(failure.code, failure.detail, last)
        except OSError as error:
            self._charger.error("publication", error)
            self._failed("flash", str(error), 0)

    def _failed(self, code, detail, last):
        self._tell(code, detail)
        self._change(tries=self._kept["tries"] + 1)
        self._retry_s = RETRY_S
        if self._kept["tries"] >= TRIES:
            self._change(waiting=False, tries=0, sent=max(last, self._kept["sent"]))
            self.result = "dropped"
            self._charger.note("publication_dropped", code)

    async def _new(self):
        """(first, last) number of the sessions that were not sent yet; (0, 0): none."""
        first = last = count = 0
        for session in self._charger.sessions():
            if session["number"] > self._kept["sent"]:
                first, last = first or session["number"], session["number"]
            count += 1
            if count % _BREATH == 0:
                await asyncio.sleep_ms(0)
        return first, last

    async def _send(self, name, after, until):
        """Send the sessions with a number above `after` and not above `until`; read twice, as its length is said first."""
        self._busy = True
        try:
            length = count = 0
            for line in self._lines(after, until):
                length += len(line)
                count += 1
                if count % _BREATH == 0:
                    await asyncio.sleep_ms(0)
            target = target_from_settings(self._settings, "publication.", self._charger)
            await sender(self._method)(target, name, length, self._lines(after, until), self._to_thread)
        finally:
            self._busy = False

    def _lines(self, after, until):
        return self._charger.csv(self._chosen(after, until))

    def _chosen(self, after, until):
        for session in self._charger.sessions() if until else ():
            if after < session["number"] <= until:
                yield session

    def _load(self):
        self._kept = {"sent": 0, "slot": None, "waiting": False, "tries": 0}
        try:
            payload = self._file.read()[0]
            if payload is not None:
                self._kept.update(json.loads(payload.decode()))
        except (OSError, ValueError) as error:
            self._charger.error("publication", error)

    def _change(self, **values):
        self._kept.update(values)
        self._dirty = True

    def _save(self):
        if not self._dirty or not self._charger.may_write():
            return
        try:
            self._file.write(json.dumps(self._kept).encode())
            self._dirty = False
        except OSError as error:
            self._charger.error("publication", error)


def slot_of(period, local_s):
    """[period, its number]: counts the days, weeks or months up to a local time. They change at 00:01."""
    day = (local_s - 60) // _DAY_S
    if period == "day":
        return [period, day]
    if period == "week":
        return [period, (day + 3) // 7]          # 1970-01-01 was a Thursday
    year, month = date_from_utc(local_s - 60)[:2]
    return [period, year * 12 + month]


def _safe(name):
    """A name that every file system takes."""
    plain = [char if char < "\x7f" and (char.isalpha() or char.isdigit() or char in "-_") else "-" for char in name]
    return "".join(plain) or "mode3"
