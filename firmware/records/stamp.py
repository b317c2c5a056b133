"""When something happened: (boot number, uptime_s, utc_s), utc_s = Unix seconds or 0 when the clock was not set yet.

The moment the clock is set, `utc of the boot = utc - uptime` becomes known and completes every record of this boot,
also those written before. It is kept per boot in a small table on flash, so that reading completes them ever after:
utc = reference[boot] + uptime. Records themselves are never rewritten.
"""

import struct

from firmware.storage.atomic_file import AtomicFile
from firmware.storage.inline_file import InlineFile

BOOT_KIND = 2
REFERENCES_KIND = 3
_KEPT_BOOTS = 128
_TOLERANCE_S = 60  # a reference that moved less is not worth a write
_MAX_U32 = 0xFFFFFFFF


class Stamper:
    """Owns `prefix`boot.* and `prefix`boots. `start()` comes first, once per boot."""

    def __init__(self, prefix):
        self._boot_file = InlineFile(prefix + "boot", BOOT_KIND)
        self._table = AtomicFile(prefix + "boots", REFERENCES_KIND, max_bytes=8 * _KEPT_BOOTS)
        self.boot = 0
        self.damage = ""
        self._reference = 0  # utc_s of this boot's uptime 0; 0 = unknown
        self._saved = 0

    def start(self, at_least=0):
        """Count this boot and return its number (1 and up). `at_least`: the highest number any record is known to
        have, for the case that the counter's file was lost."""
        payload, _, self.damage = self._boot_file.read()
        last = struct.unpack("<I", payload[:4])[0] if payload else 0
        self.boot = max(last, at_least) + 1
        self._boot_file.write(struct.pack("<I", self.boot))
        return self.boot

    def at(self, uptime_s):
        """The stamp of this moment."""
        return self.boot, uptime_s, self._reference + uptime_s if self._reference else 0

    def set_utc(self, utc_s, uptime_s):
        """The clock was set or corrected: at `uptime_s` it was `utc_s`. Written with the next `flush`."""
        if not uptime_s < utc_s <= _MAX_U32:
            raise ValueError("utc_s must be Unix seconds after the boot, below 4294967296")
        self._reference = utc_s - uptime_s

    def flush(self, contactor_open):
        """Keep this boot's reference for later boots; True when it was written. OSError from the flash."""
        if not contactor_open or not self._reference or abs(self._reference - self._saved) <= _TOLERANCE_S:
            return False
        known = self._load()
        known[self.boot] = self._reference
        newest = sorted(known)[-_KEPT_BOOTS:]
        self._table.write(b"".join([struct.pack("<II", boot, known[boot]) for boot in newest]))
        self._saved = self._reference
        return True

    def references(self):
        """{boot number: utc_s of its start} for `utc_of`; loaded for the asking, so keep it only while reading."""
        known = self._load()
        if self._reference:
            known[self.boot] = self._reference
        return known

    def _load(self):
        payload, _, _, damage = self._table.read()
        self.damage = damage or self.damage
        known = {}
        for offset in range(0, len(payload or b"") & ~7, 8):
            boot, utc_s = struct.unpack_from("<II", payload, offset)
            known[boot] = utc_s
        return known


def utc_of(stamp, references):
    """utc_s of a stamp, completed from `Stamper.references()`; 0 when it cannot be known."""
    boot, uptime_s, utc_s = stamp
    if utc_s or boot not in references:
        return utc_s
    return references[boot] + uptime_s
