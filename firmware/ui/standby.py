"""When the lights dim and go off: nobody has used the charger for a while. Any use wakes them."""

from micropython import const

AWAKE = const(0)
DIMMED = const(1)
OFF = const(2)


class Standby:
    """dim_ms, off_ms: times without use, 0 = never; sleep_mode: off at once when a charge ends. Write them any time."""

    def __init__(self):
        self.dim_ms = 0
        self.off_ms = 0
        self.sleep_mode = False
        self.level = AWAKE
        self._slept = False
        self._used_ms = None
        self._charging = False
        self._seen = None

    def tick(self, busy, charging, situation, now_ms):
        """The level of now. busy: in use at this moment, or something must be seen; situation: any change of it is use."""
        used = busy or charging or situation != self._seen or self._used_ms is None
        ended, self._charging, self._seen = self._charging and not charging, charging, situation
        if ended and self.sleep_mode and not busy:
            self._used_ms, self.level, self._slept = now_ms, OFF, True
        elif used:
            self._used_ms, self.level, self._slept = now_ms, AWAKE, False
        if used or ended:
            return self.level
        gone_ms = (now_ms - self._used_ms) & 0x3FFFFFFF      # a level once reached stays: the clock comes round
        if self.off_ms and gone_ms >= self.off_ms:
            self.level = OFF
        elif self.dim_ms and gone_ms >= self.dim_ms and self.level == AWAKE:
            self.level = DIMMED
        return self.level

    def state(self):
        """The fact: awake, dim, off (after a time without use), or sleep (since a charge ended)."""
        return "sleep" if self._slept else ("awake", "dim", "off")[self.level]
