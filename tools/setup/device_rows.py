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

    def row_of(self, key, column=0):
        """The row whose column is key (text or number; not its last column), None when there is none. Only lines that have the key
        somewhere are made into rows."""
        text, start = self._text, -1
        needle = (("," if column else "[") + json.dumps(key) + ",").encode()
        while True:
            start = text.find(needle, start + 1)
            if start < 0:
                return None
            begin = text.rfind(b"\n", 0, start) + 1
            if column or begin == start:                     # the first column begins the line; elsewhere it is a list's beginning
                row = _tuples(json.loads(text[begin:text.find(b"\n", start)]))
                if row[column] == key:
                    return row


def _tuples(value):
    return tuple([_tuples(part) for part in value]) if isinstance(value, list) else value
