"""What the central system has said about ids, the newest 500 of them: for when it cannot be reached.

A look-up reads a few pages of flash. News wait in RAM for an open contactor. Where more than MAX are kept, the oldest go in one
pass over the file, a page at a time.
"""

import struct

from micropython import const

from firmware.storage.sorted_map import SortedMap

CACHE_KIND = const(11)
MAX = const(500)
SLACK = const(32)              # so many more are kept before the oldest go
MAX_WAITING = const(32)        # news in RAM; of more the oldest are dropped
_RENEW = const(250)            # an entry is written anew only when so many were newer: a card every day costs no flash
_ROW = "<BII"                  # accepted, expires (Unix seconds, 0: never), number (a higher one is newer)
_ROW_BYTES = const(9)
_MAX_ID_BYTES = const(32)      # a longer one is not remembered: a key of the map has no more


class Cache:
    """Owns `prefix`id_cache and its edits. utc_s(): the wall clock, 0 unknown."""

    def __init__(self, prefix, utc_s):
        self._map = SortedMap(prefix + "id_cache", CACHE_KIND)
        self._utc_s = utc_s
        self._waiting = []             # (id, accepted, expires_utc), oldest first
        self._number = None            # of the newest entry; None: not looked up yet
        self._cleared = False          # an order to forget all waits for the flash
        self.failing = False           # the flash refuses

    @property
    def reads(self):
        """Pages read since the start."""
        return self._map.reads

    def status(self, token):
        """What was said last of an id (text): True accepted, False not accepted or no longer, None never."""
        for known, accepted, expires_utc in reversed(self._waiting):
            if known == token:
                return self._holds(accepted, expires_utc)
        if self._cleared:
            return None
        row = self._row(token.encode())
        return None if row is None else self._holds(row[0], row[1])

    def _holds(self, accepted, expires_utc):
        if not accepted:
            return False
        return not expires_utc or self._utc_s() != 0 and self._utc_s() < expires_utc      # without a clock it may have ended

    def _row(self, key):
        """(accepted, expires_utc, number), or None; also where the flash cannot be read: then nothing is known."""
        try:
            row = self._map.get(key)
        except OSError:
            self.failing = True
            return None
        return None if row is None or len(row) < _ROW_BYTES else struct.unpack_from(_ROW, row)

    def learn(self, token, status, expires_utc):
        """The central system said `status` (remote.STATUSES) of an id."""
        if status == "concurrent" or not token or len(token.encode()) > _MAX_ID_BYTES:
            return                     # who charges elsewhere is none the worse for it
        self._waiting = [entry for entry in self._waiting if entry[0] != token][1 - MAX_WAITING:]
        self._waiting.append((token, 1 if status == "accepted" else 0, expires_utc))

    def clear(self):
        """Forget everything, at once for all who ask; the flash follows."""
        self._waiting = []
        self._cleared = True

    async def keep(self, may_write, rest):
        """Write what waits, and let the oldest go; `await rest()` between the steps. Stops where may_write() says no."""
        steps = self._work()
        try:
            for _ in steps:
                await rest()
                if not may_write():
                    return
            self.failing = False
        except OSError:
            self.failing = True        # all of it still waits
        finally:
            steps.close()

    def _work(self):
        if self._cleared:
            self._map.clear()
            self._cleared, self._number = False, None
            yield
        if not self._waiting:
            return
        if self._number is None:
            yield from self._find_newest()
        while self._waiting:
            entry = self._waiting[0]
            self._write(entry[0].encode(), entry[1], entry[2])
            if self._waiting and self._waiting[0] is entry:      # it was written, and nobody forgot it meanwhile
                self._waiting.pop(0)
            yield
            if self._map.is_long():
                yield from self._map.compact()
        if self._map.count() > MAX + SLACK:
            yield from self._thin()

    def _find_newest(self):
        newest = 0
        for _, row in self._map.items():
            newest = max(newest, struct.unpack_from(_ROW, row)[2])
            yield
        self._number = newest

    def _write(self, key, accepted, expires_utc):
        before = self._row(key)
        if before is not None and before[:2] == (accepted, expires_utc) and self._number - before[2] < _RENEW:
            return
        self._map.put(key, struct.pack(_ROW, accepted, expires_utc, self._number + 1))
        self._number += 1

    def _thin(self):
        """Let the oldest go."""
        spare = self._map.count() - MAX
        oldest = []                    # numbers of those that go, ascending
        for _, row in self._map.items():
            number = struct.unpack_from(_ROW, row)[2]
            if len(oldest) < spare or number < oldest[-1]:
                oldest.append(number)
                oldest.sort()
                del oldest[spare:]
            yield
        yield from self._map.replace(self._newer(oldest[-1]))

    def _newer(self, number):
        for key, row in self._map.items():
            if struct.unpack_from(_ROW, row)[2] > number:
                yield key, row
