"""Passing faults: over at once, but shown for a minute (unplugged in charge, loop late)."""

from micropython import const

from firmware.safety.limits import elapsed_ms

SHOWN_MS = const(60000)


class Notices:
    """faults: ActiveFaults."""

    def __init__(self, faults):
        self._faults = faults
        self._since = []             # [fault name, when it happened last]

    def add(self, name, now_ms):
        """It happened now; shown anew when it is shown already."""
        for entry in self._since:
            if entry[0] == name:
                entry[1] = now_ms
                return
        self._since.append([name, now_ms])
        self._faults.begin(name)

    def tick(self, now_ms):
        """End those that were shown long enough."""
        for entry in self._since:
            if elapsed_ms(now_ms, entry[1]) > SHOWN_MS:
                self._since.remove(entry)
                self._faults.end(entry[0])
                return               # the next one with the next tick
