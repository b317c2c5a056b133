"""A file replaced as a whole: after a power cut it is the old one or the new one, and a damaged one falls back.

    magic "M3" · type u8 · version u8 · length u32 · generation u32 · payload · CRC-32 u32     (little-endian)

`path` is current, `path.old` the generation before it, `path.new` one being written. A new one is read
back before it takes the place, so that bad flash is noticed while the good one still exists.
"""

import errno
import os
import struct

from micropython import const

from firmware.storage import files
from firmware.storage.crc import crc32

_HEADER_BYTES = const(12)
_CHUNK_BYTES = const(256)


class AtomicFile:
    """`kind` and `version` (1..254) say what the payload is; a file of another kind is damage, a newer version too."""

    def __init__(self, path, kind, version=1, max_bytes=32768):
        if not 1 <= kind <= 254 or not 1 <= version <= 254:
            raise ValueError("file type and version must be 1..254")
        self.path = path
        self.kind = kind
        self.version = version
        self.max_bytes = max_bytes
        self._generation = None

    def read(self):
        """(payload, generation, source, damage): source "current", "previous" or "none" (payload None, generation 0);
        damage is a sentence, "" when all is well. A file that never existed is no damage."""
        current, generation, damage = self._load(self.path)
        if current is not None:
            self._generation = generation
            return current, generation, "current", ""
        # Without a current file, a whole new one is a replacement cut between its two renames: it is the latest.
        source = "current"
        payload, generation, _ = self._load(self.path + ".new")
        if payload is None or damage:
            old, old_generation, old_damage = self._load(self.path + ".old")
            if old is not None and (payload is None or old_generation > generation):
                payload, generation = old, old_generation
            if payload is not None:
                source = "previous"
                damage = (damage or self.path + " is missing") + "; generation %d is used" % generation
            else:
                damage = "; ".join([text for text in (damage, old_damage) if text])
        if payload is None:
            source, generation = "none", 0
        self._generation = generation
        return payload, generation, source, damage

    def write(self, payload):
        """Replace the payload (bytes); returns its generation. ValueError when it is too long; OSError from the
        flash, after which the old one still holds."""
        if len(payload) > self.max_bytes:
            raise ValueError("%s: %d bytes, allowed are %d" % (self.path, len(payload), self.max_bytes))
        if self._generation is None:
            self.read()
        generation = self._generation + 1
        new = self.path + ".new"
        self._settle(new)
        header = struct.pack("<2sBBII", b"M3", self.kind, self.version, len(payload), generation)
        with open(new, "wb") as file:
            file.write(header)
            file.write(payload)
            file.write(struct.pack("<I", crc32(payload, crc32(header))))
        if not self._verify(new, generation):
            raise OSError(errno.EIO, new + " reads back wrong")
        if self._verify(self.path, self._generation):
            os.rename(self.path, self.path + ".old")
        os.rename(new, self.path)
        self._generation = generation
        return generation

    def clear(self):
        """Delete it with its previous generation (factory reset)."""
        files.remove(self.path + ".new")
        files.remove(self.path + ".old")
        files.remove(self.path)
        self._generation = 0

    def _settle(self, new):
        # A cut between the renames left the latest generation under the temporary name: give it its place
        # before that name is written again.
        if not files.exists(self.path) and files.exists(new) and self._verify(new, self._generation):
            os.rename(new, self.path)

    def _verify(self, path, generation):
        return generation > 0 and self._check(path)[1] == generation

    def _check(self, path):
        """(payload length, generation, damage) without loading the payload; generation 0 when there is no good file."""
        try:
            with open(path, "rb") as file:
                header = file.read(_HEADER_BYTES)
                if len(header) < _HEADER_BYTES:
                    return 0, 0, path + " is cut short"
                magic, kind, version, length, generation = struct.unpack("<2sBBII", header)
                if magic != b"M3" or kind != self.kind:
                    return 0, 0, path + " is not a file of type %d" % self.kind
                if version > self.version:
                    return 0, 0, path + " has version %d, known is %d" % (version, self.version)
                if length > self.max_bytes:
                    return 0, 0, path + " says it holds %d bytes, allowed are %d" % (length, self.max_bytes)
                crc, left = crc32(header), length
                while left:
                    chunk = file.read(min(left, _CHUNK_BYTES))
                    if not chunk:
                        return 0, 0, path + " is cut short"
                    crc, left = crc32(chunk, crc), left - len(chunk)
                if file.read(5) != struct.pack("<I", crc):
                    return 0, 0, path + " is damaged (CRC)"
                return length, generation, ""
        except OSError as error:
            if error.errno == errno.ENOENT:
                return 0, 0, ""
            return 0, 0, "%s cannot be read (%s)" % (path, error.errno)

    def _load(self, path):
        length, generation, damage = self._check(path)
        if not generation:
            return None, 0, damage
        with open(path, "rb") as file:
            file.seek(_HEADER_BYTES)
            return file.read(length), generation, ""
