"""DS18B20 sensors on a one-wire bus, bit by bit as their data sheet has it: search, match, conversion, scratchpad with CRC.

Runs where the firmware's interpreter runs, on CPython and on MicroPython: a slot is 70 us, too short to ask another process.
"""
CONVERSION_US = 750_000
_MASK = (1 << 30) - 1          # the clock on MicroPython wraps
_IDLE, _ROM_COMMAND, _MATCH, _SEARCH, _COMMAND, _SEND, _BUSY = range(7)


def crc8(data):
    """X^8 + X^5 + X^4 + 1, least significant bit first."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x8C if crc & 1 else crc >> 1
    return crc


class Ds18b20:
    """One sensor. celsius_16: the temperature around it in sixteenths; its scratchpad learns of it by a conversion."""

    def __init__(self, rom, celsius_16):
        self.rom = rom
        self.celsius_16 = celsius_16
        self.there = True
        self.scratch = bytearray(b"\x50\x05\x4b\x46\x7f\xff\x0c\x10\x00")       # 85 °C until the first conversion
        self.scratch[8] = crc8(self.scratch[:8])
        self._state = _IDLE
        self._bits = self._count = 0
        self._out = b""
        self._began_us = 0
        self._converts = False

    def reset(self):
        self._state, self._bits, self._count = _ROM_COMMAND, 0, 0

    def _rom_bit(self, n):
        return self.rom[n >> 3] >> (n & 7) & 1

    def write(self, bit, now_us):
        """A write slot of the master's."""
        state = self._state
        if state == _SEARCH:
            if self._count % 3 == 2:
                self._state = _SEARCH if bit == self._rom_bit(self._count // 3) else _IDLE
                self._count += 1
                if self._count == 192 and self._state == _SEARCH:
                    self._state, self._bits, self._count = _COMMAND, 0, 0
        elif state == _MATCH:
            if bit != self._rom_bit(self._count):
                self._state = _IDLE
            self._count += 1
            if self._count == 64 and self._state == _MATCH:
                self._state, self._bits, self._count = _COMMAND, 0, 0
        elif state in (_ROM_COMMAND, _COMMAND):
            self._bits |= bit << self._count
            self._count += 1
            if self._count == 8:
                command, self._bits, self._count = self._bits, 0, 0
                if state == _ROM_COMMAND:
                    self._state = {0x55: _MATCH, 0xCC: _COMMAND, 0xF0: _SEARCH}.get(command, _IDLE)
                else:
                    self._do(command, now_us)

    def _do(self, command, now_us):
        if command == 0x44:
            self._began_us, self._converts, self._state = now_us, True, _BUSY
        elif command == 0xBE:
            self._finish(now_us)
            self._out, self._state = bytes(self.scratch), _SEND
        else:
            self._state = _IDLE

    def _finish(self, now_us):
        if self._converts and (now_us - self._began_us) & _MASK >= CONVERSION_US:
            self._converts = False
            self.scratch[0], self.scratch[1] = self.celsius_16 & 0xFF, self.celsius_16 >> 8 & 0xFF
            self.scratch[8] = crc8(self.scratch[:8])

    def read(self, now_us):
        """What it does to the line in a read slot: 0 pulls it low."""
        if self._state == _SEARCH:
            bit = self._rom_bit(self._count // 3)
            third = self._count % 3
            self._count += 1
            return bit if third == 0 else 1 - bit if third == 1 else 1
        if self._state == _SEND:
            n, self._count = self._count, self._count + 1
            return self._out[n >> 3] >> (n & 7) & 1 if n < 72 else 1
        if self._state == _BUSY:
            self._finish(now_us)
            return 0 if self._converts else 1
        return 1


class Bus:
    """Sensors on one wire. shorted: the line lies at ground."""

    def __init__(self):
        self.sensors = []
        self.shorted = False

    def set(self, rows, shorted=False):
        """rows: (code as 16 hex digits, sixteenths of a °C, is it there); sensors that are known keep their scratchpad."""
        self.shorted = bool(shorted)
        for text, celsius_16, there in rows:
            rom = bytes([int(text[n:n + 2], 16) for n in range(0, 16, 2)])
            known = [sensor for sensor in self.sensors if sensor.rom == rom]
            if not known:
                known = [Ds18b20(rom, celsius_16)]
                self.sensors.append(known[0])
            known[0].celsius_16 = celsius_16
            known[0].there = bool(there)

    def _answering(self):
        return [sensor for sensor in self.sensors if sensor.there]

    def reset(self):
        for sensor in self._answering():
            sensor.reset()
        return self.shorted or bool(self._answering())

    def write(self, bit, now_us):
        if not self.shorted:
            for sensor in self._answering():
                sensor.write(bit, now_us)

    def read(self, now_us):
        level = 1
        for sensor in self._answering():
            level &= sensor.read(now_us)
        return 0 if self.shorted else level
