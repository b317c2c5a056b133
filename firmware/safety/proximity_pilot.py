"""Proximity pilot: the cable's resistor to its rating. IEC 61851-1 annex B; only for socket outlets."""

from micropython import const

from firmware.safety.io_image import NOT_FITTED

TETHERED = const(-2)
IMPOSSIBLE = const(-1)
NOT_PLUGGED = const(0)

# windows in Ω as two public firmwares give table B.2; nominal 100, 220, 680, 1500 Ω. Below the first the contact is shorted,
# above the last no cable is plugged
_SHORT_OHM = const(75)
_63_A_OHM = const(150)
_32_A_OHM = const(330)
_20_A_OHM = const(1000)
_13_A_OHM = const(2200)
_SAME_READINGS = const(3)


def rating_a_from_ohm(ohm):
    """Cable rating in A (13, 20, 32, 63), NOT_PLUGGED, IMPOSSIBLE (short circuit), or TETHERED (no proximity input)."""
    if ohm == NOT_FITTED:
        return TETHERED
    if ohm < _SHORT_OHM:
        return IMPOSSIBLE
    if ohm < _63_A_OHM:
        return 63
    if ohm < _32_A_OHM:
        return 32
    if ohm < _20_A_OHM:
        return 20
    if ohm <= _13_A_OHM:
        return 13
    return NOT_PLUGGED


class CableReader:
    """Debounces the proximity resistor: a reading counts after three equal ones, a smaller cable at once.

    socket 1: a socket outlet, where no reading is no cable; once a resistor was seen it is one in any case.
    """

    def __init__(self, socket=0):
        self.rating_a = NOT_PLUGGED
        self._raw_a = NOT_PLUGGED
        self._same = 0
        self._socket = socket

    def update(self, ohm):
        """Take over one reading."""
        raw_a = rating_a_from_ohm(ohm)
        if raw_a != TETHERED:
            self._socket = 1
        elif self._socket:
            raw_a = NOT_PLUGGED
        if raw_a != self._raw_a:
            self._raw_a = raw_a
            self._same = 0
        elif self._same >= _SAME_READINGS:
            return                 # it counts already
        self._same += 1
        if self._same >= _SAME_READINGS or 0 < raw_a < self.rating_a:
            self.rating_a = raw_a

    def cap_ma(self, tethered_ma):
        """What the cable carries, mA; tethered_ma where it is fixed; 0 for none and for an impossible one."""
        rating_a = self.rating_a
        if rating_a == TETHERED:
            return tethered_ma
        return max(rating_a, 0) * 1000
