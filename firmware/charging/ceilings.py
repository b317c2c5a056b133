"""Ceilings: every cap on the charging current has a name, a reason and, where it came from outside, an end.

The lowest wins, and its name and reason are told.
"""

from micropython import const

from firmware.safety.limits import OFFER_MAX_MA, elapsed_ms

MAX_SOURCES = const(16)      # named caps of others at once; more is a client that never clears
MAX_TIMEOUT_MS = const(0x1FFFFFFF)   # 6.2 days: beyond it the clock's wrap would make an old cap young again

# one cap. BY: who set it, None for the charger itself; LAPSED: see below; REASON: {"code", params} or None
SOURCE, LIMIT, FAILSAFE, TIMEOUT, RENEWED, LAPSED, BY, REASON = range(8)
_TIMED = const(1)            # its own time is over: until it is set again
_SILENT = const(2)           # who set it has fallen silent: until it speaks again
_LOST = const(3)             # a restart has taken away what was set: until who set it gives a command


class Ceilings:
    """Caps in mA by name. One whose source is silent falls back to its failsafe value, or to `failsafe_ma` without one."""

    def __init__(self):
        self._slots = []
        self.failsafe_ma = 0      # of caps that brought none

    def own(self, source, limit_ma, reason=None):
        """Set a cap of the charger itself (board, fuse, home, ...): it always finds room, and no command may touch it.

        reason: {"code", params} where the name alone does not say it.
        """
        slot = self._find(source)
        if slot is None:
            slot = [source]
            self._slots.append(slot)
        slot[1:] = [limit_ma, None, 0, 0, 0, None, reason]

    def disown(self, source):
        """Take away a cap that own() set; nothing happens when there is none."""
        if self.is_own(source):
            self._slots.remove(self._find(source))

    def is_own(self, source):
        """True for a cap that own() set."""
        slot = self._find(source)
        return slot is not None and slot[BY] is None

    def set_by(self, source):
        """Who set the cap; None where there is no such cap, "" for the charger's own."""
        slot = self._find(source)
        return None if slot is None else slot[BY] or ""

    def set(self, source, limit_ma, now_ms, failsafe_ma=None, timeout_ms=0, by="?", reason=None):
        """Set or renew a cap. Returns False when there is no room for another source, or the charger owns the name.

        timeout_ms 0 (never lapses) to MAX_TIMEOUT_MS, else ValueError. by: who says so. reason: a text of its own, or None.
        """
        if not 0 <= timeout_ms <= MAX_TIMEOUT_MS:
            raise ValueError("timeout_ms must be 0 to %d" % MAX_TIMEOUT_MS)
        slot = self._find(source)
        if slot is None:
            if len([1 for each in self._slots if each[BY] is not None]) >= MAX_SOURCES:
                return False
            slot = [source]
            self._slots.append(slot)
        elif slot[BY] is None:
            return False
        slot[1:] = [limit_ma, failsafe_ma, timeout_ms, now_ms, 0, by, reason]
        return True

    def lose(self, by, failsafe_ma):
        """Before a restart `by` had set caps: its failsafe (None: `failsafe_ma`) holds under its own name until it speaks."""
        self._slots.append([by, failsafe_ma or 0, failsafe_ma, 0, 0, _LOST, by, None])

    def spoke(self, by):
        """`by` gives a command: it knows what holds now, and says it."""
        for slot in self._slots:
            if slot[LAPSED] == _LOST and slot[BY] == by:
                self._slots.remove(slot)
                return

    def failsafe_of(self, by):
        """(whether `by` has set caps, the lowest failsafe that these brought, or None)."""
        found = [slot[FAILSAFE] for slot in self._slots if slot[BY] == by]
        own = [failsafe_ma for failsafe_ma in found if failsafe_ma is not None]
        return len(found) > 0, min(own) if own else None

    def _find(self, source):
        for slot in self._slots:
            if slot[SOURCE] == source:
                return slot
        return None

    def clear(self, source):
        """Take a cap away. Returns False when there is none of that name, or the charger owns it."""
        slot = self._find(source)
        if slot is None or slot[BY] is None:
            return False
        self._slots.remove(slot)
        return True

    def clear_of(self, allowed):
        """Take away the caps of all who may not speak any more: allowed(by) is false."""
        self._slots = [slot for slot in self._slots if slot[BY] is None or allowed(slot[BY])]

    def tick(self, now_ms, silent=()):
        """Let what was not renewed in time lapse, and what was set by one of `silent`."""
        for slot in self._slots:
            if slot[BY] is not None and slot[LAPSED] not in (_TIMED, _LOST):
                if slot[TIMEOUT] and elapsed_ms(now_ms, slot[RENEWED]) > slot[TIMEOUT]:
                    slot[LAPSED] = _TIMED
                else:
                    slot[LAPSED] = _SILENT if slot[BY] in silent else 0

    def lapsed(self):
        """True: some source is silent and its failsafe value holds."""
        for slot in self._slots:
            if slot[LAPSED]:
                return True
        return False

    def _value(self, slot):
        if not slot[LAPSED]:
            return slot[LIMIT]
        return self.failsafe_ma if slot[FAILSAFE] is None else slot[FAILSAFE]

    def _lowest(self):
        lowest, limit_ma = None, OFFER_MAX_MA
        for slot in self._slots:
            if self._value(slot) < limit_ma:
                lowest, limit_ma = slot, self._value(slot)
        return lowest, limit_ma

    def lowest(self):
        """(limit_ma, source) of the lowest cap; without any, the standard's 80 A and "none"."""
        slot, limit_ma = self._lowest()
        return limit_ma, "none" if slot is None else slot[SOURCE]

    def reason_of(self, source):
        """{"code", params} of a cap: why it holds."""
        slot = self._find(source)
        return {"code": source} if slot is None else _reason(slot)

    def rows(self, now_ms):
        """One dict a cap for the world: source, limit_ma, failsafe (in force), failsafe_ma, expires_in_s, by, reason."""
        rows = []
        for slot in self._slots:
            left_s = None
            if slot[TIMEOUT] and not slot[LAPSED]:
                left_s = max(0, slot[TIMEOUT] - elapsed_ms(now_ms, slot[RENEWED])) // 1000
            failsafe_ma = slot[FAILSAFE]
            if slot[BY] is not None and failsafe_ma is None:
                failsafe_ma = self.failsafe_ma
            rows.append({"source": slot[SOURCE], "limit_ma": self._value(slot), "failsafe": slot[LAPSED] != 0,
                         "failsafe_ma": failsafe_ma, "expires_in_s": left_s, "by": slot[BY], "reason": _reason(slot)})
        return rows


def _reason(slot):
    if slot[BY] is None:
        return slot[REASON] or {"code": slot[SOURCE]}
    code = "failsafe" if slot[LAPSED] else "outside" if slot[REASON] is None else "outside_said"
    return {"code": code, "name": slot[SOURCE], "by": slot[BY], "text": slot[REASON]}
