"""The fault registry is a promise to the outside; the list of active faults tells each begin and end once."""

import unittest

from firmware.charging.faults import (
    ERROR,
    FAULTS,
    KIND,
    LATCHED,
    LIGHT,
    LIGHTS,
    STATUS,
    STATUS_BITS,
    WARNING,
    ActiveFaults,
    UnknownFault,
    row_of,
)
from firmware.charging.notices import SHOWN_MS, Notices
from firmware.safety import trips
from firmware.safety.limits import TICKS_MASK


class TestRegistry(unittest.TestCase):
    def test_names_stand_once_and_a_code_is_shared_only_by_faults_of_one_device(self):
        shared = set([row[0] for row in FAULTS if len([1 for other in FAULTS if other[0] == row[0]]) > 1])
        self.assertEqual(shared, set((8005,)))       # the residual-current monitor: 30 mA, 6 mA DC, its self-test
        self.assertEqual(len(set([row[1] for row in FAULTS])), len(FAULTS))

    def test_every_trip_of_the_core_has_exactly_one_fault_that_opens_as_the_core_does(self):
        for number in range(len(trips.NAMES)):
            rows = [row for row in FAULTS if row[10] == 1 << number]
            self.assertEqual(len(rows), 1, trips.NAMES[number])
            self.assertEqual(rows[0][3], "stop" if trips.GRACEFUL & 1 << number else "trip")
            self.assertGreaterEqual(rows[0][2], ERROR)

    def test_no_fault_names_a_trip_that_the_core_does_not_have(self):
        for row in FAULTS:
            self.assertLess(row[10], 1 << len(trips.NAMES))
            self.assertEqual(row[10] & (row[10] - 1), 0)

    def test_pilot_after_a_fault_is_what_the_core_does(self):
        for row in FAULTS:
            if row[10]:
                self.assertEqual(row[4], "F" if row[10] & trips.PILOT_F else "12", row[1])

    def test_latched_faults_are_those_that_no_command_clears(self):
        for row in FAULTS:
            if row[10]:
                latched = bool(row[10] & (trips.POWER_CYCLE | trips.UNPLUG_ONLY))
                self.assertEqual(row[2] == LATCHED, latched, row[1])
                if latched:
                    self.assertNotIn("clear", row[6])
                    self.assertEqual(row[5], 0)

    def test_columns_hold_what_their_head_says(self):
        for row in FAULTS:
            self.assertIn(row[2], (WARNING, ERROR, LATCHED))
            self.assertIn(row[3], ("trip", "stop", "not"))
            self.assertIn(row[4], ("12", "F", "-"))
            self.assertEqual(row[3] == "not", row[4] == "-")
            self.assertIn(row[7], (True, False))

    def test_every_light_and_status_bit_is_one_that_the_tables_explain(self):
        lights = [code for code, _ in LIGHTS] + [""]
        bits = [name for name, _ in STATUS_BITS]
        self.assertEqual(len(set(bits)), len(bits))
        for row in FAULTS:
            self.assertEqual(len(row), KIND + 1, row[1])
            self.assertIn(row[LIGHT], lights)
            self.assertIn(row[STATUS], bits)
            self.assertIn(row[KIND], ("active", "passive"))

    def test_what_keeps_the_contactor_open_has_a_light(self):
        for row in FAULTS:
            if row[2] != WARNING:
                self.assertTrue(row[LIGHT], row[1])
                self.assertEqual(row[KIND], "active")

    def test_a_status_bit_without_a_fault_says_why(self):
        used = set([row[STATUS] for row in FAULTS])
        for name, missing in STATUS_BITS:
            self.assertEqual(name in used, missing == "", name)

    def test_unknown_name_is_refused(self):
        with self.assertRaises(UnknownFault):
            row_of("nonsense")


class TestActive(unittest.TestCase):
    def setUp(self):
        self.heard = []
        self.time = [(7, 1, 0)]
        self.active = ActiveFaults(lambda: self.time[0], lambda row, began: self.heard.append((row[1], began)))

    def test_begin_and_end_are_told_once(self):
        for _ in range(3):
            self.active.begin("diode")
        for _ in range(3):
            self.active.end("diode")
        self.assertEqual(self.heard, [("diode", True), ("diode", False)])

    def test_time_is_that_of_the_begin(self):
        self.active.begin("diode")
        self.time[0] = (7, 99, 0)
        self.active.begin("diode")
        self.assertEqual([stamp for _, stamp in self.active.rows()], [(7, 1, 0)])

    def test_trip_bits_become_faults_and_go_with_them(self):
        self.active.follow_trips(trips.WELDED | trips.DIODE)
        self.assertEqual(sorted([row[1] for row, _ in self.active.rows()]), ["contactor_welded", "diode"])
        self.active.follow_trips(trips.WELDED)
        self.assertEqual([row[1] for row, _ in self.active.rows()], ["contactor_welded"])
        self.active.follow_trips(0)
        self.assertEqual(self.active.rows(), [])
        self.assertEqual(len(self.heard), 4)

    def test_every_bit_alone_begins_its_fault(self):
        for number in range(len(trips.NAMES)):
            self.active.follow_trips(1 << number)
            self.assertEqual([row[10] for row, _ in self.active.rows()], [1 << number])

    def test_worst_is_the_highest_severity(self):
        self.assertEqual(self.active.worst(), -1)
        self.active.begin("meter_lost")
        self.assertEqual(self.active.worst(), WARNING)
        self.active.begin("diode")
        self.assertEqual(self.active.worst(), ERROR)
        self.active.begin("residual_current")
        self.assertEqual(self.active.worst(), LATCHED)
        self.active.end("residual_current")
        self.assertEqual(self.active.worst(), ERROR)

    def test_only_a_warning_that_lasts_degrades_the_service(self):
        for name, degrades in (("unplugged_in_charge", False), ("diode", False), ("meter_lost", True)):
            self.active.begin(name)
            self.assertEqual(self.active.degrading(), degrades, name)
        self.assertEqual(self.active.first_error()[1], "diode")
        self.active.end("diode")
        self.assertIsNone(self.active.first_error())

    def test_notice_ends_after_a_minute_counted_from_the_last_time(self):
        for start_ms in (0, TICKS_MASK - 5000):
            notices = Notices(self.active)
            notices.add("unplugged_in_charge", start_ms)
            notices.add("loop_late", start_ms)
            notices.add("unplugged_in_charge", (start_ms + 30000) & TICKS_MASK)
            for after_ms, left in ((SHOWN_MS, 2), (SHOWN_MS + 1, 1), (SHOWN_MS + 30000, 1), (SHOWN_MS + 30001, 0)):
                notices.tick((start_ms + after_ms) & TICKS_MASK)
                self.assertEqual(len(self.active.rows()), left, after_ms)

    def test_unknown_fault_does_nothing_but_raise(self):
        with self.assertRaises(UnknownFault):
            self.active.begin("nonsense")
        self.assertEqual(self.active.rows(), [])

    def test_oldest_comes_first(self):
        names = ["flash", "diode", "meter_lost", "task_died"]
        for name in names:
            self.active.begin(name)
        self.assertEqual([row[1] for row, _ in self.active.rows()], names)


if __name__ == "__main__":
    unittest.main()
