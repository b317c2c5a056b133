"""Control pilot generator: 1 kHz PWM, or a steady level."""

import machine
from micropython import const

_FREQ_HZ = const(1000)
_FULL_NS = const(1000000)
_FULL_U16 = const(65535)    # maps to a true 100 %: no pulse is left (duty_ns of the full period is not said to)


class PilotPwm:
    """gpio drives the pilot's source: high = +12 V (low, where invert). Starts at steady +12 V."""

    def __init__(self, gpio, invert=False):
        # duty_ns in the constructor raises on the ESP32 port; without a duty it would start at 50 %
        self._pwm = machine.PWM(machine.Pin(gpio), freq=_FREQ_HZ, duty_u16=_FULL_U16, invert=1 if invert else 0)
        self._high_ns = _FULL_NS

    def set_high_ns(self, high_ns):
        """High time of 1 000 000 ns: full = steady +12 V, 0 = steady -12 V. Written only when it changes."""
        if high_ns == self._high_ns:
            return
        if high_ns >= _FULL_NS:
            self._pwm.duty_u16(_FULL_U16)
        elif high_ns <= 0:
            self._pwm.duty_u16(0)
        else:
            self._pwm.duty_ns(high_ns)
        self._high_ns = high_ns
