"""What happens is kept: the start record before power, sessions as they end, faults and events; and nobody charges unmeasured."""
import unittest

from firmware.charging.faults import FAULTS
from firmware.records import curve_log
from firmware.records.session_log import SessionLog
from firmware.safety.limits import TICKS_MASK
from host_tests.records.place import UTC, KeeperTest


class TestSession(KeeperTest):
    def test_start_record_with_the_register_is_on_flash_before_the_coil_gets_power(self):
        place = self.boot().meter(500000)
        found = []

        def watch():
            if place.core.outputs.coil_1 and not found:
                after_a_cut = SessionLog(self.folder)
                after_a_cut.start()
                found.append(after_a_cut.unfinished)
        place.watch = watch
        place.charge()
        self.assertEqual((found[0]["number"], found[0]["meter_start_wh"], found[0]["estimated"]), (1, 500000, False))

    def test_finished_session_has_its_energy_times_and_reason(self):
        place = self.boot(utc_s=UTC).meter(500000).charge()
        place.run(60000)
        place.meter(501234)
        place.run(60000)
        place.unplug()
        row = place.sessions()[0]
        self.assertEqual((row["number"], row["energy_wh"], row["meter_start_wh"], row["meter_stop_wh"], row["end_reason"]),
                         (1, 1234, 500000, 501234, "unplugged"))
        self.assertEqual((row["estimated"], row["phases"]), (False, 3))
        self.assertGreaterEqual(row["charging_s"], 119)
        self.assertGreaterEqual(row["duration_s"], row["charging_s"])
        self.assertGreaterEqual(row["start"][2], UTC)
        life = place.keeper.life
        self.assertEqual((life.sessions, life.energy_wh, life.contactor_cycles), (1, 1234, 1))

    def test_its_power_curve_is_written_once_the_contactor_is_open_and_found_after_a_restart(self):
        place = self.boot().meter(500000)
        place.station.reading.power_w = 11000
        place.charge().run(60000)
        self.assertEqual([name for name in self.flash.writes if "curves" in name], [])
        self.assertEqual(place.keeper.curve.number, 1)
        place.station.reading.power_w = 0
        place.unplug().run(2000)
        self.assertEqual(len([name for name in self.flash.writes if "curves" in name]), 2)
        self.boot()
        found = [found for found in curve_log.find(self.folder, 1) if found is not None][0]
        self.assertEqual((found[0], found[2]), (1, 2))
        self.assertEqual(set(found[3][1:29]), {11000})

    def test_the_record_has_the_name_on_the_card_the_station_and_the_phases_that_were_used(self):
        place = self.boot().meter(500000)
        place.keeper.about = lambda uid: ("name of " + uid, "Garage", "socket")
        place.station.free = False
        place.run(300)
        place.rig.vehicle = "B"
        place.run(1000)
        place.station.command("authorize", {"id": "04A1B2C3"}, "card")
        place.charge()
        place.station.reading.phases_used = 1
        place.run(3000)
        place.station.reading.phases_used = 0
        place.unplug()
        row = place.sessions()[0]
        self.assertEqual((row["user"], row["station"], row["connector_type"], row["phases"]),
                         ("name of 04A1B2C3", "Garage", "socket", 1))

    def test_card_and_account_that_came_after_the_plug_are_in_the_record(self):
        place = self.boot().meter(0)
        place.station.free = False
        place.run(300)
        place.rig.vehicle = "B"
        place.run(1000)
        place.station.command("authorize", {"id": "04A1B2C3"}, "card")
        place.station.command("account", {"account": "ann"}, "page")
        place.charge()
        place.unplug()
        self.assertEqual([(row["uid"], row["account"]) for row in place.sessions()], [("04A1B2C3", "ann")])

    def test_numbers_go_on_over_boots_and_are_the_stations(self):
        for number in (1, 2, 3):
            place = self.boot().meter(number * 1000).charge()
            self.assertEqual(place.station.fact("session")["number"], number)
            place.unplug()
        self.assertEqual([row["number"] for row in place.sessions()], [3, 2, 1])

    def test_session_without_a_meter_is_marked_as_estimated(self):
        place = self.boot().meter(77, "estimate").charge()
        place.unplug()
        row = place.sessions()[0]
        self.assertEqual((row["estimated"], row["meter_start_wh"]), (True, None))

    def test_restart_ends_the_session_in_the_records(self):
        place = self.boot().meter(1000).charge()
        place.meter(1500)
        place.station.close_down()
        place.run(8000)
        place.station.end_session("restart")
        place.keeper.flush()
        again = self.boot(start="restart").meter(1500)
        self.assertIsNone(again.keeper.sessions.unfinished)
        row = again.sessions()[0]
        self.assertEqual((row["end_reason"], row["energy_wh"]), ("restart", 500))


class TestFaults(KeeperTest):
    def test_every_fault_has_its_beginning_and_its_end_in_the_log_and_its_kind(self):
        place = self.boot().run(300)
        for row in FAULTS:
            place.station.faults.begin(row[1])
            place.station.faults.end(row[1])
            place.keeper.flush()
            newest = place.keeper.events.page(0, 2, {})
            self.assertEqual([(event["kind"], event["code"], event["value"], event["detail"]) for event in newest],
                             [("fault_end", row[1], row[0], row[13]), ("fault", row[1], row[0], row[13])])


class TestHold(KeeperTest):
    def test_vehicle_waits_for_the_meters_first_answer(self):
        place = self.boot().run(300)
        place.rig.vehicle = "B"
        place.run(4000)
        self.assertEqual((place.core.offered_ma, place.station.held), (0, True))
        place.meter(1234)
        place.run(1100)
        self.assertEqual((place.core.offered_ma, place.station.held), (16000, False))
        self.assertEqual(place.keeper.sessions.current["meter_start_wh"], 1234)

    def test_meter_that_never_answers_holds_nobody_longer_than_ten_seconds(self):
        for start_ms in (0, TICKS_MASK - 5000):
            place = self.boot(start_ms=start_ms).run(300)
            place.rig.vehicle = "B"
            place.run(8000)
            self.assertEqual(place.core.offered_ma, 0)
            place.run(3000)
            self.assertEqual((place.core.offered_ma, place.station.held), (16000, False))
            place.unplug()

    def test_later_plug_in_is_not_held_at_all_when_the_meter_is_silent(self):
        place = self.boot().run(11000)
        place.rig.vehicle = "B"
        place.run(1500)
        self.assertEqual(place.core.offered_ma, 16000)

    def test_vehicle_that_goes_before_the_meter_answered_leaves_neither_hold_nor_record(self):
        place = self.boot().run(300)
        place.rig.vehicle = "B"
        place.run(1000)
        place.unplug()
        self.assertFalse(place.station.held)
        place.run(12000)
        self.assertEqual((place.sessions(), place.keeper.sessions.current), ([], None))

    def test_start_time_is_that_of_the_plug_though_the_meter_came_later(self):
        place = self.boot().run(1000)
        place.rig.vehicle = "B"
        place.run(7000)
        place.meter(5)
        place.run(1000)
        self.assertLessEqual(place.keeper.sessions.current["start"][1], 2)


class TestEvents(KeeperTest):
    def test_faults_and_commands_are_noted_with_their_source(self):
        place = self.boot().meter(1000).charge()
        place.rig.diode = False
        place.run(1000)
        place.rig.diode = True
        place.station.sources.allow(["mqtt"])
        place.station.command("clear", {}, "mqtt")
        place.run(3000)
        self.assertEqual(place.events(), [("fault_end", "diode"), ("info", "clear"), ("fault", "diode"), ("boot", "power_on")])

    def test_task_that_died_is_noted_with_its_reason(self):
        place = self.boot()
        place.keeper.note("task_died", {"task": "meter", "reason": "OSError: 5", "lived_ms": 9})
        place.run(1000)
        row = place.keeper.events.page(0, 1, {})[0]
        self.assertEqual((row["code"], row["detail"]), ("task_died", "meter: OSError: 5"))

    def test_boot_number_goes_on_where_the_counters_files_are_damaged(self):
        """Two starts of one number could not be told apart in the log."""
        for number in (1, 2, 3):
            place = self.boot()
            self.assertEqual(place.keeper.stamp()[0], number)
            place.run(2000)
        for name in ("boot.0", "boot.1"):
            with open(self.folder + name, "wb") as file:
                file.write(b"damaged")
        self.assertEqual(self.boot().keeper.stamp()[0], 4)

    def test_time_of_an_event_before_the_clock_was_set_is_completed(self):
        place = self.boot()
        place.run(5000)
        stamp = place.keeper.stamp()
        self.assertIsNone(place.keeper.show_time(stamp))
        place.run(5000)
        place.clock.utc_start_s = UTC
        place.keeper.clock_was_set()
        self.assertEqual(place.keeper.show_time(stamp), "utc %d" % (UTC + 5))


if __name__ == "__main__":
    unittest.main()
