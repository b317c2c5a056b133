"""Small trees to run a check over, and tests made from table rows, each under its own name."""
import re
import tempfile
from pathlib import Path


class Tree:
    """A temporary project: Tree({"firmware/app.py": "import os\\n"}).root, as a context manager."""

    def __init__(self, files):
        self.files = files

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory()
        self.root = Path(self._folder.name)
        (self.root / "firmware").mkdir()
        for name, text in self.files.items():
            place = self.root / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        return self

    def __exit__(self, *_):
        self._folder.cleanup()


def one_test_per_row(table, name, body):
    """Class decorator: for each row a test method named by name(row), which calls body(case, *row)."""
    def decorate(kind):
        for row in table:
            method = "test_" + re.sub(r"\W+", "_", name(*row)).strip("_")
            if hasattr(kind, method):
                raise ValueError("two rows make %s" % method)
            setattr(kind, method, lambda case, row=row: body(case, *row))
        return kind
    return decorate
