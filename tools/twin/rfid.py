"""Cards in a reader's field, and the reader chips at the level of their registers and frames. Runs on both interpreters.

A card answers as ISO 14443-3 says, bit by bit; several of them at once collide. The chips know no more than their data sheets.
"""

LEVELS = (0x93, 0x95, 0x97)
CASCADE_TAG = 0x88
_WAKE = b"\x55\x55\x00\x00\x00"


def crc_a(data):
    """CRC_A, written down here anew: the firmware's own is what is tested."""
    crc = 0x6363
    for byte in data:
        for bit in range(8):
            low = (crc ^ byte >> bit) & 1
            crc = crc >> 1 ^ (0x8408 if low else 0)
    return bytes((crc & 255, crc >> 8))


class Card:
    """A card with a UID of 4, 7 or 10 bytes."""

    def __init__(self, uid):
        if len(uid) not in (4, 7, 10):
            raise ValueError("a UID has 4, 7 or 10 bytes")
        parts = []
        while len(uid) > 4:
            parts.append(bytes((CASCADE_TAG,)) + uid[:3])
            uid = uid[3:]
        parts.append(bytes(uid))
        self._parts = [part + bytes((part[0] ^ part[1] ^ part[2] ^ part[3],)) for part in parts]
        self.power_off()

    def power_off(self):
        """The field is gone: idle again."""
        self._level = None         # cascade level it waits in; None: idle
        self._halted = False

    def hear(self, data, last_bits):
        """(bits, number of bits) it answers, or None."""
        if last_bits == 7 and len(data) == 1:
            if data[0] == 0x52 or data[0] == 0x26 and not self._halted:
                self._level, self._halted = 0, False
                return 0x0004 | (len(self._parts) - 1) << 6, 16
            self._level = None
            return None
        if self._level is None:
            return None
        if data[:2] == b"\x50\x00":
            self._level, self._halted = None, True
            return None
        if self._level >= len(self._parts) or data[0] != LEVELS[self._level]:
            self._level = None
            return None
        part = self._parts[self._level]
        if data[1] == 0x70:
            if bytes(data[2:7]) != part or bytes(data[7:9]) != crc_a(data[:7]):
                self._level = None
                return None
            self._level += 1
            sak = bytes((0x04 if self._level < len(self._parts) else 0x08,))
            return int.from_bytes(sak + crc_a(sak), "little"), 24
        whole, some = (data[1] >> 4) - 2, data[1] & 15
        known = whole * 8 + some
        asked = int.from_bytes(bytes(data[2:]), "little") & (1 << known) - 1
        mine = int.from_bytes(part, "little")
        if some != last_bits or mine & (1 << known) - 1 != asked:
            return None
        return mine >> known, 40 - known


class Field:
    """The cards held to one reader. on_frame: called before each frame is heard, so that a test can pull a card away in between."""

    def __init__(self):
        self.cards = []
        self.on_frame = None
        self._on = False

    def power(self, on):
        """The antenna."""
        if self._on and not on:
            for card in self.cards:
                card.power_off()
        self._on = on

    def exchange(self, data, last_bits):
        """(bits, number of bits, position of the first collision from 1 or 0), or None."""
        if self.on_frame is not None:
            self.on_frame()
        if not self._on:
            return None
        answers = [answer for answer in [card.hear(data, last_bits) for card in self.cards] if answer is not None]
        if not answers:
            return None
        bits, count = answers[0]
        collided = 0
        for other, length in answers[1:]:
            differ = bits ^ other
            count = max(count, length)
            if differ:
                at = 1
                while not differ & 1:
                    differ >>= 1
                    at += 1
                collided = min(collided, at) if collided else at
            bits |= other
        return bits, count, collided


class Mfrc522Chip:
    """MFRC522 on SPI: transfer(bytes) -> bytes. version 0x92; dead: it answers 0xFF, as an unplugged one does."""

    def __init__(self, field):
        self.field = field
        self.dead = False
        self.corrupt = 0           # answers to come with one bit wrong
        self._reset()

    def _reset(self):
        self._registers = bytearray(64)
        self._registers[0x01] = 0x20
        self._registers[0x37] = 0x92
        self._registers[0x14] = 0x80
        self._fifo = bytearray()
        self.field.power(False)

    def brown_out(self):
        """The supply dipped: everything is as after a reset."""
        self._reset()

    def transfer(self, data):
        """One access: address byte, value."""
        if self.dead:
            return b"\xff" * len(data)
        if len(data) != 2 or data[0] & 1:
            raise ValueError("MFRC522: an access is an address with bit 0 clear, and a value")
        register = data[0] >> 1 & 0x3F
        if data[0] & 0x80:
            return bytes((0, self._read(register)))
        self._write(register, data[1])
        return b"\x00\x00"

    def _read(self, register):
        if register == 0x09:
            first, self._fifo = self._fifo[:1], self._fifo[1:]
            return first[0] if first else 0
        if register == 0x0A:
            return len(self._fifo)
        return self._registers[register]

    def _write(self, register, value):
        if register == 0x09:
            if len(self._fifo) < 64:
                self._fifo.append(value)
            else:
                self._registers[0x06] |= 0x10
        elif register == 0x0A:
            if value & 0x80:
                self._fifo = bytearray()
        elif register == 0x04:
            if value & 0x80:
                self._registers[0x04] |= value & 0x7F
            else:
                self._registers[0x04] &= ~value & 0xFF
        elif register == 0x01 and value & 0x0F == 0x0F:
            self._reset()
        elif register == 0x37:
            return
        else:
            self._registers[register] = value
            if register == 0x14:
                self.field.power(value & 3 == 3)
            if register == 0x0D and value & 0x80 and self._registers[0x01] & 0x0F == 0x0C:
                self._transceive(value)

    def _transceive(self, framing):
        registers = self._registers
        registers[0x06] = 0
        registers[0x0E] = 0x20
        sent, self._fifo = bytes(self._fifo), bytearray()
        answer = self.field.exchange(sent, framing & 7) if sent else None
        if answer is None:
            if registers[0x2A] & 0x80:               # TAuto: the timer runs from the end of sending
                registers[0x04] |= 0x01
            return
        bits, count, collided = answer
        align = framing >> 4 & 7
        if self.corrupt:
            self.corrupt -= 1
            bits ^= 1 << count // 2
        bits, count = bits << align, count + align
        if collided:
            registers[0x06] |= 0x08
            registers[0x0E] = (collided + align) & 0x1F
            bits &= (1 << (collided + align - 1)) - 1        # ValuesAfterColl = 0
        self._fifo = bytearray(bits.to_bytes((count + 7) // 8, "little"))
        registers[0x0C] = count & 7
        registers[0x04] |= 0x30


class Pn532Chip:
    """PN532: frames in, frames out; the three buses below carry them. It takes the first card that its anticollision finds.
    dead: as unplugged; what was plugged in again has forgotten everything."""

    def __init__(self, field):
        self.field = field
        self.corrupt = 0
        self._dead = False
        self.power_on()
        field.power(True)

    def power_on(self):
        """Its supply comes: asleep, and not set up."""
        self.awake = False         # a UART's first bits wake it; the other buses do so by addressing it
        self.answers = []          # frames it wants to send
        self._configured = False
        self._rats = True          # it asks cards for their ATS unless told not to

    @property
    def dead(self):
        return self._dead

    @dead.setter
    def dead(self, dead):
        if self._dead and not dead:
            self.power_on()
        self._dead = dead

    def frame(self, data):
        """A frame from the host."""
        start = data.find(b"\x00\xff")
        if self.dead or start < 0 or len(data) < start + 6:
            return
        length = data[start + 2]
        body = data[start + 4:start + 4 + length]
        if length + data[start + 3] & 255 or len(body) != length or sum(body) + data[start + 4 + length] & 255 or body[0] != 0xD4:
            return                                   # not understood: no acknowledgement
        self.answers = [b"\x00\x00\xff\x00\xff\x00", self._framed(self._do(body[1], body[2:]))]

    def _framed(self, body):
        length = len(body)
        total = -sum(body) & 255
        if self.corrupt:
            self.corrupt -= 1
            total ^= 0x10
        return b"\x00\x00\xff" + bytes((length, -length & 255)) + body + bytes((total, 0))

    def _do(self, command, data):
        if command == 0x14:
            self._configured = True
            return b"\xd5\x15"
        if command == 0x02:
            return b"\xd5\x03\x32\x01\x06\x07"
        if command == 0x12:
            self._rats = bool(data[0] & 0x10)
            return b"\xd5\x13"
        if command == 0x32:
            return b"\xd5\x33"
        if command == 0x4A and self._configured:
            uid = self._uid()
            if uid is None:
                return b"\xd5\x4b\x00"
            ats = b"\x0d\x75\x77\x81\x02\x80\x31\x80\x65\xb0\x07\x02\x02" if self._rats else b""
            return b"\xd5\x4b\x01\x01\x00\x04" + (b"\x28" if ats else b"\x08") + bytes((len(uid),)) + uid + ats
        return b"\x7f"

    def _uid(self):
        if self.field.on_frame is not None:
            self.field.on_frame()
        if not self.field.cards:
            return None
        uid = b""
        for part in self.field.cards[0]._parts:
            uid += part[1:4] if part[0] == CASCADE_TAG and part is not self.field.cards[0]._parts[-1] else part[:4]
        return uid


class Pn532OnI2c:
    """At address 0x24: each read begins with the ready byte."""

    def __init__(self, chip):
        self.chip = chip

    def write(self, data):
        """A frame, or the byte that wakes."""
        if self.chip.dead:
            raise OSError(19)
        self.chip.frame(data)

    def read(self, count):
        """The ready byte alone, or with the frame."""
        if self.chip.dead:
            raise OSError(19)
        if count == 1:
            return b"\x01" if self.chip.answers else b"\x00"
        frame = self.chip.answers.pop(0) if self.chip.answers else b""
        return (b"\x01" + frame + bytes(count))[:count]


class Pn532OnSpi:
    """Lowest bit first: 1 write, 2 status, 3 read."""

    def __init__(self, chip):
        self.chip = chip

    def transfer(self, data):
        """One selection."""
        if self.chip.dead:
            return b"\xff" * len(data)
        plain = bytes([_turned(byte) for byte in data])
        out = bytearray(len(data))
        if plain[0] == 1:
            self.chip.frame(plain[1:])
        elif plain[0] == 2:
            out[1:] = (b"\x01" if self.chip.answers else b"\x00") * (len(data) - 1)
        elif plain[0] == 3:
            frame = self.chip.answers.pop(0) if self.chip.answers else b""
            out[1:] = (frame + bytes(len(data)))[:len(data) - 1]
        return bytes([_turned(byte) for byte in out])


class Pn532OnUart:
    """send(bytes) is what the host hears. Silent until it was woken: two bytes 55, and zeros until it is awake."""

    def __init__(self, chip, send):
        self.chip = chip
        self._send = send
        self._heard = b""

    def hear(self, data):
        """Bytes of the host, in pieces of any size."""
        self._heard = (self._heard + data)[-300:]
        if not self.chip.awake:
            self.chip.awake = _WAKE in self._heard
            if not self.chip.awake:
                return
            self._heard = self._heard[self._heard.find(_WAKE) + len(_WAKE):]
        start = self._heard.find(b"\x00\xff")
        if start < 0 or len(self._heard) < start + 4:
            return
        end = start + 6 + self._heard[start + 2]
        if len(self._heard) >= end:
            frame, self._heard = self._heard[:end], self._heard[end:]
            self.chip.frame(frame)
            while self.chip.answers:
                self._send(self.chip.answers.pop(0))


def _turned(byte):
    out = 0
    for bit in range(8):
        out |= (byte >> bit & 1) << 7 - bit
    return out
