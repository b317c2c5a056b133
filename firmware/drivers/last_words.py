"""What ran when the loop stood still, in RTC memory: after the watchdog's reset it is the only witness.

36 bytes behind the lasting trips: magic, text filled with 0, CRC-32. Read once and gone.
"""

import binascii
import struct

import machine
from micropython import const

from firmware.drivers import survivors

_OFFSET = survivors.END
_MAGIC = b"M3W1"
_TEXT = const(28)
_LENGTH = const(36)


def keep(text):
    """Leave a text (28 ASCII characters) for the next start."""
    rtc = machine.RTC()
    data = rtc.memory()
    if len(data) < _OFFSET:
        data = data + bytes(_OFFSET - len(data))
    words = bytes([ord(char) if " " <= char <= "~" else 63 for char in text[:_TEXT]])
    block = _MAGIC + words + bytes(_TEXT - len(words))
    block = block + struct.pack("<I", binascii.crc32(block) & 0xFFFFFFFF)
    rtc.memory(data[:_OFFSET] + block + data[_OFFSET + _LENGTH:])


def take():
    """The text that was left, "" when there is none; the next start will not find it."""
    rtc = machine.RTC()
    data = rtc.memory()
    block = data[_OFFSET:_OFFSET + _LENGTH]
    if len(block) < _LENGTH or block[:4] != _MAGIC:
        return ""
    rtc.memory(data[:_OFFSET] + bytes(_LENGTH) + data[_OFFSET + _LENGTH:])
    if struct.unpack("<I", block[-4:])[0] != binascii.crc32(block[:-4]) & 0xFFFFFFFF:
        return ""
    return "".join([chr(byte) if 32 <= byte < 127 else "?" for byte in block[4:-4].rstrip(b"\0")])
