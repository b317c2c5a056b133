"""A package's manifest: what it is, which files it has, signed. docs/update.md has the format.

Read as it comes, a line in memory at a time; nothing in it counts before the signature at its end was checked.
"""

import binascii
import hashlib

from micropython import const

from firmware.services.ota.refusal import UpdateError

FORMAT = "mode3-manifest 1"
MOST_BYTES = const(65536)
MOST_FILES = const(400)
MOST_FILE_BYTES = const(262144)
MOST_TOTAL_BYTES = const(1572864)
_LONGEST_LINE = const(1024)      # the signature's
_LONGEST_PATH = const(100)
_NOTES_BYTES = const(1200)
_SIGNATURE_BYTES = const(384)
_FOLDERS = ("firmware", "lib")   # of a slot: nothing else is replaced, and least of all what lies beside the slots
_HEAD = ("version", "date", "board", "boot")


def version_from_text(text):
    """(1, 4, 0) of "1.4.0": three numbers below 10000 without leading zeros. ValueError."""
    parts = text.split(".")
    if len(parts) != 3:
        raise ValueError("a version has three numbers: " + text)
    numbers = []
    for part in parts:
        if not _is_number(part, 4):
            raise ValueError("a version has three numbers: " + text)
        numbers.append(int(part))
    return tuple(numbers)


def check_path(path):
    """UpdateError "bad_path" unless the path lies in a folder of a slot and is written in the one plain way."""
    parts = path.split("/")
    good = 0 < len(path) <= _LONGEST_PATH and len(parts) > 1 and parts[0] in _FOLDERS
    for part in parts:
        good = good and 0 < len(part) and part[0] != "."
    for char in path:
        good = good and ("a" <= char <= "z" or "A" <= char <= "Z" or "0" <= char <= "9" or char in "._-/")
    if not good:
        raise UpdateError("bad_path", path[:60])


def entry_from_line(line):
    """(bytes, SHA-256 in hex, path) of a line "file …". UpdateError."""
    parts = line.split(" ")
    if len(parts) != 4 or parts[0] != "file" or not _is_number(parts[1], 7) or not _is_hex(parts[2], 64):
        raise UpdateError("bad_manifest", line[:60])
    check_path(parts[3])
    size = int(parts[1])
    if size > MOST_FILE_BYTES:
        raise UpdateError("too_large", parts[3][:60])
    return size, parts[2], parts[3]


def entries(path):
    """Yields (bytes, SHA-256 in hex, path) of a manifest on flash. UpdateError, OSError."""
    with open(path, "rb") as file:
        while True:
            line = file.readline()
            if not line:
                return
            if line.startswith(b"file "):
                yield entry_from_line(line[:-1].decode())


class Manifest:
    """Feed it bytes until done. Then version, date, board, boot (lowest version of boot.py), notes, files, total_bytes hold, and
    digest and signature want checking."""

    def __init__(self):
        self.version = self.date = self.board = None
        self.boot = 0
        self.notes = ""
        self.files = 0
        self.total_bytes = 0
        self.done = False
        self.digest = None
        self.signature = None
        self.rest = b""           # bytes after the manifest: a bundle's first file
        self._hash = hashlib.sha256()
        self._bytes = 0
        self._number = 0
        self._line = b""
        self._last_path = ""
        self._has_application = False
        self._ended = False

    def feed(self, data):
        """The next bytes; how many of them belong to the manifest. UpdateError at the first line that cannot be."""
        at = 0
        while not self.done:
            end = data.find(b"\n", at)
            piece = data[at:] if end < 0 else data[at:end + 1]
            self._line = self._line + piece if self._line else piece
            if len(self._line) > _LONGEST_LINE:
                raise UpdateError("bad_manifest", "line %d is too long" % (self._number + 1))
            self._bytes += len(piece)
            if self._bytes > MOST_BYTES:
                raise UpdateError("too_large", "manifest")
            if end < 0:
                return len(data)
            at = end + 1
            line, self._line = self._line, b""
            self._number += 1
            self._take(line)
        self.rest = data[at:]
        return at

    def finish(self):
        """No more bytes come. UpdateError unless the manifest is whole."""
        if not self.done:
            raise UpdateError("unsigned" if self._ended else "bad_manifest", "it ends after line %d" % self._number)

    def _bad(self):
        return UpdateError("bad_manifest", "line %d" % self._number)

    def _take(self, line):
        try:
            text = line[:-1].decode()
        except ValueError:
            raise self._bad()
        word, _, value = text.partition(" ")
        if word == "signature":
            self._sign(value)
            return
        self._hash.update(line)
        number = self._number
        if self._ended:
            raise self._bad()
        if number == 1:
            if text != FORMAT:
                raise self._bad()
        elif number <= 1 + len(_HEAD):
            if word != _HEAD[number - 2]:
                raise self._bad()
            self._head(word, value)
        elif word == "note":
            if self.files or len(self.notes) + len(value) > _NOTES_BYTES:
                raise self._bad()
            self.notes += ("\n" if self.notes else "") + value
        elif word == "file":
            self._file(text)
        elif word == "end":
            self._end(value)
        else:
            raise self._bad()

    def _head(self, word, value):
        if word == "boot":
            if not _is_number(value, 3):
                raise self._bad()
            self.boot = int(value)
            return
        if word == "version":
            try:
                version_from_text(value)
            except ValueError:
                raise self._bad()
            self.version = value
        elif not 0 < len(value) <= 32:
            raise self._bad()
        elif word == "date":
            self.date = value
        else:
            self.board = value

    def _file(self, text):
        size, _, path = entry_from_line(text)
        if path <= self._last_path:          # sorted, so that no path is there twice
            raise self._bad()
        self._last_path = path
        self._has_application = self._has_application or path in ("firmware/app.mpy", "firmware/app.py")
        self.files += 1
        self.total_bytes += size
        if self.files > MOST_FILES or self.total_bytes > MOST_TOTAL_BYTES:
            raise UpdateError("too_large", "%d files, %d bytes" % (self.files, self.total_bytes))

    def _end(self, value):
        if value != "%d %d" % (self.files, self.total_bytes) or not self._has_application:
            raise self._bad()
        self._ended = True

    def _sign(self, value):
        if not self._ended:
            raise self._bad()
        if not _is_hex(value, 2 * _SIGNATURE_BYTES):
            raise UpdateError("bad_signature", "line %d" % self._number)
        self.digest = self._hash.digest()
        self.signature = bytes.fromhex(value)
        self.done = True

    def name(self):
        """The first characters of the digest: tells packages of one version apart."""
        return binascii.hexlify(self.digest).decode()[:16]


def _is_number(text, longest):
    for char in text:
        if not "0" <= char <= "9":
            return False
    return 0 < len(text) <= longest and (text == "0" or text[0] != "0")


def _is_hex(text, length):
    for char in text:
        if not ("0" <= char <= "9" or "a" <= char <= "f"):
            return False
    return len(text) == length
