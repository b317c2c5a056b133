"""Recovery: a recoverable fault is cleared automatically, with growing waits, a few times per plug-in (CH-9).

Policy only: the core clears nothing whose cause is still there, and never a residual-current trip or a weld.
"""

from micropython import const

from firmware.charging.faults import RETRIES, rows_of_trips
from firmware.safety.limits import elapsed_ms

MOST = const(5)                                        # per plug-in, all faults together
WAITS_MS = (10000, 30000, 60000, 120000, 300000)


class Retries:
    """tick() says when to order a clear."""

    def __init__(self):
        self.used = 0              # retries in this plug-in
        self._waiting = False
        self._since_ms = 0
        self._trips = 0
        self._recoverable = True

    def new_session(self):
        """Vehicle gone, or somebody cleared by hand: the count starts anew."""
        self.used = 0
        self._waiting = False

    def left_s(self, now_ms):
        """Seconds until the next retry; None when there is none to come."""
        if not self._waiting:
            return None
        gone_ms = elapsed_ms(now_ms, self._since_ms)
        return max(0, WAITS_MS[self.used] - gone_ms) // 1000

    def tick(self, now_ms, active_trips):
        """True when the active trips shall be cleared now."""
        if active_trips != self._trips:
            self._recoverable = _recoverable(active_trips)
        if active_trips == 0 or self.used >= MOST or not self._recoverable:
            self._waiting = False
            self._trips = active_trips
            return False
        if not self._waiting or active_trips & ~self._trips:
            self._waiting = True              # the wait counts from the newest fault
            self._since_ms = now_ms
        self._trips = active_trips
        if elapsed_ms(now_ms, self._since_ms) < WAITS_MS[self.used]:
            return False
        self.used += 1
        self._waiting = False
        return True


def _recoverable(active_trips):
    """Every active trip may be retried."""
    for row in rows_of_trips(active_trips):
        if not row[RETRIES]:
            return False
    return True
