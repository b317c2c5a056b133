"""NTC temperature inputs by ADC."""

import machine
from micropython import const

_BROKEN_LOW_MV = const(60)      # NTC to 3V3, 2.2 kΩ to GND: below = open circuit, above = short
_BROKEN_HIGH_MV = const(2600)
# (mV, °C) for B3950, 10 kΩ at 25 °C, NTC to 3V3 and 2.2 kΩ to GND, computed from the beta model
_TABLE = ((67, -20), (203, 0), (595, 25), (968, 40), (1254, 50), (1549, 60), (1694, 65), (1833, 70), (1967, 75), (2092, 80),
          (2209, 85), (2317, 90), (2550, 103))


def celsius_from_mv(mv):
    """Whole °C, or None where the sensor is broken (open, short)."""
    if not _BROKEN_LOW_MV <= mv <= _BROKEN_HIGH_MV:
        return None
    low_mv, low_c = _TABLE[0]
    for high_mv, high_c in _TABLE[1:]:
        if mv <= high_mv:
            return low_c + (mv - low_mv) * (high_c - low_c) // (high_mv - low_mv)
        low_mv, low_c = high_mv, high_c
    return low_c


class Ntc:
    """One sensor on an ADC1 pin."""

    def __init__(self, gpio):
        self._adc = machine.ADC(machine.Pin(gpio), atten=machine.ADC.ATTN_11DB)

    def celsius(self):
        """Whole °C, or None."""
        return celsius_from_mv(self._adc.read_uv() // 1000)
