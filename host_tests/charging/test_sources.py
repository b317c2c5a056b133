"""Who outside may speak: nobody before it is allowed; and what a source set falls back while it is silent."""

import unittest

from firmware.charging.commands import COMMANDS
from firmware.charging.sources import OUTSIDE, Sources
from firmware.safety.limits import TICKS_MASK
from host_tests.charging.place import Place
from host_tests.charging.test_commands import GOOD

STARTS = (0, TICKS_MASK - 20000)


class TestSources(unittest.TestCase):
    def test_inside_may_speak_outside_only_when_allowed(self):
        sources = Sources()
        for name in OUTSIDE:
            self.assertFalse(sources.is_allowed(name))
        for name in ("web", "card", "button"):
            self.assertTrue(sources.is_allowed(name))
        sources.allow(["mqtt"])
        self.assertEqual([name for name in OUTSIDE if sources.is_allowed(name)], ["mqtt"])

    def test_silence_is_noticed_after_the_timeout_and_ends_with_a_word(self):
        for start_ms in STARTS:
            sources = Sources()
            sources.allow(["mqtt"])
            sources.heard("mqtt", start_ms)
            for after_ms, silent in ((60000, []), (60001, ["mqtt"]), (10, ["mqtt"])):    # the last: the clock has come round
                sources.tick((start_ms + after_ms) & TICKS_MASK)
                self.assertEqual(sources.silent(), silent)
            sources.spoke("mqtt", (start_ms + 70000) & TICKS_MASK)
            sources.tick((start_ms + 70010) & TICKS_MASK)
            self.assertEqual(sources.silent(), [])

    def test_who_never_had_a_connection_or_is_not_allowed_is_not_watched(self):
        sources = Sources()
        sources.allow(["api"])
        self.assertFalse(sources.spoke("api", 0))
        sources.heard("mqtt", 0)
        sources.heard("web", 0)
        sources.tick(1000000)
        self.assertEqual(sources.silent(), ())

    def test_timeout_of_zero_never_ends(self):
        sources = Sources()
        sources.allow(["mqtt"])
        sources.timeout_ms = 0
        sources.heard("mqtt", 0)
        sources.tick(10000000)
        self.assertEqual(sources.silent(), [])


class TestCommands(unittest.TestCase):
    def test_every_command_of_a_source_that_is_not_allowed_is_refused_and_changes_nothing(self):
        place = Place().charge()
        before = place.station.facts()
        for row in COMMANDS:
            for source in OUTSIDE:
                answer = place.station.command(row[0], GOOD[row[0]], source)
                self.assertEqual(answer, {"result": "refused", "reason": "not_allowed"})
        after = place.station.facts()
        self.assertEqual(after["last_refusal"]["code"], "not_allowed")
        for name in before:
            if name != "last_refusal":
                self.assertEqual(after[name], before[name], name)

    def test_ceiling_of_one_source_is_not_anothers_but_those_inside_may_take_it_away(self):
        station = Place().station
        station.sources.allow(["mqtt", "ocpp"])
        cap = {"source": "grid", "limit_ma": 9000}
        self.assertEqual(station.command("set_ceiling", cap, "mqtt")["result"], "accepted")
        for name in ("set_ceiling", "clear_ceiling"):
            args = cap if name == "set_ceiling" else {"source": "grid"}
            self.assertEqual(station.command(name, args, "ocpp"), {"result": "refused", "reason": "not_allowed"})
        self.assertEqual(station.command("set_ceiling", cap, "mqtt")["result"], "accepted")
        self.assertEqual(station.command("clear_ceiling", {"source": "grid"}, "web")["result"], "accepted")

    def test_silent_source_falls_to_the_settings_failsafe_by_phases_until_it_speaks(self):
        place = Place().charge()
        station = place.station
        station.sources.allow(["mqtt"])
        station.failsafe_ma, station.failsafe_3p_ma = 8000, 14000
        station.sources.heard("mqtt", station.now_ms)
        station.command("set_ceiling", {"source": "hems", "limit_ma": 15000}, "mqtt")
        place.run(60000)
        self.assertEqual(place.fact("limit_ma"), 15000)
        place.run(1000)
        self.assertEqual([place.fact(name) for name in ("limit_ma", "limited_by")], [14000, "hems"])
        self.assertEqual(place.fact("limit_reason"), {"code": "failsafe", "name": "hems", "by": "mqtt", "text": None})
        self.assertEqual([row["name"] for row in place.fact("faults")], ["source_silent"])
        station.reading.phases_used = 1
        place.run(200)
        self.assertEqual(place.fact("limit_ma"), 8000)
        station.sources.heard("mqtt", station.now_ms)
        place.run(200)
        self.assertEqual((place.fact("limit_ma"), place.fact("faults")), (15000, []))

    def test_failsafe_is_never_above_the_chargers_own_ceilings(self):
        place = Place().charge()
        place.station.failsafe_3p_ma = 63000
        place.station.command("set_ceiling", {"source": "hems", "limit_ma": 9000, "timeout_s": 1}, "test")
        place.run(2000)
        self.assertEqual((place.fact("limit_ma"), place.fact("limited_by")), (16000, "installation"))


if __name__ == "__main__":
    unittest.main()
