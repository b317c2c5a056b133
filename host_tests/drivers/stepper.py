"""Runs a driver's coroutines by hand on a chip of the twin: time passes, and how long each step held the interpreter is seen."""


class _Pause:
    def __init__(self, ms):
        self.ms = ms

    def __await__(self):
        yield self.ms

    __iter__ = __await__


class ByHand:
    """Takes the place of a module's `asyncio`: a coroutine's send(None) answers how many ms it wants to sleep."""

    async def sleep_ms(self, ms):
        await _Pause(ms)


class Stepper(ByHand):
    """Takes the place of the modules' `asyncio`. longest_us: the longest time between two pauses."""

    def __init__(self, chip, *modules):
        self.chip = chip
        self.longest_us = 0
        self.result = None
        for module in modules:
            module.asyncio = self

    def run(self, coroutine):
        """Its result."""
        while True:
            pause_ms = self.step(coroutine)
            if pause_ms is None:
                return self.result
            self.chip.run_ms(pause_ms)

    def step(self, coroutine):
        """Let it run to its next pause; how long that is in ms, None when it has ended (then `result`)."""
        clock = self.chip.clock
        began_us = clock.now_us
        try:
            return coroutine.send(None)
        except StopIteration as stop:
            self.result = stop.value
            return None
        finally:
            self.longest_us = max(self.longest_us, clock.now_us - began_us)
