"""Control pilot: millivolts to states, amperes to duty. IEC 61851-1 annex A."""

from micropython import const

from firmware.safety import limits
from firmware.safety.limits import count_down

UNKNOWN = const(0)   # nothing read yet
A = const(1)
B = const(2)
C = const(3)
D = const(4)
E = const(5)
F = const(6)
UNDEFINED = const(7)  # between the windows: a raw value only, never the debounced state

LETTERS = "?ABCDEF-"


def state_from_mv(high_mv):
    """State of a high plateau (or steady level) in mV; UNDEFINED between the windows and beyond them."""
    if high_mv > limits.CP_MAX_MV:
        return UNDEFINED
    if high_mv >= limits.CP_A_B_MV + limits.CP_GAP_MV:
        return A
    if high_mv > limits.CP_A_B_MV - limits.CP_GAP_MV:
        return UNDEFINED
    if high_mv >= limits.CP_B_C_MV + limits.CP_GAP_MV:
        return B
    if high_mv > limits.CP_B_C_MV - limits.CP_GAP_MV:
        return UNDEFINED
    if high_mv >= limits.CP_C_D_MV + limits.CP_GAP_MV:
        return C
    if high_mv > limits.CP_C_D_MV - limits.CP_GAP_MV:
        return UNDEFINED
    if high_mv >= limits.CP_D_E_MV + limits.CP_GAP_MV:
        return D
    if high_mv > limits.CP_D_E_MV - limits.CP_GAP_MV:
        return UNDEFINED
    if high_mv >= limits.CP_E_LOW_MV:
        return E
    if limits.CP_F_LOW_MV <= high_mv <= limits.CP_F_HIGH_MV:
        return F
    return UNDEFINED


def high_ns_from_ma(offered_ma):
    """High time in ns of 1 000 000 for an offer in mA (table A.7); steady high below 6 A. Rounds down: never offers more.

    Above 80 A it stays at 80 A.
    """
    if offered_ma < limits.OFFER_MIN_MA:
        return limits.PILOT_STEADY_HIGH_NS
    offered_ma = min(offered_ma, limits.OFFER_MAX_MA)
    if offered_ma <= limits.OFFER_KNEE_MA:
        return offered_ma * 100 // 6          # D = I / 0.6 A: 6 A = 100 000 ns
    return offered_ma * 4 + 640000            # D = I / 2.5 A + 64 %


class PilotReader:
    """Debounces bursts into a state and judges the low plateau. Times are countdowns in ms; 0 = over."""

    def __init__(self):
        self.state = UNKNOWN       # debounced
        self.raw = UNKNOWN         # of the newest burst
        self.raw_bursts = 0        # bursts in a row with this raw value, saturates at CP_CHANGE_BURSTS
        self.fresh = 0             # 1: this tick brought a usable burst
        self.low_good = 0          # good low plateaus in a row, saturates at DIODE_GOOD_BURSTS
        self.low_bad = 0           # bursts in a row without a good one though PWM is on, saturates at DIODE_LOST_BURSTS
        self.enter_left_ms = 0     # until raw C or D counts
        self.stale_left_ms = limits.CP_STALE_MS
        self.undefined_left_ms = limits.CP_UNDEFINED_MS
        self._burst = 0

    def start(self, inputs):
        """Begin now: a burst already taken does not count."""
        self._burst = inputs.cp_burst

    def forget_low(self):
        """The pilot's form changed: judge the low plateau from the beginning."""
        self.low_good = 0
        self.low_bad = 0

    def hold(self, inputs):
        """The pilot is interrupted on purpose: what is read now says nothing of the vehicle. The state stays."""
        self._burst = inputs.cp_burst
        self.fresh = 0
        self._forget_bursts()
        self.stale_left_ms = limits.CP_STALE_MS
        self.undefined_left_ms = limits.CP_UNDEFINED_MS

    def _forget_bursts(self):
        """What was seen before a gap and after it is not seen in a row."""
        self.raw = UNKNOWN
        self.raw_bursts = 0
        self.forget_low()

    def update(self, gap_ms, inputs, judge_low, driven_f):
        """Take over a burst. judge_low: PWM is on and settled; driven_f: we drive steady -12 V ourselves."""
        self.fresh = 0
        self.stale_left_ms = count_down(self.stale_left_ms, gap_ms)
        self.enter_left_ms = count_down(self.enter_left_ms, gap_ms)
        if self.raw != UNDEFINED and (self.raw != F or driven_f) and (
                self.raw == self.state or self.raw_bursts >= limits.CP_CHANGE_BURSTS):
            self.undefined_left_ms = limits.CP_UNDEFINED_MS
        else:                          # no state explains it, or no two bursts in a row agree
            self.undefined_left_ms = count_down(self.undefined_left_ms, gap_ms)
        if self.stale_left_ms == 0:
            self._forget_bursts()
        if inputs.cp_burst == self._burst:
            return
        self._burst = inputs.cp_burst
        if inputs.cp_high_reads > 0:
            self._take(state_from_mv(inputs.cp_high_mv))
        elif inputs.cp_low_reads > 0 and not judge_low:
            self._take(state_from_mv(inputs.cp_low_mv))     # steady -12 V has no high plateau
        if judge_low and self.fresh:
            self._judge_low(inputs)

    def _take(self, raw):
        self.fresh = 1
        self.stale_left_ms = limits.CP_STALE_MS
        if raw != self.raw:
            self.raw = raw
            self.raw_bursts = 0
            self.enter_left_ms = limits.CP_ENTER_C_MS
        if self.raw_bursts < limits.CP_CHANGE_BURSTS:
            self.raw_bursts += 1
        if raw == UNDEFINED or self.raw_bursts < limits.CP_CHANGE_BURSTS:
            return
        if raw == C or raw == D:
            # entered only after BCB pulses would be over; between C and D nothing is entered anew
            if self.enter_left_ms > 0 and self.state != C and self.state != D:
                return
        self.state = raw

    def _judge_low(self, inputs):
        if inputs.cp_low_reads > 0 and inputs.cp_low_mv <= limits.DIODE_LOW_MV:
            self.low_bad = 0
            if self.low_good < limits.DIODE_GOOD_BURSTS:
                self.low_good += 1
        else:
            self.low_good = 0
            if self.low_bad < limits.DIODE_LOST_BURSTS:
                self.low_bad += 1
