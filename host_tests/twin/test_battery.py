# cpython only: the world runs in CPython
import unittest

from tools.twin.battery import MW_US_PER_WH, Battery


class BatteryTest(unittest.TestCase):
    def test_below_80_percent_it_takes_its_capacity_in_an_hour_and_then_less_and_less(self):
        battery = Battery(60_000, 0.5)
        self.assertGreater(battery.accepts_ma(3), 90_000)
        seen = []
        for soc in (0.8, 0.85, 0.9, 0.95, 1.0):
            battery.soc = soc
            seen.append(battery.accepts_ma(3))
        self.assertEqual(seen, sorted(seen, reverse=True))
        self.assertTrue(4_000 < seen[-1] < 5_000, seen)

    def test_one_phase_gets_what_three_share(self):
        battery = Battery(30_000, 0.97)
        self.assertAlmostEqual(battery.accepts_ma(1), 3 * battery.accepts_ma(3), delta=3)

    def test_it_is_full_when_the_energy_is_in_and_says_when_to_look(self):
        battery = Battery(1_000, 0.5)
        power_mw = 1_000_000
        looks = 0
        while not battery.full:
            us = battery.look_after_us(power_mw)
            battery.take(power_mw * us)
            looks += 1
        self.assertLess(looks, 60)
        self.assertAlmostEqual(battery.soc, 1, delta=0.01)
        self.assertIsNone(battery.look_after_us(power_mw))
        self.assertIsNone(Battery().look_after_us(0))

    def test_losses_stay_outside(self):
        battery = Battery(10_000, 0)
        battery.take(1_000 * MW_US_PER_WH)
        self.assertAlmostEqual(battery.soc, 0.09, delta=1e-6)

    def test_another_size_is_as_full(self):
        battery = Battery(60_000, 0.25)
        battery.resize(20_000)
        self.assertEqual((battery.soc, battery.capacity_wh), (0.25, 20_000))


if __name__ == "__main__":
    unittest.main()
