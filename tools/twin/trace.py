"""The memory of physical edges: what really happened at coil, contacts, pilot and car, and when."""

import itertools
from collections import deque

KEPT = 10_000
SIGNALS = ("ev_state", "coil", "contacts", "duty_permille", "rcd_trip", "lock", "fault", "fault_end")
EVENTS = ("fault", "fault_end")     # the bench's fault of that name began or ended: no level, every one counts


class Trace:
    """The last 10 000 edges, oldest first. Only changes are kept: a repeated value is not an edge."""

    def __init__(self, clock, kept=KEPT):
        self._clock = clock
        self._edges = deque(maxlen=kept)
        self._last = {}
        self.number = 0         # of edges ever
        self._listeners = []

    def edge(self, signal, value):
        """Record that `signal` is `value` from now on. Raises KeyError for a signal that is not in SIGNALS."""
        if signal not in SIGNALS:
            raise KeyError(signal)
        if self._last.get(signal) == value and signal not in EVENTS:
            return
        self._last[signal] = value
        edge = (self._clock.now_us, signal, value)
        self._edges.append(edge)
        self.number += 1
        for listener in self._listeners:
            listener(*edge)

    def subscribe(self, listener):
        """`listener(t_us, signal, value)` is called for every edge from now on."""
        self._listeners.append(listener)

    def last(self, signal):
        """The signal's present value, None when it never had one."""
        return self._last.get(signal)

    def edges(self, since_us=0):
        """A list of (t_us, signal, value) not older than `since_us`, oldest first."""
        return list(itertools.takewhile(lambda edge: edge[0] >= since_us, reversed(self._edges)))[::-1]

    def newest(self, after):
        """The edges that came after the first `after` ones, as JSON, oldest first: all that are kept when that is unknown."""
        missed = self.number - after
        count = min(len(self._edges), missed if missed >= 0 else self.number)
        return _as_json(list(itertools.islice(reversed(self._edges), count))[::-1])

    def as_json(self, since_ms=0):
        """The same as the bench answers it."""
        return _as_json(self.edges(int(since_ms * 1000)))


def _as_json(edges):
    return [{"t_us": t_us, "signal": signal, "value": value} for t_us, signal, value in edges]
