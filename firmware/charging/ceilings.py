"""Ceilings: every cap on the charging current has a name; the lowest wins, and its name is told."""

from micropython import const

from firmware.safety.limits import OFFER_MAX_MA, elapsed_ms

MAX_SOURCES = const(16)      # named caps at once; more is a client that never clears


class Ceilings:
    """Caps in mA by source. One that must be renewed falls back to its failsafe value when its source is silent."""

    def __init__(self):
        self._slots = []          # [source, limit_ma, failsafe_ma, timeout_ms or 0, renewed_ms, lapsed]

    def set(self, source, limit_ma, now_ms, failsafe_ma=None, timeout_ms=0):
        """Set or renew a cap. Returns False when there is no room for another source."""
        for slot in self._slots:
            if slot[0] == source:
                break
        else:
            if len(self._slots) >= MAX_SOURCES:
                return False
            slot = [source, 0, None, 0, 0, False]
            self._slots.append(slot)
        slot[1:] = [limit_ma, failsafe_ma, timeout_ms, now_ms, False]
        return True

    def clear(self, source):
        """Take a cap away. Returns False when there is none of that name."""
        for slot in self._slots:
            if slot[0] == source:
                self._slots.remove(slot)
                return True
        return False

    def tick(self, now_ms):
        """Let what was not renewed in time lapse to its failsafe value (none given: the cap goes to 0)."""
        for slot in self._slots:
            if slot[3] and not slot[5] and elapsed_ms(now_ms, slot[4]) > slot[3]:
                slot[5] = True

    def _value(self, slot):
        if slot[5]:
            return slot[2] or 0
        return slot[1]

    def lowest(self):
        """(limit_ma, source) of the lowest cap; without any, the standard's 80 A and "none"."""
        limit_ma, source = OFFER_MAX_MA, "none"
        for slot in self._slots:
            if self._value(slot) < limit_ma:
                limit_ma, source = self._value(slot), slot[0]
        return limit_ma, source

    def rows(self):
        """[{"source", "limit_ma", "failsafe"}] for the world."""
        return [{"source": slot[0], "limit_ma": self._value(slot), "failsafe": slot[5]} for slot in self._slots]
