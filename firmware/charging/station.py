"""The station: the one object of the charger that everyone outside knows. Facts out, commands in.

It turns ceilings, authorisation and availability into the core's request record, and renews that record's heartbeat. It imports
neither access, records, energy nor settings: those call it, or subscribe to it.
"""

from micropython import const

from firmware.charging import facts as fact_table
from firmware.charging import faults as fault_table
from firmware.charging import station_facts
from firmware.charging.ceilings import Ceilings
from firmware.charging.commands import check_arguments
from firmware.charging.session import Session
from firmware.safety import control_pilot as cp
from firmware.safety import core as phases
from firmware.safety.limits import OFFER_MIN_MA, TICKS_MASK, elapsed_ms

_NOTICE_MS = const(60000)       # a passing fault (unplugged in charge, loop late) stays visible for so long

ACCEPTED = {"result": "accepted"}


def refused(reason):
    """The answer to a command that is understood but not done."""
    return {"result": "refused", "reason": reason}


class Reading:
    """What the energy side last knew: it writes the values, the station reads them. None = not known."""

    def __init__(self):
        self.source = None             # "meter", "estimate" or None
        self.voltage_mv = (None, None, None)
        self.current_ma = (None, None, None)
        self.power_w = None
        self.energy_wh = None          # register
        self.counted_mwh = 0           # energy since start, from the register or reckoned; never falls
        self.phases_used = None


class Station:
    """core: SafetyCore. stamp() -> (boot_number, uptime_s, utc_s). show_time(stamp) -> RFC 3339 or None.

    now_ms: the clock's reading now. Read-only for others: reading, ceilings, faults, session, operative, stopped, mode, account,
    phases, failures.
    """

    def __init__(self, core, stamp, show_time, has_phase_switching=False, has_lock=False, now_ms=0):
        self.core = core
        self.reading = Reading()
        self.ceilings = Ceilings()
        self.faults = fault_table.ActiveFaults(stamp, self._fault_changed)
        self.session = None
        self.session_number = 0          # of the last session; the records hand it in at start
        self.free = True                 # access is off: whoever plugs in may charge
        self.min_current_ma = OFFER_MIN_MA
        self.held = False                # records are not ready: nothing is asked for yet
        self.operative = True
        self.stopped = False
        self.mode = "immediate"
        self.account = ""
        self.phases = core.fitted.phases
        self._stamp = stamp
        self._show_time = show_time
        self._has_phase_switching = has_phase_switching
        self._has_lock = has_lock
        self._authorized = False
        self._providers = {}             # fact name -> fn
        self._subscribers = []
        self._actions = {}               # what the station cannot do itself: restart, clock
        self._unplugged_seen = 0
        self._notices = {}               # fault name -> when it began
        self._was_charging = False
        self._overview = None
        self._now_ms = now_ms
        self._closing = False            # a restart is near: nothing begins any more
        self.failures = {}               # subscriber -> how often it raised

    # ---- wiring

    def provide(self, name, fn):
        """fn() answers the fact of that name; raises UnknownFact."""
        self._providers[fact_table.check_name(name)] = fn

    def subscribe(self, fn, name=None):
        """fn(event, data) hears "fault", "fault_end", "session_start", "session_end", "charge_start", "overview", "command".

        One that raises is counted in `failures` under its name (its number where it gave none); the others hear all the same, and
        the charge goes on.
        """
        self._subscribers.append((fn, name or "subscriber %d" % len(self._subscribers)))

    def on(self, action, fn):
        """Hook what the station cannot do itself: "restart" fn(), "clock" fn(utc_s), "error" fn(subscriber's name, exception)."""
        self._actions[action] = fn

    def _tell(self, event, data):
        for fn, name in self._subscribers:
            try:
                fn(event, data)
            except Exception as error:       # a listener's trouble must not end the charge: this runs in a critical task
                self.failures[name] = self.failures.get(name, 0) + 1
                if "error" in self._actions:
                    self._actions["error"](name, error)

    # ---- every 100 ms

    def tick(self, now_ms):
        """Follow the core, reckon the ceilings, renew the request."""
        self._now_ms = now_ms
        self.ceilings.tick(now_ms)
        self.faults.follow_trips(self.core.trips)
        self._follow_session(now_ms)
        self._follow_notices(now_ms)
        self._renew_request()
        overview = station_facts.overview_state(self)
        if overview != self._overview:
            self._overview = overview
            self._tell("overview", {"overview_state": overview})

    def _follow_session(self, now_ms):
        vehicle = self.vehicle_plugged()
        charging = self.core.phase == phases.CLOSED
        if vehicle and self.session is None and not self._closing:
            self.session_number += 1
            self.session = Session(self.session_number, now_ms, self._stamp(), self.reading.counted_mwh)
            self.session.account = self.account
            self._tell("session_start", {"session": self.session})
        if self.session is None:
            return
        self.session.tick(now_ms, self.reading.counted_mwh, charging)
        if charging and not self._was_charging:
            self.session.end_reason = None
            self._tell("charge_start", {"session": self.session})
        elif self._was_charging and not charging:
            self.session.end_reason = self._why_ended()
        self._was_charging = charging
        if not vehicle:
            if self.session.end_reason is None:
                self.session.end_reason = "unplugged"
            ended, self.session = self.session, None
            self._authorized = False
            self.stopped = False
            self._was_charging = False
            self._tell("session_end", {"session": ended})

    def close_down(self):
        """A restart is near: power is taken away in order and no session begins any more."""
        self._closing = True

    def end_session(self, reason):
        """End the session while the vehicle is still plugged: before a restart. Only after close_down()."""
        if self.session is not None:
            ended, self.session = self.session, None
            ended.end_reason = reason
            self._was_charging = False
            self._tell("session_end", {"session": ended})

    def _why_ended(self):
        if self.core.trips:
            return "fault"
        if self.core.pilot.state == cp.A:
            return "unplugged"
        if self._closing:
            return "restart"
        if not self.operative:
            return "inoperative"
        if self.stopped:
            return "stop"
        return "limit" if self._limit_ma() == 0 else "ev"

    def _follow_notices(self, now_ms):
        if self.core.unplugged_in_charge != self._unplugged_seen:
            self._unplugged_seen = self.core.unplugged_in_charge
            self.notice("unplugged_in_charge")
        for name in list(self._notices):
            if elapsed_ms(now_ms, self._notices[name]) > _NOTICE_MS:
                del self._notices[name]
                self.faults.end(name)

    def notice(self, name):
        """A fault that is over at once, shown for a minute."""
        self._notices[name] = self._now_ms
        self.faults.begin(name)

    def _renew_request(self):
        request = self.core.request
        limit_ma = self._limit_ma()
        wanted = (self.operative and self.is_authorized() and not self.stopped and not self.held and not self._closing
                  and limit_ma > 0)
        request.available = 1 if wanted else 0
        request.offered_ma = limit_ma
        request.phases = self.phases
        request.seq = (request.seq + 1) & TICKS_MASK

    def _limit_ma(self):
        """The lowest ceiling; 0 where it is below the least current: then the session pauses."""
        limit_ma = self.ceilings.lowest()[0]
        return limit_ma if limit_ma >= self.min_current_ma else 0

    # ---- what it knows

    def vehicle_plugged(self):
        """A vehicle is there, or was and nothing says that it went."""
        state = self.core.pilot.state
        return cp.B <= state <= cp.D or self.session is not None and state != cp.A

    def is_authorized(self):
        """This plug-in may charge."""
        return self.free or self._authorized

    def fact(self, name):
        """One fact; raises UnknownFact."""
        return self.facts()[fact_table.check_name(name)]

    def facts(self):
        """All facts of the table, ready for JSON. What nobody knows is null."""
        return station_facts.facts(self, self._providers, self._show_time)

    def _fault_changed(self, row, began):
        self._tell("fault" if began else "fault_end", {"code": row[0], "name": row[1]})

    # ---- commands

    def command(self, name, args, source):
        """Do a command of the table for `source` (page, mqtt, ...): {"result": "accepted"} or {"result": "refused", "reason"}.

        Raises CommandError when it cannot be understood.
        """
        check_arguments(name, args)
        answer = _DO[name](self, args)
        self._tell("command", {"command": name, "source": source, "answer": answer})
        return answer

    def _set_ceiling(self, args):
        if self.ceilings.is_own(args["source"]):
            return refused("not_allowed")
        timeout_ms = (args.get("timeout_s") or 0) * 1000
        if self.ceilings.set(args["source"], args["limit_ma"], self._now_ms, args.get("failsafe_ma"), timeout_ms):
            return ACCEPTED
        return refused("too_many")

    def _clear_ceiling(self, args):
        if self.ceilings.is_own(args["source"]):
            return refused("not_allowed")
        return ACCEPTED if self.ceilings.clear(args["source"]) else refused("unknown_ceiling")

    def _authorize(self, args):
        if not self.operative:
            return refused("inoperative")
        self._authorized = True
        if self.session is not None:
            self.session.id = args.get("id") or ""
        return ACCEPTED

    def _start(self, _args):
        if not self.operative:
            return refused("inoperative")
        if not self.is_authorized():
            return refused("not_authorized")
        if self.core.trips:
            return refused("fault")
        self.stopped = False
        return ACCEPTED

    def _stop(self, _args):
        self.stopped = True
        return ACCEPTED

    def _unlock(self, _args):
        if not self._has_lock:
            return refused("no_lock")
        self.stopped = True
        self.core.request.unlock_seq = (self.core.request.unlock_seq + 1) & TICKS_MASK
        return ACCEPTED

    def _clear(self, _args):
        if not self.core.trips:
            return refused("nothing_to_clear")
        if self.faults.worst() == fault_table.LATCHED:
            return refused("not_clearable")
        self.core.request.clear_seq = (self.core.request.clear_seq + 1) & TICKS_MASK
        return ACCEPTED

    def _availability(self, args):
        self.operative = args["operative"]
        return ACCEPTED

    def _set_mode(self, args):
        self.mode = args["mode"]
        return ACCEPTED

    def _set_account(self, args):
        self.account = args["account"]
        if self.session is not None:
            self.session.account = self.account
        return ACCEPTED

    def _set_phases(self, args):
        if args["phases"] != self.phases and (not self._has_phase_switching or args["phases"] > self.core.fitted.phases):
            return refused("no_phase_switching")
        self.phases = args["phases"]
        return ACCEPTED

    def _restart(self, _args):
        self._actions["restart"]()
        return ACCEPTED

    def _clock(self, args):
        self._actions["clock"](args["utc_s"])
        return ACCEPTED


_DO = {
    "set_ceiling": Station._set_ceiling, "clear_ceiling": Station._clear_ceiling, "authorize": Station._authorize,
    "start": Station._start, "stop": Station._stop, "unlock": Station._unlock, "clear": Station._clear,
    "availability": Station._availability, "mode": Station._set_mode, "account": Station._set_account,
    "phases": Station._set_phases, "restart": Station._restart, "clock": Station._clock,
}
