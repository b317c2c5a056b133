"""All temperatures by place: sensors at ADC pins, those on the one-wire bus, the chip's own where it is calibrated."""

import esp32
from micropython import const

from firmware.drivers.thermistor import Thermistor

PLACES = ("relay", "interior", "supply_1", "supply_2")
_AUTOMATIC = ("supply_1", "supply_2", "interior", "relay")
_FIRST_ROUNDS = const(3)     # of the bus: so long a sensor that a setting names may take to be found


class Temperatures:
    """facts: of the board; errors: {driver: count}, shared with the board's. wanted: {place: id of the one-wire sensor there}, from
    the settings; a sensor that no setting names takes the next place of the board's list."""

    def __init__(self, facts, errors, wanted):
        self._errors = errors
        self._wanted = wanted
        circuits = facts.get("temperature") or {}
        self._sensors = {}
        for place in PLACES:
            gpio = facts["pins"]["temperature_%s_adc" % place]
            if gpio is not None:
                self._sensors[place] = self._try(place, Thermistor, gpio, circuits.get(place, circuits))
        self._mcu = getattr(esp32, "mcu_temperature", None)      # the ESP32 has none, and its raw sensor is not calibrated
        self.bus = None
        if facts["pins"]["temperature_onewire"] is not None:
            self.bus = self._try("onewire", _bus, facts["pins"]["temperature_onewire"], errors)
        self._automatic = [place for place in circuits.get("onewire", _AUTOMATIC)
                           if place not in self._sensors and not wanted.get(place)]

    def _try(self, name, work, *arguments):
        try:
            return work(*arguments)
        except Exception:            # whatever a driver raises: its place is a broken sensor
            self._errors[name] = self._errors.get(name, 0) + 1
            return None

    def read(self):
        """{place: whole °C, or None where the sensor is broken or lost}; a place without a sensor is not in it."""
        found = {}
        for place, sensor in self._sensors.items():
            found[place] = None if sensor is None else self._try(place, sensor.celsius)
        if self._mcu is not None:
            found["mcu"] = self._try("mcu", self._mcu)
        for place, sensor in self._on_the_bus():
            if sensor is None or sensor.lost:
                found[place] = None
            elif sensor.value is not None:                  # else: not measured yet
                celsius = (sensor.value + 8) >> 4
                if place not in found:
                    found[place] = celsius
                elif found[place] is not None:              # two at one place: the hotter counts
                    found[place] = max(celsius, found[place])
        return found

    def _on_the_bus(self):
        """[(place, sensor)]; the sensor is None where one is wanted and there is none."""
        sensors = [] if self.bus is None else list(self.bus.sensors)
        placed = []
        for place in PLACES:
            name = self._wanted.get(place)
            if name:
                here = [sensor for sensor in sensors if sensor.id == name.lower()]
                if here:
                    sensors.remove(here[0])
                if here or self.bus is None or self.bus.rounds >= _FIRST_ROUNDS:
                    placed.append((place, here[0] if here else None))
        return placed + list(zip(self._automatic, sensors))

    def fact(self):
        """[{"id", "place", "celsius"}] of the sensors on the bus, None where there is no bus."""
        if self.bus is None:
            return None
        places = dict([(sensor.id, place) for place, sensor in self._on_the_bus() if sensor is not None])
        return [{"id": sensor.id, "place": places.get(sensor.id),
                 "celsius": None if sensor.value is None else (sensor.value + 8) >> 4} for sensor in self.bus.sensors]


def _bus(gpio, errors):
    """The bus's driver is loaded only where there is one: most boards have none."""
    from firmware.drivers.onewire import OneWireBus
    return OneWireBus(gpio, errors)
