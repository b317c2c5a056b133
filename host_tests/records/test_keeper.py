"""What happens is kept: the start record before power, energy over a power cut, and a flash that refuses stops nobody."""

import unittest

from firmware.charging.faults import FAULTS
from firmware.charging.station import Station
from firmware.records import curve_log
from firmware.records.keeper import Keeper
from firmware.records.session_log import SessionLog
from firmware.safety.core import CLOSED
from firmware.safety.limits import TICKS_MASK
from firmware.storage import atomic_file, inline_file, segment_log
from host_tests.safety.rig import Rig
from host_tests.storage.scratch import Scratch

UTC = 1795000000
STORES = (atomic_file, inline_file, segment_log)


class Clock:
    """The keeper's clock on the rig's time."""

    def __init__(self, rig, utc_s=0):
        self.rig = rig
        self.utc_start_s = utc_s

    def ticks_ms(self):
        return self.rig.now_ms

    def utc_s(self):
        return self.utc_start_s + self.rig.elapsed_ms // 1000 if self.utc_start_s else 0

    def rfc3339(self, utc_s):
        return "utc %d" % utc_s if utc_s else None


class Place:
    """One boot: core, station and keeper in virtual time over a folder that outlives it."""

    def __init__(self, folder, start="power_on", utc_s=0, start_ms=0):
        self.rig = Rig(start_ms)
        self.rig.renew = False
        self.core = self.rig.core
        self.clock = Clock(self.rig, utc_s)
        self.keeper = Keeper(folder, self.clock, start)
        self.station = Station(self.core, self.keeper.stamp, self.keeper.show_time, True, False, start_ms)
        self.station.ceilings.own("installation", 16000)
        self.keeper.follow(self.station, lambda: self.core.outputs.coil_1 == 0)
        self.watch = None

    def run(self, ms):
        for _ in range(ms // 10):
            self.rig.step()
            if self.rig.elapsed_ms % 100 == 0:
                self.station.tick(self.rig.now_ms)
            if self.rig.elapsed_ms % 1000 == 0:
                self.keeper.step()
            if self.watch is not None:
                self.watch()
        return self

    def meter(self, energy_wh, source="meter"):
        reading = self.station.reading
        if reading.energy_wh is not None and energy_wh is not None:
            reading.counted_mwh += (energy_wh - reading.energy_wh) * 1000
        reading.source, reading.energy_wh = source, energy_wh
        return self

    def charge(self):
        self.run(300)
        self.rig.vehicle = "B"
        self.run(2000)
        self.rig.vehicle = "C"
        for _ in range(3000):
            if self.core.phase == CLOSED:
                return self
            self.run(10)
        raise RuntimeError("no charge: phase %d trips %d held %s" % (self.core.phase, self.core.trips, self.station.held))

    def unplug(self):
        self.rig.vehicle = "A"
        return self.run(2000)

    def sessions(self):
        return self.keeper.sessions.page(0, 20, self.keeper.stamper.references())

    def events(self):
        return [(row["kind"], row["code"]) for row in self.keeper.events.page(0, 100, {})]


class Flash:
    """Counts what is opened for writing, and refuses it when told to."""

    def __init__(self):
        self.failing = False
        self.writes = []
        for module in STORES:
            module.open = self.open

    def open(self, path, mode="r", *more):
        if mode != "r" and mode != "rb":
            self.writes.append(path)
            if self.failing:
                raise OSError(28)
        return open(path, mode, *more)

    def close(self):
        for module in STORES:
            del module.open


class KeeperTest(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.folder = self.scratch.folder + "data/"
        self.flash = Flash()
        self.addCleanup(self.scratch.close)
        self.addCleanup(self.flash.close)

    def boot(self, **how):
        return Place(self.folder, **how)


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
