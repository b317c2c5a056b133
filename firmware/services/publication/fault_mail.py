"""Faults by mail, to one address, where that is wanted. What comes while a mail waits goes with it."""

import asyncio

from micropython import const

from firmware.services.http_failure import HttpFailure
from firmware.services.publication.destination import must_wait, sender, target_from_settings

_STEP_MS = const(2000)
_STEP_S = const(2)
_COLLECT_S = const(6)                       # faults that come together go together
_WAITS_S = (60, 300, 900, 3600, 14400)      # after each try that failed; then it is given up
_MOST = const(16)                           # lines of one mail; more are counted


class FaultMail:
    """charger: stamp() of now, when(stamp) -> text for people, utc_s(), name(), note(code, detail), may_write(): no power flows."""

    def __init__(self, charger, to_thread):
        self._charger = charger
        self._to_thread = to_thread
        self._on = False
        self._settings = None
        self._lines = []                    # (stamp, text)
        self._more = 0
        self._tries = 0
        self._wait_s = 0
        self._attempts = 0
        self.result = None                  # None, "sent", "given_up", or a code of HttpFailure
        self.detail = ""

    def tasks(self):
        """Rows of the table of tasks."""
        return (("fault mail", lambda beat: self.run(), False, 0),)

    def apply(self, get):
        """Settings that act at once."""
        self._on, self._settings = get("fault_mail.on"), get
        if not self._on:
            self._forget()

    def facts(self):
        """{fact: provider}."""
        return {"fault_mail": self.fact}

    def fact(self):
        """{"state": off, idle or waiting; "result", "detail" of the newest try; "attempts" since the start; "waiting": lines}"""
        return {"state": "off" if not self._on else "waiting" if self._lines else "idle", "result": self.result,
                "detail": self.detail or None, "attempts": self._attempts, "waiting": len(self._lines) + self._more}

    def hear(self, event, data):
        """Of the station, in its own turn: a fault began or ended. When that was is put into words only once it is sent."""
        if self._on and event in ("fault", "fault_end"):
            edge = "began" if event == "fault" else "ended"
            self._add("%s  %d %s" % (edge, data["code"], data["name"]))

    def test(self):
        """By a press: one mail that says so. None, or the code of why not."""
        if not self._on:
            return "off"
        if must_wait(self._settings, "fault_mail.", self._charger):
            return "charging"
        self._add("test")
        self._wait_s = self._tries = 0
        return None

    def _add(self, text):
        if not self._lines:
            self._wait_s, self._tries = _COLLECT_S, 0
        if len(self._lines) < _MOST:
            self._lines.append((self._charger.stamp(), text))
        else:
            self._more += 1

    def _forget(self):
        self._lines, self._more, self._tries = [], 0, 0

    async def run(self):
        """Task."""
        while True:
            await asyncio.sleep_ms(_STEP_MS)
            await self.step()

    async def step(self):
        """Every two seconds."""
        self._wait_s = max(0, self._wait_s - _STEP_S)
        if not self._lines or self._wait_s or must_wait(self._settings, "fault_mail.", self._charger):
            return
        waiting, more = self._lines[:], self._more
        lines = []
        for stamp, line in waiting:
            lines.append(self._charger.when(stamp) + "  " + line + "\n")
            await asyncio.sleep_ms(0)           # others run between two lines
        text = "".join(lines) + ("… and %d more\n" % more if more else "")
        try:
            await sender("smtp")(target_from_settings(self._settings, "fault_mail.", self._charger), None, 0, (), self._to_thread,
                                 "%s: %s" % (self._charger.name(), waiting[0][1]), text, self._charger.utc_s())
        except HttpFailure as failure:
            self._attempts += 1
            self.result, self.detail = failure.code, failure.detail
            if self._tries == len(_WAITS_S):
                self.result = "given_up"
                self._charger.note("fault_mail_given_up", failure.code)
                self._forget()
                return
            self._wait_s = _WAITS_S[self._tries]
            self._tries += 1
            return
        self._attempts += 1
        self.result, self.detail = "sent", ""
        self._lines, self._more, self._tries = self._lines[len(waiting):], max(0, self._more - more), 0
