"""Smart charging: low until a plan arrives, then the plan or the week's windows, and immediate when neither comes."""

import unittest

from firmware.charging.commands import CommandError
from firmware.charging.schedule import MAX_WINDOWS, SmartCharging, at_minute, windows_from_text
from firmware.safety.core import CLOSED
from host_tests.charging.place import Place

DAY = 1440


class TestWeek(unittest.TestCase):
    def test_windows_hold_from_their_begin_until_before_their_end(self):
        windows = windows_from_text("1-5 22:00-06:00 16; 6,7 00:00-24:00 11")
        for minute, limit_ma, left in (
                (0, 0, 1320), (1319, 0, 1), (1320, 16000, 480), (DAY + 359, 16000, 1), (DAY + 360, 0, 960),
                (4 * DAY + 1320, 16000, 120),      # Friday night: Saturday's window begins inside, the first one rules until 6:00
                (5 * DAY + 359, 16000, 1), (5 * DAY + 360, 11000, 1080), (7 * DAY - 1, 11000, 1)):
            self.assertEqual(at_minute(windows, minute), (limit_ma, left), minute)

    def test_a_window_over_sunday_midnight_reaches_into_monday(self):
        windows = windows_from_text("7 23:00-02:00 10")
        self.assertEqual([at_minute(windows, minute)[0] for minute in (7 * DAY - 60, 0, 119, 120)], [10000, 10000, 10000, 0])

    def test_what_is_no_schedule_is_refused(self):
        for text in ("1", "8 00:00-01:00 6", "0 00:00-01:00 6", "5-1 00:00-01:00 6", "1 24:00-01:00 6", "1 01:00-01:00 6",
                     "1 1-2 6", "1 00:60-01:00 6", "1 00:00-25:00 6", "1 00:00-01:00 5", "1 00:00-01:00 64", "1 00:00-01:00 x",
                     "x 00:00-01:00 6",
                     ";".join(["1 00:00-01:00 6"] * (MAX_WINDOWS + 1))):
            with self.assertRaises(ValueError):
                windows_from_text(text)
        self.assertEqual(windows_from_text(" ; "), [])


class TestSmart(unittest.TestCase):
    def setUp(self):
        self.smart = SmartCharging()

    def run_s(self, seconds, wanted=True):
        found = None
        for _ in range(seconds):
            found = self.smart.tick(1000, wanted)
        return found

    def test_low_until_a_plan_arrives_then_immediate(self):
        limit_ma, reason = self.run_s(1)
        self.assertEqual((limit_ma, reason, self.smart.state), (6000, {"code": "smart_start", "left_s": 299}, "waiting"))
        self.assertEqual(self.run_s(298)[0], 6000)
        self.assertIsNone(self.run_s(1))
        self.assertEqual(self.smart.state, "fallback")
        self.smart.new_session()
        self.assertEqual(self.run_s(1)[0], 6000)

    def test_plan_is_followed_step_by_step_to_its_end_and_then_waited_for_anew(self):
        self.smart.set_plan([[10, 16000], [20, 0], [30, 8000]], 40)
        seen = []
        for second in range(1, 42):
            limit_ma, reason = self.smart.tick(1000, True)
            seen.append((second, limit_ma, reason["code"]))
        self.assertEqual([row for row in seen if row[0] in (9, 10, 19, 20, 30, 39, 40)], [
            (9, 6000, "smart_start"), (10, 16000, "plan"), (19, 16000, "plan"), (20, 0, "plan_pause"), (30, 8000, "plan"),
            (39, 8000, "plan"), (40, 6000, "smart_start")])

    def test_plan_runs_on_while_no_vehicle_is_there(self):
        self.smart.set_plan([[0, 6000], [60, 9000]], 3600)
        self.assertIsNone(self.run_s(70, False))
        self.assertEqual(self.smart.state, "off")
        self.assertEqual(self.run_s(1)[0], 9000)

    def test_steps_out_of_order_or_beyond_the_end_are_refused_and_the_old_plan_stays(self):
        self.smart.set_plan([[0, 9000]], 3600)
        for plan in ([[5, 6000], [5, 0]], [[5, 6000], [4, 0]], [[60, 6000]]):
            with self.assertRaises(ValueError):
                self.smart.set_plan(plan, 60)
        self.assertEqual(self.run_s(1)[0], 9000)
        self.smart.set_plan([], 60)
        self.assertEqual(self.run_s(1)[0], 6000)

    def test_windows_rule_when_the_time_is_known_and_a_plan_rules_them(self):
        self.smart.follow(windows_from_text("1 00:00-01:00 11"))
        self.assertEqual(self.run_s(1)[1]["code"], "smart_start")      # nobody knows the time
        minute = [59]
        self.smart.local_minutes = lambda: minute[0]
        self.assertEqual(self.run_s(1), (11000, {"code": "schedule", "left_s": 60}))
        minute[0] = 60
        self.assertEqual(self.run_s(1)[1]["code"], "schedule_pause")
        self.smart.set_plan([[0, 13000]], 60)
        self.assertEqual(self.run_s(1)[0], 13000)

    def test_waiting_of_no_length_is_none(self):
        self.smart.wait_ms = 0
        self.assertIsNone(self.smart.tick(100, True))


class TestStation(unittest.TestCase):
    def test_mode_is_switched_within_a_session_and_named_as_what_limits(self):
        place = Place().charge()
        place.run(5000)
        place.station.command("mode", {"mode": "smart"}, "web")
        place.run(300)
        self.assertEqual([place.fact(name) for name in ("limit_ma", "limited_by", "smart_state")], [6000, "smart", "waiting"])
        self.assertEqual(place.fact("limit_reason")["code"], "smart_start")
        place.station.command("set_plan", {"plan": [[0, 12000], [10, 0]]}, "web")
        place.run(200)
        self.assertEqual([place.fact(name) for name in ("limit_ma", "smart_state")], [12000, "plan"])
        place.run(20000)
        self.assertEqual((place.core.offered_ma, place.fact("why_not_charging")["because"]["code"]), (0, "plan_pause"))
        place.station.command("mode", {"mode": "immediate"}, "web")
        self.assertTrue(place.until(lambda: place.core.phase == CLOSED, 60000))
        self.assertEqual((place.fact("limit_ma"), place.fact("smart_state")), (16000, "off"))

    def test_bad_plan_is_refused(self):
        station = Place().station
        station.command("set_plan", {"plan": [[0, 6000]]}, "web")
        for plan, more in (([[5, 6000], [5, 0]], {}), ([[5, 6000], [4, 0]], {}), ([[86400, 0]], {}), ([[60, 0]], {"valid_s": 60})):
            with self.assertRaises(CommandError) as caught:
                station.command("set_plan", dict(more, plan=plan), "web")
            self.assertEqual((caught.exception.code, caught.exception.field), ("bad_value", "plan"))
        self.assertEqual(station.smart._plan, [(0, 6000)])

    def test_plan_of_a_source_that_may_not_speak_any_more_rules_on_no_longer(self):
        place = Place().charge()
        station = place.station
        station.sources.allow(["mqtt"])
        station.command("mode", {"mode": "smart"}, "web")
        station.command("set_plan", {"plan": [[0, 7000]]}, "mqtt")
        place.run(200)
        self.assertEqual(place.fact("limit_ma"), 7000)
        station.smart.clear_of(station.sources.is_allowed)
        place.run(200)
        self.assertEqual(place.fact("smart_state"), "plan")
        station.sources.allow([])
        station.smart.clear_of(station.sources.is_allowed)
        place.run(200)
        self.assertEqual((place.fact("smart_state"), place.fact("limit_ma")), ("waiting", 6000))


if __name__ == "__main__":
    unittest.main()
