# cpython only: the world's end, with the firmware in a MicroPython process, a broker and a meter in others
"""Everything connected at once, the firmware on MicroPython: mosquitto, a meter made of pymodbus, cards, Wi-Fi, page and stream."""
import http.client
import json
import threading
import unittest

from host_tests.energy.pymodbus_meter import PymodbusMeter
from host_tests.services.mqtt.charger import BASE, VmCharger
from host_tests.services.mqtt.mosquitto import Mosquitto, Peer, needs_mosquitto, until
from tools.bench.whole import CARD, STRANGER, prepare

DISCOVERY = "homeassistant/device/mode3-M3-TWIN-0001/config"
FACTS = ("session_state", "faults", "network", "power_w", "limit_ma", "meter_source", "mqtt", "contactor", "tasks", "last_refusal")
LATE_MS = 30            # a warning from there on
PATIENCE_S = 60         # real seconds


class Connected(VmCharger):
    def _make_twin(self, **more):
        twin = super()._make_twin(meter="none", **more)
        prepare(self.folder)
        self.meter = PymodbusMeter(twin)
        return twin


class Page(threading.Thread):
    """A browser: fetches the page, keeps its stream open, asks now and then. `events` of the stream, `answers`: (path, status)."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.events, self.answers = port, [], []

    def ask(self, path):
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        client.request("GET", path)
        answer = client.getresponse()
        body = answer.read()
        client.close()
        self.answers.append((path, answer.status))
        return body

    def run(self):
        self.ask("/")
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        client.request("GET", "/api/v1/stream")
        stream = client.getresponse()
        try:
            for line in iter(stream.readline, b""):
                if line.startswith(b"data: "):
                    self.events.append(json.loads(line[6:]))
                    self.ask("/api/v1/status")
        except OSError:
            return                      # the charger has ended
        finally:
            client.close()


@needs_mosquitto
class TestEverythingAtOnce(unittest.TestCase):
    def test_it_charges_meters_tells_and_answers_and_no_tick_is_late(self):
        broker = Mosquitto(self)
        peer, charger, seen = Peer(self, broker), Connected(self, broker.port), {}
        self.addCleanup(charger.meter.close)
        page = Page(charger.twin.http_port)
        charger.soon(1, lambda: charger.twin.hal.fact("uptime_s") is not None, "it has started")
        charger.at(2, page.start)
        charger.soon(2, lambda: page.events, "the page's stream")
        charger.soon(3, lambda: peer.all(DISCOVERY), "Home Assistant hears of it")
        charger.at(4, charger.ev(plugged=True, phases=3, max_current_a=16, soc=0.2))
        charger.at(6, lambda: seen.update(before=charger.fact("session_state")))
        charger.at(6, lambda: charger.world.present_card(CARD))
        charger.at(14, charger.twin.hal.ask_latenesses)
        charger.at(15, lambda: peer.say(BASE + "cmd/set_ceiling", {"source": "home", "limit_ma": 9000}))
        charger.at(18, lambda: charger.world.present_card(STRANGER))
        charger.soon(19, lambda: (peer.newest(BASE + "meter") or {}).get("energy_wh"), "energy over MQTT")
        charger.at(29, charger.twin.hal.ask_latenesses)
        charger.at(30, lambda: seen.update({name: charger.fact(name) for name in FACTS}))
        charger.run(31)
        self.assertEqual(seen["before"], "waiting_authorization")          # until the card came
        self.assertEqual((seen["session_state"], seen["contactor"], seen["faults"]), ("charging", "closed", []))
        self.assertEqual((seen["limit_ma"], seen["power_w"], seen["meter_source"]), (9000, 6168, "meter"))
        self.assertEqual((seen["network"]["ssid"], seen["mqtt"]["state"]), ("home", "connected"))
        self.assertEqual(seen["last_refusal"]["code"], "card_not_the_current_user")
        self.assertEqual([task["name"] for task in seen["tasks"] if task["restarts"]], [])
        self.assertEqual({status for _, status in page.answers}, {200})
        self.assertGreater(len(page.events), 10)
        last = page.events[-1]
        self.assertEqual((last["session_state"], last["limited_by"]), ("charging", "home"))
        until(lambda: peer.newest(BASE + "meter")["energy_wh"] > 30, "the energy of 20 s")
        self.assertEqual(peer.newest(DISCOVERY)["dev"]["sn"], "M3-TWIN-0001")
        late = charger.twin.hal.latenesses
        self.assertGreater(sum(late), 1400)
        self.assertEqual({ms: ticks for ms, ticks in enumerate(late) if ticks and ms > LATE_MS}, {})


if __name__ == "__main__":
    unittest.main()
