import unittest

from firmware.storage.inline_file import MAX_BYTES, InlineFile
from host_tests.storage.scratch import Scratch


class InlineFileTest(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.path = self.scratch.folder + "tiny"
        self.file = InlineFile(self.path, 4)

    def tearDown(self):
        self.scratch.close()

    def again(self):
        return InlineFile(self.path, 4)

    def test_a_file_that_never_was_is_no_damage(self):
        self.assertEqual(self.file.read(), (None, 0, ""))

    def test_the_newest_counts_also_after_a_restart(self):
        for generation in range(1, 8):
            self.assertEqual(self.again().write(b"minute %d" % generation), generation)
            self.assertEqual(self.again().read(), (b"minute %d" % generation, generation, ""))

    def test_the_file_that_is_written_never_is_the_one_that_counts(self):
        self.file.write(b"one")
        self.file.write(b"two")
        before = self.scratch.read("tiny.0")
        self.file.write(b"three")
        self.assertEqual(self.scratch.read("tiny.0"), before)

    def test_a_torn_write_leaves_the_minute_before(self):
        self.file.write(b"one")
        self.file.write(b"two")
        whole = self.scratch.read("tiny.0")
        for length in range(len(whole)):
            self.scratch.write("tiny.0", whole[:length])
            payload, generation, damage = self.again().read()
            self.assertEqual((payload, generation), (b"one", 1))
            self.assertIn("tiny.0 is damaged", damage)
        self.assertEqual(self.again().write(b"two again"), 2)
        self.assertEqual(self.again().read(), (b"two again", 2, ""))

    def test_any_flipped_bit_is_noticed(self):
        self.file.write(b"one")
        self.file.write(b"two")
        for at in range(len(self.scratch.read("tiny.0"))):
            self.scratch.flip("tiny.0", at, 3)
            self.assertEqual(self.again().read()[:2], (b"one", 1))
            self.scratch.flip("tiny.0", at, 3)

    def test_both_damaged_is_nothing_and_said(self):
        self.file.write(b"one")
        self.file.write(b"two")
        self.scratch.flip("tiny.0", 9)
        self.scratch.flip("tiny.1", 9)
        payload, generation, damage = self.again().read()
        self.assertEqual((payload, generation), (None, 0))
        self.assertIn("damaged", damage)

    def test_it_stays_small_enough_to_lie_inline(self):
        self.file.write(bytes(MAX_BYTES))
        self.assertEqual(len(self.scratch.read("tiny.1")), 64)
        with self.assertRaises(ValueError):
            self.file.write(bytes(MAX_BYTES + 1))

    def test_another_kind_is_damage(self):
        self.file.write(b"one")
        payload, _, damage = InlineFile(self.path, 5).read()
        self.assertIsNone(payload)
        self.assertIn("damaged", damage)
