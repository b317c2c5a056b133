"""What the pilot's generator shall show: steady +12 V, state F, or PWM, with the pauses that lie between them."""

from micropython import const

from firmware.safety import limits
from firmware.safety.control_pilot import high_ns_from_ma
from firmware.safety.limits import count_down

STEADY = const(0)      # +12 V: not ready
FAULT = const(1)       # -12 V: state F
PWM = const(2)         # the offer
KEEP = const(3)        # as it is


class PilotDriver:
    """Times are countdowns in ms; 0 = over."""

    def __init__(self):
        self.pwm_on = 0
        self.offered_ma = 0         # what the duty says now
        self.settle_left_ms = 0     # the pilot's form is new: the low plateau is not judged yet
        self.pause_left_ms = 0      # PWM went off and stays off (sequence X)
        self.offer_left_ms = 0      # until the offer may change under load (sequence 6)
        self.fault_left_ms = 0      # state F is held (sequence F)

    def count_down(self, gap_ms):
        """So much time has gone."""
        self.settle_left_ms = count_down(self.settle_left_ms, gap_ms)
        self.pause_left_ms = count_down(self.pause_left_ms, gap_ms)
        self.offer_left_ms = count_down(self.offer_left_ms, gap_ms)
        self.fault_left_ms = count_down(self.fault_left_ms, gap_ms)

    def hold_fault(self):
        """State F begins: it lasts at least FAULT_HOLD_MS."""
        self.fault_left_ms = limits.FAULT_HOLD_MS

    def follow(self, permitted_ma, under_load):
        """Take over what is permitted; under load not sooner than 5 s after the last change (sequence 6).

        Less than 6 A is not taken over: then the core stops in order instead.
        """
        if permitted_ma < limits.OFFER_MIN_MA or permitted_ma == self.offered_ma:
            return
        if under_load and self.offer_left_ms:
            return
        self.offered_ma = permitted_ma
        self.offer_left_ms = limits.OFFER_CHANGE_MS

    def drive(self, outputs, shape, vehicle):
        """Write the output. Returns 1 when PWM went on or off: what was seen of the low plateau is void then."""
        high_ns = outputs.pilot_high_ns
        if shape == STEADY:
            high_ns = limits.PILOT_STEADY_HIGH_NS
        elif shape == FAULT:
            high_ns = limits.PILOT_STEADY_LOW_NS
        elif shape == PWM:
            high_ns = high_ns_from_ma(self.offered_ma)
        if high_ns == outputs.pilot_high_ns:
            return 0
        pwm_on = 1 if limits.PILOT_STEADY_LOW_NS < high_ns < limits.PILOT_STEADY_HIGH_NS else 0
        if self.pwm_on and not pwm_on and vehicle:
            self.pause_left_ms = limits.PWM_PAUSE_MS
        if outputs.pilot_high_ns == limits.PILOT_STEADY_LOW_NS and not pwm_on:
            self.pause_left_ms = limits.PWM_PAUSE_EF_MS
        outputs.pilot_high_ns = high_ns
        if not pwm_on:
            self.offered_ma = 0
        if pwm_on == self.pwm_on:
            return 0
        self.pwm_on = pwm_on
        self.settle_left_ms = limits.PWM_SETTLE_MS
        return 1
