"""What holds after every tick, whatever happens: written once, checked by the rig in every test, trace and variant.

Judged from the core's inputs, outputs and request alone, with memory of its own, as far as that is possible: the core's own
words (phase, trips, debounced state) are used only where the rule is about them. Its numbers are written out, not taken from
limits.py: a limit that is changed there must turn something red here.
"""

from firmware.safety import control_pilot as cp
from firmware.safety import core as phases
from firmware.safety import limits, trips

FULL_NS = 1000000
STATE_MV = ((10800, 13500, "A"), (7800, 10200, "B"), (4800, 7200, "C"), (1800, 4200, "D"), (-1300, 1200, "E"),
            (-13500, -10500, "F"))
NEVER_MS = -10000000


def letter_from_mv(high_mv):
    """The state's letter, None between the windows. Written apart from the core's, from the same table."""
    for low_mv, top_mv, letter in STATE_MV:
        if low_mv <= high_mv <= top_mv:
            return letter
    return None


def offer_from_high_ns(high_ns):
    """mA that a vehicle reads from a duty (table A.8), 0 for a steady level."""
    if high_ns in (0, FULL_NS):
        return 0
    return high_ns * 6 // 100 if high_ns <= 850000 and high_ns != 844004 else (high_ns - 640000) // 4


class Violation(AssertionError):
    """An invariant does not hold."""


class Invariants:
    """One observer of one rig."""

    def __init__(self, rig):
        self.rig = rig
        self.core = rig.core
        self.time_ms = 0
        self._now_ms = None
        self._coil = 0
        self._coils = 0                 # how many were on
        self._coil_off_ms = NEVER_MS
        self._coil_on_ms = NEVER_MS
        self._closed_coils = 0          # how many the last time
        self._seq = None
        self._seq_ms = NEVER_MS
        self._unwanted_ms = None        # since when nobody wants power
        self._stopping_ms = None
        self._burst = None
        self._burst_ms = 0
        self._letter = None             # of the last burst
        self._same = 0                  # bursts in a row with it
        self._settled = None            # last letter that two bursts in a row agreed on
        self._away_ms = NEVER_MS        # last time two bursts in a row said neither C nor D
        self._def_left_ms = NEVER_MS    # when D, E or F ended
        self._mismatch_ms = [None, None]
        self._closed_unasked_ms = None
        self._watchdog = 0
        self._lock_wanted = None
        self._interrupted = False
        self._offered_ma = 0
        self._offer_ms = NEVER_MS
        self._too_high_ms = None
        self._high_ns = FULL_NS
        self._fault_ms = NEVER_MS
        self._pwm_off_ms = NEVER_MS
        self._rcd_test = 0
        self._tested = False            # the monitor's test was answered in this plug-in
        self._residual = False          # a residual current came while energised, and the vehicle is still plugged in
        self._was_welded = False

    # ---- the frame

    def check(self):
        """After a tick."""
        gap_ms = 0 if self._now_ms is None else (self.rig.now_ms - self._now_ms) & limits.TICKS_MASK
        self._now_ms = self.rig.now_ms
        self.time_ms += gap_ms
        self._see()
        coil = self.core.outputs.coil_1
        if coil:
            self._check_energised(gap_ms)
            if not self._coil:
                self._check_closing()
        elif self._coil:
            self._check_opened()
        self._check_pilot()
        self._check_rest()
        self._remember()

    def _hold(self, good, text):
        if not good:
            core = self.core
            raise Violation("%s, after %d ms: phase %s trips %x causes %x state %s raw %s vehicle %s; %s" % (
                text, self.rig.elapsed_ms, phases.PHASE_NAMES[core.phase], core.trips, core.causes,
                cp.LETTERS[core.pilot.state], cp.LETTERS[core.pilot.raw], self.rig.vehicle, self.rig.events[-12:]))

    def _see(self):
        """What a bystander makes of inputs and request."""
        core, inputs, request, now_ms = self.core, self.core.inputs, self.core.request, self.time_ms
        if request.seq != self._seq:
            if self._seq is not None:
                self._seq_ms = now_ms
            self._seq = request.seq
        wanted = (request.available == 1 and request.offered_ma >= 6000 and inputs.enable != 0
                  and now_ms - self._seq_ms <= 2000)
        self._unwanted_ms = None if wanted else now_ms if self._unwanted_ms is None else self._unwanted_ms
        if inputs.cp_burst != self._burst:
            self._see_burst(inputs, now_ms)
        self._see_feedback(0, inputs.feedback_1, self._coil)
        if core.fitted.contactors == 2:
            self._see_feedback(1, inputs.feedback_2, 1 if self._coils == 2 else 0)
        unasked = core.fitted.feedback and not self._coil and inputs.feedback_1 == 1
        self._closed_unasked_ms = None if not unasked else (
            now_ms if self._closed_unasked_ms is None else self._closed_unasked_ms)
        if self._rcd_test and inputs.rcd_tripped == 1:
            self._tested = True
        if self._coil and (inputs.rcd_tripped == 1 or inputs.rdc_dd_tripped == 1):
            self._residual = True

    def _see_burst(self, inputs, now_ms):
        if now_ms - self._burst_ms >= 80:
            self._letter, self._same = None, 0          # what lies on both sides of a gap is not seen in a row
        self._burst, self._burst_ms = inputs.cp_burst, now_ms
        letter = letter_from_mv(inputs.cp_high_mv if inputs.cp_high_reads else inputs.cp_low_mv)
        self._same = self._same + 1 if letter == self._letter else 1
        self._letter = letter
        if self._interrupted:
            self._letter, self._same = None, 0          # the pilot was interrupted: nothing is known of the vehicle
        if self._same < 2 or letter is None:
            return
        if letter not in "CD":
            self._away_ms = now_ms
        if letter != self._settled:
            if self._settled in ("D", "E", "F") and not (letter in "CD" and now_ms - self._away_ms < 450):
                self._def_left_ms = now_ms
            if not (self._settled in ("A", "B", "E", "F") and letter in "CD"):
                self._settled = letter
            elif now_ms - self._away_ms >= 450:
                self._settled = letter
        if letter == "A":
            self._tested = False
            self._residual = False

    def _see_feedback(self, index, feedback, coil):
        if not self.core.fitted.feedback or feedback == coil or index and feedback == -1:
            self._mismatch_ms[index] = None
        elif self._mismatch_ms[index] is None:
            self._mismatch_ms[index] = self.time_ms

    # ---- the rules

    def _check_energised(self, gap_ms):
        core, inputs, fitted, now_ms = self.core, self.core.inputs, self.core.fitted, self.time_ms
        hold = self._hold
        allowed = (cp.C, cp.D) if fitted.ventilated or core.phase == phases.STOPPING else (cp.C,)
        hold(core.pilot.state in allowed, "coil on without a vehicle in C or an allowed D")
        hold(self._same < 2 or self._letter in ("C", "D", None), "coil on, and two bursts in a row say neither C nor D")
        hold(core.phase in (phases.CLOSING, phases.CLOSED, phases.STOPPING), "coil on in a phase without power")
        hold(not core.trips & ~trips.GRACEFUL, "coil on with a trip that opens")
        hold(not core.causes & ~trips.GRACEFUL, "coil on with the cause of a trip that opens")
        hold(inputs.rcd_tripped != 1 and inputs.rdc_dd_tripped != 1, "coil on with residual current")
        hold(not self._residual, "coil on after a residual current in the same connection")
        hold(inputs.pe_ok != 0 or not fitted.pe_monitor, "coil on without protective earth")
        hold(inputs.upstream_tripped != 1 and not inputs.guard_opened, "coil on though upstream or guard opened")
        hold(core.self_tested == 1, "coil on without a self-test")
        hold(self._tested or not fitted.rcd_test, "coil on, and the monitor's test was not answered in this plug-in")
        hold(core.monitor.quiet_left_ms == 0, "coil on while the monitor's lines are not judged")
        hold(gap_ms <= 150 or not self._coil, "coil on after nobody watched")
        hold(now_ms - self._burst_ms < 80 + 10, "coil on with a stale pilot")
        for since_ms in self._mismatch_ms:
            hold(since_ms is None or now_ms - since_ms < 200 + 10, "coil on, feedback disagrees")
        if self._unwanted_ms is not None:
            hold(core.phase == phases.STOPPING, "coil on without a live request, and no stop")
            hold(now_ms - self._unwanted_ms <= 7000, "coil on 7 s after the request ended")
        if core.phase == phases.STOPPING and self._stopping_ms is not None:
            hold(now_ms - self._stopping_ms <= 7000, "a stop took more than 7.0 s")
        if fitted.lock:
            hold(core.outputs.lock_wanted == 1 and inputs.lock_closed == 1, "coil on with an open lock")
        hold(core.cable.rating_a != 0 or core.phase == phases.STOPPING, "coil on without a cable")

    def _check_closing(self):
        core, inputs, now_ms, fitted = self.core, self.core.inputs, self.time_ms, self.core.fitted
        hold = self._hold
        coils = 1 + core.outputs.coil_2
        hold(self._letter == "C" or self._letter == "D" and fitted.ventilated, "closed, and the last burst says neither C nor D")
        hold(now_ms - self._away_ms >= 450, "closed less than 450 ms after B")
        hold(now_ms - self._coil_off_ms >= 5000, "closed less than 5 s after it opened")
        hold(now_ms - self._def_left_ms >= 30000, "closed less than 30 s after D, E or F")
        hold(self._closed_coils in (0, coils) or now_ms - self._coil_off_ms >= 10000,
             "another number of phases without its pause")
        hold(0 < self._high_ns < FULL_NS and self._high_ns == core.outputs.pilot_high_ns, "closed without PWM before")
        hold(core.trips == 0, "closed with a trip")
        hold(not fitted.feedback or inputs.feedback_1 == 0 and inputs.feedback_2 != 1, "closed without feedback open before")
        self._coil_on_ms = now_ms
        self._closed_coils = coils

    def _check_opened(self):
        """Under load only for a trip, or after the vehicle had its 6 s."""
        core, now_ms = self.core, self.time_ms
        if core.trips & ~trips.GRACEFUL or core.pilot.state not in (cp.C, cp.D) or self._stopping_ms is None:
            self._hold(core.trips & ~trips.GRACEFUL or core.pilot.state not in (cp.C, cp.D)
                       or now_ms - self._coil_on_ms <= 200 + 10, "opened under load without a stop")
        else:
            self._hold(now_ms - self._stopping_ms >= 6000, "opened under load before 6.0 s")

    def _check_pilot(self):
        core, outputs, hold, now_ms = self.core, self.core.outputs, self._hold, self.time_ms
        high_ns = outputs.pilot_high_ns
        pwm = 0 < high_ns < FULL_NS
        was_pwm = 0 < self._high_ns < FULL_NS
        offered_ma = offer_from_high_ns(high_ns)
        hold(not pwm and high_ns in (0, FULL_NS) or 100000 <= high_ns <= 960000, "duty neither steady nor 10-96 %")
        hold(offered_ma <= core.offered_ma and (core.offered_ma > 0) == pwm, "the duty says more than the core")
        if pwm:
            hold(core.trips == 0 and core.self_tested, "PWM with a trip or before the self-test passed")
            hold(core.vehicle(), "PWM without a vehicle")
            hold(not outputs.rcd_test, "PWM while the monitor is tested")
        if pwm and not was_pwm:
            hold(now_ms - self._pwm_off_ms >= 3000, "PWM off for less than 3 s")
        if was_pwm and not pwm:
            self._pwm_off_ms = now_ms if core.vehicle() else NEVER_MS
        if core.pilot.state == cp.A:
            self._pwm_off_ms = NEVER_MS
        if pwm and was_pwm and core.offered_ma != self._offered_ma and outputs.coil_1 and self._coil:
            hold(now_ms - self._offer_ms >= 5000, "offer changed under load within 5 s")
        if core.offered_ma != self._offered_ma:
            self._offer_ms = now_ms
        self._check_offer(pwm, outputs.coil_1)
        if high_ns == 0 and self._high_ns:
            self._fault_ms = now_ms
        if high_ns and not self._high_ns:
            hold(now_ms - self._fault_ms >= 300, "state F for less than 300 ms")

    def _check_offer(self, pwm, energised):
        core = self.core
        may_ma = min(core.request.offered_ma, 80000)
        if core.cable.rating_a >= 0:
            may_ma = min(may_ma, core.cable.rating_a * 1000)
        if core.simplified:
            may_ma = min(may_ma, 10000 if core.fitted.simplified else 0)
        may_ma = max(may_ma * (100, 75, 50, 1, 0)[core.temperature.level] // 100, 6000)
        if not pwm or core.offered_ma <= may_ma:
            self._too_high_ms = None
            return
        if self._too_high_ms is None or self._coil and not energised:
            self._too_high_ms = self.time_ms           # when the contactor opens, its own time begins
        may_last_ms = 5000 if energised else 200
        self._hold((energised or core.phase == phases.OPENING) and self.time_ms - self._too_high_ms <= may_last_ms,
                   "offered more than request, cable or temperature allow")

    def _check_rest(self):
        core, inputs, outputs, hold = self.core, self.core.inputs, self.core.outputs, self._hold
        toggled = outputs.coil_watchdog != self._watchdog
        hold(not toggled or not core.trips & ~trips.GRACEFUL, "the coil's watchdog toggles with a trip that opens")
        hold(toggled or not outputs.coil_1, "the coil's watchdog stands still while the coil is on")
        hold(not outputs.coil_2 or outputs.coil_1 and core.fitted.contactors == 2 and core.fitted.phases == 3, "coil 2 alone")
        if outputs.coil_1 and core.fitted.contactors == 2:
            hold(outputs.coil_2 == (1 if core.phases == 3 else 0), "coil 2 does not follow the phases")
        hold(not outputs.rcd_test or core.phase == phases.SELFTEST and not outputs.coil_1 and outputs.pilot_high_ns == FULL_NS,
             "the monitor is tested outside the self-test")
        hold(not outputs.cp_disconnect or core.fitted.cp_disconnect and not outputs.coil_1, "the pilot is interrupted wrongly")
        if self._lock_wanted and not outputs.lock_wanted:
            hold(not outputs.coil_1 and (not core.fitted.feedback or inputs.feedback_1 == 0 and inputs.feedback_2 != 1),
                 "unlocked, and the contactor is not shown open")
            hold(not core.trips & trips.WELDED, "unlocked with a weld")
        if self._closed_unasked_ms is not None and not outputs.coil_1 and (
                self.time_ms - self._closed_unasked_ms > 200):
            hold(core.trips & trips.WELDED, "contactor closed with the coil off, and not called welded")
        if self._was_welded:
            hold(core.trips & trips.WELDED and outputs.pilot_high_ns == 0 and not outputs.coil_1, "a welded contactor offers again")

    def _remember(self):
        core, outputs = self.core, self.core.outputs
        if self._coil and not outputs.coil_1:
            self._coil_off_ms = self.time_ms
        self._coil = outputs.coil_1
        self._coils = outputs.coil_1 + outputs.coil_2
        if core.phase != phases.STOPPING:
            self._stopping_ms = None
        elif self._stopping_ms is None:
            self._stopping_ms = self.time_ms
        self._rcd_test = outputs.rcd_test
        self._watchdog = outputs.coil_watchdog
        self._lock_wanted = outputs.lock_wanted
        self._interrupted = core.phase == phases.WAKING
        self._offered_ma = core.offered_ma
        self._high_ns = outputs.pilot_high_ns
        if core.trips & trips.WELDED:
            self._was_welded = True
