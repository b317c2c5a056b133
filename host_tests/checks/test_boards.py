# cpython only: the check of the tree's board files
import json
import tempfile
import unittest
from pathlib import Path

from tools.checks.boards import problems
from tools.checks.source import ROOT


class Boards(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.facts = json.loads((ROOT / "board_configs" / "twin.json").read_text())

    def found(self, name="twin.json"):
        (self.folder / name).write_text(json.dumps(self.facts))
        return "\n".join(problems(self.folder))

    def test_the_boards_of_the_tree_are_good(self):
        self.assertEqual(problems(), [])
        self.assertEqual(self.found(), "")

    def test_a_missing_pin_is_named(self):
        del self.facts["pins"]["cp_pwm"]
        self.assertIn("pins.cp_pwm: missing", self.found())

    def test_a_doubled_pin_names_both_users(self):
        self.facts["pins"]["buzzer"] = self.facts["pins"]["led_strip"]
        self.assertRegex(self.found(), r"GPIO 15 is already used by pins\.buzzer|GPIO 15 is already used by pins\.led_strip")

    def test_a_file_that_is_no_json_and_one_with_another_name_are_refused(self):
        self.assertIn("must be other", self.found("other.json"))
        (self.folder / "other.json").write_text("{")
        self.assertIn("is not JSON", "\n".join(problems(self.folder)))

    def test_numbers_that_the_dividers_resistors_do_not_make_are_refused(self):
        self.facts["cp"]["a_ppm"] += 200
        self.assertIn("cp.a_ppm: 84980 is not what the resistors make: 84778", self.found())
        del self.facts["cp"]["r3_ohm"]
        self.assertIn("cp.r3_ohm: missing", self.found())

    def test_calibration_of_one_board_is_refused_in_the_file_of_all(self):
        self.facts = json.loads((ROOT / "board_configs" / "smartevse-v3.json").read_text())
        self.facts["cp"]["calibrated"] = True
        self.assertIn("does not belong", self.found("smartevse-v3.json"))
