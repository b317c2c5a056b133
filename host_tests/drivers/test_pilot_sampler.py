"""The comb of ADC reads sees both plateaus at every duty and every phase, and tells a missing diode from a healthy vehicle."""

import unittest

from firmware.safety import control_pilot as cp
from firmware.safety import limits
from firmware.safety.io_image import Inputs
from host_tests.drivers.chip import MICROPYTHON, Chip, board_facts

DUTIES_NS = (100000, 166666, 266666, 533333, 900000)
STATES_MV = (("A", 12000), ("B", 9000), ("C", 6000), ("D", 3000))
WITHIN_MV = 50
STEP_US = 37 if MICROPYTHON else 7          # no divisor of the period: all phases in the end
CP_PWM = 33


class Sampled(unittest.TestCase):
    def setUp(self):
        facts = board_facts()
        self.chip = Chip(facts)
        self.addCleanup(self.chip.close)
        from firmware.drivers.pilot_pwm import PilotPwm
        from firmware.drivers.pilot_sampler import sampler_from_board
        self.pwm = PilotPwm(CP_PWM)
        self.sampler = sampler_from_board(facts)
        self.inputs = Inputs()

    def burst(self, phase_us=0):
        """One burst that begins at this phase of the PWM."""
        start_us = self.chip.hal.pilot[0]
        ahead_us = (phase_us - (self.chip.clock.now_us - start_us)) % 1000
        self.chip.spend_us(ahead_us)
        before = self.inputs.cp_burst
        self.sampler.burst(self.inputs)
        self.assertEqual(self.inputs.cp_burst, before + 1)
        return self.inputs

    def near(self, found_mv, wanted_mv):
        self.assertLessEqual(abs(found_mv - wanted_mv), WITHIN_MV, "%d instead of %d mV" % (found_mv, wanted_mv))


class TestPwm(Sampled):
    def test_both_plateaus_at_every_duty_phase_and_state(self):
        for high_ns in DUTIES_NS:
            self.pwm.set_high_ns(high_ns)
            for letter, high_mv in STATES_MV:
                self.chip.hal.set_pilot(high_mv, -12000)
                for phase_us in range(0, 1000, STEP_US):
                    inputs = self.burst(phase_us)
                    self.assertGreater(inputs.cp_high_reads, 0)
                    self.assertGreater(inputs.cp_low_reads, 0)
                    self.near(inputs.cp_high_mv, high_mv)
                    self.near(inputs.cp_low_mv, -12000)
                    self.assertEqual(cp.LETTERS[cp.state_from_mv(inputs.cp_high_mv)], letter)

    def test_reads_are_shared_as_the_duty_says(self):
        for high_ns in DUTIES_NS:
            self.pwm.set_high_ns(high_ns)
            self.chip.hal.set_pilot(6000, -12000)
            inputs = self.burst()
            self.assertEqual(inputs.cp_high_reads + inputs.cp_low_reads, 32)
            self.assertLessEqual(abs(inputs.cp_high_reads * 1000000 - 32 * high_ns), 3000000)

    def test_missing_diode_is_seen_in_every_state_and_never_in_a_healthy_vehicle(self):
        for high_ns in DUTIES_NS:
            self.pwm.set_high_ns(high_ns)
            for level_mv in (8791, 5624, 2369):         # symmetric levels of B, C, D without the diode
                self.chip.hal.set_pilot(level_mv, -level_mv)
                for phase_us in range(0, 1000, 91):
                    inputs = self.burst(phase_us)
                    self.assertGreater(inputs.cp_low_reads, 0)
                    self.near(inputs.cp_low_mv, -level_mv)
                    self.assertGreater(inputs.cp_low_mv, limits.DIODE_LOW_MV)
            self.chip.hal.set_pilot(6000, -11400)        # the worst good one
            self.assertLessEqual(self.burst().cp_low_mv, limits.DIODE_LOW_MV)

    def test_short_to_earth_is_state_e_with_pwm_and_without(self):
        for high_ns in DUTIES_NS + (1000000, 0):
            self.pwm.set_high_ns(high_ns)
            self.chip.hal.set_pilot(0, 0)
            inputs = self.burst()
            self.assertEqual((inputs.cp_high_reads, inputs.cp_low_reads), (32, 0))
            self.assertEqual(cp.state_from_mv(inputs.cp_high_mv), cp.E)

    def test_burst_that_something_interrupts_is_still_right(self):
        self.pwm.set_high_ns(266666)
        self.chip.hal.set_pilot(6000, -12000)
        import machine
        timer = machine.Timer(1)
        timer.init(period=1, callback=lambda _: self.chip.spend_us(300))
        for phase_us in range(0, 1000, 91):
            inputs = self.burst(phase_us)
            if inputs.cp_high_reads:
                self.near(inputs.cp_high_mv, 6000)
            if inputs.cp_low_reads:
                self.near(inputs.cp_low_mv, -12000)
            self.assertGreater(inputs.cp_high_reads + inputs.cp_low_reads, 0)
        timer.deinit()


class TestSteady(Sampled):
    def test_steady_high_is_one_plateau_in_every_state(self):
        for letter, high_mv in STATES_MV:
            self.chip.hal.set_pilot(high_mv, -12000)
            inputs = self.burst()
            self.assertEqual((inputs.cp_high_reads, inputs.cp_low_reads), (32, 0))
            self.near(inputs.cp_high_mv, high_mv)
            self.assertEqual(cp.LETTERS[cp.state_from_mv(inputs.cp_high_mv)], letter)

    def test_steady_minus_12_v_is_a_low_plateau_and_state_f(self):
        self.pwm.set_high_ns(0)
        self.chip.hal.set_pilot(12000, -12000)
        inputs = self.burst()
        self.assertEqual((inputs.cp_high_reads, inputs.cp_low_reads), (0, 32))
        self.near(inputs.cp_low_mv, -12000)
        self.assertEqual(cp.state_from_mv(inputs.cp_low_mv), cp.F)

    def test_burst_takes_at_most_4200_us(self):
        began_us = self.chip.clock.now_us
        self.sampler.burst(self.inputs)
        self.assertLessEqual(self.chip.clock.now_us - began_us, 4200)
        self.assertGreaterEqual(self.chip.clock.now_us - began_us, 3000)

    def test_voltages_across_the_range_are_told_within_50_mv(self):
        for mv in range(-12500, 13001, 250):
            self.chip.hal.set_pilot(mv, -12000)
            inputs = self.burst()
            self.near(inputs.cp_high_mv if inputs.cp_high_reads else inputs.cp_low_mv, mv)


if __name__ == "__main__":
    unittest.main()
