"""A bench for the safety core: a vehicle, contactors and monitors reduced to what the core's records see. Virtual time.

Runs on both interpreters. Every run starts at `start_ms`, so that any test can be repeated just before the clock wraps. After
every tick the invariants are checked (invariants.py): each test of the core is a test of all of them.
"""

from firmware.safety import control_pilot as cp
from firmware.safety import limits
from firmware.safety.core import CLOSED, OFFERING, SafetyCore
from firmware.safety.io_image import NOT_FITTED, Fitted
from host_tests.safety.invariants import Invariants

HIGH_MV = {"A": 12000, "B": 9000, "C": 6000, "D": 3000, "E": 0, "F": -12000}
TICK_MS = limits.TICK_MS
SOCKET_OHM = 220        # a 32 A cable


class Contactor:
    """Follows its coil after travel_ms; shows what its mirror contact says."""

    def __init__(self):
        self.closed = 0
        self.welded = False
        self.stuck_open = False
        self.shows = None            # set: what the feedback says, whatever the contacts do
        self._coil = 0
        self._since_ms = 0

    def follow(self, coil, elapsed_ms, travel_ms):
        """One tick; returns the feedback."""
        if coil != self._coil:
            self._coil = coil
            self._since_ms = elapsed_ms
        if elapsed_ms - self._since_ms >= travel_ms:
            self.closed = coil
        if self.welded:
            self.closed = 1
        elif self.stuck_open:
            self.closed = 0
        return self.closed if self.shows is None else self.shows


class Rig:
    """One core with its surroundings. Change `vehicle`, `diode`, … and run()."""

    def __init__(self, start_ms=0, **fitted):
        fitted.setdefault("feedback", 1)
        fitted.setdefault("rcd_test", 1)
        fitted.setdefault("contactors", 2)
        self.core = SafetyCore(Fitted(**fitted))
        self.now_ms = start_ms
        self.elapsed_ms = 0
        self.vehicle = "A"
        self.high_mv = None          # set: overrides the vehicle's voltage
        self.noise_mv = 0            # added to the plateaus
        self.diode = True
        self.bursts = True           # False: the sampler is dead
        self.low_seen = True         # False: bursts miss the low plateau
        self.renew = True            # False: the request's heartbeat stands still
        self.contactor_1 = Contactor()
        self.contactor_2 = Contactor()
        self.travel_ms = 20
        self.rcd = 0
        self.rdc_dd = 0
        self.rcd_answers_test = True
        self.rcd_answer_ms = 0       # the line answers so long after the test's begin, and releases so long after its end
        self.lock_travel_ms = 300
        self.lock_stuck = None       # set: the lock stays at this
        self.drawn_ma = None         # set: what the meter says; None: no meter
        self.supply_mv = (230000, 230000, 230000)
        self.meter_every_ms = 1000
        self.meter_age_ms = 0
        self.temperature_every_ms = 1000   # fresh readings, once one sensor was read; 0: they fall silent
        self._test_since_ms = 0
        self._test_was = 0
        self._lock = 0
        self._lock_since_ms = 0
        self._lock_was = 0
        inputs = self.core.inputs
        inputs.pe_ok = 1
        inputs.rcd_tripped = 0
        inputs.rdc_dd_tripped = 0
        if self.core.fitted.lock:
            inputs.pp_ohm = SOCKET_OHM
            inputs.lock_closed = 0
        self._move_contacts()
        self.events = []             # (elapsed_ms, signal, value)
        self._seen = {}
        self.invariants = Invariants(self)

    # ---- the world

    @property
    def welded(self):
        """The first contactor's contacts stick; setting it sets both."""
        return self.contactor_1.welded

    @welded.setter
    def welded(self, value):
        self.contactor_1.welded = self.contactor_2.welded = value

    @property
    def stuck_open(self):
        """The first contactor does not close; setting it sets both."""
        return self.contactor_1.stuck_open

    @stuck_open.setter
    def stuck_open(self, value):
        self.contactor_1.stuck_open = self.contactor_2.stuck_open = value

    def _move_contacts(self):
        inputs, outputs, fitted = self.core.inputs, self.core.outputs, self.core.fitted
        shown_1 = self.contactor_1.follow(outputs.coil_1, self.elapsed_ms, self.travel_ms)
        shown_2 = self.contactor_2.follow(outputs.coil_2, self.elapsed_ms, self.travel_ms)
        if fitted.feedback:
            inputs.feedback_1 = shown_1
            inputs.feedback_2 = shown_2 if fitted.contactors == 2 else NOT_FITTED

    def _move_lock(self):
        wanted = self.core.outputs.lock_wanted
        if wanted != self._lock_was:
            self._lock_was = wanted
            self._lock_since_ms = self.elapsed_ms
        if self.elapsed_ms - self._lock_since_ms >= self.lock_travel_ms:
            self._lock = wanted
        self.core.inputs.lock_closed = self._lock if self.lock_stuck is None else self.lock_stuck

    def _monitor(self):
        test = self.core.outputs.rcd_test
        if test != self._test_was:
            self._test_was = test
            self._test_since_ms = self.elapsed_ms - TICK_MS     # it changed at the end of the last tick
        if self.elapsed_ms - self._test_since_ms < self.rcd_answer_ms:
            return self.core.inputs.rcd_tripped
        return 1 if test and self.rcd_answers_test else 0

    def _is_time(self, every_ms, gap_ms):
        return self.elapsed_ms // every_ms != (self.elapsed_ms - gap_ms) // every_ms

    def _temperatures(self, gap_ms):
        inputs = self.core.inputs
        if self.temperature_every_ms and inputs.temperature_seq and self._is_time(self.temperature_every_ms, gap_ms):
            inputs.temperature_seq = (inputs.temperature_seq + 1) & limits.TICKS_MASK

    def _meter(self, gap_ms):
        if self.drawn_ma is None or not self._is_time(self.meter_every_ms, gap_ms):
            return
        self.read_meter(self.drawn_ma, self.meter_age_ms)

    def read_meter(self, drawn_ma, age_ms=0):
        """A fresh reading of the meter, with the supply's voltages."""
        inputs = self.core.inputs
        inputs.drawn_ma, inputs.meter_age_ms = drawn_ma, age_ms
        inputs.supply_1_mv, inputs.supply_2_mv, inputs.supply_3_mv = self.supply_mv
        inputs.meter_seq = (inputs.meter_seq + 1) & limits.TICKS_MASK

    def read_temperature(self, sensor, celsius):
        """A fresh reading of the temperatures, in which one sensor says something new."""
        inputs = self.core.inputs
        setattr(inputs, "temperature_%d_c" % sensor, celsius)
        inputs.temperature_seq = (inputs.temperature_seq + 1) & limits.TICKS_MASK
        return self

    def _burst(self):
        inputs, outputs = self.core.inputs, self.core.outputs
        high_ns = outputs.pilot_high_ns
        if not self.bursts:
            return
        vehicle = "A" if outputs.cp_disconnect else self.vehicle
        high_mv = HIGH_MV[vehicle] if self.high_mv is None else self.high_mv
        inputs.cp_burst = (inputs.cp_burst + 1) & limits.TICKS_MASK
        inputs.cp_high_mv, inputs.cp_low_mv = high_mv + self.noise_mv, -12000 - self.noise_mv
        inputs.cp_high_reads, inputs.cp_low_reads = 32, 0
        if high_ns == 0:
            inputs.cp_high_reads, inputs.cp_low_reads = 0, 32
        elif high_ns < 1000000:
            inputs.cp_high_reads = 10
            inputs.cp_low_reads = 22 if self.low_seen else 0
            if not self.diode and vehicle != "A":
                inputs.cp_low_mv = 700 - high_mv
            if vehicle == "E":
                inputs.cp_low_mv = 0

    def step(self, gap_ms=TICK_MS):
        """One tick, gap_ms after the last."""
        core, inputs = self.core, self.core.inputs
        self.now_ms = (self.now_ms + gap_ms) & limits.TICKS_MASK
        self.elapsed_ms += gap_ms
        self._move_contacts()
        if core.fitted.lock:
            self._move_lock()
        self._burst()
        self._meter(gap_ms)
        self._temperatures(gap_ms)
        inputs.rcd_tripped = 1 if self.rcd or self._monitor() else 0
        inputs.rdc_dd_tripped = self.rdc_dd
        if self.renew:
            core.request.seq = (core.request.seq + 1) & limits.TICKS_MASK
        core.tick(self.now_ms)
        self._note("coil", core.outputs.coil_1)
        self._note("high_ns", core.outputs.pilot_high_ns)
        self._note("phase", core.phase)
        self._note("trips", core.trips)
        self._note("lock", core.outputs.lock_wanted)
        self.invariants.check()

    def _note(self, signal, value):
        if self._seen.get(signal) != value:
            self._seen[signal] = value
            self.events.append((self.elapsed_ms, signal, value))

    # ---- verbs

    def run(self, ms):
        """So many milliseconds of ticks."""
        for _ in range(ms // TICK_MS):
            self.step()
        return self

    def run_until(self, holds, at_most_ms=60000):
        """Run until holds(core); returns how long it took, or None."""
        began = self.elapsed_ms
        while self.elapsed_ms - began < at_most_ms:
            if holds(self.core):
                return self.elapsed_ms - began
            self.step()
        return self.elapsed_ms - began if holds(self.core) else None

    def until_phase(self, phase, at_most_ms=60000):
        """Run until the core is in a phase; ms, or None."""
        return self.run_until(lambda core: core.phase == phase, at_most_ms)

    def until_coil(self, value, at_most_ms=60000):
        """Run until the coil is on (1) or off (0); ms, or None."""
        return self.run_until(lambda core: core.outputs.coil_1 == value, at_most_ms)

    def times(self, signal, value):
        """When a signal took a value: [elapsed_ms]."""
        return [event[0] for event in self.events if event[1] == signal and event[2] == value]

    def allow(self, offered_ma=16000, phases=3):
        """The request: power is wanted."""
        request = self.core.request
        request.available, request.offered_ma, request.phases = 1, offered_ma, phases
        return self

    def order(self, name):
        """An order of the request record: "clear", "unlock", "wake", "selftest"."""
        name += "_seq"
        setattr(self.core.request, name, getattr(self.core.request, name) + 1)
        return self

    def plug(self, letter, ms=1000):
        """The vehicle's pilot state from now on."""
        self.vehicle = letter
        return self.run(ms)

    def to_ready(self):
        """Plug in without a request and run until the self-test is passed."""
        self.run(100)
        self.vehicle = "B"
        self.expect(self.run_until(lambda core: core.self_tested), "the self-test did not pass")
        return self

    def to_offering(self):
        """Plug in and run until PWM is on and the diode seen."""
        self.run(100)
        if not self.core.request.available:
            self.allow()
        self.vehicle = "B"
        self.expect(self.run_until(lambda core: core.phase == OFFERING and core.pilot.low_good >= limits.DIODE_GOOD_BURSTS),
                    "PWM did not come on")
        if self.core.fitted.lock:
            self.run(self.lock_travel_ms + 20)
        return self

    def to_closed(self, letter="C"):
        """All the way to a closed contactor."""
        self.to_offering()
        self.vehicle = letter
        self.expect(self.until_phase(CLOSED), "the contactor did not close")
        return self.run(1000)

    def expect(self, found, text):
        """Stops a test whose beginning did not come about."""
        if found is None:
            raise AssertionError("%s: phase %d trips %d" % (text, self.core.phase, self.core.trips))

    @property
    def coil(self):
        """Coil 1 as commanded."""
        return self.core.outputs.coil_1

    @property
    def state(self):
        """Debounced state as a letter."""
        return cp.LETTERS[self.core.pilot.state]
