"""PBKDF2-HMAC-SHA256 (RFC 8018) in slices that a control loop can live with, HMAC, and comparison in constant time.

What it is worth: OWASP asks for 600 000 iterations; Python on an ESP32 makes about two thousand in a second. They make a guess as
many times dearer than a plain hash, no more: who has read the flash and owns a graphics card tries some millions of passwords a
second, so a weak one falls at once and one of ten random characters does not. What protects the log-in is that the file cannot be
read from the network and that guesses there are slowed down.
"""

import asyncio
import hashlib

from micropython import const

LOGIN_ITERATIONS = const(2000)     # about a second on an ESP32 (estimate)
# Iterations at a time: 193 000 instructions of the 32-bit VM, SHA-256 in software (callgrind); 2 to 4 ms on an ESP32 (estimate).
_SLICE = const(6)
_BLOCK = const(64)
_DIGEST = const(32)


def _pad(key, byte):
    """A buffer of block and digest whose first part is the key xor byte."""
    if len(key) > _BLOCK:
        key = hashlib.sha256(key).digest()
    pad = bytearray(_BLOCK + _DIGEST)
    for index in range(_BLOCK):
        pad[index] = byte ^ (key[index] if index < len(key) else 0)
    return pad


def hmac_sha256(key, message):
    """HMAC-SHA256 (RFC 2104) of a short message; both are bytes."""
    inner = hashlib.sha256(memoryview(_pad(key, 0x36))[:_BLOCK])
    inner.update(message)
    outer = _pad(key, 0x5C)
    outer[_BLOCK:] = inner.digest()
    return hashlib.sha256(outer).digest()


def slices(password, salt, iterations, length=_DIGEST):
    """A generator: None after each slice of the work, and the key (bytes) as the last of all. password and salt are bytes."""
    inner, outer = _pad(password, 0x36), _pad(password, 0x5C)
    sha256 = hashlib.sha256
    key = b""
    number = 0
    while len(key) < length:
        number += 1
        digest = hmac_sha256(password, salt + number.to_bytes(4, "big"))
        total = int.from_bytes(digest, "big")
        for done in range(1, iterations):
            inner[_BLOCK:] = digest
            outer[_BLOCK:] = sha256(inner).digest()
            digest = sha256(outer).digest()
            total ^= int.from_bytes(digest, "big")
            if done % _SLICE == 0:
                yield None
        key += total.to_bytes(_DIGEST, "big")
    yield key[:length]


async def derive(password, salt, iterations, length=_DIGEST, progress=None):
    """The key of `length` bytes; others run between the slices. progress(permille) is told how far it has come."""
    done = 0
    slices_of_all = (iterations * ((length + _DIGEST - 1) // _DIGEST)) // _SLICE + 1
    key = None
    for key in slices(password, salt, iterations, length):
        if key is None:
            done += 1
            if progress is not None:
                progress(min(1000, done * 1000 // slices_of_all))
            await asyncio.sleep_ms(0)
    return key


def same(one, other):
    """Whether two byte strings are equal, in a time that depends on their lengths alone."""
    if len(one) != len(other):
        return False
    differing = 0
    for left, right in zip(one, other):
        differing |= left ^ right
    return differing == 0
