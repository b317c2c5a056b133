"""TCP sockets that never block, the same on both interpreters.

MicroPython's streams read whole lines of any length and CPython's keep buffers of their own; here a read never takes
more than it is told to. Waiting is left to asyncio's poller.
"""
import asyncio
import socket
import sys

from firmware.services.udp import AGAIN, ip_of

_TCP, _NODELAY = 6, 1             # not named by every port's socket module

if sys.implementation.name == "micropython":
    # The poller has no public name. Looked up at each call: new_event_loop() replaces it.
    def readable(sock):
        """Await it: something can be read, or the peer has gone."""
        yield asyncio.core._io_queue.queue_read(sock)

    def writable(sock):
        """Await it: something can be written."""
        yield asyncio.core._io_queue.queue_write(sock)

    def _read(sock, n):
        return sock.read(n)

    def _write(sock, data):
        return sock.write(data)
else:
    def _wake(waiter):
        if not waiter.done():
            waiter.set_result(None)

    async def readable(sock):
        """Until something can be read, or the peer has gone."""
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        fd = sock.fileno()
        loop.add_reader(fd, _wake, waiter)
        try:
            await waiter
        finally:
            loop.remove_reader(fd)

    async def writable(sock):
        """Until something can be written."""
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        fd = sock.fileno()
        loop.add_writer(fd, _wake, waiter)
        try:
            await waiter
        finally:
            loop.remove_writer(fd)

    def _read(sock, n):
        return sock.recv(n)

    def _write(sock, data):
        return sock.send(data)


class ConnectionGone(Exception):
    """The peer has closed or reset the connection."""


class Listener:
    """A listening socket on host and port; raises OSError when the port is taken. host "0.0.0.0" means every address."""

    def __init__(self, host, port, backlog):
        info = socket.getaddrinfo(host, port)[0]
        self._socket = socket.socket(info[0])
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind(info[-1])
            self._socket.listen(backlog)
        except OSError:
            self._socket.close()
            raise

    async def wait(self):
        """Wait until a client asks to be let in."""
        await readable(self._socket)

    def accept(self):
        """Let the next client in: a Connection, or None when it has gone again or no socket is left."""
        try:
            sock, address = self._socket.accept()
        except OSError:
            return None
        return Connection(sock, ip_of(address))

    def close(self):
        self._socket.close()


class Connection:
    """One client's socket. peer: its address as text."""

    secure = False

    def __init__(self, sock, peer):
        self.peer = peer
        self._socket = sock
        sock.setblocking(False)
        try:
            sock.setsockopt(_TCP, _NODELAY, 1)   # answers are sent in whole pieces: nothing to wait for
        except OSError:
            self.peer = peer                      # a port without the option is only slower

    async def opened(self):
        """Wait until a connection that we make is there, or has failed: the first write tells which."""
        await writable(self._socket)

    def take(self):
        """The socket itself, for who puts something around it and then owns it."""
        return self._socket

    async def read(self, n):
        """At least one and at most n bytes; b"" at the end. Raises ConnectionGone."""
        while True:
            await readable(self._socket)
            try:
                data = _read(self._socket, n)
            except OSError as error:
                if error.errno in AGAIN:
                    continue
                raise ConnectionGone(error.errno)
            if data is not None:
                return data

    async def write(self, data):
        """Send all of data (bytes or bytearray), waiting where the peer is slow. Raises ConnectionGone."""
        view = memoryview(data)
        done = 0
        while done < len(view):
            try:
                sent = _write(self._socket, view[done:])
            except OSError as error:
                if error.errno not in AGAIN:
                    raise ConnectionGone(error.errno)
                sent = None
            if sent:
                done += sent
            else:
                await writable(self._socket)

    def close(self):
        self._socket.close()
