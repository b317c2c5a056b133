"""More than the event log usually tells, for a limited time: off after a restart, and never so much that it drives out the rest."""

from micropython import const

MOST_MINUTES = const(240)
_MOST_EVENTS = const(500)      # of some 3000 that the log holds
_QUEUE_SHARE = const(24)       # of 64 that wait under load


class Debug:
    """events: records.event_log.EventLog."""

    def __init__(self, events):
        self._events = events
        self._until_s = 0
        self._left = 0
        self._seen = None

    def start(self, stamp, minutes):
        """From now on for so many minutes (0: end it)."""
        self._until_s = stamp[1] + minutes * 60
        self._left = _MOST_EVENTS
        self._seen = None

    def left_s(self, stamp):
        """Seconds that it goes on; 0: off."""
        return max(0, self._until_s - stamp[1]) if self._left else 0

    def note(self, stamp, code, detail):
        """An event that is told now only. One that finds too many waiting is left out."""
        if self._left and stamp[1] < self._until_s and self._events.waiting < _QUEUE_SHARE:
            self._left -= 1
            self._events.add(stamp, "debug", code, None, detail)

    def look(self, stamp, glance):
        """Once a second; glance(): what is looked at, a tuple. Each change is an event."""
        if stamp[1] < self._until_s:
            seen = glance()
            if seen != self._seen:
                self._seen = seen
                self.note(stamp, "seen", " ".join([str(word) for word in seen]))
