"""`machine.Pin`, and which pins the chip has."""
import _twin

_port = _twin.port
_hal = _port.hal
_costs = _twin.costs
_spend = _port.spend

_ESP32_MISSING = (20, 24, 28, 29, 30, 31)
_S3_MISSING = (22, 23, 24, 25)
_chip = _hal.chip
IS_S3 = _chip == "esp32s3"


def _pin_exists(n):
    if IS_S3:
        return 0 <= n <= 48 and n not in _S3_MISSING
    if _chip == "twin" and 40 <= n <= 63:  # the twin's board has a few pins more than the chip it is made after
        return True
    return 0 <= n <= 39 and n not in _ESP32_MISSING


def gpio_of(pin):
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


_READ = object()
_PIN_US = _costs.PIN_US


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
        self._n = gpio_of(id)
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
        if mode is not None and mode & 2 and not IS_S3 and 34 <= n <= 39:
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

    def value(self, x=_READ):
        if x is _READ:
            _spend(_PIN_US)
            return _hal.read(self._n)
        self._set(1 if x else 0)

    __call__ = value

    def _set(self, level):
        _spend(_PIN_US)
        n = self._n
        _hal.latch[n] = level
        if _hal.driven.get(n) != level:
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
