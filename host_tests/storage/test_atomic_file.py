import os
import unittest

from firmware.storage.atomic_file import AtomicFile
from host_tests.storage.scratch import Scratch


class AtomicFileTest(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.path = self.scratch.folder + "thing"
        self.file = AtomicFile(self.path, 9, 1)

    def tearDown(self):
        self.scratch.close()

    def again(self):
        return AtomicFile(self.path, 9, 1)

    def test_a_file_that_never_was_is_no_damage(self):
        self.assertEqual(self.file.read(), (None, 0, "none", ""))

    def test_the_payload_comes_back_with_growing_generations(self):
        for generation in range(1, 6):
            self.assertEqual(self.file.write(b"payload %d" % generation), generation)
            self.assertEqual(self.again().read(), (b"payload %d" % generation, generation, "current", ""))
        self.assertEqual(self.again().write(b"after a restart"), 6)
        self.assertEqual(self.scratch.names(), ["thing", "thing.old"])

    def test_an_empty_payload_and_a_long_one_are_kept(self):
        for payload in (b"", bytes(range(256)) * 64):
            self.file.write(payload)
            self.assertEqual(self.again().read()[0], payload)

    def test_any_damage_falls_back_to_the_previous_generation_and_says_so(self):
        self.file.write(b"first")
        self.file.write(b"second")
        whole = self.scratch.read("thing")
        for at in range(len(whole)):
            self.scratch.flip("thing", at)
            payload, generation, source, damage = self.again().read()
            self.assertEqual((payload, generation, source), (b"first", 1, "previous"))
            self.assertIn("thing", damage)
            self.assertIn("generation 1 is used", damage)
            self.scratch.write("thing", whole)
        for length in range(len(whole)):
            self.scratch.write("thing", whole[:length])
            self.assertEqual(self.again().read()[:3], (b"first", 1, "previous"))
        self.scratch.write("thing", whole + b"\x00")
        self.assertEqual(self.again().read()[:3], (b"first", 1, "previous"))

    def test_a_write_over_a_damaged_file_keeps_the_good_previous_one(self):
        self.file.write(b"first")
        self.file.write(b"second")
        self.scratch.flip("thing", 14)
        file = self.again()
        self.assertEqual(file.write(b"third"), 2)
        self.assertEqual(self.again().read(), (b"third", 2, "current", ""))
        self.scratch.flip("thing", 14)
        self.assertEqual(self.again().read()[:3], (b"first", 1, "previous"))

    def test_both_damaged_is_none_and_names_both(self):
        self.file.write(b"first")
        self.file.write(b"second")
        self.scratch.flip("thing", 13)
        self.scratch.flip("thing.old", 13)
        payload, generation, source, damage = self.again().read()
        self.assertEqual((payload, generation, source), (None, 0, "none"))
        self.assertIn("thing is damaged", damage)
        self.assertIn("thing.old is damaged", damage)

    def test_a_cut_between_the_two_renames_gives_the_new_one_and_the_next_write_keeps_it(self):
        self.file.write(b"first")
        self.file.write(b"second")
        os.rename(self.path, self.path + ".new")
        self.assertEqual(self.again().read(), (b"second", 2, "current", ""))
        self.assertEqual(self.again().write(b"third"), 3)
        self.assertEqual(self.again().read(), (b"third", 3, "current", ""))
        self.scratch.flip("thing", 13)
        self.assertEqual(self.again().read()[:2], (b"second", 2))

    def test_a_half_written_new_file_is_not_looked_at(self):
        self.file.write(b"first")
        self.scratch.write("thing.new", self.scratch.read("thing")[:15])
        self.assertEqual(self.again().read(), (b"first", 1, "current", ""))
        self.assertEqual(self.again().write(b"second"), 2)

    def test_a_missing_current_file_is_told(self):
        self.file.write(b"first")
        self.file.write(b"second")
        os.remove(self.path)
        payload, _, source, damage = self.again().read()
        self.assertEqual((payload, source), (b"first", "previous"))
        self.assertIn("missing", damage)

    def test_another_kind_and_a_newer_version_are_damage(self):
        self.file.write(b"first")
        self.assertEqual(AtomicFile(self.path, 8, 1).read()[2], "none")
        AtomicFile(self.path, 9, 2).write(b"newer")
        payload, _, source, damage = self.again().read()
        self.assertEqual((payload, source), (b"first", "previous"))
        self.assertIn("version 2, known is 1", damage)

    def test_a_payload_beyond_the_limit_is_refused_and_changes_nothing(self):
        file = AtomicFile(self.path, 9, 1, max_bytes=4)
        file.write(b"1234")
        with self.assertRaises(ValueError):
            file.write(b"12345")
        self.assertEqual(file.read()[0], b"1234")

    def test_the_layout_on_flash_never_changes(self):
        self.file.write(b"ab")
        self.assertEqual(self.scratch.read("thing"),
                         b"M3\x09\x01\x02\x00\x00\x00\x01\x00\x00\x00ab\xd7\xc3\x9f\xd1")

    def test_clear_takes_all_generations(self):
        self.file.write(b"first")
        self.file.write(b"second")
        self.file.clear()
        self.assertEqual(self.scratch.names(), [])
        self.assertEqual(self.file.write(b"again"), 1)
