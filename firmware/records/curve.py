"""The running session's power over its own clock, in a bounded row of points: full, it halves its resolution.

It begins with the first power, so that a night's waiting costs nothing, and power that does not flow any more fills it no further.
"""

from array import array

from micropython import const

POINTS = const(240)            # at most
NONE = const(0xFFFF)           # of a point that nobody measured
_TOP_W = const(0xFFFE)
_FIRST_STEP_S = const(2)       # readings come each second, give or take: one second would leave holes
_FLOWS_W = const(50)           # less is what a vehicle's charger takes while it waits
_MOST_WAITING = const(3)       # sessions whose curve the flash did not take yet


class Curve:
    """keep(number, from_s, step_s, points) writes one that has ended. number: of the session (None: none since the start). from_s:
    when power began, s after the plug-in; step_s: what a point stands for; count: points so far."""

    def __init__(self, keep):
        self._keep = keep
        self._watts = None             # made with the first session, then used again
        self._waiting = []             # (number, from_s, step_s, points) of sessions that ended
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
            watts[at] = mean(watts, 2 * at, min(2 * at + 2, count))
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
            self._waiting.append((number, self.from_s, self.step_s, self.points()))
        self.number = number

    def flush(self, contactor_open):
        """Write what waits; True when something was. OSError from the flash, then it waits on."""
        if not self._waiting or not contactor_open:
            return False
        while self._waiting:
            self._keep(*self._waiting[0])
            self._waiting.pop(0)
        return True


def mean(watts, begin, end):
    """Of the points that somebody measured, else NONE."""
    total = known = 0
    for at in range(begin, end):
        if watts[at] != NONE:
            total += watts[at]
            known += 1
    return (total + (known >> 1)) // known if known else NONE
