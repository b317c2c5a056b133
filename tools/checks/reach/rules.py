"""What holds in every state and on every step that the search meets, whatever led there.

host_tests/safety/invariants.py watches the same promises over traces in real time, with times; these need no memory.
"""
from firmware.safety import control_pilot as cp
from firmware.safety import limits, trips
from firmware.safety.core import CLOSED, CLOSING, OFFERING, OPENING, SELFTEST, STOPPING, TRIPPED
from tools.checks.reach.abstraction import INDEX, RESIDUAL, WELDED

# name -> sentence; docs/safety.md lists them
RULES = {
    "closes_in_step": "The coil goes on in the core's step() and nowhere else.",
    "closes_from_offer": "The coil goes on only from the phase offering, with PWM on since an earlier tick.",
    "closes_in_c": "The coil goes on only with the vehicle in C (D where ventilated), debounced and in the newest burst.",
    "closes_with_diode": "The coil goes on only after 5 good low plateaus in a row.",
    "closes_after_pause": "The coil goes on only when the pause after the last opening is over.",
    "closes_on_request": "The coil goes on only for a live, available request of 6 A or more, with the enable input on.",
    "closes_healthy": "The coil goes on only with PE present, lock closed, both contactors shown open, no trip, self-test passed.",
    "power_phase": "The coil is on in closing, closed and stopping, and off in every other phase.",
    "power_vehicle": "The coil is off unless the vehicle is in C or D; unventilated D only while stopping.",
    "power_no_trip": "The coil is off with any trip that opens; with a graceful one it is on only while stopping.",
    "power_tested": "The coil is off unless the self-test passed in this plug-in.",
    "power_locked": "With a lock fitted, the coil is off unless the lock is shown closed and held closed.",
    "power_wanted": "Closing and closed last only while the request is live, available and enabled.",
    "second_contactor": "The second contactor is on only together with the first, for three phases, where it is fitted.",
    "weld_stays": "A weld is forgotten by nothing.",
    "weld_silent": "With a weld the pilot is in state F and the coil off.",
    "residual_stays": "A residual-current trip goes only when the pilot shows that nobody is plugged in.",
    "pwm_allowed": "PWM only with a vehicle, after the self-test, without a trip, in offering to closed or while opening.",
    "pwm_duty": "The duty is 10 % to 96 %, or the pilot is steady; never 5 %.",
    "offer_permitted": "While the coil is off, a new offer is never above what request, cable, temperature and S2 permit.",
    "stop_opens": "An orderly stop whose 6 s are over opens in that tick.",
    "stop_steady": "While stopping the pilot is steady +12 V.",
    "test_alone": "The monitor's test output is on in the self-test only.",
    "leaves_opens": "From every state with the coil on, two bursts that show no vehicle open it.",
    "charges_again": "From every state without a weld, a healthy world in which the vehicle leaves and comes again ends in closed.",
    "unlock_open": "The lock is released only with the contactor shown open, never with a weld.",
}


class Broken(AssertionError):
    """A rule does not hold. trace: what the world did, one line a tick."""

    def __init__(self, rule, trace, state):
        super().__init__("%s: %s\n  %s\n  -> %s" % (rule, RULES.get(rule, ""), "\n  ".join(trace), state))
        self.rule, self.trace = rule, trace


def rules_of(model):
    """{stage name: rule(key before) -> name of what is broken or None}; they look at the live core after the stage."""
    core = model.core
    fitted, outputs, inputs, request, pilot, driver = core.fitted, core.outputs, core.inputs, core.request, core.pilot, core.driver
    at_coil, at_trips, at_phase = INDEX["coil_1"], INDEX["trips"], INDEX["phase"]
    at_pwm, at_lock, at_left = INDEX["pwm_on"], INDEX["lock_wanted"], INDEX["phase_left"]
    kept_for_good = WELDED | RESIDUAL
    opening_trips = ~trips.GRACEFUL

    def before_step(key):
        if outputs.coil_1 and not key[at_coil]:
            return "closes_in_step"
        lost = key[at_trips] & kept_for_good
        if lost:
            if lost & WELDED and not core.trips & trips.WELDED:
                return "weld_stays"
            if lost & RESIDUAL and not core.trips & trips.RESIDUAL and not (pilot.state == cp.A and pilot.fresh):
                return "residual_stays"
        return None

    def closing(key):
        if key[at_phase] != OFFERING or not key[at_pwm] or key[INDEX["driven"]] != 1:
            return "closes_from_offer"
        state = pilot.state
        if not (state == cp.C or state == cp.D and fitted.ventilated) or pilot.raw != state:
            return "closes_in_c"
        if key[INDEX["low_good"]] < 5:
            return "closes_with_diode"
        if key[INDEX["reclose"]]:
            return "closes_after_pause"
        if not wanted() or request.offered_ma < limits.OFFER_MIN_MA:
            return "closes_on_request"
        if core.trips or not core.self_tested or fitted.pe_monitor and inputs.pe_ok == 0 or (
                fitted.lock and inputs.lock_closed != 1) or fitted.feedback and (inputs.feedback_1 != 0 or inputs.feedback_2 == 1):
            return "closes_healthy"
        return None

    def wanted():
        return core._alive_left_ms > 0 and request.available == 1 and inputs.enable != 0

    def powered(phase):
        if phase != CLOSED and phase != CLOSING and phase != STOPPING:
            return "power_phase"
        if pilot.state != cp.C and (pilot.state != cp.D or not fitted.ventilated and phase != STOPPING):
            return "power_vehicle"
        if core.trips and (core.trips & opening_trips or phase != STOPPING):
            return "power_no_trip"
        if not core.self_tested:
            return "power_tested"
        if fitted.lock and not (inputs.lock_closed == 1 and outputs.lock_wanted):
            return "power_locked"
        if phase != STOPPING and not wanted():
            return "power_wanted"
        if outputs.coil_2 != (1 if fitted.contactors == 2 and core.phases == 3 else 0):
            return "second_contactor"
        return None

    def after_step(key):
        phase = core.phase
        high_ns = outputs.pilot_high_ns
        broken = None
        if outputs.coil_1:
            if not key[at_coil]:
                broken = closing(key)
            broken = broken or powered(phase)
        elif phase == CLOSED or phase == CLOSING or phase == STOPPING:
            broken = "power_phase"
        elif outputs.coil_2:
            broken = "second_contactor"
        if broken:
            return broken
        if 0 < high_ns < limits.PILOT_STEADY_HIGH_NS:
            if not driver.pwm_on or core.trips or not core.self_tested or not cp.B <= pilot.state <= cp.D or not (
                    OFFERING <= phase <= CLOSED or phase == OPENING):
                return "pwm_allowed"
            if not 100000 <= high_ns <= 960000 or core.offered_ma < limits.OFFER_MIN_MA:
                return "pwm_duty"
            if not outputs.coil_1 and phase == OFFERING and core.offered_ma > permitted_ma():
                return "offer_permitted"
        elif driver.pwm_on or core.offered_ma:
            return "pwm_duty"
        if phase == STOPPING:
            if high_ns != limits.PILOT_STEADY_HIGH_NS:
                return "stop_steady"
            if key[at_phase] == STOPPING and not key[at_left]:
                return "stop_opens"
        if core.trips & trips.WELDED:
            if high_ns or outputs.coil_1 or phase != TRIPPED and phase != OPENING:
                return "weld_silent"
        elif key[at_trips] & WELDED:
            return "weld_stays"
        if outputs.rcd_test and (phase != SELFTEST or outputs.coil_1 or high_ns != limits.PILOT_STEADY_HIGH_NS):
            return "test_alone"
        if key[at_lock] and not outputs.lock_wanted and (outputs.coil_1 or core.trips & trips.WELDED or fitted.feedback and (
                inputs.feedback_1 != 0 or inputs.feedback_2 == 1)):
            return "unlock_open"
        return None

    def permitted_ma():
        """Worked out apart from the core."""
        most_ma = min(request.offered_ma, limits.OFFER_MAX_MA)
        if core.cable.rating_a >= 0:
            most_ma = min(most_ma, core.cable.rating_a * 1000)
        if core.simplified:
            most_ma = min(most_ma, 10000 if fitted.simplified else 0)
        return max(most_ma * (100, 75, 50, 1, 0)[core.temperature.level] // 100, limits.OFFER_MIN_MA)

    return {"time passes": before_step, "pilot and vehicle": before_step, "protection": before_step, "orders": before_step,
            "request and outputs": after_step}
