"""Fuzzing of MQTT: what a broker may send, and what a command may hold. Targets as in fuzz_targets.py."""

import json
import sys

from tools.checks.source import ROOT

sys.path.append(str(ROOT / "lib"))

from umqtt import simple  # found by the path above

from firmware.charging.commands import check_arguments
from firmware.services.mqtt import link as link_module
from firmware.services.mqtt.deadline_socket import MAX_READ, TURN_BYTES, DeadlineSocket, Sockets
from firmware.services.mqtt.link import MAX_IN, Broker, Message, exchange, open_link
from firmware.services.mqtt.orders import Orders
from firmware.services.mqtt.reasons import REASONS
from tools.checks.fuzz import TOKENS, need
from tools.checks.fuzz_base import Target

WELCOME = b"\x20\x02\x00\x00\x90\x03\x00\x01\x01"
TURN_MS = 2000
CODES = [row[0] for row in REASONS]


class _Memory:
    """A stream and its poller: a broker that has said everything already."""

    def __init__(self, data):
        self._data = data
        self.taken = 0

    def recv(self, n):
        if self.taken >= len(self._data):
            raise BlockingIOError
        data = self._data[self.taken:self.taken + n]
        self.taken += len(data)
        return data

    def send(self, data):
        return len(data)

    def close(self):
        self._data = b""

    def modify(self, stream, event):
        self.event = event

    def poll(self, ms):
        return [1] if self.event != 1 or self.taken < len(self._data) else []


class MqttWire(Target):
    """Whatever a broker sends: a turn ends within its bounds, and with a code of the table."""

    name = "mqtt"
    seeds = (
        WELCOME + b"\x30\x0b\x00\x05a/cmd/{}ab" + b"\xd0\x00" + b"\x40\x02\x00\x02",
        WELCOME + b"\x31\x06\x00\x01ahi\n" + b"\x32\x08\x00\x01a\x00\x07{}\n" + b"\x40\x02\x00\x02",
        WELCOME + b"\x30\x82\x10\x00\x02ab" + b"x" * 2046 + b"\xd0\x00",
        WELCOME + b"\x30\xff\xff\x03\x00\x01a" + b"y" * 70000,
        b"\x20\x02\x00\x05", b"\x20\x02\x01\x00\x90\x03\x00\x01\x80",
    )
    tokens = TOKENS + (b"\x30", b"\x31", b"\x34", b"\x40\x02\x00\x02", b"\xd0\x00", b"\x90\x03\x00\x01\x01", b"\xff\xff\xff\x7f",
                       b"\x80" * 6, WELCOME, b"z" * 5000)

    def run(self, data):
        memory = _Memory(data)

        class Ours(Sockets):
            def socket(self, *_):
                self.sock = DeadlineSocket(0, None, TURN_MS)
                self.sock.connect = self._connect
                return self.sock

            def _connect(self, address):
                self.sock._stream = self.sock._poll = memory
                memory.modify(None, 1)

        kept, link_module.Sockets = link_module.Sockets, Ours
        try:
            will = Message(b"o", b"offline", True, 1)
            link, code = open_link(simple, Broker("127.0.0.1", 1883, "m", "", "", None, will, (b"a/#",)), TURN_MS)
        finally:
            link_module.Sockets = kept
        need(code in CODES, "code %r" % code)
        for turn in range(3):
            if link is None or code:
                break
            before = memory.taken
            done, code = exchange(link, [Message(b"t", b"p"), Message(b"r", b"q", False, 1)][:turn], turn == 0)
            need(code in CODES and done in (0, turn), "code %r after %r" % (code, done))
            need(len(link.received) <= 2 * MAX_IN, "%d messages" % len(link.received))
            need(memory.taken - before <= TURN_BYTES + MAX_READ, "%d bytes" % (memory.taken - before))
            for topic, payload, _ in link.received:
                need(len(topic) <= MAX_READ and len(payload) <= MAX_READ, "a long message is kept")
            link.received = []


class _Station:
    """Takes every command that the table allows."""

    class sources:
        @staticmethod
        def is_allowed(source):
            return True

    def command(self, name, args, source):
        check_arguments(name, args)
        return {"result": "accepted"}


class MqttOrders(Target):
    """The payload of a command, its name before a line break: answered, always, with what can be sent."""

    name = "mqtt_orders"
    seeds = (
        b"set_ceiling\n{\"source\": \"home\", \"limit_ma\": 16000, \"request\": \"a7\"}", b"stop\n{}", b"charging\n{\"on\": true}",
        b"update\n{\"install\": true}", b"set_plan\n{\"plan\": [[0, 6000], [900, 0]], \"request\": 5}", b"fly\n{}", b"mode\n",
    )
    tokens = TOKENS + (b"request", b"[" * 500, b"\"request\": [1]", b"\n")

    def __init__(self):
        self._orders = Orders(_Station(), lambda: None)
        self._orders.admin = True

    def run(self, data):
        name, _, payload = data.partition(b"\n")
        name = name.decode("utf-8", "replace")
        answer = self._orders.take(name, payload, len(data) % 7 == 0)
        need(answer["result"] in ("accepted", "refused", "error"), "result %r" % answer["result"])
        text = json.dumps(answer, ensure_ascii=False)
        need(len(text) < 1000, "an answer of %d characters" % len(text))
        json.dumps(answer).encode()


TARGETS = (MqttWire, MqttOrders)
