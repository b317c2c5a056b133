"""A tiny record replaced often (once a minute): hardly more than one program of the flash, an erase in 25 to 40 writes.

LittleFS keeps files this small inside the folder's own log. Two files take turns, `path.0` and `path.1`, the
generation's lowest bit says which; the one that is written never is the one that counts, so that a power cut
at any moment leaves the record before it, on any file system. Each holds one framed record (`framing.py`).
"""

from micropython import const

from firmware.storage import files, framing

MAX_BYTES = const(50)  # with the frame 64: small enough to lie inline (LittleFS on our boards: up to 128)


class InlineFile:
    """`kind` and `version` as in `framing.pack`."""

    def __init__(self, path, kind, version=1):
        self.path = path
        self.kind = kind
        self.version = version
        self._generation = None

    def read(self):
        """(payload, generation, damage): the newest whole record, None and 0 when there is none; damage is a
        sentence or ""."""
        best, best_number, damage = None, 0, ""
        for slot in ("0", "1"):
            data = files.read(self.path + "." + slot, framing.OVERHEAD_BYTES + MAX_BYTES)
            if data is None:
                continue
            record = framing.unpack(data)
            if record is None or record[0] != self.kind:
                damage = "%s.%s is damaged" % (self.path, slot)
            elif record[2] > best_number:
                best, best_number = record[3], record[2]
        if damage and best is not None:
            damage += "; generation %d is used" % best_number
        self._generation = best_number
        return best, best_number, damage

    def write(self, payload):
        """Replace the record by `payload` (at most MAX_BYTES bytes); returns its generation. ValueError, OSError."""
        if len(payload) > MAX_BYTES:
            raise ValueError("%s: %d bytes, allowed are %d" % (self.path, len(payload), MAX_BYTES))
        if self._generation is None:
            self.read()
        generation = self._generation + 1
        data = framing.pack(self.kind, self.version, generation, payload)
        with open("%s.%d" % (self.path, generation & 1), "wb") as file:
            file.write(data)
        self._generation = generation
        return generation

    def clear(self):
        """Delete it (factory reset)."""
        files.remove(self.path + ".0")
        files.remove(self.path + ".1")
        self._generation = 0
