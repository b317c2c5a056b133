"""The residual-current monitor: one or two trip lines, read by level and by interrupt, and its test input."""

import machine
from micropython import const

from firmware.drivers.inputs import pulled_pin

_MASK = const(0x3FFFFFFF)


class TripLine:
    """A trip line: its level, and pulses between two ticks, which an interrupt counts. A broken wire is a trip.

    The interrupt is a scheduled one, as all of this port: it waits while the VM stands still, and can be lost when eight others
    wait. A trip that lasts longer than a tick is seen by its level in any case.
    """

    def __init__(self, gpio, tripped):
        self._tripped = tripped      # the level
        self._edges = 0              # counts; the handler adds, read() compares: nothing is cleared, so nothing gets lost
        self._seen = 0
        self._pin = pulled_pin(gpio, tripped)
        self._pin.irq(handler=self._edge, trigger=machine.Pin.IRQ_RISING if tripped else machine.Pin.IRQ_FALLING)

    def _edge(self, _pin):
        """Between two bytecodes of whatever runs: no allocation."""
        self._edges = (self._edges + 1) & _MASK

    def read(self):
        """1: tripped now, or since the last look."""
        edges = self._edges
        tripped = 1 if edges != self._seen or self._pin.value() == self._tripped else 0
        self._seen = edges
        return tripped


class ResidualMonitor:
    """ac, dc: TripLine, dc None where one line tells everything; test: (pin, level that means off) or None.

    valid_when_open False: what the lines say with the contactor open is left out, but not while the monitor is tested, nor until it
    has released. pulse_ms: the test input wants a pulse of this length; 0: until the core has seen the trip.
    """

    def __init__(self, ac, dc, test, valid_when_open=True, pulse_ms=0):
        self._ac = ac
        self._dc = dc
        self._test = test
        self._always = valid_when_open
        self._pulse_ms = pulse_ms
        self._testing = 0
        self._began_ms = 0
        self._releasing = False
        self._closed = 0

    def read(self, inputs, _now_ms):
        """Both lines into the record."""
        ac = self._ac.read()
        dc = 0 if self._dc is None else self._dc.read()
        if not (self._always or self._closed or self._testing):
            if self._releasing and not ac | dc:
                self._releasing = False
            if not self._releasing:
                ac = dc = 0
        inputs.rcd_tripped = ac
        if self._dc is not None:
            inputs.rdc_dd_tripped = dc

    def fail(self, inputs):
        """A line could not be read: that is a trip."""
        inputs.rcd_tripped = 1
        if self._dc is not None:
            inputs.rdc_dd_tripped = 1

    def write(self, test, closed, now_ms):
        """Follow the core: its test, and whether a coil is on."""
        self._closed = closed
        if test != self._testing:
            self._testing = test
            self._began_ms = now_ms
            self._releasing = test == 0
        if self._test is None:
            return
        on = test
        if test and self._pulse_ms and (now_ms - self._began_ms) & _MASK >= self._pulse_ms:
            on = 0
        self._test[0].value(on ^ self._test[1])
