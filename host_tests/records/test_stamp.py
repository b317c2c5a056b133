import unittest

from firmware.records.stamp import Stamper, utc_of
from host_tests.storage.scratch import Scratch

NOW = 1795000000  # Unix seconds in 2026


class StampTest(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()

    def tearDown(self):
        self.scratch.close()

    def boot(self, at_least=0):
        stamper = Stamper(self.scratch.folder)
        stamper.start(at_least)
        return stamper

    def test_every_boot_has_its_own_number(self):
        self.assertEqual([self.boot().boot for _ in range(5)], [1, 2, 3, 4, 5])

    def test_a_lost_counter_goes_on_above_the_records(self):
        self.boot()
        self.scratch.flip("boot.1", 3)
        stamper = self.boot(at_least=41)
        self.assertEqual(stamper.boot, 42)
        self.assertIn("damaged", stamper.damage)
        self.assertEqual(self.boot().boot, 43)

    def test_time_is_unknown_until_the_clock_is_set(self):
        stamper = self.boot()
        self.assertEqual(stamper.at(7), (1, 7, 0))
        stamper.set_utc(NOW, 100)
        self.assertEqual(stamper.at(107), (1, 107, NOW + 7))

    def test_setting_the_clock_completes_earlier_records_of_this_boot_on_reading(self):
        stamper = self.boot()
        early = stamper.at(7)
        stamper.set_utc(NOW, 100)
        self.assertEqual(utc_of(early, stamper.references()), NOW - 93)

    def test_and_still_after_later_boots(self):
        first = self.boot()
        early = first.at(7)
        first.set_utc(NOW, 100)
        self.assertFalse(first.flush(False))
        self.assertTrue(first.flush(True))
        self.assertFalse(first.flush(True))
        silent = self.boot()
        third = self.boot()
        third.set_utc(NOW + 5000, 10)
        third.flush(True)
        references = self.boot().references()
        self.assertEqual(utc_of(early, references), NOW - 93)
        self.assertEqual(utc_of(silent.at(7), references), 0)
        self.assertEqual(utc_of(third.at(10), references), NOW + 5000)

    def test_a_time_that_was_known_is_never_changed(self):
        stamper = self.boot()
        stamper.set_utc(NOW, 100)
        known = stamper.at(100)
        stamper.set_utc(NOW + 500, 100)
        self.assertEqual(utc_of(known, stamper.references()), NOW)

    def test_small_corrections_of_the_clock_write_nothing_and_large_ones_do(self):
        stamper = self.boot()
        stamper.set_utc(NOW, 100)
        stamper.flush(True)
        stamper.set_utc(NOW + 3660, 3700)
        self.assertFalse(stamper.flush(True))
        stamper.set_utc(NOW + 3661, 3700)
        self.assertTrue(stamper.flush(True))

    def test_a_clock_before_the_boot_or_beyond_32_bits_is_refused(self):
        stamper = self.boot()
        for utc_s in (0, 100, 4294967296):
            with self.assertRaises(ValueError):
                stamper.set_utc(utc_s, 100)

    def test_the_table_is_bounded_and_keeps_the_newest_boots(self):
        for _ in range(140):
            stamper = self.boot()
            stamper.set_utc(NOW + 1000 * stamper.boot, 1)
            stamper.flush(True)
        references = self.boot().references()
        self.assertEqual(sorted(references), list(range(13, 141)))
        self.assertEqual(references[140], NOW + 140000 - 1)
