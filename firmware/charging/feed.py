"""Hands the core what others measure: the meter's readings and the temperatures. Each reading is handed in once."""

from firmware.charging.plug_in import highest
from firmware.safety.io_image import BROKEN, NO_TEMPERATURE, NOT_FITTED
from firmware.safety.limits import TICKS_MASK, elapsed_ms


def _known(value):
    return NOT_FITTED if value is None else value


class Feed:
    """core: SafetyCore. Called by the station's task, between ticks."""

    def __init__(self, core):
        self._inputs = core.inputs
        self._readings = 0

    def meter(self, reading, now_ms):
        """Take over a new reading of the meter; an estimate proves nothing and is left out."""
        if reading.readings == self._readings:
            return
        self._readings = reading.readings
        inputs = self._inputs
        drawn_ma = highest(reading.current_ma)
        if drawn_ma is not None:                 # else the one before holds: unknown is not little
            inputs.drawn_ma = drawn_ma
        inputs.supply_1_mv, inputs.supply_2_mv, inputs.supply_3_mv = [_known(mv) for mv in reading.voltage_mv]
        inputs.meter_age_ms = elapsed_ms(now_ms, reading.asked_ms)
        inputs.meter_seq = (inputs.meter_seq + 1) & TICKS_MASK

    def temperatures(self, found):
        """Take over {place: °C, or None where the sensor is broken}; places that are missing have no sensor."""
        inputs = self._inputs
        inputs.temperature_0_c = _celsius(found, "mcu")
        inputs.temperature_1_c = _celsius(found, "relay")
        inputs.temperature_2_c = _celsius(found, "interior")
        inputs.temperature_3_c = _celsius(found, "supply_1")
        inputs.temperature_4_c = _celsius(found, "supply_2")
        inputs.temperature_seq = (inputs.temperature_seq + 1) & TICKS_MASK


def _celsius(found, place):
    if place not in found:
        return NO_TEMPERATURE
    return BROKEN if found[place] is None else found[place]
