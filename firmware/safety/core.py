"""The safety core: permits power or takes it away. Nothing else can close the contactor.

Pure: no machine, no asyncio, no clock, no allocation in tick(). It is called every 10 ms with the time, the inputs and the request
record, and answers with the outputs. Two ways of taking power away: trip() opens now; request_stop() asks the vehicle first.
"""

from micropython import const

from firmware.safety import control_pilot as cp
from firmware.safety import limits, trips
from firmware.safety.io_image import NOT_FITTED, Inputs, Outputs, Request
from firmware.safety.limits import elapsed_ms

# phases of a plug-in; the order is that of a charge
IDLE = const(0)        # no vehicle, or nothing may be offered: steady +12 V
SELFTEST = const(1)    # residual-current monitor is tested, before PWM
READY = const(2)       # tests passed, nothing offered (no request): steady +12 V
OFFERING = const(3)    # PWM on, contactor open
CLOSING = const(4)     # coil on, feedback awaited
CLOSED = const(5)      # power flows
STOPPING = const(6)    # steady +12 V, the vehicle shall open S2
OPENING = const(7)     # coil off, feedback awaited
TRIPPED = const(8)     # a trip is active, contactor open

PHASE_NAMES = ("idle", "selftest", "ready", "offering", "closing", "closed", "stopping", "opening", "tripped")

_TEST_ON = const(0)
_TEST_RELEASE = const(1)


class SafetyCore:
    """One charging point. `fitted` says what the board has. Read-only for others: phase, trips, offered_ma, pilot.state."""

    def __init__(self, fitted):
        self.fitted = fitted
        self.inputs = Inputs()
        self.outputs = Outputs()
        self.request = Request()
        self.pilot = cp.PilotReader()
        self.phase = IDLE
        self.phase_since_ms = 0
        self.trips = 0              # active bits of trips.py
        self.offered_ma = 0         # what the duty says now
        self.phases = 1             # phases in use or to be used next, taken over with the contactor open
        self.self_tested = 0        # 1: passed in this plug-in
        self.unplugged_in_charge = 0  # counts; not a fault
        self._started = 0
        self._tick_ms = 0
        self._seq = 0
        self._seq_ms = 0
        self._alive = 0             # 1: the request record is renewed in time
        self._clear_seq = 0
        self._selftest_seq = 0
        self._pwm_ms = 0            # since when the pilot has had its form
        self._pwm_on = 0
        self._offer_ms = 0          # last change of the offer
        self._fault_ms = 0          # since when the pilot has been in F
        self._fault_shown = 0       # 1: F has been begun for the trip that is active
        self._reclose_ms = 0        # when C, D, E or F ended
        self._reclose_wait_ms = 0   # 0: nothing to wait for
        self._test_step = _TEST_ON
        self._last_state = cp.UNKNOWN

    # ---- the two ways of taking power away

    def trip(self, bit, now_ms):
        """Open now and remember why. `bit` is one of trips.py."""
        self.trips |= bit
        self._coil_off(now_ms)
        if self.phase != OPENING:
            self._enter(TRIPPED, now_ms)

    def request_stop(self, now_ms):
        """Take power away gracefully: steady +12 V, then the vehicle has 6 s to open S2."""
        if self.phase == CLOSED:
            self._enter(STOPPING, now_ms)
        elif self.phase == CLOSING:
            self._coil_off(now_ms)
        elif self.phase == OFFERING:
            self._enter(READY, now_ms)

    # ---- every 10 ms

    def tick(self, now_ms):
        """One step. Allocates nothing. now_ms: ticks_ms, 30 bits."""
        if not self._started:
            self._start(now_ms)
        gap_ms = elapsed_ms(now_ms, self._tick_ms)
        self._tick_ms = now_ms
        request = self.request
        if request.seq != self._seq:
            self._seq = request.seq
            self._seq_ms = now_ms
            self._alive = 1
        elif elapsed_ms(now_ms, self._seq_ms) > limits.HEARTBEAT_MS:
            self._alive = 0                    # latched: the masked difference comes round every 12.4 days
        if self._reclose_wait_ms and elapsed_ms(now_ms, self._reclose_ms) >= self._reclose_wait_ms:
            self._reclose_wait_ms = 0
        self.pilot.update(now_ms, self.inputs, self._pwm_on and elapsed_ms(now_ms, self._pwm_ms) > limits.PWM_SETTLE_MS)
        self._follow_vehicle(now_ms)
        self._protect(now_ms, gap_ms)
        self._take_orders(now_ms)
        self._step(now_ms, self._wanted(now_ms))
        self._drive_pilot(now_ms)
        self._drive_coil()

    def _start(self, now_ms):
        self._started = 1
        self._tick_ms = now_ms
        self._seq = self.request.seq
        self._seq_ms = now_ms
        self._clear_seq = self.request.clear_seq
        self._selftest_seq = self.request.selftest_seq
        self._reclose_ms = now_ms
        self._fault_ms = now_ms
        self.phase_since_ms = now_ms
        self.pilot.start(now_ms, self.inputs)
        if self.inputs.feedback_1 == 1 or self.inputs.feedback_2 == 1:
            self._enter(OPENING, now_ms)       # closed at start: it gets its time to open, then it is welded

    # ---- what the vehicle does

    def _follow_vehicle(self, now_ms):
        state = self.pilot.state
        if state == cp.A and self.pilot.fresh:
            self.self_tested = 0
            self.trips &= trips.POWER_CYCLE       # a cause that is still there trips again below
            if self.phase != OPENING and self.phase != TRIPPED and not self.outputs.coil_1:
                self._enter(IDLE, now_ms)
        last = self._last_state
        if state == last:
            return
        self._last_state = state
        if last == cp.C:
            self._reclose_after(limits.RECLOSE_MS, now_ms)
        elif last == cp.D or last == cp.E or last == cp.F:
            self._reclose_after(limits.RECLOSE_DEF_MS, now_ms)
        if self.outputs.coil_1 and state != cp.C and state != cp.D:
            if state == cp.A:
                self.unplugged_in_charge = (self.unplugged_in_charge + 1) & limits.TICKS_MASK
            self._coil_off(now_ms)

    def _reclose_after(self, wait_ms, now_ms):
        self._reclose_ms = now_ms
        self._reclose_wait_ms = wait_ms

    # ---- what takes power away at once

    def _protect(self, now_ms, gap_ms):
        inputs = self.inputs
        energised = self.outputs.coil_1
        state = self.pilot.state
        if self.phase != SELFTEST and self.phase != IDLE or energised:
            if inputs.rcd_tripped == 1:
                self.trip(trips.RCD_AC, now_ms)
            if inputs.rdc_dd_tripped == 1:
                self.trip(trips.RDC_DD, now_ms)
        if inputs.guard_opened:
            self.trip(trips.GUARD, now_ms)
        if energised and gap_ms > limits.TICK_LATE_MS:
            self.trip(trips.TICK_LATE, now_ms)
        if self._vehicle():
            if inputs.pe_ok == 0:
                self.trip(trips.PE_LOST, now_ms)
            if state == cp.E:
                self.trip(trips.PILOT_SHORT, now_ms)
            if state == cp.D and not self.fitted.ventilated:
                self.trip(trips.VENTILATION, now_ms)
            if self.pilot.low_bad >= limits.DIODE_LOST_BURSTS:
                self.trip(trips.DIODE, now_ms)
        raw = self.pilot.raw
        if raw == cp.UNDEFINED or raw == cp.F and self.outputs.pilot_high_ns != limits.PILOT_STEADY_LOW_NS:
            if elapsed_ms(now_ms, self.pilot.raw_since_ms) > limits.CP_UNDEFINED_MS:
                self.trip(trips.PILOT_UNDEFINED, now_ms)
        if elapsed_ms(now_ms, self.pilot.seen_ms) > limits.CP_STALE_MS:
            self.trip(trips.PILOT_STALE, now_ms)
        if self.fitted.feedback:
            self._supervise_contactor(now_ms)

    def _supervise_contactor(self, now_ms):
        inputs = self.inputs
        since_ms = elapsed_ms(now_ms, self.phase_since_ms)
        closed = inputs.feedback_1 == 1 or inputs.feedback_2 == 1
        if self.phase == CLOSED or self.phase == STOPPING:
            if inputs.feedback_1 != 1 or self.outputs.coil_2 and inputs.feedback_2 == 0:
                self.trip(trips.NOT_CLOSED, now_ms)
        elif self.phase == CLOSING:
            if since_ms > limits.CONTACTOR_FEEDBACK_MS:
                self.trip(trips.NOT_CLOSED, now_ms)
        elif closed and since_ms > limits.CONTACTOR_FEEDBACK_MS:
            self.trip(trips.WELDED, now_ms)
        elif inputs.feedback_1 == NOT_FITTED:
            self.trip(trips.NOT_CLOSED, now_ms)     # fitted by the board's facts, but nothing reads it

    # ---- orders

    def _take_orders(self, now_ms):
        request = self.request
        if request.clear_seq != self._clear_seq:
            self._clear_seq = request.clear_seq
            self.trips &= trips.POWER_CYCLE | trips.UNPLUG_ONLY
        if request.selftest_seq != self._selftest_seq:
            self._selftest_seq = request.selftest_seq
            self.self_tested = 0
            if self.phase == READY or self.phase == OFFERING:
                self._enter(READY, now_ms)

    def _wanted(self, now_ms):
        request = self.request
        return self._alive == 1 and request.available == 1 and request.offered_ma >= limits.OFFER_MIN_MA

    def _vehicle(self):
        return self.pilot.state >= cp.B and self.pilot.state <= cp.E

    # ---- the way to power and back

    def _step(self, now_ms, wanted):
        phase = self.phase
        since_ms = elapsed_ms(now_ms, self.phase_since_ms)
        if phase == OPENING:
            if self._shown_open(since_ms):
                self._after_opening(now_ms, wanted)
        elif phase == TRIPPED:
            if not self.trips and elapsed_ms(now_ms, self._fault_ms) > limits.FAULT_HOLD_MS:
                self._enter(IDLE, now_ms)
        elif phase == SELFTEST:
            self._test_run(now_ms, since_ms)
        elif phase == STOPPING:
            if since_ms >= limits.STOP_WAIT_MS:
                self._coil_off(now_ms)                # the vehicle did not react: open under load
        elif not self._vehicle() and phase != CLOSED and phase != CLOSING:
            self._enter(IDLE, now_ms)
        elif phase == IDLE or phase == READY:
            if not self.self_tested:
                self._enter(SELFTEST, now_ms)
            else:
                self._enter(OFFERING if wanted else READY, now_ms)
        elif not wanted:
            self.request_stop(now_ms)
        elif phase == OFFERING:
            if self._may_close(now_ms):
                self._close(now_ms)
        elif phase == CLOSING:
            if self._shown_closed(since_ms):
                self._enter(CLOSED, now_ms)

    def _shown_open(self, since_ms):
        if self.fitted.feedback:
            return self.inputs.feedback_1 == 0 and self.inputs.feedback_2 != 1
        return since_ms >= limits.CONTACTOR_FEEDBACK_MS

    def _shown_closed(self, since_ms):
        if self.fitted.feedback:
            return self.inputs.feedback_1 == 1 and (not self.outputs.coil_2 or self.inputs.feedback_2 != 0)
        return since_ms >= limits.CONTACTOR_FEEDBACK_MS

    def _after_opening(self, now_ms, wanted):
        if self.trips:
            self._enter(TRIPPED, now_ms)
        elif wanted and self.self_tested and self._vehicle():
            self._enter(OFFERING, now_ms)             # PWM stays on, the vehicle may ask again (sequence 8.1)
        else:
            self._enter(IDLE, now_ms)

    def _test_run(self, now_ms, since_ms):
        """Residual-current monitor: the test must trip it, and it must come back. Only then is anything offered."""
        if not self.fitted.rcd_test:
            self._test_passed(now_ms)
            return
        tripped = self.inputs.rcd_tripped
        if self._test_step == _TEST_ON:
            if tripped == 1 and self.outputs.rcd_test:
                self.outputs.rcd_test = 0
                self._test_step = _TEST_RELEASE
                self.phase_since_ms = now_ms
            elif since_ms > limits.RCD_TEST_TRIP_MS:
                self.trip(trips.RCD_TEST, now_ms)
            else:
                self.outputs.rcd_test = 1
        elif tripped == 0 and self.inputs.rdc_dd_tripped != 1:
            self._test_passed(now_ms)
        elif since_ms > limits.RCD_TEST_RELEASE_MS:
            self.trip(trips.RCD_TEST, now_ms)

    def _test_passed(self, now_ms):
        self.self_tested = 1
        self._enter(READY, now_ms)

    def _may_close(self, now_ms):
        state = self.pilot.state
        return ((state == cp.C or state == cp.D and self.fitted.ventilated)
                and self.pilot.raw == state
                and self.pilot.low_good >= limits.DIODE_GOOD_BURSTS
                and self._reclose_wait_ms == 0
                and self.self_tested == 1
                and self.trips == 0
                and self.inputs.rcd_tripped != 1 and self.inputs.rdc_dd_tripped != 1
                and self.inputs.pe_ok != 0
                and (not self.fitted.lock or self.inputs.lock_closed == 1)
                and (not self.fitted.feedback or self.inputs.feedback_1 == 0 and self.inputs.feedback_2 != 1))

    def _close(self, now_ms):
        self.phases = 3 if self.request.phases == 3 and self.fitted.phases == 3 else 1
        self.outputs.coil_1 = 1
        self.outputs.coil_2 = 1 if self.phases == 3 and self.fitted.contactors == 2 else 0
        self._enter(CLOSING, now_ms)

    def _coil_off(self, now_ms):
        """Coil off; if it was on, the feedback must show it."""
        if self.outputs.coil_1 or self.outputs.coil_2:
            self.outputs.coil_1 = 0
            self.outputs.coil_2 = 0
            if self._reclose_wait_ms < limits.RECLOSE_MS:
                self._reclose_wait_ms = limits.RECLOSE_MS
            self._reclose_ms = now_ms
            self._enter(OPENING, now_ms)

    def _enter(self, phase, now_ms):
        if phase == self.phase:
            return
        if self.phase == SELFTEST:
            self.outputs.rcd_test = 0
        if phase == SELFTEST:
            self._test_step = _TEST_ON
        self.phase = phase
        self.phase_since_ms = now_ms

    # ---- outputs

    def _drive_pilot(self, now_ms):
        high_ns = limits.PILOT_STEADY_HIGH_NS
        if self._in_fault(now_ms):
            high_ns = limits.PILOT_STEADY_LOW_NS
        elif not self.trips and (self.phase == OFFERING or self.phase == CLOSING or self.phase == CLOSED):
            self._follow_request(now_ms)
            high_ns = cp.high_ns_from_ma(self.offered_ma)
        elif not self.trips and self.phase == OPENING and self._pwm_on and self._vehicle():
            high_ns = self.outputs.pilot_high_ns      # the vehicle left C by itself: PWM stays (sequence 8.1)
        if high_ns != self.outputs.pilot_high_ns:
            pwm_on = 1 if 0 < high_ns < limits.PILOT_STEADY_HIGH_NS else 0
            if pwm_on != self._pwm_on:
                self._pwm_on = pwm_on
                self._pwm_ms = now_ms
                self.pilot.forget_low()
            self.outputs.pilot_high_ns = high_ns
        if not self._pwm_on:
            self.offered_ma = 0

    def _in_fault(self, now_ms):
        """State F: for good after a weld; else for its least time, then +12 V, because F hides whether a vehicle is there."""
        if self.trips & trips.POWER_CYCLE:
            return True
        if not self.trips & trips.PILOT_F:
            self._fault_shown = 0
            return False
        if not self._fault_shown:
            self._fault_shown = 1
            self._fault_ms = now_ms
        return elapsed_ms(now_ms, self._fault_ms) <= limits.FAULT_HOLD_MS

    def _follow_request(self, now_ms):
        offer_ma = self.request.offered_ma
        if offer_ma < limits.OFFER_MIN_MA:
            offer_ma = self.offered_ma                # request_stop() is due on the next tick; never less than 6 A
        if offer_ma > limits.OFFER_MAX_MA:
            offer_ma = limits.OFFER_MAX_MA
        if offer_ma > self.offered_ma and self.phase == CLOSED:
            if elapsed_ms(now_ms, self._offer_ms) < limits.OFFER_CHANGE_MS:
                offer_ma = self.offered_ma            # rising waits (sequence 6); falling is taken over at once
        if offer_ma != self.offered_ma:
            self.offered_ma = offer_ma
            self._offer_ms = now_ms

    def _drive_coil(self):
        outputs = self.outputs
        if self._may_toggle():
            outputs.coil_watchdog = 1 - outputs.coil_watchdog
        outputs.lock_wanted = 1 if self.fitted.lock and self.phase >= OFFERING and self.phase <= OPENING else 0

    def _may_toggle(self):
        """The charge pump runs while power may flow soon or flows: armed before the coil is asked for."""
        return self.trips == 0 and (self.phase == OFFERING or self.phase == CLOSING or self.phase == CLOSED
                                    or self.phase == STOPPING)
