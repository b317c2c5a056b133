"""The pilot in numbers: windows to the millivolt, duty to the nanosecond, debounce and pauses to the millisecond.

The numbers stand here as the tables give them, not as limits.py names them: a slip in either place shows.
"""

import unittest

from firmware.safety import control_pilot as cp
from firmware.safety.control_pilot import PilotReader, high_ns_from_ma, state_from_mv
from firmware.safety.io_image import Inputs, Outputs
from firmware.safety.pilot_driver import FAULT, KEEP, PWM, STEADY, PilotDriver

# (from mV, to mV, state), both ends inside; table A.4 with 300 mV of hysteresis on each side of every threshold
WINDOWS = (
    (13501, 20000, cp.UNDEFINED), (10800, 13500, cp.A), (10201, 10799, cp.UNDEFINED), (7800, 10200, cp.B),
    (7201, 7799, cp.UNDEFINED), (4800, 7200, cp.C), (4201, 4799, cp.UNDEFINED), (1800, 4200, cp.D),
    (1201, 1799, cp.UNDEFINED), (-1300, 1200, cp.E), (-10499, -1301, cp.UNDEFINED), (-13500, -10500, cp.F),
    (-20000, -13501, cp.UNDEFINED),
)
# table A.7: (mA, ns of 1 000 000)
DUTIES = ((0, 1000000), (5999, 1000000), (6000, 100000), (6001, 100016), (10000, 166666), (16000, 266666), (32000, 533333),
          (50999, 849983), (51000, 850000), (51001, 844004), (63000, 892000), (79999, 959996), (80000, 960000), (80001, 960000),
          (200000, 960000))
LETTERS = ((cp.UNKNOWN, "?"), (cp.A, "A"), (cp.B, "B"), (cp.C, "C"), (cp.D, "D"), (cp.E, "E"), (cp.F, "F"), (cp.UNDEFINED, "-"))
MV = {cp.A: 12000, cp.B: 9000, cp.C: 6000, cp.D: 3000, cp.E: 0, cp.UNDEFINED: 10500}


class TestTables(unittest.TestCase):
    def test_windows_to_the_millivolt(self):
        for low_mv, high_mv, state in WINDOWS:
            with self.subTest(low_mv=low_mv):
                self.assertEqual(state_from_mv(low_mv), state)
                self.assertEqual(state_from_mv((low_mv + high_mv) // 2), state)
                self.assertEqual(state_from_mv(high_mv), state)

    def test_duty_to_the_nanosecond_and_steady_below_6_a(self):
        for offered_ma, high_ns in DUTIES:
            with self.subTest(offered_ma=offered_ma):
                self.assertEqual(high_ns_from_ma(offered_ma), high_ns)

    def test_every_state_has_its_letter(self):
        for state, letter in LETTERS:
            self.assertEqual(cp.LETTERS[state], letter)
        self.assertEqual(len(cp.LETTERS), len(LETTERS))


class TestReader(unittest.TestCase):
    def setUp(self):
        self.reader = PilotReader()
        self.inputs = Inputs()
        self.inputs.cp_burst = 7
        self.reader.start(self.inputs)

    def burst(self, state=cp.B, gap_ms=10, low_mv=-12000, low_reads=10, judge_low=1, high_reads=1):
        """One tick with a new burst."""
        self.inputs.cp_burst += 1
        self.inputs.cp_high_mv = MV[state]
        self.inputs.cp_high_reads = high_reads
        self.inputs.cp_low_mv, self.inputs.cp_low_reads = low_mv, low_reads
        self.reader.update(gap_ms, self.inputs, judge_low, False)

    def steady_low(self, driven_f, gap_ms=10, judge_low=0, low_reads=1):
        """One tick with a burst that sees -12 V only."""
        self.inputs.cp_burst += 1
        self.inputs.cp_high_reads, self.inputs.cp_low_reads = 0, low_reads
        self.inputs.cp_low_mv = -12000
        self.reader.update(gap_ms, self.inputs, judge_low, driven_f)

    def nothing(self, gap_ms):
        """One tick without a new burst."""
        self.reader.update(gap_ms, self.inputs, 1, False)

    def settle(self, state):
        """Until the state is taken over."""
        self.bursts(state, 60)
        self.assertEqual(self.reader.state, state)

    def bursts(self, state, count):
        """So many ticks of 10 ms, a burst in each."""
        for _ in range(count):
            self.burst(state)

    def test_begins_with_nothing_known_and_all_its_time(self):
        reader = self.reader
        self.assertEqual((reader.state, reader.raw, reader.raw_bursts, reader.fresh), (cp.UNKNOWN, cp.UNKNOWN, 0, 0))
        self.assertEqual((reader.low_good, reader.low_bad, reader.enter_left_ms), (0, 0, 0))
        self.assertEqual((reader.stale_left_ms, reader.undefined_left_ms, PilotReader()._burst), (80, 500, 0))

    def test_the_burst_from_before_the_start_is_no_reading(self):
        self.inputs.cp_high_reads, self.inputs.cp_high_mv = 5, 9000
        self.nothing(10)
        self.assertEqual((self.reader.fresh, self.reader.raw, self.reader.stale_left_ms), (0, cp.UNKNOWN, 70))

    def test_a_burst_counter_that_goes_round_is_still_a_new_burst(self):
        self.inputs.cp_burst = -1
        self.burst()
        self.assertEqual(self.reader.fresh, 1)
        self.nothing(10)
        self.assertEqual(self.reader.fresh, 0)

    def test_one_burst_is_no_state_and_the_second_is(self):
        self.burst(cp.B)
        self.assertEqual((self.reader.raw, self.reader.raw_bursts, self.reader.state), (cp.B, 1, cp.UNKNOWN))
        self.burst(cp.B)
        self.assertEqual((self.reader.raw_bursts, self.reader.state), (2, cp.B))
        self.burst(cp.B)
        self.assertEqual(self.reader.raw_bursts, 2)
        self.burst(cp.A)
        self.assertEqual((self.reader.raw_bursts, self.reader.state), (1, cp.B))
        self.burst(cp.B)
        self.burst(cp.A)
        self.assertEqual(self.reader.state, cp.B)
        self.burst(cp.A)
        self.assertEqual(self.reader.state, cp.A)

    def test_c_and_d_are_entered_after_460_ms_and_not_1_ms_sooner(self):
        for state in (cp.C, cp.D):
            with self.subTest(state=state):
                self.settle(cp.B)
                self.burst(state)
                self.assertEqual(self.reader.enter_left_ms, 460)
                self.bursts(state, 45)
                self.burst(state, 9)
                self.assertEqual(self.reader.state, cp.B)
                self.burst(state, 1)
                self.assertEqual(self.reader.state, state)

    def test_another_reading_between_begins_the_460_ms_anew(self):
        self.settle(cp.B)
        self.bursts(cp.C, 46)
        self.burst(cp.B)
        self.bursts(cp.C, 46)
        self.assertEqual(self.reader.state, cp.B)
        self.burst(cp.C)
        self.assertEqual(self.reader.state, cp.C)

    def test_c_and_d_wait_460_ms_whatever_was_before(self):
        for before in (cp.A, cp.B, cp.E):
            for state in (cp.C, cp.D):
                self.settle(before)
                self.bursts(state, 46)
                self.assertEqual(self.reader.state, before)
                self.burst(state)
                self.assertEqual(self.reader.state, state)

    def test_between_c_and_d_nothing_is_waited_for(self):
        for one, other in ((cp.C, cp.D), (cp.D, cp.C)):
            self.settle(one)
            self.burst(other)
            self.assertEqual(self.reader.state, one)
            self.burst(other)
            self.assertEqual(self.reader.state, other)

    def test_a_b_e_are_entered_at_once_after_the_second_burst_from_any_state(self):
        for state in (cp.A, cp.B, cp.E):
            for before in (cp.C, cp.D):
                self.settle(before)
                self.burst(state)
                self.burst(state)
                self.assertEqual(self.reader.state, state)

    def test_undefined_is_never_a_state_and_leaves_the_old_one(self):
        self.settle(cp.C)
        for _ in range(10):
            self.burst(cp.UNDEFINED)
        self.assertEqual((self.reader.raw, self.reader.state), (cp.UNDEFINED, cp.C))

    def test_steady_minus_12_v_is_f_when_pwm_is_not_on(self):
        self.steady_low(True)
        self.steady_low(True)
        self.assertEqual((self.reader.state, self.reader.fresh), (cp.F, 1))
        self.assertEqual(cp.F, 6)

    def test_minus_12_v_alone_is_no_reading_while_pwm_is_on_and_nothing_seen_is_none_ever(self):
        self.steady_low(True, judge_low=1)
        self.assertEqual((self.reader.fresh, self.reader.raw, self.reader.low_bad), (0, cp.UNKNOWN, 0))
        self.steady_low(True, low_reads=0)
        self.assertEqual((self.reader.fresh, self.reader.raw), (0, cp.UNKNOWN))

    def test_a_reading_lasts_80_ms(self):
        self.settle(cp.B)
        self.assertEqual(self.reader.stale_left_ms, 80)
        self.nothing(79)
        self.assertEqual((self.reader.stale_left_ms, self.reader.raw, self.reader.fresh), (1, cp.B, 0))
        self.nothing(1)
        self.assertEqual((self.reader.stale_left_ms, self.reader.raw, self.reader.raw_bursts), (0, cp.UNKNOWN, 0))
        self.assertEqual((self.reader.low_good, self.reader.low_bad), (0, 0))
        self.burst(cp.A)
        self.burst(cp.B)
        self.assertEqual((self.reader.stale_left_ms, self.reader.state), (80, cp.B))

    def test_what_no_state_explains_lasts_500_ms_from_the_burst_that_shows_it(self):
        self.settle(cp.B)
        self.burst(cp.UNDEFINED)
        self.assertEqual(self.reader.undefined_left_ms, 500)
        self.burst(cp.UNDEFINED, 499)
        self.assertEqual(self.reader.undefined_left_ms, 1)
        self.burst(cp.UNDEFINED, 1)
        self.assertEqual(self.reader.undefined_left_ms, 0)
        self.burst(cp.B)
        self.burst(cp.B)
        self.assertEqual(self.reader.undefined_left_ms, 500)

    def test_f_that_we_drive_is_explained_and_f_that_we_do_not_is_not(self):
        self.steady_low(True)
        self.steady_low(True)
        self.steady_low(True, 400)
        self.assertEqual(self.reader.undefined_left_ms, 500)
        self.steady_low(False, 400)
        self.assertEqual(self.reader.undefined_left_ms, 100)

    def test_bursts_that_never_agree_count_as_unexplained(self):
        self.settle(cp.B)
        for _ in range(5):
            self.burst(cp.A)
            self.burst(cp.C)
        self.assertEqual(self.reader.undefined_left_ms, 500 - 9 * 10)
        self.burst(cp.C)
        self.burst(cp.C)
        self.assertEqual(self.reader.undefined_left_ms, 500)

    def test_a_single_agreeing_burst_with_the_known_state_explains(self):
        self.settle(cp.B)
        self.burst(cp.A)
        self.burst(cp.B)
        self.assertEqual(self.reader.undefined_left_ms, 490)
        self.burst(cp.A)
        self.assertEqual(self.reader.undefined_left_ms, 500)

    def test_five_good_low_plateaus_prove_the_diode_and_three_bad_ones_its_loss(self):
        for count in range(1, 8):
            self.burst(low_mv=-10000, low_reads=1)
            self.assertEqual((self.reader.low_good, self.reader.low_bad), (min(count, 5), 0))
        for count in range(1, 6):
            self.burst(low_mv=-9999)
            self.assertEqual((self.reader.low_good, self.reader.low_bad), (0, min(count, 3)))
        self.burst(low_reads=0)
        self.assertEqual((self.reader.low_good, self.reader.low_bad), (0, 3))
        self.burst()
        self.assertEqual((self.reader.low_good, self.reader.low_bad), (1, 0))
        self.burst(low_reads=0)
        self.assertEqual((self.reader.low_good, self.reader.low_bad), (0, 1))

    def test_low_plateau_is_judged_only_when_told_to_and_only_on_a_reading(self):
        self.burst(judge_low=0)
        self.nothing(10)
        self.burst(high_reads=0)
        self.assertEqual((self.reader.low_good, self.reader.low_bad), (0, 0))

    def test_forgetting_the_low_plateau_forgets_both_counts(self):
        for low_mv in (-12000, 0):
            self.burst(low_mv=low_mv)
            self.reader.forget_low()
            self.assertEqual((self.reader.low_good, self.reader.low_bad), (0, 0))

    def test_a_held_pilot_reads_nothing_and_keeps_its_state_and_all_its_time(self):
        for low_mv in (-12000, 0):
            self.settle(cp.B)
            self.burst(cp.UNDEFINED)
            self.burst(cp.UNDEFINED, 70, low_mv=low_mv)
            self.nothing(70)
            self.inputs.cp_burst += 1
            self.reader.fresh = 1
            self.reader.hold(self.inputs)
            reader = self.reader
            self.assertEqual((reader.state, reader.raw, reader.raw_bursts, reader.fresh), (cp.B, cp.UNKNOWN, 0, 0))
            self.assertEqual((reader.low_good, reader.low_bad), (0, 0))
            self.assertEqual((reader.stale_left_ms, reader.undefined_left_ms), (80, 500))
            self.nothing(0)
            self.assertEqual(self.reader.fresh, 0)


class TestDriver(unittest.TestCase):
    def setUp(self):
        self.driver = PilotDriver()
        self.outputs = Outputs()

    def drive(self, shape, vehicle=1):
        return self.driver.drive(self.outputs, shape, vehicle)

    def test_shapes_have_their_numbers(self):
        self.assertEqual((STEADY, FAULT, PWM, KEEP), (0, 1, 2, 3))

    def test_begins_steady_with_nothing_to_wait_for(self):
        driver = self.driver
        self.assertEqual((driver.pwm_on, driver.offered_ma, driver.settle_left_ms), (0, 0, 0))
        self.assertEqual((driver.pause_left_ms, driver.offer_left_ms, driver.fault_left_ms), (0, 0, 0))
        self.assertEqual(self.drive(STEADY), 0)
        self.assertEqual((self.outputs.pilot_high_ns, self.driver.pause_left_ms), (1000000, 0))

    def test_pwm_on_and_off_each_void_the_low_plateau_and_settle_20_ms(self):
        self.driver.follow(16000, False)
        self.assertEqual(self.drive(PWM), 1)
        self.assertEqual((self.outputs.pilot_high_ns, self.driver.pwm_on, self.driver.settle_left_ms), (266666, 1, 20))
        self.driver.count_down(19)
        self.assertEqual(self.driver.settle_left_ms, 1)
        self.driver.count_down(1)
        self.assertEqual(self.driver.settle_left_ms, 0)
        self.assertEqual(self.drive(PWM), 0)
        self.assertEqual(self.drive(STEADY), 1)
        self.assertEqual((self.outputs.pilot_high_ns, self.driver.pwm_on, self.driver.settle_left_ms), (1000000, 0, 20))
        self.assertEqual(self.driver.offered_ma, 0)

    def test_another_duty_voids_nothing(self):
        self.driver.follow(16000, False)
        self.drive(PWM)
        self.driver.count_down(20)
        self.driver.follow(6000, False)
        self.assertEqual(self.drive(PWM), 0)
        self.assertEqual((self.outputs.pilot_high_ns, self.driver.offered_ma), (100000, 6000))
        self.assertEqual((self.driver.settle_left_ms, self.driver.pause_left_ms, self.driver.pwm_on), (0, 0, 1))

    def test_kept_pilot_stays_as_it_is(self):
        self.driver.follow(16000, False)
        self.drive(PWM)
        self.driver.count_down(20)
        self.assertEqual(self.drive(KEEP), 0)
        self.assertEqual((self.outputs.pilot_high_ns, self.driver.pwm_on, self.driver.offered_ma), (266666, 1, 16000))

    def test_pwm_that_went_off_pauses_3_s_with_a_vehicle_and_not_without(self):
        for vehicle, pause_ms in ((1, 3000), (0, 0)):
            self.driver.follow(16000, False)
            self.drive(PWM)
            self.drive(STEADY, vehicle)
            self.assertEqual(self.driver.pause_left_ms, pause_ms)
            self.driver.count_down(2999)
            self.assertEqual(self.driver.pause_left_ms, 1 if vehicle else 0)
            self.driver.count_down(1)

    def test_pause_after_f_is_4_s_from_its_end(self):
        self.assertEqual(self.drive(FAULT), 0)
        self.assertEqual((self.outputs.pilot_high_ns, self.driver.pause_left_ms, self.driver.pwm_on), (0, 0, 0))
        self.assertEqual((self.drive(FAULT), self.driver.pause_left_ms), (0, 0))
        self.drive(STEADY, 0)
        self.assertEqual((self.outputs.pilot_high_ns, self.driver.pause_left_ms), (1000000, 4000))

    def test_f_out_of_pwm_pauses_3_s_at_least(self):
        self.driver.follow(16000, False)
        self.drive(PWM)
        self.assertEqual(self.drive(FAULT), 1)
        self.assertEqual((self.driver.pause_left_ms, self.driver.offered_ma), (3000, 0))

    def test_pwm_straight_after_f_needs_no_pause(self):
        self.drive(FAULT)
        self.driver.follow(16000, False)
        self.assertEqual(self.drive(PWM), 1)
        self.assertEqual(self.driver.pause_left_ms, 0)

    def test_offer_changes_at_once_and_under_load_5_s_apart(self):
        self.driver.follow(16000, True)
        self.assertEqual((self.driver.offered_ma, self.driver.offer_left_ms), (16000, 5000))
        self.driver.count_down(4999)
        self.driver.follow(10000, True)
        self.assertEqual((self.driver.offered_ma, self.driver.offer_left_ms), (16000, 1))
        self.driver.follow(16000, False)
        self.assertEqual(self.driver.offer_left_ms, 1)
        self.driver.count_down(1)
        self.driver.follow(10000, True)
        self.assertEqual((self.driver.offered_ma, self.driver.offer_left_ms), (10000, 5000))
        self.driver.follow(32000, False)
        self.assertEqual(self.driver.offered_ma, 32000)

    def test_less_than_6_a_is_not_taken_over(self):
        self.driver.follow(6000, False)
        self.driver.follow(5999, False)
        self.assertEqual((self.driver.offered_ma, self.driver.offer_left_ms), (6000, 5000))

    def test_fault_is_held_for_1_s(self):
        self.driver.hold_fault()
        self.driver.count_down(999)
        self.assertEqual(self.driver.fault_left_ms, 1)
        self.driver.count_down(1)
        self.assertEqual(self.driver.fault_left_ms, 0)


if __name__ == "__main__":
    unittest.main()
