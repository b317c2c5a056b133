"""When a sleeping vehicle shall be woken: current is available after a pause (CH-22). The core times it and does it."""

from micropython import const

from firmware.safety.limits import elapsed_ms

ASLEEP_AFTER_MS = const(60000)   # plugged in so long without an offer, a vehicle may have fallen asleep


class WakePolicy:
    """tick() is True once each time that the offer comes back, or comes late."""

    def __init__(self):
        self._was_wanted = False
        self._paused = False
        self._since_ms = None        # since when there has been no offer

    def new_session(self):
        """Another vehicle."""
        self._was_wanted = False
        self._paused = False
        self._since_ms = None

    def tick(self, now_ms, wanted):
        """wanted: current is on offer to the vehicle that is plugged in."""
        was_wanted, self._was_wanted = self._was_wanted, wanted
        if wanted:
            self._since_ms = None
            paused, self._paused = self._paused, False
            return paused
        if self._since_ms is None:
            self._since_ms = now_ms
        if was_wanted or elapsed_ms(now_ms, self._since_ms) > ASLEEP_AFTER_MS:
            self._paused = True
        return False
