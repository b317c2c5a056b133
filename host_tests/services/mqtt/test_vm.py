# cpython only: the world's end, with the firmware in a MicroPython process and a broker in another
"""MQTT with the firmware on MicroPython: a real broker, its TLS, and what is wrong with a certificate."""
import unittest

from host_tests.services.mqtt.certificates import Authority, one_line
from host_tests.services.mqtt.charger import BASE, VmCharger
from host_tests.services.mqtt.mosquitto import Mosquitto, Peer, needs_mosquitto


@needs_mosquitto
class TestOnMicroPython(unittest.TestCase):
    def test_it_tells_obeys_and_comes_again(self):
        broker = Mosquitto(self)
        peer, charger, seen = Peer(self, broker), VmCharger(self, broker.port), {}
        charger.soon(3, lambda: peer.all("homeassistant/device/mode3-M3-TWIN-0001/config"), "it is announced")
        charger.at(5, lambda: peer.say(BASE + "cmd/set_ceiling", {"source": "home", "limit_ma": 9000}))
        charger.soon(5, lambda: peer.all(BASE + "result"), "the answer")
        charger.at(9, lambda: seen.update(limit_ma=charger.fact("limit_ma")))
        charger.at(10, broker.kill)
        charger.at(14, lambda: seen.update(away=charger.fact()))
        charger.at(15, lambda: (broker.start(), peer.is_there(), peer.heard.clear()))
        charger.soon(16, lambda: peer.all(BASE + "diagnostics"), "everything again", within_s=20)
        charger.at(36, lambda: seen.update(back=charger.fact()))
        charger.run(37)
        self.assertEqual(seen["limit_ma"], 9000)
        self.assertEqual((seen["away"]["state"], seen["away"]["reason"]), ("waiting", "refused"))
        self.assertEqual((seen["back"]["state"], seen["back"]["reason"]), ("connected", ""))

    def test_a_certificate_is_verified_and_what_is_wrong_with_it_named(self):
        ca, other = Authority(self), Authority(self, "Another CA")
        good, own = ca.sign("broker"), ca.sign("wallbox")
        tries = ((good, ca, {}, "connected", ""), (ca.sign("broker", days=-1), ca, {}, "waiting", "tls_expired"),
                 (good, other, {}, "waiting", "tls_unknown_ca"),
                 (ca.sign("broker", "elsewhere.example"), ca, {}, "waiting", "tls_host_name"),
                 (good, None, {}, "waiting", "bad_certificate"),
                 (good, ca, {"mqtt__certificate": one_line(own[0]), "mqtt__key": one_line(own[1])}, "connected", ""))
        charger, found, wanted = VmCharger(self, 1), [], []
        for number, (certificate, trusted, more, state, reason) in enumerate(tries):
            broker = Mosquitto(self, ["certfile " + certificate[0], "keyfile " + certificate[1], "cafile " + ca.path,
                                      "require_certificate " + ("true" if more else "false")])
            settings = {"mqtt__host": "localhost", "mqtt__tls": True, "mqtt__port": broker.port,
                        "mqtt__ca": one_line(trusted.path) if trusted else "", **more}
            charger.at(2 + 4 * number, charger.set(**settings))
            charger.at(5 + 4 * number, lambda: found.append((charger.fact()["state"], charger.fact()["reason"])))
            wanted.append((state, reason))
        charger.run(6 + 4 * len(tries))
        self.assertEqual(found, wanted)


if __name__ == "__main__":
    unittest.main()
