"""Keeps what happens: follows the station and writes sessions, events and life totals when the flash may be touched.

Flash writes stall the whole VM, so they wait for an open contactor. The exceptions are one small inline file a minute while power
flows, and nothing else. A session's start record is written before the contactor may close: until then the station is held.
"""

import asyncio
import os

from micropython import const

from firmware.records.event_log import EventLog
from firmware.records.life_totals import LifeTotals
from firmware.records.session_log import SessionLog
from firmware.records.stamp import Stamper

_STEP_MS = const(1000)
_TICKS_MASK = const(0x3FFFFFFF)
_HOLD_S = const(10)            # longest wait for the meter's first answer after a start
_QUIET = ("set_ceiling", "clock")   # commands that come every few seconds: not logged


class Keeper:
    """prefix: the data folder with a slash. clock: ticks_ms(), utc_s(), rfc3339(utc_s). failing: the flash refuses."""

    def __init__(self, prefix, clock, start):
        self._clock = clock
        self._ticks_ms = clock.ticks_ms()
        self._uptime_ms = 0
        self.failing = False
        self.last_error = None
        self._station = None
        self._contactor_open = None
        self._pending = None           # a plug-in whose start record is not written yet
        try:
            os.mkdir(prefix[:-1])
        except OSError:
            self.failing = False       # it is there already; a flash that refuses shows with the first write
        self.stamper = Stamper(prefix)
        self.events = EventLog(prefix + "events")
        self.sessions = SessionLog(prefix)
        self.life = LifeTotals(prefix)
        self._try(self._open)
        self.note("boot", {"cause": start})

    def _open(self):
        self.life.load()
        self.sessions.start(self.life.last_session)
        self.stamper.start()
        self.life.catch_up(self.sessions)
        if self._clock.utc_s():
            self.clock_was_set()

    def _try(self, work, *args):
        """Run what touches the flash; a refusal is a fact, not an exception that travels. Returns None then."""
        try:
            value = work(*args)
        except OSError as error:
            self.failing = True
            self.last_error = "%s: %s" % (type(error).__name__, error)
            return None
        self.failing = False
        return value

    # ---- time

    def stamp(self):
        """(boot_number, uptime_s, utc_s) of now; utc_s 0 while the clock is unknown."""
        now_ms = self._clock.ticks_ms()
        self._uptime_ms += (now_ms - self._ticks_ms) & _TICKS_MASK
        self._ticks_ms = now_ms
        return self.stamper.at(self._uptime_ms // 1000)

    def show_time(self, stamp):
        """RFC 3339 of a stamp, completed where the clock was set later in this boot; None when unknown."""
        utc_s = stamp[2]
        if not utc_s and stamp[0] == self.stamper.boot:
            utc_s = self.stamper.at(stamp[1])[2]
        return self._clock.rfc3339(utc_s)

    def clock_was_set(self):
        """The wall clock was set or corrected."""
        uptime_s = self.stamp()[1]
        self.stamper.set_utc(self._clock.utc_s(), uptime_s)

    # ---- what happens

    def follow(self, station, contactor_open):
        """Subscribe to the station. contactor_open() tells whether the flash may be touched."""
        self._station = station
        self._contactor_open = contactor_open
        station.session_number = self.sessions.last_number()
        station.subscribe(self._hear)
        if self.sessions.unfinished is not None:
            station.held = True

    def note(self, event, data):
        """Write an event of the firmware itself: boot, task_died."""
        if event == "boot":
            self.events.add(self.stamp(), "boot", data["cause"])
        else:
            self.events.add(self.stamp(), "warning", event, None, str(data.get("task", "")))

    def _hear(self, event, data):
        stamp = self.stamp()
        if event in ("fault", "fault_end"):
            self.events.add(stamp, event, data["name"], data["code"])
        elif event == "command" and data["command"] not in _QUIET:
            self.events.add(stamp, "info", data["command"], None, data["source"])
        elif event == "session_start":
            self._pending = data["session"]
            self._station.held = True
            self._begin_when_known(stamp)
        elif event == "charge_start":
            self.life.count_cycle()
        elif event == "session_end":
            self._end(data["session"], stamp)

    def _register_wh(self):
        reading = self._station.reading
        return reading.energy_wh if reading.source == "meter" else None

    def _begin_when_known(self, stamp):
        """Write the start record as soon as the register is known, or will not be."""
        if self._station.reading.source is None and self._uptime_ms < _HOLD_S * 1000:
            return
        if self.sessions.unfinished is not None:
            self._close_unfinished()
        if self._pending is not None:
            session, self._pending = self._pending, None
            number = self._try(self.sessions.begin, stamp, self._register_wh(), session.id, self._station.phases)
            if number is not None:
                session.number = number
        self._station.held = False

    def _close_unfinished(self):
        finished = self._try(self.sessions.close_unfinished, self._register_wh())
        if finished:
            self.life.add_session(finished)
            self.events.add(self.stamp(), "session", "power_cut", finished["number"])

    def _end(self, session, stamp):
        if self._pending is session:
            self._begin_when_known(stamp)
            self._pending = None
        if self.sessions.current is None:
            return
        finished = self._try(self.sessions.end, stamp, session.energy_wh(), session.charging_ms // 1000,
                             session.end_reason, self._register_wh())
        if finished:
            self.life.add_session(finished)

    # ---- the task

    async def run(self, beat):
        """Task: once a second, what waits and may be written now."""
        while True:
            self.step()
            beat()
            await asyncio.sleep_ms(_STEP_MS)

    def step(self):
        """Once a second."""
        stamp = self.stamp()
        if self._pending is not None or self.sessions.unfinished is not None:
            self._begin_when_known(stamp)
        session = self._station.session
        if session is not None and self.sessions.current is not None and not self._contactor_open():
            self._try(self.sessions.progress, stamp, session.energy_wh(), session.charging_ms // 1000)
        if self._contactor_open():
            self.flush()

    def flush(self):
        """Write everything that waits; only with the contactor open."""
        self._try(self._flush)

    def _flush(self):
        self.sessions.flush()
        self.life.flush(True)
        self.events.flush(True)
        self.stamper.flush(True)
