"""Which sources outside had set a limit before a restart: until each speaks again, its failsafe holds instead (CH-12)."""

import struct

from micropython import const

from firmware.charging.sources import OUTSIDE
from firmware.storage.inline_file import InlineFile

SPOKEN_KIND = const(13)
_NOTHING = const(0xFFFFFFFF)       # it had set no limit
_SETTING = const(0xFFFFFFFE)       # its limits brought no failsafe of their own: the setting's holds


class Spoken:
    """The lowest failsafe in mA for each of OUTSIDE, in their order, in one inline file."""

    def __init__(self, path, ceilings):
        self._file = InlineFile(path, SPOKEN_KIND)
        self._ceilings = ceilings
        self._written = None

    def load(self, is_allowed):
        """Impose the failsafe of everyone who may still speak. OSError from the flash."""
        payload = self._file.read()[0]
        self._written = payload
        count = min(len(OUTSIDE), len(payload) // 4) if payload else 0
        for at in range(count):
            failsafe_ma = struct.unpack_from("<I", payload, at * 4)[0]
            if failsafe_ma != _NOTHING and is_allowed(OUTSIDE[at]):
                self._ceilings.lose(OUTSIDE[at], None if failsafe_ma == _SETTING else failsafe_ma)

    def save(self):
        """Write who has set limits now, where that changed; True when it wrote. OSError from the flash."""
        payload = b"".join([struct.pack("<I", self._of(source)) for source in OUTSIDE])
        if payload == self._written or self._written is None and not payload.strip(b"\xff"):
            return False
        self._file.write(payload)
        self._written = payload
        return True

    def _of(self, source):
        has, failsafe_ma = self._ceilings.failsafe_of(source)
        return _NOTHING if not has else _SETTING if failsafe_ma is None else failsafe_ma
