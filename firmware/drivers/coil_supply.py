"""The coils' supply behind the charge pump, on boards that can see it: proved at every start, and watched ever after.

The test needs no coil: without toggling the supply must be dead, toggling must raise it, and it must die again by itself. Until
that is seen nothing may be closed. Boards without the input cannot test this without closing a contactor; they say so.
"""

from micropython import const

from firmware.drivers.inputs import pulled_pin

_MASK = const(0x3FFFFFFF)
_ARM_MS = const(500)          # a pump wants some ten edges
_EDGE_MS = const(20)         # a tick that comes later than that made no more edges: the radio's start holds the VM half a second
_MARGIN_MS = const(1000)      # on top of twice the hold time of the board: tolerance of its capacitor and its threshold
_DEAD = const(0)
_ARMING = const(1)
_FALLING = const(2)
_PASSED = const(3)
_FAILED = const(4)
RESULTS = ("running", "running", "running", "passed", "failed")


class CoilSupply:
    """gpio: live is 1, unless active_low. hold_ms: how long the pump holds after its last edge, by the board."""

    def __init__(self, gpio, active_low, hold_ms):
        self._flip = 1 if active_low else 0
        self._pin = pulled_pin(gpio, 1 - self._flip)       # a broken wire looks live: then the test fails
        self._dead_ms = 2 * hold_ms + _MARGIN_MS
        self._stage = _DEAD
        self._left_ms = self._dead_ms
        self._tick_ms = -1
        self._level = 0
        self._live = 1

    def result(self):
        """running, passed or failed."""
        return RESULTS[self._stage]

    def holds_back(self):
        """True: nothing may be offered."""
        return self._stage != _PASSED

    def read(self, _inputs, _now_ms):
        """Look at the supply."""
        self._live = self._pin.value() ^ self._flip

    def fail(self, _inputs):
        """The input could not be read: for good, as any failed test of this."""
        self._stage = _FAILED

    def pump(self, wanted, now_ms):
        """The level of the pump's pin: the core's, or the test's own. Once in each tick."""
        gap_ms = 0 if self._tick_ms < 0 else (now_ms - self._tick_ms) & _MASK
        self._tick_ms = now_ms
        live = self._live
        stage = self._stage
        self._left_ms = max(0, self._left_ms - (min(gap_ms, _EDGE_MS) if stage == _ARMING else gap_ms))
        if stage == _ARMING:
            self._level = 1 - self._level
            if live:
                self._enter(_FALLING, self._dead_ms)
            elif self._left_ms == 0:
                self._stage = _FAILED
        elif stage == _DEAD or stage == _FALLING:
            if not live:
                self._enter(_ARMING if stage == _DEAD else _PASSED, _ARM_MS)
            elif self._left_ms == 0:
                self._stage = _FAILED
        else:
            if wanted != self._level or not live:
                self._left_ms = self._dead_ms
            elif self._left_ms == 0:
                self._stage = _FAILED                      # nobody toggles, and yet it does not die
            self._level = wanted
        return self._level

    def _enter(self, stage, left_ms):
        self._stage = stage
        self._left_ms = left_ms
