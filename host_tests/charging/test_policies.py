"""Recovery, wake-up, end of a simplified charge, floors, caps by name, start delay and resume: small policies over a real core."""

import unittest

from firmware.charging.feed import Feed
from firmware.charging.retries import MOST, WAITS_MS, Retries
from firmware.charging.simplified import FULL_AFTER_MS, SimplifiedEnd
from firmware.charging.station import Reading
from firmware.charging.wake import ASLEEP_AFTER_MS, WakePolicy
from firmware.safety import limits, trips
from firmware.safety.core import CLOSED, TRIPPED
from firmware.safety.io_image import BROKEN, NO_TEMPERATURE, NOT_FITTED
from host_tests.charging.place import Place

WRAP = limits.TICKS_MASK + 1


class TestRetries(unittest.TestCase):
    def retry_times(self, active, start_ms=0, until_ms=1000000):
        retries = Retries()
        found = []
        for elapsed in range(0, until_ms, 100):
            if retries.tick((start_ms + elapsed) & limits.TICKS_MASK, active):
                found.append(elapsed)
        return found

    def test_recoverable_fault_is_retried_five_times_with_growing_waits(self):
        for start_ms in (0, WRAP - 15000):
            times = self.retry_times(trips.PE_LOST, start_ms)
            self.assertEqual(len(times), MOST)
            waits = [times[0]] + [times[index] - times[index - 1] for index in range(1, MOST)]
            for index in range(MOST):
                self.assertTrue(WAITS_MS[index] <= waits[index] <= WAITS_MS[index] + 200, (index, waits))

    def test_residual_current_weld_and_heat_are_never_retried(self):
        for bit in (trips.RCD_AC, trips.RDC_DD, trips.WELDED, trips.TEMPERATURE, trips.SENSOR):
            self.assertEqual(self.retry_times(bit), [])
            self.assertEqual(self.retry_times(bit | trips.PE_LOST), [])

    def test_newer_fault_begins_the_wait_anew(self):
        retries = Retries()
        self.assertFalse(retries.tick(0, trips.PE_LOST))
        self.assertFalse(retries.tick(9000, trips.PE_LOST | trips.DIODE))
        self.assertFalse(retries.tick(12000, trips.PE_LOST | trips.DIODE))
        self.assertEqual(retries.left_s(12000), 7)
        self.assertTrue(retries.tick(19000, trips.PE_LOST | trips.DIODE))
        self.assertIsNone(retries.left_s(19000))

    def test_count_starts_anew_with_the_next_vehicle(self):
        retries = Retries()
        retries.used = MOST
        self.assertFalse(retries.tick(0, trips.PE_LOST))
        retries.new_session()
        retries.tick(0, trips.PE_LOST)
        self.assertTrue(retries.tick(WAITS_MS[0], trips.PE_LOST))

    def test_fault_that_is_gone_is_cleared_by_itself_and_charging_goes_on(self):
        place = Place().charge()
        place.core.inputs.pe_ok = 0
        place.run(1000)
        self.assertEqual((place.core.phase, place.fact("overview_state")), (TRIPPED, "RecoverFromError"))
        place.core.inputs.pe_ok = 1
        place.run(5000)
        self.assertEqual(place.core.phase, TRIPPED)         # not before its wait is over
        self.assertTrue(place.until(lambda: place.core.phase == CLOSED, 20000))
        self.assertEqual(place.fact("faults"), [])


class TestWake(unittest.TestCase):
    def test_offer_that_comes_at_once_wakes_nobody(self):
        policy = WakePolicy()
        self.assertFalse(policy.tick(0, False))
        self.assertFalse(policy.tick(500, True))

    def test_offer_that_comes_back_wakes_once(self):
        policy = WakePolicy()
        policy.tick(0, True)
        self.assertFalse(policy.tick(1000, False))
        self.assertTrue(policy.tick(2000, True))
        self.assertFalse(policy.tick(3000, True))

    def test_offer_that_comes_after_a_minute_wakes(self):
        for wait_ms, wakes in ((ASLEEP_AFTER_MS, False), (ASLEEP_AFTER_MS + 1, True)):
            policy = WakePolicy()
            policy.tick(WRAP - 100, False)
            policy.tick((WRAP - 100 + wait_ms) & limits.TICKS_MASK, False)
            self.assertEqual(policy.tick((WRAP + wait_ms) & limits.TICKS_MASK, True), wakes)

    def test_sleeping_vehicle_is_interrupted_after_a_pause(self):
        place = Place(cp_disconnect=1).charge()
        place.station.command("stop", {}, "test")
        place.run(500)
        place.rig.vehicle = "B"
        place.run(5000)
        place.station.command("start", {}, "test")
        interrupted = []
        for _ in range(400):
            place.run(100)
            interrupted.append(place.core.outputs.cp_disconnect)
        self.assertEqual(sum(interrupted), limits.WAKE_MS // 100)
        self.assertTrue(280 <= interrupted.index(1) <= 340)      # 30 s in B


class TestSimplified(unittest.TestCase):
    def test_an_hour_below_one_ampere_is_full(self):
        end = SimplifiedEnd()
        self.assertFalse(end.tick(0, True, 9000, False))
        self.assertFalse(end.tick(1000, True, 999, False))
        self.assertFalse(end.tick(999 + FULL_AFTER_MS, True, 999, False))
        self.assertTrue(end.tick(1000 + FULL_AFTER_MS, True, 999, False))

    def test_current_pause_and_missing_measurement_begin_the_hour_anew(self):
        for charging, drawn_ma, estimated in ((True, 1000, False), (False, 0, False), (True, None, False), (True, 0, True)):
            end = SimplifiedEnd()
            end.tick(0, True, 0, False)
            self.assertFalse(end.tick(FULL_AFTER_MS - 1000, charging, drawn_ma, estimated))
            self.assertFalse(end.tick(FULL_AFTER_MS + 1000, True, 0, False))

    def test_vehicle_without_s2_gets_10_a_and_is_told_why(self):
        place = Place()
        place.run(300)
        place.rig.vehicle = "C"
        self.assertTrue(place.until(lambda: place.core.phase == CLOSED))
        place.run(200)
        self.assertEqual((place.core.offered_ma, place.fact("limit_ma"), place.fact("limited_by")),
                         (10000, 10000, "simplified_pilot"))

    def test_vehicle_without_s2_where_none_may_charge_gets_nothing_and_is_told_why(self):
        """It was said to be starting, for ever."""
        place = Place(simplified=0)
        place.run(300)
        place.rig.vehicle = "C"
        place.run(10000)
        self.assertEqual((place.core.offered_ma, place.fact("limit_ma"), place.fact("limited_by")), (0, 0, "simplified_pilot"))
        why = place.fact("why_not_charging")
        self.assertEqual((why["code"], why["because"]), ("limit", {"code": "simplified_pilot"}))
        self.assertEqual(place.fact("ceilings")[-1]["limit_ma"], 0)

    def test_its_charge_ends_when_it_draws_nothing_for_an_hour(self):
        place = Place()
        place.run(300)
        place.rig.vehicle = "C"
        place.until(lambda: place.core.phase == CLOSED)
        place.station.reading.source = "meter"
        place.station.reading.current_ma = (500, 0, 0)
        station, core = place.station, place.core
        for _ in range(60):                         # the hour in steps of a minute: only the station's clock runs
            station.tick((station.now_ms + 60000) & limits.TICKS_MASK)
        self.assertFalse(station.stopped)
        station.tick((station.now_ms + 61000) & limits.TICKS_MASK)
        self.assertTrue(station.stopped)
        self.assertEqual(core.request.available, 0)


class TestFloorsAndCaps(unittest.TestCase):
    def test_floor_by_number_of_phases_pauses_the_charge(self):
        place = Place().charge()
        place.station.min_current_ma, place.station.min_current_3p_ma = 8000, 14000
        place.station.command("set_ceiling", {"source": "hems", "limit_ma": 13999}, "test")
        place.run(200)
        self.assertEqual(place.core.request.offered_ma, 0)
        place.station.phases = 1
        place.run(200)
        self.assertEqual(place.core.request.offered_ma, 13999)

    def test_temperature_that_derates_is_named_with_its_sensor(self):
        place = Place()
        feed = Feed(place.core)
        feed.temperatures({"relay": 66, "mcu": 40})
        place.charge()
        self.assertEqual([place.fact(name) for name in ("limit_ma", "limited_by", "derated_by")], [8000, "temperature", "relay"])
        self.assertEqual(place.core.offered_ma, 8000)

    def test_derating_below_the_floor_pauses(self):
        place = Place()
        Feed(place.core).temperatures({"relay": 71})
        place.station.min_current_3p_ma = 7000
        place.plug()
        self.assertEqual((place.core.request.offered_ma, place.core.offered_ma), (0, 0))

    def test_vehicle_on_one_of_three_phases_has_a_limit_of_its_own(self):
        place = Place().charge()
        place.station.asymmetry_ma = 12000
        place.station.reading.phases_used = 1
        place.run(200)
        self.assertEqual((place.fact("limit_ma"), place.fact("limited_by")), (12000, "asymmetry"))
        place.station.reading.phases_used = 0           # it pauses: still the same vehicle
        place.run(200)
        self.assertEqual(place.fact("limit_ma"), 12000)
        place.station.reading.phases_used = None        # the meter is silent: nobody knows of another vehicle
        place.run(200)
        self.assertEqual(place.fact("limit_ma"), 12000)
        place.station.reading.phases_used = 3
        place.run(200)
        self.assertEqual(place.fact("limit_ma"), 16000)
        place.station.reading.phases_used = 1
        place.run(200)
        place.station.reading.phases_used, place.station.asymmetry_ma = 0, 0
        place.run(200)
        self.assertEqual(place.fact("limit_ma"), 16000)


class TestAfterPowerCut(unittest.TestCase):
    def test_random_delay_holds_the_offer_and_start_ends_it(self):
        place = Place()
        place.station.start_delay_ms = 20000
        place.plug()
        place.run(10000)
        self.assertEqual(place.core.request.available, 0)
        place.station.command("start", {}, "test")
        place.run(300)
        self.assertEqual(place.core.request.available, 1)
        place = Place()
        place.station.start_delay_ms = 20000
        place.plug()
        self.assertTrue(place.until(lambda: place.core.request.available, 20000))

    def test_word_that_is_taken_back_ends_the_charge_and_nobody_else_takes_it_over(self):
        place = Place()
        place.station.free = False
        place.station.command("authorize", {"id": "04A1"}, "card")
        place.plug()
        place.run(1000)
        place.station.withdraw("central")               # no power has flowed: another may begin
        place.run(300)
        self.assertEqual((place.core.request.available, place.fact("session")["id"]), (0, None))
        self.assertEqual(place.station.command("authorize", {"id": "04B1"}, "card")["result"], "accepted")
        place.station.session.charging_ms = 1
        place.station.withdraw("central")
        place.run(300)
        self.assertEqual((place.core.request.available, place.fact("session")["id"]), (0, "04B1"))
        self.assertEqual(place.station.command("authorize", {"id": "04A1"}, "card")["reason"], "occupied")
        self.assertEqual(place.station.command("start", {}, "web")["reason"], "not_authorized")
        self.assertEqual(place.station.command("authorize", {"id": "04B1"}, "card")["result"], "accepted")

    def test_reserved_charger_gives_power_to_nobody_but_who_reserved_also_where_access_is_free(self):
        place = Place()
        place.station.reserved_for = "04A1"
        place.plug()
        place.run(3000)
        self.assertEqual((place.core.request.available, place.fact("why_not_charging")["code"]), (0, "reserved"))
        for args in ({}, {"id": "04B1"}):
            self.assertEqual(place.station.command("authorize", args, "web")["reason"], "reserved")
        self.assertEqual(place.station.command("authorize", {"id": "04A1"}, "web")["result"], "accepted")
        place.run(300)
        self.assertEqual(place.core.request.available, 1)


class TestFeed(unittest.TestCase):
    def test_each_reading_is_handed_in_once_with_its_age(self):
        place = Place()
        inputs = place.core.inputs
        feed, reading = Feed(place.core), Reading()
        feed.meter(reading, 1000)
        self.assertEqual(inputs.meter_seq, 0)            # an estimate proves nothing
        reading.readings, reading.asked_ms = 1, limits.TICKS_MASK - 99
        reading.current_ma, reading.voltage_mv = (1000, 15900, None), (230000, None, 229000)
        feed.meter(reading, 400)
        feed.meter(reading, 500)
        self.assertEqual((inputs.meter_seq, inputs.drawn_ma, inputs.meter_age_ms), (1, 15900, 500))
        self.assertEqual((inputs.supply_1_mv, inputs.supply_2_mv, inputs.supply_3_mv), (230000, NOT_FITTED, 229000))

    def test_a_reading_without_currents_does_not_say_that_the_vehicle_draws_nothing(self):
        """A meter that refused its currents in one poll of many began every grade of over-current anew."""
        place = Place()
        feed, reading = Feed(place.core), Reading()
        for number, current_ma in ((1, (18000, 18000, 18000)), (2, (None, None, None))):
            reading.readings, reading.current_ma = number, current_ma
            feed.meter(reading, 1000)
        self.assertEqual((place.core.inputs.meter_seq, place.core.inputs.drawn_ma), (2, 18000))

    def test_missing_and_broken_sensors_are_told_apart(self):
        place = Place()
        Feed(place.core).temperatures({"relay": None, "interior": 21})
        inputs = place.core.inputs
        self.assertEqual((inputs.temperature_0_c, inputs.temperature_1_c, inputs.temperature_2_c), (NO_TEMPERATURE, BROKEN, 21))
        place.run(500)
        self.assertTrue(place.core.trips & trips.SENSOR)


if __name__ == "__main__":
    unittest.main()
