"""The control task: each 10 ms it reads the inputs, lets the core decide and writes the outputs. Nothing else runs in between."""

from micropython import const

_STALL_MS = const(20)
# In ticks that are in time. With the 200 ms that the contacts have this is less than the pilot's state F lasts.
_PATIENCE = const(70)


class Control:
    """core: SafetyCore; board: drivers' Board; timer: TickTimer; ticks_ms: the clock."""

    def __init__(self, core, board, timer, lateness, ticks_ms):
        self._core = core
        self._board = board
        self._timer = timer
        self._lateness = lateness
        self._ticks_ms = ticks_ms
        self._guard_seen = 0
        self._written = True     # the outputs of the last tick are at the pins
        self._patience = _PATIENCE   # until the next start: a contactor whose pin refused is never closed again before it

    def step(self):
        """One tick, now."""
        now_ms = self._ticks_ms()
        late_ms = self._timer.late_ms(now_ms)
        core = self._core
        self._lateness.note(late_ms, now_ms, core.outputs.coil_1 or core.outputs.coil_2)
        core.inputs.guard_opened = 0 if self._written else 1     # a driver raised: the coils are off, the core must know
        if self._timer.guard_opened != self._guard_seen:
            self._guard_seen = self._timer.guard_opened
            core.inputs.guard_opened = 1
        if not self._written and self._board.contactor.deaf and self._patience and late_ms < _STALL_MS:
            # The contacts follow the coil, and the coil has not been told yet: that is no weld, and `driver` tells it. Not for
            # long: a contactor that stays closed is one whatever the reason.
            self._patience -= 1
            core.contactors.restart()
        # after a stall (flash is written with the contactor open) the last reading is old: take a new one before it is judged
        self._board.read(core.inputs, core.outputs.coil_1 or late_ms >= _STALL_MS)
        now_ms = self._ticks_ms()
        if self._lateness.too_late and self._lateness.take_too_late():
            core.request_stop()
        core.tick(now_ms)
        self._written = self._board.write(core.outputs)

    async def run(self, beat):
        """Task: tick for ever; beat() tells the supervisor that the loop runs."""
        self._timer.start()
        try:
            while True:
                await self._timer.wait()
                self.step()
                beat()
        finally:
            self._timer.stop()
            self._board.safe()
