"""The core's steps, each by itself: what is wanted, the way to power and back, and the outputs.

The scenarios of the other files show that the whole holds; here a slip in one step shows in a few microseconds.
"""

import unittest

from firmware.safety import control_pilot as cp
from firmware.safety import trips
from firmware.safety.core import CLOSED, CLOSING, IDLE, OFFERING, OPENING, READY, SELFTEST, STOPPING, TRIPPED, WAKING
from firmware.safety.io_image import NOT_FITTED
from firmware.safety.proximity_pilot import TETHERED
from host_tests.safety.steps import PHASES, STATES, energised, healthy


class TestWanted(unittest.TestCase):
    def test_least_of_request_cable_vehicle_table_and_temperature(self):
        for requested_ma, rating_a, simplified, level, permitted_ma in (
                (16000, TETHERED, 0, 0, 16000), (32000, 20, 0, 0, 20000), (16000, 20, 0, 0, 16000), (16000, 0, 0, 0, 0),
                (90000, TETHERED, 0, 0, 80000), (80000, TETHERED, 0, 0, 80000), (79999, TETHERED, 0, 0, 79999),
                (63000, 63, 0, 0, 63000), (16000, TETHERED, 1, 0, 10000), (10001, TETHERED, 1, 0, 10000),
                (9999, TETHERED, 1, 0, 9999), (16000, TETHERED, 0, 1, 12000), (16000, TETHERED, 0, 4, 0), (0, TETHERED, 0, 0, 0)):
            core = healthy()
            core.request.offered_ma, core.cable.rating_a = requested_ma, rating_a
            core.simplified, core.temperature.level = simplified, level
            self.assertEqual(core._permitted_ma(), permitted_ma)

    def test_vehicle_without_s2_gets_nothing_where_the_installer_says_so(self):
        core = healthy(simplified=0)
        self.assertEqual(core._permitted_ma(), 16000)
        core.simplified = 1
        self.assertEqual(core._permitted_ma(), 0)

    def test_power_is_wanted_only_while_every_condition_holds(self):
        def request(**values):
            return lambda core: [setattr(core.request, name, value) for name, value in values.items()]

        def own(**values):
            return lambda core: [setattr(core, name, value) for name, value in values.items()]

        cases = (
            (own(), True), (own(trips=1), False), (own(trips=trips.CABLE), False), (own(_alive_left_ms=0), False),
            (own(_alive_left_ms=1), True), (request(available=0), False), (request(available=2), False), (own(_retest=1), False),
            (lambda core: setattr(core.inputs, "enable", 0), False),
            (lambda core: setattr(core.inputs, "enable", NOT_FITTED), True),
            (lambda core: setattr(core.lock, "ordered_open", 1), False), (request(phases=1), False), (own(phases=1), False),
            (request(offered_ma=5999), False), (request(offered_ma=6000), True), (request(offered_ma=6001), True))
        for change, wanted in cases:
            core = healthy()
            change(core)
            self.assertIs(bool(core._wanted()), wanted)

    def test_phases_as_asked_where_board_and_installation_can(self):
        for contactors, installed, asked, phases in (
                (2, 3, 3, 3), (2, 3, 1, 1), (2, 1, 3, 1), (2, 1, 1, 1), (1, 3, 1, 3), (1, 3, 3, 3), (1, 1, 3, 1), (2, 3, 2, 1),
                (2, 3, 4, 1)):
            core = healthy(contactors=contactors, phases=installed)
            core.request.phases = asked
            self.assertEqual(core._phases_wanted(), phases)

    def test_other_phases_are_taken_with_the_pause_that_is_left(self):
        core = healthy()
        core._switch_left_ms, core._reclose_left_ms = 7000, 5000
        core._take_phases()
        self.assertEqual((core.phases, core._reclose_left_ms), (3, 5000))
        core.request.phases = 1
        core._take_phases()
        self.assertEqual((core.phases, core._reclose_left_ms), (1, 7000))
        core.request.phases, core._switch_left_ms = 3, 8000
        core._take_phases()
        self.assertEqual((core.phases, core._reclose_left_ms), (3, 8000))


class TestStep(unittest.TestCase):
    def step(self, core, phase, gap_ms=10):
        core.phase = phase
        core._step(gap_ms)
        return core.phase

    def test_opening_ends_when_shown_open(self):
        for feedback_1, phase in ((0, OFFERING), (1, OPENING), (NOT_FITTED, OPENING)):
            core = healthy()
            core.driver.pwm_on = 1
            core.inputs.feedback_1 = feedback_1
            self.assertEqual(self.step(core, OPENING), phase)

    def test_after_opening(self):
        for tripped, pwm_on, available, tested, state, phase in (
                (0, 1, 1, 1, cp.B, OFFERING), (1, 1, 1, 1, cp.B, TRIPPED), (0, 0, 1, 1, cp.B, READY), (0, 1, 0, 1, cp.B, READY),
                (0, 1, 1, 0, cp.B, IDLE), (0, 1, 1, 1, cp.A, IDLE), (0, 0, 0, 0, cp.A, IDLE), (0, 0, 1, 0, cp.B, IDLE),
                (0, 0, 1, 1, cp.A, IDLE)):
            core = healthy()
            core.trips, core.driver.pwm_on, core.request.available = tripped, pwm_on, available
            core.self_tested, core.pilot.state = tested, state
            core._after_opening()
            if phase == OFFERING or core.phase != OFFERING:
                self.assertEqual(core.phase, phase)
            else:
                self.fail("offers though it may not")

    def test_vehicle_that_does_not_react_is_opened_when_the_time_is_over(self):
        for left_ms, phase, coil in ((1, STOPPING, 1), (0, OPENING, 0)):
            core = energised(healthy())
            core._phase_left_ms = left_ms
            self.assertEqual((self.step(core, STOPPING), core.outputs.coil_1), (phase, coil))

    def test_a_trip_ends_when_it_is_cleared_and_f_was_held(self):
        for tripped, fault_ms, phase in ((0, 0, IDLE), (1, 0, TRIPPED), (0, 1, TRIPPED), (1, 1, TRIPPED)):
            core = healthy()
            core.trips, core.driver.fault_left_ms = tripped, fault_ms
            self.assertEqual(self.step(core, TRIPPED), phase)

    def test_closed_and_closing_end_when_power_is_not_wanted(self):
        for phase, ends in ((CLOSED, STOPPING), (CLOSING, OPENING)):
            core = energised(healthy())
            core.request.available = 0
            self.assertEqual(self.step(core, phase), ends)
        self.assertEqual(self.step(energised(healthy()), CLOSED), CLOSED)

    def test_closing_ends_when_shown_closed(self):
        for feedback_1, phase in ((1, CLOSED), (0, CLOSING)):
            core = energised(healthy())
            core.inputs.feedback_1 = feedback_1
            self.assertEqual(self.step(core, CLOSING), phase)

    def test_nothing_begins_with_a_trip_or_while_f_is_held_or_without_a_vehicle(self):
        for before in (IDLE, SELFTEST, READY, OFFERING, WAKING):
            for tripped, fault_ms, state, phase in ((1, 0, cp.B, TRIPPED), (0, 1, cp.B, TRIPPED), (0, 0, cp.A, IDLE)):
                core = healthy()
                core.trips, core.driver.fault_left_ms, core.pilot.state = tripped, fault_ms, state
                self.assertEqual(self.step(core, before), phase)

    def test_untested_or_ordered_the_self_test_begins(self):
        for tested, retest in ((0, 0), (1, 1), (0, 1)):
            core = healthy()
            core.self_tested, core._retest, core.monitor.left_ms = tested, retest, 9
            self.assertEqual(self.step(core, READY), SELFTEST)
            self.assertEqual((core.self_tested, core._retest, core.monitor.left_ms), (0, 0, 0))

    def test_board_without_a_test_passes_when_shown_open(self):
        for feedback, feedback_1, phase in ((1, 0, READY), (1, 1, SELFTEST), (0, NOT_FITTED, READY)):
            core = healthy(feedback=feedback)
            core.inputs.feedback_1 = feedback_1
            core.self_tested = 0
            self.assertEqual(self.step(core, SELFTEST), phase)
            self.assertEqual(core.self_tested, 1 if phase == READY else 0)

    def test_monitor_that_is_tripped_fails_the_test_and_a_running_one_waits(self):
        core = healthy(rcd_test=1)
        core.self_tested, core.inputs.rcd_tripped = 0, 1
        self.assertEqual((self.step(core, SELFTEST), core.trips, core.self_tested), (TRIPPED, trips.RCD_TEST, 0))
        core = healthy(rcd_test=1)
        core.self_tested = 0
        self.assertEqual((self.step(core, SELFTEST), core.outputs.rcd_test, core.self_tested), (SELFTEST, 1, 0))
        core.monitor.left_ms = 500
        core.inputs.rcd_tripped = 1
        self.step(core, SELFTEST)
        core.inputs.rcd_tripped = 0
        core.inputs.feedback_2 = 1
        self.assertEqual(self.step(core, SELFTEST), SELFTEST)
        core.inputs.feedback_2 = 0
        self.assertEqual((self.step(core, SELFTEST), core.self_tested), (READY, 1))

    def test_the_test_counts_its_time_by_the_gap(self):
        core = healthy(rcd_test=1)
        core.self_tested = 0
        self.step(core, SELFTEST)
        self.step(core, SELFTEST, 120)
        self.assertEqual(core.monitor.left_ms, 380)

    def test_phases_are_taken_in_the_self_test(self):
        core = healthy()
        core.self_tested, core.request.phases = 0, 1
        self.step(core, SELFTEST)
        self.assertEqual(core.phases, 1)


class TestOffer(unittest.TestCase):
    def offer(self, core, phase=OFFERING):
        core.phase = phase
        core._step(10)
        return core.phase

    def test_other_phases_end_the_offer_first(self):
        for now, asked in ((3, 1), (1, 3)):
            core = healthy()
            core.phases, core.request.phases = now, asked
            self.assertEqual((self.offer(core), core.phases), (READY, asked))

    def test_what_is_not_wanted_is_not_offered(self):
        for phase in (READY, OFFERING, WAKING):
            core = healthy()
            core.request.available = 0
            self.assertEqual(self.offer(core, phase), READY)

    def test_pwm_waits_for_its_pause(self):
        for phase in (IDLE, SELFTEST, READY):
            for pause_ms, after in ((0, OFFERING), (1, READY)):
                core = healthy()
                core.driver.pause_left_ms = pause_ms
                if phase != SELFTEST:
                    self.assertEqual(self.offer(core, phase), after)

    def test_waking_ends_when_its_time_is_over(self):
        for left_ms, phase in ((1, WAKING), (0, OFFERING)):
            core = healthy()
            core._phase_left_ms = left_ms
            self.assertEqual(self.offer(core, WAKING), phase)

    def test_woken_when_ordered_and_asleep_long_enough(self):
        for armed, left_ms, phase in ((1, 0, WAKING), (0, 0, OFFERING), (1, 1, OFFERING)):
            core = healthy()
            core._wake_armed, core._wake_left_ms = armed, left_ms
            self.assertEqual(self.offer(core), phase)
            self.assertEqual(core._wake_armed, 0 if phase == WAKING else armed)
            self.assertEqual(core._phase_left_ms, 4050 if phase == WAKING else 0)

    def closing(self, **fitted):
        core = healthy(**fitted)
        core.pilot.state = core.pilot.raw = cp.C
        return core

    def test_contactor_closes_when_everything_says_so(self):
        core = self.closing()
        self.assertEqual(self.offer(core), CLOSING)
        self.assertEqual((core.outputs.coil_1, core.outputs.coil_2, core._phase_left_ms), (1, 1, 200))

    def test_second_coil_only_with_three_phases_and_a_second_contactor(self):
        for contactors, installed, coil_2 in ((2, 3, 1), (2, 1, 0), (1, 3, 0), (1, 1, 0)):
            core = self.closing(contactors=contactors, phases=installed)
            self.offer(core)
            self.assertEqual((core.outputs.coil_1, core.outputs.coil_2), (1, coil_2))

    def test_closes_in_c_and_in_ventilated_d_when_the_newest_burst_says_the_same(self):
        for ventilated in (0, 1):
            for state in STATES:
                for raw in STATES:
                    core = self.closing(ventilated=ventilated)
                    core.pilot.state, core.pilot.raw = state, raw
                    may = raw == state and (state == cp.C or state == cp.D and ventilated)
                    self.assertEqual(bool(core._may_close()), bool(may))

    def test_each_condition_alone_keeps_it_open(self):
        def pilot(core):
            core.pilot.low_good = 4

        def wait(core):
            core._reclose_left_ms = 1

        def earth(core):
            core.inputs.pe_ok = 0

        def lock(core):
            core.inputs.lock_closed = 0

        def shown(core):
            core.inputs.feedback_2 = 1

        for change in (pilot, wait, earth, lock, shown):
            core = self.closing(lock=1)
            self.assertTrue(core._may_close())
            change(core)
            self.assertFalse(core._may_close())

    def test_what_is_not_fitted_keeps_nothing_open(self):
        core = self.closing(pe_monitor=0, feedback=0)
        core.inputs.pe_ok, core.inputs.feedback_1, core.inputs.lock_closed = 0, 1, 0
        self.assertTrue(core._may_close())
        core = self.closing()
        core.inputs.pe_ok = NOT_FITTED
        self.assertTrue(core._may_close())

    def test_without_feedback_the_contactors_time_stands_for_it(self):
        for left_ms, shown in ((0, True), (1, False)):
            core = healthy(feedback=0)
            core._phase_left_ms = left_ms
            self.assertIs(core._shown_open(), shown)
            self.assertIs(core._shown_closed(), shown)


class TestOutputs(unittest.TestCase):
    def shape(self, core):
        core._drive_pilot()
        return core.outputs.pilot_high_ns

    def test_pwm_from_the_offer_to_the_end_of_power_and_steady_else(self):
        for phase in PHASES:
            core = healthy()
            core.phase = phase
            pwm = OFFERING <= phase <= CLOSED
            self.assertEqual(self.shape(core), 266666 if pwm else 1000000)
            self.assertEqual(core.offered_ma, 16000 if pwm else 0)

    def test_a_trip_ends_pwm_in_every_phase(self):
        for phase in PHASES:
            core = healthy()
            core.phase, core.trips = phase, trips.DIODE
            core.outputs.pilot_high_ns, core.driver.pwm_on, core.driver.offered_ma = 266666, 1, 16000
            self.assertEqual(self.shape(core), 1000000)

    def test_state_f_while_it_is_held_and_for_good_after_a_weld(self):
        for tripped, fault_ms, high_ns in ((trips.WELDED, 0, 0), (0, 1, 0), (trips.RCD_AC, 0, 1000000), (trips.RCD_AC, 1, 0)):
            core = healthy()
            core.trips, core.driver.fault_left_ms, core.phase = tripped, fault_ms, TRIPPED
            self.assertEqual(self.shape(core), high_ns)

    def test_waking_interrupts_the_pilot_until_it_settles(self):
        for phase in (WAKING, OFFERING):
            for left_ms in (50, 51):
                for fitted in (0, 1):
                    core = healthy(cp_disconnect=fitted)
                    core.phase, core._phase_left_ms = phase, left_ms
                    core._drive_pilot()
                    core._drive_rest()
                    interrupted = phase == WAKING and left_ms == 51
                    self.assertEqual(core.outputs.cp_disconnect, 1 if interrupted and fitted else 0)
                    self.assertEqual(core.outputs.pilot_high_ns, 0 if interrupted and not fitted else 266666)

    def test_pwm_does_not_stay_in_any_other_phase(self):
        for phase in (IDLE, SELFTEST, READY, STOPPING, TRIPPED):
            core = healthy()
            core.phase, core.driver.pwm_on, core.outputs.pilot_high_ns = phase, 1, 266666
            self.assertEqual(self.shape(core), 1000000)

    def test_pwm_stays_while_opening_when_the_vehicle_left_c_by_itself(self):
        for tripped, pwm_on, state, high_ns in ((0, 1, cp.B, 266666), (1, 1, cp.B, 1000000), (0, 1, cp.A, 1000000),
                                                (0, 0, cp.B, 1000000)):
            core = healthy()
            core.phase, core.trips, core.pilot.state = OPENING, tripped, state
            core.driver.pwm_on = pwm_on
            core.outputs.pilot_high_ns = 266666
            self.assertEqual(self.shape(core), high_ns)

    def test_offer_changes_5_s_apart_only_under_power(self):
        for coil, offered_ma in ((1, 10000), (0, 16000)):
            core = healthy()
            core.driver.offered_ma, core.driver.offer_left_ms, core.outputs.coil_1 = 10000, 100, coil
            self.shape(core)
            self.assertEqual(core.offered_ma, offered_ma)

    def test_low_plateau_is_forgotten_when_pwm_goes_on_or_off(self):
        core = healthy()
        self.shape(core)
        self.assertEqual(core.pilot.low_good, 0)
        core.pilot.low_good = 5
        self.shape(core)
        self.assertEqual(core.pilot.low_good, 5)

    def test_pause_needs_a_vehicle(self):
        for state, pause_ms in ((cp.B, 3000), (cp.A, 0)):
            core = healthy()
            self.shape(core)
            core.phase, core.pilot.state = READY, state
            self.shape(core)
            self.assertEqual(core.driver.pause_left_ms, pause_ms)

    def test_charge_pump_runs_from_the_offer_to_the_end_of_a_stop_and_no_opening_trip(self):
        for phase in PHASES:
            for tripped in (0, trips.DIODE, trips.SUPPLY, trips.SUPPLY | trips.DIODE):
                core = healthy()
                core.phase, core.trips = phase, tripped
                runs = OFFERING <= phase <= STOPPING and not tripped & trips.DIODE
                for level in (1, 0, 1):
                    core._drive_rest()
                    self.assertEqual(core.outputs.coil_watchdog, level if runs else 0)

    def unlocked(self, phase=READY, ordered=0, available=1, state=cp.B, tripped=0, coil=0, feedback_1=0, feedback=1):
        core = healthy(lock=1, feedback=feedback)
        core.outputs.lock_wanted = 1
        core.phase, core.lock.ordered_open, core.request.available, core.pilot.state = phase, ordered, available, state
        core.trips, core.outputs.coil_1, core.inputs.feedback_1 = tripped, coil, feedback_1
        core._drive_rest()
        return core.outputs.lock_wanted == 0

    def test_each_reason_unlocks(self):
        self.assertFalse(self.unlocked())
        self.assertTrue(self.unlocked(ordered=1))
        self.assertTrue(self.unlocked(available=0))
        self.assertTrue(self.unlocked(state=cp.A))
        self.assertTrue(self.unlocked(tripped=trips.DIODE))
        self.assertFalse(self.unlocked(available=1, state=cp.C))

    def test_unlocked_only_when_open_and_shown_open_and_not_welded(self):
        for values, unlocked in (({"coil": 1}, False), ({"phase": OPENING}, False), ({"phase": TRIPPED}, True),
                                 ({"tripped": trips.WELDED}, False), ({"feedback_1": 1}, False),
                                 ({"feedback_1": NOT_FITTED}, False),
                                 ({"feedback_1": NOT_FITTED, "feedback": 0}, True), ({"tripped": trips.DIODE}, True)):
            self.assertIs(self.unlocked(available=0, **values), unlocked)

    def test_locked_while_offering(self):
        for phase in PHASES:
            core = healthy(lock=1)
            core.phase = phase
            core._drive_rest()
            self.assertEqual(core.outputs.lock_wanted, 1 if phase == OFFERING else 0)

if __name__ == "__main__":
    unittest.main()
