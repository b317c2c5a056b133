"""A file of rows in ascending order of their keys, in pages, found by halving: a look-up reads a few pages, never the file.

    page (512 bytes): type u8 · version u8 · used u16 · rows · zeros · CRC-32 u32              (little-endian)
    row:              key length u8 · value length u8 · key · value
    the last page:    type 255 · version u8 · 16 · rows u32 · pages u32 · total u32 · generation u32 · zeros · CRC-32

A new file is written beside the old one (`path.new`), read back, and takes its place by one rename: after a power cut it is the
old one or the new one. A damaged page loses its own rows only, and is counted in `damaged`.
"""

import errno
import os
import struct

from micropython import const

from firmware.storage import files
from firmware.storage.crc import crc32

PAGE_BYTES = const(512)
MAX_KEY_BYTES = const(32)
MAX_VALUE_BYTES = const(255)
_HEAD_BYTES = const(4)
_CRC_AT = const(508)
_ROOM = const(504)           # of a page for rows
_SUMMARY = const(255)        # type of the last page


class SortedFile:
    """Reads one. `kind` (1..254) says what the rows are. reads: pages read so far; damaged: those that were not whole."""

    def __init__(self, path, kind, version=1):
        self.path = path
        self.kind = kind
        self.version = version
        self.reads = 0
        self.damaged = 0
        self.rows = 0              # in the file
        self.total = 0             # total and generation: what finish() was told, for the owner
        self.generation = 0
        self.lost = False          # the end is not whole: nothing is known of the file
        self._pages = None         # None: not looked at yet

    def open(self):
        """Look at the file's end; called by everything that needs it. A file that is not there has no rows; one whose end is
        not whole has none either and counts as damaged. OSError when the flash cannot be read."""
        if self._pages is not None:
            return
        self.rows = self.total = self.generation = pages = 0
        self.lost = False
        length = files.size(self.path)
        if length:
            last = self._read(length // PAGE_BYTES - 1) if length % PAGE_BYTES == 0 else None
            if last is not None and last[0] == _SUMMARY:
                self.rows, pages, self.total, self.generation = struct.unpack_from("<IIII", last, _HEAD_BYTES)
            if (pages + 1) * PAGE_BYTES != length:
                self.rows = self.total = self.generation = pages = 0
                self.lost = True
                self.damaged += 1
        self._pages = pages

    def forget(self):
        """The file was replaced: look again."""
        self._pages = None

    def _read(self, page):
        """The bytes of a page that is whole, else None."""
        self.reads += 1
        with open(self.path, "rb") as file:
            file.seek(page * PAGE_BYTES)
            data = file.read(PAGE_BYTES)
        return data if _is_whole(data, self.kind, self.version) else None

    def _rows(self, page):
        """[(key, value)] of a page, [] when it is damaged."""
        data = self._read(page)
        if data is None or data[0] != self.kind:
            self.damaged += 1
            return []
        return _rows_of(data)

    def find(self, key):
        """The value of a key (bytes), None when it is not there."""
        rows = self._rows_around(key)[1]
        for found, value in rows:
            if found == key:
                return value
        return None

    def _rows_around(self, key):
        """(page, rows) of the page that has the key if any has; -1 when it lies before all. Damaged pages are stepped over."""
        self.open()
        low, high = 0, self._pages            # the page lies in low..high-1
        kept = (-1, [])
        while low < high:
            middle = (low + high) >> 1
            page, rows = middle, self._rows(middle)
            while not rows and page + 1 < high:
                page += 1
                rows = self._rows(page)
            if not rows or rows[0][0] > key:
                high = middle
            else:
                kept = (page, rows)
                low = page + 1
        return kept

    def ascending(self, after=b""):
        """Yields (key, value) with keys above `after`; one page is in RAM at a time, and the file is closed meanwhile."""
        page, rows = self._rows_around(after)
        while True:
            for key, value in rows:
                if key > after:
                    yield key, value
            page += 1
            if page >= self._pages:
                return
            rows = self._rows(page)


class SortedWriter:
    """Writes `path` anew, row by row. Nothing of the old file is touched before finish()."""

    def __init__(self, path, kind, version=1):
        if not 1 <= kind <= 254 or not 1 <= version <= 254:
            raise ValueError("file type and version must be 1..254")
        self._path = path
        self._kind = kind
        self._version = version
        self._page = bytearray(PAGE_BYTES)
        self._used = 0
        self._pages = 0
        self._last = b""
        self.rows = 0
        files.remove(path + ".new")

    def add(self, key, value):
        """The next row. ValueError: keys must ascend and have 1..32 bytes, values at most 255. True when a page went to the
        flash: a good moment to let others run."""
        if not 1 <= len(key) <= MAX_KEY_BYTES or len(value) > MAX_VALUE_BYTES:
            raise ValueError("a key has 1..32 bytes, a value at most 255")
        if key <= self._last:
            raise ValueError("keys must ascend")
        length = 2 + len(key) + len(value)
        wrote = self._used + length > _ROOM
        if wrote:
            self._write_page()
        at = _HEAD_BYTES + self._used
        page = self._page
        page[at] = len(key)
        page[at + 1] = len(value)
        page[at + 2:at + 2 + len(key)] = key
        page[at + 2 + len(key):at + length] = value
        self._used += length
        self.rows += 1
        self._last = bytes(key)
        return wrote

    def _write_page(self):
        self._write(self._kind, self._used)
        self._pages += 1
        self._used = 0

    def _write(self, kind, used):
        page = self._page
        struct.pack_into("<BBH", page, 0, kind, self._version, used)
        end = _HEAD_BYTES + used
        while end < _CRC_AT:
            page[end] = 0
            end += 1
        struct.pack_into("<I", page, _CRC_AT, crc32(memoryview(page)[:_CRC_AT]))
        with open(self._path + ".new", "ab") as file:
            file.write(page)

    def finish(self, total=0, generation=0):
        """The last row was added: write the end, read all of it back, take the old file's place. OSError when the flash does not
        hold it: the old file stays. total, generation: u32, for the owner."""
        if self._used:
            self._write_page()
        struct.pack_into("<IIII", self._page, _HEAD_BYTES, self.rows, self._pages, total, generation)
        self._write(_SUMMARY, 16)
        self._verify()
        os.rename(self._path + ".new", self._path)

    def _verify(self):
        new = self._path + ".new"
        with open(new, "rb") as file:
            for _ in range(self._pages + 1):
                if not _is_whole(file.read(PAGE_BYTES), self._kind, self._version):
                    raise OSError(errno.EIO, new + " reads back wrong")

    def abort(self):
        """Leave everything as it was."""
        files.remove(self._path + ".new")


def _is_whole(data, kind, version):
    return (len(data) == PAGE_BYTES and data[0] in (kind, _SUMMARY) and 1 <= data[1] <= version
            and struct.unpack_from("<I", data, _CRC_AT)[0] == crc32(memoryview(data)[:_CRC_AT]))


def _rows_of(data):
    rows = []
    at = _HEAD_BYTES
    end = min(at + struct.unpack_from("<H", data, 2)[0], _CRC_AT)
    while at + 2 <= end:
        value_at = at + 2 + data[at]
        after = value_at + data[at + 1]
        if after > end:
            break
        rows.append((data[at + 2:value_at], data[value_at:after]))
        at = after
    return rows
