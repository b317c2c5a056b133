"""A broker beside a simulated charger: a thread that answers at once, so that runs repeat themselves; it keeps nothing.

MQTT 3.1.1 as far as the charger speaks it. It never says anything by itself: what it answers is what the charger waits for.
"""

import contextlib
import socket
import threading

from tools.twin.ports import free_port

HOST = "127.0.0.1"
_CONNECT, _PUBLISH, _SUBSCRIBE, _PING, _DISCONNECT = 1, 3, 8, 12, 14


class Broker:
    """Listens at `port` from start() to stop(). connections, messages: how many there were; records: of the messages, those that
    were to be acknowledged."""

    def __init__(self):
        self.port = free_port()             # nobody else's connection takes it while the broker is away
        self._server = None
        self._connection = None
        self.connections = self.messages = self.records = 0

    def start(self):
        """Be there; nothing happens when it is already."""
        if self._server is None:
            self._server = server = socket.create_server((HOST, self.port))
            threading.Thread(target=self._serve, args=(server,), name="broker", daemon=True).start()

    def stop(self):
        """Be gone, and whoever is connected loses its connection."""
        server, self._server = self._server, None
        for one in (server, self._connection):
            if one is not None:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
        if server is not None:
            server.close()

    def _serve(self, server):
        with contextlib.suppress(OSError):
            while True:
                connection = server.accept()[0]
                self._connection = connection
                self.connections += 1
                with connection, contextlib.suppress(OSError, EOFError):
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._talk(connection, connection.makefile("rb"))

    def _talk(self, connection, stream):
        while True:
            head = _exactly(stream, 1)[0]
            body = _exactly(stream, _length(stream))
            kind = head >> 4
            if kind == _CONNECT:
                connection.sendall(b"\x20\x02\0\0")
            elif kind == _SUBSCRIBE:
                connection.sendall(b"\x90\x03" + body[:2] + b"\x01")
            elif kind == _PING:
                connection.sendall(b"\xd0\0")
            elif kind == _PUBLISH:
                self.messages += 1
                if head & 6:
                    self.records += 1
                    place = 2 + int.from_bytes(body[:2], "big")
                    connection.sendall(b"\x40\x02" + body[place:place + 2])
            elif kind == _DISCONNECT:
                return


def _exactly(stream, count):
    data = stream.read(count)
    if len(data) < count:
        raise EOFError
    return data


def _length(stream):
    length = shift = 0
    while True:
        byte = _exactly(stream, 1)[0]
        length |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return length
