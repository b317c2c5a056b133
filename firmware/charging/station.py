"""The station: the one object of the charger that everyone outside knows. Facts out, commands in.

It turns ceilings, authorisation and availability into the core's request record, and renews that record's heartbeat. It imports
neither access, records, energy nor settings: those call it, or subscribe to it. What it decides stands in modules of their own.
"""

from micropython import const

from firmware.charging import facts as fact_table
from firmware.charging import faults as fault_table
from firmware.charging import orders, plug_in, station_facts
from firmware.charging.caps import lowest
from firmware.charging.ceilings import Ceilings
from firmware.charging.commands import check_arguments
from firmware.charging.flags import Flags
from firmware.charging.notices import Notices
from firmware.charging.phase_switch import PhaseSwitch
from firmware.charging.reading import Reading
from firmware.charging.retries import Retries
from firmware.charging.schedule import SmartCharging
from firmware.charging.simplified import SimplifiedEnd
from firmware.charging.sources import Sources
from firmware.charging.wake import WakePolicy
from firmware.safety import control_pilot as cp
from firmware.safety.io_image import Request
from firmware.safety.limits import OFFER_MIN_MA, TICKS_MASK, elapsed_ms

COMMISSIONING_MS = const(3600000)    # an installer who forgets it: after an hour the charger is as before


class Station:
    """core: SafetyCore. stamp() -> (boot_number, uptime_s, utc_s). show_time(stamp) -> RFC 3339 or None.

    now_ms: the clock's reading now. Read-only for others: reading, ceilings, faults, session, operative, stopped, mode, account,
    phases, failures.
    """

    def __init__(self, core, stamp, show_time, has_phase_switching=False, has_lock=False, now_ms=0):
        self.core = core
        self.request = core.request      # in a showroom: one that nobody reads
        self.stamp = stamp
        self.reading = Reading()
        self.ceilings = Ceilings()
        self.sources = Sources()
        self.faults = fault_table.ActiveFaults(stamp, self._fault_changed)
        self.flags = Flags()
        self.smart = SmartCharging()
        self.retries = Retries()
        self.simplified = SimplifiedEnd()
        self.wake = WakePolicy()
        self.session = None
        self.session_number = 0          # of the last session; the records hand it in at start
        self.was_charging = False
        self.free = True                 # access is off: whoever plugs in may charge
        self.held = False                # records are not ready: nothing is asked for yet
        self.operative = True
        self.operative_by = "settings"   # who said so last; the same of the next two
        self.stopped = False
        self.stopped_by = ""
        self.mode = "immediate"
        self.account = ""
        self.accounts = ()               # names that may be chosen; none: any
        self.phases = core.fitted.phases
        self.phases_by = "settings"
        self.phase_switch = PhaseSwitch()
        self.one_phase_seen = False      # this vehicle draws from one phase
        self.has_phase_switching = has_phase_switching
        self.has_lock = has_lock
        self.authorized = False
        self.authorized_id = ""          # card or token that did it
        self.authorized_ms = 0           # when
        self.reserved_for = ""           # id of the one card that may charge here until the reservation ends
        self.start_delay_ms = 0          # after power returned: nothing is asked for until then
        self.min_current_ma = self.min_current_3p_ma = OFFER_MIN_MA
        self.failsafe_ma = self.failsafe_3p_ma = 0
        self.asymmetry_ma = 0            # most for a vehicle on one or two of three phases; 0 = no such limit
        self.demo = None                 # the show, while this is a showroom
        self.commissioning_ms = 0        # left of it
        self.last_refusal = None         # (code, source, stamp)
        self.closing = False             # a restart is near: nothing begins any more
        self.actions = {}                # what the station cannot do itself: restart, clock
        self.failures = {}               # subscriber -> how often it raised
        self.now_ms = now_ms
        self._show_time = show_time
        self._providers = {}             # fact name -> fn
        self._subscribers = []
        self._notices = Notices(self.faults)
        self._unplugged_seen = 0
        self._overview = None

    # ---- wiring

    def provide(self, name, fn):
        """fn() answers the fact of that name; raises UnknownFact."""
        self._providers[fact_table.check_name(name)] = fn

    def subscribe(self, fn, name=None):
        """fn(event, data) hears "fault", "fault_end", "session_start", "session_end", "charge_start", "overview", "command",
        "service_mode".

        One that raises is counted in `failures` under its name (its number where it gave none); the others hear all the same, and
        the charge goes on.
        """
        self._subscribers.append((fn, name or "subscriber %d" % len(self._subscribers)))

    def on(self, action, fn):
        """Hook what the station cannot do itself: "restart" fn(), "clock" fn(utc_s, source), "teach" fn(mode), "reserve" fn(args,
        source) and "cancel_reservation" fn(args), all three None or a reason, "clear_cache" fn(), "error" fn(who raised,
        exception)."""
        self.actions[action] = fn

    def tell(self, event, data):
        """Let the subscribers hear."""
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
        gap_ms = elapsed_ms(now_ms, before_ms)
        self.start_delay_ms = max(0, self.start_delay_ms - gap_ms)
        self.commissioning_ms = max(0, self.commissioning_ms - gap_ms)
        if self.demo is not None:
            self.demo.tick(gap_ms)
        self._follow_phases()
        self._follow_ceilings(gap_ms)
        self.faults.follow_trips(self.core.trips)
        plug_in.follow(self, now_ms)
        self._follow_notices()
        if self.retries.tick(now_ms, self.core.trips):
            self.order("clear_seq")
        if self.phase_switch.tick(gap_ms, self.core):
            self.order("wake_seq")
        self._renew_request()
        overview = station_facts.overview_state(self)
        if overview != self._overview:
            self._overview = overview
            self.tell("overview", {"overview_state": overview})

    def _follow_ceilings(self, gap_ms):
        self.sources.tick(self.now_ms)
        self.ceilings.failsafe_ma = self.failsafe_3p_ma if self.counted_phases() == 3 else self.failsafe_ma
        self.ceilings.tick(self.now_ms, self.sources.silent())
        if self.ceilings.lapsed():
            self.faults.begin("source_silent")
        else:
            self.faults.end("source_silent")
        capped = self.smart.tick(gap_ms, self.mode == "smart" and self.session is not None)
        if capped is None:
            self.ceilings.disown("smart")
        else:
            self.ceilings.own("smart", capped[0], capped[1])

    def _follow_phases(self):
        """A vehicle that draws from one or two of three phases may have a limit of its own (asymmetric load)."""
        used = self.reading.phases_used
        if used and self.session is not None:
            self.one_phase_seen = used == 1
        limited = self.asymmetry_ma and self.phases == 3
        if limited and used in (1, 2):
            self.ceilings.own("asymmetry", self.asymmetry_ma)
        elif not limited or used == 3 or self.session is None:      # a meter that falls silent does not take it away
            self.ceilings.disown("asymmetry")

    def _follow_notices(self):
        if self.core.unplugged_in_charge != self._unplugged_seen:
            self._unplugged_seen = self.core.unplugged_in_charge
            self.notice("unplugged_in_charge")
            self.refuse("unplugged_in_charge", "vehicle")
        self._notices.tick(self.now_ms)

    def _renew_request(self):
        request = self.request
        allowed = (self.operative and self.is_authorized() and not self.stopped and not self.held and not self.closing
                   and self.start_delay_ms == 0)
        request.available = 1 if allowed else 0
        request.offered_ma = self.offer_ma()
        request.phases = self.phases
        if self.session is not None and self.wake.tick(self.now_ms, allowed and request.offered_ma > 0):
            self.order("wake_seq")
        request.seq = (request.seq + 1) & TICKS_MASK

    def order(self, counter):
        """Increment one of the request's counters: an order to the core."""
        setattr(self.request, counter, (getattr(self.request, counter) + 1) & TICKS_MASK)

    def limit(self):
        """(limit_ma, source): the lowest ceiling, and what the core caps by itself (cable, temperature, simplified pilot)."""
        limit_ma, source = self.ceilings.lowest()
        return lowest(self.core, limit_ma, source)

    def counted_phases(self):
        """1 or 3: a vehicle that draws from one phase of three counts as one."""
        return 1 if self.phases == 1 or self.one_phase_seen else 3

    def floor_ma(self):
        """Least current that is worth charging with; below it the session pauses."""
        return self.min_current_3p_ma if self.counted_phases() == 3 else self.min_current_ma

    def offer_ma(self):
        """What is asked for: the lowest ceiling; 0 where less than the floor would be left of it: then the session pauses."""
        return self.ceilings.lowest()[0] if self.limit()[0] >= self.floor_ma() else 0

    # ---- what others do with it, beside commands

    def notice(self, name):
        """A fault that is over at once, shown for a minute."""
        self._notices.add(name, self.now_ms)

    def refuse(self, code, source):
        """Somebody was refused: kept as the last refusal."""
        self.last_refusal = (code, source, self.stamp())

    def stop(self, by):
        """No more power in this plug-in until somebody says start. Without a vehicle there is nothing to stop but the word that let
        the next one charge."""
        if self.session is None and not self.vehicle_plugged():
            plug_in.forget_authorization(self)
        else:
            self.stopped, self.stopped_by = True, by

    def withdraw(self, by):
        """The word that let this plug-in charge is taken back: power ends in order. Once power has flowed only the same id may come
        again, so that nobody pays for another's energy."""
        self.stop(by)
        self.authorized = False
        if self.session is not None and not self.session.charging_ms:
            self.authorized_id = self.session.id = ""

    def close_down(self):
        """A restart is near: power is taken away in order and no session begins any more."""
        self.closing = True

    def end_session(self, reason):
        """End the session while the vehicle is still plugged: before a restart. Only after close_down()."""
        plug_in.end(self, reason)

    def logged_in(self):
        """Somebody logged in: a showroom ends with it."""
        if self.demo is not None:
            self.set_service_mode("normal")

    def service_mode(self):
        """normal, commissioning or demo."""
        return "demo" if self.demo is not None else "commissioning" if self.commissioning_ms else "normal"

    def set_service_mode(self, mode):
        """One of the three, now. In a showroom the station loses the core's request: nothing here can ask for power then."""
        before, real = self.service_mode(), self.core.request
        if mode == "demo":
            from firmware.charging.demo import Demo  # few chargers ever stand in a showroom: no heap for the others
            real.available = real.offered_ma = 0
            self.demo, self.request = Demo(), Request()
        else:
            self.demo, self.request = None, real
        self.commissioning_ms = COMMISSIONING_MS if mode == "commissioning" else 0
        self.tell("service_mode", {"mode": mode, "before": before})

    # ---- what it knows

    def vehicle_plugged(self):
        """A vehicle is there, or was and nothing says that it went."""
        state = self.core.pilot.state
        return cp.B <= state <= cp.D or self.session is not None and state != cp.A

    def vehicle_gone(self):
        """The pilot says that none is there; False also while it says nothing yet."""
        return self.core.pilot.state == cp.A

    def is_authorized(self):
        """This plug-in may charge."""
        return self.authorized or self.commissioning_ms > 0 or self.free and not self.reserved_for

    def fact(self, name):
        """One fact; raises UnknownFact."""
        return self.facts()[fact_table.check_name(name)]

    def facts(self, personal=True):
        """All facts of the table, ready for JSON. What nobody knows is null; so is what tells persons apart, unless asked for."""
        found = station_facts.facts(self, self._providers, self._show_time)
        return found if personal else station_facts.without_persons(found)

    def glance(self):
        """(overview, pilot, contactor): what a live page shows at once when it changes. Cheap, beside all the facts."""
        return station_facts.overview_state(self), self.core.pilot.state, station_facts.contactor(self.core)

    def _fault_changed(self, row, began):
        self.tell("fault" if began else "fault_end", {"code": row[0], "name": row[1], "kind": row[fault_table.KIND]})

    # ---- commands

    def command(self, name, args, source):
        """Do a command of the table for `source` (page, mqtt, ...): {"result": "accepted"} or {"result": "refused", "reason"}.

        Raises CommandError when it cannot be understood.
        """
        check_arguments(name, args)
        answer = orders.do(self, name, args, source)
        if answer["result"] != "accepted":
            self.refuse(answer["reason"], source)
        self.tell("command", {"command": name, "source": source, "answer": answer})
        return answer
