# cpython only: reads the scenarios of CPython
"""Every promise about charging, about who may charge, and every fault has a story, or a reason why not."""

import re
import unittest
from pathlib import Path

from tools.twin.stories import ROW, files

ROOT = Path(__file__).resolve().parents[2]
ROWS = tuple("CH-%d" % number for number in range(1, 26)) + tuple("AU-%d" % number for number in range(1, 12))

# rows without a story: (why, where it is proved instead)
ROWS_WITHOUT = {
    "AU-6": ("the twin has no central system whose words could be remembered", "host_tests/twin/test_central_system.py"),
}

# faults without a story: what raises them lies inside the firmware, where neither car nor mains nor people reach
FAULTS_WITHOUT = {
    "pilot_stale": ("the sampler itself must fall silent", "host_tests/safety/test_mutants_switching.py"),
    "tick_late": ("the control task must stop while power flows", "host_tests/safety/test_start.py"),
    "guard_opened": ("the interpreter must hang with the contactor closed", "host_tests/twin/test_charge_end_to_end.py"),
    "loop_late": ("the loop must be held up three times", "host_tests/twin/test_inner_faults.py"),
    "settings_damaged": ("a byte of the flash must change", "host_tests/twin/test_inner_faults.py"),
    "safe_mode_before": ("the boot before must have failed", "host_tests/twin/test_inner_faults.py"),
    "task_died": ("a task must raise", "host_tests/twin/test_charge_end_to_end.py"),
    "card_list": ("a page of the card list must be damaged in the flash", "host_tests/twin/test_inner_faults.py"),
    "driver": ("a driver must raise", "host_tests/twin/test_inner_faults.py"),
    "meter_setting": ("settings of a newer firmware must be there", "host_tests/twin/test_inner_faults.py"),
}


def told():
    """{file: text} of all stories."""
    return {path: path.read_text(encoding="utf-8") for path in files()}


class CoverageTest(unittest.TestCase):
    def test_every_row_has_a_story_or_a_reason(self):
        found = {row for text in told().values() for line in text.splitlines() if line.startswith("#") for row in ROW.findall(line)}
        self.assertEqual(sorted(set(ROWS) - found - set(ROWS_WITHOUT)), [], "rows without a story")
        self.assertEqual(sorted(set(ROWS_WITHOUT) & found), [], "these have a story now: take them off the list")

    def test_no_story_names_a_row_that_is_none(self):
        for path, text in told().items():
            for row in ROW.findall(text):
                self.assertIn(row, ROWS, path.name)

    def test_every_fault_begins_in_a_story_and_ends_there_or_has_a_reason(self):
        from firmware.charging.faults import FAULTS
        names = [row[1] for row in FAULTS]
        begun, ended = set(), set()
        for text in told().values():
            for name in re.findall(r"^expect charger\.faults has (\w+)", text, re.MULTILINE):
                begun.add(name)
                after = text[text.index("faults has " + name):]
                if re.search(r"^expect charger\.faults (is \[\]|lacks %s\b)" % name, after, re.MULTILINE):
                    ended.add(name)
        self.assertEqual(sorted(begun - set(names)), [], "no faults of that name")
        self.assertEqual(sorted(set(names) - begun - set(FAULTS_WITHOUT)), [], "faults without a story")
        self.assertEqual(sorted(begun - ended), [], "faults whose end no story tells")
        self.assertEqual(sorted(set(FAULTS_WITHOUT) & begun), [], "these have a story now: take them off the list")

    def test_every_reason_names_a_proof_that_is_there(self):
        from firmware.charging.faults import FAULTS
        names = [row[1] for row in FAULTS]
        for name, (why, where) in {**ROWS_WITHOUT, **FAULTS_WITHOUT}.items():
            self.assertTrue(len(why) > 10, name)
            text = (ROOT / where).read_text(encoding="utf-8")
            if name in FAULTS_WITHOUT:
                self.assertIn(name, names)
                self.assertTrue(name in text or name.upper() in text, (name, where))


if __name__ == "__main__":
    unittest.main()
