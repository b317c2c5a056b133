"""The frame around every record on flash: what it is, how long, which one, and whether it is whole.

    type u8 · version u8 · length u16 · number u32 · payload · length u16 again · CRC-32 u32      (little-endian)

The CRC covers everything before it. The second length lets a log be read backwards from its end. The
layout is a promise: README.md in this folder says how it may grow.
"""

import struct

from micropython import const

from firmware.storage.crc import crc32

HEADER_BYTES = const(8)
TRAILER_BYTES = const(6)
OVERHEAD_BYTES = const(14)
MAX_PAYLOAD_BYTES = const(512)
MAX_NUMBER = 0xFFFFFFFF


def pack(kind, version, number, payload):
    """One framed record as bytes. ValueError when kind or version is not 1..254, number not a u32 or payload too long.

    0 and 255 are no kinds, so that wiped and erased flash never look like a record.
    """
    length = len(payload)
    if not 1 <= kind <= 254 or not 1 <= version <= 254:
        raise ValueError("record type and version must be 1..254")
    if length > MAX_PAYLOAD_BYTES:
        raise ValueError("record payload of %d bytes, allowed are %d" % (length, MAX_PAYLOAD_BYTES))
    if not 0 <= number <= MAX_NUMBER:
        raise ValueError("record number must be 0..4294967295")
    body = struct.pack("<BBHI", kind, version, length, number) + bytes(payload) + struct.pack("<H", length)
    return body + struct.pack("<I", crc32(body))


def header(data, offset=0):
    """(kind, version, length, number) at `offset`, or None when no record can begin there. Checks no CRC."""
    if len(data) - offset < HEADER_BYTES:
        return None
    kind, version, length, number = struct.unpack_from("<BBHI", data, offset)
    if not 1 <= kind <= 254 or not 1 <= version <= 254 or length > MAX_PAYLOAD_BYTES:
        return None
    return kind, version, length, number


def unpack(data):
    """(kind, version, number, payload) of one whole framed record, or None when it is damaged or cut."""
    found = header(data)
    if found is None:
        return None
    kind, version, length, number = found
    end = HEADER_BYTES + length
    if len(data) != length + OVERHEAD_BYTES:
        return None
    length_again, crc = struct.unpack_from("<HI", data, end)
    if length_again != length or crc != crc32(memoryview(data)[: end + 2]):
        return None
    return kind, version, number, bytes(memoryview(data)[HEADER_BYTES:end])
