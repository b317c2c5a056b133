"""A Modbus energy meter as it sits on the charger's RS485 line: bytes in, bytes or silence out.

It knows nothing of the firmware: its registers are those of meter_maps.py. Runs on both interpreters.
"""
import struct

from tools.twin.meter_maps import MAPS, image

CRC_POLYNOMIAL = 0xA001
ILLEGAL_FUNCTION = 1
ILLEGAL_ADDRESS = 2
ILLEGAL_VALUE = 3
FAULTS = ("silent", "crc", "slow", "babble", "truncated", "exception", "not_available", "wrong_address")
SLOW_MS = 1500


def _table():
    rows = []
    for crc in range(256):
        for _ in range(8):
            crc = crc >> 1 ^ CRC_POLYNOMIAL if crc & 1 else crc >> 1
        rows.append(crc)
    return tuple(rows)


_CRC_OF_BYTE = _table()


def crc_bytes(data):
    """The two CRC bytes as they go on the line."""
    crc = 0xFFFF
    table = _CRC_OF_BYTE
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return bytes((crc & 0xFF, crc >> 8))


def with_crc(body):
    """A whole frame."""
    return bytes(body) + crc_bytes(body)


class Quantities:
    """Physical readings in plain attributes, for tests: V, A, W, Wh per phase; energy_wh is the total register."""

    def __init__(self, voltage_mv=(230000, 230000, 230000), current_ma=(0, 0, 0), power_w=0, energy_wh=0):
        self.voltage_mv = list(voltage_mv)
        self.current_ma = list(current_ma)
        self.power_w = power_w
        self.energy_wh = energy_wh


class ModbusMeter:
    """One slave. `readings` has voltage_mv[3], current_ma[3], power_w, energy_wh (and, if it likes, power_phases_w[3] and
    energy_phases_wh[3]); they are read anew for every request. `dense` False: registers in the holes of its map do not exist.

    `fault` is None or one of FAULTS. With "slow" the answer is right, but `delay_ms` says how late it comes: whoever owns
    the line must wait for it. `requests` counts the valid requests to this address.
    """

    def __init__(self, readings, type="eastron_sdm630", address=2, dense=True):
        if type not in MAPS:
            raise ValueError("meter type %r is not one of %s" % (type, ", ".join(sorted(MAPS))))
        self._functions, self._most, self._align, _, _ = MAPS[type]
        self._dense = dense
        self.type = type
        self.readings = readings
        self.address = address
        self.fault = None
        self.requests = 0
        self._noise = 12345

    @property
    def delay_ms(self):
        """Extra time before the answer."""
        return SLOW_MS if self.fault == "slow" else 0

    def request(self, frame):
        """The answer to one frame, or None for silence: another's address, a broken frame, a broadcast, or the fault."""
        frame = bytes(frame)
        if self.fault is not None and self.fault not in FAULTS:
            raise ValueError("meter fault %r is not one of %s" % (self.fault, ", ".join(FAULTS)))
        if self.fault == "babble":
            return self._babble(frame)
        if len(frame) < 4 or crc_bytes(frame[:-2]) != frame[-2:] or frame[0] != self.address:
            return None
        self.requests += 1
        if self.fault == "silent":
            return None
        answer = with_crc(self._answer(frame[1], frame[2:-2]))
        if self.fault == "wrong_address":
            return with_crc(bytes((self.address % 247 + 1,)) + answer[1:-2])
        if self.fault == "crc":
            return answer[:-1] + bytes((answer[-1] ^ 0x10,))
        if self.fault == "truncated":
            return answer[:len(answer) // 2]
        return answer

    def _answer(self, function, body):
        if self.fault == "exception":
            return self._exception(function, 4)
        if function not in self._functions:
            return self._exception(function, ILLEGAL_FUNCTION)
        if len(body) != 4:
            return self._exception(function, ILLEGAL_VALUE)
        start, count = struct.unpack(">HH", body)
        if not 1 <= count <= self._most:
            return self._exception(function, ILLEGAL_VALUE)
        if start % self._align or count % self._align:
            return self._exception(function, ILLEGAL_ADDRESS)
        words = image(self.type, self.readings, self.fault != "not_available", self._dense)
        data = b""
        for register in range(start, start + count):
            if register not in words:
                return self._exception(function, ILLEGAL_ADDRESS)
            data += words[register]
        return bytes((self.address, function, len(data))) + data

    def _exception(self, function, code):
        return bytes((self.address, function | 0x80, code))

    def _babble(self, frame):
        """Noise, always the same from the start: as long as the frame that provoked it, five times over."""
        noise = bytearray()
        for _ in range(5 * len(frame)):
            self._noise = (self._noise * 1103515245 + 12345) & 0x7FFFFFFF
            noise.append(self._noise >> 16 & 0xFF)
        return bytes(noise)
