"""Starts the tasks of the one table, restarts those that may be restarted, and feeds the watchdog.

The watchdog is fed only when every critical task has checked in within its period. A critical task that dies is not restarted: the
contactor is opened, and the watchdog resets the charger. A task that dies again and again for one reason is logged once and counted
always.
"""

import asyncio

from micropython import const

CHECK_MS = const(100)
_TICKS_MASK = const(0x3FFFFFFF)
_FIRST_DELAY_MS = const(500)
_LONGEST_DELAY_MS = const(60000)
_STABLE_MS = const(120000)       # ran so long: the next delay starts small again


class Supervised:
    """One row of the table at run time."""

    def __init__(self, name, factory, critical, period_ms):
        self.name = name
        self.factory = factory         # factory(beat) -> a new coroutine; a finished one cannot be run again
        self.critical = critical
        self.period_ms = period_ms     # longest time between two beats; 0: none expected
        self.task = None
        self.restarts = 0
        self.last_error = None
        self.started_ms = 0
        self.beat_ms = 0
        self.down = False
        self.died = False              # and has not run long enough since to be called well
        self.delay_ms = _FIRST_DELAY_MS


class Supervisor:
    """rows: (name, factory, critical, period_ms). watchdog.feed(); make_safe() opens the contactor; log(event, data).

    witness(text): what the start after the watchdog's reset shall tell, as no log may be written before it; "" takes it back."""

    def __init__(self, rows, ticks_ms, watchdog, make_safe, log, witness=None):
        self.tasks = [Supervised(*row) for row in rows]
        self._ticks_ms = ticks_ms
        self._watchdog = watchdog
        self._make_safe = make_safe
        self._log = log
        self._witness = witness or (lambda text: None)
        self._silent = None            # the critical task that does not beat
        self._stopping = False

    async def run(self):
        """Start everything, then watch. Ends only by cancellation."""
        for entry in self.tasks:
            self._start(entry)
        while True:
            await asyncio.sleep_ms(CHECK_MS)
            self.check(self._ticks_ms())

    def _start(self, entry):
        entry.started_ms = entry.beat_ms = self._ticks_ms()
        entry.down = False
        entry.task = asyncio.create_task(self._guarded(entry))

    async def _guarded(self, entry):
        def beat():
            entry.beat_ms = self._ticks_ms()

        try:
            await entry.factory(beat)
            self._went_down(entry, "ended")       # no task of the table may end by itself
        except asyncio.CancelledError:            # passes every "except Exception"; whoever awaits a cancelled task gets it too
            if self._stopping:
                raise
            self._went_down(entry, "cancelled")
        except Exception as error:
            self._went_down(entry, "%s: %s" % (type(error).__name__, error))

    def _went_down(self, entry, reason):
        if entry.critical:
            self._make_safe()
            self._witness("%s: %s" % (entry.name, reason))
        now_ms = self._ticks_ms()
        lived_ms = (now_ms - entry.started_ms) & _TICKS_MASK
        news = reason != entry.last_error or not entry.died
        if not entry.died:
            entry.delay_ms = _FIRST_DELAY_MS
        entry.down = entry.died = True
        entry.last_error = reason
        entry.beat_ms = now_ms                # now counts as the time of death
        if news:
            self._log("task_died", {"task": entry.name, "reason": reason, "lived_ms": lived_ms})

    def check(self, now_ms):
        """Restart what is due, feed the watchdog when all is well. Returns True when it was fed."""
        healthy = True
        for entry in self.tasks:
            if entry.died and not entry.down and (now_ms - entry.started_ms) & _TICKS_MASK >= _STABLE_MS:
                entry.died = False            # noted in time: the clock's difference comes round every 12.4 days
            silent_ms = (now_ms - entry.beat_ms) & _TICKS_MASK
            if entry.down:
                if entry.critical:
                    healthy = False
                elif silent_ms >= entry.delay_ms and not self._stopping:
                    entry.delay_ms = min(entry.delay_ms * 2, _LONGEST_DELAY_MS)
                    entry.restarts += 1
                    self._start(entry)
            elif entry.critical and entry.period_ms and silent_ms > entry.period_ms:
                healthy = False
                self._make_safe()
                if self._silent is None:
                    self._silent = entry
                    self._witness(entry.name + " is silent")
        if healthy:
            if self._silent is not None:
                self._silent = None
                self._witness("")
            self._watchdog.feed()
        return healthy

    def running(self):
        """Name of the task that runs now, for a callback that interrupts it; of the coroutine where it is nobody's of the table;
        "nobody" between two tasks, or where no loop runs."""
        try:
            task = asyncio.current_task()
        except RuntimeError:
            return "nobody"
        if task is None:
            return "nobody"
        coro = task.coro if hasattr(task, "coro") else task.get_coro()
        if not _is_executed(coro):             # MicroPython goes on naming the one that ran last
            return "nobody"
        for entry in self.tasks:
            if entry.task is task:
                return entry.name
        text = repr(coro)                      # "<… object 'name' at 3f…>", "<… object where.name at 0x…>"
        return text[text.find("object ") + 7:text.find(" at ")].strip("'").split(".")[-1]

    def ailing(self):
        """True while a task is down, or has not run two minutes since it was."""
        for entry in self.tasks:
            if entry.died:
                return True
        return False

    def fact(self):
        """[{"name", "critical", "restarts", "last_error"}]"""
        return [{"name": entry.name, "critical": entry.critical, "restarts": entry.restarts, "last_error": entry.last_error}
                for entry in self.tasks]

    async def stop(self):
        """Cancel everything, last row first, and wait until each has ended. Nothing is restarted any more."""
        self._stopping = True
        for entry in reversed(self.tasks):
            if entry.task is not None and not entry.task.done():
                entry.task.cancel()
                try:
                    await entry.task
                except asyncio.CancelledError:
                    entry.last_error = "stopped"


def _is_executed(coro):
    if hasattr(coro, "cr_running"):
        return True                                  # CPython names no task while none runs
    try:
        coro.pend_throw(coro.pend_throw(None))       # MicroPython's way to ask: what is pending is left as it was
    except (AttributeError, ValueError):             # "generator already executing"
        return True
    return False
