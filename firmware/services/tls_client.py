"""TLS for connections that we make: the server must show a certificate for its name, signed by the CA that the owner has set.

A handshake is one to two seconds of elliptic curves in which a device's whole interpreter stands still. This is for what can wait:
it shakes hands only while no power flows.
"""

import errno
import sys

from firmware.services.http_client import WAIT_MS, head_of, within
from firmware.services.http_failure import HttpFailure
from firmware.services.tls_context import context_from, is_tls, pem, tls_code
from firmware.services.web.sockets import ConnectionGone, readable, writable

if sys.implementation.name == "micropython":
    def _read(stream, n):
        return stream.read(n)

    def _write(stream, data):
        return stream.write(data)

    def _wanted(error):
        return None           # it gives None where it would wait, and its poller knows the direction: an error is one
else:
    import ssl

    def _read(stream, n):
        return stream.recv(n)

    def _write(stream, data):
        return stream.send(data)

    def _wanted(error):
        if isinstance(error, (ssl.SSLWantReadError, BlockingIOError)):
            return readable
        return writable if isinstance(error, ssl.SSLWantWriteError) else None


async def connected(connection, host, ca, may_stall, proxy=None):
    """A TlsConnection over a sockets.Connection that has opened(). ca: PEM as a form gives it; may_stall(): no power flows; proxy:
    (host and port of the server, log-in or None) where the connection ends at an HTTP proxy.

    HttpFailure: "no_ca", "bad_certificate", "tls", what a proxy may answer; with the first bytes "charging" and "tls_…"."""
    text = pem(ca)
    if not text:
        raise HttpFailure("no_ca")
    try:
        context = context_from(text)
    except (OSError, ValueError):
        raise HttpFailure("bad_certificate", "the CA cannot be read")
    if proxy is not None:
        await _tunnel(connection, proxy)
    try:
        return TlsConnection(connection, context, host, may_stall)
    except (OSError, ValueError) as error:
        if is_tls(error) or not isinstance(error, OSError) or error.errno == errno.ENOMEM:
            raise HttpFailure("tls", str(error)[:80])
        raise HttpFailure("no_connection", host[:60])


async def _tunnel(connection, proxy):
    place, login = proxy
    lines = "CONNECT %s HTTP/1.1\r\nHost: %s\r\n" % (place, place)
    if login is not None:
        lines += "Proxy-Authorization: %s\r\n" % login
    await within(connection.write((lines + "\r\n").encode()), WAIT_MS)
    status, _, rest = await head_of(connection)
    if not 200 <= status < 300:
        raise HttpFailure("http_status", "%d of the proxy" % status)
    if rest:
        raise HttpFailure("bad_answer", "the proxy says too much")


class TlsConnection:
    """Like sockets.Connection. The handshake runs with the first bytes; its failure is an HttpFailure."""

    secure = True

    def __init__(self, connection, context, host, may_stall):
        self.peer = connection.peer
        self._below = connection
        self._may_stall = may_stall
        self._shaken = False       # hands
        self._socket = context.wrap_socket(connection.take(), server_hostname=host, do_handshake_on_connect=False)

    async def opened(self):
        """It has, below."""

    async def read(self, n):
        """At least one and at most n bytes; b"" at the end. Raises ConnectionGone, HttpFailure."""
        return await self._patiently(_read, n, readable)

    async def write(self, data):
        """Send all of data. Raises ConnectionGone, HttpFailure."""
        view = memoryview(data)
        done = 0
        while done < len(view):
            done += await self._patiently(_write, view[done:], writable)

    async def _patiently(self, act, argument, wait):
        """act() as soon as it gives something: TLS may have bytes although the socket is silent, so it is asked first, then waited
        for; the handshake may want the other direction meanwhile."""
        while True:
            if not self._shaken and not self._may_stall():
                raise HttpFailure("charging", "power flows: no handshake now")
            way = wait
            try:
                value = act(self._socket, argument)
            except (OSError, ValueError) as error:
                way = _wanted(error)
                if way is None:
                    raise HttpFailure(tls_code(error), str(error)[:80]) if is_tls(error) else ConnectionGone(error.errno)
                value = None
            if value is not None:
                self._shaken = True
                return value
            await way(self._socket)

    def close(self):
        """Also the socket below: after a failed handshake MicroPython's TLS leaves it open."""
        self._socket.close()
        self._below.close()
