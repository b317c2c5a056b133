"""Proximity pilot of a socket outlet: the resistor between PP and PE in the cable's plug, by the board's pull-up and ADC.

    reference ── pull-up ──┬── PP terminal ── resistor of the cable ── PE
                           └── (divider) ── ADC
"""

import machine
from micropython import const

_READS = const(8)              # one a tick: a mean over 80 ms, and the core wants the same answer for three ticks more
_STEADY_MV = const(100)        # reads of one window further apart: the plug moves, or the contact is loose
_PATIENCE = const(4)           # windows in a row like that (0.3 s) are a fault
_OPEN_ABOVE_PERMILLE = const(900)   # of the reference: no cable that there is; a saturated converter reads so too
OPEN_OHM = const(1000000)
SHORT_OHM = const(0)


def ohm_from_mv(mv, pull_ohm, reference_mv):
    """The resistor that pulls a reference down to mv at the terminal; OPEN_OHM near the reference."""
    if mv * 1000 >= reference_mv * _OPEN_ABOVE_PERMILLE:
        return OPEN_OHM
    return pull_ohm * mv // (reference_mv - mv)


class ProximityInput:
    """gpio on ADC1. a_ppm: millionths of the terminal's voltage that the ADC sees (1 000 000 without a divider)."""

    def __init__(self, gpio, pull_ohm, reference_mv, a_ppm=1000000):
        self._adc = machine.ADC(machine.Pin(gpio), atten=machine.ADC.ATTN_11DB)
        self._pull_ohm = pull_ohm
        self._reference_mv = reference_mv
        self._a_ppm = a_ppm
        self._ohm = OPEN_OHM         # nothing is offered before the first window says that a cable is there
        self._sum_mv = 0
        self._low_mv = 0
        self._high_mv = 0
        self._reads = 0
        self._unsteady = 0           # windows in a row

    def read(self, inputs, _now_ms):
        """One read of the ADC; every eighth judges."""
        mv = self._adc.read_uv() // 1000
        if self._reads == 0:
            self._sum_mv = self._low_mv = self._high_mv = mv
        else:
            self._sum_mv += mv
            self._low_mv = min(self._low_mv, mv)
            self._high_mv = max(self._high_mv, mv)
        self._reads += 1
        if self._reads == _READS:
            self._reads = 0
            self._judge()
        inputs.pp_ohm = self._ohm

    def _judge(self):
        if self._high_mv - self._low_mv > _STEADY_MV:
            self._unsteady = min(self._unsteady + 1, _PATIENCE)
            if self._unsteady == _PATIENCE:
                self._ohm = SHORT_OHM
            return
        self._unsteady = 0
        mv = self._sum_mv // _READS * 1000 // (self._a_ppm // 1000)
        self._ohm = ohm_from_mv(mv, self._pull_ohm, self._reference_mv)

    def fail(self, inputs):
        """It could not be read: no cable has that value."""
        self._reads = 0
        self._ohm = SHORT_OHM
        inputs.pp_ohm = SHORT_OHM
