"""Current and supply in numbers, each watch by itself: to the milliampere, millivolt and millisecond."""

import unittest

from firmware.safety import limits
from firmware.safety.io_image import NOT_FITTED, Fitted, Inputs
from firmware.safety.protection import CurrentWatch, OfferMemory, SupplyWatch


class TestOfferMemory(unittest.TestCase):
    def test_begins_with_no_offer_and_nothing_remembered(self):
        memory = OfferMemory()
        self.assertEqual((list(memory._offers_ma), memory._now_ma, memory._newest), ([0] * 4, 0, 3))
        self.assertEqual((list(memory._ages_ms), memory._older_ms), ([limits.TICKS_MASK] * 4, 0))
        self.assertEqual(memory.highest_ma(10000), 0)

    def test_an_offer_that_ended_counts_6_s_and_the_age_of_the_reading(self):
        for age_ms, window_ms in ((0, 6000), (500, 6500), (10000, 16000), (10001, 16000), (60000, 16000)):
            memory = OfferMemory()
            memory.update(10, 16000)
            memory.update(10, 10000)
            self.assertEqual(memory.highest_ma(age_ms), 16000)
            memory.update(window_ms, 10000)
            self.assertEqual(memory.highest_ma(age_ms), 16000)
            memory.update(1, 10000)
            self.assertEqual(memory.highest_ma(age_ms), 10000)

    def test_a_rising_offer_counts_at_once_and_leaves_nothing_behind(self):
        memory = OfferMemory()
        for offered_ma in (6000, 6000, 10000, 16000):
            memory.update(10, offered_ma)
            self.assertEqual(memory.highest_ma(0), offered_ma)
        self.assertEqual(list(memory._offers_ma), [0] * 4)

    def test_offers_that_end_less_than_5_s_apart_are_one_the_highest_from_the_last_end(self):
        for gap_ms, entries in ((4999, [16000, 0, 0, 0]), (5000, [16000, 10000, 0, 0])):
            memory = OfferMemory()
            memory.update(10, 16000)
            memory.update(10, 10000)
            memory.update(gap_ms, 8000)
            self.assertEqual(list(memory._offers_ma), entries)
            memory.update(6000, 8000)
            self.assertEqual(memory.highest_ma(0), 16000 if gap_ms == 4999 else 10000)
            memory.update(1, 8000)
            self.assertEqual(memory.highest_ma(0), 8000)

    def test_a_higher_one_within_5_s_takes_the_place_of_a_lower_one(self):
        memory = OfferMemory()
        for offered_ma in (10000, 6000, 20000, 6000):
            memory.update(10, offered_ma)
        self.assertEqual(list(memory._offers_ma), [20000, 0, 0, 0])
        self.assertEqual(list(memory._ages_ms)[0], 0)

    def test_places_are_taken_in_turn_and_the_oldest_is_given_up(self):
        memory = OfferMemory()
        memory.update(10, 50000)
        for offered_ma in (40000, 30000, 20000, 10000):
            memory.update(5000, offered_ma)
        self.assertEqual((list(memory._offers_ma), list(memory._ages_ms)), ([50000, 40000, 30000, 20000], [15000, 10000, 5000, 0]))
        self.assertEqual([memory.highest_ma(age_ms) for age_ms in (0, 4000, 8999, 9000)], [30000, 40000, 40000, 50000])
        memory.update(5000, 9000)
        self.assertEqual(list(memory._offers_ma), [10000, 40000, 30000, 20000])
        self.assertEqual((memory._newest, list(memory._ages_ms)), (0, [0, 15000, 10000, 5000]))
        memory.update(1000, 9000)
        self.assertEqual(([age_ms + memory._older_ms for age_ms in memory._ages_ms]), [1000, 16000, 11000, 6000])
        memory.update(1, 9000)
        memory.update(1000, 8999)
        self.assertEqual((list(memory._ages_ms), memory._older_ms), ([0, 17001, 12001, 7001], 0))
        memory.update(6000, 8000)
        memory.update(10, 7000)
        self.assertEqual((memory._newest, list(memory._ages_ms)), (1, [6010, 0, 18001, 13011]))

    def test_what_stands_at_the_longest_window_when_an_offer_ends_goes_beyond_it(self):
        memory = OfferMemory()
        for gap_ms, offered_ma in ((10, 50000), (10, 9000), (16000, 8000), (5000, 7000)):
            memory.update(gap_ms, offered_ma)
        self.assertEqual((memory._ages_ms[0], memory.highest_ma(10000)), (21000, 9000))

    def test_a_place_is_empty_before_it_is_taken_again(self):
        memory = OfferMemory()
        memory.update(10, 50000)
        memory.update(10, 6000)
        for _ in range(4):
            memory.update(5000, 8000)
            memory.update(1, 6000)
        self.assertEqual(list(memory._offers_ma), [8000] * 4)

    def test_time_is_taken_only_while_something_remembered_can_still_count(self):
        memory = OfferMemory()
        self.assertEqual(memory._counting, 0)
        for offered_ma, gap_ms, counting in ((16000, 10, 0), (10000, 10, 1), (10000, 16000, 1), (10000, 10, 0), (10000, 10, 0)):
            memory.update(gap_ms, offered_ma)
            self.assertEqual(memory._counting, counting)
        self.assertEqual((list(memory._ages_ms), memory._older_ms), ([16010] + [limits.TICKS_MASK] * 3, 0))
        memory.update(10, 9000)
        self.assertEqual((memory._counting, memory._newest, memory.highest_ma(0)), (1, 1, 10000))

    def test_agrees_with_a_full_history_of_offers_5_s_apart(self):
        number, now_ms, history = 12345, 0, []
        memory = OfferMemory()
        offered_ma = 0
        for _ in range(400):
            number = (number * 1103 + 12345) & 0xFFFF
            if now_ms % 5000 == 0 and number % 3:
                offered_ma = 6000 + number % 26000
            now_ms += 1000
            memory.update(1000, offered_ma)
            history.append((now_ms, offered_ma))
            for age_ms in (0, 2000, 10000):
                last = None
                highest_ma = offered_ma
                for at_ms, past_ma in history[::-1]:
                    if last is not None and now_ms - last <= 6000 + age_ms:
                        highest_ma = max(highest_ma, past_ma)
                    last = at_ms
                self.assertEqual(memory.highest_ma(age_ms), highest_ma)


class TestCurrentWatch(unittest.TestCase):
    def setUp(self):
        self.begin()

    def begin(self, **fitted):
        self.watch = CurrentWatch(Fitted(**fitted))
        self.inputs = Inputs()

    def read(self, drawn_ma, gap_ms, offered_ma=16000, energised=1):
        """One tick with a fresh reading."""
        self.inputs.meter_seq += 1
        self.inputs.drawn_ma = drawn_ma
        return self.watch.update(gap_ms, self.inputs, offered_ma, energised)

    def test_begins_with_no_time_above(self):
        self.assertEqual((list(self.watch._above_ms), self.watch._seq, self.watch._since_ms), ([0, 0, 0], 0, 0))

    def test_each_grade_at_its_current_and_1_ma_beyond(self):
        for drawn_ma, above_ms in ((18100, [0, 0, 0]), (18101, [1, 0, 0]), (20500, [1, 0, 0]), (20501, [1, 1, 0]),
                                   (27700, [1, 1, 0]), (27701, [1, 1, 1])):
            self.begin()
            self.assertIs(self.read(drawn_ma, 10), False)
            self.assertEqual(list(self.watch._above_ms), above_ms)

    def test_allowance_and_percents_are_the_installers(self):
        for drawn_ma, above_ms in ((20300, [0, 0, 0]), (20301, [1, 0, 0]), (21901, [1, 1, 0]),
                                   (23500, [1, 1, 0]), (23501, [1, 1, 1])):
            self.begin(over_allowance_ma=1100, over_percents=(20, 30, 40))
            self.read(drawn_ma, 10)
            self.assertEqual(list(self.watch._above_ms), above_ms)

    def test_each_grade_at_its_time_and_1_ms_beyond(self):
        for grade, time_ms, drawn_ma in ((0, 4000, 18101), (1, 3000, 20501), (2, 1000, 27701)):
            self.begin(over_times_ms=(4000, 3000, 1000))
            self.read(drawn_ma, 10)
            self.assertIs(self.read(drawn_ma, time_ms - 1), False)
            self.assertEqual(self.watch._above_ms[grade], time_ms)
            self.assertIs(self.read(drawn_ma, 1), True)
            self.assertEqual(self.watch._above_ms[grade], time_ms)
            self.assertIs(self.read(drawn_ma, 1), True)
            self.assertIs(self.read(16000, 1), False)
            self.assertEqual(list(self.watch._above_ms), [0, 0, 0])

    def test_a_reading_that_repeats_itself_is_none_and_its_time_counts_with_the_next(self):
        self.read(30000, 10)
        self.assertIs(self.watch.update(300, self.inputs, 16000, 1), False)
        self.assertEqual((self.watch._above_ms[2], self.watch._since_ms), (1, 300))
        self.read(30000, 400)
        self.assertEqual((self.watch._above_ms[2], self.watch._since_ms), (701, 0))

    def test_readings_far_apart_count_5_s_at_most(self):
        for gap_ms, since_ms in ((4999, 4999), (5000, 5000), (5001, 5000), (60000, 5000)):
            self.begin()
            self.read(18101, 10)
            self.watch.update(gap_ms, self.inputs, 16000, 1)
            self.assertEqual(self.watch._since_ms, since_ms)

    def test_without_power_every_grade_begins_anew_and_the_reading_is_still_to_come(self):
        self.read(30000, 10)
        self.assertIs(self.read(30000, 10, energised=0), False)
        self.assertEqual(list(self.watch._above_ms), [0, 0, 0])
        self.watch.update(10, self.inputs, 16000, 1)
        self.assertEqual(list(self.watch._above_ms), [1, 1, 1])

    def test_without_an_offer_nothing_is_judged(self):
        self.read(30000, 10, offered_ma=0)
        self.assertEqual(list(self.watch._above_ms), [0, 0, 0])
        self.read(30000, 10, offered_ma=1)
        self.assertEqual(list(self.watch._above_ms), [1, 1, 1])

    def test_the_offer_of_the_last_6_s_and_the_readings_age_is_what_counts(self):
        self.read(16000, 10)
        self.inputs.meter_age_ms = 500
        self.read(16000, 10, 6000)
        self.read(16000, 6500, 6000)
        self.assertEqual(list(self.watch._above_ms), [0, 0, 0])
        self.read(16000, 1, 6000)
        self.assertEqual(list(self.watch._above_ms), [1, 1, 1])

    def test_a_reading_number_that_goes_back_is_a_fresh_one(self):
        self.read(30000, 10)
        self.inputs.meter_seq = -5
        self.watch.update(10, self.inputs, 16000, 1)
        self.assertEqual(self.watch._above_ms[2], 11)


class TestSupplyWatch(unittest.TestCase):
    def read(self, watch, *supply_mv):
        self.inputs.meter_seq += 1
        self.inputs.supply_1_mv, self.inputs.supply_2_mv, self.inputs.supply_3_mv = supply_mv
        return watch.update(10, self.inputs)

    def setUp(self):
        self.inputs = Inputs()

    def outside(self, phases, *supply_mv):
        """Whether two readings in a row are outside."""
        watch = SupplyWatch(Fitted(phases=phases))
        self.read(watch, *supply_mv)
        return self.read(watch, *supply_mv)

    def test_each_phase_at_both_ends_and_1_mv_beyond(self):
        for supply_mv, outside in ((159999, True), (160000, False), (230000, False), (280000, False), (280001, True), (0, True)):
            for place in range(3):
                values = [230000] * 3
                values[place] = supply_mv
                self.assertIs(self.outside(3, *values), outside)
                self.assertIs(self.outside(3, *[supply_mv] * 3), outside)

    def test_phases_the_meter_does_not_have_are_not_judged(self):
        for values, outside in (((230000, NOT_FITTED, NOT_FITTED), False), ((NOT_FITTED, 230000, NOT_FITTED), False),
                                ((NOT_FITTED, NOT_FITTED, 150000), True), ((NOT_FITTED,) * 3, False), ((0,) * 3, True)):
            self.assertIs(self.outside(3, *values), outside)

    def test_one_phase_installation_lets_the_others_be_absent_below_30_v(self):
        for values, outside in (((230000, 0, 0), False), ((230000, 29999, 29999), False), ((230000, 30000, 0), True),
                                ((0, 0, 230000), False), ((0, 0, 0), True), ((29999, 29999, 29999), True),
                                ((0, NOT_FITTED, NOT_FITTED), True), ((NOT_FITTED, 0, NOT_FITTED), True),
                                ((NOT_FITTED, NOT_FITTED, 0), True), ((150000, 0, 0), True), ((150000, 230000, 230000), True)):
            self.assertIs(self.outside(1, *values), outside)
        self.assertIs(self.outside(3, 230000, 0, 0), True)

    def test_two_readings_in_a_row_and_a_good_one_begins_anew(self):
        watch = SupplyWatch(Fitted())
        self.assertEqual((watch.outside, watch._seq, watch._silent_left_ms), (0, 0, 30000))
        bad, good = (100000,) * 3, (230000,) * 3
        found = [self.read(watch, *values) for values in (bad, good, bad, bad, bad, good, bad)]
        self.assertEqual(found, [False, False, False, True, True, False, False])
        for outside in (2, 2, 2):
            self.read(watch, *bad)
            self.assertEqual(watch.outside, outside)

    def test_a_reading_that_repeats_itself_is_none_and_any_other_number_is_fresh(self):
        watch = SupplyWatch(Fitted())
        self.read(watch, *[100000] * 3)
        self.assertIs(watch.update(10, self.inputs), False)
        self.assertEqual(watch.outside, 1)
        self.inputs.meter_seq = -5
        self.assertIs(watch.update(10, self.inputs), True)
        self.assertIs(watch.update(10, self.inputs), True)
        self.assertEqual(watch.outside, 2)

    def silent(self, watch, *supply_mv):
        """After two readings outside; 30 s of readings that say no more than this, or of none."""
        for _ in range(2):
            self.read(watch, *[100000] * 3)
        for _ in range(3000):
            if supply_mv:
                self.read(watch, *supply_mv)
            else:
                watch.update(10, self.inputs)
            watch.unplugged()

    def test_silence_counts_while_the_supply_is_outside_and_from_the_last_reading_that_says_something(self):
        watch = SupplyWatch(Fitted())
        self.read(watch, *[100000] * 3)
        watch.update(50000, self.inputs)
        self.assertEqual((watch.outside, watch._silent_left_ms), (1, 30000))
        self.assertIs(self.read(watch, *[100000] * 3), True)
        for gap_ms, left_ms in ((10000, 20000), (19999, 1)):
            self.assertIs(watch.update(gap_ms, self.inputs), True)
            watch.unplugged()
            self.assertEqual((watch.outside, watch._silent_left_ms), (2, left_ms))
        self.assertIs(self.read(watch, *[100000] * 3), True)
        self.assertEqual((watch.outside, watch._silent_left_ms), (2, 30000))
        watch.update(29999, self.inputs)
        self.read(watch, *[230000] * 3)
        self.assertEqual((watch.outside, watch._silent_left_ms), (0, 30000))

    def test_after_the_silence_nobody_plugged_in_ends_it_and_one_reading_outside_brings_it_back(self):
        for supply_mv in ((), (NOT_FITTED,) * 3):
            watch = SupplyWatch(Fitted())
            self.silent(watch, *supply_mv)
            self.assertEqual((watch.outside, watch._silent_left_ms), (1, 0))
            self.assertIs(watch.update(10, self.inputs), False)
            self.assertIs(self.read(watch, *[100000] * 3), True)
            self.assertEqual((watch.outside, watch._silent_left_ms), (2, 30000))
            self.silent(watch, *supply_mv)
            self.read(watch, *[230000] * 3)
            self.assertEqual((watch.outside, watch._silent_left_ms), (0, 30000))

    def test_the_reading_of_a_tick_that_comes_after_the_silence_counts(self):
        watch = SupplyWatch(Fitted())
        for _ in range(2):
            self.read(watch, *[100000] * 3)
        self.inputs.meter_seq += 1
        self.assertIs(watch.update(60000, self.inputs), True)
        watch.unplugged()
        self.assertEqual((watch.outside, watch._silent_left_ms), (2, 30000))


if __name__ == "__main__":
    unittest.main()
