"""The lowest cap wins, and what is not renewed in time falls back."""

import unittest

from firmware.charging.ceilings import MAX_SOURCES, MAX_TIMEOUT_MS, Ceilings
from firmware.safety.limits import OFFER_MAX_MA, TICKS_MASK

STARTS = (0, 123456, TICKS_MASK - 700)


class TestLowest(unittest.TestCase):
    def test_without_any_cap_the_standards_most_holds(self):
        self.assertEqual(Ceilings().lowest(), (OFFER_MAX_MA, "none"))

    def test_lowest_cap_wins_in_any_order(self):
        for order in (("a", "b", "c"), ("c", "b", "a"), ("b", "c", "a")):
            ceilings = Ceilings()
            limits_ma = {"a": 16000, "b": 6000, "c": 10000}
            for source in order:
                ceilings.set(source, limits_ma[source], 0)
            self.assertEqual(ceilings.lowest(), (6000, "b"))

    def test_zero_is_a_cap(self):
        ceilings = Ceilings()
        ceilings.set("a", 0, 0)
        self.assertEqual(ceilings.lowest(), (0, "a"))

    def test_setting_again_replaces_everything_of_that_cap(self):
        ceilings = Ceilings()
        ceilings.set("a", 6000, 0, 1000, 5000)
        ceilings.set("a", 10000, 100)
        ceilings.tick(9000)
        self.assertEqual(ceilings.rows(), [{"source": "a", "limit_ma": 10000, "failsafe": False}])

    def test_clear_gives_the_next_lowest(self):
        ceilings = Ceilings()
        ceilings.set("a", 6000, 0)
        ceilings.set("b", 8000, 0)
        self.assertTrue(ceilings.clear("a"))
        self.assertEqual(ceilings.lowest(), (8000, "b"))
        self.assertFalse(ceilings.clear("a"))

    def test_sources_are_bounded_but_known_ones_can_still_be_renewed(self):
        ceilings = Ceilings()
        for number in range(MAX_SOURCES):
            self.assertTrue(ceilings.set("s%d" % number, 10000, 0))
        self.assertFalse(ceilings.set("one more", 6000, 0))
        self.assertEqual(len(ceilings.rows()), MAX_SOURCES)
        self.assertTrue(ceilings.set("s3", 7000, 0))
        self.assertEqual(ceilings.lowest(), (7000, "s3"))


class TestOwn(unittest.TestCase):
    def test_cap_of_the_charger_itself_cannot_be_lifted_or_cleared_by_others(self):
        ceilings = Ceilings()
        ceilings.own("installation", 16000)
        self.assertTrue(ceilings.is_own("installation"))
        self.assertFalse(ceilings.set("installation", 80000, 0))
        self.assertFalse(ceilings.clear("installation"))
        self.assertEqual(ceilings.lowest(), (16000, "installation"))

    def test_cap_of_the_charger_itself_finds_room_when_others_have_filled_the_table(self):
        ceilings = Ceilings()
        for number in range(MAX_SOURCES):
            ceilings.set("s%d" % number, 10000, 0)
        ceilings.own("temperature", 8000)
        self.assertEqual(ceilings.lowest(), (8000, "temperature"))

    def test_own_caps_leave_the_room_of_others_alone(self):
        ceilings = Ceilings()
        for number in range(4):
            ceilings.own("own%d" % number, 32000)
        for number in range(MAX_SOURCES):
            self.assertTrue(ceilings.set("s%d" % number, 10000, 0))

    def test_own_takes_a_name_over_that_a_client_had_used(self):
        ceilings = Ceilings()
        ceilings.set("home", 6000, 0, 0, 1000)
        ceilings.own("home", 20000)
        ceilings.tick(5000)
        self.assertEqual(ceilings.lowest(), (20000, "home"))
        self.assertFalse(ceilings.clear("home"))

    def test_own_cap_never_lapses(self):
        ceilings = Ceilings()
        ceilings.own("board", 32000)
        ceilings.tick(MAX_TIMEOUT_MS)
        self.assertFalse(ceilings.rows()[0]["failsafe"])


class TestFailsafe(unittest.TestCase):
    def after(self, start_ms, gone_ms, failsafe_ma=6000, timeout_ms=30000):
        ceilings = Ceilings()
        ceilings.set("hems", 16000, start_ms, failsafe_ma, timeout_ms)
        ceilings.tick((start_ms + gone_ms) & TICKS_MASK)
        return ceilings

    def test_cap_holds_up_to_its_timeout_and_falls_back_after_it(self):
        for start_ms in STARTS:
            self.assertEqual(self.after(start_ms, 30000).lowest(), (16000, "hems"))
            late = self.after(start_ms, 30001)
            self.assertEqual(late.lowest(), (6000, "hems"))
            self.assertEqual(late.rows(), [{"source": "hems", "limit_ma": 6000, "failsafe": True}])

    def test_without_a_failsafe_value_a_silent_source_gives_nothing(self):
        self.assertEqual(self.after(0, 30001, None).lowest(), (0, "hems"))

    def test_failsafe_of_zero_is_zero(self):
        self.assertEqual(self.after(0, 30001, 0).lowest(), (0, "hems"))

    def test_failsafe_stays_in_force_when_the_clock_has_come_round(self):
        for start_ms in STARTS:
            ceilings = self.after(start_ms, 30001)
            ceilings.tick((start_ms + 10) & TICKS_MASK)       # 12.4 days later the difference is small again
            self.assertEqual(ceilings.lowest(), (6000, "hems"))

    def test_renewal_ends_the_failsafe(self):
        ceilings = self.after(0, 30001)
        ceilings.set("hems", 12000, 31000, 6000, 30000)
        ceilings.tick(31010)
        self.assertEqual(ceilings.lowest(), (12000, "hems"))

    def test_timeout_beyond_the_clocks_range_is_refused(self):
        ceilings = Ceilings()
        ceilings.set("longest", 6000, 0, 0, MAX_TIMEOUT_MS)
        for timeout_ms in (MAX_TIMEOUT_MS + 1, -1):
            with self.assertRaises(ValueError):
                ceilings.set("hems", 6000, 0, 0, timeout_ms)
        self.assertEqual(len(ceilings.rows()), 1)

    def test_without_a_timeout_a_cap_stays_for_ever(self):
        ceilings = self.after(0, MAX_TIMEOUT_MS, 6000, 0)
        self.assertEqual(ceilings.lowest(), (16000, "hems"))


if __name__ == "__main__":
    unittest.main()
