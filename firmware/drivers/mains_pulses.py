"""Pulses of an optocoupler that hangs on the mains: protective earth, a conductor, the load's side of a contactor.

Edges are counted by interrupt and judged by the control tick. Half-wave optocouplers give 50 edges a second, full-wave ones 100.
"""

import machine
from micropython import const

from firmware.drivers.inputs import pulled_pin

_MASK = const(0x3FFFFFFF)
_WINDOW_MS = const(250)       # 12 or 13 edges of a half-wave optocoupler: one edge more or less is 8 %
_LOW_PERMILLE = const(800)    # of the nominal rate: fewer is missing, more is noise
_HIGH_PERMILLE = const(1200)
_SILENT_PERIODS = const(5)    # of PE: so many missing pulses in a row need no window
_GONE_PERIODS = const(3)      # of a load: its contactor has 200 ms to show itself
_STALL_MS = const(60)         # between two looks: the interpreter stood still (a flash erase), and pulses were not counted
_STALE_MS = const(2000)       # without one window judged: nothing is known any more
_MOST_MS = const(10000)       # longer times count as this, and more edges as these: no product grows past 30 bits
_MOST_EDGES = const(10000)
UNKNOWN = const(-1)


class MainsPulses:
    """nominal_hz: edges a second of a healthy input. Judge with rate() or alive(), not both, once in each tick."""

    def __init__(self, gpio, nominal_hz):
        self._nominal_hz = nominal_hz
        self._edges = 0
        self._seen = 0               # edges at the last look
        self._moved_ms = UNKNOWN     # when a look found new ones; UNKNOWN before the first look
        self._run = 0                # edges since the last silence, saturates
        self._window_ms = 0          # when the present window began
        self._window_edges = 0       # edges at its beginning
        self._looked_ms = UNKNOWN    # the last look of rate(), and when it judged a window last
        self._judged_ms = 0
        self._rate = UNKNOWN
        self._pin = pulled_pin(gpio, 1)
        self._pin.irq(handler=self._edge, trigger=machine.Pin.IRQ_FALLING)

    def _edge(self, _pin):
        """Between two bytecodes of whatever runs: no allocation."""
        self._edges = (self._edges + 1) & _MASK

    def _silent_ms(self, now_ms):
        """Since the last new edge; counts what came since the last look."""
        edges = self._edges
        if self._moved_ms == UNKNOWN:
            self._moved_ms = self._window_ms = now_ms
            self._seen = self._window_edges = edges
        fresh = (edges - self._seen) & _MASK
        if fresh:
            self._seen = edges
            self._moved_ms = now_ms
            self._run = min(self._run + fresh, _SILENT_PERIODS)
        return min((now_ms - self._moved_ms) & _MASK, _MOST_MS)

    def rate(self, now_ms):
        """1: 80-120 % of the nominal rate in the last window; 0: not, or silent; UNKNOWN before the first window is over. A time in
        which the interpreter stood still says nothing: judged anew from its end on."""
        silent = self._silent_ms(now_ms) * self._nominal_hz >= _SILENT_PERIODS * 1000
        if self._looked_ms == UNKNOWN:
            self._judged_ms = now_ms
        elif (now_ms - self._looked_ms) & _MASK > _STALL_MS:
            silent = False
            self._moved_ms = self._window_ms = now_ms
            self._window_edges = self._edges
        self._looked_ms = now_ms
        elapsed_ms = min((now_ms - self._window_ms) & _MASK, _MOST_MS)
        if elapsed_ms >= _WINDOW_MS:
            edges = min((self._edges - self._window_edges) & _MASK, _MOST_EDGES)
            permille = edges * 100000 // (elapsed_ms * self._nominal_hz // 10)
            self._rate = 1 if _LOW_PERMILLE <= permille <= _HIGH_PERMILLE else 0
            self._window_ms = self._judged_ms = now_ms
            self._window_edges = self._edges
        if self._rate == 1 and silent or (now_ms - self._judged_ms) & _MASK > _STALE_MS:
            self._rate = 0
        return self._rate

    def alive(self, now_ms):
        """1: pulses are there, at least two in a row; 0: none for three periods."""
        if self._silent_ms(now_ms) * self._nominal_hz >= _GONE_PERIODS * 1000:
            self._run = 0
        return 1 if self._run >= 2 else 0


class PulsedEarth:
    """Protective earth, told by pulses of an optocoupler between L and PE."""

    def __init__(self, gpio, nominal_hz):
        self._pulses = MainsPulses(gpio, nominal_hz)

    def read(self, inputs, now_ms):
        """Unknown (not fitted) for the first quarter second only: nothing can be closed so soon."""
        inputs.pe_ok = self._pulses.rate(now_ms)

    def fail(self, inputs):
        """It could not be read: lost."""
        inputs.pe_ok = 0
