"""A small HTTP client: never blocks, reads a bounded head and then the body in pieces, each wait with a deadline.

GET with Range and redirects, PUT and POST of a known length or in chunks. GET only by http: what is fetched is signed. What is sent
may go by https where the caller lends the TLS (tls_client.py).
"""

import asyncio
import errno
import socket

from micropython import const

from firmware.services.http_failure import HttpFailure
from firmware.services.udp import ip_of
from firmware.services.web.sockets import Connection, ConnectionGone

CONNECT_MS = 10000
WAIT_MS = 15000           # for the next bytes
_HEAD_BYTES = const(4096)
_PIECE = const(1024)
_MOST_REDIRECTS = const(3)
_LONGEST_URL = const(400)
_BUSY = (errno.EINPROGRESS, errno.EAGAIN, 36, 115, 119)      # a connection that is being made, as the ports call it


def _number(text):
    """A whole number of up to nine plain digits, else -1: isdigit() takes digits that int() does not."""
    for char in text:
        if not "0" <= char <= "9":
            return -1
    return int(text) if 0 < len(text) <= 9 else -1


def parts_of(url, scheme="http"):
    """(host, port, path with its query) of an http URL. HttpFailure "bad_address"."""
    start = scheme + "://"
    if not url.startswith(start) or len(url) > _LONGEST_URL:
        raise HttpFailure("bad_address", url[:60])
    for char in url:
        if not "!" <= char <= "~":       # also no line end: nobody slips a header in
            raise HttpFailure("bad_address", "it holds characters that must be escaped")
    place, slash, path = url[len(start):].partition("/")
    host, colon, port = place.partition(":")
    good = host and "@" not in place and "[" not in place and "?" not in place and "#" not in url
    if not good or colon and not 0 < _number(port) < 65536:
        raise HttpFailure("bad_address", url[:60])
    return host, int(port) if colon else 443 if scheme == "https" else 80, slash + path or "/"


def joined(url, target):
    """The URL that a Location header means, seen from url."""
    if "://" in target:
        return target
    host, port, path = parts_of(url)
    if not target.startswith("/"):
        target = path[:path.rfind("/") + 1] + target
    return "http://%s:%d%s" % (host, port, target)


class Answer:
    """status, headers {lower-case name: value}, the body by read(). length: of the body, None where the connection ends it."""

    def __init__(self, connection, status, headers, rest):
        self.status = status
        self.headers = headers
        self._connection = connection
        self._rest = rest
        length = headers.get("content-length", "")
        if not length:
            self.length = None
        elif _number(length) >= 0:
            self.length = int(length)
        else:
            raise HttpFailure("bad_answer", "Content-Length")
        self._left = self.length

    async def read(self):
        """The next bytes of the body, b"" at its end. HttpFailure "no_answer" when they do not come."""
        if self._left == 0:
            return b""
        piece = self._rest
        if piece:
            self._rest = b""
        else:
            piece = await within(self._connection.read(_PIECE), WAIT_MS)
        if self._left is not None:
            if not piece:
                raise HttpFailure("no_answer", "it ends %d bytes too soon" % self._left)
            piece = piece[:self._left]
            self._left -= len(piece)
        return piece

    def close(self):
        """Always, also after an error."""
        self._connection.close()


async def within(coroutine, ms):
    """What the coroutine returns. HttpFailure "no_answer" when it takes longer, or when the peer goes."""
    try:
        return await asyncio.wait_for_ms(coroutine, ms)
    except asyncio.TimeoutError:
        raise HttpFailure("no_answer", "nothing for %d s" % (ms // 1000))
    except ConnectionGone:
        raise HttpFailure("no_answer", "the connection broke off")


def _resolve(host, port):
    """An IPv4 address where there is one, as the rest of the charger has; blocks: for a worker."""
    found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    for info in found:
        if info[0] == socket.AF_INET:
            return info
    return found[0]


async def connect(host, port, to_thread):
    """A web.sockets.Connection that is being made; its opened() tells when it is. HttpFailure "no_connection"."""
    try:
        info = await to_thread(_resolve, host, port)
    except OSError:
        raise HttpFailure("no_name", host[:60])
    try:
        sock = socket.socket(info[0], info[1], info[2])
    except OSError:
        raise HttpFailure("no_connection", "no socket is free")
    connection = Connection(sock, ip_of(info[-1]))
    try:
        try:
            sock.connect(info[-1])
        except OSError as error:
            if error.errno not in _BUSY:
                raise HttpFailure("no_connection", host[:60])
    except HttpFailure:
        connection.close()
        raise
    return connection


async def _send(connection, pieces):
    """The body in chunks of about a kilobyte."""
    gathered = bytearray()
    for piece in pieces:
        if not piece:
            await asyncio.sleep_ms(0)
        gathered.extend(piece.encode())
        if len(gathered) >= _PIECE:
            await within(connection.write(b"%x\r\n" % len(gathered) + gathered + b"\r\n"), WAIT_MS)
            gathered = bytearray()
    rest = b"%x\r\n" % len(gathered) + gathered + b"\r\n" if gathered else b""
    await within(connection.write(rest + b"0\r\n\r\n"), WAIT_MS)


async def _ask(method, url, headers, to_thread, pieces, length=None, secured=None):
    host, port, path = parts_of(url, "https" if secured else "http")
    place = host if port == (443 if secured else 80) else "%s:%d" % (host, port)
    through = to_thread.proxy_for(host) if hasattr(to_thread, "proxy_for") else None       # of a way_out.WayOut
    connection = await connect(through[0] if through else host, through[1] if through else port, to_thread)
    try:
        if secured is not None:
            connection = await _secured(connection, secured, through and ("%s:%d" % (host, port), to_thread.login))
        elif through is not None:
            path = "http://" + place + path
            if to_thread.login is not None:
                headers += (("Proxy-Authorization", to_thread.login),)
        lines = ["%s %s HTTP/1.1\r\nHost: %s\r\n" % (method, path, place),
                 "User-Agent: Mode3\r\nAccept-Encoding: identity\r\nConnection: close\r\n"]
        for name, value in headers:
            lines.append("%s: %s\r\n" % (name, value))
        lines.append("\r\n")
        try:
            await asyncio.wait_for_ms(connection.opened(), CONNECT_MS)
            await asyncio.wait_for_ms(connection.write("".join(lines).encode()), CONNECT_MS)
        except (ConnectionGone, asyncio.TimeoutError):
            raise HttpFailure("no_connection", "%s:%d" % (host[:60], port))
        if pieces is not None:
            if length is None:
                await _send(connection, pieces)
            else:
                for piece in pieces:
                    await within(connection.write(piece), WAIT_MS)
        status, headers, rest = await head_of(connection)
        if pieces is None and headers.get("transfer-encoding", "identity").lower() != "identity":
            raise HttpFailure("bad_answer", "Transfer-Encoding")
        return Answer(connection, status, headers, rest)
    except BaseException:                # also when whoever waits is cancelled
        connection.close()
        raise


async def _secured(connection, secured, proxy):
    try:
        await asyncio.wait_for_ms(connection.opened(), CONNECT_MS)
    except asyncio.TimeoutError:
        raise HttpFailure("no_connection", connection.peer)
    return await secured(connection, proxy)


async def head_of(connection):
    """(status, headers {lower-case name: value}, bytes after them) of an answer. HttpFailure."""
    head = b""
    while True:
        end = head.find(b"\r\n\r\n")
        if end >= 0:
            break
        if len(head) > _HEAD_BYTES:
            raise HttpFailure("bad_answer", "its head is too long")
        piece = await within(connection.read(_PIECE), WAIT_MS)
        if not piece:
            raise HttpFailure("no_answer" if not head else "bad_answer", "it ends in its head")
        head += piece
    try:
        lines = head[:end].decode().split("\r\n")
    except ValueError:
        raise HttpFailure("bad_answer", "its head is no text")
    words = lines[0].split(" ")
    if len(words) < 2 or not words[0].startswith("HTTP/1.") or not 100 <= _number(words[1]) <= 599:
        raise HttpFailure("bad_answer", "no status line")
    headers = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise HttpFailure("bad_answer", "a header")
        headers[name.lower()] = value.strip()
    return int(words[1]), headers, head[end + 4:]


async def get(url, to_thread, offset=0):
    """An Answer with status 200, or 206 that begins at the offset; a redirection is followed. To be closed. HttpFailure."""
    for _ in range(_MOST_REDIRECTS + 1):
        headers = (("Range", "bytes=%d-" % offset),) if offset else ()
        answer = await _ask("GET", url, headers, to_thread, None)
        status = answer.status
        if status == 200:
            return answer
        begin = answer.headers.get("content-range", "")
        target = answer.headers.get("location", "")
        if status == 206 and offset and begin.startswith("bytes %d-" % offset):
            return answer
        answer.close()
        if status not in (301, 302, 303, 307, 308):
            raise HttpFailure("bad_answer" if status == 206 else "http_status", str(status))
        if not target:
            raise HttpFailure("bad_answer", "a redirection to nowhere")
        url = joined(url, target)
    raise HttpFailure("redirects", url[:60])


async def put(url, to_thread, kind, pieces, length=None, method="PUT", headers=(), secured=None):
    """Send a body as it comes from the iterator `pieces`; the answer's status, 200 to 299. HttpFailure. length: of a body in bytes;
    None: it is text and goes in chunks. headers: further ones, ((name, value), …). secured: for an https URL: async, the connection
    and None or (server, log-in) at a proxy in, a TlsConnection out."""
    headers += (("Transfer-Encoding", "chunked") if length is None else ("Content-Length", str(length)),)
    answer = await _ask(method, url, (("Content-Type", kind),) + headers, to_thread, pieces, length, secured)
    answer.close()
    if not 200 <= answer.status < 300:
        raise HttpFailure("http_status", str(answer.status))
    return answer.status
