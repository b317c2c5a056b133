"""End of charge of a vehicle without S2: it cannot say that it is full, so the current tells (CH-25)."""

from micropython import const

from firmware.safety.limits import elapsed_ms

FULL_BELOW_MA = const(1000)
FULL_AFTER_MS = const(3600000)


class SimplifiedEnd:
    """tick() is True once the vehicle has drawn less than 1 A for an hour."""

    def __init__(self):
        self._low_since_ms = None

    def tick(self, now_ms, charging, drawn_ma, estimated):
        """drawn_ma: highest phase, None or estimated when nobody measures: then nothing can be concluded."""
        if not charging or drawn_ma is None or estimated or drawn_ma >= FULL_BELOW_MA:
            self._low_since_ms = None
            return False
        if self._low_since_ms is None:
            self._low_since_ms = now_ms
        return elapsed_ms(now_ms, self._low_since_ms) >= FULL_AFTER_MS
