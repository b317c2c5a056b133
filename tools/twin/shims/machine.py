"""`machine` of the ESP32 port as the twin plays it, for CPython and MicroPython alike.

Strict: what the port does not have is not here, what it refuses is refused with its error. Levels, PWM and RTC memory live in
the Hal and outlive a reset; interrupts, timers and buffers belong to one boot.
"""
import _twin
from machine_adc import ADC  # noqa: F401
from machine_bus import I2C, SPI, UART  # noqa: F401
from machine_pin import Pin  # noqa: F401
from machine_pwm import PWM  # noqa: F401

_port = _twin.port
_hal = _port.hal
_costs = _twin.costs
_spend = _port.spend

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5
_CAUSES = {"power": PWRON_RESET, "hard": HARD_RESET, "watchdog": WDT_RESET, "soft": SOFT_RESET}


class Timer:
    """Hardware timers 0..3. Callbacks are scheduled; when eight wait already, the tick is lost without a word."""

    __slots__ = ("_id", "_handle", "_callback", "_period_us", "_repeat")
    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, id, **kw):
        if not isinstance(id, int):
            raise TypeError("can't convert to int")
        if not 0 <= id <= 3 and id != -1:
            raise ValueError("invalid Timer number, max 4")
        self._id = id
        self._handle = _timers.pop(id, None) if id >= 0 else None
        self._callback = None
        self._period_us = 0
        self._repeat = True
        if kw:
            self.init(**kw)
        elif self._handle is not None:
            _timers[id] = self._handle

    def init(self, *, mode=1, callback=None, period=-1, tick_hz=1000, freq=None, hard=False):
        self._stop()
        if hard:
            raise ValueError("hard Timers are not implemented")
        us = int(1_000_000 // freq) if freq is not None else period * 1_000_000 // tick_hz
        if us <= 0:
            us = 4_294_967_295_000  # the port's period of 2**32-1 ms when none is given
        if self._id == -1:
            us = us // 10_000 * 10_000
            if us == 0:
                raise ValueError("period too small for soft timer, less than OS tick period of 10 ms.  Try a hardware timer.")
        _spend(_costs.TIMER_INIT_US)
        self._repeat = bool(mode)
        self._callback = callback
        self._period_us = us
        self._handle = _port.timer_start(self, callback, us, self._repeat)
        if self._id >= 0:
            _timers[self._id] = self._handle

    def deinit(self):
        self._stop()

    def _stop(self):
        old = _timers.pop(self._id, None) if self._id >= 0 else None
        for handle in (old, self._handle):
            if handle is not None:
                _port.timer_stop(handle)
        self._handle = None


_timers = {}


class WDT:
    """The task watchdog: it cannot be stopped, only set anew."""

    __slots__ = ()

    def __init__(self, id=0, timeout=5000):
        if id != 0:
            raise ValueError("WDT(%d) does not exist" % id)
        if timeout <= 0:
            raise ValueError("WDT timeout too short")
        _port.watchdog_start(timeout)
        _hal.out("wdt", 0, timeout)

    def feed(self):
        _spend(_costs.WDT_FEED_US)
        if _hal.watchdog is not None:
            _hal.watchdog.feed()
        _hal.out("wdt_feed", 0, None)


class RTC:
    """The chip's calendar and 2048 bytes that only a power loss clears."""

    __slots__ = ()

    def __init__(self):
        pass

    def datetime(self, *x):
        """(year, month, day, weekday 0 = Monday, hour, minute, second, microsecond)."""
        _spend(_costs.RTC_US)
        if not x:
            unix_s, us = _port.rtc_now()
            return _civil(unix_s) + (us,)
        y, mo, d, _, h, mi, s, us = x[0]
        _port.rtc_set(((_days(y, mo, d) * 24 + h) * 60 + mi) * 60 + s)

    def init(self, when):
        self.datetime(when)

    def memory(self, *x):
        _spend(_costs.RTC_US)
        if not x:
            return bytes(_hal.rtc_memory)
        data = bytes(x[0])
        if len(data) > 2048:
            raise ValueError("buffer too long")
        _port.rtc_memory(data)


def _days(y, m, d):
    """Days since 1970-01-01 of a Gregorian date."""
    y -= m <= 2
    era = y // 400
    yoe = y - era * 400
    doy = (153 * (m + (-3 if m > 2 else 9)) + 2) // 5 + d - 1
    return era * 146097 + yoe * 365 + yoe // 4 - yoe // 100 + doy - 719468


def _civil(unix_s):
    days = unix_s // 86400
    rest = unix_s - days * 86400
    z = days + 719468
    era = z // 146097
    doe = z - era * 146097
    yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    m = mp + (3 if mp < 10 else -9)
    return (yoe + era * 400 + (m <= 2), m, doy - (153 * mp + 2) // 5 + 1, (days + 3) % 7,
            rest // 3600, rest // 60 % 60, rest % 60)


def reset():
    """Restarts the chip; pins and PWM keep what they have until somebody writes them."""
    _port.reset("hard")


def soft_reset():
    """Restarts the interpreter; PWM channels stop."""
    _port.reset("soft")


def reset_cause():
    return _CAUSES[_hal.reset_cause]


_freq_hz = [160_000_000]


def freq(*x):
    if not x:
        return _freq_hz[0]
    if x[0] not in (20_000_000, 40_000_000, 80_000_000, 160_000_000, 240_000_000):
        raise ValueError("frequency must be 20MHz, 40MHz, 80Mhz, 160MHz or 240MHz")
    _freq_hz[0] = x[0]


def unique_id():
    return b"\x02\x4d\x33" + bytes([_hal.board.get("serial", 0) >> s & 0xFF for s in (16, 8, 0)])


def idle():
    _spend(1000)


def disable_irq():
    return _port.irq_mask(True)


def enable_irq(state):
    _port.irq_mask(state)
