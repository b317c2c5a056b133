# cpython only: the whole firmware on the twin in one process
"""Twenty clients at once, slow ones, greedy ones and broken ones against the real server: the car goes on charging."""

import http.client
import socket
import threading
import time
import unittest

from host_tests.twin.charger import Charger, S
from tools.twin.costs import FLASH_ERASE_US

PACE = 2                # times real time: the clients are real, and the server's patience is in the charger's time
ATTACK_S = (12, 26)
TLS_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x5a" * 508
STATUS = b"GET /api/v1/status HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
LOGIN = b"POST /api/v1/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 36\r\n\r\n" b'{"user": "admin", "password": "abc"}'


class Attack:
    """Clients in threads of their own until stop(). answers: [(kind, status or None)]."""

    def __init__(self, port):
        self.port = port
        self.answers = []
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._again, args=(kind, act), daemon=True) for kind, act, count in (
            ("status", self._whole(STATUS), 20), ("login", self._whole(LOGIN), 2), ("slow", self._slowly, 6),
            ("header", self._flood(b"GET / HTTP/1.1\r\nX-Big: "), 1), ("body", self._flood(
                b"PUT /api/v1/settings HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1048576\r\n\r\n"), 1),
            ("malformed", self._whole(b"\x00\xff GET HTTP\r\n\r\n"), 1), ("tls", self._whole(TLS_HELLO), 1)) for _ in range(count)]

    def start(self):
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._ended.set()
        for thread in self._threads:
            thread.join(10)

    def _again(self, kind, act):
        while not self._ended.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self.port), 2) as sock:
                    sock.settimeout(2)
                    act(sock)
                    line = sock.recv(4096).split(b" ")
                    while sock.recv(4096):
                        continue
                self.answers.append((kind, int(line[1]) if len(line) > 1 else None))
            except (OSError, ValueError):
                self.answers.append((kind, None))
                time.sleep(0.02)

    def _whole(self, data):
        return lambda sock: sock.sendall(data)

    def _slowly(self, sock):
        for byte in b"GET /api/v1/status?" + b"x" * 100:
            if self._ended.wait(0.03):
                return
            sock.sendall(bytes([byte]))

    def _flood(self, start):
        def act(sock):
            sock.sendall(start)
            for _ in range(256):
                sock.sendall(b"x" * 4096)
        return act


class AttacksTest(unittest.TestCase):
    def test_whatever_clients_do_the_car_charges_on_and_the_tick_is_on_time(self):
        charger, seen = Charger(self), {}
        attack = Attack(charger.twin.http_port)

        def begin():
            charger.twin.pace.set_speed(PACE)
            charger.app.lateness.max_ms = 0
            attack.start()

        def end():
            seen.update(open=charger.app.web_desk.server.open_connections(), fact=charger.app.station.facts(),
                        errors=dict(charger.app.errors))
            stopper = threading.Thread(target=lambda: (attack.stop(), ask()), daemon=True)
            stopper.start()
            seen["stopper"] = stopper
            look()

        def look():
            if seen["stopper"].is_alive():
                charger.at(charger.clock.now_us / S + 1, look)
            else:
                charger.twin.end()

        def ask():
            client = http.client.HTTPConnection("127.0.0.1", charger.twin.http_port, timeout=60)
            client.request("GET", "/api/v1/status")
            seen["after"] = client.getresponse().status
        charger.at(3, charger.ev(plugged=True))
        charger.at(ATTACK_S[0], begin)
        charger.at(ATTACK_S[1], end)
        charger.run(ATTACK_S[1] + 600)

        self.assertLess(charger.edges("contacts", True)[-1], 5 * S)
        self.assertEqual(charger.edges("contacts", False, 5 * S), [])
        self.assertEqual((seen["fact"]["overview_state"], seen["fact"]["faults"], seen["errors"]), ("Charging", [], {}))
        self.assertLessEqual(seen["fact"]["lateness_ms"]["max"], FLASH_ERASE_US // 1000 + 5)     # the session's progress is written
        self.assertLessEqual(seen["open"], 4)
        self.assertEqual(seen["after"], 200)
        statuses = {}
        for kind, status in attack.answers:
            statuses.setdefault(kind, set()).add(status)
        # None: shown out without an answer, because somebody else waited; 408: not sent in time; 503: the answer took too long
        for kind, allowed in (("status", {200}), ("login", {403, 429}), ("header", {431}), ("body", {401}), ("malformed", {400}),
                              ("tls", {400}), ("slow", set())):
            self.assertLessEqual(statuses[kind], allowed | {None, 408, 503}, kind)
        good = [status for kind, status in attack.answers if kind == "status"]
        self.assertGreater(good.count(200), 20)


if __name__ == "__main__":
    unittest.main()
