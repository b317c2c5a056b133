"""Temperature in numbers, the watch by itself: to the degree and millisecond."""
import unittest

from firmware.safety import limits
from firmware.safety.io_image import BROKEN, NO_TEMPERATURE, Inputs
from firmware.safety.protection import TemperatureWatch


class TestTemperatureWatch(unittest.TestCase):
    def setUp(self):
        self.watch = TemperatureWatch()
        self.inputs = Inputs()

    def read(self, *celsius, gap_ms=10):
        self.inputs.temperature_seq += 1
        values = list(celsius) + [NO_TEMPERATURE] * (5 - len(celsius))
        (self.inputs.temperature_0_c, self.inputs.temperature_1_c, self.inputs.temperature_2_c, self.inputs.temperature_3_c,
         self.inputs.temperature_4_c) = values
        self.watch.update(gap_ms, self.inputs)
        return self.watch.level

    def test_begins_cold_with_30_s_to_the_first_reading(self):
        watch = self.watch
        self.assertEqual((list(watch.levels), watch.level, watch.hottest, watch._seq), ([0] * 5, 0, -1, 0))
        self.assertEqual((watch.failed, watch._any, watch._stale_left_ms), (False, False, 30000))

    def level_after(self, sensor, celsius, before):
        """The level that a reading brings about where the sensor had `before`."""
        self.watch.levels[sensor] = before
        values = [NO_TEMPERATURE] * 5
        values[sensor] = celsius
        self.assertEqual(self.read(*values), self.watch.levels[sensor])
        return self.watch.level

    def test_levels_begin_and_end_at_their_degree(self):
        # sensor 0: 80 to 95 °C, steps at 80, 85, 90, 95; each left 3 °C below; from the limit only at 80
        for celsius, before, after in (
                (79, 0, 0), (80, 0, 1), (84, 0, 1), (85, 0, 2), (89, 0, 2), (90, 0, 3), (94, 0, 3), (95, 0, 4), (200, 0, 4),
                (78, 1, 1), (77, 1, 0), (83, 2, 2), (82, 2, 1), (77, 2, 0), (88, 3, 3), (87, 3, 2), (82, 3, 1), (77, 3, 0),
                (94, 4, 4), (81, 4, 4), (80, 4, 1), (77, 4, 0), (78, 4, 1)):
            self.assertEqual(self.level_after(0, celsius, before), after, (celsius, before))

    def test_levels_are_those_of_the_limits_at_every_degree(self):
        for sensor, (first_c, limit_c, resume_c) in enumerate(limits.TEMPERATURE_LIMITS):
            begins_c = [first_c + (limit_c - first_c) * level // 3 for level in range(4)]
            for before in range(5):
                for celsius in [BROKEN + 1, -40, 0, 1000] + list(range(50, 120)):
                    level = max([before] + [level + 1 for level in range(4) if celsius >= begins_c[level]])
                    if level < 4 or celsius <= resume_c:
                        while level and celsius <= begins_c[level - 1] - limits.TEMPERATURE_HYSTERESIS_C:
                            level -= 1
                    self.assertEqual(self.level_after(sensor, celsius, before), level, (sensor, celsius, before))

    def test_each_sensor_has_its_own_degrees(self):
        for sensor, first_c, limit_c in ((0, 80, 95), (1, 60, 75), (2, 60, 75), (3, 75, 90), (4, 75, 90)):
            self.assertEqual(self.level_after(sensor, first_c - 1, 0), 0)
            self.assertEqual(self.level_after(sensor, first_c, 0), 1)
            self.assertEqual(self.level_after(sensor, limit_c - 1, 0), 3)
            self.assertEqual(self.level_after(sensor, limit_c, 0), 4)

    def test_each_input_goes_to_its_sensor(self):
        for sensor in range(5):
            self.setUp()
            values = [20] * 5
            values[sensor] = 79
            expected = [0] * 5
            expected[sensor] = (0, 4, 4, 1, 1)[sensor]
            self.assertEqual(self.read(*values), expected[sensor])
            self.assertEqual((list(self.watch.levels), self.watch.hottest), (expected, sensor if expected[sensor] else -1))

    def test_the_highest_level_counts_and_the_first_of_equals(self):
        self.assertEqual(self.read(80, 65, 20), 2)
        self.assertEqual(self.watch.hottest, 1)
        self.assertEqual(self.read(85, 65, 65), 2)
        self.assertEqual(self.watch.hottest, 0)
        self.assertEqual(self.read(20, 20, 20), 0)
        self.assertEqual((self.watch.hottest, list(self.watch.levels)), (-1, [0] * 5))

    def test_a_broken_sensor_fails_until_it_reads_again(self):
        self.read(20, BROKEN)
        self.assertTrue(self.watch.failed)
        self.read(20, 20)
        self.assertFalse(self.watch.failed)

    def test_a_broken_reading_does_not_cool(self):
        self.read(80)
        self.assertEqual(self.read(BROKEN), 0)
        self.assertEqual(self.watch.levels[0], 1)
        self.assertEqual(self.read(78), 1)

    def test_what_no_thermometer_says_is_a_failure(self):
        self.read(NO_TEMPERATURE - 1)
        self.assertEqual((self.watch.failed, self.watch._any), (True, True))

    def test_a_sensor_that_is_gone_is_not_judged(self):
        self.read(NO_TEMPERATURE, 75)
        self.assertEqual(self.read(20), 0)
        self.assertFalse(self.watch.failed)

    def test_silence_of_fitted_sensors_for_30_s_is_a_failure(self):
        for celsius in (20, BROKEN + 1):
            self.setUp()
            self.read(celsius)
            self.watch.update(29999, self.inputs)
            self.assertEqual((self.watch.failed, self.watch._stale_left_ms), (False, 1))
            self.watch.update(1, self.inputs)
            self.assertTrue(self.watch.failed)
            self.read(celsius)
            self.assertEqual((self.watch.failed, self.watch._stale_left_ms), (False, 30000))

    def test_silence_where_none_is_fitted_is_none_and_where_one_was_never_read_it_is(self):
        self.watch.update(60000, self.inputs)
        self.assertFalse(self.watch.failed)
        for sensor in range(5):
            self.setUp()
            setattr(self.inputs, "temperature_%d_c" % sensor, BROKEN)
            self.watch.update(30000, self.inputs)
            self.assertTrue(self.watch.failed)

    def test_sensors_that_were_there_and_are_no_longer_still_count_when_silent(self):
        self.read(20)
        self.inputs.temperature_0_c = NO_TEMPERATURE
        self.watch.update(30000, self.inputs)
        self.assertTrue(self.watch.failed)

    def test_none_fitted_any_more_is_no_failure(self):
        self.read(20)
        self.read()
        self.watch.update(30000, self.inputs)
        self.assertFalse(self.watch.failed)

    def test_any_other_number_is_a_fresh_reading(self):
        self.read(20)
        self.inputs.temperature_seq, self.inputs.temperature_1_c = -5, 75
        self.watch.update(10, self.inputs)
        self.assertEqual(self.watch.level, 4)

    def test_offer_in_each_level(self):
        for level, offered_ma, derated_ma in (
                (0, 16000, 16000), (1, 16000, 12000), (2, 16000, 8000), (3, 16000, 6000), (4, 16000, 0), (1, 32000, 24000),
                (2, 32000, 16000), (3, 80000, 6000), (0, 6000, 6000), (1, 6000, 6000), (3, 6000, 6000), (1, 8000, 6000),
                (1, 8001, 6000), (1, 8002, 6001), (2, 12001, 6000), (2, 12002, 6001), (0, 5999, 5999), (1, 5999, 5999),
                (4, 6000, 0)):
            self.watch.level = level
            self.assertEqual(self.watch.derated_ma(offered_ma), derated_ma)


if __name__ == "__main__":
    unittest.main()
