"""Temperature inputs by ADC, each with the circuit of the board's facts: an NTC to the supply or to ground, or a linear sensor."""

from array import array

import machine
from micropython import const

_SUPPLY_MV = const(3300)
_KELVIN_X100 = const(27315)
_COLD_HIGH_MV = const(60)       # ntc_high: below this the sensor is open (the converter reads 0 below 100 mV)
_COLD_LOW_MV = const(3050)      # ntc_low: above this it is open
_LINEAR_C = (-40, 125)          # a linear sensor outside of this is broken
_POINTS_C = (-40, -30, -20, -10, 0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 115)


def _exp_nano(x_nano):
    """e**x in 1e-9, x in 1e-9 and between -12 and 12: the series for x/256, squared eight times."""
    part = x_nano // 256
    value = 1000000000 + part + part * part // 2000000000 + part * part * part // 6000000000000000000
    for _ in range(8):
        value = value * value // 1000000000
    return value


def ntc_mv(celsius, circuit):
    """What an NTC gives at the pin, by the beta model; circuit: the board's facts {circuit, beta, r25_ohm, pull_ohm}."""
    nano = 100000000000
    x_nano = circuit["beta"] * (nano // (100 * celsius + _KELVIN_X100) - nano // (2500 + _KELVIN_X100))
    ohm = circuit["r25_ohm"] * _exp_nano(x_nano) // 1000000000
    pull_ohm = circuit["pull_ohm"]
    above = pull_ohm if circuit["circuit"] == "ntc_high" else ohm
    return _SUPPLY_MV * above // (pull_ohm + ohm)


class Thermistor:
    """One sensor on an ADC1 pin. circuit: "ntc_high" (NTC to 3.3 V), "ntc_low" (NTC to ground) or "linear" {zero_mv, uv_per_c}."""

    def __init__(self, gpio, circuit):
        self._adc = machine.ADC(machine.Pin(gpio), atten=machine.ADC.ATTN_11DB)
        self._linear = circuit if circuit["circuit"] == "linear" else None
        self._high = circuit["circuit"] == "ntc_high"
        self._mv = array("h", () if self._linear else [ntc_mv(celsius, circuit) for celsius in _POINTS_C])

    def celsius(self):
        """Whole °C, or None where the sensor is broken (open, short)."""
        return self.celsius_from_mv(self._adc.read_uv() // 1000)

    def celsius_from_mv(self, mv):
        """The same for a voltage at the pin."""
        if self._linear:
            celsius = (mv - self._linear["zero_mv"]) * 1000 // self._linear["uv_per_c"]
            return celsius if _LINEAR_C[0] <= celsius <= _LINEAR_C[1] else None
        sign = 1 if self._high else -1          # the voltage rises with the heat, or falls
        if mv < _COLD_HIGH_MV if self._high else mv > _COLD_LOW_MV:
            return None
        if (mv - self._mv[0]) * sign <= 0:
            return _POINTS_C[0]
        for place in range(1, len(_POINTS_C)):
            low_mv, high_mv = self._mv[place - 1], self._mv[place]
            if (mv - high_mv) * sign <= 0:
                low_c, high_c = _POINTS_C[place - 1], _POINTS_C[place]
                return low_c + (2 * (mv - low_mv) * (high_c - low_c) // (high_mv - low_mv) + 1) // 2      # rounded
        return None                             # hotter than anything alive: a short
