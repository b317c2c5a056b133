"""The safety core: permits power or takes it away. Nothing else can close the contactor.

Pure: no machine, no asyncio, no clock, no allocation in tick(). It is called every 10 ms with the time, the inputs and the
request record, and answers with the outputs. Two ways of taking power away: trip() opens now; request_stop() asks the vehicle
first. All times are countdowns: at 0 they stay, so no wrap of the clock can bring an old one back.
"""

from micropython import const

from firmware.safety import control_pilot as cp
from firmware.safety import limits, monitor_test, pilot_driver, trips
from firmware.safety.contactor_watch import ContactorWatch
from firmware.safety.io_image import Inputs, Outputs, Request
from firmware.safety.limits import count_down, elapsed_ms
from firmware.safety.monitor_test import MonitorTest
from firmware.safety.pilot_driver import PilotDriver
from firmware.safety.protection import CurrentWatch, SupplyWatch, TemperatureWatch
from firmware.safety.proximity_pilot import IMPOSSIBLE, CableReader
from firmware.safety.socket_lock import SocketLock

# phases of a plug-in; the order is that of a charge
IDLE = const(0)        # no vehicle: steady +12 V
SELFTEST = const(1)    # the residual-current monitor is tested, before PWM
READY = const(2)       # tests passed, nothing offered: steady +12 V
OFFERING = const(3)    # PWM on, contactor open
WAKING = const(4)      # pilot interrupted for a vehicle that sleeps
CLOSING = const(5)     # coil on, feedback awaited
CLOSED = const(6)      # power flows
STOPPING = const(7)    # steady +12 V, the vehicle shall open S2
OPENING = const(8)     # coil off, feedback awaited
TRIPPED = const(9)     # a trip is active, contactor open

PHASE_NAMES = ("idle", "selftest", "ready", "offering", "waking", "closing", "closed", "stopping", "opening", "tripped")


class SafetyCore:
    """One charging point. `fitted` says what the board has. Read-only for others: phase, trips, offered_ma, pilot.state, …"""

    def __init__(self, fitted, survived=0, restarted=0):
        """survived: trips of before a reset (only those that a reset does not end count); restarted: 1 where this start is no
        power-on, so that power may have flowed a moment ago."""
        self.fitted = fitted
        self.inputs = Inputs()
        self.outputs = Outputs()
        self.request = Request()
        self.pilot = cp.PilotReader()
        self.driver = PilotDriver()
        self.cable = CableReader(fitted.socket)
        self.lock = SocketLock(fitted)
        self.contactors = ContactorWatch(fitted)
        self.monitor = MonitorTest()
        self.current = CurrentWatch(fitted)
        self.supply = SupplyWatch(fitted)
        self.temperature = TemperatureWatch()
        self.phase = IDLE
        self.trips = survived & trips.SURVIVING   # active bits of trips.py
        self.causes = 0             # bits whose cause holds now
        self.offered_ma = 0         # what the duty says now
        self.phases = fitted.phases  # closed now, or to be closed next
        self.self_tested = 0        # 1: passed in this plug-in
        self.simplified = 0         # 1: the vehicle went from A to C or D: no S2; 2: it was in C or D when we began: not known
        self.unplugged_in_charge = 0  # counts; not a fault
        self._started = 0
        self._tick_ms = 0
        self._last_state = cp.UNKNOWN
        self._seq = 0
        self._clear_seq = 0
        self._selftest_seq = 0
        self._wake_seq = 0
        self._unlock_seq = 0
        self._wake_armed = 0
        self._retest = 0            # 1: the self-test was ordered; done with the contactor open
        self._alive_left_ms = 0     # until the request counts as dead
        self._phase_left_ms = 0     # STOPPING: until opened under load; WAKING: until over; CLOSING, OPENING: without feedback
        self._reclose_left_ms = 0
        self._switch_left_ms = 0    # since the contactor opened: until another number of phases may be closed
        self._wake_left_ms = limits.WAKE_AFTER_MS
        if restarted:
            self._reclose_left_ms = limits.RECLOSE_MS
            self.driver.pause_left_ms = limits.PWM_PAUSE_MS

    # ---- the two ways of taking power away

    def trip(self, bit):
        """Open now and remember why. `bit` is one of trips.py."""
        if bit & trips.PILOT_F & ~self.trips:
            self.driver.hold_fault()
        self.trips |= bit
        self._coil_off()
        if self.phase != OPENING:
            self._enter(TRIPPED)

    def request_stop(self):
        """Take power away gracefully: steady +12 V, then the vehicle has 6 s to open S2."""
        if self.phase == CLOSED:
            self._enter(STOPPING)
            self._phase_left_ms = limits.STOP_WAIT_MS
        elif self.phase == CLOSING:
            self._coil_off()
        elif self.phase == OFFERING or self.phase == WAKING:
            self._enter(READY)

    # ---- every 10 ms

    def tick(self, now_ms):
        """One step. Allocates nothing. now_ms: ticks_ms, 30 bits."""
        if not self._started:
            self._start(now_ms)
        gap_ms = min(elapsed_ms(now_ms, self._tick_ms), limits.GAP_MAX_MS)
        self._tick_ms = now_ms
        self._count_down(gap_ms)
        self._read(gap_ms)
        self._follow_vehicle()
        self._protect(gap_ms)
        self._take_orders()
        self._step(gap_ms)
        self._drive_pilot()
        self._drive_rest()

    def _start(self, now_ms):
        self._started = 1
        self._tick_ms = now_ms
        self._seq = self.request.seq
        self._clear_seq = self.request.clear_seq
        self._selftest_seq = self.request.selftest_seq
        self._wake_seq = self.request.wake_seq
        self._unlock_seq = self.request.unlock_seq
        self.pilot.start(self.inputs)
        self.lock.start(self.inputs, self.outputs)

    def _count_down(self, gap_ms):
        self._alive_left_ms = count_down(self._alive_left_ms, gap_ms)
        self._phase_left_ms = count_down(self._phase_left_ms, gap_ms)
        self._reclose_left_ms = count_down(self._reclose_left_ms, gap_ms)
        self._switch_left_ms = count_down(self._switch_left_ms, gap_ms)
        self.driver.count_down(gap_ms)
        self.monitor.count_down(gap_ms, self.outputs)
        self.lock.count_down(gap_ms, self.inputs, self.outputs)
        if self.phase == OFFERING and self.pilot.state == cp.B:
            self._wake_left_ms = count_down(self._wake_left_ms, gap_ms)
        else:
            self._wake_left_ms = limits.WAKE_AFTER_MS

    def _read(self, gap_ms):
        inputs, request = self.inputs, self.request
        if request.seq != self._seq:
            self._seq = request.seq
            self._alive_left_ms = limits.HEARTBEAT_MS
        if self.phase == WAKING:
            self.pilot.hold(inputs)
        else:
            self.pilot.update(gap_ms, inputs, self.driver.pwm_on and self.driver.settle_left_ms == 0,
                              self.outputs.pilot_high_ns == limits.PILOT_STEADY_LOW_NS)
        self.cable.update(inputs.pp_ohm)
        self.temperature.update(gap_ms, inputs)

    # ---- what the vehicle does

    def _follow_vehicle(self):
        state, last = self.pilot.state, self._last_state
        if state == last:
            return
        self._last_state = state
        if last == cp.C:
            self._reclose_after(limits.RECLOSE_MS)
        elif last >= cp.D:                        # D, E, F
            self._reclose_after(limits.RECLOSE_DEF_MS)
        if state == cp.C or state == cp.D:
            if last == cp.A:
                self.simplified = 1
            elif last == cp.UNKNOWN:
                self.simplified = 2
        elif state == cp.B and self.simplified == 2:
            self.simplified = 0                   # it opened its S2
        if self.outputs.coil_1 and state != cp.C and state != cp.D:
            if state == cp.A:
                self.unplugged_in_charge = (self.unplugged_in_charge + 1) & limits.TICKS_MASK
            self._coil_off()
        if state == cp.A:
            self.self_tested = 0
            self.simplified = 0
            self.lock.ordered_open = 0
            self._wake_armed = 0

    def _reclose_after(self, wait_ms):
        self._reclose_left_ms = max(self._reclose_left_ms, wait_ms)

    def reclose_left_ms(self):
        """ms until the contactor may close again."""
        return self._reclose_left_ms

    def vehicle(self):
        """1: the pilot says that a vehicle is there (B to E)."""
        return 1 if cp.B <= self.pilot.state <= cp.E else 0

    # ---- what takes power away

    def _protect(self, gap_ms):
        causes = self._causes(gap_ms)
        self.causes = causes
        self.trips &= ~(trips.SELF_CLEARING & ~causes)
        if self.pilot.state == cp.A and self.pilot.fresh:
            self.trips &= causes | trips.POWER_CYCLE        # nobody is plugged in: what is gone is forgotten
            self.supply.unplugged()
        if causes & ~trips.GRACEFUL:
            self.trip(causes & ~trips.GRACEFUL)
        if causes & trips.GRACEFUL:
            self.trips |= causes & trips.GRACEFUL
            self.request_stop()

    def _causes(self, gap_ms):
        inputs = self.inputs
        energised = self.outputs.coil_1
        found = self._pilot_causes()
        if self.phase > SELFTEST and self.monitor.quiet_left_ms == 0:
            if inputs.rcd_tripped == 1:
                found |= trips.RCD_AC
            if inputs.rdc_dd_tripped == 1:
                found |= trips.RDC_DD
        if self.vehicle():
            if inputs.pe_ok == 0 and self.fitted.pe_monitor:
                found |= trips.PE_LOST
            if self.cable.rating_a == IMPOSSIBLE:
                found |= trips.CABLE
        if inputs.guard_opened:
            found |= trips.GUARD
        if energised and gap_ms > limits.TICK_LATE_MS:
            found |= trips.TICK_LATE
        if inputs.upstream_tripped == 1:
            found |= trips.UPSTREAM
        if self.lock.failed(inputs, energised):
            found |= trips.LOCK
        if self.fitted.feedback:
            found |= self.contactors.update(gap_ms, inputs, self.outputs)
        if self.supply.update(gap_ms, inputs):
            found |= trips.SUPPLY
        if self.current.update(gap_ms, inputs, self.offered_ma, energised):
            found |= trips.OVERCURRENT
        if self.temperature.level >= limits.TEMPERATURE_LEVELS:
            found |= trips.TEMPERATURE
        if self.temperature.failed:
            found |= trips.SENSOR
        return found

    def _pilot_causes(self):
        pilot = self.pilot
        found = 0
        if pilot.stale_left_ms == 0:
            found = trips.PILOT_STALE
        if pilot.undefined_left_ms == 0:
            found |= trips.PILOT_UNDEFINED
        if pilot.state == cp.E:
            found |= trips.PILOT_SHORT
        if pilot.state == cp.D and not self.fitted.ventilated:
            found |= trips.VENTILATION
        if pilot.low_bad >= limits.DIODE_LOST_BURSTS:
            found |= trips.DIODE
        return found

    # ---- orders

    def _take_orders(self):
        request = self.request
        if request.clear_seq != self._clear_seq:
            self._clear_seq = request.clear_seq
            self.trips &= self.causes | trips.POWER_CYCLE | trips.UNPLUG_ONLY
        if request.selftest_seq != self._selftest_seq:
            self._selftest_seq = request.selftest_seq
            self._retest = 1
            self.request_stop()
        if request.wake_seq != self._wake_seq:
            self._wake_seq = request.wake_seq
            self._wake_armed = 1 if self.pilot.state != cp.A else 0
        if request.unlock_seq != self._unlock_seq:
            self._unlock_seq = request.unlock_seq
            self.lock.ordered_open = 1 if self.pilot.state != cp.A else 0   # without a vehicle it is open as it is
            self.request_stop()

    def _permitted_ma(self):
        """What may be offered now: the request, capped by cable, temperature and a vehicle without S2."""
        offered_ma = min(self.request.offered_ma, self.cable.cap_ma(limits.OFFER_MAX_MA))
        if self.simplified:
            offered_ma = min(offered_ma, limits.SIMPLIFIED_MA) if self.fitted.simplified else 0
        return self.temperature.derated_ma(offered_ma)

    def _wanted(self):
        request = self.request
        return (self.trips == 0 and self._alive_left_ms > 0 and request.available == 1 and self.inputs.enable != 0
                and not self.lock.ordered_open and not self._retest and self._phases_wanted() == self.phases
                and self._permitted_ma() >= limits.OFFER_MIN_MA)

    def _phases_wanted(self):
        if self.fitted.contactors == 1:
            return self.fitted.phases
        return 3 if self.request.phases == 3 and self.fitted.phases == 3 else 1

    # ---- the way to power and back

    def _step(self, gap_ms):
        phase = self.phase
        if phase == OPENING:
            if self._shown_open():
                self._after_opening()
        elif phase == STOPPING:
            if self._phase_left_ms == 0:
                self._coil_off()                      # the vehicle did not react: open under load
        elif phase == TRIPPED:
            if self.trips == 0 and self.driver.fault_left_ms == 0:
                self._enter(IDLE)
        elif phase == CLOSED:
            if not self._wanted():
                self.request_stop()
        elif phase == CLOSING:
            if not self._wanted():
                self.request_stop()
            elif self._shown_closed():
                self._enter(CLOSED)
        elif self.trips or self.driver.fault_left_ms:     # nothing begins while state F is held
            self._enter(TRIPPED)
        elif not self.vehicle():
            self._enter(IDLE)
        elif not self.self_tested or self._retest:
            self._test(gap_ms)
        else:
            self._offer_step()

    def _offer_step(self):
        """Tests passed, contactor open: offer, wake, close."""
        if self._phases_wanted() != self.phases:
            self._take_phases()
            self.request_stop()
        elif not self._wanted():
            self._enter(READY)
        elif self.phase == WAKING:
            if self._phase_left_ms == 0:
                self._enter(OFFERING)
        elif self.phase != OFFERING:
            if self.driver.pause_left_ms == 0:
                self._enter(OFFERING)
            else:
                self._enter(READY)
        elif self._may_close():
            self._close()
        elif self._wake_armed and self._wake_left_ms == 0:
            self._wake_armed = 0
            self._enter(WAKING)
            self._phase_left_ms = limits.WAKE_MS + limits.WAKE_SETTLE_MS

    def _take_phases(self):
        if self._phases_wanted() != self.phases:
            self.phases = self._phases_wanted()
            self._reclose_after(self._switch_left_ms)

    def _test(self, gap_ms):
        self._take_phases()
        if self.phase != SELFTEST:
            self._enter(SELFTEST)
            self.self_tested = 0
            self._retest = 0
            self.monitor.begin()
            return
        result = self.monitor.step(gap_ms, self.inputs, self.outputs) if self.fitted.rcd_test else monitor_test.PASSED
        if result == monitor_test.FAILED:
            self.trip(trips.RCD_TEST)
        elif result == monitor_test.PASSED and (not self.fitted.feedback or self.contactors.shown_open(self.inputs)):
            self.self_tested = 1
            self._enter(READY)

    def _shown_open(self):
        if self.fitted.feedback:
            return self.contactors.shown_open(self.inputs)
        return self._phase_left_ms == 0

    def _shown_closed(self):
        if self.fitted.feedback:
            return self.contactors.shown_closed(self.inputs, self.outputs)
        return self._phase_left_ms == 0

    def _after_opening(self):
        if self.trips:
            self._enter(TRIPPED)
        elif self.driver.pwm_on and self._wanted() and self.self_tested and self.vehicle():
            self._enter(OFFERING)                     # PWM stays on, the vehicle may ask again (sequence 8.1)
        elif self.self_tested and self.vehicle():
            self._enter(READY)
        else:
            self._enter(IDLE)

    def _may_close(self):
        inputs, state = self.inputs, self.pilot.state
        return ((state == cp.C or state == cp.D and self.fitted.ventilated)
                and self.pilot.raw == state
                and self.pilot.low_good >= limits.DIODE_GOOD_BURSTS
                and self._reclose_left_ms == 0
                and (inputs.pe_ok != 0 or not self.fitted.pe_monitor)
                and self.lock.closed(inputs)
                and (not self.fitted.feedback or self.contactors.shown_open(inputs)))

    def _close(self):
        self.outputs.coil_1 = 1
        self.outputs.coil_2 = 1 if self.phases == 3 and self.fitted.contactors == 2 else 0
        self._enter(CLOSING)
        self._phase_left_ms = limits.CONTACTOR_FEEDBACK_MS

    def _coil_off(self):
        """Coils off; if one was on, the feedback must show it."""
        if self.outputs.coil_1:
            self.outputs.coil_1 = 0
            self.outputs.coil_2 = 0
            self.contactors.restart()
            self._reclose_after(limits.RECLOSE_MS)
            self._switch_left_ms = limits.PHASE_SWITCH_MS
            self._enter(OPENING)
            self._phase_left_ms = limits.CONTACTOR_FEEDBACK_MS

    def _enter(self, phase):
        if phase != self.phase:
            self.phase = phase
            self.outputs.rcd_test = 0

    # ---- outputs

    def _drive_pilot(self):
        phase, shape = self.phase, pilot_driver.STEADY
        if self.trips & trips.POWER_CYCLE or self.driver.fault_left_ms:
            shape = pilot_driver.FAULT         # for good after a weld; else held, then +12 V: F hides whether a vehicle is there
        elif self._interrupted() and not self.fitted.cp_disconnect:
            shape = pilot_driver.FAULT
        elif self.trips == 0 and OFFERING <= phase <= CLOSED:
            shape = pilot_driver.PWM
            self.driver.follow(self._permitted_ma(), self.outputs.coil_1)
        elif self.trips == 0 and phase == OPENING and self.driver.pwm_on and self.vehicle():
            shape = pilot_driver.KEEP          # the vehicle left C by itself: PWM stays (sequence 8.1)
        if self.driver.drive(self.outputs, shape, self.vehicle()):
            self.pilot.forget_low()
        self.offered_ma = self.driver.offered_ma

    def _interrupted(self):
        return self.phase == WAKING and self._phase_left_ms > limits.WAKE_SETTLE_MS

    def _drive_rest(self):
        outputs, phase = self.outputs, self.phase
        if self.trips & ~trips.GRACEFUL == 0 and OFFERING <= phase <= STOPPING:
            outputs.coil_watchdog = 1 - outputs.coil_watchdog     # the charge pump is armed before the coil is asked for
        outputs.cp_disconnect = 1 if self._interrupted() and self.fitted.cp_disconnect else 0
        unlock = (self.lock.ordered_open or self.request.available == 0 or not self.vehicle() or self.trips) and (
            not outputs.coil_1 and phase != OPENING and not self.trips & trips.WELDED
            and (not self.fitted.feedback or self.contactors.shown_open(self.inputs)))
        self.lock.drive(outputs, phase == OFFERING, unlock)
