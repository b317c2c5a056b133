"""Board facts are checked before any driver is built; every message names the place and what is allowed."""

import json
import os
import unittest

from firmware.drivers import board_pins
from firmware.drivers.board_facts import CAPABILITIES, PINS, TOLD_BY_PINS, BoardError, check, lacks, load
from host_tests.drivers.chip import _repository
from host_tests.drivers.chip import board_facts as repository_board
from host_tests.storage.scratch import Scratch

# what must never change by accident: cp_pwm, cp_adc, contactor_1, contactor_2, coil_watchdog, rcd_trip, rcd_test, lock_1, lock_2,
# pp_adc; by the wirings and by what the boards' own firmwares drive
DANGEROUS = (
    ("esp32-s3", (10, 1, 15, 16, 14, 47, 42, 39, 40, 2)),
    ("esp32-wrover", (33, 34, 25, 26, 27, 13, 4, 18, 19, 35)),
    ("smartevse-v3", (19, 39, 32, 27, None, 13, None, 18, 17, 34)),
    ("smartevse-v3.1", (19, 39, 32, 27, None, 38, None, 9, 10, 34)),
    ("esp32-evse-devkitc", (27, 36, 26, None, None, None, None, None, None, 39)),
)
NAMES = [row[0] for row in PINS]
USES = dict([row[:2] for row in PINS])


class TestRepository(unittest.TestCase):
    def test_every_board_of_the_repository_is_good_and_has_its_files_name(self):
        names = [name for name in sorted(os.listdir(_repository() + "/board_configs")) if name.endswith(".json")]
        self.assertIn("twin.json", names)
        for name in names:
            with self.subTest(board=name):
                facts = load(_repository() + "/board_configs/" + name)
                self.assertEqual(facts["name"] + ".json", name)
                self.assertEqual(sorted(facts["pins"]), sorted(NAMES))

    def test_pins_that_switch_power_are_those_of_the_wiring(self):
        names = ("cp_pwm", "cp_adc", "contactor_1", "contactor_2", "coil_watchdog", "rcd_trip", "rcd_test", "lock_1", "lock_2",
                 "pp_adc")
        for board, gpios in DANGEROUS:
            self.assertEqual(tuple([repository_board(board)["pins"][name] for name in names]), gpios, board)
            self.assertEqual([name for name in names if name in repository_board(board)["active_low"]], [], board)

    def test_what_the_twin_lacks_is_told(self):
        self.assertEqual(lacks(load(_repository() + "/board_configs/twin.json")),
                         ["rcd_cutoff", "supply_sense"])

    def test_tables_of_the_check_fit_each_other(self):
        self.assertEqual(len(set(NAMES)), len(NAMES))
        for name, needed in CAPABILITIES:
            self.assertEqual([pin for pin in needed.replace("|", " ").split() if pin not in NAMES], [], name)
            self.assertNotIn(name, TOLD_BY_PINS)
        for chip in board_pins.CHIPS:
            for table in (board_pins.HIGHEST_GPIO, board_pins.NOT_THERE, board_pins.INPUT_ONLY, board_pins.ADC1,
                          board_pins.NO_EDGES, board_pins.CONSOLE, board_pins.USB, board_pins.RESTLESS, board_pins.STRAP_LOW):
                self.assertIn(chip, table)


class TestFile(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)

    def test_missing_file_and_text_that_is_not_json_name_the_file(self):
        path = self.scratch.folder + "board.json"
        with self.assertRaises(BoardError) as caught:
            load(path)
        self.assertEqual(caught.exception.place, path)
        self.assertIn("cannot be read", str(caught.exception))
        for text in (b"", b"board"):
            self.scratch.write("board.json", text)
            with self.assertRaises(BoardError) as caught:
                load(path)
            self.assertIn("not JSON", str(caught.exception))
        whole = json.dumps(repository_board()).encode()
        for length in range(0, len(whole), 97):         # MicroPython's parser closes what is open; the check refuses it
            self.scratch.write("board.json", whole[:length])
            with self.assertRaises(BoardError):
                load(path)

    def test_good_file_comes_back_as_it_is(self):
        self.scratch.write("board.json", json.dumps(repository_board()).encode())
        wanted = repository_board()
        del wanted["notes"]                             # for people: they cost no heap
        self.assertEqual(load(self.scratch.folder + "board.json"), wanted)


class TestCheck(unittest.TestCase):
    def bad(self, change, place, *words):
        """Change good facts; the check must name the place, and say these words."""
        facts = repository_board()
        change(facts)
        with self.assertRaises(BoardError) as caught:
            check(facts)
        self.assertEqual(caught.exception.place, place)
        for word in (place,) + words:
            self.assertIn(word, str(caught.exception))

    def put(self, value, *path):
        def change(facts):
            for key in path[:-1]:
                facts = facts[key]
            facts[path[-1]] = value
        return change

    def drop(self, *path):
        def change(facts):
            for key in path[:-1]:
                facts = facts[key]
            del facts[path[-1]]
        return change

    def test_facts_must_be_an_object(self):
        for value in ([], "x", None, 3):
            with self.assertRaises(BoardError) as caught:
                check(value)
            self.assertEqual(caught.exception.place, "file")

    def test_every_top_level_part_is_wanted_with_its_type(self):
        for key in ("format", "name", "chip", "pins", "active_low", "cp", "has", "limits"):
            self.bad(self.drop(key), key)
            self.bad(self.put(5 if key != "format" else True, key), key)

    def test_format_is_1(self):
        for value in (0, 2, "1", 1 * 1.0, True):
            self.bad(self.put(value, "format"), "format", "must be 1")

    def test_unknown_chip_lists_the_known_ones(self):
        self.bad(self.put("avr", "chip"), "chip", "twin", "esp32", "esp32s3")

    def test_every_missing_pin_is_named(self):
        for name in NAMES:
            self.bad(self.drop("pins", name), "pins." + name, "missing", "null")

    def test_first_missing_pin_is_the_same_on_every_interpreter(self):
        facts = repository_board()
        facts["pins"] = {}
        with self.assertRaises(BoardError) as caught:
            check(facts)
        self.assertEqual(caught.exception.place, "pins." + sorted(NAMES)[0])

    def test_unknown_pin_is_named(self):
        self.bad(self.put(3, "pins", "coffee"), "pins.coffee", "unknown", "buzzer")

    def test_doubled_pin_names_both_functions(self):
        self.bad(self.put(33, "pins", "contactor_2"), "pins.cp_pwm", "GPIO 33", "pins.contactor_2")

    def test_pins_that_must_be_there_cannot_be_null(self):
        for name, _use, must in PINS:
            if must:
                self.bad(self.put(None, "pins", name), "pins." + name, "must be fitted")

    def test_pin_numbers_are_whole_and_in_range(self):
        for value in (-1, 64, "3", True, 3 * 1.0, [3]):
            self.bad(self.put(value, "pins", "buzzer"), "pins.buzzer", "0 to 63")

        def on_the_s3(facts):
            facts["chip"], facts["module"] = "esp32s3", "s3-wroom-octal"
            facts["pins"]["button_front"] = 49
        self.bad(on_the_s3, "pins.button_front", "0 to 48")

    def test_output_on_a_pin_that_can_only_be_an_input_is_refused(self):
        for name in NAMES:
            if USES[name] in board_pins.DRIVEN and name != "cp_pwm":
                def change(facts, name=name):
                    facts["pins"]["temperature_relay_adc"] = None
                    facts["pins"][name] = 34
                self.bad(change, "pins." + name, "only be an input")

    def test_active_low_holds_pin_names(self):
        self.bad(self.put(["coffee"], "active_low"), "active_low", "coffee")
        self.bad(self.put([[1]], "active_low"), "active_low", "not a pin name")
        self.bad(self.put([None], "active_low"), "active_low", "not a pin name")

    def test_pilots_numbers_are_whole_and_in_range(self):
        for key, low, high in (("a_ppm", 10000, 500000), ("b_uv", 0, 3000000)):
            for value in (low - 1, high + 1, "5", None, False, low * 1.0):
                self.bad(self.put(value, "cp", key), "cp." + key, str(low), str(high))
        self.bad(self.put("guess", "cp", "sensing"), "cp.sensing", "full_range")
        for value in (None, 0, "no"):
            self.bad(self.put(value, "cp", "pwm_invert"), "cp.pwm_invert", "true or false")

    def test_every_capability_is_true_or_false(self):
        for name, _needed in CAPABILITIES:
            self.bad(self.put(1, "has", name), "has." + name, "true or false")
            self.bad(self.drop("has", name), "has." + name)

    def test_capability_without_its_pins_is_refused(self):
        for name, needed in CAPABILITIES:
            for choice in needed.split():
                def change(facts, name=name, needed=needed, choice=choice):
                    for place, other in enumerate(needed.replace("|", " ").split()):
                        facts["pins"][other] = None if other in choice.split("|") else facts["pins"][other] or 40 + place
                    facts["has"] = dict([(row[0], row[0] == name) for row in CAPABILITIES])
                self.bad(change, "has." + name, *["pins." + pin for pin in choice.split("|")])

    def test_limits(self):
        for value in (0, 2, 4, "3", True, 3 * 1.0):
            self.bad(self.put(value, "limits", "phases"), "limits.phases", "1 or 3")
        for value in (5, 64, "16", None, 16 * 1.0):
            self.bad(self.put(value, "limits", "max_current_a"), "limits.max_current_a", "6", "63")

    def test_board_slower_than_the_core_waits_is_refused(self):
        self.bad(self.put(210, "contactor", "feedback_delay_ms"), "contactor.feedback_delay_ms", "at most 200")
        self.bad(self.put(990, "rcd", "trip_within_ms"), "has.rcd_test", "500 ms")
        self.bad(self.put(2500, "rcd", "release_within_ms"), "has.rcd_test", "2000 ms")
        from firmware.drivers import board_blocks
        from firmware.safety import limits
        self.assertEqual((board_blocks._FEEDBACK_MS, board_blocks._TRIP_MS, board_blocks._RELEASE_MS),
                         (limits.CONTACTOR_FEEDBACK_MS, limits.RCD_TEST_TRIP_MS, limits.RCD_TEST_RELEASE_MS))

    def test_bus_needs_its_uart_and_its_other_pin(self):
        for value in (0, 3, -1, "1", None, True):       # 0 is the console
            self.bad(self.put(value, "rs485", "uart"), "rs485.uart", "1 to 2")
        self.bad(self.drop("rs485"), "rs485", "pins.rs485_tx", "uart: 1..2")
        self.bad(self.put(None, "pins", "rs485_rx"), "pins.rs485_rx")


if __name__ == "__main__":
    unittest.main()
