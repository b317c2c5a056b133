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


def _tuples(value):
    return tuple([_tuples(part) for part in value]) if isinstance(value, list) else value
