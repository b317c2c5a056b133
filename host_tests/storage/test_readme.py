# cpython only: reads the source tree
"""The list of every file of ours on the flash is whole: who adds a type adds its row, and no two files share one."""
import re
import unittest
from pathlib import Path

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
ROWS = re.compile(r"^\| `.*?\| (?:atomic|inline|sorted map|sorted file) \| (\d+) \|", re.M)
KINDS = re.compile(r"^_?(?:[A-Z]+_)?KIND = (?:const\()?(\d+)", re.M)


class ReadmeTest(unittest.TestCase):
    def test_every_type_of_a_file_has_one_row_in_the_list(self):
        rows = ROWS.findall((FIRMWARE / "storage/README.md").read_text())
        self.assertEqual(len(rows), len(set(rows)), rows)
        found = {}
        for path in FIRMWARE.rglob("*.py"):
            for kind in KINDS.findall(path.read_text()):
                if kind != "1":                     # of records in a log, and of the settings
                    found[kind] = str(path)
        self.assertGreater(len(found), 15)
        self.assertEqual({kind: path for kind, path in found.items() if kind not in rows}, {})


if __name__ == "__main__":
    unittest.main()
