"""Why the charger restarted: a small block in RTC memory, which survives every reset but a loss of supply.

boot.py reads it at each start, decides how the start came about and writes it back; the layout there and here
is one (docs/boot.md). The application reads the verdict, leaves a marker before a restart it wants, and says
when it runs well. What stands in RTC memory behind the block belongs to others and is kept.
"""
import binascii
import struct

import machine
from micropython import const

LENGTH = const(48)
# magic, version, marker, start, failures, slot, 0, restarts, reason; a CRC-32 follows
_LAYOUT = "<4sBBBBBBH32s"
_MAGIC = b"M3RM"
_VERSION = const(1)
_REASON = const(32)

NONE = const(0)
RESTART = const(1)
CRASH = const(2)
SAFE_MODE = const(3)

UNKNOWN = const(0)
POWER_ON = const(1)
RESTARTED = const(2)
CRASHED = const(3)
WATCHDOG = const(4)
BROWN_OUT = const(5)
SOFT = const(6)
START_NAMES = ("unknown", "power_on", "restart", "crash", "watchdog", "brown_out", "soft")


def unpack(data):
    """[marker, start, failures, slot, restarts, reason bytes] of a block; None: not whole or not ours."""
    if len(data) < LENGTH or struct.unpack("<I", data[44:48])[0] != binascii.crc32(data[:44]) & 0xFFFFFFFF:
        return None
    fields = struct.unpack(_LAYOUT, data[:44])
    if fields[0] != _MAGIC or fields[1] != _VERSION:
        return None
    return list(fields[2:6] + fields[7:])


def pack(marker, start, failures, slot, restarts, reason):
    """The 48 bytes of a block. ValueError when a number does not fit; a longer reason is cut."""
    for value, top in ((marker, 255), (start, 255), (failures, 255), (slot, 255), (restarts, 65535)):
        if not 0 <= value <= top:
            raise ValueError("%d is not in 0..%d" % (value, top))
    body = struct.pack(_LAYOUT, _MAGIC, _VERSION, marker, start, failures, slot, 0, restarts, reason[:_REASON])
    return body + struct.pack("<I", binascii.crc32(body) & 0xFFFFFFFF)


def read():
    """How the running start came about, as boot.py found it.

    {"start": one of START_NAMES, "reason": text left by the end before or "", "failures": crashes,
    watchdog bites and brown-outs in a row, "restarts": starts since the supply came, "slot": "a", "b" or "",
    "boot": version of boot.py}
    """
    data = machine.RTC().memory()
    block = unpack(data)
    if block is None:
        return {"start": "unknown", "reason": "", "failures": 0, "restarts": 0, "slot": "", "boot": 0}
    _, start, failures, slot, restarts, reason = block
    name = START_NAMES[start] if start < len(START_NAMES) else "unknown"
    text = "".join([chr(byte) if 32 <= byte < 127 else "?" for byte in reason.rstrip(b"\0")])
    return {"start": name, "reason": text, "failures": failures,
            "restarts": restarts, "slot": chr(slot) if slot else "", "boot": data[9]}


def mark(reason):
    """Before a wanted restart: the next start is then "restart" with this reason (32 ASCII characters)."""
    _change(RESTART, reason)


def request_safe_mode(reason):
    """Before a restart: the next start, and only that one, ends in safe mode with this reason."""
    _change(SAFE_MODE, reason)


def runs_well():
    """The application has run long enough to call this start good: failures are counted from 0 again."""
    rtc = machine.RTC()
    data = rtc.memory()
    block = unpack(data)
    if block is None or block[2] == 0:
        return
    block[2] = 0
    rtc.memory(pack(*block) + data[LENGTH:])


def _change(marker, reason):
    rtc = machine.RTC()
    data = rtc.memory()
    block = unpack(data) or [NONE, UNKNOWN, 0, 0, 0, b""]
    block[0] = marker
    block[5] = bytes([ord(c) if " " <= c <= "~" else 63 for c in reason[:_REASON]])
    rtc.memory(pack(*block) + data[LENGTH:])
