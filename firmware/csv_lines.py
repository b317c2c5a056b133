"""CSV as people have it: Excel's separators, quotes, byte order mark and line ends, read a piece at a time.

A cell that a spreadsheet would take for a formula is written with an apostrophe before it, and read without.
"""

from micropython import const

MAX_LINE_BYTES = const(512)
_BOM = b"\xef\xbb\xbf"
_FORMULA = "=+-@\t\r"
SEPARATORS = ";,\t"


class CsvError(Exception):
    """A file that cannot be read: line (from 1), field (a column's name or None), a sentence, and rule: a code of what it goes
    against where that is the file's form and not a field's (the page has words for each: file.RULE)."""

    def __init__(self, line, field, message, rule=None):
        super().__init__(message)
        self.rule = rule
        self.line = line
        self.field = field
        self.message = message


class LineSplitter:
    """Bytes in pieces -> lines with their numbers. CR, LF and CR LF end a line. longest: bytes of a line; save_as: what an
    editor calls the form that is wanted."""

    def __init__(self, longest=MAX_LINE_BYTES, save_as="CSV UTF-8"):
        self._longest = longest
        self._save_as = save_as
        self._rest = b""
        self._after_cr = False     # an LF that follows belongs to the CR
        self._first = True
        self.line = 0              # number of the newest line

    def feed(self, data):
        """Yields the text of each line that `data` ends. CsvError for a line that is too long or no UTF-8."""
        start = 0
        for at in range(len(data)):
            byte = data[at]
            if byte == 10 and self._after_cr:
                start = at + 1
                self._after_cr = False
                continue
            self._after_cr = byte == 13
            if byte == 10 or byte == 13:
                text = self._text(self._rest + bytes(data[start:at]))
                start, self._rest = at + 1, b""
                yield text
            elif at - start + len(self._rest) >= self._longest:
                raise CsvError(self.line + 1, None, "the line is longer than %d bytes" % self._longest, rule="length")
        self._rest += bytes(data[start:])

    def end(self):
        """Yields the last line when nothing ended it."""
        rest, self._rest = self._rest, b""
        if rest:
            yield self._text(rest)

    def _text(self, data):
        self.line += 1
        if self._first:
            self._first = False
            if data.startswith(_BOM):
                data = data[len(_BOM):]
        try:
            text = data.decode()
        except UnicodeError:
            raise CsvError(self.line, None, "the line is not UTF-8; save the file as " + self._save_as, rule="encoding") from None
        if "\x00" in text:
            raise CsvError(self.line, None, "the file is not UTF-8 text; save it as " + self._save_as, rule="encoding")
        return text


def separator_of(line):
    """The separator of a headline: the one of ; , tab that it has most of."""
    best = SEPARATORS[0]
    for char in SEPARATORS:
        if line.count(char) > line.count(best):
            best = char
    return best


def cells_of(text, separator, line):
    """The cells of a line, quotes taken away. CsvError for quotes that do not fit."""
    cells = []
    at, end = 0, len(text)
    while True:
        if at < end and text[at] == '"':
            at += 1
            cell = ""
            while True:
                close = text.find('"', at)
                if close < 0:
                    raise CsvError(line, None, 'a cell that begins with " does not end with "', rule="quotes")
                cell += text[at:close]
                at = close + 1
                if at < end and text[at] == '"':      # doubled: one of the cell's own
                    cell += '"'
                    at += 1
                else:
                    break
            if at < end and text[at] != separator:
                raise CsvError(line, None, 'after a cell in quotes comes %s, not the separator' % text[at], rule="quotes")
        else:
            stop = text.find(separator, at)
            stop = end if stop < 0 else stop
            cell = text[at:stop]
            at = stop
        cells.append(_plain(cell))
        if at >= end:
            return cells
        at += 1


def _plain(cell):
    if cell[:1] == "'" and cell[1:2] and cell[1] in _FORMULA + "'":
        return cell[1:]
    return cell


def line_from_cells(cells, separator):
    """A line (without its end) that Excel opens: formulas made harmless, quotes where needed."""
    out = []
    for cell in cells:
        if cell[:1] and cell[0] in _FORMULA or cell[:1] == "'" and cell[1:2] and cell[1] in _FORMULA + "'":
            cell = "'" + cell
        if separator in cell or '"' in cell or cell != cell.strip(" "):
            cell = '"' + cell.replace('"', '""') + '"'
        out.append(cell)
    return separator.join(out)
