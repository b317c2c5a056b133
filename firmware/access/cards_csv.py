"""The card list as CSV, out and in. An import replaces the list, all at once and only when every line of the file is good.

Lines come unsorted and in pieces; RAM holds CHUNK cards. Sorted runs are written beside the list and merged, four at a time.
"""

import struct

from micropython import const

from firmware.access import card as cards
from firmware.access.card import CardError
from firmware.access.cards import MAX_CARDS
from firmware.csv_lines import CsvError, LineSplitter, cells_of, line_from_cells, separator_of
from firmware.storage import files
from firmware.storage.sorted_file import SortedFile, SortedWriter

COLUMNS = ("uid", "name", "type", "master", "state", "expires", "stations")
RUN_KIND = const(8)
_CHUNK = const(48)
_WAYS = const(4)
_TRUE = ("yes", "true", "1", "x", "ja", "oui", "wahr", "vrai")
_FALSE = ("", "no", "false", "0", "nein", "non", "falsch", "faux")
_STATES = ("accepted", "blocked")


def lines(store, separator=";"):
    """Yields the CSV, a line (bytes) at a time; the UID with colons, so that no spreadsheet takes it for a number."""
    yield b"\xef\xbb\xbf" + line_from_cells(COLUMNS, separator).encode() + b"\r\n"
    for card in store.cards():
        uid = cards.hex_from_uid(card.uid)
        yield line_from_cells((
            ":".join([uid[at:at + 2] for at in range(0, len(uid), 2)]), card.name, cards.KINDS[card.kind],
            "yes" if card.master else "no", _STATES[card.blocked], card.expires(), card.stations), separator).encode() + b"\r\n"


class CardImport:
    """feed() the file in pieces, then run finish() to its end; or abort(). CsvError names line, field and what is allowed; after
    any error only abort() is left, and the list is as it was."""

    def __init__(self, store, prefix):
        self._store = store
        self._prefix = prefix + "cards.run"
        self._lines = LineSplitter()
        self._separator = None
        self._columns = None       # index in COLUMNS of each cell
        self._chunk = []           # (uid, line number as bytes + row)
        self._runs = []            # numbers of the runs on flash
        self._next_run = 0
        self._master_line = 0
        self.count = 0             # cards read so far
        self.abort()               # what a power cut left

    def feed(self, data):
        """A piece of the file. CsvError; OSError from the flash."""
        for text in self._lines.feed(data):
            self._take(text)

    def _take(self, text):
        line = self._lines.line
        if self._columns is None:
            self._take_headline(text, line)
        elif text.strip(" " + self._separator):
            cells = cells_of(text, self._separator, line)
            if len(cells) > len(self._columns):
                raise CsvError(line, None, "the line has %d cells, the headline %d" % (len(cells), len(self._columns)),
                               rule="cells")
            card = self._card(cells, line)
            self.count += 1
            if self.count > MAX_CARDS:
                raise CsvError(line, "uid", "there are more than %d cards" % MAX_CARDS)
            self._chunk.append((card.uid, struct.pack("<I", line) + card.row()))
            if len(self._chunk) >= _CHUNK:
                self._flush()

    def _take_headline(self, text, line):
        self._separator = separator_of(text)
        names = [cell.strip(" ").lower() for cell in cells_of(text, self._separator, line)]
        while names and not names[-1]:
            names.pop()
        for name in names:
            if name not in COLUMNS:
                raise CsvError(line, name, "unknown column %s; allowed: %s" % (name, ", ".join(COLUMNS)),
                               rule="columns")
            if names.count(name) > 1:
                raise CsvError(line, name, "the column %s stands there twice" % name, rule="columns")
        if "uid" not in names:
            raise CsvError(line, "uid", "the first line must name the columns, uid among them: " + ", ".join(COLUMNS),
                           rule="columns")
        self._columns = names

    def _card(self, cells, line):
        found = {}
        for name, cell in zip(self._columns, cells):
            found[name] = cell.strip(" ")
        try:
            card = cards.Card(cards.uid_from_text(found.get("uid", "")))
            card.name = cards.name_from_text(found.get("name", ""))
            card.kind = cards.kind_from_text(found.get("type", "").lower() or "user")
            card.master = _yes_no(found.get("master", ""))
            card.blocked = _state(found.get("state", ""))
            card.expires_utc, card.whole_day = cards.expiry_from_text(found.get("expires", ""))
            card.stations = cards.stations_from_text(found.get("stations", ""))
        except CardError as error:
            raise CsvError(line, error.field, error.message) from None
        if card.master:
            if self._master_line:
                raise CsvError(line, "master", "only one card can be the master; line %d has one already" % self._master_line)
            self._master_line = line
        return card

    def _flush(self):
        """Write the chunk as a sorted run."""
        self._chunk.sort()
        self._write_run(_checked(iter(self._chunk)))
        self._chunk = []

    def _write_run(self, rows):
        for _ in self._run_steps(rows):
            continue

    def _run_steps(self, rows):
        number = self._next_run
        self._next_run += 1
        writer = SortedWriter(self._path(number), RUN_KIND)
        for uid, row in rows:
            if writer.add(uid, row):
                yield
        writer.finish()
        self._runs.append(number)

    def _path(self, number):
        return "%s%d" % (self._prefix, number)

    def finish(self):
        """Generator: the file has ended; sorts and takes the list's place, a page at a time. CsvError, OSError."""
        for text in self._lines.end():
            self._take(text)
        if self._columns is None:
            raise CsvError(1, None, "the file is empty; its first line names the columns: " + ", ".join(COLUMNS), rule="columns")
        if self._chunk:
            self._flush()
        while len(self._runs) > _WAYS:
            some, self._runs = self._runs[:_WAYS], self._runs[_WAYS:]
            yield from self._run_steps(self._merged(some))
            for number in some:
                files.remove(self._path(number))
        yield from self._store.replace(_without_lines(self._merged(self._runs)))
        self.abort()

    def _merged(self, runs):
        return _checked(_merge([SortedFile(self._path(number), RUN_KIND).ascending() for number in runs]))

    def abort(self):
        """Forget it, and take its files away."""
        folder, name = files.split(self._prefix)
        for entry in files.names(folder):
            if entry.startswith(name):
                files.remove(folder + entry)
        self._runs = []
        self._chunk = []


def _merge(sources):
    """Rows of ascending iterators, ascending; equal keys stay neighbours."""
    heads = [[next(source, None), source] for source in sources]
    heads = [head for head in heads if head[0] is not None]
    while heads:
        least = heads[0]
        for head in heads:
            if head[0] < least[0]:
                least = head
        yield least[0]
        least[0] = next(least[1], None)
        if least[0] is None:
            heads.remove(least)


def _checked(rows):
    """The rows; CsvError for a UID that stands there twice."""
    last = None
    for row in rows:
        if last is not None and last[0] == row[0]:
            lines = sorted((struct.unpack_from("<I", last[1])[0], struct.unpack_from("<I", row[1])[0]))
            raise CsvError(lines[1], "uid", "the card %s stands in line %d already" % (cards.hex_from_uid(row[0]), lines[0]),
                           rule="twice")
        last = row
        yield row


def _without_lines(rows):
    for uid, row in rows:
        yield uid, row[4:]


def _yes_no(text):
    word = text.lower()
    if word not in _TRUE + _FALSE:
        raise CardError("master", "must be yes or no")
    return word in _TRUE


def _state(text):
    word = text.lower() or "accepted"
    if word not in _STATES:
        raise CardError("state", "must be accepted or blocked")
    return word == "blocked"
