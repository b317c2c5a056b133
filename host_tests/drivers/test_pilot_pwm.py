"""The pilot's generator: +12 V from the first moment, true steady levels, and no more than asked for."""

import unittest

from firmware.safety.control_pilot import high_ns_from_ma
from host_tests.drivers.chip import Chip, board_facts


class TestPilotPwm(unittest.TestCase):
    def pwm(self, invert=False):
        self.chip = Chip()
        self.addCleanup(self.chip.close)
        self.gpio = board_facts()["pins"]["cp_pwm"]
        self.heard = []
        self.chip.hal.on_output = lambda signal, key, value, t_us: self.heard.append((signal, key, value))
        from firmware.drivers.pilot_pwm import PilotPwm
        return PilotPwm(self.gpio, invert)

    def high_ns(self):
        return self.chip.hal.pwm_high_ns(self.gpio)

    def test_starts_at_steady_12_v_without_a_pulse(self):
        for invert, high_ns in ((False, 1000000), (True, 0)):
            self.pwm(invert)
            self.assertEqual(self.heard, [("pwm", self.gpio, (1000, high_ns))])

    def test_steady_levels_have_no_pulse_left(self):
        for invert in (False, True):
            pwm = self.pwm(invert)
            pwm.set_high_ns(0)
            self.assertEqual(self.high_ns(), 1000000 if invert else 0)
            pwm.set_high_ns(1000000)
            self.assertEqual(self.high_ns(), 0 if invert else 1000000)

    def test_duty_is_what_the_offer_asks_within_a_thousandth_of_the_period(self):
        pwm = self.pwm()
        for offered_ma in range(6000, 80001, 1000):
            wanted_ns = high_ns_from_ma(offered_ma)
            pwm.set_high_ns(wanted_ns)
            self.assertLessEqual(abs(self.high_ns() - wanted_ns), 150)     # 13 bits, the coarsest chip

    def test_inverted_generator_is_low_for_the_high_time(self):
        pwm = self.pwm(True)
        pwm.set_high_ns(266666)
        self.assertLessEqual(abs(1000000 - self.high_ns() - 266666), 150)

    def test_pilot_is_written_only_when_it_changes(self):
        pwm = self.pwm()
        del self.heard[:]
        for _ in range(5):
            pwm.set_high_ns(266666)
        self.assertEqual(len(self.heard), 1)


if __name__ == "__main__":
    unittest.main()
