# cpython only: a text and the files it is about
"""What the twin's README tells of its files and of the bench's API is all that there is."""
import re
import unittest

from tools.checks.source import ROOT
from tools.twin.verbs import VERBS

FOLDER = ROOT / "tools" / "twin"
TEXT = (FOLDER / "README.md").read_text(encoding="utf-8")


class Readme(unittest.TestCase):
    def test_every_module_has_its_words_and_none_is_told_that_is_gone(self):
        there = {path.name for path in FOLDER.glob("*.py")}
        told = set(re.findall(r"`(\w+\.py)`", TEXT))
        self.assertEqual((there - told, told - there), (set(), set()))

    def test_every_verb_is_told_with_its_fields(self):
        rows = dict(re.findall(r"^\| `POST /api/(\w+)` \| (.*) \|$", TEXT, re.MULTILINE))
        self.assertEqual(set(rows) - {"scenario"}, set(VERBS))
        for verb, (fields, _, _) in VERBS.items():
            self.assertEqual([name for name in fields if not re.search(r"\b%s\b" % name, rows[verb])], [], verb)


if __name__ == "__main__":
    unittest.main()
