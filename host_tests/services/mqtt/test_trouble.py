# cpython only: the whole firmware on the twin in one process, and a broker in another
"""A broker that dies, freezes, refuses or is away: nothing is lost that must not be, and the vehicle goes on charging."""
import socket
import threading
import unittest

from host_tests.services.mqtt.certificates import Authority, one_line
from host_tests.services.mqtt.charger import BASE, Charger
from host_tests.services.mqtt.mosquitto import Mosquitto, Peer, needs_mosquitto, until
from tools.twin import costs

# What a charge without MQTT has too: the write of the energy once a minute, with an erase at times, and the tick around it.
LATE_MS = (costs.FLASH_ERASE_US + costs.FLASH_METADATA_US) // 1000 + 5


def without_broker(test, broker, for_s):
    """Three sessions, and much else, while the broker is away for so long; `make proof` does it for an hour."""
    peer, charger, seen = Peer(test, broker), Charger(test, broker.port), {}
    charger.at(10, broker.kill)
    for number in range(3):
        charger.at(20 + 40 * number, charger.ev(plugged=True))
        charger.at(45 + 40 * number, charger.ev(plugged=False))
    for number in range(30):
        charger.at(140 + number, lambda on=number % 2 == 1: charger.app.station.command("availability", {"operative": on}, "web"))
    charger.at(for_s - 10, lambda: seen.update(away=charger.fact()))
    charger.at(for_s, lambda: (broker.start(), peer.is_there()))
    charger.soon(for_s + 1, lambda: len(peer.all(BASE + "record")) == 3, "three sessions", within_s=90)
    charger.at(for_s + 80, lambda: seen.update(back=charger.fact()))
    charger.run(for_s + 81)
    test.assertEqual([record["number"] for record in peer.all(BASE + "record")], [1, 2, 3])
    test.assertGreater(min(record["energy_wh"] for record in peer.all(BASE + "record")), 10)
    test.assertGreater(seen["away"]["dropped"], 0)
    test.assertEqual(seen["away"]["queued"], 32)
    test.assertEqual((seen["back"]["queued"], seen["back"]["dropped"]), (0, seen["away"]["dropped"]))


@needs_mosquitto
class TestAway(unittest.TestCase):
    def setUp(self):
        self.broker = Mosquitto(self)

    def charge(self, charger, at_s, for_s=40):
        charger.at(at_s, charger.ev(plugged=True))
        charger.at(at_s + for_s, charger.ev(plugged=False))

    def opened(self, charger, since_s):
        return [edge for edge in charger.world.trace.edges(since_s * 1_000_000) if edge[1:] == ("contacts", False)]

    def returns(self, *peers):
        """The broker is there again, and who listens to it before the charger says anything."""
        self.broker.start()
        for peer in peers:
            peer.is_there()

    def test_killed_in_a_charge_it_hears_everything_again_when_it_returns_and_the_vehicle_notices_nothing(self):
        peer, charger, seen = Peer(self, self.broker), Charger(self, self.broker.port), {}
        charger.at(5, charger.ev(plugged=True))
        charger.at(30, charger.forget_lateness)
        charger.at(40, self.broker.kill)
        charger.at(60, lambda: seen.update(away=charger.fact()))
        charger.at(90, lambda: (peer.heard.clear(), self.returns(peer)))
        charger.soon(91, lambda: peer.newest("homeassistant/device/mode3-M3-TWIN-0001/config"), "it is announced", within_s=60)
        charger.at(160, lambda: seen.update(back=charger.fact(), late=charger.worst_lateness_ms()))
        charger.run(161)
        self.assertEqual((seen["away"]["state"], seen["away"]["reason"]), ("waiting", "refused"))
        self.assertEqual((seen["back"]["state"], seen["back"]["reason"]), ("connected", ""))
        self.assertEqual(self.opened(charger, 20)[:-1], [])       # the last: the twin ends
        self.assertLessEqual(seen["late"], LATE_MS)
        until(lambda: peer.all(BASE + "online")[-1:] == ["offline"], "the last will, after everything else")
        self.assertEqual(peer.field(BASE + "status", "overview_state"), "Charging")

    def test_without_it_events_are_lost_and_counted_but_no_session(self):
        without_broker(self, self.broker, 300)

    def test_sessions_are_not_forgotten_by_a_reset_and_none_comes_twice_without_need(self):
        peer, charger, seen = Peer(self, self.broker), Charger(self, self.broker.port), {}
        self.charge(charger, 10)
        charger.soon(52, lambda: peer.all(BASE + "record"), "the first session")
        charger.at(60, self.broker.kill)
        self.charge(charger, 65)
        charger.at(110, lambda: charger.world.reset("watchdog"))
        charger.at(130, lambda: self.returns(peer))
        charger.soon(131, lambda: len(peer.all(BASE + "record")) == 2, "the second session", within_s=90)
        charger.at(230, lambda: charger.world.reset("power"))
        charger.at(260, lambda: seen.update(end=charger.fact()))
        charger.run(261)
        self.assertEqual([record["number"] for record in peer.all(BASE + "record")], [1, 2])
        self.assertEqual((seen["end"]["state"], seen["end"]["queued"]), ("connected", 0))

    def test_frozen_it_is_left_within_the_keep_alive_and_what_it_had_set_falls_back(self):
        peer, charger, seen = Peer(self, self.broker), Charger(self, self.broker.port), {}
        charger.at(5, charger.ev(plugged=True))
        charger.at(20, lambda: peer.say(BASE + "cmd/set_ceiling", {"source": "home", "limit_ma": 16000, "failsafe_ma": 7000}))
        charger.soon(20, lambda: peer.all(BASE + "result"), "the answer")
        charger.at(30, charger.forget_lateness)
        charger.at(40, lambda: (self.broker.freeze(), charger.be_impatient(300)))
        charger.at(80, lambda: seen.update(left=charger.fact()))
        charger.at(110, lambda: seen.update(limit_ma=charger.fact("limit_ma"), fault=[f["name"] for f in charger.fact("faults")]))
        charger.at(111, lambda: (self.broker.thaw(), charger.be_patient()))
        charger.soon(111, lambda: charger.fact()["state"] == "connected", "connected again", within_s=90)
        charger.at(200, lambda: seen.update(limit_again_ma=charger.fact("limit_ma"), late=charger.worst_lateness_ms()))
        charger.run(201)
        self.assertEqual(seen["left"]["reason"], "timeout")
        self.assertEqual((seen["limit_ma"], seen["limit_again_ma"]), (7000, 16000))
        self.assertIn("source_silent", seen["fault"])
        self.assertEqual(self.opened(charger, 20)[:-1], [])
        self.assertLessEqual(seen["late"], LATE_MS)

    def test_waits_grow_and_are_never_exactly_as_long_as_the_neighbours(self):
        waits = []
        for seed in (1, 2):
            charger = Charger(self, 1)
            charger.twin.hal.random.seed(seed)
            tried = []

            def watch(charger=charger, tried=tried):
                from firmware.services.mqtt import service
                real = service.open_link
                service.open_link = lambda *args: tried.append(charger.clock.now_us) or real(*args)
            charger.at(0.3, watch)
            charger.run(160)
            gaps = [(after - before) // 1000 for before, after in zip(tried, tried[1:])]
            self.assertLess(gaps[0], 3000)
            self.assertEqual(sorted(gaps), gaps)
            self.assertLessEqual(max(gaps), 60000 + 15000 + 500)
            self.assertGreaterEqual(gaps[-1], 32000)
            waits.append(gaps)
        self.assertNotEqual(waits[0], waits[1])

    def test_home_assistants_birth_lets_it_hear_everything_again(self):
        peer, charger, seen = Peer(self, self.broker), Charger(self, self.broker.port), {}
        config = "homeassistant/device/mode3-M3-TWIN-0001/config"
        charger.soon(5, lambda: peer.all(config) and peer.all(BASE + "diagnostics"), "announced, up to the last document")
        charger.at(20, lambda: seen.update(before=len(peer.all(config)), documents=len(peer.all(BASE + "faults"))))
        charger.at(20.1, lambda: peer.say("homeassistant/status", "online"))
        charger.soon(26, lambda: len(peer.all(config)) > seen["before"] and len(peer.all(BASE + "faults")) > seen["documents"],
                     "announced again, and all told again")
        charger.run(41)
        until(lambda: peer.all(BASE + "online")[-1:] == ["offline"], "the last will, after everything else")
        self.assertEqual((seen["before"], len(peer.all(config))), (1, 2))

    def test_switched_off_it_takes_its_leave(self):
        peer, charger, seen = Peer(self, self.broker), Charger(self, self.broker.port), {}
        charger.at(10, lambda: charger.app.settings.set_many({"mqtt.enabled": False}))
        charger.at(20, lambda: seen.update(fact=charger.fact()))
        charger.run(21)
        until(lambda: peer.all(BASE + "online") == ["online", "offline"], "offline is said")
        self.assertEqual(seen["fact"]["state"], "off")
        until(lambda: peer.newest("homeassistant/device/mode3-M3-TWIN-0001/config") == "", "Home Assistant forgets the device")


class Hostile(threading.Thread):
    """A broker that welcomes everybody, then sends the next of its floods and waits, or hangs up."""

    WELCOME = b"\x20\x02\x00\x00\x90\x03\x00\x01\x01\x90\x03\x00\x02\x01"
    FLOODS = (b"", b"\xff" * 100000, b"\x00" * 100000, b"\x30\xff\xff\xff\x7f" + b"x" * 100000,
              b"\x30\xff\xff\x03\x00\x01a" + b"y" * 65532, b"\x34\x07\x00\x01t\x00\x01hi" * 9, b"HTTP/1.1 200 OK\r\n\r\n" * 99)

    def __init__(self, test):
        super().__init__(daemon=True)
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(8)
        self.port = self._listener.getsockname()[1]
        self.met = 0
        test.addCleanup(self._listener.close)
        self.start()

    def run(self):
        kept = []
        while True:
            try:
                client = self._listener.accept()[0]
                client.settimeout(0.5)
                client.sendall(self.WELCOME + self.FLOODS[self.met % len(self.FLOODS)])
            except OSError:
                if self._listener.fileno() < 0:
                    return
            self.met += 1
            kept.append(client)
            if self.met % 2:
                client.close()


class TestHostile(unittest.TestCase):
    def test_whatever_a_broker_sends_the_vehicle_charges_on_time_and_the_reason_is_known(self):
        broker = Hostile(self)
        charger, seen = Charger(self, broker.port, turn_ms=1000), {"reasons": set()}
        charger.at(5, charger.ev(plugged=True))
        charger.at(30, charger.forget_lateness)
        for second in range(31, 140):
            charger.at(second, lambda: seen["reasons"].add(charger.fact()["reason"]))
        charger.at(140, lambda: seen.update(contactor=charger.fact("contactor"), late=charger.worst_lateness_ms()))
        charger.run(141)
        self.assertEqual(seen["contactor"], "closed")
        self.assertLessEqual(seen["late"], LATE_MS)
        self.assertGreaterEqual(broker.met, len(broker.FLOODS) - 1)
        self.assertLessEqual(seen["reasons"] - {""}, {"protocol", "closed", "timeout", "too_much"})
        self.assertIn("protocol", seen["reasons"])


@needs_mosquitto
class TestTls(unittest.TestCase):
    def connect(self, authority, certificate, key, **settings):
        """The fact mqtt of a charger that tries a broker with that certificate. `peer`: a client certificate it shows."""
        broker = Mosquitto(self, ["certfile " + certificate, "keyfile " + key, "cafile " + authority.path,
                                  "require_certificate " + ("true" if "mqtt__key" in settings else "false")])
        seen = {}
        charger = Charger(self, None, mqtt__enabled=True, mqtt__host="localhost", mqtt__port=broker.port, mqtt__tls=True,
                          **settings)
        charger.at(4, lambda: seen.update(charger.fact()))
        charger.run(5)
        return seen["state"], seen["reason"]

    def test_with_its_ca_and_a_certificate_of_its_own_it_connects_whatever_became_of_line_breaks(self):
        ca = Authority(self)
        own, own_key = ca.sign("wallbox")
        self.assertEqual(self.connect(ca, *ca.sign("broker"), mqtt__ca=one_line(ca.path), mqtt__certificate=one_line(own),
                                      mqtt__key=one_line(own_key)), ("connected", ""))

    def test_what_is_wrong_with_the_brokers_certificate_is_named(self):
        ca, other = Authority(self), Authority(self, "Another CA")
        good = ca.sign("broker")
        for certificate, trusted, reason in (
                (ca.sign("broker", days=-1), ca, "tls_expired"), (good, other, "tls_unknown_ca"),
                (ca.sign("broker", "elsewhere.example"), ca, "tls_host_name")):
            with self.subTest(reason=reason):
                self.assertEqual(self.connect(ca, *certificate, mqtt__ca=one_line(trusted.path)), ("waiting", reason))

    def test_without_a_ca_or_with_rubbish_for_one_nothing_is_trusted(self):
        ca = Authority(self)
        good = ca.sign("broker")
        for text in ("", "-----BEGIN CERTIFICATE-----AAAA-----END CERTIFICATE-----", "nothing"):
            self.assertEqual(self.connect(ca, *good, mqtt__ca=text), ("waiting", "bad_certificate"))

    def test_a_broker_that_wants_a_certificate_refuses_a_charger_without_one(self):
        ca = Authority(self)
        certificate, key = ca.sign("broker")
        broker = Mosquitto(self, ["certfile " + certificate, "keyfile " + key, "cafile " + ca.path, "require_certificate true"])
        charger, seen = Charger(self, None, mqtt__enabled=True, mqtt__port=broker.port, mqtt__host="localhost", mqtt__tls=True,
                                mqtt__ca=one_line(ca.path)), {}
        charger.at(4, lambda: seen.update(charger.fact()))
        charger.run(5)
        self.assertEqual(seen["state"], "waiting")
        self.assertIn(seen["reason"], ("tls", "closed"))


@needs_mosquitto
class TestAcl(unittest.TestCase):
    def test_who_may_write_only_his_own_topics_is_enough_and_more_is_not_needed(self):
        own = "mode3/M3-TWIN-0001/"
        broker = Mosquitto(self, users={"wallbox": "w", "home": "h"}, acl=(
            "user wallbox", "topic readwrite %s#" % own, "topic read homeassistant/status", "topic write homeassistant/device/#",
            "user home", "topic readwrite #"))
        peer, seen = Peer(self, broker, "home", "h"), {}
        charger = Charger(self, broker.port, mqtt__user="wallbox", mqtt__password="w")
        charger.soon(4, lambda: peer.all(own + "diagnostics"), "documents")
        charger.at(6, lambda: peer.say(own + "cmd/mode", {"mode": "smart"}))
        charger.soon(6, lambda: peer.all(own + "result"), "an answer")
        charger.at(20, lambda: seen.update(mode=charger.fact("mode")))
        charger.run(21)
        self.assertEqual(seen["mode"], "smart")
        self.assertTrue(peer.all("homeassistant/device/mode3-M3-TWIN-0001/config"))


if __name__ == "__main__":
    unittest.main()
