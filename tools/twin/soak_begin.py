"""How each fault inside the charger begins: fn(inner, arguments) -> its length in us; raises NotNow where it cannot begin.

inner: tools.twin.soak_inner.Inner. arguments: plain data, drawn by the table in soak_faults.py.
"""

import asyncio
import contextlib
import gc
import os
import sys
from pathlib import Path

MS, S = 1000, 1_000_000
ERRORS = {"OSError": OSError, "ValueError": ValueError, "MemoryError": MemoryError}
# calls of the firmware that raise: module, class ("" for a function of the module), name
CALLS = (
    ("machine", "ADC", "read_uv"), ("machine", "Pin", "value"), ("machine", "Pin", "value"), ("machine", "Pin", "value"),
    ("machine", "PWM", "duty_ns"), ("machine", "PWM", "duty_u16"), ("machine", "UART", "write"), ("machine", "UART", "readinto"),
    ("machine", "UART", "any"), ("machine", "WDT", "feed"), ("machine", "RTC", "datetime"), ("machine", "RTC", "memory"),
    ("neopixel", "NeoPixel", "write"), ("network", "WLAN", "isconnected"), ("network", "WLAN", "status"),
    ("network", "WLAN", "ifconfig"), ("machine", "Timer", "init"), ("_onewire", "", "reset"), ("_onewire", "", "readbyte"),
)
PINS = ("contactor_1", "contactor_2", "coil_watchdog", "contactor_feedback_1", "rcd_trip", "pe_ok", "rcd_test", "cp_disconnect")
GUARD_US = 80 * MS              # after that long in one task the guard has opened the contactor
PINS_DEAD_US = 800 * MS         # where a coil's own pin fails the pump lets go: as in host_tests/drivers/sweep.py
WATCHDOG_US = 9 * S             # it bites within that time
CRASH_US = 300 * S              # boot.py waits before it starts again what has crashed


class NotNow(Exception):
    """It cannot begin at this moment: no firmware runs."""


# Tasks

def killed(inner, arguments):
    """The task is cancelled."""
    entry = inner.entry(arguments["task"])
    inner.loop().call_soon(entry.task.cancel)
    return _may_bite(inner, entry)


def raises(inner, arguments):
    """The task's innermost wait raises."""
    entry = inner.entry(arguments["task"])
    loop, error = inner.loop(), ERRORS[arguments["error"]](5)

    def strike(left=50):
        waiter = entry.task._fut_waiter
        while isinstance(waiter, asyncio.Task):
            waiter = waiter._fut_waiter
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)
        elif left and not entry.task.done():
            loop.call_soon(strike, left - 1)        # it is about to run: at its next await
    loop.call_soon(strike)
    return _may_bite(inner, entry)


def _may_bite(inner, entry):
    """The end of a critical task is the watchdog's affair."""
    if not entry.critical:
        return 0
    inner.chapter.expect_bad_end("reset:watchdog", WATCHDOG_US)
    return WATCHDOG_US


def hogs(inner, arguments):
    """The task does not give the processor back."""
    entry = inner.entry(arguments["task"])
    chapter, loop, us = inner.chapter, inner.loop(), arguments["ms"] * MS
    if us >= 8 * S:
        chapter.expect_bad_end("reset:watchdog", WATCHDOG_US)

    def hog():
        chapter.watch.stall(min(us, GUARD_US))
        asyncio.tasks._enter_task(loop, entry.task)
        try:
            chapter.clock.sleep_us(us)
        finally:
            asyncio.tasks._leave_task(loop, entry.task)
    loop.call_soon(hog)
    return us


# Device calls

def device(inner, arguments):
    """Every n-th such call raises, for a while."""
    inner.app()
    place, owner_name, name = CALLS[arguments["call"]]
    module = sys.modules.get(place)
    if module is None:
        raise NotNow
    error, every, us = ERRORS[arguments["error"]], arguments["every"], arguments["ms"] * MS
    gpio = inner.chapter.twin.board["pins"].get(arguments["pin"]) if arguments["pin"] else None
    calls, over = [0], []

    def called(device):
        if over or gpio is not None and getattr(device, "_n", None) != gpio:
            return
        calls[0] += 1
        if calls[0] % every == 0:
            raise error(5)
    undone = contextlib.ExitStack()
    undone.callback(inner.chapter.twin.hal.disturb())       # what the twin remembers of ticks knows nothing of this
    undone.callback(over.append, True)      # a second fault of the same call may put this one back when it ends
    with undone:
        for owner, attribute, real in _patch(module, owner_name, name, called):
            undone.callback(setattr, owner, attribute, real)
        undo = undone.pop_all().close
    inner.chapter.watch.slow_until(inner.chapter.clock.now_us + us + PINS_DEAD_US, PINS_DEAD_US)
    inner.chapter.expect_bad_end("reset:hard", us + CRASH_US)
    inner.chapter.expect_bad_end("reset:watchdog", us + WATCHDOG_US)
    return inner.lasts(us, undo)


def _patch(module, owner_name, name, called):
    """Yields (object, attribute, what stood there)."""
    owner = getattr(module, owner_name) if owner_name else module
    if name == "read_uv":                   # built for each channel: no method of the class
        for device in gc.get_objects():
            if type(device) is owner:
                real = device.read_uv
                device.read_uv = _raising(device, real, called)
                yield device, name, real
        return
    real = getattr(owner, name)
    if owner_name:
        def call(device, *values, **options):
            called(device)
            return real(device, *values, **options)
    else:
        call = _raising(None, real, called)
    setattr(owner, name, call)
    yield owner, name, real


def _raising(device, real, called):
    def call(*values):
        called(device)
        return real(*values)
    return call


# Flash

def flash(inner, arguments):
    """Every n-th file that is opened for reading, or every n-th that is written, fails. Only data: a board without its facts and
    its program is none."""
    chapter = inner.chapter
    inner.app()
    writing, every, us = arguments["writing"], arguments["every"], arguments["ms"] * MS
    data = os.path.join(str(chapter.folder), "data", "")
    count = [0]

    def trouble(path, writes):
        if writes == writing and os.path.abspath(os.fsdecode(path)).startswith(data):
            count[0] += 1
            if count[0] % every == 0:
                raise OSError(5, "the flash fails")
    hal = chapter.twin.hal
    hal.flash_trouble = trouble
    chapter.expect_bad_end("reset:hard", us + CRASH_US)

    def undo():
        hal.flash_trouble = None
    return inner.lasts(us, undo)


def full(inner, arguments):
    """The flash takes nothing more."""
    inner.app()
    world = inner.chapter.world
    world.set_fault("flash_full", True)
    return inner.lasts(arguments["ms"] * MS, lambda: world.set_fault("flash_full", False))


def bit_rot(inner, arguments):
    """A bit of one file turns over, and the next start finds it."""
    chapter = inner.chapter
    inner.app()
    if not chapter.may_end_badly():
        raise NotNow
    files = sorted(path for path in (Path(chapter.folder) / "data").iterdir() if path.is_file() and path.stat().st_size)
    path = files[arguments["file"] % len(files)]
    data = bytearray(path.read_bytes())
    bit = arguments["bit"] % (8 * len(data))
    data[bit >> 3] ^= 1 << (bit & 7)
    path.write_bytes(bytes(data))
    chapter.rotten = True
    chapter._after(1 * S, lambda: chapter._reset("soft"))
    return 1 * S


# Time, network, meter, card reader

def clock(inner, arguments):
    """The chip's clock is wrong all at once; the world's is not."""
    inner.app()
    hal = inner.chapter.twin.hal
    hal.rtc_set(max(0, hal.rtc_s() + arguments["s"]))
    return 0


def clock_order(inner, arguments):
    """Somebody sets the clock."""
    app = inner.app()
    utc_s = inner.chapter.clock.utc_s() + arguments["s"]
    inner.chapter._in_the_firmware(lambda running: running is app and running.online.clock_desk.set(max(1, utc_s), "app"))
    return 0


def ntp(inner, arguments):
    """Time servers answer nonsense."""
    world = inner.chapter.world
    world.air.set({"ntp": arguments["how"]})
    return inner.lasts(arguments["ms"] * MS, lambda: world.air.set({"ntp": "good"}))


def no_network(inner, arguments):
    """Every access point is gone; NotNow where they are already: the first one to end gives all back."""
    inner.app()
    air = inner.chapter.world.air
    if not air.points:
        raise NotNow
    points = [dict(point, ssid=ssid) for ssid, point in sorted(air.points.items())]
    air.set({"aps": [], "wire": "down"})
    return inner.lasts(arguments["ms"] * MS, lambda: air.set({"aps": points}))


def no_broker(inner, arguments):
    """The broker is gone."""
    inner.app()
    broker = inner.chapter.broker
    broker.stop()
    return inner.lasts(arguments["ms"] * MS, broker.start)


def world_fault(inner, arguments):
    """One of the bench's faults."""
    inner.app()
    chapter, name = inner.chapter, arguments["fault"]
    chapter.world.set_fault(name, True)
    return inner.lasts(arguments["ms"] * MS, lambda: chapter.world.set_fault(name, False))


def restart(inner, arguments):
    """A reset, or the supply goes."""
    chapter = inner.chapter
    inner.app()
    if not chapter.may_end_badly():
        raise NotNow
    chapter._reset(arguments["cause"])
    return 3 * S
