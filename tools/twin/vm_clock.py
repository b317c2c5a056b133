"""Virtual time for the firmware on MicroPython: a clock in lock-step with the world's.

The world grants a horizon: until then nothing happens in it by itself, so the firmware may run on alone. Whoever spends past
the horizon, and every output, asks the world and waits for its answer: the time it came to, what changed at the pins, and the
next horizon. So at any moment one of the two stands still, and the host's speed does not show. Runs only on MicroPython.
"""
import sys

_MASK = (1 << 30) - 1
WRAP_US = 1 << 30  # now_us begins anew
_HALF = 1 << 29
_FAR_US = 1 << 60
_TICK_US = 10_000  # CONFIG_FREERTOS_HZ=100: sleeps of the event loop end on the system tick
_SCHEDULE_DEPTH = 8  # MICROPY_SCHEDULER_DEPTH of the ESP32 port


class LockstepClock:
    """The firmware's time. `cell` is what the hot paths share: [now, limit, ...]; now is below 2**30, and spending below
    the limit is nothing but an addition. `ask(t_us)` is the world: it returns (time it came to, horizon); None: no world."""

    def __init__(self, now_us=0, ask=None):
        self._ask = ask
        self._base = 0  # world time of cell[0] == 0, a multiple of 2**30
        self.cell = [0, 0, 0, 0]  # now, limit; to get milliseconds: (now + [2]) // 1000 + [3]
        self.horizon_us = 0 if ask is not None else _FAR_US
        self._timers = []  # [due, period or 0, callback, timer], earliest first
        self._queue = []  # callbacks waiting to interrupt the firmware, as in micropython.schedule
        self._in_callback = False
        self._running = False
        self.interrupted = False
        self.on_wrap = None  # called when now_us begins anew at 0
        self.lost_callbacks = 0
        self._set(now_us)

    @property
    def now_us(self):
        """30-bit microseconds, small integers on a 32-bit VM."""
        return self.cell[0] & _MASK

    def total_us(self):
        """Microseconds since the twin's power-up."""
        return self._base + self.cell[0]

    def ticks_ms(self):
        """30-bit milliseconds, at no cost."""
        c = self.cell
        return (c[0] + c[2]) // 1000 + c[3] & _MASK

    # -- passing time ---------------------------------------------------------------------------------------------------
    def spend(self, us):
        """Lets `us` pass for the caller; callbacks that fell due run at the end."""
        c = self.cell
        t = c[0] + us
        if t < c[1]:
            c[0] = t
        else:
            self.run_to(self._base + t)

    def sleep_us(self, us):
        """A sleep of the firmware: callbacks interrupt it when they fall due."""
        if us <= 0:
            return
        c = self.cell
        t = c[0] + us
        if t < c[1]:
            c[0] = t
            return
        end = self._base + t
        if self._in_callback:
            self.run_to(end)
        while self.total_us() < end:
            self.run_to(min(end, self.next_us()))

    def hold(self, us):
        """The interpreter is busy in C: time passes, callbacks wait until it is done."""
        masked, self._in_callback = self._in_callback, True
        try:
            self.run_to(self.total_us() + us)
        finally:
            self._in_callback = masked
        if not masked:
            self.run_callbacks()

    def next_us(self):
        """The next moment at which something may happen: a timer or the horizon."""
        due = self._timers[0][0] if self._timers else _FAR_US
        due = due if due < self.horizon_us else self.horizon_us
        now = self.total_us()
        return due if due > now else now + 1

    def run_to(self, target):
        """Runs world and timers up to `target`, then the waiting callbacks. At the same moment the world comes first."""
        if self._running:
            raise RuntimeError("time was spent while the world spoke")
        self._running = True
        try:
            now = self._base + self.cell[0]
            timers = self._timers
            while True:
                stop = timers[0][0] if timers and timers[0][0] < target else target
                if stop < now:
                    stop = now
                if stop >= self.horizon_us:
                    now, self.horizon_us = self._ask(stop)
                    if now < stop or self.horizon_us <= now:
                        continue
                else:
                    now = stop
                while timers and timers[0][0] <= now:
                    self._fire()
                if now >= target:
                    break
        finally:
            self._set(now)
            self._running = False
        self.run_callbacks()
        if self.interrupted:
            self.interrupted = False
            raise KeyboardInterrupt

    def output(self, tell):
        """Has `tell(now)` give an output to the world and take its answer (time, horizon)."""
        now, self.horizon_us = tell(self.total_us())
        self._set(now)

    def _set(self, now):
        c = self.cell
        c[0] = now & _MASK
        base = now - c[0]
        if base != self._base or not c[3]:
            self._base = base
            c[3], rest = divmod(base, 1000)
            c[3] = c[3] + 1 & _MASK
            c[2] = rest - 1000
            if self.on_wrap is not None:
                self.on_wrap()
        self._limit()

    def _limit(self):
        limit = self._timers[0][0] if self._timers else _FAR_US
        if self._queue and not self._in_callback:
            limit = 0
        limit = min(limit, self.horizon_us, self._base + WRAP_US) - self._base
        self.cell[1] = limit if limit > 0 else 0

    # -- timers and callbacks ---------------------------------------------------------------------------------------------
    def timer(self, callback, timer, period_us, repeat):
        """Schedules callback(timer) every period_us, or once; returns the entry for drop()."""
        entry = [self.total_us() + period_us, period_us if repeat else 0, callback, timer]
        self._insert(entry)
        self._limit()
        return entry

    def drop(self, entry):
        """Forgets a timer."""
        if entry in self._timers:
            self._timers.remove(entry)
        self._limit()

    def _insert(self, entry):
        n = len(self._timers)
        while n and self._timers[n - 1][0] > entry[0]:
            n -= 1
        self._timers.insert(n, entry)

    def _fire(self):
        entry = self._timers.pop(0)
        if entry[1]:
            entry[0] += entry[1]
            self._insert(entry)
        if entry[2] is not None:
            self.schedule(entry[2], entry[3])

    def schedule(self, fn, arg):
        """Queues fn(arg) to run as soon as the current device call ends; False when the queue is full."""
        if len(self._queue) >= _SCHEDULE_DEPTH:
            self.lost_callbacks += 1
            return False
        self._queue.append((fn, arg))
        if not self._running:
            self._limit()
        return True

    def run_callbacks(self):
        """Runs what is queued, never nested; an exception is printed and the next one runs."""
        if self._in_callback or not self._queue:
            return
        self._in_callback = True
        try:
            while self._queue:
                fn, arg = self._queue.pop(0)
                try:
                    fn(arg)
                except Exception as error:
                    sys.print_exception(error)
        finally:
            self._in_callback = False
            self._limit()

    def mask(self, state):
        """Holds callbacks back while interrupts are off; returns the state before."""
        old = self._in_callback
        self._in_callback = bool(state)
        if not state:
            self.run_callbacks()
        self._limit()
        return old

    # -- the event loop's wait --------------------------------------------------------------------------------------------
    def idle(self, ms, ready):
        """Passes time until ready() says so, at most `ms` (rounded up to the system tick); ms < 0: without end.

        ready() is asked after everything that may have changed something.
        """
        if ms < 0:
            end = _FAR_US
        else:
            end = (self.total_us() // 1000 + ms) * 1000
            end += -end % _TICK_US
        while self.total_us() < end:
            self.run_to(min(end, self.next_us()))
            if ready():
                return

    # -- while somebody looks ---------------------------------------------------------------------------------------------
    def look(self, t_us, fn):
        """fn() as seen at t_us; what it would cost is not spent."""
        c = self.cell
        now, limit = c[0], c[1]
        c[0] = t_us - self._base
        c[1] = c[0] + _HALF
        try:
            return fn()
        finally:
            c[0] = now
            c[1] = limit
