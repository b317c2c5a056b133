"""Thousands of rows by key on flash: a sorted file, and beside it a short one with what was changed since.

`prefix` is the large file, `prefix.edits` the short one, replaced whole at each change. A look-up asks the short one first. When
it has grown to EDITS rows, compact() writes both into a new large one; then a row of both says the same, so that a power cut before
the short one is deleted changes nothing. replace() counts the generation up: a short file of another generation says nothing. An
empty value in the short file says that the key is gone.
"""

from micropython import const

from firmware.storage import files
from firmware.storage.sorted_file import MAX_VALUE_BYTES, SortedFile, SortedWriter

EDITS = const(48)            # from here on compact() is due: each edit writes the short file anew


class SortedMap:
    """bytes -> bytes (1..255). Nothing is read before the first use."""

    def __init__(self, prefix, kind, version=1):
        self._prefix = prefix
        self._kind = kind
        self._version = version
        self._base = SortedFile(prefix, kind, version)
        self._edits = SortedFile(prefix + ".edits", kind, version)
        self._changes = 0          # counts put() and remove(): a compaction under way must see them

    @property
    def reads(self):
        """Pages read since the start: what look-ups cost."""
        return self._base.reads + self._edits.reads

    @property
    def changes(self):
        """Grows with every change of the rows or of the files: who reads items() over several turns sees it."""
        return self._changes

    @property
    def damaged(self):
        """Pages found damaged since the start; their rows are lost."""
        return self._base.damaged + self._edits.damaged

    def _open(self):
        """Both files, as far as the short one belongs to the large one."""
        self._base.open()
        self._edits.open()
        if self._edits.rows and self._edits.generation != self._base.generation and not self._base.lost:
            files.remove(self._edits.path)
            self._edits.forget()
            self._edits.open()

    def count(self):
        """Rows there are."""
        self._open()
        return self._edits.total if self._edits.rows else self._base.rows

    def get(self, key):
        """The value, None when the key is not there."""
        self._open()
        value = self._edits.find(key)
        if value is None:
            return self._base.find(key)
        return value or None

    def put(self, key, value):
        """Add or change one row. ValueError as SortedWriter.add, and for an empty value. OSError: nothing changed."""
        if not 1 <= len(value) <= MAX_VALUE_BYTES:
            raise ValueError("a value has 1..255 bytes")
        self._change(key, value, self.count() + (0 if self.get(key) else 1))

    def remove(self, key):
        """Take one row away; False when it was not there."""
        if self.get(key) is None:
            return False
        self._change(key, b"", self.count() - 1)
        return True

    def _change(self, key, value, total):
        writer = SortedWriter(self._prefix + ".edits", self._kind, self._version)
        try:
            for row in _merge(self._edits.ascending(), iter(((key, value),))):
                writer.add(row[0], row[1])
            writer.finish(total, self._base.generation)
        except Exception:
            writer.abort()
            raise
        self._edits.forget()
        self._changes += 1
        self._open()

    def items(self, after=b""):
        """Yields (key, value) ascending, from the first key above `after`. What changes meanwhile may be seen or not."""
        self._open()
        for row in _merge(self._base.ascending(after), self._edits.ascending(after)):
            if row[1]:
                yield row

    def is_long(self):
        """True when compact() is due."""
        self._open()
        return self._edits.rows >= EDITS

    def compact(self):
        """Generator: writes the large file anew, a page at a time, so that the caller can let others run in between. Changes made
        meanwhile are kept. OSError from the flash: nothing changed."""
        self._open()
        changes = self._changes
        yield from self._rewrite(self.items(), self._base.generation)
        if changes == self._changes:
            self._drop_edits()

    def replace(self, rows):
        """Generator like compact(): `rows`, ascending, take the place of everything; changes made meanwhile are lost. Not one row
        changes before the last was taken. What `rows` raises goes on to the caller."""
        self._open()
        yield from self._rewrite(rows, (self._base.generation + 1) & 0xFFFFFFFF)
        self._drop_edits()

    def clear(self):
        """Take every row away."""
        for _ in self.replace(()):
            continue

    def _rewrite(self, rows, generation):
        writer = SortedWriter(self._prefix, self._kind, self._version)
        try:
            for row in rows:
                if writer.add(row[0], row[1]):
                    yield
            writer.finish(writer.rows, generation)
        except BaseException:
            writer.abort()
            raise
        self._base.forget()

    def _drop_edits(self):
        files.remove(self._edits.path)
        self._edits.forget()
        self._changes += 1


def _merge(older, newer):
    """Rows of two ascending iterators, ascending; of a key that both have the newer's."""
    one, two = next(older, None), next(newer, None)
    while one is not None or two is not None:
        if two is None or one is not None and one[0] < two[0]:
            yield one
            one = next(older, None)
        else:
            if one is not None and one[0] == two[0]:
                one = next(older, None)
            yield two
            two = next(newer, None)
