"""A PN5180 at the level of its host commands and registers, and cards of ISO 15693. Runs on both interpreters."""

_IDLE_IRQ, _RX_IRQ = 0x04, 0x01


class Card15693:
    """A card with a UID of 8 bytes, E0 first as it is printed."""

    def __init__(self, uid):
        if len(uid) != 8 or uid[0] != 0xE0:
            raise ValueError("a UID of ISO 15693 has 8 bytes and begins with E0")
        self._uid = bytes([uid[at] for at in range(7, -1, -1)])

    def answer(self, data):
        """What it says to a request without CRC, or None."""
        if len(data) == 3 and data[0] & 0x26 == 0x26 and data[1] == 0x01 and data[2] == 0:
            return b"\x00\x00" + self._uid
        return None


class Pn5180Chip:
    """transfer(bytes) -> bytes: one frame while it is selected; released(): chip select went up. busy(level) drives its line.

    field: rfid.Field with the 14443A cards; vicinity: the Card15693 held to it. dead: as unplugged. corrupt: answers to come with
    one bit wrong (the 15693 ones are then known to be wrong: their CRC is the chip's business)."""

    def __init__(self, field, busy):
        self.field = field
        self.vicinity = []
        self.dead = False
        self.corrupt = 0
        self._busy = busy
        self.reset()

    def reset(self):
        """The reset line, or the supply dipped."""
        self._registers = {0x00: 0x40, 0x02: _IDLE_IRQ, 0x12: 1, 0x13: 0, 0x19: 1, 0x1D: 0}
        self._protocol = None
        self._answer = None            # of a reading command, for the next frame
        self._received = b""
        self.field.power(False)
        self._on = False
        self._busy(0)

    def released(self):
        """The frame is over and its command done."""
        if not self.dead:
            self._busy(0)

    def transfer(self, data):
        """One frame."""
        if self.dead:
            return b"\xff" * len(data)
        self._busy(1)
        if self._answer is not None:
            answer, self._answer = self._answer, None
            if len(answer) != len(data):
                raise ValueError("PN5180: %d bytes are there, %d were fetched" % (len(answer), len(data)))
            return answer
        self._do(data)
        return b"\xff" * len(data)

    def _do(self, data):
        command, registers = data[0], self._registers
        if command in (0x00, 0x01, 0x02):
            before, value = registers.get(data[1], 0), int.from_bytes(data[2:6], "little")
            self._write(data[1], value if command == 0 else before | value if command == 1 else before & value)
        elif command == 0x04:
            self._answer = registers.get(data[1], 0).to_bytes(4, "little")
        elif command == 0x07:
            self._answer = bytes((0x00, 0x04)) if data[1] == 0x10 else bytes(data[2])
        elif command == 0x09:
            self._send(data[1], data[2:])
        elif command == 0x0A:
            self._answer = self._received
        elif command == 0x11:
            self._protocol = {(0x00, 0x80): "A", (0x0D, 0x8D): "V"}[data[1], data[2]]
            registers[0x12] = registers[0x19] = 1
        elif command in (0x16, 0x17):
            self._on = command == 0x16
            self.field.power(self._on and self._protocol == "A")
        else:
            raise ValueError("PN5180: no command %02X" % command)

    def _write(self, register, value):
        registers = self._registers
        if register == 0x03:
            registers[0x02] &= ~value
            return
        registers[register] = value
        if register == 0x00:
            registers[0x1D] = 1 << 24 if value & 7 == 3 else 0       # it waits for what is to be sent

    def _send(self, last_bits, data):
        registers = self._registers
        registers[0x13] = 0
        self._received = b""
        if registers[0x1D] >> 24 & 7 != 1 or not self._on:
            return
        registers[0x1D] = 0
        answer = self._from_a(data, last_bits) if self._protocol == "A" else self._from_v(data)
        if answer is not None:
            self._received, status = answer
            registers[0x13] = status | len(self._received)
            registers[0x02] |= _RX_IRQ

    def _from_a(self, data, last_bits):
        if self._registers[0x12] & 1 or self._registers[0x19] & 1:
            return None                 # it would add a CRC that nobody understands
        answer = self.field.exchange(bytes(data), last_bits)
        if answer is None:
            return None
        bits, count, collided = answer
        if self._is_corrupt():
            bits ^= 1 << count // 2
        return bits.to_bytes((count + 7) // 8, "little"), (count & 7) << 13 | (0x40000 if collided else 0)

    def _from_v(self, data):
        if self.field.on_frame is not None:
            self.field.on_frame()
        answers = [answer for answer in [card.answer(bytes(data)) for card in self.vicinity] if answer is not None]
        if not answers or not self._registers[0x12] & self._registers[0x19] & 1:
            return None
        return answers[0], 0x40000 if len(answers) > 1 else 0x10000 if self._is_corrupt() else 0

    def _is_corrupt(self):
        if not self.corrupt:
            return False
        self.corrupt -= 1
        return True
