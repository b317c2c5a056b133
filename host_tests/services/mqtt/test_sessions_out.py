"""Finished sessions on their way: oldest first, until acknowledged, over restarts and damage."""
import asyncio
import json
import unittest

from firmware.services.mqtt.sessions_out import SessionsOut
from host_tests.storage.scratch import Scratch


class Log:
    """What SessionsOut asks the keeper for: sessions(number...) that are finished."""

    def __init__(self):
        self.numbers = []
        self.sessions = self.stamper = self

    def references(self):
        return {}

    def last_number(self):
        return self.numbers[-1] if self.numbers else 0

    def newest_first(self, references):
        for number in reversed(self.numbers):
            yield self.session(number)

    def page(self, offset, limit, references):
        return [self.session(number) for number in self.numbers[::-1][offset:offset + limit]]

    def session(self, number):
        return {"number": number, "start": (1, 5, 1790000000), "end": (1, 65, 0), "duration_s": 60, "charging_s": 50,
                "energy_wh": 7, "meter_start_wh": None, "meter_stop_wh": None, "cost_cents": None, "phases": 3, "estimated": True,
                "end_reason": "unplugged", "station": "", "uid": "04AA", "user": "Ann", "account": "A", "transaction_id": "",
                "comment": ""}


class TestSessionsOut(unittest.TestCase):
    def setUp(self):
        asyncio.new_event_loop()
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)
        self.log = Log()
        self.out = self.after_a_restart()

    def after_a_restart(self):
        return SessionsOut(self.scratch.folder, self.log)

    def oldest(self):
        return asyncio.run(self.out.oldest())

    def numbers(self, most=9):
        """Everything that is sent, acknowledged one by one."""
        found = []
        while len(found) < most:
            row = self.oldest()
            if row is None:
                break
            found.append(row[0])
            self.out.acknowledge(row[0])
        return found

    def ends(self, *numbers):
        self.log.numbers += list(numbers)
        self.out.changed()

    def test_the_first_connection_begins_with_the_next_session(self):
        self.log.numbers = [1, 2, 3]
        self.assertIsNone(self.oldest())
        self.ends(4)
        self.assertEqual(self.numbers(), [4])

    def test_those_that_wait_go_oldest_first_and_once(self):
        self.oldest()
        self.ends(1, 2, 5)
        self.assertEqual(self.oldest()[0], 1)
        self.assertEqual(self.out.left(), 3)
        self.assertEqual(self.numbers(), [1, 2, 5])
        self.assertEqual((self.out.left(), self.oldest()), (0, None))
        self.ends(6)
        self.assertEqual(self.numbers(), [6])

    def test_what_was_not_acknowledged_goes_again_after_a_restart_and_what_was_does_not(self):
        self.oldest()
        self.assertTrue(self.out.save())
        self.ends(1, 2, 3)
        self.out.acknowledge(self.oldest()[0])
        self.assertTrue(self.out.save())
        self.assertFalse(self.out.save())
        self.out.acknowledge(self.oldest()[0])
        self.out = self.after_a_restart()            # before the second was written: it comes twice, never not at all
        self.assertEqual(self.numbers(), [2, 3])

    def test_a_damaged_file_sends_all_again_rather_than_none(self):
        self.oldest()
        self.out.save()
        self.ends(1, 2)
        for name in ("0", "1"):
            with open(self.scratch.folder + "mqtt_acked." + name, "wb") as file:
                file.write(b"rubbish")
        self.out = self.after_a_restart()
        self.assertEqual(self.numbers(), [1, 2])

    def test_a_log_that_was_cleared_leaves_nothing_to_send(self):
        self.oldest()
        self.ends(1, 2)
        self.assertEqual(self.oldest()[0], 1)
        self.log.numbers = []
        self.assertIsNone(self.oldest())
        self.assertEqual(self.out.left(), 0)

    def test_who_charged_is_told_only_where_that_is_wanted(self):
        self.oldest()
        self.ends(1)
        row = json.loads(self.oldest()[1].decode())
        self.assertEqual((row["number"], row["energy_wh"], row["start"], row["end"]), (1, 7, "2026-09-21T14:13:20Z", None))
        for name in ("uid", "user", "account"):
            self.assertNotIn(name, row)
        self.out.personal = True
        self.assertEqual(json.loads(self.oldest()[1].decode())["uid"], "04AA")


if __name__ == "__main__":
    unittest.main()
