import unittest

from firmware.energy.counter import EnergyCounter

HOUR_MS = 3600000


class TestRegister(unittest.TestCase):
    def setUp(self):
        self.counter = EnergyCounter()

    def read(self, register_mwh, elapsed_ms=1000, modulus_mwh=None):
        self.counter.advance(elapsed_ms)
        self.counter.from_register(register_mwh, modulus_mwh)
        return self.counter.total_mwh

    def test_the_first_reading_counts_nothing_whatever_it_is(self):
        self.assertEqual(self.read(123456789000), 0)
        self.assertEqual(self.counter.shown_mwh(), 123456789000)

    def test_growth_is_counted_exactly(self):
        self.read(5000)
        self.assertEqual(self.read(5001), 1)
        self.assertEqual(self.read(5001), 1)
        self.assertEqual(self.read(8000), 3000)

    def test_a_binary_wrap_is_bridged(self):
        modulus = (1 << 32) * 10000
        self.read(modulus - 30000)
        self.assertEqual(self.read(20000, modulus_mwh=modulus), 50000)
        self.assertEqual((self.counter.wraps, self.counter.resets), (1, 0))

    def test_a_decimal_wrap_is_bridged(self):
        self.read(999999990000)
        self.assertEqual(self.read(10000), 20000)
        self.assertEqual(self.counter.wraps, 1)

    def test_a_reset_counts_nothing_and_goes_on_from_there(self):
        self.read(500000000)
        self.assertEqual(self.read(700000), 0)
        self.assertEqual((self.counter.wraps, self.counter.resets), (0, 1))
        self.assertEqual(self.read(700500), 500)

    def test_another_meter_with_a_higher_register_counts_nothing(self):
        self.read(5000000)
        self.assertEqual(self.read(900000000), 0)
        self.assertEqual(self.counter.resets, 1)

    def test_hours_of_silence_allow_the_energy_of_hours(self):
        self.read(0)
        self.assertEqual(self.read(88000000, 4 * HOUR_MS), 88000000)
        self.assertEqual(self.read(88000000 + 88000000, 60000), 88000000)  # 88 kWh in a minute: never
        self.assertEqual(self.counter.resets, 1)

    def test_the_total_never_falls(self):
        last = 0
        register = 0
        for step in (5, 0, -3, 7, 100000, -90000, 2, 10 ** 12, -10 ** 12, 4):
            register = max(0, register + step)
            total = self.read(register)
            self.assertGreaterEqual(total, last)
            last = total


class TestEstimate(unittest.TestCase):
    def setUp(self):
        self.counter = EnergyCounter()

    def test_rests_are_kept_so_that_small_steps_lose_nothing(self):
        for _ in range(3600 * 10):
            self.counter.from_power(7400000, 100, False)
        self.assertEqual(self.counter.total_mwh, 7400000)

    def test_feeding_back_does_not_count_down(self):
        self.counter.from_power(-5000000, HOUR_MS, False)
        self.assertEqual(self.counter.total_mwh, 0)

    def silence(self, estimated_mwh, register_after_mwh):
        self.counter.advance(1000)
        self.counter.from_register(1000000000)
        self.counter.advance(HOUR_MS)
        self.counter.from_power(estimated_mwh, HOUR_MS, True)
        self.assertEqual(self.counter.total_mwh, estimated_mwh)
        self.assertEqual(self.counter.shown_mwh(), 1000000000 + estimated_mwh)
        self.counter.from_register(register_after_mwh)

    def test_a_low_estimate_is_completed_by_the_register(self):
        self.silence(3000000, 1003500000)
        self.assertEqual(self.counter.total_mwh, 3500000)
        self.assertEqual(self.counter.shown_mwh(), 1003500000)

    def test_after_a_high_estimate_the_total_waits_for_the_register(self):
        self.silence(3000000, 1002000000)
        self.assertEqual(self.counter.total_mwh, 3000000)
        self.assertEqual(self.counter.shown_mwh(), 1003000000)
        self.counter.advance(HOUR_MS)
        self.counter.from_register(1002900000)
        self.assertEqual(self.counter.total_mwh, 3000000)
        self.counter.from_register(1003400000)
        self.assertEqual(self.counter.total_mwh, 3400000)
        self.assertEqual(self.counter.shown_mwh(), 1003400000)

    def test_a_meter_reset_while_silent_keeps_the_estimate(self):
        self.silence(3000000, 5000)
        self.assertEqual(self.counter.total_mwh, 3000000)
        self.assertEqual(self.counter.shown_mwh(), 5000)

    def test_before_any_register_nothing_is_shown(self):
        self.counter.from_power(1000000, HOUR_MS, True)
        self.assertIsNone(self.counter.shown_mwh())
        self.counter.from_register(70000000)
        self.assertEqual((self.counter.shown_mwh(), self.counter.total_mwh), (70000000, 1000000))


if __name__ == "__main__":
    unittest.main()
