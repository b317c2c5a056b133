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
        self.assertEqual(ceilings.rows(9000), [{"source": "a", "limit_ma": 10000, "failsafe": False, "failsafe_ma": 0,
                                                "expires_in_s": None, "by": "?",
                                                "reason": {"code": "outside", "name": "a", "by": "?", "text": None}}])

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
        self.assertEqual(len(ceilings.rows(0)), MAX_SOURCES)
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
        self.assertFalse(ceilings.rows(0)[0]["failsafe"])


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
            row = late.rows((start_ms + 30001) & TICKS_MASK)[0]
            self.assertEqual((row["source"], row["limit_ma"], row["failsafe"], row["expires_in_s"], row["reason"]["code"]),
                             ("hems", 6000, True, None, "failsafe"))

    def test_without_a_failsafe_value_a_silent_source_gives_nothing(self):
        self.assertEqual(self.after(0, 30001, None).lowest(), (0, "hems"))

    def test_failsafe_of_zero_is_zero(self):
        self.assertEqual(self.after(0, 30001, 0).lowest(), (0, "hems"))

    def test_failsafe_stays_in_force_when_the_clock_has_come_round(self):
        for start_ms in STARTS:
            ceilings = self.after(start_ms, 30001)
            ceilings.tick((start_ms + 10) & TICKS_MASK)       # 12.4 days later the difference is small again
            self.assertEqual(ceilings.lowest(), (6000, "hems"))

    def test_what_is_left_of_its_time_is_told(self):
        for start_ms in STARTS:
            row = self.after(start_ms, 10000).rows((start_ms + 10000) & TICKS_MASK)[0]
            self.assertEqual((row["expires_in_s"], row["failsafe_ma"], row["failsafe"]), (20, 6000, False))

    def test_a_cap_that_brought_no_failsafe_takes_the_common_one_of_the_moment(self):
        ceilings = self.after(0, 30001, None)
        ceilings.failsafe_ma = 14000
        self.assertEqual(ceilings.lowest(), (14000, "hems"))
        ceilings.failsafe_ma = 8000
        self.assertEqual(ceilings.lowest(), (8000, "hems"))

    def test_silence_of_who_set_it_brings_the_failsafe_and_its_word_ends_it(self):
        ceilings = Ceilings()
        ceilings.set("a", 16000, 0, 7000, 0, "mqtt")
        ceilings.set("b", 16000, 0, 9000, 0, "ocpp")
        ceilings.tick(10, ["mqtt"])
        self.assertEqual((ceilings.lowest(), ceilings.lapsed()), ((7000, "a"), True))
        ceilings.tick(20, [])
        self.assertEqual((ceilings.lowest()[0], ceilings.lapsed()), (16000, False))

    def test_a_cap_whose_own_time_is_over_needs_to_be_set_again_however_loud_its_source(self):
        ceilings = Ceilings()
        ceilings.set("a", 16000, 0, 7000, 1000, "mqtt")
        ceilings.tick(1001, [])
        ceilings.tick(1100, [])
        self.assertEqual(ceilings.lowest(), (7000, "a"))

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
        self.assertEqual(len(ceilings.rows(0)), 1)

    def test_without_a_timeout_a_cap_stays_for_ever(self):
        ceilings = self.after(0, MAX_TIMEOUT_MS, 6000, 0)
        self.assertEqual(ceilings.lowest(), (16000, "hems"))


class TestReasons(unittest.TestCase):
    def test_reason_is_that_of_the_owner_or_says_who_asked(self):
        ceilings = Ceilings()
        ceilings.own("board", 32000)
        ceilings.own("home", 6000, {"code": "home", "used_ma": 10000, "fuse_ma": 16000, "phase": 2})
        ceilings.set("hems", 9000, 0, None, 0, "mqtt")
        ceilings.set("evcc", 9000, 0, None, 0, "api", "surplus")
        self.assertEqual([ceilings.reason_of(name)["code"] for name in ("board", "home", "hems", "evcc", "elsewhere")],
                         ["board", "home", "outside", "outside_said", "elsewhere"])
        self.assertEqual(ceilings.reason_of("evcc")["text"], "surplus")

    def test_caps_of_those_who_may_not_speak_any_more_go(self):
        ceilings = Ceilings()
        ceilings.own("board", 32000)
        ceilings.set("a", 6000, 0, None, 0, "mqtt")
        ceilings.set("b", 9000, 0, None, 0, "ocpp")
        ceilings.clear_of(lambda by: by != "mqtt")
        self.assertEqual([row["source"] for row in ceilings.rows(0)], ["board", "b"])
        self.assertEqual([ceilings.set_by(name) for name in ("board", "b", "a")], ["", "ocpp", None])


class Dice:
    """The same throws on both interpreters: a linear congruential generator of 31 bits, its low bits left out."""

    def __init__(self, seed):
        self.state = seed * 2654435 + 12345

    def below(self, number):
        self.state = (self.state * 1103515245 + 12345) % 2147483648
        return (self.state >> 12) % number

    def choice(self, values):
        return values[self.below(len(values))]


class TestProperty(unittest.TestCase):
    """Random lives of a table of ceilings against a plain model of what each promises, across the clock's wrap."""

    NAMES = ("board", "fuse", "hems", "grid", "app")

    def value(self, cap, now_ms):
        """What a cap of the model is worth: [limit, failsafe, timeout, set at, by, lapsed for good]."""
        if cap[4] is None:
            return cap[0]
        if cap[2] and now_ms - cap[3] > cap[2]:
            cap[5] = True
        return self.common_ma if (cap[5] or cap[4] in self.silent) and cap[1] is None else (
            cap[1] if cap[5] or cap[4] in self.silent else cap[0])

    def test_lowest_wins_never_above_the_chargers_own_and_failsafe_holds(self):
        for seed in range(60):
            rng = Dice(seed)
            offset = rng.choice((0, TICKS_MASK - 40000, TICKS_MASK // 2))
            ceilings, model, now_ms, lapses = Ceilings(), {}, 0, 0
            self.silent, self.common_ma = [], 8000
            ceilings.failsafe_ma = self.common_ma
            for _ in range(60):
                now_ms += rng.choice((10, 100, 1000, 9000))
                name, limit_ma = rng.choice(self.NAMES), rng.choice((0, 5999, 6000, 10000, 16000, 32000, 80000))
                act = rng.below(6)
                if act == 0 and name in self.NAMES[:2]:
                    ceilings.own(name, limit_ma)
                    model[name] = [limit_ma, None, 0, 0, None, False]
                elif act < 3 and name in self.NAMES[2:]:
                    cap = [limit_ma, rng.choice((None, 0, 7000)), rng.choice((0, 1000, 20000)), now_ms,
                           rng.choice(("mqtt", "ocpp")), False]
                    ceilings.set(name, cap[0], (offset + now_ms) & TICKS_MASK, cap[1], cap[2], cap[4])
                    model[name] = cap
                elif act == 3:
                    cleared = ceilings.clear(name)
                    self.assertEqual(cleared, name in model and model[name][4] is not None)
                    if cleared:
                        del model[name]
                elif act == 4:
                    self.silent = rng.choice(([], ["mqtt"], ["mqtt", "ocpp"]))
                ceilings.tick((offset + now_ms) & TICKS_MASK, self.silent)
                wanted = min([OFFER_MAX_MA] + [self.value(cap, now_ms) for cap in model.values()])
                limit_ma, source = ceilings.lowest()
                self.assertEqual(limit_ma, wanted, (seed, now_ms))
                self.assertTrue(source == "none" or self.value(model[source], now_ms) == limit_ma)
                for cap in model.values():
                    if cap[4] is None:
                        self.assertLessEqual(limit_ma, cap[0])
                lapses += ceilings.lapsed()
            self.assertEqual(len(ceilings.rows(0)), len(model))
        self.assertTrue(lapses)


if __name__ == "__main__":
    unittest.main()
