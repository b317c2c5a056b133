"""Contactor coils and the charge pump that supplies them; and what tells whether the contactors are closed."""

import machine
from micropython import const

from firmware.drivers.inputs import pulled_pin
from firmware.drivers.mains_pulses import MainsPulses
from firmware.safety.io_image import NOT_FITTED

_EIO = const(5)


def _output(gpio, level):
    return None if gpio is None else machine.Pin(gpio, machine.Pin.OUT, value=level)


class Contactor:
    """One or two coils by enable pins.

    The charge pump's pin is toggled only by the control tick, so that a hung VM drops the coils; and no more at all once a coil's
    pin did not obey: then the pump is what still takes power away.
    """

    def __init__(self, pins, active_low):
        self._off_1 = 1 if "contactor_1" in active_low else 0
        self._off_2 = 1 if "contactor_2" in active_low else 0
        self._coil_1 = _output(pins["contactor_1"], self._off_1)
        self._coil_2 = _output(pins["contactor_2"], self._off_2)
        self._watchdog = _output(pins["coil_watchdog"], 0)
        self._disobeyed = False      # for good: until the next start
        self.closed = 0              # 1: a coil is commanded on
        self.deaf = 0                # 1: a coil's pin has just refused to switch it off

    def write(self, outputs, pump):
        """Follow the Outputs record; pump: the level of the charge pump's pin. Raises OSError where a coil could not be switched
        off before."""
        if self._disobeyed:
            self.off()
            raise OSError(_EIO)
        self.closed = outputs.coil_1 | outputs.coil_2            # first: the guard must know of a coil that may be on
        self._coil_1.value(outputs.coil_1 ^ self._off_1)
        if self._coil_2 is not None:
            self._coil_2.value(outputs.coil_2 ^ self._off_2)
        if self._watchdog is not None:
            self._watchdog.value(pump)

    def off(self):
        """Both coils off, from any context; allocates nothing, raises nothing."""
        self.closed = deaf = 0
        try:
            self._coil_1.value(self._off_1)
        except Exception:
            deaf = 1
        try:
            if self._coil_2 is not None:
                self._coil_2.value(self._off_2)
        except Exception:
            deaf = 1
        self.deaf = deaf
        if deaf:
            self._disobeyed = True


class ContactFeedback:
    """One contact for each contactor, or one for both: the level that is no `open_level` says closed.

    mirror: normally closed contacts; a wire that breaks looks like a closed contactor, which is a weld. In series ("all open")
    they stand at the first input, and say closed when any contactor is. Other auxiliary contacts prove nothing when they break.
    """

    def __init__(self, gpio_1, open_1, gpio_2, open_2, mirror):
        self._open_1, self._open_2 = open_1, open_2
        self._pin_1 = pulled_pin(gpio_1, 1 - open_1 if mirror else open_1)
        self._pin_2 = None if gpio_2 is None else pulled_pin(gpio_2, 1 - open_2 if mirror else open_2)

    def read(self, inputs, _now_ms):
        """0 open, 1 closed."""
        inputs.feedback_1 = self._pin_1.value() ^ self._open_1
        if self._pin_2 is not None:
            inputs.feedback_2 = self._pin_2.value() ^ self._open_2

    def fail(self, inputs):
        """Where no feedback can be read none is believed: the first one rules."""
        inputs.feedback_1 = NOT_FITTED


class LoadFeedback:
    """Optocouplers at the load's side: mains pulses behind a closed contactor, none behind an open one."""

    def __init__(self, gpio_1, gpio_2, nominal_hz):
        self._pulses_1 = MainsPulses(gpio_1, nominal_hz)
        self._pulses_2 = None if gpio_2 is None else MainsPulses(gpio_2, nominal_hz)

    def read(self, inputs, now_ms):
        """0 open, 1 closed."""
        inputs.feedback_1 = self._pulses_1.alive(now_ms)
        if self._pulses_2 is not None:
            inputs.feedback_2 = self._pulses_2.alive(now_ms)

    def fail(self, inputs):
        """As for contacts."""
        inputs.feedback_1 = NOT_FITTED
