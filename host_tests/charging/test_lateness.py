"""How late the tick runs: percentiles that fade, and the limit of three very late ticks in ten minutes."""

import unittest

from firmware.charging.lateness import LATE_MS, Lateness
from firmware.safety.limits import TICKS_MASK

TEN_MINUTES_MS = 600000
STARTS = (0, 5000000, TICKS_MASK - 1000)


class TestPercentiles(unittest.TestCase):
    def test_nothing_noted_is_zero(self):
        self.assertEqual(Lateness().fact(), {"p50": 0, "p99": 0, "max": 0})

    def test_percentiles_are_those_of_the_ticks(self):
        lateness = Lateness()
        for late_ms in range(100):
            lateness.note(late_ms, late_ms * 10)
        self.assertEqual(lateness.fact(), {"p50": 49, "p99": 98, "max": 99})

    def test_one_late_tick_in_a_hundred_is_not_in_p99_but_in_max(self):
        lateness = Lateness()
        for tick in range(200):
            lateness.note(90 if tick == 7 else 1, tick * 10)
        self.assertEqual(lateness.fact(), {"p50": 1, "p99": 1, "max": 90})

    def test_what_is_above_the_histogram_counts_as_its_last_bucket(self):
        lateness = Lateness()
        lateness.note(100000, 0)
        self.assertEqual(lateness.fact(), {"p50": 127, "p99": 127, "max": 100000})

    def test_old_trouble_fades(self):
        lateness = Lateness()
        for tick in range(20000):
            lateness.note(40, tick * 10)
        for tick in range(20000, 400000, 1):
            lateness.note(0, (tick * 10) & TICKS_MASK)
            if tick == 39999:
                self.assertEqual(lateness.percentile_ms(990), 40)
        self.assertEqual(lateness.percentile_ms(990), 0)


class TestTooLate(unittest.TestCase):
    def late_at(self, start_ms, times_ms, late_ms=LATE_MS + 1):
        lateness = Lateness()
        for time_ms in times_ms:
            lateness.note(late_ms, (start_ms + time_ms) & TICKS_MASK)
        return lateness

    def test_three_within_ten_minutes_are_too_late(self):
        for start_ms in STARTS:
            self.assertFalse(self.late_at(start_ms, (0, 10)).too_late)
            self.assertTrue(self.late_at(start_ms, (0, 10, 20)).too_late)
            self.assertTrue(self.late_at(start_ms, (0, 10, TEN_MINUTES_MS)).too_late)

    def test_three_in_more_than_ten_minutes_are_not(self):
        for start_ms in STARTS:
            self.assertFalse(self.late_at(start_ms, (0, 10, TEN_MINUTES_MS + 1)).too_late)

    def test_any_three_in_a_row_count_not_only_the_first(self):
        for start_ms in STARTS:
            times_ms = [0, TEN_MINUTES_MS, 2 * TEN_MINUTES_MS, 2 * TEN_MINUTES_MS + 10]
            self.assertFalse(self.late_at(start_ms, times_ms).too_late)
            self.assertTrue(self.late_at(start_ms, times_ms + [2 * TEN_MINUTES_MS + 20]).too_late)

    def test_exactly_100_ms_is_not_too_late(self):
        self.assertFalse(self.late_at(0, (0, 10, 20, 30), LATE_MS).too_late)

    def test_it_is_told_once_and_then_counts_anew(self):
        lateness = self.late_at(0, (0, 10, 20))
        self.assertTrue(lateness.take_too_late())
        self.assertFalse(lateness.take_too_late())
        self.assertEqual(lateness.stops, 1)
        lateness.note(LATE_MS + 1, 30)
        lateness.note(LATE_MS + 1, 40)
        self.assertFalse(lateness.too_late)
        lateness.note(LATE_MS + 1, 50)
        self.assertTrue(lateness.take_too_late())
        self.assertEqual(lateness.stops, 2)

    def test_late_ticks_of_the_clocks_last_round_are_forgotten(self):
        lateness = self.late_at(1000, (0, 10))
        now_ms = 1000 + TEN_MINUTES_MS + 1000
        for tick in range(60000):                       # the histogram ages, and with it these two
            lateness.note(0, now_ms + tick * 10)
        lateness.note(LATE_MS + 1, 1020)                # 12.4 days later the difference is 20 ms again
        self.assertFalse(lateness.too_late)


if __name__ == "__main__":
    unittest.main()
