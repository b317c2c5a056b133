"""Virtual time: one clock for the firmware, its devices and the world around them.

Time moves only when somebody spends it: a device call costs what it costs on the device, an idle event loop jumps to the next
event. Between two such moments the host may take as long as it likes, and none of it shows as lateness.
"""
import heapq
import selectors
import socket
import sys
import threading
import time
import traceback
from collections import deque

NEVER_US = 1 << 62
TICKS_MASK = (1 << 30) - 1
DEFAULT_UTC_S = 1_795_176_000  # 2026-11-20T12:00:00Z: the same day in every run, so that runs can be compared
SCHEDULE_DEPTH = 8  # MICROPY_SCHEDULER_DEPTH of the ESP32 port
PACE_CHUNK_US = 2000  # a sleep shorter than this is not paced one by one
LONGEST_WAIT_S = 3600  # one real wait; longer ones are cut in pieces (a selector takes no more than some days)
LAG_LIMIT_S = 0.25  # a host that falls further behind than this is not asked to catch up


class Halt(BaseException):
    """The firmware has stopped for good in this boot: nothing may catch it and go on."""


class PowerCut(Halt):
    """The supply is gone."""


class Reset(Halt):
    """The chip resets; `cause` is "hard", "watchdog" or "soft"."""

    def __init__(self, cause):
        super().__init__(cause)
        self.cause = cause


class VirtualClock:
    """Microseconds since the twin's power-up, events on them, and the pace at which they pass.

    `speed` 0 runs as fast as the host can, N runs at N times real time. Only the thread that made the clock may use it; others
    reach in through `call()`.
    """

    def __init__(self, speed=0, utc_s=DEFAULT_UTC_S):
        self.now_us = 0
        self.ticks_offset_ms = 0
        self.lost_callbacks = 0
        self.served = 0  # calls of other threads so far
        self.lag_limit_s = LAG_LIMIT_S  # None: the pace is kept whatever the host does (firmware in a process of its own)
        self._next_us = NEVER_US  # when spending has to look up: the earliest event, or -1 for "at once"
        self._heap = []
        self._seq = 0
        self._busy = False  # inside an event: time adds up, no other event runs
        self._fatal = None
        self._queue = deque()  # callbacks waiting to interrupt the firmware, as in micropython.schedule
        self._in_callback = False
        self._calls = deque()
        self._thread = threading.get_ident()
        self._wake_r, self._wake_w = socket.socketpair()
        self._wake_r.setblocking(False)
        self._wake_w.setblocking(False)
        self._waiter = None
        self._utc_base_us = utc_s * 1_000_000
        self._speed = 0
        self.speed = speed

    # -- events ------------------------------------------------------------------------------------------------------------
    def at(self, t_us, fn):
        """Runs fn() when the clock reaches t_us (at once if that is past); returns a handle for cancel()."""
        self._seq += 1
        entry = [t_us, self._seq, fn]
        heapq.heappush(self._heap, entry)
        if t_us < self._next_us and not self._busy:
            self._next_us = t_us
        return entry

    def after(self, us, fn):
        """Runs fn() `us` microseconds from now; returns a handle for cancel()."""
        return self.at(self.now_us + us, fn)

    def cancel(self, handle):
        """Forgets an event; one that has run or is cancelled already is left as it is."""
        handle[2] = None

    def next_event_us(self):
        """Time of the earliest live event, or None."""
        heap = self._heap
        while heap and heap[0][2] is None:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    # -- passing time ------------------------------------------------------------------------------------------------------
    def spend_us(self, n):
        """Lets n microseconds pass for the caller, running what falls due; what that spends itself is added."""
        t = self.now_us + n
        if t < self._next_us:
            self.now_us = t
        else:
            self._run_to(t)

    def advance_to(self, t_us):
        """Runs every event up to t_us, then the waiting callbacks."""
        self._run_to(t_us if t_us > self.now_us else self.now_us)

    def sleep_us(self, n):
        """A sleep of the firmware: callbacks interrupt it when they fall due, and it takes its time at the clock's pace."""
        if self._busy or self._in_callback:
            self.spend_us(n)
            return
        end = self.now_us + n
        while self.now_us < end:
            nxt = self.next_event_us()
            nxt = end if nxt is None or nxt > end else nxt
            if self._speed and end - self.now_us >= PACE_CHUNK_US and self.wait_real(nxt):
                self.check()
                continue
            self.advance_to(nxt)

    def hold_us(self, n):
        """The interpreter is busy in C for n microseconds: events happen, scheduled callbacks wait until it is done."""
        masked, self._in_callback = self._in_callback, True
        try:
            self._run_to(self.now_us + n)
        finally:
            self._in_callback = masked
        if self._queue and not masked and not self._busy:
            self.run_callbacks()

    def run_until(self, done, limit_us=None):
        """Runs the clock without any firmware loop on it, at its pace, until done() is true or limit_us is reached."""
        while not done() and (limit_us is None or self.now_us < limit_us):
            nxt = self.next_event_us()
            if nxt is None or (limit_us is not None and nxt > limit_us):
                nxt = limit_us
            if self._speed or nxt is None:
                if self.wait_real(nxt):
                    continue
                if nxt is None:
                    continue
            self.advance_to(nxt)

    def _run_to(self, target):
        if self._fatal is not None:
            raise self._fatal
        if self._busy:
            self.now_us = target
            return
        heap = self._heap
        self._busy = True
        self._next_us = NEVER_US  # nested spending takes the short way
        try:
            if self._calls:
                self._run_calls()
            while heap and heap[0][0] <= target:
                entry = heapq.heappop(heap)
                fn = entry[2]
                if fn is None:
                    continue
                entry[2] = None
                t = entry[0]
                if t > self.now_us:
                    self.now_us = t
                else:
                    t = self.now_us
                fn()
                target += self.now_us - t
                if self._fatal is not None:
                    raise self._fatal
            if target > self.now_us:
                self.now_us = target
        finally:
            self._busy = False
            self._rearm()
        if self._queue and not self._in_callback:
            self.run_callbacks()

    def _rearm(self):
        if self._fatal is not None or self._calls:
            self._next_us = -1
        else:
            heap = self._heap
            self._next_us = heap[0][0] if heap else NEVER_US

    # -- callbacks that interrupt the firmware -----------------------------------------------------------------------------
    def schedule(self, fn, arg):
        """Queues fn(arg) to run as soon as the firmware's current device call ends; False when the queue is full."""
        if len(self._queue) >= SCHEDULE_DEPTH:
            self.lost_callbacks += 1
            return False
        self._queue.append((fn, arg))
        if not self._busy:
            self._next_us = -1
        return True

    def run_callbacks(self):
        """Runs the queued callbacks one after another, never nested; an exception is printed and the next one runs."""
        if self._in_callback:
            return
        self._in_callback = True
        queue = self._queue
        try:
            while queue:
                fn, arg = queue.popleft()
                try:
                    fn(arg)
                except Exception:
                    traceback.print_exc(file=sys.stderr)
        finally:
            self._in_callback = False
            self._rearm()

    # -- the end of a boot ---------------------------------------------------------------------------------------------
    def halt(self, exc):
        """From now on every device call of the firmware raises exc (a Halt); the world's events stay alive."""
        self._fatal = exc
        self._next_us = -1

    def check(self):
        """Raises what halted the firmware, if anything did."""
        if self._fatal is not None:
            raise self._fatal

    def resume(self):
        """Makes the clock usable for the next boot: callbacks of the last one are gone, events stay."""
        self._fatal = None
        self._queue.clear()
        self._in_callback = False
        self._rearm()

    # -- other threads -------------------------------------------------------------------------------------------------
    def call(self, fn, timeout_s=10):
        """Runs fn() in the clock's thread between two events and returns its result or raises its exception.

        Raises TimeoutError when the clock's thread does not come round in timeout_s real seconds.
        """
        if threading.get_ident() == self._thread:
            return fn()
        box = [fn, None, None, threading.Event()]
        self._calls.append(box)
        self._next_us = -1
        self.wake()
        if not box[3].wait(timeout_s):
            box[0] = None
            raise TimeoutError("the twin did not answer in %d s" % timeout_s)
        if box[2] is not None:
            raise box[2]
        return box[1]

    def wake(self):
        """Ends a real wait of the clock's thread; callable from any thread."""
        try:
            self._wake_w.send(b"\0")
        except BlockingIOError:
            pass  # it is full of wake-ups already

    def wake_fd(self):
        """The descriptor that becomes readable on wake(), for a selector that waits in the clock's stead."""
        return self._wake_r

    def serve_calls(self):
        """Empties the wake-up pipe and runs what other threads asked for."""
        try:
            while self._wake_r.recv(4096):
                pass
        except BlockingIOError:
            pass
        if self._calls:
            self._run_calls()
            if not self._busy:
                self._rearm()
        if self._queue and not self._in_callback and not self._busy and self._fatal is None:
            self.run_callbacks()

    def _run_calls(self):
        calls = self._calls
        while calls:
            box = calls.popleft()
            self.served += 1
            fn = box[0]
            if fn is None:
                continue
            try:
                box[1] = fn()
            except Exception as exc:
                box[2] = exc
            except Halt as exc:  # a reset asked for by the bench stops the firmware, not the asker
                box[1] = None
                self.halt(exc)
            box[3].set()

    # -- pace ------------------------------------------------------------------------------------------------------------
    @property
    def speed(self):
        """0: as fast as possible; N: N times real time."""
        return self._speed

    @speed.setter
    def speed(self, value):
        if value < 0:
            raise ValueError("speed is 0 (as fast as possible) or more, not %r" % (value,))
        self._speed = value
        self._anchor()

    def _anchor(self):
        self._real0 = time.perf_counter()
        self._virt0 = self.now_us

    def real_delay_s(self, t_us):
        """Real seconds until the pace reaches t_us; 0 when it has, or when there is no pace."""
        if not self._speed:
            return 0
        delay = (t_us - self._virt0) / (1e6 * self._speed) - (time.perf_counter() - self._real0)
        if delay > 0:
            return delay
        if self.lag_limit_s is not None and delay < -self.lag_limit_s:
            self._anchor()
        return 0

    def paced_now_us(self):
        """Where the pace is now: what now_us would be had nothing been waited for."""
        if not self._speed:
            return self.now_us
        return self._virt0 + int((time.perf_counter() - self._real0) * 1e6 * self._speed)

    def add_reader(self, sock, fn):
        """Has wait_real() call fn() when sock is readable (the link to a firmware in another process)."""
        self._real_selector().register(sock, selectors.EVENT_READ, fn)

    def remove_reader(self, sock):
        """Forgets a socket of add_reader()."""
        self._real_selector().unregister(sock)

    def _real_selector(self):
        if self._waiter is None:
            self._waiter = selectors.DefaultSelector()
            self._waiter.register(self._wake_r, selectors.EVENT_READ, self.serve_calls)
        return self._waiter

    def wait_real(self, t_us=None):
        """Waits until the pace reaches t_us (None: for ever), a reader or a call() comes; True when something came early."""
        delay = None if t_us is None else self.real_delay_s(t_us)
        came = self._real_selector().select(delay and min(delay, LONGEST_WAIT_S))
        if not came:
            return delay is not None and delay > LONGEST_WAIT_S
        now = self.paced_now_us()
        if t_us is not None and now >= t_us:
            now = t_us - 1
        if now > self.now_us and self._speed:
            self.advance_to(now)
        for key, _ in came:
            key.data()
        return True

    # -- ticks and wall-clock time -----------------------------------------------------------------------------------------
    def ticks_ms(self):
        """30-bit milliseconds, as MicroPython counts them."""
        return (self.now_us // 1000 + self.ticks_offset_ms) & TICKS_MASK

    def ticks_us(self):
        """30-bit microseconds."""
        return (self.now_us + self.ticks_offset_ms * 1000) & TICKS_MASK

    def utc_s(self):
        """What a perfect clock on the wall shows: Unix seconds."""
        return (self._utc_base_us + self.now_us) // 1_000_000

    def set_utc(self, unix_s):
        """Moves the wall clock; the twin's own time runs on untouched."""
        self._utc_base_us = unix_s * 1_000_000 - self.now_us

    def close(self):
        """Gives the sockets back."""
        if self._waiter is not None:
            self._waiter.close()
        self._wake_r.close()
        self._wake_w.close()
