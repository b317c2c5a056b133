"""What a handler answers, and how it is put on the wire: in pieces of half a kilobyte, never as one big string."""
import asyncio
import json

PIECE = 512       # bytes gathered before they are sent: in a heap of many small objects a larger block is soon hard to find
_OPENING = 5      # bytes before a chunk: its size in three digits, end of line
_ENDING = 7       # bytes behind the last one: end of line, an empty chunk
BREATH = 4        # values of a JSON object that are made into text in one turn: each takes a device about a millisecond

_REASONS = {200: "OK", 302: "Found", 304: "Not Modified", 400: "Bad Request", 401: "Unauthorized",
            403: "Forbidden", 404: "Not Found",
            405: "Method Not Allowed", 408: "Request Timeout", 409: "Conflict", 411: "Length Required",
            413: "Payload Too Large", 414: "URI Too Long", 421: "Misdirected Request", 422: "Unprocessable Content",
            429: "Too Many Requests", 431: "Request Header Fields Too Large", 500: "Internal Server Error",
            503: "Service Unavailable", 505: "HTTP Version Not Supported"}

JSON_TYPE = "application/json"
# Everything from ourselves, scripts and styles only as files; nothing may frame the page or lead a form elsewhere.
_POLICY = (
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n")
_SECURITY = "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"


class HttpError(Exception):
    """An answer that is an error: HTTP status, code for programs, message for people, field it is about (or None); rule: of a
    SettingError, or of a file (CsvError, TextError)."""

    def __init__(self, status, code, message, field=None, headers=(), rule=None):
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.headers = headers
        self.rule = rule

    def reply(self):
        """The Reply that says it."""
        error = {"code": self.code, "message": self.message, "field": self.field}
        if self.rule is not None:
            error["rule"] = self.rule
        return Reply(json.dumps({"error": error}), self.status, headers=self.headers)


class Reply:
    """An answer.

    body: str or bytes, or an iterator of them (sent as it comes; length None then means chunked). An empty piece lets others run:
    for iterators that look at much and give little.
    stream: instead of a body, `async stream(write)` writes for as long as it likes. slow: a download, which may take longer than
    other answers.
    """

    def __init__(self, body=b"", status=200, kind=JSON_TYPE, headers=(), length=None, stream=None, slow=False):
        if isinstance(body, str):
            body = body.encode()
        self.status = status
        self.stream = stream
        self.slow = slow
        self.chunked = False
        self._kind = kind
        self._headers = headers
        self._length = length
        if isinstance(body, bytes):
            self._pieces = (body,)
            self._length = len(body) if stream is None else None
        else:
            self._pieces = body

    def _head(self, http_1_1, keep):
        lines = ["HTTP/1.1 %d %s\r\n" % (self.status, _REASONS.get(self.status, "Status")), _SECURITY,
                 "Connection: keep-alive\r\n" if keep else "Connection: close\r\n"]
        if self.status != 304:
            lines.append("Content-Type: %s\r\n" % self._kind)
        cached = policy = False
        for name, value in self._headers:
            cached = cached or name == "Cache-Control"
            policy = policy or name == "Content-Security-Policy"
            lines.append("%s: %s\r\n" % (name, value))
        if not policy:                # a page of another kind may have a stricter one
            lines.append(_POLICY)
        if not cached:
            lines.append("Cache-Control: no-store\r\n")
        self.chunked = self._length is None and self.stream is None and http_1_1
        if self.chunked:
            lines.append("Transfer-Encoding: chunked\r\n")
        elif self._length is not None and self.status != 304:
            lines.append("Content-Length: %d\r\n" % self._length)
        lines.append("\r\n")
        return "".join(lines).encode()

    async def send(self, write, is_head, http_1_1, keep=False):
        """Send head and body by `async write(bytes)`. is_head: the client wants the head alone. keep: the connection goes on."""
        head = self._head(http_1_1, keep)
        if is_head or self.status == 304:
            await write(head)
        elif self.stream is not None:
            await write(head)
            await self.stream(write)
        else:
            await self._send_body(write, head)

    async def _send_body(self, write, head):
        out = Gathered()
        done = out.take(head, 0)
        while done < len(head):
            await write(out.full())
            done = out.take(head, done)
        out.chunked = self.chunked
        made = 0
        for piece in self._pieces:
            made += 1
            if not piece or made % BREATH == 0:
                await asyncio.sleep_ms(0)
            data = piece.encode() if isinstance(piece, str) else piece
            done = out.take(data, 0)
            while done < len(data):
                await write(out.full())
                done = out.take(data, done)
        await write(out.last())

    def close(self):
        """Let go of what the body holds open, sent or not."""
        if hasattr(self._pieces, "close"):
            self._pieces.close()


class Gathered:
    """What is to be sent, in one block of PIECE bytes, used again and again. chunked: what is taken from now on is chunked."""

    def __init__(self):
        self._room = memoryview(bytearray(_OPENING + PIECE + _ENDING))
        self._at = 0
        self._begin = -1              # of the open chunk
        self.chunked = False

    def take(self, data, done):
        """Takes data (bytes) from `done` on, as much as fits; how far it came. Short of the end, full() is to be sent next."""
        if self.chunked and self._begin < 0 and len(data) > done:
            if self._at >= PIECE:
                return done
            self._begin = self._at
            self._at += _OPENING
        count = min(len(data) - done, _OPENING + PIECE - self._at)
        self._room[self._at:self._at + count] = memoryview(data)[done:done + count]
        self._at += count
        return done + count

    def full(self):
        """What is gathered, to be sent before more is taken."""
        self._close()
        end, self._at = self._at, 0
        return self._room[:end]

    def last(self):
        """The same at the end."""
        self._close()
        if self.chunked:
            self._put(b"0\r\n\r\n")
        return self.full()

    def _close(self):
        if self._begin >= 0:
            self._room[self._begin:self._begin + _OPENING] = b"%03x\r\n" % (self._at - self._begin - _OPENING)
            self._put(b"\r\n")
            self._begin = -1

    def _put(self, data):
        self._room[self._at:self._at + len(data)] = data
        self._at += len(data)


def json_pieces(pairs):
    """Pieces of a JSON object from an iterable of (name, value): one value is text at a time."""
    first = True
    for name, value in pairs:
        yield '%s%s: %s' % ("{" if first else ", ", json.dumps(name), json.dumps(value))
        first = False
    yield "{}" if first else "}"


def in_order(names, values):
    """(name, value) pairs of a dict in the order of names: MicroPython's dicts have none."""
    for name in names:
        yield name, values[name]


def json_list_pieces(key, rows):
    """Pieces of {"key": [row, ...]} from an iterable of rows; a None among them lets others run."""
    yield '{"%s": [' % key
    comma = ""
    for row in rows:
        if row is None:
            yield ""
            continue
        yield comma + json.dumps(row)
        comma = ", "
    yield "]}"
