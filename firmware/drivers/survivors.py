"""Trips that a reset must not end, in RTC memory: it outlives everything but the loss of supply.

Twelve bytes behind the reset marker's block: magic, trip bits, CRC-32. No wear, no stall: written whenever the bits change.
"""

import binascii
import struct

import machine
from micropython import const

from firmware.drivers.reset_marker import LENGTH as OFFSET

_MAGIC = b"M3T1"
_LENGTH = const(12)
_LAYOUT = "<4sI"
END = OFFSET + _LENGTH          # what stands behind belongs to others


def read():
    """The trip bits that were kept; 0 when there are none (after power-on), or the block is not whole."""
    block = machine.RTC().memory()[OFFSET:OFFSET + _LENGTH]
    if len(block) < _LENGTH or struct.unpack("<I", block[8:])[0] != binascii.crc32(block[:8]) & 0xFFFFFFFF:
        return 0
    magic, bits = struct.unpack(_LAYOUT, block[:8])
    return bits if magic == _MAGIC else 0


def keep(bits):
    """Write the bits (0 to 2**30 - 1)."""
    rtc = machine.RTC()
    data = rtc.memory()
    if len(data) < OFFSET:
        data = data + bytes(OFFSET - len(data))
    block = struct.pack(_LAYOUT, _MAGIC, bits)
    rtc.memory(data[:OFFSET] + block + struct.pack("<I", binascii.crc32(block) & 0xFFFFFFFF) + data[OFFSET + _LENGTH:])
