"""The station: the one object of the charger that everyone outside knows. Facts out, commands in.

It turns ceilings, authorisation and availability into the core's request record, and renews that record's heartbeat. It imports
neither access, records, energy nor settings: those call it, or subscribe to it.
"""

from firmware.charging import facts as fact_table
from firmware.charging import faults as fault_table
from firmware.charging import orders, station_facts
from firmware.charging.caps import lowest
from firmware.charging.ceilings import Ceilings
from firmware.charging.commands import check_arguments
from firmware.charging.notices import Notices
from firmware.charging.retries import Retries
from firmware.charging.session import Session
from firmware.charging.simplified import SimplifiedEnd
from firmware.charging.wake import WakePolicy
from firmware.safety import control_pilot as cp
from firmware.safety import core as phases
from firmware.safety.limits import OFFER_MIN_MA, TICKS_MASK, elapsed_ms


class Reading:
    """What the energy side last knew: it writes the values, the station reads them. None = not known."""

    def __init__(self):
        self.source = None             # "meter", "estimate" or None
        self.voltage_mv = (None, None, None)
        self.current_ma = (None, None, None)
        self.power_w = None
        self.power_phases_w = self.energy_phases_wh = (None, None, None)
        self.energy_wh = None          # register
        self.counted_mwh = 0           # energy since start, from the register or reckoned; never falls
        self.phases_used = None
        self.readings = 0              # counts what the meter itself said; the estimate does not count
        self.asked_ms = 0              # when the latest of them was asked for


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
        self.has_phase_switching = has_phase_switching
        self.has_lock = has_lock
        self.authorized = False
        self.authorized_id = ""          # card or token that did it
        self.resumes = False             # the authorisation is that of the charge which a power cut interrupted
        self.actions = {}                # what the station cannot do itself: restart, clock
        self.retries = Retries()
        self.start_delay_ms = 0          # after power returned: nothing is asked for until then
        self.min_current_3p_ma = OFFER_MIN_MA
        self.asymmetry_ma = 0            # most for a vehicle on one or two of three phases; 0 = no such limit
        self._simplified = SimplifiedEnd()
        self._wake = WakePolicy()
        self._stamp = stamp
        self._show_time = show_time
        self._providers = {}             # fact name -> fn
        self._subscribers = []
        self._unplugged_seen = 0
        self._notices = Notices(self.faults)
        self._was_charging = False
        self._overview = None
        self.now_ms = now_ms
        self.closing = False            # a restart is near: nothing begins any more
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
        self.actions[action] = fn

    def _tell(self, event, data):
        for fn, name in self._subscribers:
            try:
                fn(event, data)
            except Exception as error:       # a listener's trouble must not end the charge: this runs in a critical task
                self.failures[name] = self.failures.get(name, 0) + 1
                if "error" in self.actions:
                    self.actions["error"](name, error)

    # ---- every 100 ms

    def tick(self, now_ms):
        """Follow the core, reckon the ceilings, renew the request."""
        before_ms, self.now_ms = self.now_ms, now_ms
        gone_ms = elapsed_ms(now_ms, before_ms)
        self.start_delay_ms = max(0, self.start_delay_ms - gone_ms)
        self.ceilings.tick(now_ms)
        self._follow_phases()
        self.faults.follow_trips(self.core.trips)
        self._follow_session(now_ms)
        self._follow_notices(now_ms)
        if self.retries.tick(now_ms, self.core.trips):
            self._order("clear_seq")
        self._renew_request(now_ms)
        overview = station_facts.overview_state(self)
        if overview != self._overview:
            self._overview = overview
            self._tell("overview", {"overview_state": overview})

    def resume(self, token):
        """The charge that a power cut interrupted may go on, if its vehicle is still plugged."""
        self.authorized, self.authorized_id, self.resumes = True, token, True

    def _forget_authorization(self):
        self.authorized, self.authorized_id, self.resumes = False, "", False

    def _follow_session(self, now_ms):
        vehicle = self.vehicle_plugged()
        if self.resumes and self.session is None and self.core.pilot.state == cp.A:
            self._forget_authorization()         # the vehicle went while the power was off
        charging = self.core.phase == phases.CLOSED
        if vehicle and self.session is None and not self.closing:
            self.session_number += 1
            self.session = Session(self.session_number, now_ms, self._stamp(), self.reading.counted_mwh)
            self.session.account = self.account
            self.session.id = self.authorized_id
            self._tell("session_start", {"session": self.session})
        if self.session is None:
            return
        self.session.tick(now_ms, self.reading.counted_mwh, charging)
        drawn_ma, estimated = _highest(self.reading.current_ma), self.reading.source != "meter"
        if self.core.simplified and self._simplified.tick(now_ms, charging, drawn_ma, estimated):
            self.stopped = True          # a vehicle without S2 cannot say that it is full
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
            self._forget_authorization()
            self.stopped = False
            self._was_charging = False
            self.retries.new_session()
            self._wake.new_session()
            self._tell("session_end", {"session": ended})

    def close_down(self):
        """A restart is near: power is taken away in order and no session begins any more."""
        self.closing = True

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
        if self.closing:
            return "restart"
        if not self.operative:
            return "inoperative"
        if self.stopped:
            return "stop"
        if self.core.phases != self.phases:
            return "phases"
        return "limit" if self._offer_ma() == 0 else "ev"

    def _follow_notices(self, now_ms):
        if self.core.unplugged_in_charge != self._unplugged_seen:
            self._unplugged_seen = self.core.unplugged_in_charge
            self.notice("unplugged_in_charge")
        self._notices.tick(now_ms)

    def notice(self, name):
        """A fault that is over at once, shown for a minute."""
        self._notices.add(name, self.now_ms)

    def _follow_phases(self):
        """A vehicle that draws from one or two of three phases may have a limit of its own (asymmetric load)."""
        used = self.reading.phases_used
        if self.asymmetry_ma and self.phases == 3 and used in (1, 2):
            self.ceilings.own("asymmetry", self.asymmetry_ma)
        elif used != 0 or self.session is None:
            self.ceilings.disown("asymmetry")

    def _renew_request(self, now_ms):
        request = self.core.request
        allowed = (self.operative and self.is_authorized() and not self.stopped and not self.held and not self.closing
                   and self.start_delay_ms == 0)
        request.available = 1 if allowed else 0
        request.offered_ma = self._offer_ma()
        request.phases = self.phases
        if self.session is not None and self._wake.tick(now_ms, allowed and request.offered_ma > 0):
            self._order("wake_seq")
        request.seq = (request.seq + 1) & TICKS_MASK

    def _order(self, counter):
        """Increment one of the request's counters: an order to the core."""
        setattr(self.core.request, counter, (getattr(self.core.request, counter) + 1) & TICKS_MASK)

    def limit(self):
        """(limit_ma, source): the lowest ceiling, and what the core caps by itself (cable, temperature, simplified pilot)."""
        limit_ma, source = self.ceilings.lowest()
        return lowest(self.core, limit_ma, source)

    def _offer_ma(self):
        """What is asked for: the lowest ceiling; 0 where less than the floor would be left of it: then the session pauses."""
        floor_ma = self.min_current_3p_ma if self.phases == 3 else self.min_current_ma
        return self.ceilings.lowest()[0] if self.limit()[0] >= floor_ma else 0

    # ---- what it knows

    def vehicle_plugged(self):
        """A vehicle is there, or was and nothing says that it went."""
        state = self.core.pilot.state
        return cp.B <= state <= cp.D or self.session is not None and state != cp.A

    def is_authorized(self):
        """This plug-in may charge."""
        return self.free or self.authorized

    def fact(self, name):
        """One fact; raises UnknownFact."""
        return self.facts()[fact_table.check_name(name)]

    def facts(self, personal=True):
        """All facts of the table, ready for JSON. What nobody knows is null; so is what tells persons apart, unless asked for."""
        found = station_facts.facts(self, self._providers, self._show_time)
        return found if personal else station_facts.without_persons(found)

    def _fault_changed(self, row, began):
        self._tell("fault" if began else "fault_end", {"code": row[0], "name": row[1], "kind": row[fault_table.KIND]})

    # ---- commands

    def command(self, name, args, source):
        """Do a command of the table for `source` (page, mqtt, ...): {"result": "accepted"} or {"result": "refused", "reason"}.

        Raises CommandError when it cannot be understood.
        """
        check_arguments(name, args)
        answer = orders.DO[name](self, args)
        self._tell("command", {"command": name, "source": source, "answer": answer})
        return answer


def _highest(values):
    known = [value for value in values if value is not None]
    return max(known) if known else None
