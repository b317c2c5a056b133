"""Keeps what happens: follows the station and writes sessions, events and life totals when the flash may be touched.

Flash writes stall the whole VM, so they wait for an open contactor. The exceptions while power flows: each minute the session's
small inline file, and one more small write of what must not wait for the end of a long charge. A session's start record is written
before the contactor may close: until then the station is held.
"""

import asyncio
import os

from micropython import const

from firmware.on_demand import forget
from firmware.records import boot_log
from firmware.records.curve import Curve
from firmware.records.debug import Debug
from firmware.records.event_log import EventLog
from firmware.records.life_totals import LifeTotals
from firmware.records.session_log import SessionLog
from firmware.records.stamp import Stamper

_STEP_MS = const(1000)
_TICKS_MASK = const(0x3FFFFFFF)
_HOLD_S = const(10)            # longest wait for the meter's first answer after a start
_LONGEST_WAIT_S = const(60)
_QUIET = ("set_ceiling", "clock")   # commands that come every few seconds: not logged


# how a start came about -> why a session that was running before it has ended
END_REASONS = {"watchdog": "watchdog", "crash": "crash", "restart": "restart", "soft": "restart"}


class Keeper:
    """prefix: the data folder with a slash. clock: ticks_ms(), utc_s(), rfc3339(utc_s). failing: the flash refuses. alive(): told
    while it reads long at the start."""

    def __init__(self, prefix, clock, start, detail="", alive=None):
        self._prefix = prefix
        self._clock = clock
        self._ticks_ms = clock.ticks_ms()
        self._uptime_ms = 0
        self.failing = False
        self._also = []                # what others want written with an open contactor
        self._waiting_s = 0            # how long that has waited under load
        self._turn = 0                 # whose turn it is then
        self._events_were_last = False
        self._refused = 0              # how often the flash refused
        self._end_reason = END_REASONS.get(start, "power_cut")
        self.last_error = None
        self.new_cost = lambda: None   # of a session: an object with add(mwh, uptime_s, utc_s) and cents(), or None
        self.about = lambda uid: ("", "", "")    # what a session's record tells beside: user, station, connector_type
        self._cost = None
        self._priced_mwh = 0
        self._station = None
        self._contactor_open = None
        self._pending = None           # a plug-in whose start record is not written yet
        try:
            os.mkdir(prefix[:-1])
        except OSError:
            self.failing = False       # it is there already; a flash that refuses shows with the first write
        self.stamper = Stamper(prefix)
        self.events = EventLog(prefix + "events")
        self.debug = Debug(self.events)
        self.sessions = SessionLog(prefix)
        self.life = LifeTotals(prefix)
        self.curve = Curve(self._keep_curve)
        self._try(self.life.load)
        self._try(self.sessions.start, self.life.last_session)
        self._try(self.stamper.start, self._try(self.events.last_boot) or 0)     # the counter's own file may be damaged
        self._try(self.life.catch_up, self.sessions, alive)
        if clock.utc_s():
            self._try(self.clock_was_set)
        self.note("boot", {"cause": start, "detail": detail})

    def _try(self, work, *args):
        """Run what touches the flash; whatever it raises is a fact, not an exception that travels. Returns None then.

        Only what was written (the work says so by its value) shows that the flash takes it again.
        """
        try:
            value = work(*args)
        except Exception as error:         # also what a damaged record makes of the decoder: no car shall wait for it
            self.failing = True
            self._refused += 1
            self.last_error = "%s: %s" % (type(error).__name__, error)
            return None
        if value:
            self.failing = False
        return value

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

    def life_energy_wh(self):
        """Charged since the charger was new, what runs now included. None while the session that a power cut ended still waits
        for the meter."""
        return self._life(self.life.energy_wh, lambda session: session.energy_wh())

    def life_charging_s(self):
        """Likewise, seconds with the contactor closed."""
        return self._life(self.life.charging_s, lambda session: session.charging_ms // 1000)

    def _life(self, finished, running):
        session = self._station.session
        return None if self.sessions.unfinished is not None else finished + (0 if session is None else running(session))

    # ---- what happens

    def follow(self, station, contactor_open):
        """Subscribe to the station. contactor_open() tells whether the flash may be touched."""
        self._station = station
        self._contactor_open = contactor_open
        station.session_number = max(self._try(self.sessions.last_number) or 0, self.life.last_session)
        station.subscribe(self._hear, "records")
        if self.sessions.unfinished is not None:
            station.held = True

    def take_boot_log(self, path):
        """Bring what boot.py noted into the event log; returns the kinds of its entries. Only with the contactor open."""
        kinds = self._try(boot_log.take, path, self._note_boot)
        self.flush()
        return kinds or []

    def _note_boot(self, kind, number, reason):
        self.events.add(self.stamp(), "boot", kind[:40], number, reason[:96])

    def also_flush(self, save):
        """save() writes something else that waited for an open contactor; True when it wrote. It may raise OSError.
        In a long charge it is called with the contactor closed too: it must be a small file."""
        self._also.append(save)

    def note(self, event, data):
        """Write an event of the firmware itself: boot {"cause", "detail"}, task_died {"task", "reason"}."""
        if event == "boot":
            self.events.add(self.stamp(), "boot", data["cause"], None, data["detail"])
        else:
            self.events.add(self.stamp(), "warning", event, None, "%s: %s" % (data["task"], data["reason"]))

    def _hear(self, event, data):
        stamp = self.stamp()
        self.debug.note(stamp, event, str(data.get("command") or data.get("mode") or data.get("overview_state") or ""))
        if event in ("fault", "fault_end"):
            self.events.add(stamp, event, data["name"], data["code"], data["kind"])
        elif event == "command" and data["command"] not in _QUIET:
            self.events.add(stamp, "info", data["command"], None, data["source"])
            self._keep_word()
        elif event == "session_start":
            self._pending = data["session"]
            self.curve.begin(data["session"].number)
            self._cost, self._priced_mwh = self.new_cost(), 0
            self._station.held = True
            self._begin_when_known()
        elif event == "charge_start":
            self.life.count_cycle()
        elif event == "session_end":
            self._end(data["session"], stamp)
            self.curve.end(data["session"].number)

    def _price(self, session, stamp):
        """What the session costs so far."""
        if self._cost is not None:
            charged_mwh = session.energy_mwh()
            self._cost.add(charged_mwh - self._priced_mwh, stamp[1], stamp[2])
            self._priced_mwh = charged_mwh
            session.cost_cents = self._cost.cents()

    def _register_wh(self):
        reading = self._station.reading
        if reading.source != "meter" or reading.energy_wh is None:
            return None
        return reading.energy_wh - reading.ahead_wh

    def _begin_when_known(self):
        """Write the start record as soon as the register is known, or will not be."""
        if self._station.reading.source is None and self._uptime_ms < _HOLD_S * 1000:
            return
        self._station.held = False         # whatever the flash says below
        if self.sessions.unfinished is not None:
            self._close_unfinished()
        if self._pending is not None:
            session, self._pending = self._pending, None
            user, station, connector_type = self.about(session.id)
            self._try(self.sessions.begin, session.start, self._register_wh(), session.id, self._station.phases, station, "1",
                      connector_type, user)
            if self.sessions.current is not None:    # it runs, also where the flash did not take it
                session.number = self._station.session_number = self.sessions.current["number"]

    def _keep_word(self):
        """Who authorised the session, and that it was stopped, outlive a power cut: after it nobody else's charge goes on."""
        session, record = self._station.session, self.sessions.current
        if session is None or record is None or not self._contactor_open():
            return
        said = "stop" if self._station.stopped else ""
        if record["uid"] != session.id or record["end_reason"] != said or record["account"] != session.account:
            self._try(lambda: self.sessions.note(True, uid=session.id, end_reason=said, account=session.account,
                                                 user=self.about(session.id)[0]))

    def interrupted_id(self):
        """Who authorised the charge that a power cut interrupted; "" where there is none that may go on: nobody had authorised it,
        or somebody had stopped it."""
        interrupted = self.sessions.unfinished
        return "" if interrupted is None or interrupted["end_reason"] else interrupted["uid"]

    def _first_rate(self, energy_wh):
        """Cents for energy whose times a power cut took away; None without a tariff."""
        cost = self.new_cost()
        if cost is None:
            return None
        cost.add(energy_wh * 1000, 0, 0)
        return cost.cents()

    def _close_unfinished(self):
        session = self.sessions.unfinished
        self._try(self.sessions.close_unfinished, self._register_wh(), self._end_reason, self._first_rate)
        if self.sessions.unfinished is None:         # finished, though its record may still wait for the flash
            self.life.add_session(session)
            self.events.add(self.stamp(), "session", session["end_reason"], session["number"])
        self.sessions.unfinished = None              # one that cannot be read is not tried again

    def _end(self, session, stamp):
        if self._pending is session:
            self._begin_when_known()
        if self._pending is session:                 # gone before the meter answered: no power has flowed
            self._pending = None
            self._station.held = self.sessions.unfinished is not None
        record = self.sessions.current
        if record is None:
            return
        self._price(session, stamp)
        record["uid"], record["account"] = session.id, session.account     # may have come after the plug
        record["user"], record["station"], record["connector_type"] = self.about(session.id)
        record["estimated"] = record["estimated"] or self._station.reading.estimated
        self._try(self.sessions.end, stamp, session.energy_wh(), session.charging_ms // 1000, session.end_reason,
                  self._register_wh(), session.cost_cents)
        if self.sessions.current is None:            # ended, though its record may still wait for the flash
            self.life.add_session(record)

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
            self._begin_when_known()
        self._keep_word()
        self.debug.look(stamp, self._station.glance)
        session = self._station.session
        if session is not None:
            self._price(session, stamp)
            if self._station.reading.power_w is not None:
                self.curve.add(session.duration_ms // 1000, self._station.reading.power_w)
        if session is not None and self.sessions.current is not None and not self._contactor_open():
            if self._station.reading.phases_used:
                self.sessions.current["phases"] = self._station.reading.phases_used
            self._try(self.sessions.progress, stamp, session.energy_wh(), session.charging_ms // 1000,
                      self._station.reading.unread_wh)
        self._waiting_s += 1
        if self._contactor_open():
            self.flush()
            self._waiting_s = 0
        elif self._waiting_s >= _LONGEST_WAIT_S:      # a night's charge is too long to wait: once a minute is allowed
            self._waiting_s = 0
            self._write_one()

    def _keep_curve(self, *curve):
        try:
            from firmware.records import curve_log
            curve_log.append(self._prefix, *curve)
        finally:
            forget(("firmware.records.curve_log",))

    def flush(self):
        """Write everything that waits; only with the contactor open."""
        refused = self._refused
        self._try(self._flush_sessions)
        for save in self._also:
            self._try(save)                # each by itself: one that fails is not in the others' way
        for part in (self.events, self.stamper, self.curve):
            self._try(part.flush, True)
        if self._refused != refused:
            self.failing = True            # whatever the others could write

    def _flush_sessions(self):
        """The totals only after the session's record: else a power cut between them would count it twice."""
        written = self.sessions.flush()
        return self.life.flush() or written

    def _write_one(self):
        """Power flows: one write, or one try. Events that press every other time, else whose turn it is."""
        if self.events.urgent and not self._events_were_last:
            self._events_were_last = True
            self._try(self.events.flush, False, True)
            return
        self._events_were_last = False
        refused = self._refused
        for _ in self._also:
            save = self._also[self._turn]
            self._turn = (self._turn + 1) % len(self._also)
            if self._try(save) or self._refused != refused:
                return
        if self.events.urgent:
            self._try(self.events.flush, False, True)
