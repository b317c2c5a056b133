"""ISO 14443-3 type A: from the field to a card's whole UID, one short exchange after the other.

`link` is a reader chip that sends and receives frames: exchange(data, last_bits, align) -> Answer or None when nothing answered.
"""

from micropython import const

_WUPA = const(0x52)            # 7 bits: wakes also cards that were halted
_LEVELS = (0x93, 0x95, 0x97)   # cascade levels: 4, 7 and 10 bytes of UID
_CASCADE_TAG = const(0x88)     # first byte of a level whose UID goes on
_MORE = const(0x04)            # SAK: the UID is not complete
_ALL = const(0x70)             # NVB of SELECT: the whole level follows
_TURNS = const(32)             # a level has 32 bits: no more collisions than that


class ReaderError(Exception):
    """The reader chip does not answer as it should: it is missing, without power, or hangs."""


class Answer:
    """What a card said: data (bytes), last_bits of its last byte (0 = all), collided_at: 1..40, the bit from which on several cards
    said different things (counted from the first bit of data, with the bits left out by `align`), or 0."""

    def __init__(self, data, last_bits=0, collided_at=0):
        self.data = data
        self.last_bits = last_bits
        self.collided_at = collided_at


def crc_a(data):
    """CRC_A of ISO 14443-3 (x^16 + x^12 + x^5 + 1 reflected, from 0x6363), low byte first."""
    crc = 0x6363
    for byte in data:
        byte ^= crc & 0xFF
        byte = (byte ^ (byte << 4)) & 0xFF
        crc = (crc >> 8) ^ (byte << 8) ^ (byte << 3) ^ (byte >> 4)
    return bytes((crc & 0xFF, crc >> 8 & 0xFF))


async def read_uid(link):
    """The UID (4, 7 or 10 bytes) of one card in the field; None when there is none, or it went half-way."""
    if await link.exchange(bytes((_WUPA,)), 7, 0) is None:
        return None
    uid = b""
    for level in _LEVELS:
        part = await _anticollision(link, level)
        if part is None:
            return None
        more = await _select(link, level, part)
        if more is None:
            return None
        if not more:
            return uid + part[:4]
        if part[0] != _CASCADE_TAG:
            return None                       # it says that there is more and does not give it
        uid += part[1:4]
    return None


async def _anticollision(link, level):
    """The four bytes of this level and their check byte, of one of the cards; None when it fails."""
    known = bytearray(5)
    bits = 0                                  # of them known
    for _ in range(_TURNS):
        whole, some = bits >> 3, bits & 7
        frame = bytes((level, (whole + 2) << 4 | some)) + bytes(known[:whole + (1 if some else 0)])
        answer = await link.exchange(frame, some, some)
        if answer is None or not answer.data or len(answer.data) > 5 - whole:
            return None
        _take(known, whole, some, answer.data)
        if not answer.collided_at:
            if len(answer.data) != 5 - whole or known[0] ^ known[1] ^ known[2] ^ known[3] != known[4]:
                return None
            return bytes(known)
        at = whole * 8 + answer.collided_at   # the bit that differs
        if not bits < at <= 32:
            return None
        bits = at
        known[(at - 1) >> 3] |= 1 << ((at - 1) & 7)      # go on with those that said 1
        _clear_after(known, bits)
    return None


def _take(known, whole, some, data):
    """Put what came behind the bits that were known."""
    keep = (1 << some) - 1
    known[whole] = known[whole] & keep | data[0] & ~keep & 0xFF
    for index in range(1, len(data)):
        known[whole + index] = data[index]


def _clear_after(known, bits):
    """Nothing is known beyond `bits`."""
    if bits & 7:
        known[bits >> 3] &= (1 << (bits & 7)) - 1
    for index in range((bits + 7) >> 3, len(known)):
        known[index] = 0


async def _select(link, level, part):
    """True: the UID goes on, False: it is complete, None: no right answer."""
    frame = bytes((level, _ALL)) + part
    answer = await link.exchange(frame + crc_a(frame), 0, 0)
    if answer is None or answer.collided_at or len(answer.data) != 3 or crc_a(answer.data[:1]) != answer.data[1:]:
        return None
    return bool(answer.data[0] & _MORE)
