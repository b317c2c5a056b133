"""A text under a password: encrypted, then authenticated. docs/backup.md has the format and says what it is worth.

    "M3BK" · version u8 · 3 zero bytes · iterations u32 · salt 16 bytes · ciphertext · tag 32 bytes · CRC-32 u32    (little-endian)

    key      = PBKDF2-HMAC-SHA256(password, salt, iterations), 32 bytes
    stream   = HMAC-SHA256(HMAC-SHA256(key, "encrypt"), block number u32), one block after another; ciphertext = text xor stream
    tag      = HMAC-SHA256(HMAC-SHA256(key, "authenticate"), all that stands before it)

The CRC tells a damaged file from a wrong password; it proves nothing. Stock MicroPython has SHA-256 and AES in ECB and CBC; a
stream of HMAC blocks needs no padding, is the same on every interpreter, and rests on what the tag rests on already: that
HMAC-SHA256 looks random to whoever lacks the key. A salt is never used twice, so no part of a stream is.
"""

import binascii
import hashlib
import os
import struct

from micropython import const

from firmware.pbkdf2 import hmac_sha256, same

VERSION = const(1)
ITERATIONS = const(20000)          # some ten seconds on an ESP32 (estimate)
_MOST_ITERATIONS = const(200000)   # a foreign file shall not keep us busy for longer than two minutes
SHORTEST_PASSWORD = const(10)      # characters
LONGEST_PASSWORD = const(64)
_HEAD = "<4sBBBBI16s"
_HEAD_BYTES = const(28)
_BLOCK = const(32)
_END_BYTES = const(36)
_SLICE = const(256)                # bytes of text between two chances for others: eight blocks, some 2 ms on an ESP32 (estimate)


class SealError(Exception):
    """A file that is not opened; code "not_a_backup", "newer_version", "damaged" or "wrong_password"; str() is one sentence."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class _Hmac:
    """HMAC-SHA256 of what comes in pieces, or of many short messages."""

    def __init__(self, key):
        self._outer = bytes([byte ^ 0x5C for byte in key]) + b"\x5c" * 32
        self._inner = bytes([byte ^ 0x36 for byte in key]) + b"\x36" * 32
        self._running = hashlib.sha256(self._inner)

    def update(self, data):
        self._running.update(data)

    def digest(self):
        """Of all updates; once."""
        return hashlib.sha256(self._outer + self._running.digest()).digest()

    def of(self, message):
        """Of one message, beside the updates."""
        return hashlib.sha256(self._outer + hashlib.sha256(self._inner + message).digest()).digest()


def length(text_bytes):
    """Bytes of the file for a text of so many."""
    return _HEAD_BYTES + text_bytes + _END_BYTES


def new_salt():
    """From the chip's random numbers."""
    return os.urandom(16)


def sealing(text, key, salt, iterations=ITERATIONS):
    """The file's bytes, a piece at a time. text: bytes; key: PBKDF2 of the password with salt and iterations."""
    tag = _Hmac(hmac_sha256(key, b"authenticate"))
    piece = struct.pack(_HEAD, b"M3BK", VERSION, 0, 0, 0, iterations, salt)
    tag.update(piece)
    crc = binascii.crc32(piece)
    yield piece
    for piece in _crypted(text, 0, len(text), key):
        tag.update(piece)
        crc = binascii.crc32(piece, crc)
        yield piece
    piece = tag.digest()
    yield piece + struct.pack("<I", binascii.crc32(piece, crc) & 0xFFFFFFFF)


def salt_of(data):
    """(salt, iterations) of a file (bytes) that looks whole. Raises SealError; no password is needed for that."""
    if data[:4] != b"M3BK" or len(data) < 5:
        raise SealError("not_a_backup", "the file is no backup of a charger")
    if data[4] > VERSION:
        raise SealError("newer_version", "the backup has version %d, this firmware knows %d: newer firmware can read it" % (
            data[4], VERSION))
    crc = binascii.crc32(memoryview(data)[:-4]) & 0xFFFFFFFF
    if len(data) < _HEAD_BYTES + _END_BYTES or struct.pack("<I", crc) != bytes(data[-4:]) or not data[4]:
        raise SealError("damaged", "the backup is damaged or cut short")
    _, _, _, _, _, iterations, salt = struct.unpack(_HEAD, data[:_HEAD_BYTES])
    if not 1 <= iterations <= _MOST_ITERATIONS:
        raise SealError("damaged", "the backup asks for %d iterations, allowed are 1 to %d" % (iterations, _MOST_ITERATIONS))
    return salt, iterations


def opening(data, key):
    """A generator: None between slices of work, at last the text (bytes). Raises SealError where the key is not the one that sealed
    data, or somebody changed it: nothing was decrypted then. data: bytes that salt_of() took."""
    view = memoryview(data)
    end = len(data) - _END_BYTES
    tag = _Hmac(hmac_sha256(key, b"authenticate"))
    tag.update(view[:end])
    if not same(tag.digest(), bytes(view[end:end + _BLOCK])):
        raise SealError("wrong_password", "the password is wrong, or the file was changed by somebody")
    yield None
    text = bytearray()
    for piece in _crypted(view, _HEAD_BYTES, end, key):
        text += piece
        yield None
    yield bytes(text)


def _crypted(data, start, end, key):
    """The bytes from start to end xor the stream, a piece at a time; it is its own inverse."""
    stream = _Hmac(hmac_sha256(key, b"encrypt"))
    number = 0
    for at in range(start, end, _SLICE):
        out = bytearray()
        for block in range(at, min(at + _SLICE, end), _BLOCK):
            part = data[block:min(block + _BLOCK, end)]
            pad = stream.of(struct.pack("<I", number))[:len(part)]
            out += (int.from_bytes(part, "big") ^ int.from_bytes(pad, "big")).to_bytes(len(part), "big")
            number += 1
        yield bytes(out)
