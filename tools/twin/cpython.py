"""Makes CPython look like MicroPython on an ESP32 to the firmware: asyncio and time extras, `machine` and its kin, virtual time."""
import asyncio
import importlib
import os
import sys
import threading
import time

from tools.twin import costs
from tools.twin.clock import TICKS_MASK, Halt, VirtualClock
from tools.twin.cpython_port import Port
from tools.twin.loop import VirtualLoop

_HERE = os.path.dirname(os.path.abspath(__file__))
SHIM_DIRS = (os.path.join(_HERE, "shims"), os.path.join(_HERE, "shims_cpython"))
SHIMS = ("_twin", "machine", "machine_bus", "machine_pin", "machine_pwm", "machine_adc", "network", "esp32", "neopixel",
         "_onewire", "micropython")
_HALF = (TICKS_MASK + 1) // 2
_stack = []  # installations: the last one counts, uninstall() goes back to the one before


class ThreadSafeFlag:
    """MicroPython's flag: set() from events, callbacks and threads; one waiter, which clears it."""

    __slots__ = ("state", "_future", "_loop", "_thread")

    def __init__(self):
        self.state = 0
        self._future = None

    def set(self):
        self.state = 1
        future = self._future
        if future is not None:
            if threading.get_ident() == self._thread:
                if not future.done():
                    future.set_result(None)
            else:
                self._loop.call_soon_threadsafe(self._wake, future)

    @staticmethod
    def _wake(future):
        if not future.done():
            future.set_result(None)

    def clear(self):
        self.state = 0

    async def wait(self):
        if not self.state:
            assert self._future is None, "a ThreadSafeFlag has one waiter"
            self._loop = loop = asyncio.get_running_loop()
            self._thread = threading.get_ident()
            self._future = future = loop.create_future()
            try:
                if not self.state:  # a thread may have set it before the future stood there
                    await future
            finally:
                self._future = None
        self.state = 0


class _Sleep:
    """What sleep_ms returns: to be awaited at once; like MicroPython's, it is no coroutine and makes no task."""

    __slots__ = ("_ms",)

    def __init__(self, ms):
        self._ms = ms

    def __await__(self):
        ms = self._ms
        if ms <= 0:
            yield
            return
        loop = asyncio.get_running_loop()
        if not hasattr(loop, "sleep_future"):       # a real loop, as that of a server beside the twin
            yield from asyncio.sleep(ms / 1000).__await__()
            return
        future = loop.sleep_future(ms)
        try:
            yield from future
        except BaseException:
            future.cancel()
            raise


async def _wait_for_ms(aw, timeout_ms):
    return await asyncio.wait_for(aw, timeout_ms / 1000)


class _Installation:
    def __init__(self, clock, hal):
        self.clock = clock
        self.hal = hal
        self.port = None
        self.loop = None
        self._undo = []
        self.before = set(sys.modules)
        self.hidden = {}

    def patch(self, obj, name, value):
        """Replaces an attribute until undo()."""
        had = hasattr(obj, name)
        self._undo.append((obj, name, had, getattr(obj, name, None)))
        setattr(obj, name, value)

    def undo(self):
        """Puts back what patch() replaced."""
        for obj, name, had, old in reversed(self._undo):
            if had:
                setattr(obj, name, old)
            else:
                delattr(obj, name)

    def new_loop(self):
        """A fresh loop, as asyncio.new_event_loop() gives; tasks of the old one are gone."""
        self.drop_loop()
        self.loop = VirtualLoop(self.clock)
        asyncio.set_event_loop(self.loop)
        return self.loop

    def drop_loop(self):
        loop, self.loop = self.loop, None
        if loop is None or loop.is_closed():
            return
        halted = self.clock._fatal
        if halted is None:
            self.clock.halt(Halt("the loop is gone"))
        for task in asyncio.all_tasks(loop):  # they stop where they are: no clean-up of theirs reaches a device
            task._log_destroy_pending = False
            try:
                task.get_coro().close()
            except (Exception, Halt):
                continue
        if halted is None:
            self.clock.resume()
        loop.close()
        asyncio.set_event_loop(None)

    def run(self, main, **kw):
        """asyncio.run as MicroPython has it: other tasks are neither cancelled nor waited for, they stay for the next run."""
        if self.loop is None or self.loop.is_closed():
            self.new_loop()
        return self.loop.run_until_complete(main)


def install(clock=None, hal=None):
    """Installs everything; without `hal` there is no `machine`. Returns the installation (attributes clock, hal, port, loop).

    Installations nest: the new one hides the one before until uninstall().
    """
    if clock is None:
        clock = hal.clock if hal is not None else VirtualClock()
    inst = _Installation(clock, hal)
    _stack.append(inst)
    inst.patch(asyncio, "sleep_ms", _Sleep)
    inst.patch(asyncio, "wait_for_ms", _wait_for_ms)
    inst.patch(asyncio, "ThreadSafeFlag", ThreadSafeFlag)
    inst.patch(asyncio, "run", inst.run)
    inst.patch(asyncio, "new_event_loop", inst.new_loop)
    _patch_time(inst, clock, hal)
    if hal is not None and hal.random is not None:
        inst.patch(os, "urandom", _urandom(hal.random, os.urandom))
    for path in SHIM_DIRS:
        sys.path.insert(0, path)
    inst.hidden = {name: sys.modules.pop(name) for name in SHIMS if name in sys.modules}
    for name in list(sys.modules):
        if name == "firmware.app" or name.startswith("firmware.drivers"):
            inst.hidden[name] = sys.modules.pop(name)  # bound to the devices of the installation before
    twin = importlib.import_module("_twin")
    twin.costs = costs
    if hal is None:
        sys.modules["machine"] = None  # importing it raises ImportError
        twin.port = _NoDevices(clock)
    else:
        inst.port = twin.port = Port(clock, hal)
    return inst


def installations():
    """How many there are: a tool that imports the firmware's tables makes one where there is none."""
    return len(_stack)


def _urandom(seeded, real):
    """os.urandom() that gives the firmware's thread the same bytes in every run of a seed, and everybody else real ones."""
    board_thread = threading.get_ident()
    return lambda n: seeded.randbytes(n) if threading.get_ident() == board_thread else real(n)


class _NoDevices:
    """A port without a chip: what `micropython.schedule` needs."""

    def __init__(self, clock):
        self.schedule = clock.schedule


def _patch_time(inst, clock, hal):
    cost = costs.TICKS_US
    run_to = clock._run_to

    def ticks_us():
        t = clock.now_us + cost
        if t < clock._next_us:
            clock.now_us = t
        else:
            run_to(t)
        return (clock.now_us + clock.ticks_offset_ms * 1000) & TICKS_MASK

    def ticks_ms():
        t = clock.now_us + cost
        if t < clock._next_us:
            clock.now_us = t
        else:
            run_to(t)
        return (clock.now_us // 1000 + clock.ticks_offset_ms) & TICKS_MASK

    def sleep_us(n):
        if n > 0:
            t = clock.now_us + n
            if t < clock._next_us:
                clock.now_us = t
            else:
                clock.sleep_us(n)

    inst.patch(time, "ticks_us", ticks_us)
    inst.patch(time, "ticks_ms", ticks_ms)
    inst.patch(time, "ticks_diff", lambda a, b: ((a - b + _HALF) & TICKS_MASK) - _HALF)
    inst.patch(time, "ticks_add", lambda t, d: (t + d) & TICKS_MASK)
    inst.patch(time, "sleep_us", sleep_us)
    inst.patch(time, "sleep_ms", lambda n: sleep_us(n * 1000))
    if hal is not None:
        inst.patch(time, "time", hal.rtc_s)


def uninstall():
    """Takes the last installation back; `firmware` modules first imported under it are forgotten: they hold what is gone."""
    if not _stack:
        return
    inst = _stack.pop()
    if inst.port is not None:
        inst.port.end()
    inst.drop_loop()
    inst.undo()
    for path in SHIM_DIRS:
        if path in sys.path:
            sys.path.remove(path)
    for name in list(sys.modules):
        if name in SHIMS or (name.partition(".")[0] == "firmware" and name not in inst.before):
            del sys.modules[name]
    sys.modules.update(inst.hidden)
