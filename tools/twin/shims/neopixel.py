"""`neopixel`: colours go out on write(), in the strip's GRB order."""
import _twin
import machine

_port = _twin.port
_costs = _twin.costs


class NeoPixel:
    """A strip of n LEDs of bpp bytes each at a pin."""

    ORDER = (1, 0, 2, 3)

    def __init__(self, pin, n, bpp=3, timing=1):
        if not isinstance(pin, machine.Pin):
            raise ValueError("invalid pin")
        self.pin = pin
        self.n = n
        self.bpp = bpp
        self.buf = bytearray(n * bpp)
        self.timing = timing
        pin.init(machine.Pin.OUT)

    def __len__(self):
        return self.n

    def __setitem__(self, i, v):
        if not -self.n <= i < self.n:
            raise IndexError("index out of range")
        for k in range(self.bpp):
            self.buf[i * self.bpp + self.ORDER[k]] = v[k] & 0xFF

    def __getitem__(self, i):
        return tuple(self.buf[i * self.bpp + self.ORDER[k]] for k in range(self.bpp))

    def fill(self, v):
        for i in range(self.n):
            self[i] = v

    def write(self):
        """Sends the colours; the interpreter is held until the strip has them."""
        _port.hold(_costs.NEOPIXEL_SETUP_US + _costs.NEOPIXEL_LED_US * self.n)
        _port.hal.out("neopixel", self.pin._n, bytes(self.buf))
