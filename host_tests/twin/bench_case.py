"""A bench at a twin without firmware, and a client that asks it."""
import http.client
import json
import threading
import time
import unittest

from host_tests.twin.probe_board import BOARD, ProbeBoard
from tools.checks.boards import BOARDS
from tools.twin.bench import Bench, bound_socket
from tools.twin.clock import VirtualClock
from tools.twin.runner import NotNow, Pace
from tools.twin.world import World

BOARD_OF_THE_TWIN = json.loads((BOARDS / "twin.json").read_text())
PATIENCE_S = 20             # real seconds


class Desk:
    """A twin without firmware whose clock runs in a thread of its own, and a client for its bench."""

    def __init__(self):
        ready = threading.Event()
        self._stop = False
        self._thread = threading.Thread(target=self._run, args=(ready,))
        self._thread.start()
        ready.wait()
        self.bench = Bench(self, bound_socket(0))
        self.bench.start()

    def _run(self, ready):
        self.can_advance = True
        self.clock = VirtualClock(speed=1)
        self.world = World(self.clock, ProbeBoard(self.clock), BOARD)
        self.pace = Pace(self.clock)
        self.utc_set = []
        self.all_facts = self.facts
        self.set_utc = self.utc_set.append
        ready.set()
        self.clock.run_until(lambda: self._stop)
        self.clock.close()

    def facts(self, name=None):
        raise NotNow("there is no charger here")

    def close(self):
        self.bench.stop()
        self._stop = True
        self.clock.wake()
        self._thread.join()

    def call(self, method, path, body=None, headers=None):
        """(status, decoded JSON). `body` is an object, or bytes as they are."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        client = http.client.HTTPConnection("127.0.0.1", self.bench.port, timeout=PATIENCE_S)
        client.request(method, path, body, headers or {})
        answer = client.getresponse()
        data = answer.read()
        client.close()
        kind = answer.getheader("Content-Type", "")
        return answer.status, json.loads(data) if kind.startswith("application/json") else data.decode()

    def post(self, verb, body):
        return self.call("POST", "/api/" + verb, body)

    def state(self):
        return self.call("GET", "/api/state")[1]

    def now_ms(self):
        """Without an event the clock moves on with the calls: the second one sees the first one's time."""
        self.state()
        return self.state()["t_ms"]


class BenchCase(unittest.TestCase):
    def until(self, true):
        """Wait in real time until true() is."""
        end = time.monotonic() + PATIENCE_S
        while not true():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.005)

    def setUp(self):
        self.desk = Desk()
        self.addCleanup(self.desk.close)

    def refused(self, verb, body, status, code, field):
        got, answer = self.desk.post(verb, body)
        self.assertEqual(got, status, answer)
        self.assertEqual(set(answer), {"error"})
        self.assertEqual((answer["error"]["code"], answer["error"]["field"]), (code, field))
        return answer["error"]["message"]
