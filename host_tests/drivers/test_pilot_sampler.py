"""Each kind of sensing sees both plateaus at every duty and every phase, and tells a missing diode from a healthy vehicle."""

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
    FACTS = None

    def setUp(self):
        facts = self.FACTS or board_facts()
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

    def test_slow_reads_get_a_longer_stride_that_still_meets_every_plateau(self):
        self.pwm.set_high_ns(100000)
        self.chip.hal.set_pilot(6000, -12000)
        plain_uv = self.sampler._adc.read_uv

        class Slow:
            def read_uv(slow):
                self.chip.spend_us(45)                       # 60 more are in the shim: one read takes longer than a stride
                return plain_uv()
        self.sampler._adc = Slow()
        self.burst()
        for phase_us in range(0, 1000, STEP_US):
            inputs = self.burst(phase_us)
            self.assertGreater(inputs.cp_high_reads, 0)
            self.near(inputs.cp_high_mv, 6000)
        began_us = self.chip.clock.now_us
        self.sampler.burst(self.inputs)
        self.assertLessEqual(self.chip.clock.now_us - began_us, 4200)

    def test_lonely_spikes_move_no_plateau(self):
        self.pwm.set_high_ns(533333)
        self.chip.hal.set_pilot(6000, -12000)
        plain_uv = self.sampler._adc.read_uv

        class Hit:
            def __init__(self):
                self.reads = 0

            def read_uv(self):
                self.reads += 1
                spike_uv = 0 if self.reads % 13 else 400000 if self.reads % 2 else -400000     # 4.7 V at the terminal
                return max(0, plain_uv() + spike_uv)
        self.sampler._adc = Hit()
        for phase_us in range(0, 1000, 91):
            inputs = self.burst(phase_us)
            self.near(inputs.cp_high_mv, 6000)
            self.near(inputs.cp_low_mv, -12000)

    def test_one_read_alone_is_no_plateau(self):
        self.chip.hal.set_pilot(9000, -12000)
        plain_uv = self.sampler._adc.read_uv

        class Once:
            def __init__(self):
                self.reads = 0

            def read_uv(self):
                self.reads += 1
                return 254000 if self.reads == 7 else plain_uv()
        self.sampler._adc = Once()
        self.assertEqual(self.burst().cp_low_reads, 0)
        self.near(self.inputs.cp_high_mv, 9000)


class TestCalibration(unittest.TestCase):
    def setUp(self):
        self.chip = Chip()
        self.addCleanup(self.chip.close)
        from firmware.drivers import pilot_sampler
        self.scale = pilot_sampler.scale_from_facts

    def test_divider_values_and_two_points_of_it_are_the_same_scale(self):
        pilot = {"a_ppm": 100000, "b_uv": 1300000}
        one, other = self.scale(pilot), self.scale(dict(pilot, calibration=[[100, -12000], [2500, 12000]]))
        for uv in range(150000, 2600001, 7000):
            self.assertEqual(one.mv(uv), other.mv(uv))
            self.assertLessEqual(abs(one.uv(one.mv(uv)) - uv), 100)

    def test_every_point_is_met_and_between_them_lies_a_straight_line(self):
        points = [[1723, 6], [2498, 5986], [2867, 8976], [3150, 11947]]
        scale = self.scale({"a_ppm": 1, "b_uv": 1, "calibration": points})
        for adc_mv, mv in points:
            self.assertLessEqual(abs(scale.mv(adc_mv * 1000) - mv), 1)
        self.assertLessEqual(abs(scale.mv(2682500) - 7481), 2)
        self.assertLessEqual(abs(scale.mv(500000) + 9431), 5)            # beyond: as between the last two

    def test_below_the_converters_floor_it_is_at_most_the_floor(self):
        scale = self.scale({"a_ppm": 84780, "b_uv": 1271700})
        self.assertEqual(scale.mv(0), scale.mv(150000))
        self.assertLess(scale.mv(0), -13000)


def kind(cp, pins):
    """Facts of the twin's board with another kind of sensing."""
    facts = board_facts()
    facts["pins"].update(pins)
    facts["active_low"] = facts["active_low"] + ["cp_comparator"]
    facts["cp"] = dict(facts["cp"], **cp)
    return facts


class TestComparator(Sampled):
    FACTS = kind({"sensing": "positive_comparator", "a_ppm": 180328, "b_uv": 0}, {"cp_comparator": 23})

    def test_states_and_low_plateau_at_every_duty_and_phase(self):
        for high_ns in DUTIES_NS:
            self.pwm.set_high_ns(high_ns)
            for letter, high_mv in STATES_MV:
                self.chip.hal.set_pilot(high_mv, -12000)
                for phase_us in range(0, 1000, STEP_US * 3):
                    inputs = self.burst(phase_us)
                    self.assertGreater(inputs.cp_high_reads, 0)
                    self.assertGreater(inputs.cp_low_reads, 0)
                    self.near(inputs.cp_high_mv, high_mv)
                    self.assertLessEqual(inputs.cp_low_mv, limits.DIODE_LOW_MV)
                    self.assertEqual(cp.LETTERS[cp.state_from_mv(inputs.cp_high_mv)], letter)

    def test_missing_diode_shows_no_low_plateau(self):
        for high_ns in DUTIES_NS:
            self.pwm.set_high_ns(high_ns)
            for level_mv in (9380, 8791, 5624, 2369):        # the first is the worst that a vehicle may have
                self.chip.hal.set_pilot(level_mv, -level_mv)
                inputs = self.burst()
                self.assertEqual(inputs.cp_low_reads, 0)
                self.near(inputs.cp_high_mv, level_mv)

    def test_steady_levels_short_and_state_f(self):
        for letter, high_mv in STATES_MV + (("E", 0),):
            self.chip.hal.set_pilot(high_mv, -12000 if high_mv else 0)
            inputs = self.burst()
            self.assertEqual(inputs.cp_low_reads, 0)
            self.assertEqual(cp.LETTERS[cp.state_from_mv(inputs.cp_high_mv)], letter)
        self.pwm.set_high_ns(266666)
        self.assertEqual(cp.state_from_mv(self.burst().cp_high_mv), cp.E)
        self.assertEqual(self.inputs.cp_low_reads, 0)
        self.pwm.set_high_ns(0)
        self.chip.hal.set_pilot(12000, -12000)
        inputs = self.burst()
        self.assertEqual((inputs.cp_high_reads, inputs.cp_low_reads), (0, 32))
        self.assertEqual(cp.state_from_mv(inputs.cp_low_mv), cp.F)


class TestPeakDetector(Sampled):
    FACTS = kind({"sensing": "peak_detector"}, {"cp_adc": None, "cp_high_adc": 36, "cp_low_adc": 39,
                                                "temperature_interior_adc": None})

    def settled(self):
        """A plateau that fell is not told at once."""
        for _ in range(2):
            self.burst()
        return self.inputs

    def test_states_low_plateau_and_missing_diode(self):
        for high_ns in DUTIES_NS:
            self.pwm.set_high_ns(high_ns)
            for letter, high_mv in STATES_MV:
                self.chip.hal.set_pilot(high_mv, -12000)
                inputs = self.settled()
                self.near(inputs.cp_high_mv, high_mv)
                self.near(inputs.cp_low_mv, -12000)
                self.assertGreater(inputs.cp_high_reads, 0)
                self.assertGreater(inputs.cp_low_reads, 0)
                self.assertEqual(cp.LETTERS[cp.state_from_mv(inputs.cp_high_mv)], letter)
            self.chip.hal.set_pilot(8791, -8791)
            self.assertGreater(self.settled().cp_low_mv, limits.DIODE_LOW_MV)

    def test_what_falls_is_not_told_as_a_plateau_but_never_longer_than_three_bursts(self):
        self.chip.hal.set_pilot(12000, -12000)
        self.settled()
        told = []
        for high_mv in (11000, 10000, 9000, 8000, 7000, 6000, 6000):
            self.chip.hal.set_pilot(high_mv, -12000)
            told.append(1 if self.burst().cp_high_reads else 0)
        self.assertEqual(told, [0, 0, 0, 1, 0, 0, 1])

    def test_what_rises_is_told_at_once(self):
        self.chip.hal.set_pilot(6000, -12000)
        self.settled()
        self.chip.hal.set_pilot(9000, -12000)
        self.near(self.burst().cp_high_mv, 9000)
        self.assertGreater(self.inputs.cp_high_reads, 0)

    def test_state_f_and_short(self):
        self.pwm.set_high_ns(0)
        self.chip.hal.set_pilot(12000, -12000)
        inputs = self.settled()
        self.assertEqual(inputs.cp_high_reads, 0)
        self.assertEqual(cp.state_from_mv(inputs.cp_low_mv), cp.F)
        self.pwm.set_high_ns(266666)
        self.chip.hal.set_pilot(0, 0)
        inputs = self.settled()
        self.assertEqual(cp.state_from_mv(inputs.cp_high_mv), cp.E)
        self.assertEqual(inputs.cp_low_reads, 0)


class TestFactory(unittest.TestCase):
    def test_every_kind_that_a_board_may_declare_has_its_sampler(self):
        chip = Chip()
        self.addCleanup(chip.close)
        from firmware.drivers import pilot_sampler
        for facts, name in ((board_facts(), "CombSampler"), (TestComparator.FACTS, "ComparatorSampler"),
                            (TestPeakDetector.FACTS, "PeakSampler")):
            self.assertIs(type(pilot_sampler.sampler_from_board(facts)), getattr(pilot_sampler, name))


if __name__ == "__main__":
    unittest.main()
