"""`machine.PWM`: the LEDC of the ESP32 and the S3."""
import _twin
from machine_pin import IS_S3, gpio_of

_port = _twin.port
_hal = _port.hal
_costs = _twin.costs
_spend = _port.spend


class PWM:
    """A LEDC channel: without a duty it starts at 50 %, `duty_ns` works only once it runs."""

    __slots__ = ("_n",)

    def __init__(self, dest, **kw):
        self._n = gpio_of(dest)
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
        if not IS_S3 and 34 <= n <= 39:
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
    top = 13 if IS_S3 else 16
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
