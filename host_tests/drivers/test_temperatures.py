"""Sensors by place: NTCs by formula, DS18B20 on their bus bit by bit; what is broken or lost is no temperature."""

import math
import unittest

from host_tests.drivers.chip import Chip, board_facts

BUS = 55
IDS = ("28a10c0000000054", "28b20c0000000056", "28c30c00000000f9", "28d40c0000000027")
HIGH = {"circuit": "ntc_high", "beta": 3950, "r25_ohm": 10000, "pull_ohm": 2200}
LOW = {"circuit": "ntc_low", "beta": 3435, "r25_ohm": 10000, "pull_ohm": 10000}
PRINTER = {"circuit": "ntc_low", "beta": 3950, "r25_ohm": 100000, "pull_ohm": 4700}
LINEAR = {"circuit": "linear", "zero_mv": 500, "uv_per_c": 10000}


def mv_from_celsius(celsius, circuit):
    """What the divider gives by the beta model."""
    ohm = circuit["r25_ohm"] * math.exp(circuit["beta"] * (1 / (celsius + 273.15) - 1 / 298.15))
    above = circuit["pull_ohm"] if circuit["circuit"] == "ntc_high" else ohm
    return int(3300 * above / (circuit["pull_ohm"] + ohm) + 0.5)


class OnChip(unittest.TestCase):
    def chip_of(self, facts=None):
        self.chip = Chip(facts or board_facts())
        self.addCleanup(self.chip.close)
        return self.chip


class TestThermistor(OnChip):
    def sensor(self, circuit):
        self.chip_of()
        from firmware.drivers.thermistor import Thermistor
        return Thermistor(34, circuit)

    def test_ntc_follows_the_formula_within_2_degrees(self):
        for circuit, coldest in ((HIGH, -19), (LOW, -15), (PRINTER, 40)):
            sensor = self.sensor(circuit)
            for celsius in range(coldest, 111):
                found = sensor.celsius_from_mv(mv_from_celsius(celsius, circuit))
                self.assertLessEqual(abs(found - celsius), 2, (circuit, celsius, found))

    def test_hotter_is_never_shown_as_colder(self):
        for circuit, step in ((HIGH, 1), (LOW, -1), (PRINTER, -1), (LINEAR, 1)):
            sensor = self.sensor(circuit)
            last = -100
            for mv in range(0, 3301) if step == 1 else range(3300, -1, -1):
                found = sensor.celsius_from_mv(mv)
                if found is not None:
                    self.assertGreaterEqual(found, last, (circuit, mv))
                    last = found

    def test_open_and_shorted_sensors_are_no_temperature(self):
        for circuit in (HIGH, LOW, LINEAR):
            sensor = self.sensor(circuit)
            for mv in (0, 3300):
                self.assertIsNone(sensor.celsius_from_mv(mv), (circuit, mv))

    def test_cold_is_not_broken_where_the_circuit_can_tell(self):
        self.assertEqual(self.sensor(LOW).celsius_from_mv(3040), -28)
        self.assertIsNone(self.sensor(LOW).celsius_from_mv(3060))

    def test_linear_sensor_is_a_straight_line(self):
        sensor = self.sensor(LINEAR)
        for mv, celsius in ((500, 0), (750, 25), (1250, 75), (300, -20), (99, None), (1751, 125), (1761, None)):
            self.assertEqual(sensor.celsius_from_mv(mv), celsius)

    def test_sensor_reads_its_pin(self):
        sensor = self.sensor(HIGH)
        for mv, celsius in ((1254, 50), (595, 25), (2092, 80), (0, None)):
            self.chip.hal.set_adc(34, mv * 1000)
            self.assertEqual(sensor.celsius(), celsius)


class OnBus(OnChip):
    def bus(self, *celsius, **kw):
        """A bus with a sensor for each temperature."""
        self.chip_of()
        self.celsius = list(celsius)
        self.there = [True] * len(celsius)
        self.hang()
        from firmware.drivers.onewire import OneWireBus
        self.errors = {}
        self.now_ms = 0
        return OneWireBus(BUS, self.errors)

    def hang(self, shorted=False):
        rows = [(IDS[n], int(self.celsius[n] * 16), self.there[n]) for n in range(len(self.celsius))]
        self.chip.hal.set_onewire(BUS, rows, shorted)

    def steps(self, bus, ms):
        """The longest step in us."""
        longest_us = 0
        for _ in range(0, ms, 50):
            before_us = self.chip.clock.now_us
            bus.step(self.now_ms)
            took_us = self.chip.clock.now_us - before_us
            longest_us = max(longest_us, took_us)
            self.chip.spend_us(50000 - took_us)
            self.now_ms += 50
        return longest_us

    def values(self, bus):
        return [None if sensor.value is None else sensor.value * 10 // 16 for sensor in bus.sensors]


class TestBus(OnBus):
    def test_every_number_of_sensors_is_found_and_read(self):
        for count in range(5):
            bus = self.bus(*[20 + 10 * n for n in range(count)])
            self.steps(bus, 12000)
            self.assertEqual([sensor.id for sensor in bus.sensors], list(IDS[:count]))
            self.assertEqual(self.values(bus), [200 + 100 * n for n in range(count)])

    def test_no_step_holds_the_loop_for_more_than_2_ms(self):
        bus = self.bus(20, 30, 40, 50)
        self.assertLess(self.steps(bus, 12000), 2000)

    def test_temperatures_below_zero_and_sixteenths(self):
        bus = self.bus(-10.125, 25.0625, -55, 125)
        self.steps(bus, 12000)
        self.assertEqual([sensor.value for sensor in bus.sensors], [-162, 401, -880, 2000])

    def test_readings_follow(self):
        bus = self.bus(20)
        self.steps(bus, 6000)
        self.celsius[0] = 64
        self.hang()
        self.steps(bus, 7000)
        self.assertEqual(self.values(bus), [640])

    def test_value_of_power_on_is_not_believed(self):
        bus = self.bus(85)
        self.steps(bus, 6000)
        self.assertEqual(self.values(bus), [None])
        self.celsius[0] = 85.0625
        self.hang()
        self.steps(bus, 6000)
        self.assertEqual(self.values(bus), [850])

    def test_sensor_that_goes_is_lost_within_a_round_and_comes_back(self):
        bus = self.bus(20, 30)
        self.steps(bus, 8000)
        self.there[0] = False
        self.hang()
        self.steps(bus, 10000)
        self.assertEqual(self.values(bus), [None, 300])
        self.assertEqual([sensor.missed >= 3 for sensor in bus.sensors], [True, False])
        self.there[0] = True
        self.hang()
        self.steps(bus, 10000)
        self.assertEqual(self.values(bus), [200, 300])
        self.assertEqual(self.errors, {})

    def test_sensor_that_comes_later_is_found(self):
        bus = self.bus(20, 30)
        self.there[0] = False
        self.hang()
        self.steps(bus, 8000)
        self.assertEqual([sensor.id for sensor in bus.sensors], [IDS[1]])
        self.there[0] = True
        self.hang()
        self.steps(bus, 110000)
        self.assertEqual(self.values(bus), [200, 300])

    def test_shorted_and_dead_bus_lose_everything_at_once(self):
        for shorted in (True, False):
            bus = self.bus(20, 30)
            self.steps(bus, 8000)
            self.there = [shorted, shorted]
            self.hang(shorted)
            self.steps(bus, 12000)
            self.assertEqual(self.values(bus), [None, None])

    def test_shorted_bus_has_no_sensors(self):
        bus = self.bus(20)
        self.hang(True)
        self.steps(bus, 12000)
        self.assertEqual(bus.sensors, [])

    def test_one_wrong_bit_is_found_by_the_crc(self):
        self.bus(20)
        import _onewire

        from firmware.drivers.onewire import sixteenths
        self.assertEqual(_onewire.crc8(b"\x02\x1c\xb8\x01\x00\x00\x00"), 0xA2)       # the maker's example
        good = bytearray(b"\x91\x01\x4b\x46\x7f\xff\x0c\x10\x00")
        good[8] = _onewire.crc8(good[:8])
        self.assertEqual(sixteenths(good), 401)
        for bit in range(72):
            bad = bytearray(good)
            bad[bit >> 3] ^= 1 << (bit & 7)
            self.assertIsNone(sixteenths(bad), bit)
        self.assertIsNone(sixteenths(bytearray(9)))
        self.assertIsNone(sixteenths(bytearray(b"\xff" * 9)))

    def test_bus_that_raises_is_named_its_sensors_are_lost_and_it_tries_again(self):
        bus = self.bus(20)
        self.steps(bus, 6000)
        pin, bus._pin = bus._pin, None
        self.steps(bus, 12000)
        self.assertEqual(self.values(bus), [None])
        self.assertTrue(self.errors["onewire"])
        bus._pin = pin
        self.steps(bus, 12000)
        self.assertEqual(self.values(bus), [200])


class TestPlaces(OnBus):
    def temperatures(self, wanted=None, **changes):
        facts = board_facts()
        facts["temperature"].update(changes)
        from firmware.drivers.temperatures import Temperatures
        self.errors = {}
        found = Temperatures(facts, self.errors, wanted or {})
        self.now_ms = 0
        return found

    def read(self, temperatures, ms=12000):
        self.steps(temperatures.bus, ms)
        found = temperatures.read()
        return dict([(place, found[place]) for place in found if place in ("supply_1", "supply_2")])

    def test_sensors_take_places_in_the_order_of_their_ids(self):
        self.bus(20, 30)
        self.assertEqual(self.read(self.temperatures()), {"supply_1": 20, "supply_2": 30})
        self.bus(20, 30)
        self.assertEqual(self.read(self.temperatures(onewire=["supply_2"])), {"supply_2": 20})

    def test_setting_says_which_sensor_is_where(self):
        self.bus(20, 30)
        temperatures = self.temperatures({"supply_1": IDS[1].upper()})
        self.assertEqual(self.read(temperatures), {"supply_1": 30, "supply_2": 20})
        self.assertEqual(temperatures.fact(), [{"id": IDS[0], "place": "supply_2", "celsius": 20},
                                               {"id": IDS[1], "place": "supply_1", "celsius": 30}])

    def test_sensor_that_a_setting_names_and_nobody_finds_is_broken(self):
        self.bus(20)
        temperatures = self.temperatures({"supply_2": IDS[3]})
        self.assertNotIn("supply_2", temperatures.read())          # it has the first rounds to be found
        self.assertEqual(self.read(temperatures, 20000), {"supply_1": 20, "supply_2": None})

    def test_not_yet_measured_is_not_broken(self):
        self.bus(20)
        self.assertEqual(self.read(self.temperatures(), 1000), {})

    def test_hotter_of_two_at_one_place_counts(self):
        self.bus(60)
        temperatures = self.temperatures({"relay": IDS[0]})
        self.chip.hal.set_adc(34, 595000)
        self.steps(temperatures.bus, 12000)
        self.assertEqual(temperatures.read()["relay"], 60)
        self.chip.hal.set_adc(34, 2092000)
        self.assertEqual(temperatures.read()["relay"], 80)
        self.chip.hal.set_adc(34, 0)
        self.assertIsNone(temperatures.read()["relay"])

    def test_temperature_that_cannot_be_read_is_unknown_and_named(self):
        self.bus()
        temperatures = self.temperatures()
        self.chip.hal.set_adc(34, 595000)
        self.assertEqual(temperatures.read()["relay"], 25)
        temperatures._sensors["relay"]._adc = None
        self.assertIsNone(temperatures.read()["relay"])
        self.assertEqual(self.errors, {"relay": 1})

    def test_board_without_a_bus_has_no_such_fact_and_no_such_places(self):
        facts = board_facts()
        facts["pins"]["temperature_onewire"] = None
        self.chip_of(facts)
        from firmware.drivers.temperatures import Temperatures
        temperatures = Temperatures(facts, {}, {"supply_1": IDS[0]})
        self.assertIsNone(temperatures.fact())
        self.assertEqual(sorted(temperatures.read()), ["interior", "relay", "supply_1"])
        self.assertIsNone(temperatures.read()["supply_1"])          # a setting wants it: broken


if __name__ == "__main__":
    unittest.main()
