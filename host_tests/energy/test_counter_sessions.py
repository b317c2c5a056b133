"""What a session is told: a loss of the meter before it must neither take from it nor give to it."""
import unittest

from firmware.energy.counter import EnergyCounter

SECOND_MS = 1000
HOUR_MS = 3600000
HIGHEST_MW = 22000000
SECOND_MWH = HIGHEST_MW // 3600  # within which nobody knows when a step was made
DECIMAL_MWH = 1000000000000  # a meter of six digits of kWh


class TestSessions(unittest.TestCase):
    def setUp(self):
        self.counter = EnergyCounter()
        self.register_mwh = 1000000000
        self.read()

    def read(self, more_mwh=0, step_mwh=0):
        """The register has gained so much in an hour; the counter has read it."""
        self.register_mwh += more_mwh
        self.counter.advance(HOUR_MS)
        self.counter.from_register(self.register_mwh, None, step_mwh)

    def lose(self, estimated_mwh):
        self.counter.from_power(estimated_mwh, HOUR_MS, True)

    def session(self):
        """The next session begins; returns what tells its energy."""
        self.counter.begin_session()
        began_mwh = self.counter.total_mwh
        return lambda: self.counter.total_mwh - began_mwh

    def test_what_was_estimated_too_high_is_not_taken_from_the_next_session(self):
        energy = self.session()
        self.lose(3000000)
        self.read(2000000)
        self.assertEqual((energy(), self.counter.is_estimated()), (3000000, True))
        energy = self.session()
        self.assertFalse(self.counter.is_estimated())
        self.read(500000)
        self.assertEqual((energy(), self.counter.is_estimated()), (500000, False))

    def test_in_the_same_session_the_register_still_has_the_last_word(self):
        energy = self.session()
        self.lose(3000000)
        self.read(2000000)
        self.read(1500000)
        self.assertEqual((energy(), self.counter.is_estimated()), (3500000, False))
        energy = self.session()
        self.read(100000)
        self.assertEqual(energy(), 100000)

    def test_the_records_register_is_the_meters_own_while_what_is_shown_waits(self):
        self.session()
        self.lose(3000000)
        self.read(2000000)
        self.assertEqual((self.counter.shown_mwh(), self.counter.read_mwh()), (1003000000, 1002000000))
        self.session()
        self.assertEqual((self.counter.shown_mwh(), self.counter.read_mwh()), (1003000000, 1002000000))
        self.read(1200000)
        self.assertEqual((self.counter.shown_mwh(), self.counter.read_mwh()), (1003200000, 1003200000))

    def test_a_high_estimate_over_two_sessions_is_shared_out_as_it_was_estimated(self):
        first = self.session()
        self.lose(3000000)
        self.assertEqual((first(), self.counter.is_estimated()), (3000000, True))
        second = self.session()
        self.lose(1000000)
        self.read(3000000)  # 1 kWh too high: 0.75 of the first, 0.25 of the second
        self.assertEqual((second(), self.counter.is_estimated()), (1000000, True))
        self.read(1250000)
        self.assertEqual((second(), self.counter.is_estimated()), (2000000, False))

    def test_a_low_estimate_over_two_sessions_gives_the_second_its_share_only(self):
        self.session()
        self.lose(3000000)
        second = self.session()
        self.lose(1000000)
        self.read(4400000)
        self.assertEqual((second(), self.counter.is_estimated()), (1100000, False))

    def test_a_session_that_has_drawn_nothing_gets_nothing_when_the_meter_is_back(self):
        for gained_mwh in (2000000, 3000000, 4000000):
            self.setUp()
            self.session()
            self.lose(3000000)
            second = self.session()
            self.read(gained_mwh)
            self.assertEqual((second(), self.counter.is_estimated()), (0, False))
            self.read(70000)
            self.assertEqual(second(), 70000)

    def test_a_second_loss_before_the_register_has_caught_up_counts_on_its_own(self):
        self.session()
        self.lose(3000000)
        self.read(2000000)
        self.lose(500000)
        second = self.session()  # begins in the second loss
        self.lose(500000)
        self.read(1000000)  # the second loss was estimated well
        self.read(300000)
        self.assertEqual((second(), self.counter.is_estimated()), (800000, False))

    def split_a_loss_well(self):
        """A loss of 500 Wh, estimated well, with a session's begin in it: the second half is the session's."""
        self.lose(250000)
        second = self.session()
        self.lose(250000)
        self.read(500000)
        self.assertEqual((second(), self.counter.is_estimated()), (250000, False))

    def test_a_loss_leaves_nothing_behind_for_a_later_one(self):
        self.session()
        self.lose(3000000)
        self.read(2000000)
        self.session()  # what was too high stays behind
        self.split_a_loss_well()
        self.session()
        self.lose(3000000)
        self.read(2000000)
        self.read(1000000)  # caught up with
        self.split_a_loss_well()
        self.session()
        self.lose(3000000)
        self.read(2000000)
        self.register_mwh = 0
        self.read()  # another meter
        self.split_a_loss_well()

    def test_a_meter_that_starts_again_in_a_session_marks_it_also_without_a_loss(self):
        self.session()
        self.register_mwh = 5000
        self.read()
        self.assertTrue(self.counter.is_estimated())
        self.session()
        self.assertFalse(self.counter.is_estimated())

    def test_what_was_estimated_before_the_first_reading_stays_an_estimate(self):
        for estimated_mwh in (0, 1000000):
            self.counter = EnergyCounter()
            energy = self.session()
            self.lose(estimated_mwh)
            self.assertIsNone(self.counter.read_mwh())
            self.read()
            self.assertEqual((energy(), self.counter.is_estimated()), (estimated_mwh, estimated_mwh > 0))

    def test_a_meter_that_starts_again_from_zero_leaves_the_next_session_alone(self):
        self.session()
        self.lose(3000000)
        self.register_mwh = 5000
        self.read()
        self.assertTrue(self.counter.is_estimated())
        second = self.session()
        self.assertFalse(self.counter.is_estimated())
        self.read(400000)
        self.assertEqual((second(), self.counter.is_estimated(), self.counter.shown_mwh()), (400000, False, 405000))

    def test_one_that_starts_again_in_a_session_over_which_the_loss_goes_on_marks_it(self):
        self.session()
        self.lose(3000000)
        second = self.session()
        self.lose(200000)
        self.register_mwh = 5000
        self.read()
        self.read(400000)
        self.assertEqual((second(), self.counter.is_estimated()), (600000, True))

    def test_a_wrap_during_the_loss_changes_nothing(self):
        self.counter = EnergyCounter()
        self.register_mwh = DECIMAL_MWH - 500000
        self.read()
        self.session()
        self.lose(3000000)
        self.assertEqual(self.counter.shown_mwh(), DECIMAL_MWH + 2500000)
        self.register_mwh -= DECIMAL_MWH
        self.read(2000000)
        self.assertEqual((self.counter.wraps, self.counter.shown_mwh(), self.counter.read_mwh()), (1, 2500000, 1500000))
        second = self.session()
        self.read(250000)
        self.assertEqual(second(), 250000)

    def test_the_interpolation_between_the_steps_of_a_coarse_register_is_no_loss(self):
        step_mwh = 100000
        first = self.session()
        self.counter.from_power(60000, HOUR_MS, True, step_mwh)
        self.read(0, step_mwh)
        self.assertEqual((first(), self.counter.is_estimated()), (60000, False))
        second = self.session()
        self.counter.from_power(40000, HOUR_MS, True, step_mwh)
        self.read(step_mwh, step_mwh)
        self.assertEqual(second(), 40000)  # 60 of this step were counted in the first

    def test_a_loss_leaves_a_coarse_register_the_step_in_which_it_may_stand(self):
        step_mwh = 100000
        self.session()
        self.lose(1000000)
        self.read(500000, step_mwh)  # 400…500 Wh too high
        self.assertEqual(self.counter.read_mwh(), self.register_mwh + step_mwh)
        second = self.session()
        self.read(step_mwh, step_mwh)
        self.assertEqual(second(), 0)  # perhaps all of it was the first one's
        self.read(step_mwh, step_mwh)
        self.assertEqual(second(), step_mwh)

    def test_after_a_step_that_was_seen_a_coarse_register_is_known_again(self):
        step_mwh = 100000
        self.session()
        self.lose(1000000)
        self.read(500000, step_mwh)
        self.read(step_mwh, step_mwh)
        self.counter.from_power(30000, HOUR_MS, True, step_mwh)
        self.assertEqual(self.counter.read_mwh(), self.register_mwh + 30000)
        second = self.session()
        self.counter.from_power(70000, HOUR_MS, True, step_mwh)
        self.read(step_mwh, step_mwh)
        self.assertEqual(second(), 70000)

    def test_a_loss_within_a_step_leaves_a_coarse_register_where_it_was_known_to_stand(self):
        step_mwh = 100000
        self.session()
        self.lose(1000000)
        self.read(500000, step_mwh)
        self.read(450000 // step_mwh * step_mwh, step_mwh)
        self.assertEqual(self.counter.shown_mwh() - self.register_mwh, 100000)
        self.lose(20000)
        self.read(0, step_mwh)
        self.assertEqual(self.counter.read_mwh(), self.register_mwh + 20000)


class Life:
    """A charger's life by chance: sessions, losses that begin and end anywhere, a register of some coarseness that may wrap."""

    def __init__(self, seed, step_mwh, start_mwh, modulus_mwh=None):
        self._state = seed * 2654435761 % 4294967291 + 1
        self.step_mwh = step_mwh
        self.modulus_mwh = modulus_mwh
        self.start_mwh = start_mwh
        self.true_mwh = self.over_mwh = self.under_mwh = 0
        self.silent = False
        self.counter = EnergyCounter()
        self._read()

    def chance(self, below):
        self._state = self._state * 48271 % 2147483647
        return (self._state >> 8) % below

    def _read(self):
        register_mwh = (self.start_mwh + self.true_mwh) // self.step_mwh * self.step_mwh
        if self.modulus_mwh is not None:
            register_mwh %= self.modulus_mwh
        self.counter.from_register(register_mwh, self.modulus_mwh, self.step_mwh)

    def second(self, power_mw, percent):
        """So much flows; what is estimated without the meter is so many percent of it."""
        mwh = power_mw * SECOND_MS // HOUR_MS
        self.true_mwh += mwh
        self.counter.advance(SECOND_MS)
        if self.silent:
            estimated_mwh = mwh * percent // 100
            self.over_mwh += max(0, estimated_mwh - mwh)
            self.under_mwh += max(0, mwh - estimated_mwh)
            self.counter.from_power(estimated_mwh * 3600, SECOND_MS, True)
        else:
            if self.step_mwh > 1000:
                self.counter.from_power(mwh * 3600, SECOND_MS, True, self.step_mwh)
            self._read()


class TestByChance(unittest.TestCase):
    def live(self, seed, step_mwh, start_mwh, modulus_mwh=None, lowest_percent=100):
        """Ten sessions; returns of those that were not called estimated, and began and ended with the meter, what they were wrong
        by and how many ends of theirs a coarse register left open."""
        life, errors = Life(seed, step_mwh, start_mwh, modulus_mwh), []
        counter = life.counter
        total_mwh, shown_mwh = 0, 0
        for _ in range(10):
            known, ends = not life.silent, 1
            counter.begin_session()
            self.assertEqual(counter.total_mwh, total_mwh)
            began_mwh, true_mwh = total_mwh, life.true_mwh
            for _ in range(1 + life.chance(3)):
                percent = lowest_percent + life.chance(80)
                power_mw = life.chance(3) * HIGHEST_MW // 2
                if life.silent:
                    ends = 2
                for _ in range(10 + life.chance(60)):
                    life.second(power_mw, percent)
                    self.assertGreaterEqual(counter.total_mwh, total_mwh)
                    if modulus_mwh is None:
                        self.assertGreaterEqual(counter.shown_mwh(), shown_mwh)
                    total_mwh, shown_mwh = counter.total_mwh, counter.shown_mwh()
                    # what was truly counted is not counted again, and nothing but what was estimated too low is missing
                    self.assertLessEqual(total_mwh, life.true_mwh + life.over_mwh + step_mwh)
                    if not life.silent:
                        self.assertGreaterEqual(total_mwh, life.true_mwh - life.under_mwh - step_mwh)
                life.silent = not life.silent and life.chance(3) == 0
            if life.silent:
                ends = 2
            life.second(0, 100)
            total_mwh = counter.total_mwh
            if known and not life.silent and not counter.is_estimated():
                errors.append((total_mwh - began_mwh - (life.true_mwh - true_mwh), ends))
        return errors

    def check(self, step_mwh, lowest_percent, start_mwh=0, modulus_mwh=None):
        judged = 0
        for seed in range(12):
            for error_mwh, ends in self.live(seed, step_mwh, start_mwh + seed * 77777, modulus_mwh, lowest_percent):
                judged += 1
                # one that is not carried on between its steps rounds at both ends anyway
                allowed_mwh = 2 * step_mwh if step_mwh <= 1000 else ends * step_mwh + SECOND_MWH
                self.assertLessEqual(abs(error_mwh), allowed_mwh, (seed, step_mwh))
        self.assertGreater(judged, 30)

    def test_no_session_is_wrong_by_more_than_the_steps_of_its_register_after_whatever_loss(self):
        for step_mwh in (1, 1000, 10000, 100000, 1000000):
            self.check(step_mwh, 100)

    def test_also_where_the_estimates_were_too_low(self):
        for step_mwh in (1, 1000, 100000):
            self.check(step_mwh, 60)

    def test_also_where_the_register_wraps_among_it(self):
        for step_mwh in (1000, 10000):
            modulus_mwh = (1 << 32) * step_mwh
            self.check(step_mwh, 100, modulus_mwh - 2000000, modulus_mwh)


if __name__ == "__main__":
    unittest.main()
