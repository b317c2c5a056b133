# cpython only: reads the documents
"""The documents' pictures are those that `python -m tools.docs.pictures` takes, and each is shown somewhere."""
import re
import unittest

from tools.checks.source import ROOT
from tools.checks.words import tracked


def shown():
    """Names of the pictures that documents link to."""
    return {name for path in tracked(ROOT) if path.suffix == ".md"
            for name in re.findall(r"\]\((?:docs/)?pictures/([\w-]+)\.png\)", path.read_text(encoding="utf-8"))}


class Pictures(unittest.TestCase):
    def test_each_picture_is_taken_by_the_tool_and_shown_in_a_document(self):
        try:
            from tools.docs import pictures
        except ImportError as problem:
            raise unittest.SkipTest(str(problem)) from None
        taken = {row[0] for row in pictures.PICTURES} | set(pictures.SETUP)
        there = {path.stem for path in (ROOT / "docs/pictures").glob("*.png")}
        self.assertEqual(sorted(there), sorted(taken))
        self.assertEqual(sorted(shown()), sorted(taken))
