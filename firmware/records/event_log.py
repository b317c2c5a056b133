"""What happened: faults with start and end, boots and their cause, warnings, security events, updates. Codes, not texts.

Events wait in a bounded queue in RAM until the contactor is open, as writing flash stalls everything for a moment.
"""

import struct

from firmware.records.stamp import utc_of
from firmware.storage.codec import clamp, pack_texts, unpack_texts
from firmware.storage.segment_log import SegmentLog

EVENT_KIND = 1
EVENT_VERSION = 1

# The index is what stands on flash: append, never insert or remove.
KINDS = ("dropped", "boot", "fault", "fault_end", "warning", "warning_end", "security", "update", "clock", "setting",
         "session", "ceiling", "grid", "storage", "info", "debug")

NO_VALUE = -0x80000000
_FORMAT = "<BIIIi"  # kind, boot, uptime_s, utc_s, value
_FIXED_BYTES = 17
_LIMITS = (40, 96)  # code, detail
_QUEUE = 64
_URGENT = 48
_AT_ONCE_BYTES = 3072   # about one sector
# of each of KINDS: in a full queue the oldest of a lower rank makes room, so that no chatter costs a fault its entry
_RANKS = b"\x01\x01\x02\x02\x01\x01\x01\x01\x00\x00\x01\x00\x01\x01\x00\x00"
_PRESSING = (2, 3, 6)      # fault, fault_end, security: they do not wait for the end of a long charge
_PAGE_MAX = 200


class EventLog:
    """At most 8 segments of 16 kB under `prefix`: some 3000 events. dropped: events lost because the queue was full
    since the last flush."""

    def __init__(self, prefix, max_segments=8):
        self._log = SegmentLog(prefix, 16384, max_segments)
        self._queue = []
        self.dropped = 0

    def add(self, stamp, kind, code, value=None, detail=""):
        """Note an event: kind out of KINDS, code a registry's name (≤ 40 bytes, e.g. "rdc_dd_tripped", "watchdog"),
        value an optional signed 32-bit number, detail a key or id (≤ 96 bytes), no text for people. ValueError for
        an unknown kind. Allocates, so not for the control tick."""
        if kind not in KINDS:
            raise ValueError("unknown kind of event: %s" % kind)
        if len(self._queue) >= _QUEUE:
            self.dropped += 1
            if not self._make_room(_RANKS[KINDS.index(kind)]):
                return
        self._queue.append(_encode(stamp, kind, code, value, detail))

    def _make_room(self, rank):
        """Drop the oldest of the lowest rank below this one; False when there is none."""
        lowest, at = rank, -1
        for index, payload in enumerate(self._queue):
            if _RANKS[payload[0]] < lowest:
                lowest, at = _RANKS[payload[0]], index
        if at >= 0:
            self._queue.pop(at)
        return at >= 0

    @property
    def urgent(self):
        """True when the queue is nearly full, or a fault or security event waits: flush it even under load, at most once a
        minute."""
        if len(self._queue) >= _URGENT:
            return True
        for payload in self._queue:
            if payload[0] in _PRESSING:
                return True
        return False

    @property
    def waiting(self):
        """Events not yet on flash."""
        return len(self._queue)

    def flush(self, contactor_open, force=False):
        """Write what waits if the contactor is open, about a sector at a time, or with `force` the oldest sector of it; returns how
        many. OSError from the flash, after which what it did not take still waits."""
        written = 0
        while self._queue and (contactor_open or force):
            count = self._in_a_sector()
            batch = [(EVENT_KIND, EVENT_VERSION, payload) for payload in self._queue[:count]]
            told = self.dropped if force or count == len(self._queue) else 0
            if told:
                last = decode(0, self._queue[-1], {})
                batch.append((EVENT_KIND, EVENT_VERSION, _encode(
                    (last["boot"], last["uptime_s"], last["utc_s"]), "dropped", "queue_full", told, "")))
            self._log.append_many(batch)
            self._queue = self._queue[count:]
            self.dropped -= told
            written += count
            force = False
        return written

    def _in_a_sector(self):
        """How many of the oldest may be written at once: flash stalls everything, and what is written stands in RAM three times."""
        left = _AT_ONCE_BYTES
        for count, payload in enumerate(self._queue):
            left -= len(payload)
            if left < 0:
                return count
        return len(self._queue)

    def page(self, offset, limit, references):
        """Up to `limit` (≤ 200) events newest first, leaving out the `offset` newest; a list of dicts as `decode`
        makes them. `references` from `Stamper.references()`."""
        rows = []
        for seq, kind, _, payload in self._log.page(offset, min(limit, _PAGE_MAX)):
            event = decode(seq, payload, references) if kind == EVENT_KIND else None
            if event is not None:
                rows.append(event)
        return rows

    def newest_first(self, references, before_seq=None):
        """Yields events downwards from below `before_seq`, for downloads: a few are in RAM at a time."""
        for seq, kind, _, payload in self._log.newest_first(before_seq):
            event = decode(seq, payload, references) if kind == EVENT_KIND else None
            if event is not None:
                yield event

    def count(self):
        """Events on flash."""
        return self._log.count()

    def last_boot(self):
        """Boot number of the newest event, 0 without any."""
        for event in self.newest_first({}):
            return event["boot"]
        return 0

    def clear(self):
        """Delete all of it; log that somebody did."""
        self._log.clear()
        self._queue, self.dropped = [], 0

    @property
    def damage(self):
        """Sentences about damaged records that were skipped."""
        return self._log.damage


def _encode(stamp, kind, code, value, detail):
    boot, uptime_s, utc_s = stamp
    number = NO_VALUE if value is None else max(NO_VALUE + 1, min(0x7FFFFFFF, int(value)))
    top = 0xFFFFFFFF
    return struct.pack(_FORMAT, KINDS.index(kind), clamp(boot, top), clamp(uptime_s, top), clamp(utc_s, top),
                       number) + pack_texts((code, detail), _LIMITS)


def decode(seq, payload, references):
    """dict of an event: seq, kind, code, value (None: without), detail, boot, uptime_s, utc_s (0 unknown); None when
    the payload is too short to be one."""
    if len(payload) < _FIXED_BYTES:
        return None
    kind, boot, uptime_s, utc_s, value = struct.unpack_from(_FORMAT, payload)
    code, detail = unpack_texts(payload, _FIXED_BYTES, 2)
    return {
        "seq": seq,
        "kind": KINDS[kind] if kind < len(KINDS) else "kind_%d" % kind,
        "code": code,
        "value": None if value == NO_VALUE else value,
        "detail": detail,
        "boot": boot,
        "uptime_s": uptime_s,
        "utc_s": utc_of((boot, uptime_s, utc_s), references),
    }
