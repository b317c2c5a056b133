"""Sockets for umqtt.simple that give up in time, with TLS: a stand-in for its module `socket`, on both interpreters.

umqtt.simple blocks: `wait_msg()` switches time-outs off, lengths are believed, short reads are not looked for. Here every read is
whole or an error, nothing larger than MAX_READ is kept, and a turn ends when its budget is used up.

The budget is counted in waits, not by a clock: this runs in a worker, where nobody may touch the clock. A wait that brings nothing
costs its SLICE_MS, one that brings something half of it, so that a peer that trickles gains little.
"""

import select
import socket
import sys

from micropython import const

from firmware.services.tls_context import context_from, is_tls, tls_code

SLICE_MS = const(100)
MAX_READ = const(4096)          # bytes of one topic or payload; longer ones are thrown away
MAX_SKIP = const(65536)         # of those; a peer that sends more is left
TURN_BYTES = const(262144)      # a turn takes at most so many
TOO_LONG = b"\x00"              # what is read instead of what was too long: no topic and no JSON
_LENGTH_BYTES = const(4)        # of a packet's length; umqtt.simple would believe any number of them
_BUFFER = const(1400)           # bytes gathered before they are sent: one TCP segment
_IN, _OUT = const(1), const(4)        # poll: readable, writable


class LinkError(Exception):
    """The connection is of no use any more. code: one of reasons.REASONS."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class Streamed:
    """A payload that is made while it is sent: pieces() -> iterator of str; length: of them together, in bytes."""

    def __init__(self, pieces, length):
        self._pieces = pieces
        self._length = length

    def __len__(self):
        return self._length

    def __iter__(self):
        return self._pieces()


if sys.implementation.name == "micropython":
    def _receive(stream, n):
        return stream.read(n)

    def _send(stream, data):
        return stream.write(data)

    def _waiting(stream):
        return False

    def _shake_hands(stream):
        return True           # with the first bytes that are written
else:
    import ssl

    _AGAIN = (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError)

    def _receive(stream, n):
        try:
            return stream.recv(n)
        except _AGAIN:
            return None

    def _send(stream, data):
        try:
            return stream.send(data)
        except _AGAIN:
            return None

    def _waiting(stream):
        return hasattr(stream, "pending") and stream.pending() > 0

    def _shake_hands(stream):
        try:
            stream.do_handshake()
        except _AGAIN:
            return False
        return True


def _refuse_tls(error):
    """Raise LinkError where the TLS library has raised; what is not of it goes on as it is."""
    raise LinkError(tls_code(error)) if is_tls(error) else error


class DeadlineSocket:
    """Has what umqtt.simple uses of a socket. head: first byte of the packet that is read now; None where nobody knows.

    tls: None, or (host name to verify, CA, certificate, key) with the last three as PEM.
    """

    def __init__(self, family, tls, turn_ms):
        self._family = family
        self._tls = tls
        self._turn_ms = turn_ms
        self._left_ms = turn_ms
        self._bytes = TURN_BYTES
        self._raw = None          # the socket, below TLS where there is one
        self._stream = None
        self._poll = None
        self._out = bytearray()
        self._blocking = True
        self._last = None
        self._singles = 0         # bytes read one by one: those of a length
        self.head = None
        self.heard = 0            # bytes received since the turn began

    def begin_turn(self):
        """A new budget."""
        self._left_ms, self._bytes, self.heard = self._turn_ms, TURN_BYTES, 0

    def settimeout(self, seconds):
        """As umqtt.simple 1.5 and later want it: the budget of the turn stands all the same."""
        self._blocking = seconds != 0

    def setblocking(self, blocking):
        """umqtt.simple says True right after it has read a packet's first byte."""
        self._blocking = blocking
        if blocking:
            self.head = self._last[0] if self._last else None
            self._singles = 0

    def connect(self, address):
        """TCP, then TLS where it is wanted. LinkError, OSError."""
        raw = self._raw = self._stream = socket.socket(self._family)
        raw.settimeout(self._turn_ms // 1000 or 1)
        raw.connect(address)
        raw.setblocking(False)
        try:
            raw.setsockopt(6, 1, 1)         # TCP_NODELAY: what belongs together is sent together already
        except OSError:
            self.heard = 0                  # a port without the option is only slower
        if self._tls is not None:
            self._begin_tls(raw)
        self._watch()

    def _watch(self):
        self._poll = select.poll()
        self._poll.register(self._stream, _IN)

    def _begin_tls(self, raw):
        host, ca, certificate, key = self._tls
        try:
            context = context_from(ca, certificate, key)
        except (OSError, ValueError):
            raise LinkError("bad_certificate")
        try:
            self._stream = context.wrap_socket(raw, server_hostname=host, do_handshake_on_connect=False)
            self._watch()
            while not _shake_hands(self._stream):
                self._wait(_IN)
        except (OSError, ValueError) as error:
            _refuse_tls(error)

    def _wait(self, event):
        if self._left_ms <= 0:
            raise LinkError("timeout")
        self._poll.modify(self._stream, event)
        self._left_ms -= SLICE_MS >> 1 if self._poll.poll(SLICE_MS) else SLICE_MS

    def pending(self):
        """True when something has come, or the connection has ended. Costs no time: for the loop."""
        if _waiting(self._stream):
            return True
        self._poll.modify(self._stream, _IN)
        return bool(self._poll.poll(0))

    def _take(self, n):
        """Some bytes, None when none are there. LinkError at the end, or when the turn has had enough."""
        try:
            data = _receive(self._stream, n)
        except (OSError, ValueError) as error:
            _refuse_tls(error)
        if data is None:
            return None
        if not data:
            raise LinkError("closed")
        self.heard += len(data)
        self._bytes -= len(data)
        if self._bytes < 0:
            raise LinkError("too_much")
        return data

    def read(self, n):
        """Exactly n bytes; without blocking what is there, None when nothing is. What is longer than MAX_READ is thrown away."""
        if n < 0 or n > MAX_SKIP:
            raise LinkError("protocol")
        self._singles = self._singles + 1 if n == 1 else 0
        if self._singles > _LENGTH_BYTES + 1:
            raise LinkError("protocol")
        self.flush()
        if not self._blocking:
            self._last = self._take(n)
            return self._last
        if n > MAX_READ:
            self._skip(n)
            return TOO_LONG
        data = b""
        while len(data) < n:
            more = self._take(n - len(data))
            if more is None:
                self._wait(_IN)
            else:
                data = data + more if data else more
        self._last = data
        return data

    def _skip(self, n):
        while n > 0:
            data = self._take(min(n, 512))
            if data is None:
                self._wait(_IN)
            else:
                n -= len(data)

    def write(self, data, length=None):
        """Send data (bytes, bytearray, str or Streamed), of it the first `length` bytes."""
        if isinstance(data, Streamed):
            for piece in data:
                self._gather(piece.encode())
            return
        if isinstance(data, str):
            data = data.encode()
        self._gather(data if length is None else memoryview(data)[:length])

    def _gather(self, data):
        self._out.extend(data)
        if len(self._out) >= _BUFFER:
            self.flush()

    def flush(self):
        """Send what was gathered."""
        if not self._out:
            return
        out, self._out = self._out, bytearray()
        view = memoryview(out)
        done = 0
        while done < len(out):
            try:
                sent = _send(self._stream, view[done:])
            except (OSError, ValueError) as error:
                _refuse_tls(error)
            if sent:
                done += sent
            else:
                self._wait(_OUT)

    def close(self):
        """Sends nothing more. Also the socket below: after a failed handshake MicroPython's TLS leaves it open."""
        self._out = bytearray()
        for stream in (self._stream, self._raw):
            if stream is not None:
                stream.close()
        self._stream = self._raw = None


class Sockets:
    """Stands where umqtt.simple looks for its module `socket`; made for one connection. sock: the newest one."""

    def __init__(self, tls, turn_ms):
        self._tls = tls
        self._turn_ms = turn_ms
        self._family = socket.AF_INET
        self.sock = None

    def socket(self, *_):
        """A DeadlineSocket."""
        self.sock = DeadlineSocket(self._family, self._tls, self._turn_ms)
        return self.sock

    def getaddrinfo(self, host, port, *_):
        """As the module's; blocks until the name is known. An IPv4 address where there is one."""
        try:
            found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
        except OSError:
            raise LinkError("dns")
        if not found:
            raise LinkError("dns")
        for info in found:
            if info[0] == socket.AF_INET:
                return (info,)
        self.sock._family = found[0][0]
        return (found[0],)
