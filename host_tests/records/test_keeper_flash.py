"""When the keeper writes to the flash, and what becomes of a charge and its record where the flash refuses."""
import unittest

from firmware.safety.core import CLOSED
from host_tests.records.place import UTC, KeeperTest


class TestFlash(KeeperTest):
    def test_flash_is_left_alone_while_power_flows_but_for_one_small_file_a_minute(self):
        place = self.boot(utc_s=UTC).meter(1000).charge()
        del self.flash.writes[:]
        for _ in range(5):
            place.station.command("mode", {"mode": "smart"}, "page")       # an event waits
            place.keeper.clock_was_set()
            place.run(60000)
        self.assertEqual(place.core.phase, CLOSED)
        self.assertGreaterEqual(len(self.flash.writes), 4)
        self.assertLessEqual(len(self.flash.writes), 5)
        for path in self.flash.writes:
            self.assertIn("session_progress", path)
        self.assertGreater(place.keeper.events.waiting, 0)
        place.unplug()
        self.assertEqual(place.keeper.events.waiting, 0)

    def saver(self, place, name, calls, wrong=None):
        """Something that always waits to be written."""
        def save():
            calls.append((place.rig.elapsed_ms, name))
            if wrong:
                raise wrong
            return True
        place.keeper.also_flush(save)

    def test_under_load_one_that_waits_is_written_a_minute_in_turn_and_one_that_fails_bars_nobody(self):
        place, calls = self.boot(utc_s=UTC).meter(1000).charge(), []
        self.saver(place, "bad", calls, OSError(28))
        for name in ("a", "b"):
            self.saver(place, name, calls)
        place.run(6 * 60000)
        self.assertEqual([name for _, name in calls], ["bad", "a", "b", "bad", "a", "b"])
        for index in range(5):
            self.assertGreaterEqual(calls[index + 1][0] - calls[index][0], 59000)

    def test_with_an_open_contactor_one_that_fails_bars_nobody_and_is_named(self):
        place, calls = self.boot().meter(1000).run(2000), []
        self.saver(place, "bad", calls, OSError(28))
        self.saver(place, "good", calls)
        place.keeper.note("task_died", {"task": "x", "reason": "y"})
        place.keeper.flush()
        self.assertEqual([name for _, name in calls], ["bad", "good"])
        self.assertEqual(place.keeper.events.waiting, 0)
        self.assertTrue(place.keeper.failing)

    def test_a_fault_in_a_long_charge_is_on_flash_within_two_minutes_and_bars_nobody_either(self):
        place, calls = self.boot(utc_s=UTC).meter(1000).charge(), []
        self.saver(place, "a", calls)
        del self.flash.writes[:]
        for _ in range(4):
            place.keeper.events.add(place.keeper.stamp(), "fault", "relay_hot", 1)
            place.run(60000)
        self.assertEqual(place.core.phase, CLOSED)
        self.assertEqual(len([path for path in self.flash.writes if "events" in path]), 2)
        self.assertEqual(len(calls), 2)
        self.assertEqual(place.events().count(("fault", "relay_hot")), 3)

    def test_many_events_in_a_long_charge_are_not_lost(self):
        place = self.boot(utc_s=UTC).meter(1000).charge()
        for number in range(200):
            place.keeper.events.add(place.keeper.stamp(), "info", "n%d" % number)
            place.run(3000)
        self.assertEqual((place.core.phase, place.keeper.events.dropped), (CLOSED, 0))
        place.unplug()
        self.assertEqual(len([code for kind, code in place.events() + [
            (row["kind"], row["code"]) for row in place.keeper.events.page(100, 200, {})] if kind == "info"]), 200)

    def test_quiet_charger_writes_nothing(self):
        place = self.boot().meter(1000).run(5000)
        del self.flash.writes[:]
        place.station.sources.allow(["mqtt"])
        for minute in range(10):
            place.station.command("set_ceiling", {"source": "hems", "limit_ma": 9000 + minute}, "mqtt")
            place.run(6000)
        self.assertEqual(self.flash.writes, [])

    def test_failing_flash_is_named_stops_no_charge_and_nothing_travels(self):
        place = self.boot().meter(1000).run(2000)
        self.assertFalse(place.keeper.failing)
        self.flash.failing = True
        place.charge()
        place.run(70000)
        place.meter(1500)
        self.assertEqual(place.core.phase, CLOSED)
        place.unplug()
        self.assertTrue(place.keeper.failing)
        self.assertIn("OSError", place.keeper.last_error)
        self.assertEqual(place.station.failures, {})

    def test_record_that_waited_is_written_when_the_flash_takes_it_again_and_counted_once(self):
        place = self.boot().meter(1000).run(2000)
        self.flash.failing = True
        place.charge()
        place.meter(1500)
        place.run(1000)
        place.unplug()
        self.assertEqual(place.sessions(), [])
        self.flash.failing = False
        place.run(2000)
        self.assertFalse(place.keeper.failing)
        self.assertEqual([(row["number"], row["energy_wh"]) for row in place.sessions()], [(1, 500)])
        self.assertEqual((place.keeper.life.sessions, place.keeper.life.energy_wh), (1, 500))
        place.charge()
        place.meter(1600)
        place.run(1000)
        place.unplug()
        again = self.boot().meter(1600)
        again.run(2000)
        self.assertEqual((again.keeper.life.sessions, again.keeper.life.energy_wh), (2, 600))

    def test_failing_stays_named_until_something_was_written(self):
        place = self.boot().meter(1000).run(2000)
        self.flash.failing = True
        place.station.command("mode", {"mode": "smart"}, "page")
        place.run(2000)
        self.assertTrue(place.keeper.failing)
        place.run(300)
        place.rig.vehicle = "C"
        place.run(10000)                                   # nothing is due to be written now: that proves nothing
        self.assertEqual(place.core.phase, CLOSED)
        self.flash.failing = False
        place.run(5000)
        self.assertTrue(place.keeper.failing)
        place.unplug()
        self.assertFalse(place.keeper.failing)

    def test_charger_starts_and_charges_on_a_flash_that_never_took_anything(self):
        self.flash.failing = True
        place = self.boot().meter(1000)
        self.assertTrue(place.keeper.failing)
        self.assertEqual(place.keeper.stamp()[0], 1)
        place.charge()
        self.assertEqual(place.core.phase, CLOSED)

    def test_damaged_start_record_keeps_nobody_from_charging(self):
        self.boot().meter(1000).charge().run(1000)
        for name in self.scratch_names():
            if name.startswith("session_open"):
                self.scratch.write("data/" + name, b"\xff" * 40)
        place = self.boot().meter(1000)
        place.charge()
        self.assertEqual(place.core.phase, CLOSED)

    def scratch_names(self):
        import os
        return os.listdir(self.folder[:-1])


if __name__ == "__main__":
    unittest.main()
