"""The wall clock: unknown until it was set, then exact."""

import unittest

from host_tests.drivers.chip import Chip, board_facts


class TestClock(unittest.TestCase):
    def setUp(self):
        facts = board_facts()
        facts["has"]["rtc_battery"] = False
        self.chip = Chip(facts)
        self.addCleanup(self.chip.close)
        from firmware.drivers import clock
        self.clock = clock

    def test_clock_that_was_never_set_is_unknown(self):
        self.assertEqual(self.clock.utc_s(), 0)
        self.assertIsNone(self.clock.rfc3339(self.clock.utc_s()))

    def test_clock_that_was_set_runs_on(self):
        for utc_s in (1735689600, 1795176000, 1835438399, 4102444799 - 10):     # 2025, a leap day's eve, 2099
            self.clock.set_utc(utc_s)
            self.assertEqual(self.clock.utc_s(), utc_s)
            self.chip.run_ms(3000)
            self.assertEqual(self.clock.utc_s(), utc_s + 3)

    def test_leap_days_and_years_ends(self):
        for utc_s, text in ((951782400, "2000-02-29T00:00:00Z"), (951868800, "2000-03-01T00:00:00Z"),
                            (978307199, "2000-12-31T23:59:59Z"), (978307200, "2001-01-01T00:00:00Z"),
                            (1709164800, "2024-02-29T00:00:00Z"), (1735689599, "2024-12-31T23:59:59Z"),
                            (4102444799, "2099-12-31T23:59:59Z")):
            self.assertEqual(self.clock.rfc3339(utc_s), text)
            date = self.clock.date_from_utc(utc_s)
            self.assertEqual(self.clock.utc_from_date(*date[:6]), utc_s)


if __name__ == "__main__":
    unittest.main()
