"""NTC inputs: the table is that of the sensor's formula, and a broken sensor is no temperature."""

import math
import unittest

from host_tests.drivers.chip import Chip


def mv_from_celsius(celsius):
    """What the divider gives by the beta model: B3950, 10 kΩ at 25 °C to 3.3 V, 2.2 kΩ to ground."""
    ohm = 10000 * math.exp(3950 * (1 / (celsius + 273.15) - 1 / 298.15))
    return int(3300 * 2200 / (2200 + ohm) + 0.5)


class TestTemperature(unittest.TestCase):
    def setUp(self):
        self.chip = Chip()
        self.addCleanup(self.chip.close)
        from firmware.drivers import temperature
        self.temperature = temperature

    def test_table_follows_the_formula_within_2_degrees_where_it_matters(self):
        for celsius in range(20, 101):
            found = self.temperature.celsius_from_mv(mv_from_celsius(celsius))
            self.assertLessEqual(abs(found - celsius), 2, celsius)

    def test_table_follows_the_formula_within_5_degrees_in_the_cold(self):
        for celsius in range(-20, 20):
            found = self.temperature.celsius_from_mv(mv_from_celsius(celsius))
            self.assertLessEqual(abs(found - celsius), 5, celsius)

    def test_hotter_is_never_shown_as_colder(self):
        last = -100
        for mv in range(60, 2601):
            found = self.temperature.celsius_from_mv(mv)
            self.assertGreaterEqual(found, last, mv)
            last = found

    def test_open_and_shorted_sensors_are_no_temperature(self):
        for mv in (0, 59, 2601, 3300):
            self.assertIsNone(self.temperature.celsius_from_mv(mv))
        for mv in (60, 2600):
            self.assertIsNotNone(self.temperature.celsius_from_mv(mv))

    def test_sensor_reads_its_pin(self):
        ntc = self.temperature.Ntc(34)
        self.chip.hal.set_adc(34, 1254 * 1000)
        self.assertEqual(ntc.celsius(), 50)
        self.chip.hal.set_adc(34, 0)
        self.assertIsNone(ntc.celsius())


if __name__ == "__main__":
    unittest.main()
