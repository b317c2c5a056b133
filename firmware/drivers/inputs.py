"""Digital inputs that fail towards the dangerous meaning: a wire that breaks, or a pin that raises, is never healthy."""

import machine


def pulled_pin(gpio, level):
    """An input whose pull gives `level` where nobody drives it. Pins without pulls (GPIO 34-39 of the ESP32) need one outside."""
    return machine.Pin(gpio, machine.Pin.IN, machine.Pin.PULL_UP if level else machine.Pin.PULL_DOWN)


class LevelInput:
    """One line into one attribute of the Inputs record.

    level_of_1: the level that means 1; bad: the value that takes power away, which a failure gives, and a broken wire too unless
    rest says at which level the line stands with nobody there (a contact that may be open).
    """

    def __init__(self, attribute, gpio, level_of_1, bad, rest=None):
        self._attribute = attribute
        self._flip = 1 - level_of_1
        self._bad = bad
        if rest is None:
            rest = level_of_1 if bad else 1 - level_of_1
        self._pin = pulled_pin(gpio, rest)

    def read(self, inputs, _now_ms):
        """Write the level's meaning into the record."""
        setattr(inputs, self._attribute, self._pin.value() ^ self._flip)

    def fail(self, inputs):
        """It could not be read."""
        setattr(inputs, self._attribute, self._bad)
