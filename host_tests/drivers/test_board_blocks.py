"""Circuits and kinds in a board file: each rule is broken once, and says what is allowed."""

import unittest

from firmware.drivers import board_blocks
from firmware.drivers.board_blocks import temperature_circuit
from firmware.drivers.board_facts import PINS, BoardError, check, lacks
from host_tests.drivers.board_case import BoardCase
from host_tests.drivers.chip import board_facts

NAMES = [row[0] for row in PINS]
S3, WROVER, SMARTEVSE, DEVKITC = "esp32-s3", "esp32-wrover", "smartevse-v3", "esp32-evse-devkitc"


class TestBlocks(BoardCase):
    def put(self, value, *path):
        def change(facts):
            for key in path[:-1]:
                facts = facts[key]
            if value is None:
                del facts[path[-1]]
            else:
                facts[path[-1]] = value
        return change

    def pins(self, **gpios):
        return lambda facts: facts["pins"].update(gpios)

    def test_tables_name_pins_and_keys_that_there_are(self):
        keys = [row[:2] for row in board_blocks._KEYS]
        self.assertEqual(len(set(keys)), len(keys))
        for name, needing in board_blocks._WHEN:
            self.assertEqual([pin for pin in needing.split() if pin != "*" and pin not in NAMES], [], name)
        for name, key, _value, needed in board_blocks._THEN:
            self.assertIn((name, key), keys)
            self.assertEqual([pin for pin in needed.split() if pin not in NAMES], [], name)
        for name, key, _value, other in board_blocks._ALSO:
            self.assertIn((name, key), keys)
            self.assertIn((name, other), keys)

    def test_missing_block_is_named_with_the_pins_that_want_it_and_with_what_it_holds(self):
        for board, name, pin, key in (
                (S3, "pp", "pp_adc", "pull_up_ohm"), (S3, "coil_watchdog", "coil_watchdog", "hold_ms"),
                (S3, "rcd", "rcd_trip", "kind: one_line, two_lines"), (S3, "lock", "lock_1", "pause_ms"),
                (S3, "led", "led_strip", "kind: strip, three"), (S3, "rs485", "rs485_tx", "uart: 1..2"),
                (S3, "supply", "pe_pulses", "pulses_per_period"), (S3, "rfid", "rfid_cs", "mfrc522"),
                (S3, "cp", "", "positive_comparator"), (S3, "contactor", "", "mirror_series"),
                (S3, "temperature", "temperature_relay_adc", ""), (DEVKITC, "temperature", "temperature_onewire", "")):
            self.bad(board, self.put(None, name), name, pin, key)
            self.bad(board, self.put(5, name), name, pin, key)

    def test_every_key_is_checked_where_it_stands(self):
        for name, key, _what, _must in board_blocks._KEYS:
            for board in (S3, WROVER, SMARTEVSE, DEVKITC, "twin"):
                if key in board_facts(board).get(name, {}):
                    for value in ([], 10 ** 9, -(10 ** 6), "guess", 1 * 1.0):
                        self.bad(board, self.put(value, name, key), "%s.%s" % (name, key), "must be")
                    break

    def test_keys_that_must_be_there_are_missed(self):
        for name, key, _what, must in board_blocks._KEYS:
            if must and key in board_facts(S3).get(name, {}):
                self.bad(S3, self.put(None, name, key), "%s.%s" % (name, key), "must be")

    def test_kinds_want_their_pins(self):
        for board, change, place in (
                (S3, self.pins(cp_adc=None), "pins.cp_adc"), (S3, self.pins(cp_comparator=None), "pins.cp_comparator"),
                (SMARTEVSE, self.pins(cp_adc=None), "pins.cp_adc"),
                (SMARTEVSE, self.put("peak_detector", "cp", "sensing"), "pins.cp_high_adc"),
                (DEVKITC, self.put(2, "contactor", "count"), "pins.contactor_2"),
                (S3, self.put("two_lines", "rcd", "kind"), "pins.rdc_dd_trip"),
                (S3, self.pins(led_strip=None), "pins.led_strip"), (SMARTEVSE, self.pins(led_green=None), "pins.led_green"),
                (S3, self.pins(spi_miso=None), "pins.spi_miso"), (WROVER, self.pins(i2c_scl=None), "pins.i2c_scl"),
                (S3, self.put("uart", "rfid", "bus"), "pins.rfid_tx"), (S3, self.pins(rs485_rx=None), "pins.rs485_rx")):
            self.bad(board, change, place, "must be fitted where")

    def test_kinds_want_their_values(self):
        self.bad(S3, self.put(None, "cp", "comparator_mv"), "cp.comparator_mv", "positive_comparator")
        self.bad(S3, self.put(None, "led", "order"), "led.order", "strip")
        self.bad(S3, self.put(None, "temperature", "beta"), "temperature.beta", "ntc_high")
        self.bad(SMARTEVSE, self.put(None, "temperature", "uv_per_c"), "temperature.uv_per_c", "linear")
        self.bad(S3, self.put(None, "temperature", "circuit"), "temperature.circuit", "temperature_relay_adc")
        self.bad(S3, self.put(None, "cp", "sense_before_disconnect"), "cp.sense_before_disconnect", "pins.cp_disconnect")

    def test_each_place_may_have_a_temperature_circuit_of_its_own(self):
        facts = board_facts(S3)
        facts["temperature"]["interior"] = {"circuit": "linear", "zero_mv": 500, "uv_per_c": 10000}
        check(facts)
        self.assertEqual([temperature_circuit(facts, place)["circuit"] for place in ("relay", "interior")], ["ntc_high", "linear"])
        self.bad(S3, self.put({"circuit": "linear", "zero_mv": 500}, "temperature", "interior"), "temperature.interior.uv_per_c")
        self.bad(S3, self.put("linear", "temperature", "relay"), "temperature.relay", "object")
        still = {"circuit": "linear", "zero_mv": 500, "uv_per_c": 0}         # divided by, second by second
        self.bad(S3, self.put(still, "temperature", "relay"), "temperature.uv_per_c", "not be 0")

    def test_feedback_and_its_pin_and_the_capability_agree(self):
        self.bad(SMARTEVSE, self.put("mirror", "contactor", "feedback"), "pins.contactor_feedback_1")
        self.bad(S3, self.put("none", "contactor", "feedback"), "contactor.feedback", "only there")
        self.bad(S3, self.put("aux_no", "contactor", "feedback"), "has.weld_feedback", "prove")
        self.bad(S3, self.put(1, "contactor", "count"), "contactor.count", "pins.contactor_2")

    def test_lock_motor_gets_time_to_cool(self):
        self.bad(S3, self.put(2399, "lock", "pause_ms"), "lock.pause_ms", "eight times")

    def test_reader_does_not_share_the_meters_uart(self):
        def uart(facts):
            facts["rfid"] = {"kind": "pn532", "bus": "uart", "number": 1}
            facts["pins"].update({"rfid_tx": facts["pins"]["spi_sck"], "rfid_rx": facts["pins"]["spi_miso"], "rfid_cs": None,
                                  "spi_sck": None, "spi_miso": None})
        self.bad(S3, uart, "rfid.number", "rs485.uart")

    def test_a_pn5180_has_its_busy_line_and_its_reset(self):
        for pin in ("rfid_irq", "rfid_reset"):
            def without(facts, pin=pin):
                facts["rfid"]["kind"] = "pn5180"
                pins = facts["pins"]
                for name, other in (("rfid_irq", "temperature_interior_adc"), ("rfid_reset", "rs485_de")):
                    pins[name], pins[other] = pins[other], None      # every pin is taken: two give way
                pins[pin] = None
            self.bad(S3, without, "pins." + pin)

    def test_null_stands_for_a_block_that_is_not_needed(self):
        facts = board_facts(DEVKITC)
        for name in ("pp", "lock", "rfid", "rcd", "supply", "ethernet", "buzzer", "coil_watchdog"):
            facts[name] = None
        facts["pins"]["pp_adc"] = None
        self.assertIn("proximity", lacks(check(facts)))

    def test_calibration_is_a_list_of_rising_pairs(self):
        facts = board_facts(SMARTEVSE)
        facts["cp"]["calibration"] = [[164, -12000], [3281, 12000]]
        check(facts)
        for points in ([], {}, "x", [[164, -12000]], [[164, -12000], [164, 12000]], [[164, 12000], [3281, -12000]],
                       [[164, -12000, 1], [3281, 12000]], [[164, -12000], [3301, 12000]], [[164, -15001], [3281, 12000]],
                       [[164, -12000], 3281], [[True, -12000], [3281, 12000]], [[n, n] for n in range(9)]):
            self.bad(SMARTEVSE, self.put(points, "cp", "calibration"), "cp.calibration", "pairs")


def _places(value, path=()):
    """The paths of everything in a board file but its 60 pins, of which three stand for all."""
    found = []
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        if path != ("pins",) or key in ("cp_pwm", "lock_1", "led_strip"):
            found += [path + (key,)] + _places(value[key], path + (key,))
    return found


class TestOddValues(unittest.TestCase):
    def test_odd_value_at_any_place_is_taken_or_refused_with_a_place_and_nothing_else_is_raised(self):
        refused = 0
        for board in (S3, SMARTEVSE, DEVKITC):
            facts = board_facts(board)
            del facts["notes"]
            for path in _places(facts):
                part = facts
                for key in path[:-1]:
                    part = part[key]
                good = part[path[-1]]
                for odd in (None, True, -1, 10 ** 9, "", "mirror", [], {}, [None], [[1]], {"a": 1}):
                    part[path[-1]] = odd
                    try:
                        lacks(check(facts))
                    except BoardError as error:
                        self.assertTrue(error.place)
                        refused += 1
                part[path[-1]] = good
            check(facts)
        self.assertGreater(refused, 500)


class TestLacks(unittest.TestCase):
    def test_each_board_lacks_what_the_wiring_says(self):
        for board, lacking in (
                (S3, "rtc_battery"),
                (WROVER, "cp_disconnect rtc_battery supply_sense coil_watchdog_test"),
                (SMARTEVSE, "coil_watchdog weld_feedback pe_monitor rcd_test rtc_battery psram rcd_cutoff supply_sense "
                            "cp_calibration stock_build coil_watchdog_test"),
                (DEVKITC, "coil_watchdog weld_feedback pe_monitor rcd_test cp_disconnect phase_switching lock rtc_battery psram "
                          "rcd_cutoff rcd_monitor dc_monitor supply_sense cp_calibration stock_build coil_watchdog_test")):
            self.assertEqual(lacks(check(board_facts(board))), lacking.split(), board)

    def test_what_pins_and_blocks_tell(self):
        def lacking(change):
            facts = board_facts(S3)
            change(facts)
            return lacks(check(facts))
        self.assertIn("proximity", lacking(lambda facts: facts["pins"].update(pp_adc=None)))
        self.assertIn("dc_monitor", lacking(lambda facts: facts["rcd"].update(detects="ac")))
        self.assertIn("temperature", lacking(
            lambda facts: facts["pins"].update(temperature_relay_adc=None, temperature_interior_adc=None)))
        self.assertIn("supply_sense", lacking(lambda facts: facts["pins"].update(supply_1_pulses=None)))
        facts = board_facts(SMARTEVSE)
        facts["cp"]["calibration"] = [[164, -12000], [3281, 12000]]
        self.assertNotIn("cp_calibration", lacks(check(facts)))
        facts = board_facts(SMARTEVSE)
        facts["cp"]["calibrated"] = True
        self.assertNotIn("cp_calibration", lacks(check(facts)))


if __name__ == "__main__":
    unittest.main()
