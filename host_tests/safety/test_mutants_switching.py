"""Contactors, lock, monitor's test, cable and records in numbers, each by itself and to the millisecond."""

import unittest

from firmware.safety import core, limits, monitor_test, trips
from firmware.safety.contactor_watch import ContactorWatch
from firmware.safety.io_image import BROKEN, NO_TEMPERATURE, NOT_FITTED, Fitted, Inputs, Outputs, Request
from firmware.safety.limits import count_down, elapsed_ms
from firmware.safety.monitor_test import FAILED, PASSED, RUNNING, MonitorTest
from firmware.safety.proximity_pilot import IMPOSSIBLE, NOT_PLUGGED, TETHERED, CableReader, rating_a_from_ohm
from firmware.safety.socket_lock import SocketLock


class TestContactorWatch(unittest.TestCase):
    def watch(self, contactors=2):
        self.inputs, self.outputs = Inputs(), Outputs()
        self.inputs.feedback_1 = 0
        self.inputs.feedback_2 = 0 if contactors == 2 else NOT_FITTED
        return ContactorWatch(Fitted(contactors=contactors))

    def put(self, coil_1, coil_2, feedback_1, feedback_2):
        self.outputs.coil_1, self.outputs.coil_2 = coil_1, coil_2
        self.inputs.feedback_1, self.inputs.feedback_2 = feedback_1, feedback_2

    def test_each_contact_that_disagrees_for_200_ms_is_named(self):
        cases = (((0, 0, 1, 0), trips.WELDED), ((0, 0, 0, 1), trips.WELDED), ((1, 1, 0, 1), trips.NOT_CLOSED),
                 ((1, 1, 1, 0), trips.NOT_CLOSED), ((1, 0, 1, 1), trips.WELDED), ((0, 0, NOT_FITTED, 0), trips.NOT_CLOSED),
                 ((1, 1, NOT_FITTED, 1), trips.NOT_CLOSED), ((1, 0, 0, 1), trips.NOT_CLOSED | trips.WELDED))
        for values, bits in cases:
            with self.subTest(values=values):
                watch = self.watch()
                self.put(*values)
                self.assertEqual(watch.update(199, self.inputs, self.outputs), 0)
                self.assertEqual(watch.update(1, self.inputs, self.outputs), bits)
                self.assertEqual(watch.update(10, self.inputs, self.outputs), bits)

    def test_each_contact_that_agrees_begins_anew_for_itself(self):
        watch = self.watch()
        self.put(1, 1, 0, 0)
        watch.update(150, self.inputs, self.outputs)
        self.put(1, 1, 1, 0)
        watch.update(10, self.inputs, self.outputs)
        self.assertEqual((watch.left_1_ms, watch.left_2_ms), (200, 40))
        self.put(1, 1, 0, 1)
        watch.update(10, self.inputs, self.outputs)
        self.assertEqual((watch.left_1_ms, watch.left_2_ms), (190, 200))

    def test_agreeing_contacts_are_no_cause_however_long(self):
        for values in ((0, 0, 0, 0), (1, 1, 1, 1), (1, 0, 1, 0)):
            watch = self.watch()
            self.put(*values)
            for _ in range(3):
                self.assertEqual(watch.update(200, self.inputs, self.outputs), 0)

    def test_one_contactor_has_no_second_feedback_to_follow(self):
        for feedback_2 in (NOT_FITTED, 0, 1):
            watch = self.watch(1)
            self.put(1, 0, 1, feedback_2)
            for _ in range(3):
                self.assertEqual(watch.update(200, self.inputs, self.outputs), 0)
            self.assertTrue(watch.shown_closed(self.inputs, self.outputs))

    def test_second_contactor_without_feedback_is_not_judged(self):
        for coil_2 in (0, 1):
            watch = self.watch()
            self.put(1, coil_2, 1, NOT_FITTED)
            for _ in range(3):
                self.assertEqual(watch.update(200, self.inputs, self.outputs), 0)
            self.assertTrue(watch.shown_closed(self.inputs, self.outputs))

    def test_restart_gives_both_their_whole_time(self):
        watch = self.watch()
        self.assertEqual((watch.left_1_ms, watch.left_2_ms), (200, 200))
        self.put(1, 1, 0, 0)
        watch.update(150, self.inputs, self.outputs)
        watch.restart()
        self.assertEqual((watch.left_1_ms, watch.left_2_ms), (200, 200))

    def test_shown_closed_wants_the_first_closed_and_the_second_as_its_coil(self):
        for values, shown in (((1, 1, 1, 1), True), ((1, 1, 1, 0), False), ((1, 1, 0, 1), False), ((1, 0, 1, 0), True),
                              ((1, 0, 1, 1), False), ((1, 1, NOT_FITTED, 1), False), ((0, 0, 1, 1), False)):
            watch = self.watch()
            self.put(*values)
            self.assertIs(watch.shown_closed(self.inputs, self.outputs), shown)

    def test_shown_open_wants_the_first_open_and_the_second_not_closed(self):
        for feedback_1, feedback_2, shown in ((0, 0, True), (0, NOT_FITTED, True), (0, 1, False), (1, 0, False), (1, 1, False),
                                              (NOT_FITTED, 0, False), (NOT_FITTED, NOT_FITTED, False), (1, NOT_FITTED, False)):
            watch = self.watch()
            self.put(0, 0, feedback_1, feedback_2)
            self.assertIs(watch.shown_open(self.inputs), shown)


class TestSocketLock(unittest.TestCase):
    def setUp(self):
        self.inputs, self.outputs = Inputs(), Outputs()
        self.lock = SocketLock(Fitted(lock=1))

    def test_begins_without_an_order(self):
        self.assertEqual((self.lock.ordered_open, self.lock.left_ms), (0, 1500))

    def test_start_leaves_a_lock_that_is_not_shown_open(self):
        for fitted, lock_closed, wanted in ((1, 1, 1), (1, NOT_FITTED, 1), (1, 0, 0), (0, 1, 0), (0, NOT_FITTED, 0)):
            SocketLock(Fitted(lock=fitted)).start(self.inputs_with(lock_closed), self.outputs)
            self.assertEqual(self.outputs.lock_wanted, wanted)

    def inputs_with(self, lock_closed):
        self.inputs.lock_closed = lock_closed
        return self.inputs

    def test_has_1500_ms_to_close_while_it_is_wanted(self):
        for lock_closed in (0, NOT_FITTED):
            self.outputs.lock_wanted = 1
            self.lock.count_down(1499, self.inputs_with(lock_closed), self.outputs)
            self.assertEqual(self.lock.left_ms, 1)
            self.assertFalse(self.lock.failed(self.inputs, 0))
            self.lock.count_down(1, self.inputs, self.outputs)
            self.assertTrue(self.lock.failed(self.inputs, 0))
            self.lock.count_down(1, self.inputs_with(1), self.outputs)
            self.assertEqual(self.lock.left_ms, 1500)
            self.lock.count_down(1000, self.inputs_with(0), self.outputs)
            self.outputs.lock_wanted = 0
            self.lock.count_down(1, self.inputs, self.outputs)
            self.assertEqual(self.lock.left_ms, 1500)

    def test_fails_when_not_closed_under_power_and_only_where_fitted(self):
        for lock_closed, energised, failed in ((1, 1, False), (0, 1, True), (NOT_FITTED, 1, True), (0, 0, False)):
            self.assertIs(bool(self.lock.failed(self.inputs_with(lock_closed), energised)), failed)
            self.assertFalse(SocketLock(Fitted(lock=0)).failed(self.inputs, energised))

    def test_closed_is_what_the_contact_says_where_one_is_fitted(self):
        for fitted, lock_closed, closed in ((1, 1, True), (1, 0, False), (1, NOT_FITTED, False), (0, 0, True)):
            self.assertIs(SocketLock(Fitted(lock=fitted)).closed(self.inputs_with(lock_closed)), closed)

    def test_driven_by_the_offer_and_released_when_nobody_needs_it(self):
        for before, offering, may_open, after in ((0, 1, 0, 1), (0, 1, 1, 1), (1, 0, 1, 0), (1, 0, 0, 1), (0, 0, 0, 0),
                                                  (0, 0, 1, 0)):
            self.outputs.lock_wanted = before
            self.lock.drive(self.outputs, offering, may_open)
            self.assertEqual(self.outputs.lock_wanted, after)
            self.outputs.lock_wanted = 0
            SocketLock(Fitted(lock=0)).drive(self.outputs, offering, may_open)
            self.assertEqual(self.outputs.lock_wanted, 0)


class TestMonitor(unittest.TestCase):
    def setUp(self):
        self.inputs, self.outputs = Inputs(), Outputs()
        self.monitor = MonitorTest()
        self.put(0, 0)

    def put(self, rcd_tripped, rdc_dd_tripped):
        self.inputs.rcd_tripped, self.inputs.rdc_dd_tripped = rcd_tripped, rdc_dd_tripped

    def step(self, gap_ms=10):
        return self.monitor.step(gap_ms, self.inputs, self.outputs)

    def test_answers_are_three_different_ones(self):
        self.assertEqual(len({RUNNING, PASSED, FAILED}), 3)
        self.assertEqual((monitor_test.RUNNING, monitor_test.PASSED, monitor_test.FAILED), (0, 1, 2))

    def test_trips_and_comes_back(self):
        self.assertEqual((self.monitor.left_ms, self.monitor.quiet_left_ms), (0, 0))
        self.assertEqual((self.step(), self.outputs.rcd_test, self.monitor.left_ms), (RUNNING, 1, 500))
        self.assertEqual((self.step(499), self.outputs.rcd_test), (RUNNING, 1))
        self.put(1, 0)
        self.assertEqual((self.step(1), self.outputs.rcd_test, self.monitor.left_ms), (RUNNING, 0, 2000))
        self.assertEqual(self.step(1999), RUNNING)
        self.put(0, 0)
        self.assertEqual(self.step(1), PASSED)

    def test_no_trip_in_500_ms_fails(self):
        self.step()
        self.assertEqual(self.step(499), RUNNING)
        self.assertEqual(self.step(1), FAILED)

    def test_a_line_still_tripped_after_2_s_fails(self):
        for rcd, rdc_dd in ((1, 0), (0, 1), (NOT_FITTED, 0)):
            self.monitor.begin()
            self.put(0, 0)
            self.step()
            self.put(1, 0)
            self.step()
            self.put(rcd, rdc_dd)
            self.assertEqual(self.step(1999), RUNNING)
            self.assertEqual(self.step(1), FAILED)

    def test_a_dc_line_that_is_not_fitted_is_none(self):
        self.put(0, NOT_FITTED)
        self.assertEqual((self.step(), self.outputs.rcd_test), (RUNNING, 1))
        self.put(1, NOT_FITTED)
        self.step()
        self.put(0, NOT_FITTED)
        self.assertEqual(self.step(), PASSED)

    def test_tripped_or_unknown_before_the_test_fails_and_drives_nothing(self):
        for rcd, rdc_dd in ((1, 0), (0, 1), (NOT_FITTED, 0), (1, 1)):
            self.monitor.begin()
            self.put(rcd, rdc_dd)
            self.assertEqual((self.step(), self.outputs.rcd_test), (FAILED, 0))

    def test_begun_again_it_starts_from_the_beginning(self):
        self.step()
        self.put(1, 0)
        self.step()
        self.monitor.begin()
        self.assertEqual(self.monitor.left_ms, 0)
        self.put(0, 0)
        self.assertEqual((self.step(), self.outputs.rcd_test), (RUNNING, 1))

    def test_a_test_broken_off_leaves_the_lines_2_s_to_release(self):
        self.outputs.rcd_test = 1
        self.monitor.count_down(10, self.outputs)
        self.assertEqual(self.monitor.quiet_left_ms, 2000)
        self.outputs.rcd_test = 0
        self.put(1, 0)
        self.monitor.count_down(1999, self.outputs)
        self.assertEqual((self.monitor.quiet_left_ms, self.step()), (1, RUNNING))
        self.monitor.count_down(1, self.outputs)
        self.assertEqual((self.monitor.quiet_left_ms, self.step()), (0, FAILED))

    def test_a_test_that_passed_leaves_nothing_to_wait_for(self):
        self.step()
        self.monitor.count_down(10, self.outputs)
        self.put(1, 0)
        self.step()
        self.put(0, 0)
        self.step()
        self.assertEqual(self.monitor.quiet_left_ms, 0)


class TestCable(unittest.TestCase):
    def test_windows_to_the_ohm(self):
        for ohm, rating_a in ((NOT_FITTED, TETHERED), (0, IMPOSSIBLE), (74, IMPOSSIBLE), (75, 63), (149, 63), (150, 32),
                              (329, 32), (330, 20), (999, 20), (1000, 13), (2200, 13), (2201, NOT_PLUGGED), (1000000, NOT_PLUGGED)):
            with self.subTest(ohm=ohm):
                self.assertEqual(rating_a_from_ohm(ohm), rating_a)
        self.assertEqual((TETHERED, IMPOSSIBLE, NOT_PLUGGED), (-2, -1, 0))

    def after(self, *readings):
        cable = CableReader()
        for ohm in readings:
            cable.update(ohm)
        return cable

    def test_begins_with_no_cable(self):
        self.assertEqual(self.after(*[220] * 9)._same, 3)
        self.assertEqual(self.after(220)._socket, 1)
        cable = CableReader()
        self.assertEqual((cable.rating_a, cable._raw_a, cable._same, cable._socket), (NOT_PLUGGED, NOT_PLUGGED, 0, 0))

    def test_a_rating_counts_after_three_equal_readings(self):
        for ohm, rating_a in ((100, 63), (220, 32), (680, 20), (1500, 13), (10, IMPOSSIBLE), (NOT_FITTED, TETHERED)):
            self.assertEqual(self.after(ohm, ohm).rating_a, NOT_PLUGGED)
            self.assertEqual(self.after(ohm, ohm, ohm).rating_a, rating_a)
            self.assertEqual(self.after(*[ohm] * 9).rating_a, rating_a)
        self.assertEqual(self.after(220, 220, 680, 220, 220).rating_a, NOT_PLUGGED)

    def test_a_smaller_cable_counts_at_once_and_a_larger_one_does_not(self):
        self.assertEqual(self.after(220, 220, 220, 680).rating_a, 20)
        self.assertEqual(self.after(680, 680, 680, 220, 220).rating_a, 20)
        self.assertEqual(self.after(680, 680, 680, 220, 220, 220).rating_a, 32)

    def test_none_and_impossible_wait_for_three_readings_too(self):
        for ohm, rating_a in ((5000, NOT_PLUGGED), (10, IMPOSSIBLE)):
            self.assertEqual(self.after(220, 220, 220, ohm, ohm).rating_a, 32)
            self.assertEqual(self.after(220, 220, 220, ohm, ohm, ohm).rating_a, rating_a)

    def test_a_socket_never_becomes_a_tethered_cable(self):
        self.assertEqual(self.after(220, *[NOT_FITTED] * 5).rating_a, NOT_PLUGGED)
        self.assertEqual(self.after(*[NOT_FITTED] * 5).rating_a, TETHERED)
        cable = CableReader(1)
        for _ in range(5):
            cable.update(NOT_FITTED)
        self.assertEqual(cable.rating_a, NOT_PLUGGED)

    def test_caps_in_ma(self):
        for ohm, cap_ma in ((100, 63000), (220, 32000), (680, 20000), (1500, 13000), (5000, 0), (10, 0), (NOT_FITTED, 80000)):
            self.assertEqual(self.after(ohm, ohm, ohm).cap_ma(80000), cap_ma)


class TestRecords(unittest.TestCase):
    def check(self, record, values):
        for name, value in values.items():
            with self.subTest(name=name):
                self.assertEqual(getattr(record, name), value)
        self.assertEqual(sorted(record.__dict__), sorted(values))

    def test_fresh_inputs_say_that_nothing_was_seen_and_nothing_is_fitted(self):
        self.assertEqual((NOT_FITTED, NO_TEMPERATURE, BROKEN), (-1, -1000, -999))
        self.check(Inputs(), {
            "cp_burst": 0, "cp_high_mv": 0, "cp_low_mv": 0, "cp_high_reads": 0, "cp_low_reads": 0, "pp_ohm": -1,
            "feedback_1": -1, "feedback_2": -1, "rcd_tripped": -1, "rdc_dd_tripped": -1, "pe_ok": -1, "lock_closed": -1,
            "enable": -1, "upstream_tripped": -1, "guard_opened": 0, "meter_seq": 0, "meter_age_ms": 0, "drawn_ma": 0,
            "supply_1_mv": -1, "supply_2_mv": -1, "supply_3_mv": -1, "temperature_seq": 0, "temperature_0_c": -1000,
            "temperature_1_c": -1000, "temperature_2_c": -1000, "temperature_3_c": -1000, "temperature_4_c": -1000})

    def test_fresh_outputs_are_steady_12_v_and_everything_off(self):
        self.check(Outputs(), {"pilot_high_ns": 1000000, "coil_1": 0, "coil_2": 0, "coil_watchdog": 0, "rcd_test": 0,
                               "lock_wanted": 0, "cp_disconnect": 0})

    def test_fresh_request_asks_for_nothing(self):
        self.check(Request(), {"available": 0, "offered_ma": 0, "phases": 3, "seq": 0, "unlock_seq": 0, "clear_seq": 0,
                               "wake_seq": 0, "selftest_seq": 0})

    def test_a_board_that_says_nothing_has_one_watched_contactor_and_earth(self):
        self.check(Fitted(), {
            "contactors": 1, "feedback": 1, "rcd_test": 0, "lock": 0, "socket": 0, "ventilated": 0, "phases": 3, "pe_monitor": 1,
            "cp_disconnect": 0, "simplified": 1, "over_allowance_ma": 500, "over_percents": (10, 25, 70),
            "over_times_ms": (1010000, 5000, 1000)})

    def test_what_the_board_says_is_what_is_fitted(self):
        self.check(Fitted(2, 0, 1, 1, 1, 1, 1, 0, 1, 0, 300, (1, 2, 3), (4, 5, 6)), {
            "contactors": 2, "feedback": 0, "rcd_test": 1, "lock": 1, "socket": 1, "ventilated": 1, "phases": 1, "pe_monitor": 0,
            "cp_disconnect": 1, "simplified": 0, "over_allowance_ma": 300, "over_percents": (1, 2, 3), "over_times_ms": (4, 5, 6)})


class TestNumbers(unittest.TestCase):
    def test_a_countdown_ends_at_0_and_stays(self):
        for left_ms, gap_ms, then in ((10, 3, 7), (10, 9, 1), (10, 10, 0), (10, 11, 0), (0, 5, 0), (5, 0, 5)):
            self.assertEqual(count_down(left_ms, gap_ms), then)

    def test_elapsed_goes_across_the_wrap_at_2_to_the_30(self):
        last = (1 << 30) - 1
        for now_ms, then_ms, elapsed in ((15, 5, 10), (5, last - 4, 10), (0, last, 1), (0, 0, 0), (0, 1, last)):
            self.assertEqual(elapsed_ms(now_ms, then_ms), elapsed)

    def test_limits_are_those_of_their_sources(self):
        """Numbers that no behaviour shows to the millisecond: the tick is 10 ms, and what lasts a whole number of ticks
        would last as many if it were a millisecond shorter."""
        self.assertEqual((limits.TICK_MS, limits.TICK_LATE_MS, limits.GAP_MAX_MS), (10, 150, 60000))
        self.assertEqual((limits.HEARTBEAT_MS, limits.STOP_WAIT_MS), (2000, 6000))
        self.assertEqual((limits.WAKE_AFTER_MS, limits.WAKE_MS), (30000, 4000))
        self.assertEqual((limits.RECLOSE_MS, limits.RECLOSE_DEF_MS, limits.PHASE_SWITCH_MS), (5000, 30000, 10000))
        self.assertEqual(limits.SIMPLIFIED_MA, 10000)
        self.assertEqual((limits.SUPPLY_LOW_MV, limits.SUPPLY_HIGH_MV, limits.SUPPLY_READINGS), (160000, 280000, 2))
        self.assertEqual((limits.SUPPLY_PRESENT_MV, limits.SUPPLY_SILENT_MS), (30000, 30000))
        self.assertEqual((limits.OFFER_MEMORY_MS, limits.READING_GAP_MS), (6000, 5000))
        self.assertEqual((limits.TEMPERATURE_SENSORS, limits.TEMPERATURE_LEVELS), (5, 4))
        self.assertEqual((limits.TEMPERATURE_HYSTERESIS_C, limits.TEMPERATURE_STALE_MS), (3, 30000))
        self.assertEqual(limits.TEMPERATURE_LIMITS, (
            (80, 95, 80), (60, 75, 60), (60, 75, 60), (75, 90, 75), (75, 90, 75)))
        self.assertEqual(limits.TICKS_MASK, (1 << 30) - 1)


class TestNames(unittest.TestCase):
    def test_every_trip_has_its_own_bit_and_its_name(self):
        names = ("rcd_ac", "rdc_dd", "rcd_test", "welded", "not_closed", "pe_lost", "diode", "pilot_short", "pilot_undefined",
                 "pilot_stale", "ventilation", "tick_late", "guard", "lock", "supply", "overcurrent", "temperature", "sensor",
                 "upstream", "cable")
        self.assertEqual(trips.NAMES, names)
        together = 0
        for index, name in enumerate(names):
            self.assertEqual(getattr(trips, name.upper()), 1 << index)
            together |= 1 << index
        self.assertEqual(trips.ALL, together)

    def test_groups_hold_what_the_fault_table_says(self):
        for group, names in (
                (trips.RESIDUAL, "rcd_ac rdc_dd"), (trips.GRACEFUL, "ventilation supply temperature sensor"),
                (trips.PILOT_F, "rcd_ac rdc_dd welded"), (trips.POWER_CYCLE, "welded"), (trips.UNPLUG_ONLY, "rcd_ac rdc_dd"),
                (trips.SELF_CLEARING, "temperature sensor"), (trips.SURVIVING, "rcd_ac rdc_dd welded")):
            self.assertEqual([name for index, name in enumerate(trips.NAMES) if group >> index & 1], names.split())

    def test_phases_have_their_names_in_the_order_of_a_charge(self):
        names = ("idle", "selftest", "ready", "offering", "waking", "closing", "closed", "stopping", "opening", "tripped")
        self.assertEqual(core.PHASE_NAMES, names)
        for index, name in enumerate(names):
            self.assertEqual(getattr(core, name.upper()), index)


if __name__ == "__main__":
    unittest.main()
