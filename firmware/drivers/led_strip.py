"""Addressable LEDs (WS2812 and kin) as a row of four segments, three single lights behind them where their number says so.

4 n LEDs are four segments of n; 4 n + 3 have reader, connection and mode light at the end; fewer than four all show one colour.

A write holds the interpreter for the set-up and about 30 us per LED (24 bits of 1.25 us), so it happens only when something
changed, and at the caller's low rate.
"""

import machine
import neopixel
from micropython import const

REFRESH_SHOWS = const(125)   # shows without a change after which the strip is written all the same: a disturbed LED heals
_ONE = const(7)              # the frame's one colour
_COLOURS = (("R", 255, 0, 0), ("G", 0, 255, 0), ("B", 0, 0, 255), ("O", 255, 80, 0), ("W", 255, 200, 160))


def rgb_of(letter):
    """(letter, red, green, blue) of 0-255 for the code of a colour letter; dark for all others."""
    for row in _COLOURS:
        if ord(row[0]) == letter:
            return row
    return (".", 0, 0, 0)


def scale_of(percent):
    """0-255 for a brightness of 0 to 100 %: eyes see ratios, the square comes near them; below 4 colours would turn into others."""
    return max(4, 255 * percent * percent // 10000) if percent else 0


class LedStrip:
    """facts: the board's block "led": count of LEDs, order of the colours on the wire (w: a white one, which stays dark)."""

    def __init__(self, gpio, facts):
        order, self._count = facts["order"], facts["count"]
        self._places = tuple([order.index(colour) for colour in "rgb"])
        self._bytes = len(order)
        self._strip = neopixel.NeoPixel(machine.Pin(gpio, machine.Pin.OUT, value=0), self._count, bpp=self._bytes)
        self._shown = bytearray(8)
        self._percent = -1
        self._shows = 0

    def show(self, frame, percent):
        """Show a frame (ui/lights.py) at a brightness of 0 to 100 %. True when the strip was written."""
        self._shows += 1
        if percent == self._percent and self._shows < REFRESH_SHOWS and self._shown == frame:
            return False
        self._shows = 0
        self._percent = percent
        self._shown[:] = frame
        singles = 3 if self._count % 4 == 3 and self._count > 4 else 0
        each = (self._count - singles) // 4
        for led in range(self._count):
            if each == 0:
                self._set(led, frame[_ONE])
            elif led < 4 * each:
                self._set(led, frame[led // each])
            else:
                self._set(led, frame[4 + led - 4 * each] if singles else 0)
        self._strip.write()
        return True

    def _set(self, led, letter):
        colour = rgb_of(letter)
        scale = scale_of(self._percent)
        buffer = self._strip.buf             # in the wire's order: ours, whatever the strip calls it
        for number in range(3):
            buffer[led * self._bytes + self._places[number]] = colour[1 + number] * scale // 255
