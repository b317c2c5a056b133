"""The pilot's generator: +12 V from the first moment, true steady levels, and no more than asked for."""

import unittest

from firmware.safety.control_pilot import high_ns_from_ma
from host_tests.drivers.chip import Chip, board_facts


class TestPilotPwm(unittest.TestCase):
    def pwm(self, invert=False, chip="twin", gpio=None):
        facts = board_facts()
        facts["chip"] = chip
        self.gpio = facts["pins"]["cp_pwm"] = gpio or facts["pins"]["cp_pwm"]
        self.chip = Chip(facts)
        self.addCleanup(self.chip.close)
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

    def test_duty_is_what_the_offer_asks_within_what_each_chip_resolves(self):
        for chip, gpio, bits in (("esp32", 33, 16), ("esp32s3", 10, 13)):
            for invert in (False, True):
                pwm = self.pwm(invert, chip, gpio)
                for offered_ma in range(6000, 80001, 500):
                    wanted_ns = high_ns_from_ma(offered_ma)
                    pwm.set_high_ns(wanted_ns)
                    shown_ns = 1000000 - self.high_ns() if invert else self.high_ns()
                    self.assertLessEqual(abs(shown_ns - wanted_ns), (1000000 >> bits) // 2 + 2, (chip, offered_ma))
                self.assertEqual(self.chip.hal.pwm[gpio][:2], [1000, bits])

    def test_steady_levels_are_true_on_each_chip_also_after_any_duty(self):
        for chip, gpio in (("esp32", 33), ("esp32s3", 10)):
            for invert in (False, True):
                pwm = self.pwm(invert, chip, gpio)
                for high_ns in (1000000, 0, 1000000, 266666, 0, 533333, 1000000, 960000, 0):
                    pwm.set_high_ns(high_ns)
                    if high_ns in (0, 1000000):
                        self.assertEqual(self.high_ns(), 1000000 - high_ns if invert else high_ns, (chip, invert, high_ns))

    def test_frequency_and_phase_stay_while_the_duty_changes(self):
        pwm = self.pwm()
        began_us = self.chip.hal.pwm[self.gpio][4]
        for high_ns in (266666, 533333, 0, 100000, 1000000, 266666):
            self.chip.run_ms(3)
            pwm.set_high_ns(high_ns)
            freq_hz, _bits, _duty, _invert, phase_us = self.chip.hal.pwm[self.gpio]
            self.assertEqual((freq_hz, phase_us), (1000, began_us))

    def test_duty_that_could_not_be_written_is_written_the_next_time(self):
        pwm = self.pwm()
        import machine
        real = machine.PWM.duty_ns

        def refuse(_pwm, *_ns):
            raise OSError(5)
        machine.PWM.duty_ns = refuse
        with self.assertRaises(OSError):
            pwm.set_high_ns(266666)
        machine.PWM.duty_ns = real
        pwm.set_high_ns(266666)
        self.assertLessEqual(abs(self.high_ns() - 266666), 10)

    def test_strict_chip_refuses_what_the_port_refuses(self):
        self.pwm()
        import machine
        with self.assertRaises(RuntimeError):
            machine.PWM(machine.Pin(32), freq=1000, duty_ns=266666)      # "PWM is inactive": why the driver starts by duty_u16
        machine.PWM(machine.Pin(32), freq=1000)
        self.assertEqual(self.chip.hal.pwm_high_ns(32), 500000)          # without a duty it would start at 50 %

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
