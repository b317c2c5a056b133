"""A session's power over its own clock, in a bounded row of points: full, it halves its resolution. And how it is kept on flash.

It begins with the first power, so that a night's waiting costs nothing, and power that does not flow any more fills it no further. A
session that has ended is kept twice: in `curves` with every point, and in `curves_old` with fewer for a longer time.
"""

import struct
from array import array

from micropython import const

from firmware.storage.segment_log import SegmentLog

CURVE_KIND = 1
CURVE_VERSION = 1
POINTS = const(240)            # at most, while it runs and in `curves`
OLD_POINTS = const(40)         # at most, in `curves_old`
NONE = const(0xFFFF)           # of a point that nobody measured
_TOP_W = const(0xFFFE)
_FIRST_STEP_S = const(2)       # readings come each second, give or take: one second would leave holes
_FLOWS_W = const(50)           # less is what a vehicle's charger takes while it waits
_HEAD = "<IIIHH"               # number, from_s, step_s, peak_w, points; then a byte for each: 254 = peak, 255 = none
_HEAD_BYTES = const(16)
_UNKNOWN = const(255)
_FULL = const(254)
# name, bytes of a segment, segments: some 200 sessions in full, some 1200 with few points; 160 kB in all
_LOGS = (("curves", 16384, 4), ("curves_old", 16384, 6))
_MOST_WAITING = const(3)       # sessions whose curve the flash did not take yet


class Curve:
    """number: of the session (None: none since the start). from_s: when power began, s after the plug-in; step_s: what a point stands
    for; count: points so far."""

    def __init__(self, prefix):
        self._prefix = prefix
        self._watts = None             # made with the first session, then used again
        self._waiting = []             # encoded curves for the logs
        self.number = None
        self.begin(None)

    def begin(self, number):
        """A session begins."""
        self.number = number
        self.from_s = 0
        self.step_s = _FIRST_STEP_S
        self.count = 0
        self._readings = 0             # in the newest point

    def add(self, s, watt):
        """The power (W) at s seconds after the plug-in. About once a second."""
        flows = watt >= _FLOWS_W
        if not self.count:
            if not flows:
                return
            self.from_s = s
            if self._watts is None:
                self._watts = array("H", bytes(2 * POINTS))
        watts = self._watts
        at = (s - self.from_s) // self.step_s
        while at >= POINTS:
            if not flows:
                return                 # the vehicle stays plugged in: no reason to blur what it charged
            self._halve()
            at = (s - self.from_s) // self.step_s
        watt = 0 if watt < 0 else _TOP_W if watt > _TOP_W else watt
        if at >= self.count:
            for gap in range(self.count, at):
                watts[gap] = NONE
            self.count, self._readings = at + 1, 1
            watts[at] = watt
        else:
            at = self.count - 1        # the session's clock does not go back
            if watts[at] == NONE:
                self._readings = 0
            self._readings += 1
            watts[at] = (watts[at] * (self._readings - 1) + watt + (self._readings >> 1)) // self._readings

    def _halve(self):
        watts, count = self._watts, self.count
        for at in range((count + 1) >> 1):
            watts[at] = _mean(watts, 2 * at, min(2 * at + 2, count))
        if not count & 1:              # the newest point has taken a whole one in
            self._readings += self.step_s
        self.count = (count + 1) >> 1
        self.step_s *= 2

    def points(self):
        """A copy of the points, NONE where nobody measured."""
        return self._watts[:self.count] if self.count else array("H")

    def end(self, number):
        """The session ended: its curve waits for flush(). Nothing is kept where no power flowed."""
        if self.count:
            self._waiting = self._waiting[1 - _MOST_WAITING:]
            self._waiting.append((encode(number, self.from_s, self.step_s, self.points(), POINTS),
                                  encode(number, self.from_s, self.step_s, self.points(), OLD_POINTS)))
        self.number = number

    def flush(self, contactor_open):
        """Write what waits; True when something was. OSError from the flash, then it waits on."""
        written = False
        while self._waiting and contactor_open:
            for (name, segment_bytes, segments), payload in zip(_LOGS, self._waiting[0]):
                SegmentLog(self._prefix + name, segment_bytes, segments).append(CURVE_KIND, CURVE_VERSION, payload)
            self._waiting.pop(0)
            written = True
        return written


def _mean(watts, begin, end):
    total = known = 0
    for at in range(begin, end):
        if watts[at] != NONE:
            total += watts[at]
            known += 1
    return (total + (known >> 1)) // known if known else NONE


def encode(number, from_s, step_s, watts, most):
    """Payload of a curve with at most so many points."""
    each = (len(watts) + most - 1) // most
    few = [_mean(watts, at, min(at + each, len(watts))) for at in range(0, len(watts), each)]
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
    for name, segment_bytes, segments in _LOGS:
        for _, kind, _, payload in SegmentLog(prefix + name, segment_bytes, segments).newest_first():
            found = struct.unpack_from("<I", payload)[0] if kind == CURVE_KIND and len(payload) >= _HEAD_BYTES else number + 1
            if found == number:
                yield decode(payload)
                return
            if found < number and kind == CURVE_KIND:
                break
            yield None
