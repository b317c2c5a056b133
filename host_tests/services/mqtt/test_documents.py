"""Documents: every fact in one of them, sent when something in it is news, and not more often than their table says."""
import json
import unittest

from firmware.charging.facts import FACTS, NAMES
from firmware.services.mqtt.documents import DOCUMENTS, RESTLESS, Documents, names_of

WRAP = 0x40000000


def facts(**changes):
    values = dict([(row[0], None) for row in FACTS])
    values["ceilings"] = [{"source": "home", "limit_ma": 9000, "failsafe": False, "failsafe_ma": 0, "expires_in_s": 60,
                           "by": "mqtt", "reason": {"code": "outside"}}]
    values.update(changes)
    return values


def sent(documents, values, now_ms, hurry=False):
    return [found[0] for found in documents.due(values, now_ms, hurry) if found is not None]


class TestDocuments(unittest.TestCase):
    def setUp(self):
        self.documents = Documents(NAMES)

    def test_every_fact_is_in_exactly_one_document(self):
        told = []
        for row in DOCUMENTS:
            told += names_of(row, NAMES)
        self.assertEqual(sorted(told), sorted(NAMES))

    def test_the_first_time_all_are_sent_whole(self):
        found = dict([pair for pair in self.documents.due(facts(power_w=5), 1000) if pair is not None])
        self.assertEqual(sorted(found), sorted([row[0] for row in DOCUMENTS]))
        self.assertEqual(json.loads(found["meter"].decode())["power_w"], 5)
        self.assertFalse(self.documents.fresh())

    def test_regression_others_run_between_every_few_facts(self):
        # At a device's speed a document was 30 ms of JSON in one turn, and the control tick as late.
        looked = []

        class Watched:
            def get(self, name):
                looked.append(name)

            def __getitem__(self, name):
                return None
        most = 0
        for _ in self.documents.due(Watched(), 1000):
            most = max(most, len(looked))
            looked.clear()
        self.assertTrue(1 <= most <= 4, most)

    def test_without_news_nothing_is_sent_and_news_wait_for_their_time(self):
        for start_ms in (0, WRAP - 2000):
            documents = Documents(NAMES)
            sent(documents, facts(), start_ms)
            self.assertEqual(sent(documents, facts(), (start_ms + 100000) % WRAP), [])
            documents.forget()
            sent(documents, facts(), start_ms)
            news = facts(power_w=7, mode="smart", uptime_s=9)
            self.assertEqual(sent(documents, news, (start_ms + 999) % WRAP), [])
            self.assertEqual(sent(documents, news, (start_ms + 1000) % WRAP), ["status"])
            self.assertEqual(sent(documents, news, (start_ms + 5000) % WRAP), ["meter"])
            self.assertEqual(sent(documents, news, (start_ms + 60000) % WRAP), ["diagnostics"])

    def test_what_is_visible_does_not_wait(self):
        sent(self.documents, facts(), 0)
        self.assertEqual(sent(self.documents, facts(power_w=7, mode="smart", uptime_s=9), 10, True), ["status", "meter"])

    def test_what_runs_down_by_itself_is_no_news(self):
        values = facts()
        sent(self.documents, values, 0)
        values["ceilings"][0]["expires_in_s"] = 59
        for name in RESTLESS:
            values[name] = 3
        self.assertEqual(sent(self.documents, values, 2000), [])
        values["ceilings"][0]["limit_ma"] = 8000
        self.assertEqual(sent(self.documents, values, 4000), ["status"])

    def test_after_a_new_connection_all_are_sent_again(self):
        sent(self.documents, facts(), 0)
        self.documents.forget()
        self.assertTrue(self.documents.fresh())
        self.assertEqual(len(sent(self.documents, facts(), 1)), len(DOCUMENTS))


if __name__ == "__main__":
    unittest.main()
