"""A connection whose other end says what a test wants: both interpreters, no threads, no waiting for anybody."""
import socket

from firmware.services.mqtt import link as link_module
from firmware.services.mqtt.deadline_socket import DeadlineSocket, Sockets
from firmware.services.mqtt.link import Broker, Message
from host_tests.listening import listen

CONNACK = b"\x20\x02\x00\x00"
SUBACK = b"\x90\x03\x00\x01\x01"
WELCOME = CONNACK + SUBACK
TURN_MS = 200


def publish(topic, payload, first=0x30, pid=b""):
    """A PUBLISH packet."""
    body = len(topic).to_bytes(2, "big") + topic + pid + payload
    length, out = len(body), b""
    while True:
        out += bytes((length & 127 | (128 if length > 127 else 0),))
        length >>= 7
        if not length:
            return bytes((first,)) + out + body


class Wire:
    """far: the other end. Sends `said` when we connect; says(data) sends more, heard() is what we have sent."""

    def __init__(self, said=WELCOME, turn_ms=TURN_MS):
        listener, address = listen()
        self.near = socket.socket()
        self.near.connect(address)
        self.far = listener.accept()[0]
        listener.close()
        self.far.setblocking(False)
        self.turn_ms = turn_ms
        if said:
            self.says(said)

    def says(self, data):
        """As much of it as the system's buffers take; returns how much."""
        done = 0
        while done < len(data):
            try:
                sent = self.far.send(data[done:done + 4096])
            except OSError:
                break
            if not sent:
                break
            done += sent
        return done

    def heard(self):
        out = b""
        while True:
            try:
                data = self.far.recv(4096)
            except OSError:
                return out
            if not data:
                return out
            out += data

    def close(self):
        self.far.close()
        self.near.close()

    def open(self, simple, topics=(b"mode3/M3-1/cmd/+",), user="", password=""):
        """(Link, code) of open_link() over this wire; simple: a module with MQTTClient."""
        wire = self

        class Connected(DeadlineSocket):
            def connect(self, address):
                self._stream = wire.near
                self._stream.setsockopt(6, 1, 1)
                self._stream.setblocking(False)
                self._watch()

        class Ours(Sockets):
            def socket(self, *_):
                self.sock = Connected(0, None, wire.turn_ms)
                return self.sock

        kept, link_module.Sockets = link_module.Sockets, Ours
        try:
            return link_module.open_link(simple, Broker(
                "127.0.0.1", 1883, "mode3-M3-1", user, password, None, Message(b"mode3/M3-1/online", b"offline", True, 1), topics),
                self.turn_ms)
        finally:
            link_module.Sockets = kept
