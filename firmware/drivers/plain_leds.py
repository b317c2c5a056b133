"""Three plain LEDs, or one of three colours: red, green and blue on PWM pins, as far as they are fitted."""

import machine
from micropython import const

from firmware.drivers.led_strip import rgb_of, scale_of

_FREQ_HZ = const(500)        # not 1 kHz: PWM channels of one frequency share a timer, and the pilot's stays alone
PLAIN = ("led_red", "led_green", "led_blue")
_ONE = const(7)              # the frame's one colour


class PlainLeds:
    """pins: the board's; active_low: names of pins that light when low."""

    def __init__(self, pins, active_low):
        self._leds = []          # (PWM, number of its colour)
        for number, name in enumerate(PLAIN):
            if pins.get(name) is not None:
                invert = 1 if name in active_low else 0
                self._leds.append((machine.PWM(machine.Pin(pins[name]), freq=_FREQ_HZ, duty_u16=0, invert=invert), number))
        self._letter = 0
        self._percent = -1

    def show(self, frame, percent):
        """Show the frame's one colour at a brightness of 0 to 100 %. True when something was written."""
        letter = frame[_ONE]
        if letter == self._letter and percent == self._percent:
            return False
        self._letter, self._percent = letter, percent
        colour = rgb_of(letter)
        for pwm, number in self._leds:
            pwm.duty_u16(colour[1 + number] * 257 * scale_of(percent) // 255)
        return True
