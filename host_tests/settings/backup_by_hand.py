"""A backup as docs/backup.md describes it, written anew with CPython's own hashlib, hmac and zlib: what ours is held against."""
import hashlib
import hmac
import struct
import zlib


def _keys(password, salt, iterations):
    key = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    return [hmac.digest(key, use, "sha256") for use in (b"encrypt", b"authenticate")]


def _xor(text, key):
    out = b""
    for number in range((len(text) + 31) // 32):
        block = text[32 * number:32 * number + 32]
        out += bytes(a ^ b for a, b in zip(block, hmac.digest(key, struct.pack("<I", number), "sha256")))
    return out


def seal(text, password, salt, iterations, version=1):
    """The file's bytes."""
    encrypt, authenticate = _keys(password, salt, iterations)
    data = b"M3BK" + bytes((version, 0, 0, 0)) + struct.pack("<I", iterations) + salt + _xor(text, encrypt)
    data += hmac.digest(authenticate, data, "sha256")
    return data + struct.pack("<I", zlib.crc32(data))


def open_it(data, password):
    """The text; ValueError where the tag is wrong."""
    iterations, salt = struct.unpack("<I16s", data[8:28])
    encrypt, authenticate = _keys(password, salt, iterations)
    if hmac.digest(authenticate, data[:-36], "sha256") != data[-36:-4]:
        raise ValueError("tag")
    return _xor(data[28:-36], encrypt)
