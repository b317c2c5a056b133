"""Contactor coils, their charge pump and their feedback."""

import machine


def _input(gpio):
    return None if gpio is None else machine.Pin(gpio, machine.Pin.IN)


def _output(gpio, level):
    return None if gpio is None else machine.Pin(gpio, machine.Pin.OUT, value=level)


class Contactor:
    """One or two coils by enable pins, mirror contacts as feedback (0 = all poles open).

    The charge pump's pin is toggled only by the control tick, so that a hung VM drops the coils.
    """

    def __init__(self, pins, active_low):
        self._off_1 = 1 if "contactor_1" in active_low else 0
        self._off_2 = 1 if "contactor_2" in active_low else 0
        self._coil_1 = _output(pins["contactor_1"], self._off_1)
        self._coil_2 = _output(pins["contactor_2"], self._off_2)
        self._watchdog = _output(pins["coil_watchdog"], 0)
        self._feedback_1 = _input(pins["contactor_feedback_1"])
        self._feedback_2 = _input(pins["contactor_feedback_2"])
        self._open_1 = 1 if "contactor_feedback_1" in active_low else 0
        self._open_2 = 1 if "contactor_feedback_2" in active_low else 0
        self.closed = 0              # 1: a coil is commanded on

    def read(self, inputs):
        """Write the feedback into the Inputs record."""
        if self._feedback_1 is not None:
            inputs.feedback_1 = self._feedback_1.value() ^ self._open_1
        if self._feedback_2 is not None:
            inputs.feedback_2 = self._feedback_2.value() ^ self._open_2

    def write(self, outputs):
        """Follow the Outputs record."""
        self._coil_1.value(outputs.coil_1 ^ self._off_1)
        if self._coil_2 is not None:
            self._coil_2.value(outputs.coil_2 ^ self._off_2)
        if self._watchdog is not None:
            self._watchdog.value(outputs.coil_watchdog)
        self.closed = outputs.coil_1 | outputs.coil_2

    def off(self):
        """Both coils off, from any context; allocates nothing."""
        self._coil_1.value(self._off_1)
        if self._coil_2 is not None:
            self._coil_2.value(self._off_2)
        self.closed = 0
