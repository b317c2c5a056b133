import struct
import unittest

from firmware.records.life_totals import LifeTotals
from firmware.records.session_log import SessionLog
from host_tests.storage.scratch import Scratch

UTC = 1795000000


class SessionLogTest(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.sessions = self.boot()

    def tearDown(self):
        self.scratch.close()

    def boot(self, last_number=0):
        sessions = SessionLog(self.scratch.folder)
        sessions.start(last_number)
        return sessions

    def charge(self, number, meter_wh=1000):
        self.assertEqual(self.sessions.begin((1, 100, 0), meter_wh, "04A1B2C3"), number)
        return self.sessions.end((1, 400, 0), 500, 250, "ev_gone", meter_wh + 500)

    def test_a_session_has_every_field_of_the_promise(self):
        self.sessions.begin((1, 100, 0), 123456789012, "04A1B2C3D4E5F6", 3, "Garage", "1", "tethered", "Ähnlich 😀", "work",
                            "tx-1")
        self.sessions.note(False, comment="with roof box", account="private")
        self.sessions.end((1, 3700, UTC), 7400, 3500, "card", 123456796412, 296)
        row = self.boot().page(0, 1, {1: UTC - 3700})[0]
        self.assertEqual(row, {
            "number": 1, "phases": 3, "estimated": False, "start": (1, 100, UTC - 3600), "end": (1, 3700, UTC),
            "duration_s": 3600, "charging_s": 3500, "energy_wh": 7400, "cost_cents": 296,
            "meter_start_wh": 123456789012, "meter_stop_wh": 123456796412, "station": "Garage", "connector": "1",
            "connector_type": "tethered", "transaction_id": "tx-1", "uid": "04A1B2C3D4E5F6", "user": "Ähnlich 😀",
            "account": "private", "end_reason": "card", "comment": "with roof box"})

    def test_without_a_meter_nothing_is_made_up(self):
        self.sessions.begin((1, 100, 0), None)
        row = self.sessions.end((1, 200, 0), 10, 90, "ev_gone")
        self.assertEqual((row["estimated"], row["meter_start_wh"], row["meter_stop_wh"], row["cost_cents"]),
                         (True, None, None, None))
        self.assertEqual(self.boot().page(0, 1, {})[0], row)

    def test_numbers_go_on_across_restarts_and_the_newest_comes_first(self):
        for number in range(1, 6):
            self.charge(number)
            self.sessions = self.boot()
        self.assertEqual([row["number"] for row in self.sessions.page(0, 10, {})], [5, 4, 3, 2, 1])
        self.assertEqual([row["number"] for row in self.sessions.page(1, 2, {})], [4, 3])
        self.assertEqual([row["number"] for row in self.sessions.newest_first({})], [5, 4, 3, 2, 1])
        self.assertIsNone(self.sessions.unfinished)

    def test_numbers_stay_unique_even_if_the_log_was_lost(self):
        self.sessions = self.boot(last_number=77)
        self.charge(78)

    def test_after_a_cut_energy_is_register_minus_start(self):
        self.sessions.begin((1, 100, 0), 5000, "04A1")
        self.sessions = self.boot()
        self.assertEqual(self.sessions.unfinished["number"], 1)
        row = self.sessions.close_unfinished(9321)
        self.assertEqual((row["energy_wh"], row["end_reason"], row["estimated"], row["meter_stop_wh"]),
                         (4321, "power_cut", False, 9321))
        self.assertIsNone(self.sessions.unfinished)
        self.assertEqual(self.boot().page(0, 9, {}), [row])
        self.assertIsNone(self.boot().unfinished)
        self.assertIsNone(self.boot().close_unfinished(9999))

    def test_after_a_cut_without_a_register_at_most_a_minute_is_lost(self):
        self.sessions.begin((1, 100, 0), None)
        written = []
        for second in range(1, 331):
            if self.sessions.progress((1, 100 + second, 0), 3 * second, second):
                written.append(second)
        self.assertEqual(written, [60, 120, 180, 240, 300])
        row = self.boot().close_unfinished()
        self.assertEqual((row["energy_wh"], row["charging_s"], row["end"], row["duration_s"], row["estimated"]),
                         (900, 300, (1, 400, 0), 300, True))

    def test_a_cut_right_after_the_beginning_gives_a_session_of_nothing(self):
        self.charge(1)
        self.sessions.begin((1, 500, 0), None)
        self.sessions.progress((1, 560, 0), 77, 60)
        self.sessions.end((1, 600, 0), 88, 90, "ev_gone")
        self.sessions.begin((1, 700, 0), None)
        row = self.boot().close_unfinished()
        self.assertEqual((row["number"], row["energy_wh"], row["duration_s"]), (3, 0, 0))

    def test_a_register_that_cannot_be_ours_is_not_believed(self):
        for register_wh in (4000, 5050, 5000 + 2000001):
            sessions = self.boot()
            sessions.close_unfinished()
            sessions.begin((1, 100, 0), 5000)
            sessions.progress((1, 160, 0), 200, 60)
            row = self.boot().close_unfinished(register_wh)
            self.assertEqual((row["energy_wh"], row["estimated"], row["meter_stop_wh"]), (200, True, None))

    def test_what_was_reckoned_too_high_before_a_cut_gives_way_to_the_register(self):
        """Cut off while 150 of its 200 Wh were reckoned: the register says 60, and so it is. More cannot be its own."""
        for register_wh, energy_wh, estimated in ((5060, 60, False), (4949, 200, True)):
            sessions = self.boot()
            sessions.close_unfinished()
            sessions.begin((1, 100, 0), 5000)
            sessions.progress((1, 160, 0), 200, 60, 150)
            row = self.boot().close_unfinished(register_wh)
            self.assertEqual((row["energy_wh"], row["estimated"], row["meter_stop_wh"]),
                             (energy_wh, estimated, None if estimated else register_wh))

    def test_progress_as_older_firmware_wrote_it_is_read(self):
        self.sessions.begin((1, 100, 0), 5000)
        self.sessions._progress_file.write(struct.pack("<IIIIII", 1, 200, 60, 1, 160, 0))
        row = self.boot().close_unfinished(5060)
        self.assertEqual((row["energy_wh"], row["charging_s"], row["end"], row["estimated"]), (200, 60, (1, 160, 0), True))

    def test_a_new_session_closes_the_unfinished_one_first(self):
        self.sessions.begin((1, 100, 0), None)
        self.sessions = self.boot()
        self.assertEqual(self.sessions.begin((2, 5, 0), None), 2)
        self.sessions.end((2, 65, 0), 1, 1, "ev_gone")
        self.assertEqual([(row["number"], row["end_reason"]) for row in self.sessions.page(0, 9, {})],
                         [(2, "ev_gone"), (1, "power_cut")])

    def test_what_is_noted_with_save_outlives_a_cut(self):
        self.sessions.begin((1, 100, 0), None)
        self.sessions.note(True, account="work")
        self.sessions.note(False, comment="lost")
        with self.assertRaises(ValueError):
            self.sessions.note(True, energy_wh=1)
        row = self.boot().close_unfinished()
        self.assertEqual((row["account"], row["comment"]), ("work", ""))

    def test_what_the_flash_did_not_take_is_not_believed_to_stand_there(self):
        """Who compared with it to see whether something is to be written found nothing, and a power cut brought the old back."""
        self.sessions.begin((1, 100, 0), None)
        good = self.sessions._open_file.write

        def fail(_payload):
            raise OSError(28, "full")

        self.sessions._open_file.write = fail
        with self.assertRaises(OSError):
            self.sessions.note(True, end_reason="stop")
        self.assertEqual(self.sessions.current["end_reason"], "")
        self.sessions._open_file.write = good
        self.sessions.note(True, end_reason="stop")
        self.assertEqual(self.boot().unfinished["end_reason"], "stop")

    def test_a_record_the_flash_refused_waits_and_is_written_later(self):
        good = self.sessions._log.append_many
        self.sessions.begin((1, 100, 0), 0)

        def fail(_records):
            raise OSError(28, "full")

        self.sessions._log.append_many = fail
        with self.assertRaises(OSError):
            self.sessions.end((1, 400, 0), 500, 250, "ev_gone", 500)
        self.sessions._log.append_many = good
        self.charge(2)
        self.assertEqual([row["number"] for row in self.boot().page(0, 9, {})], [2, 1])

    def test_ending_what_did_not_begin_is_refused(self):
        with self.assertRaises(ValueError):
            self.sessions.end((1, 1, 0), 0, 0, "ev_gone")
        self.assertFalse(self.sessions.progress((1, 1, 0), 0, 0))

    def test_long_texts_are_cut_at_a_characters_border_and_no_number_wraps(self):
        self.sessions.begin((1, 100, 0), -5, "U" * 99, 9, user="ä" * 99, station="😀" * 99)
        self.sessions.end((1, 50, 0), -1, 1 << 40, "r" * 99, 1 << 70, 1 << 40)
        row = self.boot().page(0, 1, {})[0]
        self.assertEqual((row["uid"], row["user"], row["station"]), ("U" * 40, "ä" * 50, "😀" * 15))
        self.assertEqual((row["phases"], row["meter_start_wh"], row["meter_stop_wh"], row["energy_wh"], row["charging_s"],
                          row["duration_s"], row["cost_cents"]),
                         (3, 0, 0xFFFFFFFFFFFFFFFE, 0, 0xFFFFFFFF, 0, 0xFFFFFFFE))


class LifeTotalsTest(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.sessions = SessionLog(self.scratch.folder)
        self.sessions.start()
        self.life = self.boot()

    def tearDown(self):
        self.scratch.close()

    def boot(self):
        life = LifeTotals(self.scratch.folder)
        life.load()
        return life

    def charge(self, energy_wh=1000):
        self.sessions.begin((1, 0, 0), None)
        return self.sessions.end((1, 90, 0), energy_wh, 60, "ev_gone")

    def totals(self, life):
        return life.energy_wh, life.charging_s, life.sessions, life.contactor_cycles, life.last_session

    def test_sums_are_kept(self):
        for _ in range(3):
            self.life.count_cycle()
            self.life.add_session(self.charge())
        self.assertTrue(self.life.flush())
        self.assertFalse(self.life.flush())
        self.assertEqual(self.totals(self.boot()), (3000, 180, 3, 3, 3))

    def test_a_session_is_counted_once(self):
        session = self.charge()
        self.life.add_session(session)
        self.life.add_session(session)
        self.assertEqual(self.totals(self.life), (1000, 60, 1, 0, 1))
        self.assertEqual(self.life.catch_up(self.sessions), 0)

    def test_what_the_log_has_and_the_file_missed_is_counted_at_boot(self):
        self.life.add_session(self.charge())
        self.life.flush()
        self.charge(200)
        self.charge(30)
        life = self.boot()
        self.assertEqual(life.catch_up(self.sessions), 2)
        self.assertEqual(self.totals(life), (1230, 180, 3, 0, 3))
        self.assertTrue(life.flush())
        self.assertEqual(self.boot().catch_up(self.sessions), 0)

    def test_thousands_of_sessions_are_counted_anew_without_the_watchdog_biting(self):
        """Both copies of the file damaged: each start read the whole log and was bitten, until only safe mode was left."""
        for _ in range(250):
            self.charge(10)
        told = []
        life = self.boot()
        self.assertEqual(life.catch_up(self.sessions, lambda: told.append(life.energy_wh)), 250)
        self.assertEqual((told, life.energy_wh), ([0, 0], 2500))

    def test_a_life_beyond_32_bits_of_wh(self):
        self.life.energy_wh = 5000000000
        self.life.dirty = True
        self.life.flush()
        self.assertEqual(self.boot().energy_wh, 5000000000)

    def test_a_damaged_file_falls_back_and_says_so(self):
        self.life.add_session(self.charge())
        self.life.flush()
        self.life.add_session(self.charge())
        self.life.flush()
        self.scratch.flip("life.0", 10)
        life = self.boot()
        self.assertIn("damaged", life.damage)
        life.catch_up(self.sessions)
        self.assertEqual(self.totals(life), (2000, 120, 2, 0, 2))
