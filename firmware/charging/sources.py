"""Who outside may give commands, and who of them has fallen silent (CH-12).

Page, cards and buttons are inside. What comes over a network from another machine is outside: each must be allowed first.
A source with a connection (a broker, a central system) says heard() as long as it lasts; what it set falls back to its failsafe
values while it is silent. One that never says so, because it has no connection, is not watched: its ceilings carry their own time.
"""

from micropython import const

from firmware.safety.limits import elapsed_ms

OUTSIDE = ("mqtt", "modbus", "udp", "ocpp", "energy_manager", "api")
DEFAULT_TIMEOUT_MS = const(60000)


class Sources:
    """timeout_ms: silence after which a watched source counts as gone; 0: never."""

    def __init__(self):
        self.timeout_ms = DEFAULT_TIMEOUT_MS
        self._allowed = ()
        self._watched = []         # [name, when it spoke last, silent]

    def allow(self, names):
        """These of OUTSIDE may speak, no others."""
        self._allowed = names
        self._watched = [entry for entry in self._watched if entry[0] in names]

    def is_allowed(self, source):
        """True when a command of this source may be done."""
        return source not in OUTSIDE or source in self._allowed

    def heard(self, source, now_ms):
        """Its connection lives: watched from now on. One that is not allowed is not listened to."""
        if self.spoke(source, now_ms) or source not in OUTSIDE or not self.is_allowed(source):
            return
        self._watched.append([source, now_ms, False])

    def spoke(self, source, now_ms):
        """It has said something. True where it is watched."""
        for entry in self._watched:
            if entry[0] == source:
                entry[1:] = [now_ms, False]
                return True
        return False

    def tick(self, now_ms):
        """Find out who is silent. Stays so over the clock's wrap, until it speaks."""
        for entry in self._watched:
            if self.timeout_ms and elapsed_ms(now_ms, entry[1]) > self.timeout_ms:
                entry[2] = True

    def silent(self):
        """Names of the silent."""
        return [entry[0] for entry in self._watched if entry[2]] if self._watched else ()
