"""HTTPS: the same server behind a second door, for boards that can afford it. Loaded only where web.https is on.

A handshake is half a second to two seconds of elliptic curves, in two pieces in which the whole interpreter stands still. So it
begins only while no power flows, or once in ten minutes: three ticks that are 100 ms late within that time would end the charge.
Until then the client waits outside. It begins with the client's first bytes, not with its connection, so the door is asked again
then; of those under way when power begins to flow only the one that began last goes on. A connection lives on after its answer, so
that a page costs one or two handshakes and not one per file; each takes 21 kB and more, in PSRAM.
"""

import os
import sys

from micropython import const

from firmware.services.web.sockets import ConnectionGone, readable, writable

MAX_SECURE = const(2)             # of the server's connections: one may be a stream
_BETWEEN_MS = const(600000)       # handshakes while power flows
_TICKS_MASK = const(0x3FFFFFFF)
_MICROPYTHON = sys.implementation.name == "micropython"


class Door:
    """What the server asks before it lets a client in. context: of context_from(); calm(): no power flows; ticks_ms()."""

    most = MAX_SECURE

    def __init__(self, context, calm, ticks_ms):
        self._context = context
        self._calm = calm
        self._ticks_ms = ticks_ms
        self._last_ms = None
        self._turn = 0

    def may_begin(self):
        """A handshake may stall the interpreter now."""
        return self._calm() or self._last_ms is None or (self._ticks_ms() - self._last_ms) & _TICKS_MASK >= _BETWEEN_MS

    def let_in(self, connection):
        """The client's Connection made secure; the handshake itself runs with the first bytes read. Raises OSError."""
        return SecureConnection(connection, self._context, self)

    def turn(self, turn):
        """The client's bytes are there, and the next piece of its handshake would run: its turn, None where it must not. turn: what
        was answered before the piece before this one, None at the first."""
        if turn is None:
            if not self.may_begin():
                return None
            self._last_ms = self._ticks_ms()
            self._turn += 1
            return self._turn
        return turn if self._calm() or turn == self._turn else None


def context_from(certificate, key, scratch):
    """The interpreter's TLS context for a server, from DER. scratch: a path that CPython may write for a moment.

    Raises ValueError or OSError when the two cannot be used, ImportError where the interpreter has no TLS."""
    if _MICROPYTHON:
        import tls
        context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context
    import binascii
    import ssl
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    with open(scratch, "w") as file:
        for label, der in (("CERTIFICATE", certificate), ("EC PRIVATE KEY", key)):
            file.write("-----BEGIN %s-----\n%s-----END %s-----\n" % (label, binascii.b2a_base64(der).decode(), label))
    try:
        context.load_cert_chain(scratch)
    finally:
        os.remove(scratch)
    return context


class SecureConnection:
    """Like sockets.Connection. TLS may have bytes ready although the socket is silent, so it is asked first and waited for then."""

    secure = True

    def __init__(self, connection, context, door):
        self.shaken = False        # hands; the door lets it
        self._door = door
        self._turn = None
        self.peer = connection.peer
        self._below = connection
        self._socket = context.wrap_socket(connection.take(), server_side=True, do_handshake_on_connect=False)

    async def read(self, n):
        """At least one and at most n bytes; b"" at the end. Raises ConnectionGone, for whatever TLS dislikes too."""
        return await self._patiently(self._socket.read if _MICROPYTHON else self._socket.recv, n, readable)

    async def write(self, data):
        """Send all of data. Raises ConnectionGone."""
        view = memoryview(data)
        done = 0
        while done < len(view):
            done += await self._patiently(self._socket.write if _MICROPYTHON else self._socket.send, view[done:], writable)

    async def _patiently(self, act, argument, wait):
        """act(argument) as soon as it gives something; the handshake may want the other direction meanwhile."""
        while True:
            if not self.shaken:
                await self._shake(wait)
            way = wait
            try:
                value = act(argument)
            except (OSError, ValueError) as error:
                way = _wanted(error)
                if way is None:
                    raise ConnectionGone("tls")
                value = None
            if value is not None:
                self.shaken = True
                return value
            await way(self._socket)

    async def _shake(self, wait):
        """Before each piece of the handshake. Raises ConnectionGone where it must not run now."""
        if self._turn is None:
            await wait(self._socket)
        self._turn = self._door.turn(self._turn)
        if self._turn is None:
            raise ConnectionGone("no handshake now")

    def close(self):
        self._socket.close()
        self._below.close()        # after a failed handshake MicroPython's TLS leaves its socket open


if _MICROPYTHON:
    def _wanted(error):
        """MicroPython gives None where it would wait, and its poller knows the direction: an error is one."""
        return None
else:
    def _wanted(error):
        """What CPython's TLS waits for, or None when it has failed."""
        import ssl
        if isinstance(error, ssl.SSLWantReadError):
            return readable
        return writable if isinstance(error, ssl.SSLWantWriteError) else None
