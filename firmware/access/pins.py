"""The PIN that unlocks the charger from the page, the guest's PIN, and the PUK of the label that replaces a forgotten PIN.

Only salted hashes are kept. They make a guess by someone who holds the flash a thousand times dearer, no more: four digits are ten
thousand guesses. What protects a PIN is that the file never leaves the charger and that guesses are counted (attempts.py).
"""

import os
import struct

from micropython import const

from firmware.access.attempts import PIN, PUK
from firmware.access.gate import PINS as NAMES
from firmware.pbkdf2 import derive, same
from firmware.storage.atomic_file import AtomicFile

PINS_KIND = const(10)
ITERATIONS = const(1000)       # for each of the two PINs: together about a second on a device (estimate)
FEWEST, MOST = const(4), const(8)
_ROW = "<H16s32s"              # iterations (0: none), salt, key
_ROW_BYTES = const(50)


class PinError(Exception):
    """A guess or a new PIN that is refused: code, message, field, and left_s where one must wait."""

    def __init__(self, code, message, field=None, left_s=None):
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.left_s = left_s


class Pins:
    """Owns the file `prefix`pins. attempts: attempts.Attempts; puk(): the label's PUK as text, "" where there is none;
    may_write(): no power flows."""

    def __init__(self, prefix, attempts, puk, may_write):
        self._file = AtomicFile(prefix + "pins", PINS_KIND)
        self._attempts = attempts
        self._puk = puk
        self._may_write = may_write

    def _rows(self):
        """[(iterations, salt, key)] of NAMES. A damaged file means no PIN at all: an older one might have been revoked."""
        payload, _, source, _ = self._file.read()
        if source != "current" or len(payload) < 2 * _ROW_BYTES:
            return [(0, b"", b"")] * 2
        return [struct.unpack_from(_ROW, payload, at * _ROW_BYTES) for at in range(2)]

    def which(self):
        """{"PIN": whether one is set, "guest": …}."""
        return dict([(name, row[0] != 0) for name, row in zip(NAMES, self._rows())])

    def left_s(self, now_ms):
        """Seconds until a PIN may be tried; None: no more, until the PUK or a new PIN."""
        return self._attempts.left_s(PIN, now_ms)

    async def check(self, pin, now_ms):
        """"PIN" or "guest": whose PIN it is. PinError "no_pin", "wait", "locked", "wrong_pin"."""
        rows = self._rows()
        if not rows[0][0] and not rows[1][0]:
            raise PinError("no_pin", "no PIN is set")
        self._begin(PIN, now_ms)
        found = None
        for name, row in zip(NAMES, rows):      # both are always reckoned: the time does not tell which one it was
            if row[0]:
                key = await derive(pin.encode(), row[1], row[0])
                if same(key, row[2]):
                    found = name
        if found is None:
            raise PinError("wrong_pin", "this is not the PIN", "pin")
        if found == "PIN":
            self._attempts.right(PIN)
        else:
            self._attempts.take_back(PIN)       # a guest shall not be able to guess the owner's PIN without end
        return found

    def _begin(self, kind, now_ms):
        if self._attempts.begin(kind, now_ms):
            return
        left_s = self._attempts.left_s(kind, now_ms)
        if left_s is None:
            raise PinError("locked", "too many wrong PINs: the PUK or a new PIN is needed" if kind == PIN else
                           "too many wrong PUKs: a new PIN must be set")
        raise PinError("wait", "too many wrong answers; wait %d s" % left_s, None, left_s)

    async def use_puk(self, puk, new_pin, now_ms):
        """The PUK replaces a forgotten PIN. PinError "no_puk", "wait", "locked", "wrong_puk", "bad_value",
        "charging"."""
        wanted = self._puk()
        if not wanted:
            raise PinError("no_puk", "this charger has no PUK")
        checked(new_pin, "new_pin")
        self._begin(PUK, now_ms)
        if not same(puk.encode(), wanted.encode()):
            raise PinError("wrong_puk", "this is not the PUK", "puk")
        self._attempts.take_back(PUK)           # whatever refuses the new PIN now: it was no wrong guess
        await self.set(new_pin, None)

    async def set(self, pin, guest_pin):
        """New PINs: text; "" takes one away, None leaves it. All counts of wrong answers begin anew. PinError "bad_value",
        "charging" (power flows); OSError from the flash: the old ones still hold."""
        rows = self._rows()
        wanted = (pin, guest_pin)
        for new, field in zip(wanted, ("pin", "guest_pin")):
            if new:
                checked(new, field)
        made = list(rows)
        for at, new in enumerate(wanted):
            if new is not None:
                made[at] = await _row(new)
        for at, new in enumerate(wanted):       # two equal PINs would make the guest the owner
            other = made[1 - at]
            if new and other[0] and same(await derive(new.encode(), other[1], other[0]), other[2]):
                raise PinError("bad_value", "PIN and guest PIN must differ", "guest_pin" if guest_pin else "pin")
        if not self._may_write():               # the keys took seconds: a charge may have begun
            raise PinError("charging", "PINs cannot be changed while power flows")
        self._file.write(b"".join([struct.pack(_ROW, row[0], row[1], row[2]) for row in made]))
        self._attempts.right(PIN)
        self._attempts.right(PUK)


async def _row(pin):
    if not pin:
        return 0, b"", b""
    salt = os.urandom(16)
    return ITERATIONS, salt, await derive(pin.encode(), salt, ITERATIONS)


def checked(pin, field):
    """PinError unless it is a PIN: FEWEST to MOST digits."""
    digits = len([char for char in pin if "0" <= char <= "9"])
    if digits != len(pin) or not FEWEST <= digits <= MOST:
        raise PinError("bad_value", "must be %d to %d digits" % (FEWEST, MOST), field)
