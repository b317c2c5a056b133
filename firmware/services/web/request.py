"""Reads one HTTP request with every size checked before memory is spent."""
import json

from firmware.services.web.reply import HttpError
from firmware.services.web.roles import WEB

MAX_LINE = 2048       # bytes of the request line and of one header; a browser's longest are cookies
MAX_HEAD = 8192       # bytes of all lines together
MAX_HEADERS = 48
MAX_BODY = 16384      # bytes; routes may allow less
MAX_UPLOAD = 1638400  # bytes: the largest update bundle; where a handler takes them a piece at a time
_PIECE = 512          # bytes per read
_MAX_DEPTH = 8        # of a JSON body

# Others are read past: a header that nobody looks at costs no memory.
_KEPT = ("host", "content-length", "content-type", "transfer-encoding", "expect", "cookie", "authorization", "origin",
         "x-csrf-token", "x-file-name", "x-backup-password", "if-none-match", "accept-encoding")


class Request:
    """One request. headers: {name in lower case: value}, those of _KEPT only. args: {name: value} of the query, decoded.

    role, user (who logged in, or the token's name) and body are filled in when they are known; source: of its commands, WEB, or
    API for a token; secure: it came over HTTPS. For a body that the handler takes itself, `await read()` gives its next piece
    (bytes, b"" at its end).
    """

    def __init__(self, peer, method, target, http_version, headers):
        self.peer = peer                      # address as text
        self.method = method
        self.path, _, query = target.partition("?")
        self.args = _arguments(query)
        self.http_version = http_version      # "1.0" or "1.1"
        self.headers = headers
        self.content_length = int(headers.get("content-length", "0"))
        self.role = None
        self.user = None
        self.source = WEB
        self.secure = False
        self.body = b""
        self.read = None


class Reader:
    """Lines and bodies of bounded size from a Connection."""

    def __init__(self, connection):
        self._connection = connection
        self._rest = b""
        self._head = 0
        self.started = False      # a first byte has come

    def next(self):
        """The connection goes on with another request."""
        self._head = 0
        self.started = self._rest != b""

    async def _more(self):
        data = await self._connection.read(_PIECE)
        if data:
            self.started = True
        return data

    async def line(self, code):
        """The next line without its end; None when the client closed before a first byte. code: of the error if too long."""
        parts = None
        while True:
            end = self._rest.find(b"\n")
            taken = len(self._rest) if end < 0 else end + 1
            self._head += taken
            if self._head > MAX_HEAD or (len(parts) if parts else 0) + taken > MAX_LINE:
                raise HttpError(414 if code == "uri_too_long" else 431, code, "request line or headers too long")
            if end >= 0:
                line = self._rest[:end] if parts is None else bytes(parts) + self._rest[:end]
                self._rest = self._rest[end + 1:]
                return line[:-1] if line.endswith(b"\r") else line
            if parts is None:
                parts = bytearray()
            parts.extend(self._rest)
            self._rest = await self._more()
            if not self._rest:
                if not self.started:
                    return None
                raise HttpError(400, "bad_request", "the request ends in the middle")

    async def piece(self, most):
        """The next bytes of a body, at most so many, at least one."""
        if not self._rest:
            self._rest = await self._more()
            if not self._rest:
                raise HttpError(400, "bad_request", "the body is shorter than Content-Length says")
        piece, self._rest = self._rest[:most], self._rest[most:]
        return piece

    async def body(self, length):
        """The next length bytes."""
        body = bytearray()
        while len(body) < length:
            body.extend(await self.piece(length - len(body)))
        return bytes(body)


def _bad(message):
    return HttpError(400, "bad_request", message)


def _text(line):
    try:
        return line.decode()
    except ValueError:
        raise _bad("the head is not text")


def _is_method(word):
    for char in word:
        if not "A" <= char <= "Z":
            return False
    return 0 < len(word) <= 16


async def read_head(reader, peer):
    """Read request line and headers; returns a Request without body, or None when nothing was asked.

    Raises HttpError 400, 411, 413, 414, 431, 505."""
    line = await reader.line("uri_too_long")
    if line == b"":
        line = await reader.line("uri_too_long")     # RFC 9112 2.2: one empty line before is forgiven
    if line is None:
        return None
    parts = _text(line).split(" ")
    if len(parts) != 3 or not _is_method(parts[0]):
        raise _bad("not an HTTP request line")
    method, target, version = parts
    if version not in ("HTTP/1.1", "HTTP/1.0"):
        raise HttpError(505, "bad_version", "HTTP/1.0 or HTTP/1.1") if version.startswith("HTTP/") else \
            _bad("not an HTTP request line")
    if not target.startswith("/"):
        raise _bad("the target must be a path")
    for char in target:
        if not "!" <= char <= "~":
            raise _bad("the target holds characters that must be escaped")
    headers = await _headers(reader)
    length = headers.get("content-length", "0")
    if "transfer-encoding" in headers:
        raise HttpError(411, "length_required", "bodies need Content-Length")
    for char in length or "-":                        # isdigit() takes digits that int() does not
        if not "0" <= char <= "9":
            raise _bad("Content-Length is not a number")
    if len(length) > 9 or int(length) > MAX_UPLOAD:
        raise HttpError(413, "payload_too_large", "a body may have %d bytes" % MAX_UPLOAD)
    try:
        return Request(peer, method, target, version[5:], headers)
    except ValueError:
        raise _bad("the query is not well escaped")


def _arguments(query):
    """{name: value} of "a=1&b=x%20y"; of a name that is there twice the last holds. ValueError for a bad escape."""
    found = {}
    for part in query.split("&"):
        if part:
            name, _, value = part.partition("=")
            found[_unescape(name)] = _unescape(value)
    return found


def _unescape(text):
    return unescaped(text.replace("+", " "))


def unescaped(text):
    """Text whose %XX stand for bytes of UTF-8. ValueError for a bad escape."""
    first, *parts = text.split("%")
    out = bytearray(first.encode())
    for part in parts:
        if len(part) < 2 or part[0] in "+- ":       # int() takes a sign and a space
            raise ValueError(part)
        out.append(int(part[:2], 16))
        out.extend(part[2:].encode())
    return bytes(out).decode()


async def _headers(reader):
    headers = {}
    for _ in range(MAX_HEADERS + 1):
        line = await reader.line("headers_too_large")
        if line is None:
            raise _bad("the request ends in the middle")
        if not line:
            return headers
        colon = line.find(b":")
        name = line[:colon] if colon > 0 else b""
        if not name or name.strip() != name:
            raise _bad("a header is not of the form name: value")
        name = _text(name).lower()
        if name in _KEPT:
            value = _text(line[colon + 1:]).strip()
            if name in headers and headers[name] != value and name != "cookie":
                raise _bad("the header %s is there twice" % name)
            headers[name] = value
    raise HttpError(431, "headers_too_large", "at most %d headers" % MAX_HEADERS)


def must_be_ours(request):
    """For what needs no log-in and counts guesses: a foreign page in a browser here shall not use them up. Raises HttpError 403.

    Such a page may send a form or plain text anywhere, but JSON only where that says so (and we never do): through a proxy, whose
    name is not ours, JSON is taken."""
    origin = request.headers.get("origin")
    host = str(request.headers.get("host"))
    if origin not in (None, "http://" + host, "https://" + host) and not request.headers.get("content-type", "").startswith(
            "application/json"):
        raise HttpError(403, "forbidden", "not from another page")


def json_object(body):
    """The JSON object in a body (bytes); an empty body is {}. Raises HttpError 400."""
    if not body:
        return {}
    if not _closes(body):
        raise HttpError(400, "bad_json", "the body is not JSON, or nested deeper than %d" % _MAX_DEPTH)
    try:
        value = json.loads(body.decode())
    except ValueError:
        raise HttpError(400, "bad_json", "the body is not JSON")
    if not isinstance(value, dict):
        raise HttpError(400, "bad_json", "the body must be a JSON object")
    return value


def _closes(body):
    """Whether all brackets are closed, at most _MAX_DEPTH deep: MicroPython takes "{" for {}, CPython recurses.

    A text of 8 kB is passed with one find(), so that a certificate does not hold up the loop."""
    depth = at = 0
    while True:
        quote = body.find(b'"', at)
        depth = _depth_after(body[at:] if quote < 0 else body[at:quote], depth)
        if depth is None:
            return False
        if quote < 0:
            return depth == 0
        at = _end_of_text(body, quote + 1)
        if not at:
            return False


def _depth_after(between, depth):
    """The depth behind bytes outside of texts; None: too deep."""
    for byte in between:
        if byte in b"{[":
            depth += 1
            if depth > _MAX_DEPTH:
                return None
        elif byte in b"}]":
            depth -= 1
    return depth


def _end_of_text(body, at):
    """Where it goes on behind the text that began before `at`; 0: it has no end."""
    while True:
        quote = body.find(b'"', at)
        before = quote
        while before > at and body[before - 1] == 0x5C:
            before -= 1
        if (quote - before) % 2 == 0:          # an even number of backslashes escape each other; none was found: -1 - -1
            return quote + 1
        at = quote + 1
