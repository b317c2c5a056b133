"""An append-only log in segments of bounded size; the oldest segment goes first. Nothing is ever loaded whole.

A segment is the file `prefix.NNNNNNNNNN`, named by the sequence number of its first record; in it stand
framed records (`framing.py`), whose number is the sequence number. Numbers go on across restarts and after
`clear()`; a gap in them is a record that was damaged. A torn tail is reported and left behind: the next
record begins a new segment.
"""

import errno
from array import array

from micropython import const

from firmware.storage import files, framing

MAX_SEGMENT_BYTES = const(65535)
_DIGITS = const(10)
_BATCH = const(8)  # records held at once while reading: a file is never open while the reader's caller works
_MAX_DAMAGE_LINES = const(8)


def _last_below(offsets, end):
    """The largest of the ascending offsets below `end`, None when there is none."""
    low, high = 0, len(offsets)
    while low < high:
        middle = (low + high) >> 1
        if offsets[middle] < end:
            low = middle + 1
        else:
            high = middle
    return offsets[low - 1] if low else None


class SegmentLog:
    """`prefix` is folder and name. At most `max_segments` of `segment_bytes` each, unless that would leave fewer than
    `keep_records` records. Nothing is read before the first use or `open()`."""

    def __init__(self, prefix, segment_bytes=16384, max_segments=8, keep_records=0):
        if not framing.MAX_PAYLOAD_BYTES + framing.OVERHEAD_BYTES <= segment_bytes <= MAX_SEGMENT_BYTES:
            raise ValueError("a segment must have 526..65535 bytes")
        if max_segments < 2:
            raise ValueError("a log needs at least two segments")
        self.prefix = prefix
        self.segment_bytes = segment_bytes
        self.max_segments = max_segments
        self.keep_records = keep_records
        self.damage = []  # sentences about what was skipped, or given up because the flash was full; the first few
        self._bases = None  # first sequence number of every segment, ascending
        self._next = 1
        self._tail_bytes = 0
        self._clean = True  # False: something torn ends the newest segment, do not append to it

    def open(self):
        """Find the segments and the next number. Called by everything that needs it; again after a failed write."""
        if self._bases is not None:
            return
        folder, name = files.split(self.prefix)
        name += "."
        bases = []
        for entry in files.names(folder):
            number = entry[len(name):]
            if entry.startswith(name) and len(number) == _DIGITS and number.isdigit():
                bases.append(int(number))
        bases.sort()
        self._bases, self._next, self._tail_bytes, self._clean = bases, 1, 0, True
        if bases:
            self._find_end(bases[-1])
        self._drop_old()

    @property
    def next_seq(self):
        """Number the next record gets."""
        self.open()
        return self._next

    def count(self):
        """Records kept (damaged ones included)."""
        self.open()
        return self._next - self._bases[0] if self._bases else 0

    def append(self, kind, version, payload):
        """Write one record; returns its number. ValueError as `framing.pack`; OSError when the flash fails."""
        return self.append_many(((kind, version, payload),))

    def append_many(self, records):
        """Write (kind, version, payload) records with one write per segment touched, as writes are dear; returns the
        first one's number. After an OSError those before the failure are kept, none is torn into the log."""
        self.open()
        first = self._next
        framed = []
        for kind, version, payload in records:
            framed.append(framing.pack(kind, version, first + len(framed), payload))
        room = self.segment_bytes - self._tail_bytes if self._clean and self._bases else 0
        batch, batch_bytes = [], 0
        for data in framed:
            if batch_bytes + len(data) > room:
                if batch:
                    self._write(batch, batch_bytes)
                batch, batch_bytes, room = [], 0, self.segment_bytes
            batch.append(data)
            batch_bytes += len(data)
        if batch:
            self._write(batch, batch_bytes)
        self._drop_old()
        return first

    def clear(self):
        """Delete every record; the numbers go on."""
        self.open()
        old = self._bases
        # The empty segment that carries the number on comes first: a power cut in between leaves records, no lie.
        if self._next not in old:
            with open(self._path(self._next), "wb"):
                pass
        for base in old:
            if base != self._next:
                files.remove(self._path(base))
        self._bases, self._tail_bytes, self._clean = [self._next], 0, True

    def oldest_first(self, from_seq=0):
        """Yields (seq, kind, version, payload) upwards from `from_seq`. Appending meanwhile is fine."""
        self.open()
        bases = tuple(self._bases)
        for index, base in enumerate(bases):
            if index + 1 < len(bases) and bases[index + 1] <= from_seq:
                continue
            offset = 0
            while offset is not None:
                found, offset = self._forward(base, offset)
                for record in found:
                    if record[0] >= from_seq:
                        yield record

    def newest_first(self, before_seq=None):
        """Yields (seq, kind, version, payload) downwards, beginning below `before_seq` (None: the newest)."""
        self.open()
        for base in reversed(tuple(self._bases)):
            if before_seq is not None and base >= before_seq:
                continue
            end, offsets = None, None
            while end != 0:
                found, end, offsets = self._backward(base, end, offsets)
                for record in found:
                    if before_seq is None or record[0] < before_seq:
                        yield record

    def page(self, offset, limit):
        """Up to `limit` records, newest first, after leaving out the `offset` newest numbers; a list."""
        self.open()
        rows = []
        if limit > 0:
            for record in self.newest_first(self._next - offset):
                rows.append(record)
                if len(rows) >= limit:
                    break
        return rows

    # --- writing -----------------------------------------------------------------------------------------------

    def _path(self, base):
        return "%s.%010d" % (self.prefix, base)

    def _write(self, batch, batch_bytes):
        while True:
            try:
                self._write_once(batch, batch_bytes)
                return
            except OSError as error:
                # What lies on the flash now is unknown: look again before the next write.
                bases = self._bases
                self._bases = None
                if error.errno != files.NO_SPACE or len(bases) < 2:
                    raise
                files.remove(self._path(bases[0]))
                self._tell("%s is given up: the flash is full" % self._path(bases[0]))
                expected = self._next
                self.open()
                if self._next != expected:
                    raise  # part of the batch arrived: its numbers are taken

    def _write_once(self, batch, batch_bytes):
        fresh = not self._bases or not self._clean or self._tail_bytes + batch_bytes > self.segment_bytes
        base = self._next if fresh else self._bases[-1]
        with open(self._path(base), "wb" if fresh else "ab") as file:
            file.write(b"".join(batch))
        if fresh:
            if not self._bases or self._bases[-1] != base:
                self._bases.append(base)
            self._tail_bytes, self._clean = 0, True
        self._tail_bytes += batch_bytes
        self._next += len(batch)

    def _drop_old(self):
        bases = self._bases
        while len(bases) > self.max_segments and self._next - bases[1] >= self.keep_records:
            files.remove(self._path(bases[0]))
            bases.pop(0)

    def _find_end(self, base):
        """Set the next number, the newest segment's length and whether its end is clean."""
        length = files.size(self._path(base)) or 0
        self._next, self._tail_bytes = base, length
        if not length:
            return
        found, _, offsets = self._backward(base, None, None, 1)
        self._clean = offsets is None
        if found:
            self._next = found[0][0] + 1
        if not self._clean:
            self._next += 1  # the torn record's number stays with it, and so does the file's name

    # --- reading -----------------------------------------------------------------------------------------------

    def _report(self, base, offset, length):
        self._tell("%s: %d bytes at %d are damaged and skipped" % (self._path(base), length, offset))

    def _tell(self, line):
        if len(self.damage) < _MAX_DAMAGE_LINES and line not in self.damage:
            self.damage.append(line)

    def _record(self, file, base, offset, end):
        """The record at `offset`, when a whole one stands there before `end`: ((seq, kind, version, payload), next)."""
        file.seek(offset)
        head = file.read(framing.HEADER_BYTES)
        found = framing.header(head)
        if found is None or found[3] < base:
            return None
        length = found[2] + framing.OVERHEAD_BYTES
        if offset + length > end:
            return None
        record = framing.unpack(head + file.read(length - framing.HEADER_BYTES))
        if record is None:
            return None
        return (record[2], record[0], record[1], record[3]), offset + length

    def _resync(self, file, base, offset, end):
        """Offset of the next whole record from `offset` on, `end` when there is none."""
        while offset + framing.OVERHEAD_BYTES <= end:
            file.seek(offset)
            window = file.read(min(256, end - offset))
            for at in range(len(window) - framing.HEADER_BYTES + 1):
                found = framing.header(window, at)
                # The cheap questions first: nearly all places fail them without a CRC.
                if found and base <= found[3] <= base + end and self._record(file, base, offset + at, end):
                    return offset + at
            offset += len(window) - framing.HEADER_BYTES + 1
        return end

    def _after_damage(self, file, base, offset, end):
        """Reports what lies between `offset` and the next whole record, or `end`; that place."""
        good = self._resync(file, base, offset + 1, end)
        self._report(base, offset, good - offset)
        return good

    def _open_segment(self, base):
        try:
            return open(self._path(base), "rb")
        except OSError as error:
            if error.errno == errno.ENOENT:
                return None  # dropped while somebody was reading
            raise

    def _forward(self, base, offset, limit=_BATCH):
        """Up to `limit` records from `offset` on, and where to go on (None at the end)."""
        found = []
        file = self._open_segment(base)
        if file is None:
            return found, None
        with file:
            end = file.seek(0, 2)
            while offset < end and len(found) < limit:
                record = self._record(file, base, offset, end)
                if record is None:
                    offset = self._after_damage(file, base, offset, end)
                else:
                    found.append(record[0])
                    offset = record[1]
        return found, (offset if offset < end else None)

    def _backward(self, base, end, offsets, limit=_BATCH):
        """Up to `limit` records before `end` (None: the segment's end), the end to go on with (0: done), and, once
        damage was met, the offsets of the whole records before it."""
        found = []
        file = self._open_segment(base)
        if file is None:
            return found, 0, None
        with file:
            if end is None:
                end = file.seek(0, 2)
            while end > 0 and len(found) < limit:
                if offsets is None:
                    start = self._start_of_last(file, end)
                    record = start is not None and self._record(file, base, start, end)
                    if not record or record[1] != end:
                        offsets = self._offsets(file, base, end)
                        continue
                else:
                    start = _last_below(offsets, end)
                    record = start is not None and self._record(file, base, start, end)
                    if not record:
                        end = start or 0
                        continue
                found.append(record[0])
                end = start
        return found, end, offsets

    def _start_of_last(self, file, end):
        if end < framing.OVERHEAD_BYTES:
            return None
        file.seek(end - framing.TRAILER_BYTES)
        low_high = file.read(2)
        start = end - framing.OVERHEAD_BYTES - (low_high[0] | low_high[1] << 8)
        return start if start >= 0 else None

    def _offsets(self, file, base, end):
        """Offsets of the whole records before `end`, found from the front; reports what lies between them."""
        offsets = array("H")
        offset = 0
        while offset < end:
            record = self._record(file, base, offset, end)
            if record is None:
                offset = self._after_damage(file, base, offset, end)
            else:
                offsets.append(offset)
                offset = record[1]
        return offsets
