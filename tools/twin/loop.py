"""asyncio on the virtual clock: the firmware's event loop as the twin runs it on CPython."""
import asyncio
import selectors

from tools.twin.clock import LONGEST_WAIT_S

TICK_US = 10_000  # CONFIG_FREERTOS_HZ=100: MicroPython's poll wakes on the system tick
_OWN_FDS = 2  # asyncio's self-pipe and the clock's wake-up socket


class _VirtualSelector:
    """A selector that passes virtual time where a real one would wait."""

    def __init__(self, loop_ref, clock):
        self._real = selectors.DefaultSelector()
        self._loop_ref = loop_ref
        self._clock = clock
        self.register = self._real.register
        self.unregister = self._real.unregister
        self.modify = self._real.modify
        self.get_key = self._real.get_key
        self.get_map = self._real.get_map
        self.close = self._real.close
        self._map = self._real.get_map()

    def select(self, timeout=None):
        clock = self._clock
        if clock._fatal is not None:
            raise clock._fatal
        if clock._calls or clock._queue:
            clock.serve_calls()
            clock.check()
        real = self._real
        ready = self._loop_ref[0]._ready
        if ready or (timeout is not None and timeout <= 0):
            return real.select(0) if len(self._map) > _OWN_FDS else ()
        deadline = None if timeout is None else clock.now_us + int(timeout * 1e6 + 0.5)
        speed = clock._speed
        while True:
            nxt = clock.next_event_us()
            if nxt is None or (deadline is not None and deadline < nxt):
                nxt = deadline
            if nxt is None:
                events = real.select(None)  # only a socket or another thread can end this wait
            elif speed:
                delay = clock.real_delay_s(nxt)
                events = real.select(min(delay, LONGEST_WAIT_S))
                if not events and not clock._calls and delay > LONGEST_WAIT_S:
                    continue
            elif len(self._map) > _OWN_FDS:
                events = real.select(0)
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


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop whose time is the clock's. Sleeps end on MicroPython's 10 ms tick, flags wake at once."""

    def __init__(self, clock):
        self._loop_ref = [None]
        self._loop_ref[0] = self
        self._virtual_clock = clock
        super().__init__(_VirtualSelector(self._loop_ref, clock))
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

    def call_exception_handler(self, context):
        """Tasks that the end of a boot tore down are no error to report."""
        from tools.twin.clock import Halt
        if not isinstance(context.get("exception"), Halt):
            super().call_exception_handler(context)

    def close(self):
        if not self.is_closed():
            self._remove_reader(self._virtual_clock.wake_fd())
        self._loop_ref[0] = None
        super().close()
