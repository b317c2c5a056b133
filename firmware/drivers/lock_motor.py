"""The socket's lock: a motor at two pins (H-bridge), or a solenoid at one; a feedback contact says whether it is closed.

A motor gets a pulse when the lock is not where it shall be, then a pause in which it cools, whatever is asked for meanwhile:
both are the board's. After some in vain it is told as `stuck`; the tries go on, further apart. Without supply it stays where
it is. A solenoid locks while it is driven: without supply it lets the plug go.
"""

import machine
from micropython import const

from firmware.drivers.inputs import pulled_pin
from firmware.safety.io_image import NOT_FITTED

_MASK = const(0x3FFFFFFF)
_EIO = const(5)
_SLOW_MS = const(30000)        # between later tries: a jammed motor shall not be cooked
_SOLENOID_MS = const(1000)     # a solenoid is where it shall be after this


class LockMotor:
    """lock_1, lock_2 (None: solenoid), feedback: GPIOs; on_1, on_2: the levels that drive; closed: the level that says closed.

    read() and drive() belong to the control tick; beat() to the timer's callback, so that a pulse ends even when the loop is late.
    """

    def __init__(self, lock_1, on_1, lock_2, on_2, feedback, closed, pulse_ms, pause_ms, tries=2):
        self._on_1, self._on_2 = on_1, on_2
        self._pin_1 = machine.Pin(lock_1, machine.Pin.OUT, value=1 - on_1)
        self._pin_2 = None if lock_2 is None else machine.Pin(lock_2, machine.Pin.OUT, value=1 - on_2)
        self._feedback = pulled_pin(feedback, 1 - closed)    # a broken wire is no closed lock
        self._flip = 1 - closed
        self._pulse_ms = pulse_ms
        self._pause_ms = pause_ms
        self._most_tries = tries     # in vain before it is told; the core gives a lock 1.5 s to close
        self._driving = 0
        self._disobeyed = False
        self._began_ms = 0           # of the pulse
        self._pulsed = 0             # 1: a pulse was begun whose pause has not
        self._rest_left_ms = 0       # until the next pulse may begin
        self._tick_ms = 0
        self._wanted = NOT_FITTED    # nothing asked for yet
        self._tries = 0              # pulses for what is wanted now
        self.closed = NOT_FITTED     # 1, 0, or unknown
        self.stuck = 0               # 1: it does not go where it shall

    def read(self, inputs, _now_ms):
        """The feedback contact."""
        self.closed = inputs.lock_closed = self._feedback.value() ^ self._flip

    def fail(self, inputs):
        """The contact could not be read: unknown is not closed; a motor is driven blind, as seldom as any."""
        self.closed = inputs.lock_closed = NOT_FITTED

    def drive(self, wanted, now_ms):
        """Follow the core's wish: 1 locked, 0 unlocked. Raises OSError where a pin did not obey: a motor may be running."""
        if self._disobeyed:
            self._disobeyed = False
            self.off()
            raise OSError(_EIO)
        gap_ms = (now_ms - self._tick_ms) & _MASK
        self._tick_ms = now_ms
        if wanted != self._wanted:
            self._wanted = wanted
            self._tries = 0
        if self._pin_2 is None:
            self._hold(wanted, gap_ms)
            return
        if self._pulsed:
            self.beat(now_ms)
            if self._driving:
                return
            self._pulsed = 0
            self._rest_left_ms = self._pause_ms
        else:
            self._rest_left_ms = max(0, self._rest_left_ms - gap_ms)
        if self.closed == wanted:
            self._tries = self.stuck = 0
        elif self._rest_left_ms == 0:
            self._try(wanted, now_ms)

    def _try(self, wanted, now_ms):
        if self._tries == self._most_tries:
            self.stuck = 1
            self._tries += 1
            self._rest_left_ms = _SLOW_MS
            return
        self._tries = min(self._tries + 1, self._most_tries)
        self._began_ms = now_ms
        self._pulsed = self._driving = 1         # before the pin: beat() may come between
        if wanted:
            self._pin_2.value(1 - self._on_2)    # never both
            self._pin_1.value(self._on_1)
        else:
            self._pin_1.value(1 - self._on_1)
            self._pin_2.value(self._on_2)

    def _hold(self, wanted, gap_ms):
        self._pin_1.value(self._on_1 if wanted else 1 - self._on_1)
        if self.closed == wanted:
            self._rest_left_ms = _SOLENOID_MS
        else:
            self._rest_left_ms = max(0, self._rest_left_ms - gap_ms)
        self.stuck = 1 if self._rest_left_ms == 0 else 0

    def beat(self, now_ms):
        """End a pulse whose time is over. From any context; allocates nothing, raises nothing."""
        if self._driving and (now_ms - self._began_ms) & _MASK >= self._pulse_ms:
            self.off()

    def off(self):
        """No current: a motor stays where it is, a solenoid lets go. A pin that does not obey is tried again by each beat."""
        try:
            self._pin_1.value(1 - self._on_1)
            if self._pin_2 is not None:
                self._pin_2.value(1 - self._on_2)
            self._driving = 0
        except Exception:
            self._driving = 1
            self._disobeyed = True       # drive() tells, in the control tick
