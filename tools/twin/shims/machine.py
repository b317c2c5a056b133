"""`machine` of the ESP32 port as the twin plays it, for CPython and MicroPython alike.

Strict: what the port does not have is not here, what it refuses is refused with its error. Levels, PWM and RTC memory live in
the Hal and outlive a reset; interrupts, timers and buffers belong to one boot.
"""
import _twin
from machine_bus import I2C, SPI, UART  # noqa: F401

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

_ESP32_MISSING = (20, 24, 28, 29, 30, 31)
_S3_MISSING = (22, 23, 24, 25)
_ADC_ESP32 = ((32, 33, 34, 35, 36, 37, 38, 39), (0, 2, 4, 12, 13, 14, 15, 25, 26, 27))
_ADC_S3 = ((1, 2, 3, 4, 5, 6, 7, 8, 9, 10), (11, 12, 13, 14, 15, 16, 17, 18, 19, 20))
_chip = _hal.chip
_s3 = _chip == "esp32s3"


def _pin_exists(n):
    if _s3:
        return 0 <= n <= 48 and n not in _S3_MISSING
    if _chip == "twin" and 40 <= n <= 63:  # the twin's board has a few pins more than the chip it is made after
        return True
    return 0 <= n <= 39 and n not in _ESP32_MISSING


def _gpio(pin):
    if isinstance(pin, Pin):
        return pin._n
    if isinstance(pin, int) and not isinstance(pin, bool) and _pin_exists(pin):
        return pin
    raise ValueError("invalid pin")


class _Irq:
    __slots__ = ("_pin", "handler", "_trigger")

    def __init__(self, pin):
        self._pin = pin
        self.handler = None
        self._trigger = 0

    def __call__(self):
        if self.handler is not None:
            self.handler(self._pin)

    def trigger(self, *args):
        old = self._trigger
        if args:
            self._trigger = args[0]
        return old


_irqs = {}


def _on_edge(gpio, level):
    irq = _irqs.get(gpio)
    if irq is not None and irq.handler is not None and irq._trigger & (1 if level else 2):
        _port.schedule(irq.handler, irq._pin)


class Pin:
    """A GPIO. `Pin(n)` alone changes nothing at the pin."""

    __slots__ = ("_n",)
    IN = 1
    OUT = 3
    OPEN_DRAIN = 7
    PULL_DOWN = 1
    PULL_UP = 2
    IRQ_RISING = 1
    IRQ_FALLING = 2
    WAKE_LOW = 4
    WAKE_HIGH = 5
    DRIVE_0 = 0
    DRIVE_1 = 1
    DRIVE_2 = 2
    DRIVE_3 = 3

    def __init__(self, id, mode=None, pull=-1, **kw):
        self._n = _gpio(id)
        if mode is not None or pull != -1 or kw:
            self._init(mode, pull, kw)

    def init(self, mode=None, pull=-1, **kw):
        self._init(mode, pull, kw)

    def _init(self, mode, pull, kw):
        n = self._n
        for name in kw:
            if name not in ("value", "drive", "hold"):
                raise TypeError("extra keyword arguments given")
        if mode is not None and mode not in (1, 3, 7):
            raise ValueError("invalid mode")
        if mode is not None and mode & 2 and not _s3 and 34 <= n <= 39:
            raise ValueError("pin can only be input")
        if "drive" in kw and kw["drive"] not in (0, 1, 2, 3):
            raise ValueError("invalid drive")
        _spend(_costs.PIN_INIT_US)
        if "value" in kw:
            _hal.latch[n] = 1 if kw["value"] else 0
        if pull != -1:
            _hal.pull[n] = 0 if pull is None else pull
        if mode is not None:
            _hal.mode[n] = mode
        self._apply(mode is not None)

    def _apply(self, mode_set):
        n = self._n
        mode = _hal.mode.get(n, 0)
        if n in _hal.pwm and not mode_set:
            return  # the latch changed behind a running PWM channel
        level = None
        if mode == 3:
            level = _hal.latch.get(n, 0)
        elif mode == 7 and not _hal.latch.get(n, 0):
            level = 0
        if level is not None or n in _hal.driven or n in _hal.pwm:
            _hal.drive(n, level)

    def value(self, *x):
        if not x:
            _spend(_costs.PIN_US)
            return _hal.read(self._n)
        if len(x) != 1:
            raise TypeError("function expected at most 2 arguments, got %d" % (len(x) + 1))
        self._set(1 if x[0] else 0)

    __call__ = value

    def _set(self, level):
        _spend(_costs.PIN_US)
        _hal.latch[self._n] = level
        self._apply(False)

    def on(self):
        self._set(1)

    def off(self):
        self._set(0)

    def toggle(self):
        self._set(1 - _hal.latch.get(self._n, 0))

    def irq(self, handler=None, trigger=3, wake=None):
        """Handlers are scheduled, never run in the interrupt; there is no `hard` on this port."""
        n = self._n
        irq = _irqs.get(n)
        if irq is None:
            irq = _irqs[n] = _Irq(self)
        if trigger in (4, 5) or wake is not None:
            raise ValueError("bad wake value")
        irq.handler = handler
        irq._trigger = 0 if handler is None else trigger
        return irq

    def __repr__(self):
        return "Pin(%d)" % self._n


_hal.irq_sink = _on_edge


class PWM:
    """A LEDC channel: without a duty it starts at 50 %, `duty_ns` works only once it runs."""

    __slots__ = ("_n",)

    def __init__(self, dest, **kw):
        self._n = _gpio(dest)
        if self._n in _hal.pwm:
            _hal.pwm[self._n][3] = False
        self._init(kw, True)

    def init(self, **kw):
        self._init(kw, False)

    def _init(self, kw, fresh):
        for name in kw:
            if name not in ("freq", "duty", "duty_u16", "duty_ns", "invert"):
                raise TypeError("extra keyword arguments given")
        duties = [k for k in ("duty", "duty_u16", "duty_ns") if k in kw]
        if len(duties) > 1:
            raise ValueError("only one of parameters 'duty', 'duty_u16' or 'duty_ns' is allowed")
        n = self._n
        wave = _hal.pwm.get(n)
        if "duty_ns" in kw and (fresh or wave is None):
            raise RuntimeError("PWM is inactive")
        if not _s3 and 34 <= n <= 39:
            raise ValueError("pin can only be input")
        freq = kw.get("freq", wave[0] if wave else 5000)
        _check_freq(freq)
        bits = _bits(freq)
        if "duty_u16" in kw:
            duty = _from_u16(kw["duty_u16"], bits)
        elif "duty" in kw:
            duty = _from_u10(kw["duty"], bits)
        elif "duty_ns" in kw:
            duty = _from_ns(kw["duty_ns"], freq, bits)
        elif wave:
            duty = _rescale(wave[2], wave[1], bits)
        else:
            duty = 1 << (bits - 1)
        invert = bool(kw.get("invert", wave[3] if wave else False))
        _spend(_costs.PWM_INIT_US)
        _hal.pwm_set(n, freq, bits, duty, invert, wave is None or freq != wave[0] or invert != wave[3])

    def _wave(self):
        wave = _hal.pwm.get(self._n)
        if wave is None:
            raise RuntimeError("PWM is inactive")
        return wave

    def deinit(self):
        _spend(_costs.PWM_UPDATE_US)
        _hal.pwm_stop(self._n)

    def freq(self, *x):
        wave = self._wave()
        if not x:
            return wave[0]
        _check_freq(x[0])
        bits = _bits(x[0])
        _spend(_costs.PWM_UPDATE_US)
        if x[0] != wave[0]:
            _hal.pwm_set(self._n, x[0], bits, _rescale(wave[2], wave[1], bits), wave[3], True)

    def _update(self, wave, duty):
        _spend(_costs.PWM_UPDATE_US)
        if duty != wave[2]:
            _hal.pwm_set(self._n, wave[0], wave[1], duty, wave[3], False)

    def duty_u16(self, *x):
        wave = self._wave()
        if not x:
            return min(65535, _rescale(wave[2], wave[1], 16))
        self._update(wave, _from_u16(x[0], wave[1]))

    def duty(self, *x):
        wave = self._wave()
        if not x:
            return min(1023, _rescale(wave[2], wave[1], 10))
        self._update(wave, _from_u10(x[0], wave[1]))

    def duty_ns(self, *x):
        wave = self._wave()
        if not x:
            return 1_000_000_000 // wave[0] * wave[2] >> wave[1]
        self._update(wave, _from_ns(x[0], wave[0], wave[1]))

    def __repr__(self):
        wave = _hal.pwm.get(self._n)
        return "PWM(Pin(%d)%s" % (self._n, ", freq=%d, duty_u16=%d)" % (wave[0], self.duty_u16()) if wave else ")")


def _check_freq(freq):
    if not isinstance(freq, int):
        raise TypeError("can't convert to int")
    if not 1 <= freq <= 40_000_000:
        raise ValueError("frequency must be from 1Hz to 40MHz")


def _bits(freq):
    """LEDC resolution: log2(80 MHz / f), at most 16 (13 on the S3, one below its hardware's 14)."""
    top = 13 if _s3 else 16
    bits = 1
    ratio = 80_000_000 // freq
    while bits < top and (2 << bits) <= ratio:
        bits += 1
    return bits


def _rescale(duty, old, new):
    return duty << (new - old) if new >= old else duty >> (old - new)


def _from_u16(x, bits):
    if not 0 <= x <= 65535:
        raise ValueError("duty_u16 must be from 0 to 65535")
    return 1 << bits if x == 65535 else x >> (16 - bits)


def _from_u10(x, bits):
    if not 0 <= x <= 1023:
        raise ValueError("duty must be from 0 to 1023")
    return 1 << bits if x == 1023 else _rescale(x, 10, bits)


def _from_ns(x, freq, bits):
    period_ns = 1_000_000_000 // freq
    if not 0 <= x <= period_ns:
        raise ValueError("duty_ns must be from 0 to %d ns" % period_ns)
    return ((x << bits) + period_ns // 2) // period_ns


class ADC:
    """An analogue input. `read_uv` is the hot path of the whole twin: the port builds it per channel."""

    __slots__ = ("_n", "_atten", "read_uv")
    ATTN_0DB = 0
    ATTN_2_5DB = 1
    ATTN_6DB = 2
    ATTN_11DB = 3
    WIDTH_9BIT = 9
    WIDTH_10BIT = 10
    WIDTH_11BIT = 11
    WIDTH_12BIT = 12

    def __init__(self, pin, **kw):
        n = _gpio(pin)
        for name in kw:
            if name != "atten":
                raise TypeError("extra keyword arguments given")
        units = _ADC_S3 if _s3 else _ADC_ESP32
        if n not in units[0] and n not in units[1]:
            raise ValueError("invalid pin")
        self._n = n
        self.atten(kw.get("atten", ADC.ATTN_11DB))

    def init(self, **kw):
        for name in kw:
            if name != "atten":
                raise TypeError("extra keyword arguments given")
        if "atten" in kw:
            self.atten(kw["atten"])

    def atten(self, value):
        if value not in (0, 1, 2, 3):
            raise ValueError("invalid atten")
        self._atten = value
        second = self._n in (_ADC_S3 if _s3 else _ADC_ESP32)[1]
        self.read_uv = _port.sampler(self._n, _ADC_TOP_UV[value], _adc2_free if second else None)

    def read_u16(self):
        return min(65535, self.read_uv() * 65535 // _ADC_TOP_UV[self._atten])

    def read(self):
        return self.read_u16() >> 4

    def __repr__(self):
        return "ADC(Pin(%d), atten=%d)" % (self._n, self._atten)


_ADC_TOP_UV = (950_000, 1_250_000, 1_750_000, 3_300_000)  # where a reading saturates, per attenuation


def _adc2_free():
    """The radio owns the second converter while it is on."""
    if _port.radio_on:
        raise OSError("ESP_ERR_TIMEOUT")


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
