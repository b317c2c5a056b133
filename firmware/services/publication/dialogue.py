"""A conversation in lines that begin with three digits: what FTP (RFC 959) and SMTP (RFC 5321) have in common."""

import asyncio

from micropython import const

from firmware.services.http_client import CONNECT_MS, WAIT_MS, connect, within
from firmware.services.http_failure import HttpFailure
from firmware.services.web.sockets import ConnectionGone

_LONGEST = const(1024)       # bytes of a line
_MOST_LINES = const(64)


class Dialogue:
    """Over a connection of open_line(). All raise HttpFailure: "no_connection", "no_answer", "bad_answer", or "refused" with what
    the server said; over TLS also what tls_client tells.

    hear(text): gets each line of an answer, where somebody sets it. secret: to be set before a user's name or password is said:
    from there on "refused" tells numbers only, as a server may repeat what it was told. "mail": also RFC 3463's x.y.z."""

    def __init__(self, connection):
        self.peer = connection.peer
        self.hear = None
        self.secret = ""
        self._connection = connection
        self._heard = False
        self._rest = b""

    async def answer(self, *wanted):
        """(code, text of the last line) of the next answer, which must have one of the codes."""
        first = None
        for _ in range(_MOST_LINES):
            line = await self._line()
            code = line[:3]
            if first is None:
                if len(code) < 3 or not code.isdigit():
                    raise HttpFailure("bad_answer", "not a line that begins with a number")
                first = code               # lines between the first and the last may be any text: RFC 959, 4.2
            if self.hear is not None:
                self.hear(_plain(line[4:]))
            if code == first and line[3:4] != b"-":
                number = int(code)
                text = _plain(line[4:])
                if number not in wanted:
                    if self.secret:
                        text = _status(code, text) if self.secret == "mail" else ""
                    raise HttpFailure("refused", ("%d %s" % (number, text[:80])).strip())
                return number, text
        raise HttpFailure("bad_answer", "too many lines")

    async def ask(self, text, *wanted):
        """Say a line, and hear its answer(). Line ends in it are refused: nobody slips an order in."""
        if "\r" in text or "\n" in text:
            raise HttpFailure("bad_address", "a line end in a setting")
        await self.write((text + "\r\n").encode())
        return await self.answer(*wanted)

    async def secure(self, target):
        """TLS from here on. What was said before it does not count: who sits between could have said it. HttpFailure."""
        if self._rest:
            raise HttpFailure("bad_answer", "it says more before TLS than it was asked")
        self._connection = await target.secured(self._connection)

    async def write(self, data):
        """Send bytes as they are."""
        await within(self._connection.write(data), WAIT_MS)

    async def _line(self):
        while True:
            end = self._rest.find(b"\n")
            if end >= 0:
                line, self._rest = self._rest[:end], self._rest[end + 1:]
                return line[:-1] if line.endswith(b"\r") else line
            if len(self._rest) > _LONGEST:
                raise HttpFailure("bad_answer", "a line is too long")
            try:
                piece = await within(self._connection.read(256), WAIT_MS)
            except HttpFailure as failure:
                raise HttpFailure("no_connection", failure.detail) if failure.code == "no_answer" and not self._heard else failure
            if not piece:
                raise HttpFailure("no_answer" if self._heard else "no_connection", "the server ended it")
            self._heard = True
            self._rest += piece

    def close(self):
        """Always, also after an error."""
        self._connection.close()


def _plain(data):
    return "".join([chr(byte) if 32 <= byte < 127 else "?" for byte in data])


def _status(code, text):
    """The enhanced status code "5.7.8" that a text begins with, of the same class as the answer's code; else ""."""
    word = text.partition(" ")[0]
    numbers = word.split(".")
    if len(numbers) != 3 or numbers[0] != code[:1].decode():
        return ""
    for number in numbers:
        if not 1 <= len(number) <= 3 or not number.isdigit():
            return ""
    return word


async def open_line(host, port, to_thread):
    """A connection that is there, or has failed: the first answer tells. HttpFailure "no_connection"."""
    connection = await connect(host, port, to_thread)
    try:
        await asyncio.wait_for_ms(connection.opened(), CONNECT_MS)
    except (ConnectionGone, asyncio.TimeoutError):
        connection.close()
        raise HttpFailure("no_connection", "%s:%d" % (host[:60], port))
    except BaseException:
        connection.close()
        raise
    return connection
