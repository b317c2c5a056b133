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
