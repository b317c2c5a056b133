"""One reservation: the charger is kept for one card until it begins, the time is over, or somebody cancels. Outlives a restart."""

import struct

from micropython import const

from firmware.charging.card_ids import canonical
from firmware.storage.codec import pack_texts, unpack_texts
from firmware.storage.inline_file import InlineFile

RESERVATION_KIND = const(12)
NO_NUMBER = const(0xFFFFFFFF)
_HEAD = "<III"                 # number, expires (Unix seconds, 0: the clock was not set), seconds it was made for
_HEAD_BYTES = const(12)
_ID_BYTES = const(36)


class Reservation:
    """Sets station.reserved_for and its flag. utc_s(): the wall clock, 0 unknown; show(utc_s) -> RFC 3339; note(code, detail): the
    event log. Without a clock after a restart its whole time begins anew: nobody gets in because the clock was lost."""

    def __init__(self, path, station, utc_s, show, note):
        self._file = InlineFile(path, RESERVATION_KIND)
        self._station = station
        self._utc_s = utc_s
        self._show = show
        self._note = note
        self._number = NO_NUMBER
        self._expires_utc = self._for_s = self._left_ms = 0
        self._last_ms = None
        self._by = ""
        self.dirty = False

    def load(self):
        """Take up what held before the restart. OSError from the flash."""
        payload = self._file.read()[0]
        if payload and len(payload) > _HEAD_BYTES:
            self._number, self._expires_utc, self._for_s = struct.unpack_from(_HEAD, payload)
            self._hold(canonical(unpack_texts(payload, _HEAD_BYTES, 1)[0]), "restart")     # older firmware kept what it was told

    def _hold(self, token, by):
        self._left_ms = self._for_s * 1000
        self._by = by
        self._station.reserved_for = token
        if token:
            self._station.flags.set("reserved", by)

    def reserve(self, args, source):
        """Command "reserve": None, or "reserved" while another reservation holds."""
        number = args.get("number")
        number = NO_NUMBER if number is None else number
        before = self._station.reserved_for
        if before and before != args["id"] and (number == NO_NUMBER or number != self._number):
            return "reserved"
        utc_s = self._utc_s()
        self._number, self._for_s = number, args["for_s"]
        self._expires_utc = utc_s + self._for_s if utc_s else 0
        self._hold(args["id"], source)
        self.dirty = True
        self._note("reserved", args["id"])
        return None

    def cancel(self, args):
        """Command "cancel_reservation": None, or "not_reserved"."""
        number = args.get("number")
        if not self._station.reserved_for or number is not None and number != self._number:
            return "not_reserved"
        self._end("cancelled")
        return None

    def _end(self, why):
        station = self._station
        self._note("reservation_" + why, station.reserved_for)
        station.reserved_for = ""
        station.flags.clear("reserved")
        self.dirty = True

    def tick(self, now_ms):
        """Every 100 ms: it ends with its time, and when its card has begun to use it."""
        last_ms, self._last_ms = self._last_ms, now_ms
        station = self._station
        if not station.reserved_for:
            return
        if last_ms is not None:
            self._left_ms = max(0, self._left_ms - ((now_ms - last_ms) & 0x3FFFFFFF))
        utc_s = self._utc_s()
        if utc_s and not self._expires_utc:
            self._expires_utc = utc_s + self._left_ms // 1000      # the clock was set meanwhile
            self.dirty = True
        if station.session is not None and station.authorized and station.authorized_id == station.reserved_for:
            self._end("used")
        elif utc_s >= self._expires_utc if utc_s else self._left_ms == 0:
            self._end("expired")

    def fact(self):
        """For fact "reservation"."""
        if not self._station.reserved_for:
            return None
        utc_s = self._utc_s()
        left_s = max(0, self._expires_utc - utc_s) if utc_s and self._expires_utc else self._left_ms // 1000
        return {"id": self._station.reserved_for, "number": None if self._number == NO_NUMBER else self._number,
                "until": self._show(self._expires_utc), "left_s": left_s, "by": self._by}

    def save(self):
        """Write it where it changed; True when it wrote. OSError from the flash."""
        if not self.dirty:
            return False
        token = self._station.reserved_for
        if token:
            self._file.write(struct.pack(_HEAD, self._number, self._expires_utc, self._for_s) + pack_texts((token,), (_ID_BYTES,)))
        else:
            self._file.write(b"\x00")      # both files say so before they go: no power cut brings an older one back
            self._file.write(b"\x00")
            self._file.clear()
        self.dirty = False
        return True
