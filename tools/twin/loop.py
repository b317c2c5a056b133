"""asyncio on the virtual clock: the firmware's event loop as the twin runs it on CPython."""
import _socket
import asyncio
import heapq
import selectors

from tools.twin.clock import LONGEST_WAIT_S, Halt

TICK_US = 10_000  # CONFIG_FREERTOS_HZ=100: MicroPython's poll wakes on the system tick
_OWN_FDS = 2  # asyncio's self-pipe and the clock's wake-up socket
_GLANCE_EVERY = 8  # rounds between two looks at sockets that only listen: nobody there waits for a virtual microsecond


def _listens(fd):
    """True for a socket that waits for connections."""
    try:
        probe = _socket.socket(fileno=fd)
    except OSError:
        return False
    try:
        return bool(probe.getsockopt(_socket.SOL_SOCKET, _socket.SO_ACCEPTCONN))
    except OSError:
        return False
    finally:
        probe.detach()


class _Selector:
    """The real selector, and how often it is worth a look while time is virtual."""

    def __init__(self):
        self._real = selectors.DefaultSelector()
        self.select = self._real.select
        self.get_key = self._real.get_key
        self.get_map = self._real.get_map
        self.close = self._real.close
        self._listening = set()
        self.others = 0  # descriptors beside the loop's own two
        self.busy = 0  # of them, those that do not just listen

    def register(self, fileobj, events, data=None):
        key = self._real.register(fileobj, events, data)
        if _listens(key.fd):
            self._listening.add(key.fd)
        self._count()
        return key

    def unregister(self, fileobj):
        key = self._real.unregister(fileobj)
        self._listening.discard(key.fd)
        self._count()
        return key

    def modify(self, fileobj, events, data=None):
        return self._real.modify(fileobj, events, data)

    def _count(self):
        self.others = len(self._real.get_map()) - _OWN_FDS
        self.busy = self.others - len(self._listening)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop whose time is the clock's. Sleeps end on MicroPython's 10 ms tick, flags wake at once."""

    def __init__(self, clock):
        self._virtual_clock = clock
        self._sleeps = []  # heap of (when in us, number, future): what sleep_ms waits for
        self._sleep_number = 0
        self._glance = 0
        self.ran = 0  # handles so far
        self.quiet = None  # tools.twin.quiet: ticks of the control loop that need not be reckoned
        super().__init__(_Selector())
        self._clock_resolution = 1e-7
        self._add_reader(clock.wake_fd(), clock.serve_calls)

    def time(self):
        """Virtual seconds since power-up."""
        return self._virtual_clock.now_us / 1e6

    def call_at(self, when, callback, *args, context=None):
        """Like asyncio's, on the next system tick at or after `when`."""
        us = int(when * 1e6 + 0.5)
        return super().call_at(-(-us // TICK_US) * TICK_US / 1e6, callback, *args, context=context)

    def call_later(self, delay, callback, *args, context=None):
        """Like asyncio's, on the next system tick at or after the delay."""
        return self.call_at(self._virtual_clock.now_us / 1e6 + delay, callback, *args, context=context)

    def sleep_future(self, ms):
        """A future that is done on the next system tick at or after `ms` milliseconds; whoever gives it up cancels it."""
        future = asyncio.Future(loop=self)
        us = self._virtual_clock.now_us + ms * 1000
        self._sleep_number = number = self._sleep_number + 1
        heapq.heappush(self._sleeps, (-(-us // TICK_US) * TICK_US, number, future))
        return future

    def call_exception_handler(self, context):
        """Tasks that the end of a boot tore down are no error to report."""
        if not isinstance(context.get("exception"), Halt):
            super().call_exception_handler(context)

    def close(self):
        if not self.is_closed():
            self._remove_reader(self._virtual_clock.wake_fd())
        super().close()

    # -- one round, in the place of asyncio's: what is ready runs; where nothing is, time passes ---------------------------------
    def _run_once(self):
        clock = self._virtual_clock
        if clock._fatal is not None:
            raise clock._fatal
        if clock._calls or clock._queue:
            clock.serve_calls()
            clock.check()
        ready = self._ready
        selector = self._selector
        if not ready and not self._stopping:
            events = self._pass_time()
            if events:
                self._process_events(events)
        elif selector.others and self._worth_a_look():
            self._process_events(selector.select(0))
        now_us = clock.now_us
        sleeps = self._sleeps
        while sleeps and sleeps[0][0] <= now_us:
            future = heapq.heappop(sleeps)[2]
            if not future.done():
                future.set_result(None)
        scheduled = self._scheduled
        if scheduled:
            self._due(scheduled, now_us / 1e6 + self._clock_resolution)
        self.ran += len(ready)
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()

    def _due(self, scheduled, end_time):
        """Moves the timers of call_at() that are due."""
        ready = self._ready
        while scheduled:
            handle = scheduled[0]
            if handle._cancelled:
                self._timer_cancelled_count -= 1
            elif handle._when >= end_time:
                break
            heapq.heappop(scheduled)
            handle._scheduled = False
            if not handle._cancelled:
                ready.append(handle)

    def _worth_a_look(self):
        if self._selector.busy:
            return True
        self._glance += 1
        if self._glance < _GLANCE_EVERY:
            return False
        self._glance = 0
        return True

    def _deadline_us(self):
        """When the earliest sleep or timer ends, or None."""
        sleeps, scheduled = self._sleeps, self._scheduled
        while sleeps and sleeps[0][2].done():
            heapq.heappop(sleeps)
        while scheduled and scheduled[0]._cancelled:
            self._timer_cancelled_count -= 1
            heapq.heappop(scheduled)._scheduled = False
        deadline = sleeps[0][0] if sleeps else None
        if scheduled:
            when = int(scheduled[0]._when * 1e6 + 0.5)
            if deadline is None or when < deadline:
                deadline = when
        return deadline

    def _pass_time(self):
        """Lets time pass until something is ready, or a sleep or a timer is due; returns what came at the sockets."""
        clock = self._virtual_clock
        selector = self._selector
        ready = self._ready
        speed = clock._speed
        deadline = self._deadline_us()
        quiet = self.quiet
        fresh = quiet is not None and quiet.settle()
        while True:
            nxt = clock.next_event_us()
            if (quiet is not None and nxt is not None and not speed and clock._heap[0] is quiet.handle[0]
                    and (deadline is None or deadline > nxt) and not clock._calls and quiet.take(nxt, fresh)):
                if deadline is not None and clock.now_us >= deadline or ready or clock._queue:
                    return ()
                fresh = True
                if selector.others and self._worth_a_look():
                    events = selector.select(0)
                    if events:
                        return events
                continue
            fresh = False
            if nxt is None or (deadline is not None and deadline < nxt):
                nxt = deadline
            if nxt is None:
                events = selector.select(None)  # only a socket or another thread can end this wait
            elif speed:
                delay = clock.real_delay_s(nxt)
                events = selector.select(min(delay, LONGEST_WAIT_S))
                if not events and not clock._calls and delay > LONGEST_WAIT_S:
                    continue
            elif selector.others and self._worth_a_look():
                events = selector.select(0)
            else:
                events = ()
            if clock._calls:
                clock.serve_calls()
                clock.check()
                speed = clock._speed
            if events:
                if speed:
                    now = clock.paced_now_us()
                    if nxt is not None and now >= nxt:
                        now = nxt - 1
                    if now > clock.now_us:
                        clock.advance_to(now)
                return events
            if ready:
                return ()
            if nxt is not None:
                clock.advance_to(nxt)
                if ready or (deadline is not None and clock.now_us >= deadline):
                    return ()
