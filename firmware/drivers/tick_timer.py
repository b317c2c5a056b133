"""The 10 ms heartbeat of the control task, and the guard against a coroutine that hogs the loop.

asyncio's own sleep would wake on the 10 ms FreeRTOS tick, 10-20 ms apart; a hardware timer and a ThreadSafeFlag do not.
"""

import asyncio

import machine
from micropython import const

from firmware.drivers.clock import ticks_ms
from firmware.drivers.first_turn import FirstTurn

PERIOD_MS = const(10)
_GUARD_PERIODS = const(6)     # timer callbacks in which the VM ran and the control task did not
_HANG_PERIODS = const(100)    # a second of that: somebody shall leave word who it is
_APART_MS = const(5)          # callbacks closer together were queued while the VM stood still
_TICKS_MASK = const(0x3FFFFFFF)
_HALF = const(0x20000000)


class TickTimer:
    """contactor: what the guard switches off (off(), closed). motor: a driver whose pulses end here (beat(now_ms)), or None."""

    def __init__(self, contactor, motor=None):
        self._contactor = contactor
        self._motor = motor
        self._flag = asyncio.ThreadSafeFlag()
        self._turn = FirstTurn(self._flag)
        self._unserved = 0
        self._beat_ms = 0            # newest callback that counted
        self._due_ms = 0
        self._timer = None
        self.guard_opened = 0        # counts: the guard took the coil away
        self.on_hang = None          # called once when the loop has stood still for a second
        self.on_back = None          # called when it goes on all the same
        self.hook_error = None       # name of the newest error of these two

    def start(self):
        """Begin to tick."""
        now_ms = ticks_ms()
        self._beat_ms = now_ms
        self._due_ms = (now_ms + PERIOD_MS) & _TICKS_MASK
        self._timer = machine.Timer(0)
        self._timer.init(period=PERIOD_MS, mode=machine.Timer.PERIODIC, callback=self._beat)
        self._turn.begin()

    def stop(self):
        """No more ticks."""
        self._turn.end()
        if self._timer is not None:
            self._timer.deinit()
            self._timer = None

    def _beat(self, _timer):
        """Timer callback, between bytecodes of whatever runs: no allocation.

        While the VM stands still (flash, TLS) up to eight callbacks queue, and then all run at once: they are one period.
        """
        now_ms = ticks_ms()
        hangs = False
        if (now_ms - self._beat_ms) & _TICKS_MASK >= _APART_MS:
            self._beat_ms = now_ms
            self._unserved += 1
            if self._unserved >= _GUARD_PERIODS:
                self.open_now()
                hangs = self._unserved == _HANG_PERIODS
            if self._motor is not None:
                self._motor.beat(now_ms)
        self._flag.set()
        if hangs:
            self._tell(self.on_hang)

    def _tell(self, hook):
        """Words for later: what fails in them must cost neither the tick nor the control task."""
        if hook is not None:
            try:
                hook()
            except Exception as error:
                self.hook_error = type(error).__name__

    def open_now(self):
        """Take the coil away without the core, which hears of it on its next tick and trips."""
        if self._contactor.closed:
            self._contactor.off()
            self.guard_opened = (self.guard_opened + 1) & _TICKS_MASK

    def wait(self):
        """To be awaited: the next tick."""
        return self._turn.wait()

    def late_ms(self, now_ms):
        """Call once per tick, first thing: how late this tick is, in ms against the unbroken 10 ms grid."""
        hung = self._unserved >= _HANG_PERIODS
        self._unserved = 0
        if hung:
            self._tell(self.on_back)
        late = (now_ms - self._due_ms) & _TICKS_MASK
        if late >= _HALF:                       # earlier than reckoned: the grid moves
            late = 0
            self._due_ms = now_ms
        self._due_ms = (self._due_ms + PERIOD_MS) & _TICKS_MASK
        if late >= PERIOD_MS:                   # ticks were lost: the next is due after now
            self._due_ms = (now_ms + PERIOD_MS - late % PERIOD_MS) & _TICKS_MASK
        return late
