"""Faults inside the charger, at random: tasks that die, raise or hog, device calls that raise, flash that fails, clocks that jump.

One table, KINDS: how a fault begins, what the event log must tell of it, whether power may go, and how soon the charger charges
again by itself. A fault is drawn as plain data (so that a run can be repeated), has a length, and ends by itself.
"""

import asyncio
import gc
import os
import sys
from collections import namedtuple
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
NTP_NONSENSE = ("old", "kiss_rate", "kiss_deny", "forged", "unsynchronised", "client", "silent")
DAY_S = 86_400
SAVES_WITHIN_MS = 150_000       # power flows: the flash is written once a minute

# name; draw(rng) -> arguments; begin(inner, arguments) -> its length in us; tells: (kind, code) of events, one of which must be in
# the log where power went; must(arguments) -> events, one of which must be in the log in any case; keeps: power does not go;
# bound_s: so long after its end the charger charges again; books: energy stays right; asks: a person may be needed, as the fault
# table says; talks: well means connected to the broker too
Kind = namedtuple("Kind", "name draw begin tells must keeps bound_s books asks talks", defaults=(False, False))


class NotNow(Exception):
    """It cannot begin at this moment: no firmware runs."""


class Inner:
    """What is wrong inside one chapter's charger. spoilt: since this boot's health is no evidence any more."""

    def __init__(self, chapter):
        self._chapter = chapter
        self._undo = {}             # number -> what ends it
        self._number = 0
        self.spoilt = False

    @property
    def active(self):
        """A fault has not ended yet."""
        return bool(self._undo)

    def resolve(self, name, arguments):
        """The arguments as they are told: a drawn number of a task becomes its name."""
        app = self._chapter._app_now()
        if "task" in arguments and not isinstance(arguments["task"], str) and app is not None:
            tasks = app.supervisor.tasks
            arguments = dict(arguments, task=tasks[arguments["task"] % len(tasks)].name)
        return name, arguments

    def begin(self, name, arguments):
        """Let it happen now; returns the moment of its end, None where it could not happen."""
        kind = kind_of(name)
        chapter = self._chapter
        try:
            length_us = kind.begin(self, arguments)
        except NotNow:
            return None
        self.spoilt = True
        chapter.counts_of(name)["begun"] += 1
        if not kind.books:
            chapter.books_are_off()
        return chapter.clock.now_us + length_us

    def clear(self):
        """End what has not ended."""
        for number in list(self._undo):
            self._end(number)

    def booted(self):
        """A new start: what was patched into the last one is gone with it."""
        self.spoilt = bool(self._undo)

    def lasts(self, length_us, undo):
        """undo() is called after that long, or at clear()."""
        self._number += 1
        number = self._number
        self._undo[number] = undo
        self._chapter._after(length_us, lambda: self._end(number))
        return length_us

    def _end(self, number):
        undo = self._undo.pop(number, None)
        if undo is not None:
            undo()

    # for the kinds

    @property
    def chapter(self):
        return self._chapter

    def app(self):
        """The running App; raises NotNow."""
        app = self._chapter._app_now()
        if app is None:
            raise NotNow
        return app

    def loop(self):
        """The running loop; raises NotNow."""
        try:
            return asyncio.get_running_loop()
        except RuntimeError:
            raise NotNow from None

    def entry(self, name):
        """The supervisor's entry of a task that runs; raises NotNow."""
        for entry in self.app().supervisor.tasks:
            if entry.name == name and not entry.down and entry.task is not None and not entry.task.done():
                return entry
        raise NotNow


# Tasks

def _killed(inner, arguments):
    entry = inner.entry(arguments["task"])
    inner.loop().call_soon(entry.task.cancel)
    return _may_bite(inner, entry)


def _raises(inner, arguments):
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


def _hogs(inner, arguments):
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

def _device(inner, arguments):
    """Every n-th such call raises, for a while."""
    inner.app()
    place, owner_name, name = CALLS[arguments["call"]]
    module = sys.modules.get(place)
    if module is None:
        raise NotNow
    error, every, us = ERRORS[arguments["error"]], arguments["every"], arguments["ms"] * MS
    gpio = inner.chapter.twin.board["pins"].get(arguments["pin"]) if arguments["pin"] else None
    calls = [0]

    def called(device):
        if gpio is not None and getattr(device, "_n", None) != gpio:
            return
        calls[0] += 1
        if calls[0] % every == 0:
            raise error(5)
    patched = list(_patch(module, owner_name, name, called))
    inner.chapter.watch.slow_until(inner.chapter.clock.now_us + us + PINS_DEAD_US, PINS_DEAD_US)
    inner.chapter.expect_bad_end("reset:hard", us + CRASH_US)
    inner.chapter.expect_bad_end("reset:watchdog", us + WATCHDOG_US)

    def undo():
        for owner, attribute, real in patched:
            setattr(owner, attribute, real)
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

def _flash(inner, arguments):
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


def _full(inner, arguments):
    inner.app()
    world = inner.chapter.world
    world.set_fault("flash_full", True)
    return inner.lasts(arguments["ms"] * MS, lambda: world.set_fault("flash_full", False))


def _bit_rot(inner, arguments):
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

def _clock(inner, arguments):
    """The chip's clock is wrong all at once; the world's is not."""
    inner.app()
    hal = inner.chapter.twin.hal
    hal.rtc_set(max(0, hal.rtc_s() + arguments["s"]))
    return 0


def _clock_order(inner, arguments):
    """Somebody sets the clock."""
    app = inner.app()
    utc_s = inner.chapter.clock.utc_s() + arguments["s"]
    inner.chapter._in_the_firmware(lambda running: running is app and running.online.clock_desk.set(max(1, utc_s), "app"))
    return 0


def _ntp(inner, arguments):
    world = inner.chapter.world
    world.air.set({"ntp": arguments["how"]})
    return inner.lasts(arguments["ms"] * MS, lambda: world.air.set({"ntp": "good"}))


def _no_network(inner, arguments):
    inner.app()
    air = inner.chapter.world.air
    points = [dict(point, ssid=ssid) for ssid, point in sorted(air.points.items())]
    air.set({"aps": [], "wire": "down"})
    return inner.lasts(arguments["ms"] * MS, lambda: air.set({"aps": points}))


def _no_broker(inner, arguments):
    inner.app()
    broker = inner.chapter.broker
    broker.stop()
    return inner.lasts(arguments["ms"] * MS, broker.start)


def _world_fault(inner, arguments):
    inner.app()
    chapter, name = inner.chapter, arguments["fault"]
    chapter.world.set_fault(name, True)
    return inner.lasts(arguments["ms"] * MS, lambda: chapter.world.set_fault(name, False))


def _restart(inner, arguments):
    chapter = inner.chapter
    inner.app()
    if not chapter.may_end_badly():
        raise NotNow
    chapter._reset(arguments["cause"])
    return 3 * S


def _ms(rng, *most):
    """A length: short ones are the more frequent."""
    return int(rng.choice(most) * rng.uniform(0.3, 1))


def _draw_device(rng):
    call = rng.randrange(len(CALLS))
    return {"call": call, "pin": rng.choice(PINS) if CALLS[call][1] == "Pin" else "", "error": rng.choice(sorted(ERRORS)),
            "every": rng.choice((1, 1, 2, 7, 40)), "ms": _ms(rng, 20, 300, 3_000)}


def _draw_task(rng):
    return {"task": rng.randrange(10_000), "error": rng.choice(sorted(ERRORS))}


_STARTS = ("watchdog", "soft", "power_on", "restart", "crash", "brown_out", "unknown")
_BOOT = tuple(("boot", start) for start in _STARTS)
_INSIDE = (("fault", "guard_opened"), ("fault", "tick_late"), ("fault", "pilot_stale"), ("fault", "loop_late"),
           ("warning", "task_died")) + _BOOT
_DRIVERS = _INSIDE + (("fault", "driver"),)
_LONG = (20_000, 90_000, 180_000)

def _nothing(arguments):
    return ()


def _any_boot(arguments):
    return _BOOT


def _after(ms, *events):
    """Those events must be there where the fault lasts so long."""
    return lambda arguments: events if arguments["ms"] >= ms else ()


def _refused_all(arguments):
    return (("fault", "flash"),) if arguments["every"] == 1 and arguments["ms"] >= SAVES_WITHIN_MS else ()


def _died(arguments):
    """A critical task's end is told by the start that follows, where the flash was not free before."""
    return (("warning", "task_died", arguments["task"]), ("boot", "watchdog", arguments["task"] + ": "))


def _hung(arguments):
    return (("boot", "watchdog", ("hang in " + arguments["task"])[:28]),) if arguments["ms"] >= 12_000 else ()


def _meter_lost(arguments):
    return (("fault", "meter_lost"),) if arguments["ms"] >= 20_000 and arguments["fault"] != "meter_slow" else ()


KINDS = (
    Kind("task killed", _draw_task, _killed, _INSIDE, _died, False, 150, True),
    Kind("task raises", _draw_task, _raises, _INSIDE, _nothing, False, 150, True),
    Kind("task hogs", lambda rng: dict(_draw_task(rng), ms=rng.choice((20, 40, 90, 300, 1_500, 4_000, 12_000))), _hogs, _INSIDE,
         _hung, False, 150, True),
    Kind("device call raises", _draw_device, _device, _DRIVERS, _nothing, False, 500, False, True),
    Kind("flash refuses writes", lambda rng: {"writing": True, "every": rng.choice((1, 1, 2, 5)), "ms": _ms(rng, *_LONG)}, _flash,
         (), _refused_all, True, 30, False),
    Kind("flash refuses reads", lambda rng: {"writing": False, "every": rng.choice((1, 2, 5)), "ms": _ms(rng, *_LONG)}, _flash,
         (), _nothing, True, 30, False),
    Kind("flash full", lambda rng: {"ms": _ms(rng, *_LONG)}, _full, (), _after(SAVES_WITHIN_MS, ("fault", "flash")), True, 30,
         True),
    Kind("bit rot", lambda rng: {"file": rng.randrange(10_000), "bit": rng.randrange(10_000_000)}, _bit_rot, _BOOT, _any_boot,
         False, 200, False),
    Kind("clock jumps", lambda rng: {"s": rng.choice((-1, 1)) * rng.choice((3, 3_600, DAY_S, 400 * DAY_S))}, _clock, (),
         _nothing, True, 10, True),
    Kind("clock is set", lambda rng: {"s": rng.choice((-1, 1)) * rng.choice((7, 7_200, 3 * DAY_S, 300 * DAY_S))}, _clock_order,
         (), lambda arguments: (("clock", "app"),), True, 10, True),
    Kind("time servers lie", lambda rng: {"how": rng.choice(NTP_NONSENSE), "ms": _ms(rng, *_LONG)}, _ntp, (), _nothing, True, 10,
         True),
    Kind("network gone", lambda rng: {"ms": _ms(rng, *_LONG)}, _no_network, (), _after(100_000, ("fault", "network_lost")), True,
         10, True),
    Kind("meter trouble", lambda rng: {"fault": rng.choice(("meter_silent", "meter_babbling", "meter_slow", "meter_wrong_address")),
                                       "ms": _ms(rng, *_LONG)}, _world_fault, (), _meter_lost, True, 30, False),
    Kind("card reader dead", lambda rng: {"fault": "reader_dead", "ms": _ms(rng, *_LONG)}, _world_fault, (), _nothing, True, 10,
         True),         # access is off: nobody asks the reader
    Kind("broker gone", lambda rng: {"ms": _ms(rng, *_LONG)}, _no_broker, (), _nothing, True, 100, True, False, True),
    Kind("restart", lambda rng: {"cause": rng.choice(("power", "watchdog", "soft", "long_power"))}, _restart, _BOOT, _any_boot,
         False, 200, True),
)


def kind_of(name):
    """The row of KINDS; raises KeyError."""
    for kind in KINDS:
        if kind.name == name:
            return kind
    raise KeyError(name)


def draw(rng, name=None):
    """(name, arguments) of a fault."""
    kind = rng.choice(KINDS) if name is None else kind_of(name)
    return kind.name, kind.draw(rng)
