"""A bench for the safety core: a vehicle, contactors and monitors reduced to what the core's records see. Virtual time.

Runs on both interpreters. Every run starts at `start_ms`, so that any test can be repeated just before the clock wraps.
"""

from firmware.safety import control_pilot as cp
from firmware.safety import limits
from firmware.safety.core import CLOSED, OFFERING, SafetyCore
from firmware.safety.io_image import Fitted

HIGH_MV = {"A": 12000, "B": 9000, "C": 6000, "D": 3000, "E": 0}
TICK_MS = limits.TICK_MS


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
        self.diode = True
        self.bursts = True           # False: the sampler is dead
        self.low_seen = True         # False: bursts miss the low plateau
        self.renew = True            # False: the request's heartbeat stands still
        self.welded = False
        self.stuck_open = False
        self.rcd = 0
        self.rdc_dd = 0
        self.rcd_answers_test = True
        self.travel_ms = 20
        self._coil_since_ms = 0
        self._contacts = 0
        self._coil = 0
        inputs = self.core.inputs
        inputs.pe_ok = 1
        inputs.rcd_tripped = 0
        inputs.rdc_dd_tripped = 0
        inputs.feedback_1 = 0 if self.core.fitted.feedback else -1
        inputs.feedback_2 = 0 if self.core.fitted.feedback and self.core.fitted.contactors == 2 else -1
        self.events = []             # (elapsed_ms, signal, value)
        self._seen = {}

    # ---- the world

    def _move_contacts(self):
        coil = self.core.outputs.coil_1
        if coil != self._coil:
            self._coil = coil
            self._coil_since_ms = self.elapsed_ms
        if self.elapsed_ms - self._coil_since_ms >= self.travel_ms:
            self._contacts = coil
        if self.welded and self._contacts:
            self._coil_since_ms = self.elapsed_ms
        contacts = 1 if self.welded else 0 if self.stuck_open else self._contacts
        inputs = self.core.inputs
        if self.core.fitted.feedback:
            inputs.feedback_1 = contacts
            if self.core.fitted.contactors == 2:
                inputs.feedback_2 = contacts if self.core.outputs.coil_2 or self.welded else 0

    def _burst(self):
        inputs, high_ns = self.core.inputs, self.core.outputs.pilot_high_ns
        if not self.bursts:
            return
        high_mv = HIGH_MV[self.vehicle] if self.high_mv is None else self.high_mv
        inputs.cp_burst = (inputs.cp_burst + 1) & limits.TICKS_MASK
        inputs.cp_high_mv, inputs.cp_low_mv = high_mv, -12000
        inputs.cp_high_reads, inputs.cp_low_reads = 32, 0
        if high_ns == 0:
            inputs.cp_high_reads, inputs.cp_low_reads = 0, 32
        elif high_ns < 1000000:
            inputs.cp_high_reads = 10
            inputs.cp_low_reads = 22 if self.low_seen else 0
            if not self.diode and self.vehicle != "A":
                inputs.cp_low_mv = 700 - high_mv
            if self.vehicle == "E":
                inputs.cp_low_mv = 0

    def step(self):
        """One tick."""
        core, inputs = self.core, self.core.inputs
        self.now_ms = (self.now_ms + TICK_MS) & limits.TICKS_MASK
        self.elapsed_ms += TICK_MS
        self._move_contacts()
        self._burst()
        inputs.rcd_tripped = 1 if self.rcd or core.outputs.rcd_test and self.rcd_answers_test else 0
        inputs.rdc_dd_tripped = self.rdc_dd
        if self.renew:
            core.request.seq = (core.request.seq + 1) & limits.TICKS_MASK
        core.tick(self.now_ms)
        self._note("coil", core.outputs.coil_1)
        self._note("high_ns", core.outputs.pilot_high_ns)
        self._note("phase", core.phase)
        self._note("trips", core.trips)

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
        return None

    def allow(self, offered_ma=16000, phases=3):
        """The request: power is wanted."""
        request = self.core.request
        request.available, request.offered_ma, request.phases = 1, offered_ma, phases
        return self

    def to_offering(self):
        """Plug in and run until PWM is on."""
        self.run(100)
        self.allow()
        self.vehicle = "B"
        if self.run_until(lambda core: core.phase == OFFERING and core.pilot.low_good >= limits.DIODE_GOOD_BURSTS) is None:
            raise RuntimeError("PWM did not come on: phase %d trips %d" % (self.core.phase, self.core.trips))
        return self

    def to_closed(self):
        """All the way to a closed contactor."""
        self.to_offering()
        self.vehicle = "C"
        if self.run_until(lambda core: core.phase == CLOSED) is None:
            raise RuntimeError("contactor did not close: phase %d trips %d" % (self.core.phase, self.core.trips))
        return self.run(1000)

    @property
    def coil(self):
        """Coil 1 as commanded."""
        return self.core.outputs.coil_1

    @property
    def state(self):
        """Debounced state as a letter."""
        return cp.LETTERS[self.core.pilot.state]
