"""Energy over a power cut, and where more was reckoned than the register knows of: nothing is lost, nothing counted twice."""
import unittest

from host_tests.records.place import KeeperTest


class TestEstimatedTooHigh(KeeperTest):
    """500 Wh were reckoned while the meter was lost, and the register knows of 400."""

    def charge_with_a_loss(self):
        place = self.boot().meter(1000).charge()
        place.meter(1500)
        place.station.reading.ahead_wh, place.station.reading.estimated = 100, True
        place.run(61000)
        return place

    def test_the_session_is_marked_and_the_next_one_starts_at_the_meters_own_register(self):
        place = self.charge_with_a_loss().unplug()
        row = place.sessions()[0]
        self.assertEqual((row["energy_wh"], row["estimated"], row["meter_start_wh"], row["meter_stop_wh"]), (500, True, 1000, 1400))
        place.station.reading.estimated = False
        place.charge()
        place.station.reading.energy_wh, place.station.reading.ahead_wh = 1500, 20      # the register is at 1480 now
        place.station.reading.counted_mwh += 80000
        place.run(1000).unplug()
        row = place.sessions()[0]
        self.assertEqual((row["energy_wh"], row["estimated"], row["meter_start_wh"], row["meter_stop_wh"]), (80, False, 1400, 1480))
        self.assertEqual(place.keeper.life.energy_wh, 580)

    def test_a_power_cut_in_the_same_session_leaves_it_register_minus_start(self):
        place = self.boot().meter(1000).charge()
        place.meter(1500)
        place.station.reading.unread_wh, place.station.reading.estimated = 300, True      # the meter is silent
        place.run(61000)
        again = self.boot().meter(1250)
        again.run(1000)
        row = again.sessions()[0]
        self.assertEqual((row["energy_wh"], row["estimated"], row["meter_stop_wh"]), (250, False, 1250))

    def test_a_power_cut_in_the_next_session_leaves_it_register_minus_start(self):
        place = self.charge_with_a_loss().unplug()
        place.station.reading.estimated = False
        place.charge().run(61000)
        again = self.boot().meter(2400)
        again.run(1000)
        row = again.sessions()[0]
        self.assertEqual((row["number"], row["energy_wh"], row["estimated"]), (2, 1000, False))
        self.assertEqual(again.keeper.life.energy_wh, 1500)

    def test_a_power_cut_before_the_register_has_caught_up_takes_back_nothing_that_was_told(self):
        place = self.charge_with_a_loss()
        place.station.reading.counted_mwh += 300000
        place.run(61000)
        told_wh = place.keeper.life_energy_wh()
        again = self.boot().meter(1600)
        again.run(1000)
        row = again.sessions()[0]
        self.assertEqual((row["energy_wh"], row["estimated"]), (800, True))
        self.assertGreaterEqual(again.keeper.life_energy_wh(), told_wh)


class TestPowerCut(KeeperTest):
    def test_energy_after_a_cut_is_register_minus_start(self):
        place = self.boot().meter(500000).charge()
        place.run(90000)
        place.meter(502500)
        again = self.boot()                       # nothing was ended: the supply went
        self.assertTrue(again.station.held)
        self.assertEqual(again.sessions(), [])
        again.meter(502600)
        again.run(1000)
        row = again.sessions()[0]
        self.assertEqual((row["number"], row["energy_wh"], row["end_reason"], row["estimated"]), (1, 2600, "power_cut", False))
        self.assertEqual(again.keeper.life.energy_wh, 2600)
        self.assertFalse(again.station.held)

    def test_without_a_register_the_last_minutes_file_tells_the_energy(self):
        place = self.boot().meter(None, "estimate").charge()
        place.station.reading.counted_mwh += 700000
        place.run(61000)
        place.station.reading.counted_mwh += 300000
        place.run(5000)
        again = self.boot().meter(None, "estimate")
        again.run(2000)
        row = again.sessions()[0]
        self.assertEqual((row["energy_wh"], row["end_reason"], row["estimated"]), (700, "power_cut", True))

    def test_next_session_has_its_own_number_and_both_are_counted_once(self):
        self.boot().meter(1000).charge().run(1000)
        again = self.boot().meter(1500).charge()
        self.assertEqual(again.station.fact("session")["number"], 2)
        again.meter(1700)
        again.run(1000)
        again.unplug()
        self.assertEqual([(row["number"], row["energy_wh"]) for row in again.sessions()], [(2, 200), (1, 500)])
        third = self.boot().meter(1700)
        third.run(2000)
        self.assertEqual((third.keeper.life.sessions, third.keeper.life.energy_wh), (2, 700))

    def test_cut_without_a_meter_at_the_next_start_is_closed_after_ten_seconds(self):
        self.boot().meter(1000).charge().run(1000)
        again = self.boot()
        again.run(9000)
        self.assertTrue(again.station.held)
        again.run(3000)
        self.assertFalse(again.station.held)
        self.assertEqual([row["end_reason"] for row in again.sessions()], ["power_cut"])

    def test_only_an_authorised_charge_that_nobody_stopped_may_go_on_after_a_cut(self):
        place = self.boot().meter(1000)
        place.run(300)
        place.rig.vehicle = "B"
        place.run(2000)                           # plugged in, and nobody has said a word
        place = self.boot().meter(1000)
        self.assertIsNotNone(place.keeper.sessions.unfinished)
        self.assertEqual(place.keeper.interrupted_id(), "")
        place.run(2000)
        place.rig.vehicle = "B"
        place.run(2000)
        place.station.command("authorize", {"id": "04A1"}, "card")     # after the plug
        place.charge()
        place = self.boot().meter(1000)
        self.assertEqual(place.keeper.interrupted_id(), "04A1")
        place.station.command("authorize", {"id": "04A1"}, "card")     # before the plug
        place.charge()
        place.station.command("stop", {}, "card")
        place.run(10000)
        self.assertEqual(self.boot().keeper.interrupted_id(), "")
        place.station.command("start", {}, "card")
        self.assertEqual(self.boot().keeper.interrupted_id(), "04A1")

    def test_boots_are_counted_and_noted_with_their_cause(self):
        for number, cause in ((1, "power_on"), (2, "watchdog")):
            place = self.boot(start=cause)
            self.assertEqual(place.keeper.stamp()[0], number)
            place.run(1000)
        self.assertEqual(place.events(), [("boot", "watchdog"), ("boot", "power_on")])


if __name__ == "__main__":
    unittest.main()
