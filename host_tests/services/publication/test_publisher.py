import asyncio
import json
import unittest

from firmware.services.http_failure import HttpFailure
from firmware.services.publication import publisher as module
from firmware.services.publication.publisher import RETRY_S, TRIES, Publisher, slot_of
from firmware.zone import Zone
from host_tests.storage.scratch import Scratch

DAY_S = 86400
MONDAY = 1795996800        # 2026-11-30 00:00:00 UTC, a Monday
DEFAULTS = {"publication.method": "http", "publication.every": "day", "publication.host": "files.lan", "publication.port": 0,
            "publication.path": "/in", "publication.field": "", "publication.user": "", "publication.password": "",
            "publication.sender": "", "publication.to": "", "publication.security": "none"}


class Charger:
    """What the wiring lends; time and sessions are the test's."""

    def __init__(self):
        self.utc = MONDAY - 3600
        self.numbers = []
        self.notes = []
        self.errors = []
        self.open = True

    def sessions(self):
        for number in self.numbers:
            yield {"number": number}

    def csv(self, sessions):
        yield b"number\r\n"
        for session in sessions:
            yield b"%d\r\n" % session["number"]

    def utc_s(self):
        return self.utc

    def zone(self):
        return Zone("UTC0")

    def name(self):
        return "Garage 1/ä"

    def may_write(self):
        return self.open

    def note(self, code, detail):
        self.notes.append((code, detail))

    def error(self, where, error):
        self.errors.append((where, str(error)))


class TestPublisher(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.charger = Charger()
        self.values = dict(DEFAULTS)
        self.sent = []
        self.failure = None
        self.before = module.sender
        module.sender = lambda method: self._send
        self.publisher = self._new()

    def tearDown(self):
        module.sender = self.before
        self.scratch.close()

    def _new(self):
        publisher = Publisher(self.scratch.folder + "publication", self.charger, None)
        publisher.apply(lambda key: self.values[key])
        return publisher

    async def _send(self, target, name, length, pieces, to_thread):
        if self.failure is not None:
            raise self.failure
        data = b"".join(pieces)
        self.assertEqual(len(data), length)
        self.sent.append((target.url(), name, data))

    def step(self, times=1, seconds=10):
        for _ in range(times):
            self.charger.utc += seconds
            asyncio.run(self.publisher.step())

    def test_sessions_go_out_after_midnight_once(self):
        self.charger.numbers = [1, 2, 3]
        self.step()
        self.assertEqual(self.sent, [])               # the period that runs has not ended
        self.charger.utc = MONDAY + 50
        self.step()                                   # 00:01:00
        self.assertEqual(self.sent, [("http://files.lan/in", "Garage-1---1-3.csv", b"number\r\n1\r\n2\r\n3\r\n")])
        self.step(10)
        self.charger.utc += DAY_S
        self.step()
        self.assertEqual(len(self.sent), 1)           # nothing new
        self.assertEqual(self.publisher.fact()["result"], "nothing_new")
        self.charger.numbers.append(4)
        self.charger.utc += DAY_S
        self.step()
        self.assertEqual(self.sent[1][1:], ("Garage-1---4-4.csv", b"number\r\n4\r\n"))
        self.assertEqual(self.charger.notes, [("published", "1-3"), ("published", "4-4")])      # the station's name is a person's

    def test_what_was_sent_is_not_sent_again_after_a_restart(self):
        self.charger.numbers = [1, 2]
        self.step()
        self.charger.utc = MONDAY + 60
        self.step()
        self.publisher = self._new()
        self.charger.numbers.append(3)
        self.charger.utc += DAY_S
        self.step()
        self.assertEqual([name for _, name, _ in self.sent], ["Garage-1---1-2.csv", "Garage-1---3-3.csv"])

    def test_midnight_that_passed_without_supply_is_made_good(self):
        self.charger.numbers = [1]
        self.step()
        self.publisher = self._new()
        self.charger.utc = MONDAY + 5 * 3600
        self.step()
        self.assertEqual(len(self.sent), 1)

    def test_failure_is_tried_hourly_and_dropped_after_168_tries(self):
        self.charger.numbers = [1]
        self.step()
        self.charger.utc = MONDAY + 60
        self.failure = HttpFailure("no_connection", "files.lan")
        self.step()
        self.assertEqual((self.publisher.fact()["state"], self.publisher.fact()["tries"]), ("waiting", 1))
        self.step(RETRY_S // 10 - 1, 0)
        self.assertEqual(self.publisher.fact()["tries"], 1)
        self.step(1, 0)
        self.assertEqual(self.publisher.fact()["tries"], 2)
        for _ in range(TRIES - 2):
            self.publisher._retry_s = 0
            self.step(1, 0)
        self.assertEqual(self.charger.notes, [("publication_dropped", "no_connection")])
        self.failure = None
        self.charger.utc += DAY_S
        self.step()
        self.assertEqual(self.sent, [])               # what was dropped stays dropped

    def test_a_restart_forgets_neither_what_waits_nor_how_often_it_failed(self):
        self.charger.numbers = [1, 2]
        self.step()
        self.charger.utc = MONDAY + 60
        self.failure = HttpFailure("no_connection", "files.lan")
        self.step()
        for tries in range(2, TRIES):                 # a restart before each: the try comes at once, and counts on
            self.publisher = self._new()
            self.step(1, 0)
            self.assertEqual((self.publisher.fact()["state"], self.publisher.fact()["tries"]), ("waiting", tries))
        self.assertEqual(self.charger.notes, [])
        self.publisher = self._new()
        self.step(1, 0)                               # the last one
        self.assertEqual(self.charger.notes, [("publication_dropped", "no_connection")])
        self.publisher = self._new()
        self.failure = None
        self.charger.numbers.append(3)
        self.charger.utc += DAY_S
        self.step()
        self.assertEqual([name for _, name, _ in self.sent], ["Garage-1---3-3.csv"])

    def test_what_waits_over_a_restart_is_sent_whole_and_once(self):
        self.charger.numbers = [1, 2]
        self.step()
        self.charger.utc = MONDAY + 60
        self.failure = HttpFailure("http_status", "503")
        self.step()
        self.publisher = self._new()
        self.failure = None
        self.step(1, 0)
        self.publisher = self._new()
        self.step(RETRY_S // 10, 0)
        self.assertEqual([name for _, name, _ in self.sent], ["Garage-1---1-2.csv"])

    def test_over_tls_it_waits_until_no_power_flows(self):
        self.values["publication.security"] = "tls"
        self.charger.numbers = [1]
        self.step()
        self.charger.open = False
        self.charger.utc = MONDAY + 60
        self.step(3, 0)
        self.assertEqual((self.sent, self.publisher.fact()["state"], self.publisher.fact()["tries"]), ([], "waiting", 0))
        self.assertEqual(self.publisher.test(), "charging")
        self.charger.open = True
        self.step(1, 0)
        self.assertEqual(len(self.sent), 1)

    def test_failure_that_heals_sends_everything_that_came_meanwhile(self):
        self.charger.numbers = [1]
        self.step()
        self.charger.utc = MONDAY + 60
        self.failure = HttpFailure("http_status", "503")
        self.step()
        self.charger.numbers.append(2)
        self.failure = None
        self.step(RETRY_S // 10, 0)
        self.assertEqual(self.sent[0][1], "Garage-1---1-2.csv")
        self.assertEqual(self.publisher.fact()["tries"], 0)

    def test_press_sends_an_empty_file_and_what_waits(self):
        self.charger.numbers = [1]
        self.step()
        self.charger.utc = MONDAY + 60
        self.failure = HttpFailure("refused", "530 Login incorrect")
        self.step()
        self.failure = None
        self.assertIsNone(self.publisher.test())
        self.step(1, 0)
        self.assertEqual([(name, data) for _, name, data in self.sent],
                         [("mode3-test.csv", b"number\r\n"), ("Garage-1---1-1.csv", b"number\r\n1\r\n")])

    def test_press_tells_its_result_by_a_number_that_grows(self):
        self.step()
        rows = ((None, "sent", 1), (HttpFailure("log_in", "530 no"), "log_in", 2), (OSError(5), "flash", 3), (None, "sent", 4))
        for failure, result, attempts in rows:
            self.failure = failure
            self.assertIsNone(self.publisher.test())
            self.assertEqual(self.publisher.test(), "busy")
            self.step(1, 0)
            self.assertEqual((self.publisher.fact()["result"], self.publisher.fact()["attempts"]), (result, attempts))

    def test_regression_a_press_that_kills_the_task_does_not_kill_it_again_after_its_restart(self):
        self.failure = MemoryError("no memory")
        self.assertIsNone(self.publisher.test())
        with self.assertRaises(MemoryError):
            self.step()
        self.step()
        self.failure = None
        self.assertIsNone(self.publisher.test())

    def test_press_while_it_is_off_is_refused(self):
        self.values["publication.method"] = "off"
        self.publisher.apply(lambda key: self.values[key])
        self.assertEqual(self.publisher.test(), "off")

    def test_nothing_is_due_while_the_clock_is_unknown_or_was_set_back(self):
        self.charger.numbers = [1]
        self.charger.utc = 0
        self.step(3, 0)
        self.charger.utc = MONDAY + 600
        self.step()
        self.charger.utc = MONDAY - 5 * DAY_S
        self.step()
        self.assertEqual(self.sent, [])

    def test_flash_is_written_only_while_no_power_flows(self):
        self.charger.numbers = [1]
        self.step()
        self.charger.open = False
        self.charger.utc = MONDAY + 60
        self.step()
        self.assertEqual(len(self.sent), 1)
        self.assertEqual(json.loads(self.publisher._file.read()[0].decode())["sent"], 0)
        self.charger.open = True
        self.step()
        payload = self.publisher._file.read()[0]
        self.assertEqual(json.loads(payload.decode())["sent"], 1)

    def test_periods_change_at_one_past_midnight_on_their_days(self):
        minute = MONDAY + 60
        for period, same, other in (("day", DAY_S - 1, DAY_S), ("week", 7 * DAY_S - 1, 7 * DAY_S)):
            self.assertEqual(slot_of(period, minute + same), slot_of(period, minute))
            self.assertEqual(slot_of(period, minute + other)[1], slot_of(period, minute)[1] + 1)
            self.assertEqual(slot_of(period, minute - 1)[1], slot_of(period, minute)[1] - 1)
        first = MONDAY + DAY_S + 60                  # 1 December, 00:01
        self.assertEqual(slot_of("month", first)[1], slot_of("month", first - 1)[1] + 1)
        self.assertEqual(slot_of("month", first + 31 * DAY_S)[1], slot_of("month", first)[1] + 1)


if __name__ == "__main__":
    unittest.main()
