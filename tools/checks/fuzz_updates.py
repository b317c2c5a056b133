"""Fuzzing of what an update server may send, and of what stands in RTC memory. Targets as in fuzz_targets.py."""

import machine

from firmware.drivers import last_words
from firmware.services import http_client
from firmware.services.ota import manifest as manifests
from firmware.services.ota.manifest import Manifest
from firmware.services.ota.refusal import REASONS, UpdateError
from tools.checks.fuzz import TOKENS, need
from tools.checks.fuzz_base import Target, played

CODES = {row[0] for row in REASONS}
MANIFEST = b"""mode3-manifest 1
version 1.4.0
date 2026-11-20
board any
boot 0
note What is new.
file 3 %s firmware/app.mpy
file 40 %s lib/more.mpy
end 2 43
signature %s
""" % (b"ab" * 32, b"cd" * 32, b"0f" * 384)
ANSWER = b"HTTP/1.1 206 Partial Content\r\nContent-Length: 9\r\nContent-Range: bytes 5-13/14\r\nLocation: /x\r\n\r\nthe bytes"


class UpdateManifest(Target):
    """Refused with a code of the table, or whole: then every path lies in a folder of the slot, and sizes add up."""

    name = "update_manifest"
    seeds = (MANIFEST, MANIFEST + b"the first file", MANIFEST[:300])
    tokens = TOKENS + (b"file ", b"../", b"/", b"end ", b"signature ", b"note ", b" firmware/", b"\n", b"ab" * 32)

    def run(self, data):
        found, at = Manifest(), 0
        try:
            while at < len(data) and not found.done:
                step = 1 + (data[at] * 7) % 200
                found.feed(data[at:at + step])
                at += step
            found.finish()
        except UpdateError as error:
            need(error.code in CODES, "no such code: " + error.code)
            return
        manifests.version_from_text(found.version)
        total, last = 0, ""
        for line in data.split(b"\nsignature ")[0].split(b"\n"):
            if line.startswith(b"file "):
                size, _, path = manifests.entry_from_line(line.decode())
                need(path.split("/")[0] in ("firmware", "lib") and ".." not in path and path > last, "it takes " + path)
                total, last = total + size, path
        need(total == found.total_bytes <= manifests.MOST_TOTAL_BYTES, "sizes do not add up")


class _Connection:
    """What a server sent, a few bytes at a time; nobody waits."""

    def __init__(self, data):
        self._data, self.closed = data, False

    async def read(self, n):
        piece, self._data = self._data[:min(n, 40)], self._data[min(n, 40):]
        return piece

    def close(self):
        self.closed = True


class HttpAnswer(Target):
    """A failure with a code of the table, or an answer whose body is never longer than it said."""

    name = "http_answer"
    seeds = (ANSWER, b"HTTP/1.0 200 OK\r\n\r\nall there is", b"HTTP/1.1 302 Found\r\nLocation: http://else.where/x\r\n\r\n")
    tokens = TOKENS + (b"Content-Length: ", b"Transfer-Encoding: chunked", b"\r\n", b"\r\n\r\n", b"HTTP/1.1 ", b"99999999999")

    def run(self, data):
        real, http_client.within = http_client.within, self._at_once
        try:
            connection = _Connection(data)
            answer = http_client.Answer(connection, *played(http_client.head_of(connection)))
            need(100 > len(answer.headers) and 100 <= answer.status <= 999, "status %d" % answer.status)
            read = 0
            while True:
                piece = played(answer.read())
                if not piece:
                    break
                read += len(piece)
            need(answer.length is None or read == answer.length, "%d bytes of %s" % (read, answer.length))
            if "location" in answer.headers:
                http_client.parts_of(http_client.joined("http://server:80/folder/file", answer.headers["location"]))
        except http_client.HttpFailure as failure:
            need(failure.code in CODES, "no such code: " + failure.code)
        finally:
            http_client.within = real

    @staticmethod
    async def _at_once(coroutine, ms):
        return await coroutine


class LastWords(Target):
    """RTC memory of any content: a text, never an exception; what others keep there stays."""

    name = "last_words"
    seeds = (b"x" * 60 + b"M3W1" + b"hang in ui".ljust(28, b"\0") + b"crc!" + b"others", b"", b"x" * 61)

    def run(self, data):
        memory = machine.RTC().memory
        memory(data[:2048])
        found = last_words.take()
        need(found == "" or found.isprintable() and len(found) <= 28, "it reads %r" % found)
        need(memory()[:60] == data[:60] and memory()[96:] == data[96:2048], "what belongs to others is changed")
        last_words.keep("hang in web \x00ä")
        need(last_words.take() == "hang in web ??" and last_words.take() == "", "it does not keep")


TARGETS = (UpdateManifest, HttpAnswer, LastWords)
