"""One RFID card: what is known of it, its row on flash, and what each field may be."""

import struct

from micropython import const

from firmware.charging.card_ids import UID_DIGITS, is_hexadecimal
from firmware.charging.commands import is_clean
from firmware.dates import rfc3339, utc_from_text
from firmware.storage.codec import pack_texts, unpack_texts

USER = const(0)
VIP = const(1)      # first in a queue for current
ADMIN = const(2)    # may end any session, does not charge
KINDS = ("user", "vip", "admin")

MAX_NAME = const(50)           # characters
_NAME_BYTES = const(150)       # a row has 255
_STATIONS_BYTES = const(90)
_MASTER = const(1)
_BLOCKED = const(2)
_WHOLE_DAY = const(4)          # expires at the end of a day: shown as a date
_DAY_S = const(86400)


class CardError(Exception):
    """A card that cannot be: field, and a sentence with what is allowed."""

    def __init__(self, field, message):
        super().__init__(message)
        self.field = field
        self.message = message


class Card:
    """uid: bytes. expires_utc: Unix seconds, from which on it is refused; 0 = never. whole_day: given as a date. stations: serial
    numbers or names, separated by spaces; none: all of them."""

    def __init__(self, uid, name="", kind=USER, master=False, blocked=False, expires_utc=0, whole_day=False, stations=""):
        self.uid = uid
        self.name = name
        self.kind = kind
        self.master = master
        self.blocked = blocked
        self.expires_utc = expires_utc
        self.whole_day = whole_day
        self.stations = stations

    def row(self):
        """The value of its row on flash: type u8 · flags u8 · expires u32 · texts name, stations."""
        flags = (_MASTER if self.master else 0) | (_BLOCKED if self.blocked else 0) | (_WHOLE_DAY if self.whole_day else 0)
        return struct.pack("<BBI", self.kind, flags, self.expires_utc) + pack_texts(
            (self.name, self.stations), (_NAME_BYTES, _STATIONS_BYTES))

    def is_for(self, station):
        """True when it may be used at this station (serial number or name)."""
        return not self.stations or station in self.stations.split(" ")

    def expires(self):
        """"2027-03-31", or "2027-03-31T18:00:00Z", or "" for never."""
        if not self.expires_utc:
            return ""
        text = rfc3339(self.expires_utc - 1 if self.whole_day else self.expires_utc)
        return text[:10] if self.whole_day else text


def from_row(uid, row):
    """The Card of a row; None when this firmware cannot read it."""
    if len(row) < 6:
        return None
    kind, flags, expires_utc = struct.unpack_from("<BBI", row)
    if kind >= len(KINDS):
        return None
    name, stations = unpack_texts(row, 6, 2)
    return Card(bytes(uid), name, kind, bool(flags & _MASTER), bool(flags & _BLOCKED), expires_utc, bool(flags & _WHOLE_DAY),
                stations)


def is_master(row):
    """True when a row on flash says that its card is the master card: quicker than reading all of it."""
    return len(row) > 1 and bool(row[1] & _MASTER)


def hex_from_uid(uid):
    """"04A1B2C3" of the bytes."""
    return "".join(["%02X" % byte for byte in uid])


def uid_from_text(text):
    """bytes of a UID as people write it: 4, 7, 8 or 10 bytes in hex, colons, dashes or spaces between them or not. CardError."""
    digits = text.replace(":", "").replace("-", "").replace(" ", "").upper()
    if not is_hexadecimal(digits):
        raise CardError("uid", "must be hexadecimal, like 04A1B2C3D4E5F6")
    if len(digits) not in UID_DIGITS:
        raise CardError("uid", "must have 4, 7, 8 or 10 bytes (8, 14, 16 or 20 digits), these are %d digits" % len(digits))
    return bytes([int(digits[at:at + 2], 16) for at in range(0, len(digits), 2)])


def name_from_text(text):
    """The name without spaces around it, checked. CardError."""
    text = text.strip(" ")
    if len(text) > MAX_NAME or not is_clean(text) or len(text.encode()) > _NAME_BYTES:
        raise CardError("name", "must be text of at most %d characters without control characters" % MAX_NAME)
    return text


def kind_from_text(text):
    """USER, VIP or ADMIN. CardError."""
    if text not in KINDS:
        raise CardError("type", "must be one of " + ", ".join(KINDS))
    return KINDS.index(text)


def stations_from_text(text):
    """Serial numbers or names, separated by spaces, commas or bars. CardError."""
    stations = " ".join([part for part in text.replace(",", " ").replace("|", " ").split(" ") if part])
    if not is_clean(stations) or len(stations.encode()) > _STATIONS_BYTES:
        raise CardError("stations", "must be station names of at most %d bytes together, separated by spaces" % _STATIONS_BYTES)
    return stations


def expiry_from_text(text):
    """(expires_utc, whole_day) of "" (never), "2027-03-31" (valid through that day, UTC) or "2027-03-31T18:00:00Z". CardError."""
    if not text:
        return 0, False
    utc_s = utc_from_text(text)
    if utc_s is not None:
        return (utc_s + _DAY_S, True) if len(text) == 10 else (utc_s, False)
    raise CardError("expires", "must be a date like 2027-03-31, or 2027-03-31T18:00:00Z")
