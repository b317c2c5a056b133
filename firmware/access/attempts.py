"""How often somebody may guess: growing waits after wrong answers, and a total limit. Both outlive a restart.

A guess is counted before it is judged, so that pulling the plug takes no guess back; a restart lets the newest wait begin anew.
"""

import struct

from micropython import const

from firmware.storage.inline_file import InlineFile

ATTEMPTS_KIND = const(9)
FREE = const(3)                # wrong answers without a wait: people mistype
FIRST_WAIT_S = const(10)       # after these; each further one doubles it
LONGEST_WAIT_S = const(3600)
PIN, PUK = const(0), const(1)  # kinds of guesses
MOST = (20, 10)                # wrong PINs until only the PUK or a new PIN helps; wrong PUKs until only a new PIN does
_TICKS_MASK = const(0x3FFFFFFF)
_COUNTED = const(0xFFFF)


class Attempts:
    """Kinds are PIN and PUK; most: wrong guesses of each that are allowed in all. Written only while may_write()."""

    def __init__(self, path, may_write, most=MOST):
        self._file = InlineFile(path, ATTEMPTS_KIND)
        self._most = most
        self._may_write = may_write
        self._wrong = None             # of each kind; None: not read yet
        self._left_ms = [0] * len(most)
        self._last_ms = 0
        self.dirty = False

    def _load(self, now_ms):
        if self._wrong is not None:
            return
        self._last_ms = now_ms
        wrong = [0] * len(self._most)
        payload = self._file.read()[0]
        if payload is not None and len(payload) >= 2 * len(wrong):
            wrong = list(struct.unpack_from("<%dH" % len(wrong), payload))
        self._wrong = wrong
        self._left_ms = [wait_s(count) * 1000 for count in wrong]

    def _follow(self, now_ms):
        """Time has passed. After more than a wrap of the clock it counts for less: somebody waits once more."""
        self._load(now_ms)
        gone_ms = (now_ms - self._last_ms) & _TICKS_MASK
        self._last_ms = now_ms
        self._left_ms = [max(0, left_ms - gone_ms) for left_ms in self._left_ms]

    def left_s(self, kind, now_ms):
        """Seconds until the next guess may be made; None: no more."""
        self._follow(now_ms)
        return None if self._wrong[kind] >= self._most[kind] else (self._left_ms[kind] + 999) // 1000

    def wrong(self, kind, now_ms):
        """Wrong guesses so far."""
        self._follow(now_ms)
        return self._wrong[kind]

    def begin(self, kind, now_ms):
        """A guess is made: counts as wrong until right() is said. False: not allowed now."""
        if self.left_s(kind, now_ms) != 0:
            return False
        self._set(kind, min(_COUNTED, self._wrong[kind] + 1))
        self._left_ms[kind] = wait_s(self._wrong[kind]) * 1000
        return True

    def take_back(self, kind):
        """The guess just made was right, but says nothing about those before."""
        self._set(kind, max(0, self._wrong[kind] - 1))
        self._left_ms[kind] = 0

    def right(self, kind):
        """The guess was right, or who may has set a new secret: all begins anew."""
        self._set(kind, 0)
        self._left_ms[kind] = 0

    def _set(self, kind, count):
        self._load(self._last_ms)
        if self._wrong[kind] != count:
            self._wrong[kind] = count
            self.dirty = True
        if self.dirty and self._may_write():
            self.save()

    def save(self):
        """Write the counts; True when there was something to write. OSError from the flash: they hold in RAM all the same."""
        if not self.dirty:
            return False
        self._file.write(struct.pack("<%dH" % len(self._wrong), *self._wrong))
        self.dirty = False
        return True


def wait_s(wrong):
    """Seconds to wait after so many wrong answers."""
    return 0 if wrong < FREE else min(LONGEST_WAIT_S, FIRST_WAIT_S << min(16, wrong - FREE))
