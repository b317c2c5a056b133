import errno
import sys
import unittest

from firmware.storage import files, framing
from firmware.storage.segment_log import SegmentLog
from host_tests.storage.scratch import Scratch

SEGMENT = 600


class SegmentLogTest(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()

    def tearDown(self):
        self.scratch.close()

    def log(self, max_segments=4, keep_records=0, segment_bytes=SEGMENT):
        return SegmentLog(self.scratch.folder + "log", segment_bytes, max_segments, keep_records)

    def fill(self, log, count, size=40):
        for _ in range(count):
            log.append(1, 1, self.payload(log.next_seq, size))

    def payload(self, seq, size=40):
        return (b"record %d " % seq + b"." * size)[:size]

    def seqs(self, iterator):
        found = []
        for seq, kind, version, payload in iterator:
            self.assertEqual((kind, version), (1, 1))
            self.assertEqual(payload, self.payload(seq, len(payload)))
            found.append(seq)
        return found

    def newest(self):
        return "log.%010d" % max(int(name[4:]) for name in self.scratch.names())

    def test_an_empty_log_is_empty(self):
        log = self.log()
        self.assertEqual(list(log.newest_first()), [])
        self.assertEqual(list(log.oldest_first()), [])
        self.assertEqual((log.count(), log.next_seq), (0, 1))

    def test_records_come_back_in_both_orders_and_after_a_restart(self):
        self.fill(self.log(), 7)
        self.fill(self.log(), 7)
        for log in (self.log(), self.log()):
            self.assertEqual(self.seqs(log.oldest_first()), list(range(1, 15)))
            self.assertEqual(self.seqs(log.newest_first()), list(range(14, 0, -1)))
            self.assertEqual(log.damage, [])

    def test_the_oldest_segment_goes_first_and_the_size_stays_bounded(self):
        log = self.log(max_segments=3)
        self.fill(log, 200)
        kept = self.seqs(log.oldest_first())
        self.assertEqual(kept, list(range(kept[0], 201)))
        self.assertEqual(log.count(), len(kept))
        self.assertLessEqual(len(self.scratch.names()), 3)
        for name in self.scratch.names():
            self.assertLessEqual(len(self.scratch.read(name)), SEGMENT)
        self.assertGreaterEqual(len(kept), 2 * (SEGMENT // 54))

    def test_at_least_the_promised_number_of_records_is_kept(self):
        log = self.log(max_segments=2, keep_records=50)
        self.fill(log, 300)
        self.assertGreaterEqual(log.count(), 50)
        self.assertLess(log.count(), 50 + 2 * (SEGMENT // 54))

    def test_a_batch_is_one_write_per_segment_and_numbers_run_through(self):
        log = self.log()
        self.assertEqual(log.append_many([(1, 1, self.payload(seq)) for seq in range(1, 31)]), 1)
        self.assertEqual(self.seqs(self.log().oldest_first()), list(range(1, 31)))
        self.assertEqual(log.append_many([(1, 1, self.payload(31))]), 31)
        self.assertEqual(log.append_many([]), 32)
        self.assertEqual(len(self.scratch.names()), 3)

    def test_a_batch_with_a_bad_record_writes_nothing(self):
        log = self.log()
        with self.assertRaises(ValueError):
            log.append_many([(1, 1, self.payload(1)), (0, 1, b"")])
        self.assertEqual(self.scratch.names(), [])

    def test_a_torn_tail_is_skipped_and_reported_at_every_length(self):
        self.fill(self.log(), 5)
        whole = self.scratch.read("log.0000000001")
        for cut in range(1, 54):
            self.scratch.write("log.0000000001", whole[:-cut])
            log = self.log()
            self.assertEqual(self.seqs(log.newest_first()), [4, 3, 2, 1])
            self.assertEqual(self.seqs(log.oldest_first()), [1, 2, 3, 4])
            self.assertEqual(len(log.damage), 1)
            self.assertIn("log.0000000001: %d bytes at 216" % (54 - cut), log.damage[0])
        self.fill(self.log(), 2)
        self.assertEqual(self.seqs(self.log().oldest_first()), [1, 2, 3, 4, 6, 7])
        self.assertEqual(self.scratch.names(), ["log.0000000001", "log.0000000006"])

    def test_damage_anywhere_costs_only_the_record_it_hits(self):
        self.fill(self.log(), 6)
        for at in range(0, 54 * 6, 5):
            self.scratch.flip("log.0000000001", at, at & 7)
            expected = [seq for seq in range(1, 7) if seq != at // 54 + 1]
            log = self.log()
            self.assertEqual(self.seqs(log.oldest_first()), expected)
            self.assertEqual(self.seqs(log.newest_first()), expected[::-1])
            self.assertEqual(len(log.damage), 1)
            self.scratch.flip("log.0000000001", at, at & 7)

    def test_a_segment_of_garbage_is_skipped_and_appending_goes_on(self):
        self.fill(self.log(), 3)
        self.scratch.write("log.0000000004", bytes(range(256)) * 2)
        log = self.log()
        self.fill(log, 2)
        self.assertEqual(self.seqs(self.log().oldest_first()), [1, 2, 3, 5, 6])
        self.assertEqual(self.seqs(self.log().newest_first()), [6, 5, 3, 2, 1])

    def test_a_record_inside_another_ones_payload_is_not_taken_for_one(self):
        log = self.log()
        log.append(1, 1, framing.pack(1, 1, 1, b"inner"))
        self.assertEqual([row[3] for row in log.newest_first()], [framing.pack(1, 1, 1, b"inner")])
        self.assertEqual(len(list(self.log().oldest_first())), 1)

    def test_paging_gives_every_record_once_newest_first(self):
        log = self.log()
        self.fill(log, 33)
        for limit in (1, 7, 10, 100):
            found, offset = [], 0
            while True:
                rows = log.page(offset, limit)
                if not rows:
                    break
                self.assertLessEqual(len(rows), limit)
                found += self.seqs(rows)
                offset += limit
            self.assertEqual(found, list(range(33, 0, -1)))
        self.assertEqual(log.page(0, 0), [])
        self.assertEqual(log.page(33, 5), [])

    def test_reading_from_a_number_and_before_a_number(self):
        log = self.log()
        self.fill(log, 33)
        self.assertEqual(self.seqs(log.oldest_first(20)), list(range(20, 34)))
        self.assertEqual(self.seqs(log.newest_first(20)), list(range(19, 0, -1)))

    def test_a_reader_survives_appends_and_dropped_segments_meanwhile(self):
        log = self.log(max_segments=2)
        self.fill(log, 20)
        up, down = log.oldest_first(), log.newest_first()
        first_up, first_down = next(up)[0], next(down)[0]
        self.fill(log, 60)
        self.assertEqual(first_down, 20)
        rest = self.seqs(up)
        self.assertEqual(rest, sorted(rest))
        self.assertGreater(first_up, 0)
        rest = self.seqs(down)
        self.assertEqual(rest, sorted(rest, key=lambda seq: -seq))
        self.assertEqual(log.damage, [])

    def test_clear_empties_it_and_the_numbers_go_on(self):
        log = self.log()
        self.fill(log, 25)
        log.clear()
        self.assertEqual((log.count(), list(log.newest_first())), (0, []))
        log = self.log()
        self.assertEqual(log.next_seq, 26)
        log.clear()
        self.fill(log, 2)
        self.assertEqual(self.seqs(self.log().oldest_first()), [26, 27])

    def test_other_files_in_the_folder_are_left_alone(self):
        names = ("log", "log.x", "log.123", "logs.0000000001", "log.000000000a", "other.0000000001")
        for name in names:
            self.scratch.write(name, b"mine")
        log = self.log(max_segments=2)
        self.fill(log, 60)
        log.clear()
        for name in names:
            self.assertEqual(self.scratch.read(name), b"mine")

    def test_a_full_flash_gives_up_the_oldest_segment_for_the_newest_record(self):
        log = self.log(max_segments=8)
        self.fill(log, 30)
        write, failures = log._write_once, [files.NO_SPACE]

        def full_once(batch, batch_bytes):
            if failures:
                raise OSError(failures.pop(), "flash")
            write(batch, batch_bytes)

        log._write_once = full_once
        self.assertEqual(log.append(1, 1, self.payload(31)), 31)
        self.assertEqual(len(log.damage), 1)
        self.assertIn("given up", log.damage[0])
        kept = self.seqs(log.oldest_first())
        self.assertEqual(kept, list(range(12, 32)))

    def test_a_really_full_littlefs_takes_the_newest_records_all_the_same(self):
        if sys.implementation.name != "micropython":
            self.skipTest("micropython only: a LittleFS of 128 kB")
        log = self.log(max_segments=8, segment_bytes=4096)
        self.fill(log, 200, 100)
        with open(self.scratch.folder + "filler", "wb") as file:
            with self.assertRaises(OSError):
                for _ in range(40):
                    file.write(bytes(4096))
                    file.flush()
        self.fill(log, 300, 100)
        self.assertGreater(len(log.damage), 0)
        kept = self.seqs(self.log(max_segments=8, segment_bytes=4096).oldest_first())
        self.assertEqual(kept, list(range(kept[0], 501)))
        self.assertEqual([line for line in log.damage if "given up" not in line], [])

    def test_another_failure_of_the_flash_is_raised_and_the_log_goes_on_after_it(self):
        log = self.log()
        self.fill(log, 3)
        write, failures = log._write_once, [errno.EIO]

        def fail_once(batch, batch_bytes):
            if failures:
                raise OSError(failures.pop(), "flash")
            write(batch, batch_bytes)

        log._write_once = fail_once
        with self.assertRaises(OSError):
            log.append(1, 1, b"x")
        self.fill(log, 2)
        self.assertEqual(self.seqs(log.oldest_first()), [1, 2, 3, 4, 5])
