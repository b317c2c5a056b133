"""The control task's turn: the next one as soon as its tick has come, and not for ever.

asyncio serves tasks in the order of the times at which they were due. A tick that has just come would wait behind all who are late
already, each with a turn of milliseconds: these add up to more than the guard allows. And where ticks take as long as their period,
the flag is set again whenever one ends, so that nobody else would get a turn before the lateness is made up; then all come at once.

Built on names of MicroPython's asyncio that are not documented; a test holds them. Without them, as on CPython, the order is
asyncio's own.
"""

import asyncio

from micropython import const

_ROW = const(2)              # ticks without a pause; then somebody else has one turn (three: 22 % of the time for them, not 30)
_AHEAD_MS = const(100000)    # nobody's turn is later than this


class FirstTurn:
    """flag: the ThreadSafeFlag that the tick sets; one task waits for it."""

    def __init__(self, flag):
        self._flag = flag
        self._task = None           # the task, while it does not run
        self._row = 0               # ticks that came without a pause
        self._passes = 0            # turns of others that it lets pass
        self._io = None

    def begin(self):
        """From now on, in the running loop."""
        core = getattr(asyncio, "core", None)
        queue = getattr(core, "_io_queue", None)
        if self._io is None and hasattr(queue, "map") and hasattr(core, "_task_queue"):
            self._io = queue
            self._io.wait_io_event = self._after(core, self._io.wait_io_event)

    def _after(self, core, wait_io_event):
        """What the loop calls between two turns; this moves the task to the front where it is due."""
        queue, waiting, key = core._task_queue, self._io.map, id(self._flag)

        def wait(timeout_ms):
            wait_io_event(timeout_ms)
            task = self._task
            if task is None or key in waiting:
                return
            if self._passes:
                self._passes -= 1
            elif not task.data:         # else it was cancelled, and push() would forget that
                self._task = None
                queue.remove(task)
                queue.push(task, core.ticks_add(core.ticks(), -_AHEAD_MS))
        return wait

    def end(self):
        """asyncio's own order again."""
        self._task = None
        if self._io is not None:
            del self._io.wait_io_event
            self._io = None

    async def wait(self):
        """Until the flag is set."""
        if not self._flag.state:
            self._row = 0
        else:
            self._row += 1
            if self._row >= _ROW:
                self._row = 0
                self._stand_by(1)
                await asyncio.sleep_ms(0)
        self._stand_by(0)
        await self._flag.wait()
        self._task = None

    def _stand_by(self, passes):
        if self._io is not None:
            self._passes = passes
            self._task = asyncio.current_task()
