"""How late the control tick runs: a histogram that costs nothing per tick and tells percentiles when asked."""

from array import array

from micropython import const

from firmware.safety.limits import elapsed_ms

_BUCKETS = const(128)            # 1 ms each; the last takes everything above
_AGE_AT = const(60000)           # ten minutes of ticks: then every count is halved, so that old trouble fades
LATE_MS = const(100)
_LATE_TIMES = const(3)
_LATE_WITHIN_MS = const(600000)


class Lateness:
    """note() each tick; p50/p99/max when somebody asks."""

    def __init__(self):
        self._counts = array("i", [0] * _BUCKETS)
        self._total = 0
        self.max_ms = 0                         # since start
        self.stops = 0                          # how often take_too_late() said so
        self._late_ms = array("i", [0] * _LATE_TIMES)   # times of the last very late ticks
        self._late_count = 0
        self.too_late = False                   # three with power later than LATE_MS within ten minutes; take_too_late() clears it

    def note(self, late_ms, now_ms, powered=1):
        """Count one tick; allocates nothing. powered: a coil is on. Without, a late tick costs nothing, and what stalls the loop
        (flash, a TLS handshake) has waited for just that."""
        self._counts[late_ms if late_ms < _BUCKETS else _BUCKETS - 1] += 1
        self._total += 1
        if late_ms > self.max_ms:
            self.max_ms = late_ms
        if late_ms > LATE_MS and powered:
            slot = self._late_count % _LATE_TIMES
            if self._late_count >= _LATE_TIMES - 1:
                oldest = self._late_ms[(slot + 1) % _LATE_TIMES]
                if elapsed_ms(now_ms, oldest) <= _LATE_WITHIN_MS:
                    self.too_late = True
            self._late_ms[slot] = now_ms
            self._late_count += 1
        if self._total >= _AGE_AT:
            self._age(now_ms)

    def take_too_late(self):
        """True once for each time that the limit of three was passed."""
        if self.too_late:
            self.too_late = False
            self._late_count = 0
            self.stops += 1
            return True
        return False

    def _age(self, now_ms):
        newest = (self._late_count + _LATE_TIMES - 1) % _LATE_TIMES
        if self._late_count and elapsed_ms(now_ms, self._late_ms[newest]) > _LATE_WITHIN_MS:
            self._late_count = 0                # before the clock's wrap makes them young again
        index = 0
        self._total = 0
        while index < _BUCKETS:
            self._counts[index] >>= 1
            self._total += self._counts[index]
            index += 1

    def percentile_ms(self, permille):
        """The lateness that permille of the ticks do not exceed, whole ms; 127 stands for more."""
        wanted = self._total * permille // 1000
        seen = 0
        for index in range(_BUCKETS):
            seen += self._counts[index]
            if seen >= wanted and seen:
                return index
        return 0

    def fact(self):
        """{"p50", "p99", "max"} in ms."""
        return {"p50": self.percentile_ms(500), "p99": self.percentile_ms(990), "max": self.max_ms}
