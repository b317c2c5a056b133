"""Settings as text, one `key = value` a line: for setting up many chargers alike, and for looking at them in any editor.

    # serial = M3-1234            only before the first setting: the file is for this one charger
    # schema = 1                  likewise: the schema of the firmware that wrote it; without it, today's
    # Any other line that begins with # or ; is a comment.
    installation.fuse_a = 16
    station.name = "  text in quotes, as JSON writes it, may begin or end with a space  "

UTF-8 with or without a byte order mark, lines ending in LF, CR LF or CR. Written are the plain settings only: what belongs to this
device, to a person or is secret stays out; what is one charger's own (its address) stands only in a text that is bound to it. Read
is whatever an administrator may write, secrets too.
"""

import json

from micropython import const

from firmware.csv_lines import CsvError, LineSplitter
from firmware.settings import migrations as history
from firmware.settings import schema

MAX_LINE = const(12288)      # bytes; the longest setting is a certificate of 8000
MAX_TEXT = const(32768)      # bytes of a whole text: what the settings' own file may have
_SLICE = const(128)          # bytes looked at between two chances for others
_BLANK = " \t"
_WORDS = {"true": True, "false": False}


class TextError(Exception):
    """A text that is refused: line (None: all of it), key (or None), rule as of a CsvError; str() is one sentence."""

    def __init__(self, line, key, message, rule):
        place = ("" if line is None else "line %d, " % line) + ("" if key is None else key + ": ")
        super().__init__((place if key else place.replace(", ", ": ")) + message)
        self.line = line
        self.key = key
        self.rule = rule


def lines(store, version, serial="", own=False):
    """The text of all plain settings, a piece at a time. version: the firmware's; serial: binds the text to that charger; own: also
    what is one charger's own, as always with a serial."""
    if serial:
        yield "# serial = %s\n" % serial
    yield "# schema = %d\n# Settings of Mode3 %s. Without secrets, personal settings and what belongs to one charger.\n" % (
        history.SCHEMA, version)
    area = None
    for row in schema.SETTINGS:
        if schema.kind_of(row) != schema.PLAIN or not schema.may_write(row, "admin"):
            continue
        if "o" in row[6] and not (own or serial):
            continue
        key = row[0]
        yield ("" if area == key.partition(".")[0] else "\n") + "%s = %s\n" % (key, text_of(store.value_of(row)))
        area = key.partition(".")[0]


def text_of(value):
    """A value as it stands behind the =."""
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is int:
        return str(value)
    return json.dumps(value) if value != value.strip(_BLANK) or value[:1] == '"' else value


def value_of(row, text):
    """The value that a text means for a row of the table, allowed or not. row None: a key that a migration may know."""
    kind = None if row is None else row[1]
    if text[:1] == '"' and kind != schema.INT:
        try:
            value = json.loads(text)
        except ValueError:
            raise ValueError("text that begins with \" must be written as JSON writes it")
        if type(value) is not str:
            raise ValueError("text that begins with \" must be written as JSON writes it")
        return value
    if kind == schema.STR:
        return text
    if kind == schema.CHOICE:
        for choice in row[3]:
            if text == str(choice):
                return choice
        return text
    if kind != schema.INT and text in _WORDS:
        return _WORDS[text]
    digits = text[1:] if text[:1] == "-" else text
    return int(text) if len(digits) < 10 and _are_digits(digits) else text


def _are_digits(text):
    for char in text:
        if not "0" <= char <= "9":
            return False
    return text != ""


def for_another(name, serial):
    """The serial number in a file's name when it is another charger's, else None. A serial number is a word (between spaces,
    underscores, brackets and dots) that begins as ours does up to its first hyphen: M3-."""
    prefix = (serial.partition("-")[0] + "-").upper() if "-" in serial else "M3-"
    word = ""
    found = None
    for char in name.replace("\\", "/").rpartition("/")[2] + " ":
        if char not in " _.()[]":
            word += char
            continue
        if word.upper() == serial.upper() and serial:
            return None
        if word.upper().startswith(prefix):
            found = word
        word = ""
    return found


def reading(data, serial, name="", migrations=history.MIGRATIONS):
    """A generator: None between slices of work, and at last ({key: value}, {key: line}). Raises TextError; what the store allows is
    not asked yet. data: bytes; serial: this charger's; name: the file's, where it is known."""
    other = for_another(name, serial)
    if other is not None:
        raise _wrong_charger(None, other, serial)
    splitter = LineSplitter(MAX_LINE, "UTF-8")
    text = _Text(serial, len(migrations) + 1)
    try:
        for start in range(0, len(data), _SLICE):
            for line in splitter.feed(memoryview(data)[start:start + _SLICE]):
                text.take(line, splitter.line)
                yield None
            yield None
        for line in splitter.end():
            text.take(line, splitter.line)
    except CsvError as error:
        raise TextError(error.line, None, error.message, error.rule)
    values = text.values
    if text.schema <= len(migrations):
        history.migrate(values, text.schema, migrations)
    yield values, text.places


def _wrong_charger(line, other, serial):
    return TextError(line, None, "the file is for the charger %s, this one is %s" % (other, serial or "without a serial number"),
                     rule="charger")


class _Text:
    def __init__(self, serial, newest):
        self._serial = serial
        self._newest = newest
        self.schema = newest
        self.values = {}
        self.places = {}

    def take(self, line, number):
        line = line.strip(_BLANK)
        if not line:
            return
        if line[0] in "#;":
            if not self.values:
                self._note(line[1:], number)
            return
        key, mark, text = line.partition("=")
        key, text = key.strip(_BLANK), text.strip(_BLANK)
        if not mark or not key:
            raise TextError(number, None, "must be key = value, or a comment that begins with #", rule="form")
        if key in self.values:
            raise TextError(number, key, "is there already, in line %d" % self.places[key], rule="twice")
        try:
            self.values[key] = value_of(schema.find(key), text)
        except ValueError as error:
            raise TextError(number, key, str(error), rule="quotes")
        self.places[key] = number

    def _note(self, comment, number):
        name, mark, text = comment.partition("=")
        name, text = name.strip(_BLANK).lower(), text.strip(_BLANK)
        if not mark:
            return
        if name == "serial" and text.upper() != self._serial.upper():
            raise _wrong_charger(number, text, self._serial)
        if name == "schema":
            if len(text) > 9 or not _are_digits(text) or not 1 <= int(text) <= self._newest:
                raise TextError(number, None, "the file has schema %s; this firmware knows 1 to %d, newer firmware may know it" % (
                    text, self._newest), rule="newer_version")
            self.schema = int(text)
