"""Ceilings: every cap on the charging current has a name; the lowest wins, and its name is told."""

from micropython import const

from firmware.safety.limits import OFFER_MAX_MA, elapsed_ms

MAX_SOURCES = const(16)      # named caps of others at once; more is a client that never clears
MAX_TIMEOUT_MS = const(0x1FFFFFFF)   # 6.2 days: beyond it the clock's wrap would make an old cap young again


class Ceilings:
    """Caps in mA by source. One that must be renewed falls back to its failsafe value when its source is silent."""

    def __init__(self):
        self._slots = []          # [source, limit_ma, failsafe_ma, timeout_ms or 0, renewed_ms, lapsed, own]

    def own(self, source, limit_ma):
        """Set a cap of the charger itself (board, fuse, cable, ...): it always finds room, and no command may touch it."""
        slot = self._find(source)
        if slot is None:
            slot = [source]
            self._slots.append(slot)
        slot[1:] = [limit_ma, None, 0, 0, False, True]

    def disown(self, source):
        """Take away a cap that own() set; nothing happens when there is none."""
        if self.is_own(source):
            self._slots.remove(self._find(source))

    def is_own(self, source):
        """True for a cap that own() set."""
        slot = self._find(source)
        return slot is not None and slot[6]

    def set(self, source, limit_ma, now_ms, failsafe_ma=None, timeout_ms=0):
        """Set or renew a cap. Returns False when there is no room for another source, or the charger owns the name.

        timeout_ms 0 (never lapses) to MAX_TIMEOUT_MS, else ValueError.
        """
        if not 0 <= timeout_ms <= MAX_TIMEOUT_MS:
            raise ValueError("timeout_ms must be 0 to %d" % MAX_TIMEOUT_MS)
        slot = self._find(source)
        if slot is None:
            if len([1 for each in self._slots if not each[6]]) >= MAX_SOURCES:
                return False
            slot = [source]
            self._slots.append(slot)
        elif slot[6]:
            return False
        slot[1:] = [limit_ma, failsafe_ma, timeout_ms, now_ms, False, False]
        return True

    def _find(self, source):
        for slot in self._slots:
            if slot[0] == source:
                return slot
        return None

    def clear(self, source):
        """Take a cap away. Returns False when there is none of that name, or the charger owns it."""
        slot = self._find(source)
        if slot is None or slot[6]:
            return False
        self._slots.remove(slot)
        return True

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
