"""Goes to the device as firmware/rows.mpy: a table whose rows are made when somebody looks. See tools/setup/tables.py."""
import json


class Rows:
    """Iterates over the rows of a table that is kept as text, one JSON list a line. Nothing of a row outlives the look."""

    def __init__(self, text):
        self._text = text

    def __iter__(self):
        text = self._text
        start = 0
        while start < len(text):
            end = text.find(b"\n", start)
            yield _tuples(json.loads(text[start:end]))
            start = end + 1

    def row_of(self, key):
        """The row whose first column is key (text), None when there is none; the rows before it are not made."""
        text, needle, start = self._text, ('["%s",' % key).encode(), 0
        while True:
            start = text.find(needle, start)
            if start < 0:
                return None
            if start == 0 or text[start - 1] == 10:      # a line's beginning, not a list within one
                row = _tuples(json.loads(text[start:text.find(b"\n", start)]))
                return row if row[0] == key else None    # a key with quotes in it could reach into the next column
            start += 1


def _tuples(value):
    return tuple([_tuples(part) for part in value]) if isinstance(value, list) else value
