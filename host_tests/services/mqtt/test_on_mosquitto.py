# cpython only: the whole firmware on the twin in one process, and a broker in another
"""A charger and a real broker: what it tells, what it does when told, in virtual time."""
import json
import unittest

from firmware.charging.facts import NAMES
from firmware.services.mqtt.documents import DOCUMENTS
from host_tests.services.mqtt.charger import BASE, Charger
from host_tests.services.mqtt.mosquitto import Mosquitto, Peer, needs_mosquitto, until


@needs_mosquitto
class TestConnected(unittest.TestCase):
    def setUp(self):
        self.broker = Mosquitto(self)

    def test_every_fact_is_told_once_and_changes_are_told_as_they_happen(self):
        charger, peer, seen = Charger(self, self.broker.port), Peer(self, self.broker), {}
        charger.at(5, lambda: until(lambda: peer.newest(BASE + "diagnostics"), "the last document"))
        charger.at(5.1, lambda: seen.update(first={name: peer.newest(BASE + name) for name, _, _ in DOCUMENTS}))
        charger.at(10, charger.ev(plugged=True))
        charger.at(30, lambda: seen.update(facts=charger.app.station.facts()))
        charger.at(30.1, lambda: until(lambda: peer.field(BASE + "status", "overview_state") == "Charging", "charging"))
        charger.run(31)
        until(lambda: peer.all(BASE + "online") == ["online", "offline"], "the last will, after everything else")
        self.assertEqual(sorted(name for part in seen["first"].values() for name in part), sorted(NAMES))
        self.assertEqual(peer.all(BASE + "online")[0], "online")
        self.assertEqual(peer.newest(BASE + "meter")["power_w"], seen["facts"]["power_w"])
        self.assertGreater(peer.newest(BASE + "meter")["power_w"], 10000)
        self.assertEqual(peer.newest(BASE + "session")["session"]["number"], 1)
        self.assertIsNone(peer.newest(BASE + "session")["session"]["id"])
        states = [state["overview_state"] for state in peer.all(BASE + "status")]
        self.assertLess(len(states), 20)
        self.assertEqual(states[0], "Idle")
        self.assertIn("session_start", [event["event"] for event in peer.all(BASE + "event")])

    def test_commands_are_done_and_answered_and_a_refusal_says_why(self):
        charger, peer = Charger(self, self.broker.port), Peer(self, self.broker)
        said = (
            ("set_ceiling", {"source": "home", "limit_ma": 10000, "request": "a7"}, "accepted", None),
            ("set_ceiling", {"source": "cable", "limit_ma": 10000}, "refused", "not_allowed"),
            ("set_ceiling", {"source": "home", "limit_ma": "10"}, "error", "bad_value"),
            ("set_ceiling", {"source": "home"}, "error", "missing_argument"),
            ("set_ceiling", "[1, 2", "error", "bad_json"),
            ("set_ceiling", "", "error", "bad_json"),
            ("set_ceiling", b"\xff\xfe", "error", "bad_json"),
            ("set_ceiling", "[" * 2000, "error", "bad_json"),
            ("set_ceiling", " " * 3000, "error", "too_long"),
            ("unlock", {}, "refused", "no_lock"),
            ("service_mode", {"mode": "demo"}, "error", "forbidden"),
            ("fly", {}, "error", "unknown_command"),
            ("charging", {"on": False}, "accepted", None),
            ("charging", {"on": 1}, "error", "bad_value"),
        )

        def say(name, args, number):
            peer.say(BASE + "cmd/" + name, args)
            charger.soon(charger.clock.now_us / 1e6, lambda: len(peer.all(BASE + "result")) > number, "an answer to " + name)
        for number, (name, args, _, _) in enumerate(said):
            charger.at(5 + 5 * number, lambda name=name, args=args, number=number: say(name, args, number))
        charger.run(10 + 5 * len(said))
        answers = peer.all(BASE + "result")
        self.assertEqual([(answer["command"], answer["result"], answer.get("reason")) for answer in answers],
                         [(name, result, reason) for name, _, result, reason in said])
        self.assertEqual(answers[0]["request"], "a7")
        self.assertIn("limit_ma", answers[2]["message"])

    def test_a_flood_of_commands_is_done_in_portions_and_the_control_stays_on_time(self):
        broker = Mosquitto(self, ["max_inflight_messages 0"])      # all at once, whatever the charger acknowledges in between
        peer, charger, seen = Peer(self, broker), Charger(self, broker.port), {}
        charger.at(5, charger.ev(plugged=True))
        charger.at(20, charger.forget_lateness)

        def flood():
            for number in range(200):
                peer.client.publish(BASE + "cmd/set_ceiling", json.dumps({"source": "home", "limit_ma": 10000 + number}), 1)
            peer.say(BASE + "cmd/availability", {"operative": True})
        charger.at(21, flood)
        charger.at(21.5, lambda: seen.update(soon=len(peer.all(BASE + "result"))))
        charger.soon(22, lambda: len(peer.all(BASE + "result")) == 201, "all answers", within_s=20)
        charger.at(43, lambda: seen.update(late=charger.worst_lateness_ms(), limit_ma=charger.fact("limit_ma"),
                                           mqtt=charger.fact()))
        charger.run(44)
        self.assertLess(seen["soon"], 100)
        self.assertLessEqual(seen["late"], 50)          # what a charge without MQTT has too: a flash write once a minute
        self.assertEqual(seen["limit_ma"], 10199)
        self.assertEqual((seen["mqtt"]["state"], seen["mqtt"]["dropped"]), ("connected", 0))

    def test_a_retained_command_is_never_done(self):
        peer = Peer(self, self.broker)
        peer.say(BASE + "cmd/availability", {"operative": False}, retain=True)
        charger, seen = Charger(self, self.broker.port), {}
        charger.soon(2, lambda: peer.all(BASE + "result"), "the answer")
        charger.at(20, lambda: seen.update(availability=charger.fact("availability")))
        charger.run(21)
        self.assertEqual(seen["availability"], "operative")
        self.assertEqual([(answer["command"], answer["reason"]) for answer in peer.all(BASE + "result")],
                         [("availability", "retained")])

    def test_who_is_not_allowed_hears_everything_and_moves_nothing(self):
        charger, peer = Charger(self, self.broker.port, sources__mqtt=False), Peer(self, self.broker)
        charger.at(10, lambda: peer.say(BASE + "cmd/availability", {"operative": False}))
        charger.soon(10, lambda: peer.all(BASE + "result"), "the answer")
        charger.run(20)
        self.assertEqual([answer["reason"] for answer in peer.all(BASE + "result")], ["not_allowed"])
        self.assertEqual(peer.newest(BASE + "status")["availability"], "operative")

    def test_sessions_that_end_while_it_is_switched_off_are_told_when_it_is_switched_on_again(self):
        peer, charger = Peer(self, self.broker), Charger(self, self.broker.port)
        charger.at(5, lambda: charger.app.settings.set_many({"mqtt.enabled": False}))
        charger.at(8, charger.ev(plugged=True))
        charger.at(25, charger.ev(plugged=False))
        charger.at(30, lambda: charger.app.settings.set_many({"mqtt.enabled": True}))
        charger.soon(31, lambda: peer.all(BASE + "record"), "the session")
        charger.run(40)
        self.assertEqual([record["number"] for record in peer.all(BASE + "record")], [1])

    def test_a_restart_by_command_takes_its_leave_first(self):
        peer, charger, left = Peer(self, self.broker), Charger(self, self.broker.port), []

        def watch():
            online = charger.app.online
            leave = online.leave

            async def watched():
                await leave()
                until(lambda: peer.newest(BASE + "online") == "offline", "a goodbye before the last will")
                left.append(True)
            online.leave = watched
        charger.at(4, watch)
        charger.at(5, lambda: peer.say(BASE + "cmd/restart", {}))
        charger.soon(5, lambda: peer.all(BASE + "online") == ["online", "offline", "online"], "offline, and there again")
        charger.run(15)
        self.assertEqual((left, peer.newest(BASE + "result")["result"]), ([True], "accepted"))

    def test_a_wrong_password_is_named_and_the_right_one_connects_at_once(self):
        broker = Mosquitto(self, users={"wallbox": "secret", "peer": "peer"})
        charger, peer, seen = Charger(self, broker.port, mqtt__user="wallbox", mqtt__password="wrong"), Peer(
            self, broker, "peer", "peer"), {}
        charger.at(10, lambda: seen.update(wrong=charger.fact(), report=json.dumps(charger.app.station.facts())))
        charger.at(11, lambda: charger.app.settings.set_many({"mqtt.password": "secret"}))
        charger.at(15, lambda: seen.update(right=charger.fact()))
        charger.run(16)
        self.assertEqual((seen["wrong"]["state"], seen["wrong"]["reason"]), ("waiting", "password"))
        self.assertEqual((seen["right"]["state"], seen["right"]["reason"]), ("connected", ""))
        until(lambda: peer.all(BASE + "online") == ["online", "offline"], "it was there, and has gone")
        self.assertNotIn("secret", seen["report"])


if __name__ == "__main__":
    unittest.main()
