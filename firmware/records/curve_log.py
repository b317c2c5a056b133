"""Past sessions' curves on flash, each twice: in `curves` with every point, in `curves_old` with fewer and for a longer time."""

import struct
from array import array

from micropython import const

from firmware.records.curve import NONE, POINTS, mean
from firmware.storage.segment_log import SegmentLog

CURVE_KIND = 1
CURVE_VERSION = 1
OLD_POINTS = const(40)
_HEAD = "<IIIHH"               # number, from_s, step_s, peak_w, points; then a byte for each: 254 = peak, 255 = none
_HEAD_BYTES = const(16)
_UNKNOWN = const(255)
_FULL = const(254)
# name, bytes of a segment, segments, points: some 200 sessions in full, some 1200 with few points; 160 kB in all
_LOGS = (("curves", 16384, 4, POINTS), ("curves_old", 16384, 6, OLD_POINTS))


def append(prefix, number, from_s, step_s, watts):
    """Keep a session's curve: two appends, only with the contactor open. OSError from the flash; a second try may then leave it
    there twice, which does no harm."""
    for name, segment_bytes, segments, most in _LOGS:
        payload = encode(number, from_s, step_s, watts, most)
        SegmentLog(prefix + name, segment_bytes, segments).append(CURVE_KIND, CURVE_VERSION, payload)


def encode(number, from_s, step_s, watts, most):
    """Payload of a curve with at most so many points."""
    each = (len(watts) + most - 1) // most
    few = [mean(watts, at, min(at + each, len(watts))) for at in range(0, len(watts), each)]
    peak_w = max([watt for watt in few if watt != NONE] or [0])
    data = bytearray(len(few))
    for at, watt in enumerate(few):
        data[at] = _UNKNOWN if watt == NONE else (watt * _FULL + (peak_w >> 1)) // peak_w if peak_w else 0
    return struct.pack(_HEAD, number, from_s, step_s * each, peak_w, len(few)) + bytes(data)


def decode(payload):
    """(number, from_s, step_s, points as Curve.points() gives them) of a payload; None when it is none."""
    if len(payload) < _HEAD_BYTES:
        return None
    number, from_s, step_s, peak_w, count = struct.unpack_from(_HEAD, payload)
    watts = array("H")
    for byte in payload[_HEAD_BYTES:_HEAD_BYTES + count]:
        watts.append(NONE if byte == _UNKNOWN else (byte * peak_w + _FULL // 2) // _FULL)
    return number, from_s, step_s, watts


def find(prefix, number):
    """Yields None while it looks for a past session's curve, and at the end the decoded one where there is one: the one with more
    points."""
    for name, segment_bytes, segments, _ in _LOGS:
        for _, kind, _, payload in SegmentLog(prefix + name, segment_bytes, segments).newest_first():
            found = struct.unpack_from("<I", payload)[0] if kind == CURVE_KIND and len(payload) >= _HEAD_BYTES else number + 1
            if found == number:
                yield decode(payload)
                return
            if found < number and kind == CURVE_KIND:
                break
            yield None
