"""After a restart the failsafe of every source that had set a limit holds until it gives a command (CH-12)."""
import unittest

from firmware.charging.sources import OUTSIDE
from firmware.records.spoken import Spoken
from host_tests.charging.place import Place
from host_tests.storage.scratch import Scratch


class SpokenTest(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.allowed = ["mqtt", "ocpp"]
        self.start()

    def tearDown(self):
        self.scratch.close()

    def start(self):
        """The charger starts; a car is plugged in."""
        self.place = Place()
        self.station = self.place.station
        self.station.sources.allow(self.allowed)
        self.station.failsafe_ma, self.station.failsafe_3p_ma = 8000, 14000
        self.spoken = Spoken(self.scratch.folder + "spoken", self.station.ceilings)
        self.spoken.load(self.station.sources.is_allowed)
        self.place.plug()

    def restart(self):
        self.spoken.save()
        self.start()
        self.place.run(300)

    def give(self, name, args, source="mqtt"):
        self.assertEqual(self.station.command(name, args, source)["result"], "accepted")
        self.place.run(300)

    def limit(self):
        return self.place.fact("limit_ma"), self.place.fact("limited_by")

    def test_who_never_set_a_limit_imposes_nothing_and_costs_no_flash(self):
        self.give("stop", {})
        self.give("start", {})
        self.assertFalse(self.spoken.save())
        self.assertEqual(self.scratch.names(), [])
        self.restart()
        self.assertEqual(self.limit(), (16000, "installation"))

    def test_who_had_set_one_and_stays_silent_imposes_its_failsafe(self):
        for failsafe, wanted in ((None, 14000), (9000, 9000), (0, 0)):
            args = {"source": "hems", "limit_ma": 15000}
            self.give("set_ceiling", args if failsafe is None else dict(args, failsafe_ma=failsafe))
            self.restart()
            self.assertEqual(self.limit(), (wanted, "mqtt"))
            self.assertEqual(self.place.fact("limit_reason"), {"code": "failsafe", "name": "mqtt", "by": "mqtt", "text": None})
            self.assertEqual([row["name"] for row in self.place.fact("faults")], ["source_silent"])
            self.station.sources.heard("mqtt", self.station.now_ms)          # a broker is there: that says no limit
            self.place.run(300)
            self.assertEqual(self.limit(), (wanted, "mqtt"))
            self.restart()                                                  # once more, before it spoke
            self.assertEqual(self.limit(), (wanted, "mqtt"))
            self.give("set_ceiling", {"source": "mqtt", "limit_ma": 15500})  # its own name is free for it
            self.assertEqual((self.limit(), self.place.fact("faults")), ((15500, "mqtt"), []))
            self.give("clear_ceiling", {"source": "mqtt"})
            self.assertEqual(self.limit(), (16000, "installation"))

    def test_the_lowest_of_its_failsafes_holds(self):
        self.give("set_ceiling", {"source": "a", "limit_ma": 15000, "failsafe_ma": 11000})
        self.give("set_ceiling", {"source": "b", "limit_ma": 15000, "failsafe_ma": 7000})
        self.restart()
        self.assertEqual(self.limit(), (7000, "mqtt"))

    def test_another_sources_word_does_not_lift_it_but_somebody_inside_may(self):
        self.give("set_ceiling", {"source": "hems", "limit_ma": 15000})
        self.restart()
        self.give("stop", {}, "ocpp")
        self.assertEqual(self.limit()[1], "mqtt")
        self.give("clear_ceiling", {"source": "mqtt"}, "web")
        self.assertEqual(self.limit()[1], "installation")

    def test_who_took_its_limit_away_or_may_not_speak_any_more_imposes_nothing(self):
        self.give("set_ceiling", {"source": "hems", "limit_ma": 15000})
        self.spoken.save()
        self.give("clear_ceiling", {"source": "hems"})
        self.restart()
        self.assertEqual(self.limit()[1], "installation")
        self.give("set_ceiling", {"source": "hems", "limit_ma": 15000})
        self.allowed = ["ocpp"]
        self.restart()
        self.assertEqual(self.limit()[1], "installation")
        self.allowed = ["mqtt"]
        self.restart()
        self.assertEqual(self.limit()[1], "installation")

    def test_what_those_inside_set_is_no_sources(self):
        self.give("set_ceiling", {"source": "hems", "limit_ma": 15000}, "web")
        self.restart()
        self.assertEqual(self.limit()[1], "installation")

    def test_a_file_of_fewer_or_more_sources_is_read_as_far_as_it_goes(self):
        from firmware.records.spoken import SPOKEN_KIND
        from firmware.storage.inline_file import InlineFile
        at = OUTSIDE.index("mqtt")
        for count in (at + 1, 12):
            payload = b"\xff" * 4 * at + b"\x28\x23\x00\x00" + b"\xff" * 4 * (count - at - 1)
            InlineFile(self.scratch.folder + "spoken", SPOKEN_KIND).write(payload)
            self.start()
            self.place.run(300)
            self.assertEqual(self.limit(), (9000, "mqtt"))


if __name__ == "__main__":
    unittest.main()
