# cpython only: virtual time, with stand-ins for all that the service talks to
"""When the service tries to connect, and what it keeps meanwhile."""
import asyncio
import time
import unittest
from types import SimpleNamespace

from firmware.charging.sources import Sources
from firmware.services.mqtt.link import open_link
from firmware.services.mqtt.service import QUEUED_MOST, Mqtt
from firmware.settings.store import Store
from tools.twin import cpython
from tools.twin.clock import VirtualClock


class Station:
    def __init__(self):
        self.sources = Sources()

    def subscribe(self, fn, name):
        self.hear = fn


class Keeper:
    def also_flush(self, save):
        self.save = save


class Clock:
    now_s = 1_790_000_000

    def ticks_ms(self):
        return time.ticks_ms()

    def utc_s(self):
        return self.now_s

    def rfc3339(self, utc_s):
        return str(utc_s)


class Workers:
    """Nobody listens; tried: when it was."""

    def __init__(self):
        self.tried = []

    async def to_thread(self, fn, *args):
        if fn is not open_link:
            raise AssertionError(fn)
        self.tried.append(time.ticks_ms())
        return None, "refused"


class TestService(unittest.TestCase):
    def setUp(self):
        self.virtual = VirtualClock()
        cpython.install(self.virtual)
        self.addCleanup(self.virtual.close)
        self.addCleanup(cpython.uninstall)
        self.station, self.workers, self.clock = Station(), Workers(), Clock()
        self.open = True
        self.settings = Store()
        self.mqtt = Mqtt(self.station, Keeper(), self.clock, self.workers, "", lambda: "M3/1+#", lambda: self.open, lambda: None)

    def run_for(self, seconds, **settings):
        self.settings.set_many({"mqtt." + name: value for name, value in settings.items()}, save=False)
        self.mqtt.apply(self.settings.get)

        async def main():
            task = asyncio.create_task(self.mqtt.run(lambda: None))
            await asyncio.sleep_ms(seconds * 1000)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                return
        asyncio.run(main())
        return [after - before for before, after in zip(self.workers.tried, self.workers.tried[1:])]

    def test_waits_double_up_to_a_minute_and_a_quarter_at_random(self):
        gaps = self.run_for(600, enabled=True, host="broker")
        self.assertGreaterEqual(len(gaps), 12)
        for place, gap in enumerate(gaps):
            least = min(1000 << place, 60000)
            self.assertTrue(least <= gap <= least * 5 // 4 + 500, gaps)
        self.assertEqual(self.mqtt.fact(), {"state": "waiting", "reason": "refused", "queued": 0, "dropped": 0})

    def test_a_handshake_is_tried_once_a_minute_at_most_while_power_flows(self):
        self.open = False
        self.assertGreaterEqual(min(self.run_for(400, enabled=True, host="broker", tls=True)), 60000)

    def test_regression_nor_more_often_when_settings_are_changed_meanwhile(self):
        """Each press of Apply made one at once: the third within ten minutes could end the charge."""
        self.open = False
        for port in (8883, 8884, 8885, 8886):
            self.run_for(20, enabled=True, host="broker", tls=True, port=port)
        self.run_for(100)
        gaps = [after - before for before, after in zip(self.workers.tried, self.workers.tried[1:])]
        self.assertGreaterEqual(min(gaps), 60000)

    def test_without_a_contactor_to_wait_for_a_handshake_is_tried_like_everything_else(self):
        self.assertLess(self.run_for(100, enabled=True, host="broker", tls=True)[0], 2000)

    def test_before_the_clock_is_set_no_certificate_is_believed_and_nothing_tried(self):
        self.clock.now_s = 0
        self.run_for(100, enabled=True, host="broker", tls=True)
        self.assertEqual((self.workers.tried, self.mqtt.fact()["reason"]), ([], "clock_unknown"))

    def test_switched_off_or_without_a_host_nothing_is_tried_and_nothing_kept(self):
        for settings in ({"enabled": False, "host": "broker"}, {"enabled": True, "host": ""}):
            self.run_for(20, **settings)
            self.station.hear("overview", {"overview_state": "Idle"})
            self.assertEqual(self.workers.tried, [])
            self.assertEqual(self.mqtt.fact(), {"state": "off", "reason": "off", "queued": 0, "dropped": 0})

    def test_a_session_that_ends_while_switched_off_is_looked_for_once_it_is_on(self):
        changed = []
        self.mqtt.sessions.changed = lambda: changed.append(True)
        self.run_for(1, enabled=False, host="broker")
        self.station.hear("session_end", {})
        self.assertEqual((changed, self.mqtt.fact()["queued"]), ([True], 0))

    def test_new_settings_are_tried_at_once(self):
        self.run_for(300, enabled=True, host="broker")
        before = len(self.workers.tried)
        self.run_for(1, host="other")
        self.assertEqual(len(self.workers.tried), before + 1)

    def test_of_what_waits_the_oldest_gives_way_and_is_counted(self):
        self.run_for(1, enabled=True, host="broker")
        for number in range(QUEUED_MOST + 5):
            self.station.hear("overview", {"overview_state": str(number)})
        self.assertEqual((self.mqtt.fact()["queued"], self.mqtt.fact()["dropped"]), (QUEUED_MOST, 5))

    def test_a_serial_number_is_one_level_of_a_topic_whatever_is_in_it(self):
        seen = []

        async def to_thread(fn, simple, broker, turn_ms):
            seen.append((broker.client_id, broker.topics, broker.will.topic))
            return None, "refused"
        self.workers.to_thread = to_thread
        self.run_for(1, enabled=True, host="broker")
        self.assertEqual(seen[0], ("mode3-M3-1--", [b"mode3/M3-1--/cmd/+", b"homeassistant/status"], b"mode3/M3-1--/online"))

    def test_regression_others_run_while_the_discovery_message_is_made(self):
        """Some fifteen kilobytes at once held a device's loop up by about a tenth of a second: each time Home Assistant started."""
        self.station.facts = lambda personal: {
            "network": {"ip": "192.168.1.7"}, "ceilings": [{"source": "board", "limit_ma": 16000}], "station_name": None,
            "version": "1.0.0"}
        self.station.core = SimpleNamespace(fitted=SimpleNamespace(phases=3))
        self.station.has_phase_switching = self.station.has_lock = False
        turns = []

        async def others():
            while True:
                turns.append(1)
                await asyncio.sleep_ms(0)

        async def main():
            task = asyncio.create_task(others())
            made = await self.mqtt._discovery()
            task.cancel()
            return made
        made = asyncio.run(main())
        self.assertEqual(len(made), len("".join(made).encode()))
        self.assertIn('"cu": "http://192.168.1.7/"', "".join(made))
        self.settings.set_many({"web.https": True, "web.http": False}, save=False)
        self.mqtt.apply(self.settings.get)
        self.assertIn('"cu": "https://192.168.1.7/"', "".join(asyncio.run(self.mqtt._discovery())))
        self.assertGreater(len(turns), 40)


if __name__ == "__main__":
    unittest.main()
