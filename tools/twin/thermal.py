"""Temperatures of relay, interior, chip and supply cable, and what the NTCs make of them.

Rises are estimates for a closed wall box at 32 A: 16 K of the air inside (30 minutes), 38 K of a relay with 2 mOhm of contact
(15 minutes), 25 K of a supply cable of 6 mm2 at its terminal (10 minutes). The chip is as warm as the air around it and 7 K more.
"""

import math

from tools.twin.house import DEFAULT_AMBIENT_C

SUPPLY_UV = 3_300_000
UPDATE_US = 30_000_000
SETTLED_K = 0.3
OVER_TEMPERATURE_C = 95.0
CHIP_RISE_K = 7
# what the board may have a sensor at: (rise in K at 32 A, time constant in s)
PLACES = {"relay": (38, 900), "interior": (16, 1800), "supply_1": (25, 600), "supply_2": (25, 600)}


def sensor_uv(celsius, circuit):
    """The ADC pin's voltage for a sensor of the board's facts: "linear" is {zero_mv, uv_per_c}, else it is an NTC."""
    if circuit["circuit"] == "linear":
        return int(circuit["zero_mv"] * 1000 + circuit["uv_per_c"] * celsius)
    return ntc_uv(celsius, circuit)


def ntc_uv(celsius, ntc):
    """The ADC pin's voltage for a sensor of the board's facts {beta, r25_ohm, pull_ohm, circuit}: "ntc_high" is the
    NTC to 3.3 V with the resistor to ground, "ntc_low" the other way round."""
    kelvin = celsius + 273.15
    r_ntc = ntc["r25_ohm"] * math.exp(ntc["beta"] * (1 / kelvin - 1 / 298.15))
    pull = ntc["pull_ohm"]
    share = pull / (pull + r_ntc) if ntc["circuit"] == "ntc_high" else r_ntc / (pull + r_ntc)
    return int(SUPPLY_UV * share)


class Body:
    """One thing that warms with the square of the current: `rise_k` at 32 A, first order with `tau_s`."""

    def __init__(self, clock, rise_k, tau_s, ambient_c=DEFAULT_AMBIENT_C):
        self._clock = clock
        self._rise_k = rise_k
        self._tau_us = tau_s * 1_000_000
        self._ambient_c = ambient_c
        self._start_c = self._target_c = ambient_c
        self._since_us = clock.now_us

    def load(self, current_ma):
        """The highest phase current from now on."""
        self._start_c = self.celsius
        self._since_us = self._clock.now_us
        self._target_c = self._ambient_c + self._rise_k * (current_ma / 32_000) ** 2

    def surround(self, ambient_c):
        """The air outside from now on."""
        self._start_c = self.celsius
        self._since_us = self._clock.now_us
        self._target_c += ambient_c - self._ambient_c
        self._ambient_c = ambient_c

    @property
    def celsius(self):
        elapsed_us = self._clock.now_us - self._since_us
        return self._target_c + (self._start_c - self._target_c) * math.exp(-elapsed_us / self._tau_us)

    @property
    def settled(self):
        return abs(self.celsius - self._target_c) < SETTLED_K
