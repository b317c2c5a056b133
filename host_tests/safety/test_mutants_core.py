"""The core's steps, each by itself: beginning, taking power away, reading, following the vehicle.

The scenarios of the other files show that the whole holds; here a slip in one step shows in a few microseconds.
"""

import unittest

from firmware.safety import control_pilot as cp
from firmware.safety import trips
from firmware.safety.core import CLOSED, CLOSING, IDLE, OFFERING, OPENING, READY, SELFTEST, STOPPING, TRIPPED, WAKING, SafetyCore
from firmware.safety.io_image import Fitted
from host_tests.safety.steps import PHASES, STATES, energised, healthy

FRESH = {
    "phase": IDLE, "trips": 0, "causes": 0, "offered_ma": 0, "phases": 3, "self_tested": 0, "simplified": 0,
    "unplugged_in_charge": 0, "_started": 0, "_tick_ms": 0, "_last_state": cp.UNKNOWN, "_seq": 0, "_clear_seq": 0,
    "_selftest_seq": 0, "_wake_seq": 0, "_unlock_seq": 0, "_wake_armed": 0, "_retest": 0, "_alive_left_ms": 0,
    "_phase_left_ms": 0, "_reclose_left_ms": 0, "_switch_left_ms": 0, "_wake_left_ms": 30000,
}
COUNTDOWNS = ("_alive_left_ms", "_phase_left_ms", "_reclose_left_ms", "_switch_left_ms")


class TestBeginning(unittest.TestCase):
    def test_a_core_that_was_never_called_has_nothing_on_nothing_tested_and_no_time_left(self):
        core = SafetyCore(Fitted())
        for name, value in FRESH.items():
            with self.subTest(name=name):
                self.assertEqual(getattr(core, name), value)
        self.assertEqual(SafetyCore(Fitted(phases=1)).phases, 1)

    def test_residual_current_and_weld_survive_a_reset_and_nothing_else_does(self):
        self.assertEqual(SafetyCore(Fitted(), trips.ALL).trips, trips.RCD_AC | trips.RDC_DD | trips.WELDED)
        self.assertEqual(SafetyCore(Fitted(), trips.ALL, 1).trips, trips.RCD_AC | trips.RDC_DD | trips.WELDED)

    def test_a_start_that_is_no_power_on_waits_as_after_a_charge(self):
        for restarted, reclose_ms, pause_ms in ((0, 0, 0), (1, 5000, 3000)):
            core = SafetyCore(Fitted(), 0, restarted)
            self.assertEqual((core.trips, core._reclose_left_ms, core.driver.pause_left_ms), (0, reclose_ms, pause_ms))

    def test_the_cable_is_that_of_a_socket_where_the_board_has_one(self):
        for socket in (0, 1):
            self.assertEqual(SafetyCore(Fitted(socket=socket)).cable._socket, socket)

    def test_the_first_tick_takes_the_orders_that_are_there_as_done(self):
        core = SafetyCore(Fitted(lock=1))
        request = core.request
        request.seq, request.clear_seq, request.selftest_seq, request.wake_seq, request.unlock_seq = 11, 12, 13, 14, 15
        core.inputs.cp_burst, core.inputs.lock_closed = 16, 1
        core._start(17)
        self.assertEqual((core._started, core._tick_ms), (1, 17))
        self.assertEqual((core._seq, core._clear_seq, core._selftest_seq, core._wake_seq, core._unlock_seq), (11, 12, 13, 14, 15))
        self.assertEqual((core.pilot._burst, core.outputs.lock_wanted), (16, 1))

    def test_only_the_first_tick_starts(self):
        core = SafetyCore(Fitted())
        core.tick(5)
        core.request.seq = 1
        core.tick(15)
        self.assertEqual((core._tick_ms, core._alive_left_ms), (15, 2000))

    def test_a_gap_longer_than_60_s_counts_as_60_s(self):
        for gap_ms, left_ms in ((59999, 40001), (60000, 40000), (60001, 40000), (1 << 29, 40000)):
            core = SafetyCore(Fitted())
            core.tick(0)
            core._switch_left_ms = 100000
            core.tick(gap_ms)
            self.assertEqual(core._switch_left_ms, left_ms)


class TestTakingAway(unittest.TestCase):
    def test_trip_opens_and_remembers_beside_what_is_there(self):
        core = energised(healthy())
        core.trips = trips.SUPPLY
        core.trip(trips.PE_LOST)
        self.assertEqual((core.trips, core.phase, core.outputs.coil_1), (trips.SUPPLY | trips.PE_LOST, OPENING, 0))
        self.assertEqual(core.driver.fault_left_ms, 0)

    def test_trip_without_power_is_tripped_in_every_phase_but_opening(self):
        for phase in PHASES:
            core = healthy()
            core.phase = phase
            core.trip(trips.DIODE)
            self.assertEqual(core.phase, OPENING if phase == OPENING else TRIPPED)

    def test_state_f_is_held_for_a_new_trip_that_wants_it_and_no_other(self):
        for bit, before, held in ((trips.RCD_AC, 0, 1000), (trips.RDC_DD, 0, 1000), (trips.WELDED, 0, 1000), (trips.DIODE, 0, 0),
                                  (trips.RCD_AC, trips.RCD_AC, 0), (trips.RCD_AC, trips.RDC_DD, 1000)):
            core = healthy()
            core.trips = before
            core.trip(bit)
            self.assertEqual(core.driver.fault_left_ms, held)

    def test_request_to_stop_in_every_phase(self):
        after = {OFFERING: READY, WAKING: READY, CLOSING: OPENING, CLOSED: STOPPING}
        for phase in PHASES:
            core = energised(healthy(), phase) if phase in (CLOSING, CLOSED, STOPPING) else healthy()
            core.phase = phase
            core._phase_left_ms = 77
            core.request_stop()
            self.assertEqual(core.phase, after.get(phase, phase))
            self.assertEqual(core._phase_left_ms, {CLOSED: 6000, CLOSING: 200}.get(phase, 77))
            self.assertEqual(core.outputs.coil_1, 1 if phase in (CLOSED, STOPPING) else 0)

    def test_coil_off_opens_both_and_starts_what_must_be_waited_for(self):
        core = energised(healthy())
        core.contactors.left_1_ms = core.contactors.left_2_ms = 5
        core._coil_off()
        self.assertEqual((core.outputs.coil_1, core.outputs.coil_2, core.phase), (0, 0, OPENING))
        self.assertEqual((core._reclose_left_ms, core._switch_left_ms, core._phase_left_ms), (5000, 10000, 200))
        self.assertEqual((core.contactors.left_1_ms, core.contactors.left_2_ms), (200, 200))

    def test_coil_off_with_the_coil_off_changes_nothing(self):
        core = healthy()
        core._coil_off()
        self.assertEqual((core.phase, core._reclose_left_ms, core._switch_left_ms, core._phase_left_ms), (OFFERING, 0, 0, 0))

    def test_a_longer_wait_before_closing_again_is_kept(self):
        core = healthy()
        for wait_ms, left_ms in ((5000, 5000), (30000, 30000), (5000, 30000)):
            core._reclose_after(wait_ms)
            self.assertEqual(core._reclose_left_ms, left_ms)

    def test_entering_a_phase_ends_the_monitors_test_and_staying_does_not(self):
        for before, phase, test in ((SELFTEST, READY, 0), (SELFTEST, IDLE, 0), (SELFTEST, SELFTEST, 1), (TRIPPED, TRIPPED, 1)):
            core = healthy()
            core.phase, core.outputs.rcd_test = before, 1
            core._enter(phase)
            self.assertEqual((core.phase, core.outputs.rcd_test), (phase, test))


class TestReading(unittest.TestCase):
    def test_every_countdown_goes_by_the_gap(self):
        core = healthy(lock=1)
        for index, name in enumerate(COUNTDOWNS):
            setattr(core, name, 100 + index)
        core.driver.pause_left_ms = 50
        core.monitor.quiet_left_ms = 60
        core.outputs.lock_wanted, core.inputs.lock_closed, core.lock.left_ms = 1, 0, 70
        core._count_down(10)
        for index, name in enumerate(COUNTDOWNS):
            self.assertEqual(getattr(core, name), 90 + index)
        self.assertEqual((core.driver.pause_left_ms, core.monitor.quiet_left_ms, core.lock.left_ms), (40, 50, 60))

    def test_time_to_wake_runs_while_offering_in_b_and_else_begins_anew(self):
        for phase in PHASES:
            for state in STATES:
                core = healthy()
                core.phase, core.pilot.state, core._wake_left_ms = phase, state, 500
                core._count_down(10)
                self.assertEqual(core._wake_left_ms, 490 if phase == OFFERING and state == cp.B else 30000)

    def test_any_other_seq_is_a_heartbeat_also_a_smaller_one(self):
        for seq, left_ms in ((5, 700), (6, 2000), (4, 2000)):
            core = healthy()
            core._seq, core.request.seq, core._alive_left_ms = 5, seq, 700
            core._read(10)
            self.assertEqual((core._alive_left_ms, core._seq), (left_ms, seq))

    def burst(self, core, high_mv=9000, high_reads=5, low_mv=-12000, low_reads=5):
        inputs = core.inputs
        inputs.cp_burst += 1
        inputs.cp_high_mv, inputs.cp_high_reads, inputs.cp_low_mv, inputs.cp_low_reads = high_mv, high_reads, low_mv, low_reads
        core._read(10)

    def test_low_plateau_is_judged_while_pwm_is_on_and_settled(self):
        for pwm_on, settle_ms, good in ((1, 0, 1), (1, 10, 0), (0, 0, 0)):
            core = healthy()
            core.pilot.low_good = 0
            core.driver.pwm_on, core.driver.settle_left_ms = pwm_on, settle_ms
            self.burst(core)
            self.assertEqual(core.pilot.low_good, good)

    def test_minus_12_v_is_explained_only_when_we_drive_it(self):
        for high_ns, left_ms in ((0, 500), (1, 490), (266666, 490), (1000000, 490)):
            core = healthy()
            core.outputs.pilot_high_ns = high_ns
            core.pilot.state = core.pilot.raw = cp.F
            core.pilot.raw_bursts = 2
            core._read(10)
            self.assertEqual(core.pilot.undefined_left_ms, left_ms)

    def test_nothing_is_read_while_the_pilot_is_interrupted_and_only_then(self):
        for phase in PHASES:
            core = healthy()
            core.phase = phase
            self.burst(core)
            self.assertEqual((core.pilot.fresh, core.pilot.raw), (0, cp.UNKNOWN) if phase == WAKING else (1, cp.B))

    def test_cable_and_temperatures_are_read(self):
        core = healthy()
        core.inputs.pp_ohm, core.inputs.temperature_seq, core.inputs.temperature_1_c = 220, 1, 75
        for _ in range(3):
            core._read(10)
        self.assertEqual((core.cable.rating_a, core.temperature.level), (32, 4))
        core.inputs.temperature_seq = 0
        core._read(10)
        core.temperature._stale_left_ms = 15
        core._read(10)
        self.assertEqual(core.temperature._stale_left_ms, 5)


class TestVehicle(unittest.TestCase):
    def follow(self, last, state, core=None):
        core = core or healthy()
        core._last_state, core.pilot.state = last, state
        core._follow_vehicle()
        return core

    def test_a_vehicle_is_there_from_b_to_e(self):
        for state in STATES:
            core = healthy()
            core.pilot.state = state
            self.assertEqual(core.vehicle(), 1 if state in (cp.B, cp.C, cp.D, cp.E) else 0)

    def test_wait_before_closing_again_is_that_of_the_state_that_ended(self):
        waits = {cp.C: 5000, cp.D: 30000, cp.E: 30000, cp.F: 30000}
        for last in STATES:
            for state in STATES:
                core = self.follow(last, state)
                self.assertEqual(core._reclose_left_ms, waits.get(last, 0) if last != state else 0)
                self.assertEqual(core._last_state, state)

    def test_from_a_straight_to_c_or_d_is_a_vehicle_without_s2_and_one_found_there_may_be(self):
        for last in STATES:
            for state in STATES:
                self.assertEqual(self.follow(last, state).simplified,
                                 {cp.A: 1, cp.UNKNOWN: 2}.get(last, 0) if state in (cp.C, cp.D) else 0)

    def test_state_b_shows_an_s2_only_where_none_was_missed(self):
        for last in (cp.C, cp.D, cp.E, cp.F):
            for state in STATES:
                for before in (0, 1, 2):
                    core = healthy()
                    core.simplified = before
                    after = 0 if state == cp.A or state == cp.B and before == 2 else before
                    self.assertEqual(self.follow(last, state, core).simplified, before if state == last else after)

    def test_leaving_c_and_d_opens_and_unplugging_is_counted(self):
        for last in (cp.C, cp.D):
            for state in STATES:
                core = self.follow(last, state, energised(healthy()))
                self.assertEqual(core.outputs.coil_1, 1 if state in (cp.C, cp.D) else 0)
                self.assertEqual(core.unplugged_in_charge, 1 if state == cp.A else 0)
        self.assertEqual(self.follow(cp.C, cp.A).unplugged_in_charge, 0)

    def test_the_count_of_unpluggings_goes_on_and_wraps(self):
        for before, after in ((1, 2), ((1 << 30) - 1, 0)):
            core = energised(healthy())
            core.unplugged_in_charge = before
            self.assertEqual(self.follow(cp.C, cp.A, core).unplugged_in_charge, after)

    def test_unplugging_forgets_what_belonged_to_the_plug_in(self):
        for state in STATES:
            core = healthy()
            core.self_tested = core.simplified = core.lock.ordered_open = core._wake_armed = 1
            self.follow(cp.B, state, core)
            kept = 0 if state == cp.A else 1
            self.assertEqual((core.self_tested, core.simplified, core.lock.ordered_open, core._wake_armed), (kept,) * 4)

    def test_the_same_state_again_is_nothing_new(self):
        core = self.follow(cp.A, cp.A)
        self.assertEqual(core.self_tested, 1)

if __name__ == "__main__":
    unittest.main()
