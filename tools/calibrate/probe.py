"""A board whose pins are read and set: over its console, with the application ended and every contactor open."""

READS = 65


class ConsoleProbe:
    """device: tools.flash.device.Device; pins, invert: of the board's facts."""

    def __init__(self, device, pins, invert):
        self._device = device
        self._pins = pins
        self._invert = invert

    def pilot(self, level):
        """Steady +12 V (1) or -12 V (0)."""
        value = level ^ int(self._invert)
        self._device.run("from machine import Pin\nPin(%d,Pin.OUT,value=%d)" % (self._pins["cp_pwm"], value))

    def read_mv(self, pin):
        """Middle of 65 readings of an analogue function, mV."""
        code = ("from machine import ADC,Pin\na=ADC(Pin(%d),atten=ADC.ATTN_11DB)\n"
                "print(sorted([a.read_uv() for _ in range(%d)])[%d])" % (self._pins[pin], READS, READS // 2))
        return round(int(self._device.run(code)) / 1000)
