"""What the search keeps of a core: one byte a field, and the way back into the live objects.

- A countdown is kept as 0 or running: the core only ever asks whether one is over.
- Trips are kept by class: bits that the core treats alike are one (CLASSES).
- What is written before it is read again is kept as a fixed value (SETTLED), so that it does not multiply the states.
- The offer is kept as "none" or "some": the core compares it with what is permitted and with nothing else.
That nothing was lost by it is checked by concrete runs (validate.py), not taken for granted.
"""
from firmware.safety import control_pilot as cp
from firmware.safety import limits, trips
from firmware.safety.core import CLOSING, OFFERING, OPENING, SELFTEST, STOPPING, WAKING, SafetyCore
from firmware.safety.io_image import Fitted

RUNNING_MS = 1 << 20       # a countdown that shall not end in this step: longer than any gap
OFFER_MA = 16000           # stands for "some offer"
PLAIN = trips.ALL & ~(trips.PILOT_F | trips.GRACEFUL)

CLASSES = (                # mask of the class, the bit that stands for it
    (trips.RCD_AC, trips.RCD_AC),
    (trips.RDC_DD, trips.RDC_DD),
    (trips.WELDED, trips.WELDED),
    (PLAIN, trips.GUARD),
    (trips.GRACEFUL & ~trips.SELF_CLEARING, trips.SUPPLY),
    (trips.SELF_CLEARING, trips.TEMPERATURE),
)

FIELDS = (                 # name, where it lives, kind
    ("phase", "core.phase", "int"),
    ("trips", "core.trips", "trips"),
    ("causes", "core.causes", "trips"),
    ("phases", "core.phases", "int"),
    ("self_tested", "core.self_tested", "int"),
    ("simplified", "core.simplified", "int"),
    ("last_state", "core._last_state", "int"),
    ("wake_armed", "core._wake_armed", "int"),
    ("retest", "core._retest", "int"),
    ("alive", "core._alive_left_ms", "time"),
    ("phase_left", "core._phase_left_ms", "time"),
    ("reclose", "core._reclose_left_ms", "time"),
    ("switch", "core._switch_left_ms", "time"),
    ("wake_left", "core._wake_left_ms", "time"),
    ("state", "pilot.state", "int"),
    ("raw", "pilot.raw", "int"),
    ("raw_bursts", "pilot.raw_bursts", "int"),
    ("fresh", "pilot.fresh", "int"),
    ("low_good", "pilot.low_good", "int"),
    ("low_bad", "pilot.low_bad", "int"),
    ("enter", "pilot.enter_left_ms", "time"),
    ("stale", "pilot.stale_left_ms", "time"),
    ("undefined", "pilot.undefined_left_ms", "time"),
    ("pwm_on", "driver.pwm_on", "int"),
    ("offer", "driver.offered_ma", "offer"),
    ("settle", "driver.settle_left_ms", "time"),
    ("pause", "driver.pause_left_ms", "time"),
    ("offer_left", "driver.offer_left_ms", "time"),
    ("fault_left", "driver.fault_left_ms", "time"),
    ("rating", "cable.rating_a", "from_minus_2"),
    ("pp_raw", "cable._raw_a", "from_minus_2"),
    ("pp_same", "cable._same", "int"),
    ("socket", "cable._socket", "int"),
    ("ordered_open", "lock.ordered_open", "int"),
    ("lock_left", "lock.left_ms", "time"),
    ("left_1", "contactors.left_1_ms", "time"),
    ("left_2", "contactors.left_2_ms", "time"),
    ("stage", "monitor._stage", "int"),
    ("test_left", "monitor.left_ms", "time"),
    ("quiet", "monitor.quiet_left_ms", "time"),
    ("coil_1", "outputs.coil_1", "int"),
    ("coil_2", "outputs.coil_2", "int"),
    ("rcd_test", "outputs.rcd_test", "int"),
    ("lock_wanted", "outputs.lock_wanted", "int"),
    ("driven", "outputs.pilot_high_ns", "driven"),
    # inputs that a later stage of the same tick reads again
    ("late", "core._tick_ms", "int"),
    ("in_lock", "inputs.lock_closed", "from_minus_2"),
    ("in_pe", "inputs.pe_ok", "from_minus_2"),
    ("in_1", "inputs.feedback_1", "from_minus_2"),
    ("in_2", "inputs.feedback_2", "from_minus_2"),
    ("in_rcd", "inputs.rcd_tripped", "from_minus_2"),
    ("in_rdc", "inputs.rdc_dd_tripped", "from_minus_2"),
    ("warm", "temperature.level", "int"),
)
INDEX = {row[0]: place for place, row in enumerate(FIELDS)}
NAME_OF_PLACE = {row[1]: row[0] for row in FIELDS}

# Attributes of the core and its parts that are not kept, and why that loses nothing.
NOT_KEPT = {
    "core": {"fitted": "fixed", "inputs": "chosen anew", "request": "chosen anew", "outputs": "part", "pilot": "part",
             "driver": "part", "cable": "part", "lock": "part", "contactors": "part", "monitor": "part",
             "current": "its answer is chosen", "supply": "its answer is chosen", "temperature": "its answer is chosen",
             "offered_ma": "same as the driver's after each tick", "unplugged_in_charge": "only counts, read by others",
             "_started": "1 after the first tick", "_seq": "equal to the request's after each tick",
             "_clear_seq": "equal to the request's", "_selftest_seq": "equal to the request's",
             "_wake_seq": "equal to the request's", "_unlock_seq": "equal to the request's"},
    "pilot": {"_burst": "equal to the input's after each tick"},
    "driver": {}, "cable": {}, "lock": {"_fitted": "fixed"}, "contactors": {"_two": "fixed"}, "monitor": {},
    "outputs": {"coil_watchdog": "toggles, read by nobody", "cp_disconnect": "follows from the phase in each tick"},
}

# Between two ticks, in this order: field -> expression over the live objects; what it names is not read before it is written.
SETTLED = {
    "causes": "0", "fresh": "0", "late": "0", "in_lock": "1", "in_pe": "1", "in_1": "1", "in_2": "1", "in_rcd": "1",
    "in_rdc": "1", "warm": "0",
    "alive": "1",           # each tick begins with a request alive or dead, as the search chooses: more than can happen
    "settle": "driver.settle_left_ms > 0 and driver.pwm_on",                        # set when PWM goes on, asked while it is
    "switch": "core._switch_left_ms > 0 and core.fitted.contactors == 2",           # else the phases cannot change
    "offer_left": "driver.offer_left_ms > 0 and driver.offered_ma > 0",             # a first offer sets it
    "phase_left": "core._phase_left_ms > 0 and core.phase in TIMED_PHASES",         # set on entering these
    # set when raw changes
    "enter": "pilot.enter_left_ms > 0 and pilot.raw != pilot.state and pilot.raw in (C, D) and pilot.state not in (C, D)",
    "raw_bursts": "2 if pilot.raw == pilot.state or pilot.raw == UNDEFINED else pilot.raw_bursts",  # set when raw changes
    # begins anew in the next tick when the raw value explains itself
    "undefined": "pilot.undefined_left_ms > 0 or pilot.raw != UNDEFINED and (pilot.raw != F or outputs.pilot_high_ns == 0)"
                 " and (pilot.raw == pilot.state or pilot.raw_bursts >= ENOUGH)",
    "stage": "monitor._stage if core.phase == SELFTEST else 0",                     # begin() when the phase is entered
    "test_left": "monitor.left_ms > 0 and core.phase == SELFTEST",
}

# Before the last stage: inputs that step() does not ask for in this phase. A test turns them over there and sees no difference.
JUDGED = {
    "causes": "0", "fresh": "0", "late": "0",
    "in_pe": "inputs.pe_ok + 2 if core.phase == OFFERING else 3",
    "in_rcd": "inputs.rcd_tripped + 2 if core.phase == SELFTEST else 2",
    "in_rdc": "inputs.rdc_dd_tripped + 2 if core.phase == SELFTEST else 2",
    "in_1": "inputs.feedback_1 + 2 if core.phase in FEEDBACK_PHASES or core.fitted.lock else 2",
    "in_2": "inputs.feedback_2 + 2 if core.phase in FEEDBACK_PHASES or core.fitted.lock else 2",
    "undefined": SETTLED["undefined"], "raw_bursts": SETTLED["raw_bursts"], "enter": SETTLED["enter"],
    "stage": SETTLED["stage"], "test_left": SETTLED["test_left"],
}


class _Classes(dict):
    """Trip bits -> one byte of classes."""

    def __missing__(self, bits):
        value = 0
        for place, (mask, _bit) in enumerate(CLASSES):
            if bits & mask:
                value |= 1 << place
        self[bits] = value
        return value


CLASS_OF = _Classes()
BITS_OF = tuple(sum(bit for place, (_mask, bit) in enumerate(CLASSES) if value >> place & 1) for value in range(1 << len(CLASSES)))
WELDED, RESIDUAL, GRACEFUL = CLASS_OF[trips.WELDED], CLASS_OF[trips.RESIDUAL], CLASS_OF[trips.GRACEFUL]

_READ = {"int": "{0}", "time": "{0} > 0", "trips": "CLASS_OF[{0}]", "offer": "{0} > 0", "from_minus_2": "{0} + 2",
         "driven": "0 if {0} == 0 else 2 if {0} == STEADY else 1"}
_WRITE = {"int": "v_{1}", "time": "RUNNING_MS * v_{1}", "trips": "BITS_OF[v_{1}]", "offer": "OFFER_MA * v_{1}",
          "from_minus_2": "v_{1} - 2", "driven": "DRIVEN[v_{1}]"}


class FixedTemperature:
    """In place of the five sensors: the level that the search chose; the derating is the real one."""

    def __init__(self, real):
        self._derated_ma = type(real).derated_ma
        self.level = 0
        self.failed = False

    def update(self, gap_ms, inputs):
        """Nothing is read."""

    def derated_ma(self, offered_ma):
        """What the real one makes of it."""
        return self._derated_ma(self, offered_ma)


class FixedWatch:
    """In place of current or supply supervision: the answer that the search chose."""

    def __init__(self):
        self.answer = False

    def update(self, *arguments):
        """The answer."""
        return self.answer

    def unplugged(self):
        """Nothing is remembered that could be forgotten."""


class Model:
    """One real core and the code that reads and writes its fields. `core_class` may be a core with a planted fault."""

    NOW_MS = 10            # of every tick; the one before was at 0, or so long ago that the tick is late
    LATE_GAP_MS = limits.TICK_LATE_MS + 10

    def __init__(self, fitted, core_class=SafetyCore, start=(0, 0)):
        self.core = core = core_class(Fitted(**fitted), *start) if start != (0, 0) else core_class(Fitted(**fitted))
        core.current, core.supply = FixedWatch(), FixedWatch()
        core.temperature = FixedTemperature(core.temperature)
        core._started = 1
        names = {"core": core, "pilot": core.pilot, "driver": core.driver, "cable": core.cable, "lock": core.lock,
                 "contactors": core.contactors, "monitor": core.monitor, "outputs": core.outputs, "inputs": core.inputs,
                 "request": core.request, "temperature": core.temperature, "supply": core.supply, "current": core.current,
                 "CLASS_OF": CLASS_OF, "BITS_OF": BITS_OF, "RUNNING_MS": RUNNING_MS, "OFFER_MA": OFFER_MA,
                 "C": cp.C, "D": cp.D, "F": cp.F, "UNDEFINED": cp.UNDEFINED, "ENOUGH": limits.CP_CHANGE_BURSTS,
                 "STEADY": limits.PILOT_STEADY_HIGH_NS, "SELFTEST": SELFTEST, "OFFERING": OFFERING,
                 "FEEDBACK_PHASES": (SELFTEST, OFFERING, CLOSING, OPENING),
                 "DRIVEN": (limits.PILOT_STEADY_LOW_NS, cp.high_ns_from_ma(OFFER_MA), limits.PILOT_STEADY_HIGH_NS),
                 "NOW_MS": self.NOW_MS, "LATE_TICK_MS": (self.NOW_MS - self.LATE_GAP_MS) & limits.TICKS_MASK,
                 "TIMED_PHASES": (STOPPING, WAKING) if core.fitted.feedback else (STOPPING, WAKING, CLOSING, OPENING)}
        self.names = names
        self.keep = self._function("keep", ())               # -> key, all fields as they are
        self.keep_settled = self._function("keep", SETTLED)  # -> key between two ticks
        self.keep_judged = self._function("keep", JUDGED)    # -> key before the last stage
        self.restore = self._restore()                       # key -> live objects
        self._check_complete(names)

    def _function(self, name, settled):
        terms = []
        for field, place, kind in FIELDS:
            terms.append(settled[field] if field in settled else _READ[kind].format(place))
        return self.compiled(name, "", "return bytes((%s))" % ", ".join(terms))

    def _restore(self):
        lines = ["(%s) = key" % ", ".join("v_" + field for field, _place, _kind in FIELDS)]
        lines += ["%s = %s" % (place, _WRITE[kind].format(place, field)) for field, place, kind in FIELDS]
        lines += ["core.offered_ma = driver.offered_ma", "core._seq = request.seq", "pilot._burst = inputs.cp_burst",
                  "core._clear_seq = request.clear_seq = 0", "core._selftest_seq = request.selftest_seq = 0",
                  "core._wake_seq = request.wake_seq = 0", "core._unlock_seq = request.unlock_seq = 0",
                  "inputs.guard_opened = 0", "current.answer = supply.answer = False", "inputs.enable = 1",
                  "inputs.upstream_tripped = 0", "core.unplugged_in_charge = 0"]
        return self.compiled("restore", "key", "\n    ".join(lines))

    def compiled(self, name, arguments, body):
        """A function over the live objects, made from text."""
        space = dict(self.names)
        exec("def %s(%s):\n    %s\n" % (name, arguments, body), space)      # text of our own, above
        return space[name]

    def _check_complete(self, names):
        """Every attribute of the core and its parts is kept or named in NOT_KEPT: a new one must not be forgotten."""
        for part, excused in NOT_KEPT.items():
            for attribute in vars(names[part]):
                if "%s.%s" % (part, attribute) not in NAME_OF_PLACE and attribute not in excused:
                    raise ValueError("the search knows nothing of %s.%s: add it to FIELDS or NOT_KEPT" % (part, attribute))
