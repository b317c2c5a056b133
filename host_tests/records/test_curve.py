"""The power curve: bounded however long the session, true to the energy, kept twice on flash and found again."""

import unittest

from firmware.records import curve_log
from firmware.records.curve import NONE, POINTS, Curve
from host_tests.storage.scratch import Scratch


def energy_ws(curve):
    return sum([watt for watt in curve.points() if watt != NONE]) * curve.step_s


class CurveTest(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)
        self.curve = Curve(lambda *curve: curve_log.append(self.scratch.folder, *curve))

    def charge(self, number, seconds, power, every=1):
        self.curve.begin(number)
        for s in range(0, seconds, every):
            self.curve.add(s, power(s))
        return self.curve

    def test_it_begins_with_the_first_power(self):
        curve = self.charge(1, 600, lambda s: 11000 if s >= 100 else 20)
        self.assertEqual((curve.from_s, curve.points()[0]), (100, 11000))

    def test_a_full_row_halves_its_resolution_and_keeps_the_energy(self):
        for hours in (1, 3, 8, 24):
            curve = self.charge(hours, hours * 3600, lambda s: 3000 + s % 3600, 1 if hours < 4 else 5)
            self.assertTrue(POINTS // 2 <= curve.count <= POINTS, curve.count)
            told = hours * sum([3000 + s for s in range(3600)])
            self.assertTrue(abs(energy_ws(curve) - told) * 50 < told, (hours, energy_ws(curve), told))

    def test_a_vehicle_that_stays_plugged_in_does_not_blur_what_it_charged(self):
        curve = self.charge(1, 2000, lambda s: 7000)
        step_s = curve.step_s
        for s in range(2000, 200000, 3):
            curve.add(s, 3)
        self.assertEqual(curve.step_s, step_s)
        self.assertTrue(curve.count <= POINTS)
        curve.add(200000, 7000)
        self.assertTrue(curve.step_s > step_s)
        self.assertEqual(curve.points()[curve.count - 1], 7000)

    def test_seconds_in_which_nobody_measured_stay_unknown(self):
        curve = self.charge(1, 100, lambda s: 5000)
        curve.add(200, 5000)
        self.assertEqual([watt == NONE for watt in curve.points()][48:101], [False] * 2 + [True] * 50 + [False])
        while curve.step_s == 2:
            curve.add(curve.from_s + 2 * POINTS, 5000)
        self.assertEqual(set(curve.points()), {5000, NONE})

    def test_values_beyond_the_field_are_cut_and_power_fed_back_is_none(self):
        self.curve.begin(1)
        self.curve.add(0, 99999)
        self.curve.add(2, -500)
        self.assertEqual(list(self.curve.points()), [65534, 0])

    def test_a_clock_that_goes_back_adds_to_the_newest_point(self):
        self.curve.begin(1)
        for s in (0, 2, 4, 1):
            self.curve.add(s, 1000)
        self.assertEqual(list(self.curve.points()), [1000, 1000, 1000])

    def test_ended_sessions_are_found_again_the_newest_in_full_older_ones_with_fewer_points(self):
        for number in range(1, 300):
            curve_log.append(self.scratch.folder, number * 2, 5, 2, [1000 + number + at for at in range(POINTS)])
        self.charge(600, 400, lambda s: 4000 + s)
        self.curve.end(600)
        self.assertFalse(self.curve.flush(False))
        self.assertTrue(self.curve.flush(True))
        self.assertFalse(self.curve.flush(True))
        newest = [found for found in curve_log.find(self.scratch.folder, 600) if found is not None][0]
        self.assertEqual((newest[:3], len(newest[3])), ((600, 0, 2), 200))
        for told, at in ((4000, 0), (4398, 199)):
            self.assertTrue(abs(newest[3][at] - told) <= 20, (newest[3][at], told))
        oldest = [found for found in curve_log.find(self.scratch.folder, 2) if found is not None][0]
        self.assertEqual((oldest[:3], len(oldest[3])), ((2, 5, 12), curve_log.OLD_POINTS))
        self.assertTrue(abs(oldest[3][0] - 1003) < 10)
        for number in (0, 1, 601, 602, 99999):
            self.assertEqual([found for found in curve_log.find(self.scratch.folder, number) if found is not None], [])

    def test_a_session_without_power_leaves_nothing(self):
        self.charge(7, 100, lambda s: 3)
        self.curve.end(7)
        self.assertFalse(self.curve.flush(True))

    def test_the_curve_that_waits_is_not_touched_by_the_next_session(self):
        self.charge(1, 100, lambda s: 5000)
        self.curve.end(1)
        self.charge(2, 100, lambda s: 9000)
        self.curve.end(2)
        self.assertTrue(self.curve.flush(True))
        for number, watt in ((1, 5000), (2, 9000)):
            found = [found for found in curve_log.find(self.scratch.folder, number) if found is not None][0]
            self.assertEqual(set(found[3]), {watt})

    def test_of_many_that_the_flash_does_not_take_only_the_newest_wait(self):
        for number in range(1, 9):
            self.charge(number, 100, lambda s: 5000)
            self.curve.end(number)
        self.curve.flush(True)
        kept = [number for number in range(1, 9) if any(curve_log.find(self.scratch.folder, number))]
        self.assertEqual(kept, [6, 7, 8])

    def test_a_payload_that_is_none_is_none(self):
        self.assertEqual(curve_log.decode(b"123"), None)
        payload = curve_log.encode(5, 1, 2, [100, NONE, 0, 254], POINTS)
        self.assertEqual(tuple(curve_log.decode(payload)[:3]), (5, 1, 2))
        self.assertEqual(list(curve_log.decode(payload)[3]), [100, NONE, 0, 254])
        self.assertEqual(len(curve_log.decode(payload[:-1])[3]), 3)
        self.assertEqual(list(curve_log.decode(curve_log.encode(5, 1, 2, [0, NONE], POINTS))[3]), [0, NONE])
