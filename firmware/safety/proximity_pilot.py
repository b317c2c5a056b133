"""Proximity pilot: the cable's resistor to its rating. IEC 61851-1 annex B; only for socket outlets."""

from micropython import const

NOT_PLUGGED = const(0)
IMPOSSIBLE = const(-1)

# (lowest Ω, highest Ω, rating A); the windows follow IEC 61851-1 table B.2 as two public firmwares give it. Nominal: 1500, 680,
# 220, 100 Ω. Above the last window no cable is plugged, below the first the contact is shorted.
_WINDOWS = ((75, 150, 63), (150, 330, 32), (330, 1000, 20), (1000, 2200, 13))


def rating_a_from_ohm(ohm):
    """Cable rating in A (13, 20, 32, 63), NOT_PLUGGED, or IMPOSSIBLE (short circuit): no current."""
    if ohm < _WINDOWS[0][0]:
        return IMPOSSIBLE
    for low, high, rating_a in _WINDOWS:
        if low <= ohm < high:
            return rating_a
    return NOT_PLUGGED
