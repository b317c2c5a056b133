import unittest

from firmware.records import event_log
from firmware.records.event_log import KINDS, EventLog
from host_tests.storage.scratch import Scratch


class EventLogTest(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.events = self.again()

    def tearDown(self):
        self.scratch.close()

    def again(self):
        return EventLog(self.scratch.folder + "events")

    def test_events_come_back_newest_first_with_all_they_carry(self):
        self.events.add((3, 10, 0), "boot", "watchdog")
        self.events.add((3, 20, 1795000000), "fault", "rcd_tripped", 8005, "L2")
        self.events.add((3, 30, 0), "info", "x" * 60, -5, "é" * 60)
        self.assertEqual(self.events.flush(True), 3)
        rows = self.again().page(0, 10, {3: 1794999000})
        self.assertEqual(rows[2], {"seq": 1, "kind": "boot", "code": "watchdog", "value": None, "detail": "", "boot": 3,
                                   "uptime_s": 10, "utc_s": 1794999010})
        self.assertEqual(rows[1], {"seq": 2, "kind": "fault", "code": "rcd_tripped", "value": 8005, "detail": "L2",
                                   "boot": 3, "uptime_s": 20, "utc_s": 1795000000})
        self.assertEqual((rows[0]["code"], rows[0]["value"], rows[0]["detail"]), ("x" * 40, -5, "é" * 48))
        self.assertEqual(self.again().page(0, 10, {})[2]["utc_s"], 0)

    def test_nothing_is_written_while_the_contactor_is_closed(self):
        self.events.add((1, 1, 0), "fault", "weld")
        self.assertEqual(self.events.flush(False), 0)
        self.assertEqual((self.scratch.names(), self.events.waiting), ([], 1))
        self.assertEqual(self.events.flush(False, force=True), 1)
        self.assertEqual((self.events.waiting, self.again().count()), (0, 1))

    def test_the_queue_is_bounded_and_what_was_lost_is_counted_in_the_log(self):
        for number in range(100):
            self.events.add((1, number, 0), "warning", "code_%d" % number)
            self.assertEqual(self.events.urgent, number >= 47)
        self.assertEqual((self.events.waiting, self.events.dropped), (64, 36))
        self.events.flush(True)
        rows = self.again().page(0, 2, {})
        self.assertEqual((rows[0]["kind"], rows[0]["code"], rows[0]["value"]), ("dropped", "queue_full", 36))
        self.assertEqual(rows[1]["code"], "code_63")
        self.assertEqual(self.events.dropped, 0)

    def test_a_full_queue_drops_chatter_before_anything_else_and_never_a_fault_for_it(self):
        for number in range(30):
            self.events.add((1, number, 0), "info", "info_%d" % number)
            self.events.add((1, number, 0), "warning", "warning_%d" % number)
        for number in range(40):
            self.events.add((1, 100 + number, 0), "fault", "fault_%d" % number)
        self.events.add((1, 200, 0), "security", "login")
        self.events.add((1, 201, 0), "info", "late")
        self.assertEqual((self.events.waiting, self.events.dropped), (64, 38))
        self.events.flush(True)
        kinds = [row["kind"] for row in self.again().page(0, 100, {})]
        self.assertEqual([kinds.count(kind) for kind in ("fault", "warning", "info", "security")], [40, 24, 0, 0])

    def test_a_fault_or_a_security_event_is_urgent_and_under_load_about_a_sector_goes_out(self):
        self.events.add((1, 1, 0), "info", "mode")
        self.assertFalse(self.events.urgent)
        for kind in ("fault", "fault_end", "security"):
            self.events.clear()
            self.events.add((1, 1, 0), kind, "x")
            self.assertTrue(self.events.urgent)
        for number in range(63):
            self.events.add((1, number, 0), "fault", "c" * 40, None, "d" * 96)
        written = self.events.flush(False, True)
        self.assertTrue(10 < written < 25, written)
        self.assertEqual(self.events.waiting, 64 - written)
        self.events.flush(True)
        self.assertEqual((self.events.waiting, self.again().count()), (0, 64))

    def test_no_more_than_about_a_sector_is_made_ready_at_once_and_what_was_lost_is_told_last(self):
        """All 64 at once took three times eleven kilobytes of heap: where these were not there, nothing was ever written again."""
        append, sizes = self.events._log.append_many, []

        def measured(records):
            sizes.append(sum([len(payload) for _, _, payload in records]))
            return append(records)

        self.events._log.append_many = measured
        for number in range(70):
            self.events.add((1, number, 0), "fault", "c" * 40, None, "d" * 96)
        self.assertEqual(self.events.flush(True), 64)
        self.assertTrue(3 < len(sizes) < 6 and max(sizes) < 3300, sizes)
        rows = self.again().page(0, 100, {})
        self.assertEqual((len(rows), rows[0]["code"], rows[0]["value"], self.events.dropped), (65, "queue_full", 6, 0))

    def test_a_flush_that_fails_loses_nothing(self):
        self.events.add((1, 1, 0), "fault", "weld")

        def fail(_records):
            raise OSError(5, "flash")

        good, self.events._log.append_many = self.events._log.append_many, fail
        with self.assertRaises(OSError):
            self.events.flush(True)
        self.events._log.append_many = good
        self.assertEqual(self.events.flush(True), 1)
        self.assertEqual(self.again().page(0, 5, {})[0]["code"], "weld")

    def test_an_unknown_kind_is_refused(self):
        with self.assertRaises(ValueError):
            self.events.add((1, 1, 0), "surprise", "x")

    def test_numbers_beyond_their_fields_are_clamped_not_wrapped(self):
        self.events.add((1 << 40, -1, 1 << 33), "info", "x", 1 << 40)
        self.events.flush(True)
        row = self.again().page(0, 1, {})[0]
        self.assertEqual((row["boot"], row["uptime_s"], row["utc_s"], row["value"]),
                         (4294967295, 0, 4294967295, 2147483647))

    def test_the_kinds_on_flash_keep_their_numbers(self):
        self.assertEqual(KINDS[:15], ("dropped", "boot", "fault", "fault_end", "warning", "warning_end", "security",
                                      "update", "clock", "setting", "session", "ceiling", "grid", "storage", "info"))
        payload = b"\x02\x03\x00\x00\x00\x0a\x00\x00\x00\x00\x00\x00\x00\x45\x1f\x00\x00\x04weld\x02L1"
        self.assertEqual(event_log.decode(9, payload, {}), {
            "seq": 9, "kind": "fault", "code": "weld", "value": 8005, "detail": "L1", "boot": 3, "uptime_s": 10,
            "utc_s": 0})

    def test_a_kind_of_newer_firmware_is_shown_not_fatal(self):
        payload = b"\xc8\x03\x00\x00\x00\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x04weld"
        row = event_log.decode(9, payload, {})
        self.assertEqual((row["kind"], row["value"], row["detail"]), ("kind_200", None, ""))

    def test_the_newest_boot_is_known_from_the_log(self):
        self.assertEqual(self.events.last_boot(), 0)
        self.events.add((17, 1, 0), "boot", "power")
        self.events.flush(True)
        self.assertEqual(self.again().last_boot(), 17)

    def test_clear(self):
        self.events.add((1, 1, 0), "boot", "power")
        self.events.flush(True)
        self.events.clear()
        self.assertEqual((self.events.count(), self.events.page(0, 5, {})), (0, []))
