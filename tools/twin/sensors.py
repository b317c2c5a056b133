"""The charger's temperature sensors: how warm it is where, and what the board's ADC pins, its one-wire bus and its chip see."""

from firmware.drivers.board_blocks import temperature_circuit
from tools.twin.thermal import CHIP_RISE_K, OVER_TEMPERATURE_C, PLACES, UPDATE_US, Body, sensor_uv

ALWAYS_SEEN = ("relay", "interior")     # on the bench, whether or not the board has a sensor there
# codes of the DS18B20 sensors on the bus: family, serial number, CRC
ONEWIRE_IDS = ("28a10c0000000054", "28b20c0000000056", "28c30c00000000f9", "28d40c0000000027")
ONEWIRE_STEPS_PER_K = 16


class TemperatureSensors:
    """`faults` is the world's table of them, looked at for over_temperature and sensor_open (both the relay's) and
    sensor_lost (the first one on the bus)."""

    def __init__(self, clock, board, faults):
        self._clock = clock
        self._board = board
        self._faults = faults
        self._event = None
        self._hal = None
        pins = board["pins"]
        self._on_wire = ()
        if pins.get("temperature_onewire") is not None:
            self._on_wire = tuple((board.get("temperature") or {}).get("onewire", ("supply_1", "supply_2")))
        self._bodies = {place: Body(clock, *PLACES[place]) for place in PLACES
                        if place in ALWAYS_SEEN or place in self._on_wire or self._adc(place) is not None}

    def attach(self, hal):
        """The board that sees them from now on, or None."""
        self._hal = hal
        self.refresh()

    def load(self, current_ma):
        """The highest phase current from now on."""
        for body in self._bodies.values():
            body.load(current_ma)
        self._watch()

    def surround(self, ambient_c):
        """The air outside from now on."""
        for body in self._bodies.values():
            body.surround(ambient_c)
        self.refresh()
        self._watch()

    def celsius(self):
        """{place: degrees now}, to a tenth."""
        return {place: round(self._celsius(place), 1) for place in self._bodies}

    def refresh(self):
        """The board sees them anew."""
        if self._hal is None:
            return
        for place in self._bodies:
            gpio = self._adc(place)
            if gpio is not None:
                broken = self._faults["sensor_open"] and place == "relay"
                circuit = temperature_circuit(self._board, place)
                self._hal.set_adc(gpio, 0 if broken else sensor_uv(self._celsius(place), circuit))
        gpio = self._board["pins"].get("temperature_onewire")
        if gpio is not None:
            self._hal.set_onewire(gpio, [
                (ONEWIRE_IDS[n], round(self._celsius(place) * ONEWIRE_STEPS_PER_K), not (n == 0 and self._faults["sensor_lost"]))
                for n, place in enumerate(self._on_wire)])
        self._hal.set_mcu_temperature(int(self._bodies["interior"].celsius) + CHIP_RISE_K)

    def _adc(self, place):
        return self._board["pins"].get(f"temperature_{place}_adc")

    def _celsius(self, place):
        if self._faults["over_temperature"] and place == "relay":
            return OVER_TEMPERATURE_C
        return self._bodies[place].celsius

    def _watch(self):
        """While something warms or cools, the board sees it every UPDATE_US."""
        if self._event is None:
            self._event = self._clock.after(UPDATE_US, self._step)

    def _step(self):
        self._event = None
        self.refresh()
        if not all(body.settled for body in self._bodies.values()):
            self._watch()
