"""Temperature and cable: each cause at its limit, and how each trip goes."""
import unittest

from firmware.safety import limits, proximity_pilot, trips
from firmware.safety.core import CLOSED, OFFERING, READY, STOPPING, TRIPPED
from host_tests.safety.rig import Rig
from host_tests.safety.variants import EachVariant

FULL_NS = limits.PILOT_STEADY_HIGH_NS


class TestTemperature(EachVariant):
    def level(self, rig, sensor, celsius):
        rig.read_temperature(sensor, celsius).step()
        return rig.core.temperature.level

    def test_each_level_of_each_sensor_up_and_down_with_hysteresis(self):
        for sensor, (first_c, limit_c, resume_c) in enumerate(limits.TEMPERATURE_LIMITS):
            step_c = (limit_c - first_c) // 3
            self.assertEqual(first_c + 3 * step_c, limit_c)
            rig = Rig()
            for level in (1, 2, 3, 4):
                begins_c = first_c + (level - 1) * step_c
                self.assertEqual(self.level(rig, sensor, begins_c - 1), level - 1)
                self.assertEqual(self.level(rig, sensor, begins_c), level)
                self.assertEqual(rig.core.temperature.hottest, sensor)
            self.assertEqual(self.level(rig, sensor, resume_c + 1), 4)
            rig = Rig()
            for level in (3, 2, 1):
                begins_c = first_c + (level - 1) * step_c
                self.level(rig, sensor, begins_c)
                self.assertEqual(self.level(rig, sensor, begins_c - limits.TEMPERATURE_HYSTERESIS_C + 1), level)
                self.assertEqual(self.level(rig, sensor, begins_c - limits.TEMPERATURE_HYSTERESIS_C), level - 1)

    def test_offer_is_derated_in_steps(self):
        for celsius, offered_ma in ((59, 32000), (60, 24000), (65, 16000), (70, 6000)):
            for rig in self.starts():
                rig.allow(32000).to_closed().run(5000)
                rig.read_temperature(1, celsius).run(5000)
                self.assertEqual((rig.core.offered_ma, rig.core.phase), (offered_ma, CLOSED))

    def test_regression_derating_an_offer_of_6_a_keeps_6_a(self):
        for offered_ma in (6000, 6001, 7999, 8000):
            for celsius in (60, 65, 70, 74):
                rig = Rig()
                rig.allow(offered_ma).to_closed().run(5000)
                rig.read_temperature(2, celsius).run(6000)
                self.assertEqual((rig.core.offered_ma, rig.core.phase), (6000, CLOSED))

    def test_limit_stops_in_order_and_cooling_resumes_by_itself(self):
        for rig in self.starts():
            rig.to_closed()
            rig.read_temperature(1, 75).step()
            self.assertEqual((rig.core.phase, rig.core.trips, rig.coil), (STOPPING, trips.TEMPERATURE, 1))
            rig.run(500).plug("B", 10000)
            rig.order("clear").read_temperature(1, 61).run(5000)
            self.assertEqual((rig.core.phase, rig.core.trips), (TRIPPED, trips.TEMPERATURE))
            rig.read_temperature(1, 60).run(5000)
            self.assertEqual((rig.core.phase, rig.core.trips, rig.core.offered_ma), (OFFERING, 0, 12000))

    def test_highest_level_of_all_sensors_counts(self):
        rig = Rig()
        rig.read_temperature(0, 80).read_temperature(3, 85).read_temperature(4, 80).step()
        self.assertEqual((rig.core.temperature.level, rig.core.temperature.hottest), (3, 3))
        rig.read_temperature(3, 20).step()
        self.assertEqual((rig.core.temperature.level, rig.core.temperature.hottest), (2, 4))

    def test_broken_sensor_stops_and_its_return_resumes(self):
        for sensor in range(5):
            rig = Rig().to_closed()
            rig.read_temperature(sensor, -999).step()
            self.assertEqual((rig.core.phase, rig.core.trips), (STOPPING, trips.SENSOR))
            rig.read_temperature(sensor, 20).step()
            self.assertEqual(rig.core.trips, 0)

    def test_sensors_may_be_silent_for_30_s_and_not_a_tick_more(self):
        for rig in self.starts():
            rig.to_closed()
            rig.temperature_every_ms = 0
            rig.read_temperature(2, 20).step()
            rig.run(limits.TEMPERATURE_STALE_MS - 10)
            self.assertEqual(rig.core.trips, 0)
            rig.step()
            self.assertEqual((rig.core.trips, rig.core.phase), (trips.SENSOR, STOPPING))

    def test_regression_fitted_sensors_that_were_never_read_have_failed(self):
        for sensor in range(5):
            rig = Rig()
            setattr(rig.core.inputs, "temperature_%d_c" % sensor, 20)
            rig.run(limits.TEMPERATURE_STALE_MS)        # the first tick has no time before it
            self.assertEqual(rig.core.trips, 0)
            rig.step()
            self.assertEqual(rig.core.trips, trips.SENSOR)
        rig = Rig().run(limits.TEMPERATURE_STALE_MS + 100)
        self.assertEqual(rig.core.trips, 0)


class TestCable(EachVariant):
    def test_windows_of_the_resistor(self):
        for ohm, rating_a in ((0, -1), (74, -1), (75, 63), (100, 63), (149, 63), (150, 32), (220, 32), (329, 32), (330, 20),
                              (680, 20), (999, 20), (1000, 13), (1500, 13), (2200, 13), (2201, 0), (100000, 0), (-1, -2)):
            self.assertEqual(proximity_pilot.rating_a_from_ohm(ohm), rating_a)

    def test_rating_of_the_cable_caps_the_offer(self):
        for ohm, offered_ma in ((100, 63000), (220, 32000), (680, 20000), (1500, 13000)):
            for rig in self.starts(lock=1):
                rig.core.inputs.pp_ohm = ohm
                rig.allow(80000).to_closed()
                self.assertEqual(rig.core.offered_ma, offered_ma)

    def test_no_cable_is_offered_nothing_and_ends_a_charge_in_order(self):
        for rig in self.starts(lock=1):
            rig.core.inputs.pp_ohm = 100000
            rig.allow().run(100).plug("C", 5000)
            self.assertEqual((rig.core.phase, rig.core.trips), (READY, 0))
            rig.core.inputs.pp_ohm = 220
            self.assertIsNotNone(rig.until_phase(CLOSED, 5000))
            rig.core.inputs.pp_ohm = 100000
            rig.run(30)
            self.assertEqual((rig.core.phase, rig.coil), (STOPPING, 1))

    def test_impossible_resistor_trips_after_three_readings_not_two(self):
        for rig in self.starts(lock=1):
            rig.to_closed()
            for count, found in ((2, 0), (3, trips.CABLE)):
                rig.core.inputs.pp_ohm = 30
                rig.run(count * 10)
                self.assertEqual((rig.core.trips, rig.coil), (found, 0 if found else 1))
                rig.core.inputs.pp_ohm = 220
                rig.run(100)

    def test_impossible_resistor_without_a_vehicle_is_no_trip(self):
        rig = Rig(lock=1)
        rig.core.inputs.pp_ohm = 30
        rig.run(1000)
        self.assertEqual(rig.core.trips, 0)

    def test_smaller_cable_counts_at_once_and_a_larger_one_after_three_readings(self):
        reader = proximity_pilot.CableReader()
        seen = []
        for ohm in (220, 220, 220, 1500, 220, 220, 220, 100, 100, 220, 100, 100, 100):
            reader.update(ohm)
            seen.append(reader.rating_a)
        self.assertEqual(seen, [0, 0, 32, 13, 13, 13, 32, 32, 32, 32, 32, 32, 63])

    def test_regression_socket_whose_resistor_is_no_longer_read_is_no_tethered_cable(self):
        for rig in self.starts(lock=1):
            rig.core.inputs.pp_ohm = 1500
            rig.allow(32000).to_closed()
            rig.core.inputs.pp_ohm = -1
            rig.run(30)
            self.assertEqual((rig.core.phase, rig.core.cable.rating_a), (STOPPING, 0))


if __name__ == "__main__":
    unittest.main()
