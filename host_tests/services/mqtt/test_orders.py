"""Commands by MQTT: what is done, what is refused and how that is said."""
import unittest

from firmware.charging.sources import Sources
from firmware.services.mqtt.orders import MAX_PAYLOAD, MAX_REQUEST, Orders
from host_tests.charging.test_commands import GOOD
from host_tests.services.web.harness import StrictStation


class TestOrders(unittest.TestCase):
    def setUp(self):
        self.station = StrictStation()
        self.station.sources = Sources()
        self.station.sources.allow(("mqtt",))
        self.installed = []
        self.orders = Orders(self.station, lambda: self.installed.append(1))

    def take(self, name, text="{}", retained=False):
        return self.orders.take(name, text.encode(), retained)

    def test_every_command_of_the_table_can_be_given(self):
        import json
        self.orders.admin = True
        for name in GOOD:
            self.assertEqual(self.take(name, json.dumps(GOOD[name])), {"command": name, "result": "accepted"})
        self.assertEqual([name for name, _ in self.station.taken], list(GOOD))

    def test_a_refusal_is_handed_on(self):
        self.station.refuse = "no_lock"
        self.assertEqual(self.take("unlock"), {"command": "unlock", "result": "refused", "reason": "no_lock"})

    def test_a_switch_has_one_name_for_both_ways(self):
        self.take("charging", '{"on": true}')
        self.take("charging", '{"on": false, "request": 1}')
        self.assertEqual(self.station.taken, [("start", {}), ("stop", {})])

    def test_the_request_comes_back_where_it_is_short_text_or_a_number(self):
        self.assertEqual(self.take("stop", '{"request": "a7"}')["request"], "a7")
        self.assertEqual(self.take("stop", '{"request": 7}')["request"], 7)
        for other in ('"%s"' % ("x" * (MAX_REQUEST + 1)), "[1]", "null"):
            answer = self.take("stop", '{"request": %s}' % other)
            self.assertEqual((answer["result"], "request" in answer), ("accepted", False))

    def test_what_needs_an_administrator_needs_the_setting(self):
        for name, text in (("service_mode", '{"mode": "normal"}'), ("update", '{"install": true}')):
            self.orders.admin = False
            self.assertEqual(self.take(name, text)["reason"], "forbidden")
            self.orders.admin = True
            self.assertEqual(self.take(name, text)["result"], "accepted")
        self.assertEqual(self.installed, [1])

    def test_an_update_is_begun_only_by_who_may_speak_and_says_why_not(self):
        self.orders.admin = True
        self.station.sources.allow(())
        self.assertEqual(self.take("update", '{"install": true}')["reason"], "not_allowed")
        self.station.sources.allow(("mqtt",))
        self.orders = Orders(self.station, lambda: "vehicle")
        self.orders.admin = True
        self.assertEqual(self.take("update", '{"install": true}'), {"command": "update", "result": "refused", "reason": "vehicle"})
        self.assertEqual(self.take("update", "{}")["reason"], "bad_value")
        self.assertEqual(self.installed, [])

    def test_what_is_no_command_is_answered_and_moves_nothing(self):
        for name, text, reason in (
                ("stop", "", "bad_json"), ("stop", "[]", "bad_json"), ("stop", "null", "bad_json"),
                ("stop", '{"a": 1}', "unknown_argument"),
                ("stop", " " * (MAX_PAYLOAD + 1), "too_long"), ("fly", "{}", "unknown_command"), ("", "{}", "unknown_command"),
                ("charging", "{}", "bad_value"), ("charging", '{"on": 1}', "bad_value")):
            answer = self.take(name, text)
            self.assertEqual((answer["result"], answer["reason"]), ("error", reason))
        self.assertEqual(self.take("stop", "{}", True)["reason"], "retained")
        self.assertEqual(self.station.taken, [])

    def test_an_answer_never_echoes_more_than_a_little(self):
        for name, text in (("x" * 4000, "{}"), ("stop", '{"%s": 1}' % ("k" * 2000))):
            answer = self.take(name, text)
            self.assertLess(len(answer["command"]) + len(answer["field"]) + len(answer["message"]), 600)


if __name__ == "__main__":
    unittest.main()
