"""Thousands of rows by key on flash: what is put is found, what is damaged is lost alone, what fails changes nothing."""
import unittest

from firmware.storage.sorted_file import PAGE_BYTES, SortedFile, SortedWriter
from firmware.storage.sorted_map import EDITS, SortedMap
from host_tests.storage.scratch import Scratch

KIND = 9


def key(number):
    return b"%05d" % number


def value(number, turn=0):
    return b"%d/%d" % (number, turn) + b"." * (number * 7 % 40)


class Random:
    """The same numbers on both interpreters."""

    def __init__(self, seed):
        self._state = seed

    def below(self, limit):
        self._state = (self._state * 1103515245 + 12345) & 0x3FFFFFFF
        return (self._state >> 8) % limit


class Base(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.path = self.scratch.folder + "rows"

    def tearDown(self):
        self.scratch.close()

    def write(self, count, total=0, generation=0):
        writer = SortedWriter(self.path, KIND)
        for number in range(count):
            writer.add(key(number), value(number))
        writer.finish(total, generation)


class SortedFileTest(Base):
    def test_every_row_is_found_and_no_other(self):
        for count in (0, 1, 2, 13, 14, 300):
            self.write(count, 5, 6)
            file = SortedFile(self.path, KIND)
            for number in range(count):
                self.assertEqual(file.find(key(number)), value(number))
            for other in (b"", b"0", b"00000.", key(count), b"z"):
                self.assertIsNone(file.find(other))
            self.assertEqual((file.rows, file.total, file.generation, file.damaged), (count, 5, 6, 0))

    def test_a_look_up_reads_few_pages(self):
        self.write(600)
        file = SortedFile(self.path, KIND)
        file.open()
        most = 0
        for number in range(0, 600, 7):
            before = file.reads
            file.find(key(number))
            most = max(most, file.reads - before)
        self.assertLessEqual(most, 6)       # 600 rows are some 40 pages: 2 ** 6 is more

    def test_rows_come_ascending_from_any_key_on(self):
        self.write(60)
        file = SortedFile(self.path, KIND)
        everything = [(key(number), value(number)) for number in range(60)]
        self.assertEqual(list(file.ascending()), everything)
        for number in (0, 1, 12, 13, 14, 58, 59):
            self.assertEqual(list(file.ascending(key(number))), everything[number + 1:])
        self.assertEqual(list(file.ascending(b"00007x")), everything[8:])

    def test_a_file_that_is_not_there_has_no_rows(self):
        file = SortedFile(self.path, KIND)
        self.assertEqual((file.find(b"a"), list(file.ascending()), file.rows, file.damaged), (None, [], 0, 0))

    def test_a_damaged_page_loses_its_own_rows_only(self):
        self.write(60)
        pages = len(self.scratch.read("rows")) // PAGE_BYTES - 1
        for page in range(pages):
            self.scratch.flip("rows", page * PAGE_BYTES + 100)
            file = SortedFile(self.path, KIND)
            lost = [number for number in range(60) if file.find(key(number)) is None]
            self.assertGreater(len(lost), 0)
            self.assertLess(len(lost), 25)
            self.assertEqual(lost, list(range(lost[0], lost[0] + len(lost))))
            kept = [row[0] for row in file.ascending()]
            self.assertEqual(kept, [key(number) for number in range(60) if number not in lost])
            self.assertGreater(file.damaged, 0)
            self.scratch.flip("rows", page * PAGE_BYTES + 100)

    def test_a_file_cut_anywhere_has_no_rows_and_says_so(self):
        self.write(30)
        whole = self.scratch.read("rows")
        for length in range(1, len(whole), 97):
            self.scratch.write("rows", whole[:length])
            file = SortedFile(self.path, KIND)
            self.assertIsNone(file.find(key(1)))
            self.assertTrue(file.lost)

    def test_another_kind_or_a_newer_version_is_not_read(self):
        self.write(30)
        self.assertIsNone(SortedFile(self.path, KIND + 1).find(key(1)))
        writer = SortedWriter(self.path, KIND, 2)
        writer.add(b"a", b"1")
        writer.finish()
        self.assertTrue(SortedFile(self.path, KIND, 2).find(b"a"))
        self.assertIsNone(SortedFile(self.path, KIND, 1).find(b"a"))

    def test_keys_must_ascend_and_rows_must_fit(self):
        writer = SortedWriter(self.path, KIND)
        writer.add(b"b", b"1")
        for bad in ((b"b", b"1"), (b"a", b"1"), (b"", b"1"), (b"c" * 33, b"1"), (b"c", b"1" * 256)):
            with self.assertRaises(ValueError):
                writer.add(bad[0], bad[1])
        writer.add(b"c" * 32, b"1" * 255)
        writer.finish()
        self.assertEqual(SortedFile(self.path, KIND).find(b"c" * 32), b"1" * 255)

    def test_until_it_is_finished_the_old_file_holds(self):
        self.write(10)
        writer = SortedWriter(self.path, KIND)
        for number in range(100):
            writer.add(key(number), b"new")
        self.assertEqual(SortedFile(self.path, KIND).find(key(1)), value(1))
        writer.abort()
        self.assertEqual(self.scratch.names(), ["rows"])


class SortedMapTest(Base):
    def map(self):
        return SortedMap(self.path, KIND)

    def test_it_does_what_a_dictionary_does(self):
        random, rows, known = Random(7), self.map(), {}
        for turn in range(260):
            number = random.below(90)
            choice = random.below(20)
            if choice < 12:
                rows.put(key(number), value(number, turn))
                known[key(number)] = value(number, turn)
            elif choice < 17:
                self.assertEqual(rows.remove(key(number)), key(number) in known)
                known.pop(key(number), None)
            elif choice == 17:
                for _ in rows.compact():
                    continue
            elif choice == 18:
                rows = self.map()                       # a restart
            else:
                self.assertEqual(list(rows.items()), sorted(known.items()))
                after = key(random.below(90))
                self.assertEqual(list(rows.items(after)), [row for row in sorted(known.items()) if row[0] > after])
            self.assertEqual(rows.count(), len(known))
            self.assertEqual(rows.get(key(number)), known.get(key(number)))
        self.assertEqual(rows.damaged, 0)

    def test_it_says_when_the_short_file_is_long_and_never_shortens_it_by_itself(self):
        rows = self.map()
        for number in range(EDITS + 30):
            rows.put(key(number), value(number))
            self.assertEqual(rows.is_long(), number + 1 >= EDITS)
        for _ in rows.compact():
            continue
        self.assertFalse(rows.is_long())
        self.assertEqual(rows.count(), EDITS + 30)

    def test_what_changes_during_compaction_is_kept(self):
        rows = self.map()
        for number in range(60):
            rows.put(key(number), value(number))
        steps = 0
        for _ in rows.compact():
            steps += 1
            rows.put(key(2), b"changed")
            rows.remove(key(3))
        self.assertGreater(steps, 2)
        for each in (rows, self.map()):
            self.assertEqual((each.get(key(2)), each.get(key(3)), each.get(key(4)), each.count()), (b"changed", None, value(4), 59))

    def test_replace_is_all_or_nothing(self):
        rows = self.map()
        for number in range(30):
            rows.put(key(number), value(number))

        def bad():
            for number in range(100, 150):
                yield key(number), b"new"
            raise ValueError("line 51")

        with self.assertRaises(ValueError):
            for _ in rows.replace(bad()):
                continue
        self.assertEqual((rows.count(), rows.get(key(1)), rows.get(key(100))), (30, value(1), None))
        for _ in rows.replace(iter([(key(100), b"new")])):
            continue
        for each in (rows, self.map()):
            self.assertEqual(list(each.items()), [(key(100), b"new")])
        self.assertEqual(self.scratch.names(), ["rows"])

    def test_edits_of_before_a_replacement_say_nothing_even_if_a_power_cut_left_them(self):
        rows = self.map()
        rows.put(key(1), b"old")
        edits = self.scratch.read("rows.edits")
        for _ in rows.replace(iter([(key(2), b"new")])):
            continue
        self.scratch.write("rows.edits", edits)
        rows = self.map()
        self.assertEqual((rows.get(key(1)), rows.get(key(2)), rows.count()), (None, b"new", 1))

    def test_edits_of_before_a_compaction_say_what_the_large_file_says(self):
        rows = self.map()
        rows.put(key(1), b"one")
        rows.put(key(2), b"two")
        rows.remove(key(2))
        edits = self.scratch.read("rows.edits")
        for _ in rows.compact():
            continue
        self.scratch.write("rows.edits", edits)
        rows = self.map()
        self.assertEqual((list(rows.items()), rows.count()), ([(key(1), b"one")], 1))

    def test_clear_takes_everything_away(self):
        rows = self.map()
        for number in range(70):
            rows.put(key(number), value(number))
        rows.clear()
        self.assertEqual((rows.count(), list(rows.items()), rows.get(key(1))), (0, [], None))
        rows.put(key(1), b"on")
        self.assertEqual(list(self.map().items()), [(key(1), b"on")])
