"""A Modbus energy meter as it sits on the charger's RS485 line: bytes in, bytes or silence out.

It knows nothing of the firmware: register maps and encodings are written down here a second time, from the same documents,
so that a mistake on either side shows. Runs on both interpreters (the unix VM's floats are double precision).
"""
import struct

CRC_POLYNOMIAL = 0xA001
ILLEGAL_FUNCTION = 1
ILLEGAL_ADDRESS = 2
ILLEGAL_VALUE = 3
FAULTS = ("silent", "crc", "slow", "babble", "truncated", "exception", "not_available")
SLOW_MS = 1500


def crc_bytes(data):
    """The two CRC bytes as they go on the line."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ CRC_POLYNOMIAL if crc & 1 else crc >> 1
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


def _phase_watts(readings):
    """Watts of each phase: as given, or from U·I when the readings have only a total."""
    given = getattr(readings, "power_phases_w", None)
    if given is not None:
        return list(given)
    return [mv * ma / 1e6 for mv, ma in zip(readings.voltage_mv, readings.current_ma)]


def _phase_wh(readings):
    """Wh of each phase: as given, or a third of the total when nothing else is known."""
    return list(getattr(readings, "energy_phases_wh", None) or [readings.energy_wh / 3] * 3)


def _f32(value):
    return struct.pack(">f", value)


def _u32(value):
    return struct.pack(">I", int(value + 0.5) % (1 << 32))


def _i32(value):
    return struct.pack(">i", int(value + 0.5 if value >= 0 else value - 0.5))


def _i32_low_first(value):
    data = _i32(value)
    return data[2:] + data[:2]


def _u64(value):
    return struct.pack(">Q", int(value + 0.5))


# What a meter sends where it has no value.
_NOTHING = {_f32: b"\x7f\xc0\0\0", _u32: b"\xff" * 4, _i32: b"\x7f\xff\xff\xff", _i32_low_first: b"\xff\xff\x7f\xff",
            _u64: b"\xff" * 8}


class _Image:
    """Registers by address; an address that is not in `words` does not exist."""

    def __init__(self, has_values):
        self.words = {}
        self._has_values = has_values

    def zeros(self, count):
        """Registers from 0 that answer zero where nothing is measured."""
        for register in range(count):
            self.words[register] = b"\0\0"

    def place(self, encode, address, step, values):
        """Values from `address` on, `step` registers apart."""
        for value in values:
            data = encode(value) if self._has_values else _NOTHING[encode]
            for i in range(0, len(data), 2):
                self.words[address + i // 2] = data[i:i + 2]
            address += step


def _eastron(image, readings):
    image.zeros(0x5A)
    image.place(_f32, 0x00, 2, [mv / 1000 for mv in readings.voltage_mv])
    image.place(_f32, 0x06, 2, [ma / 1000 for ma in readings.current_ma])
    image.place(_f32, 0x0C, 2, _phase_watts(readings))
    image.place(_f32, 0x34, 2, [readings.power_w])
    image.place(_f32, 0x46, 2, [50.0])
    image.place(_f32, 0x48, 2, [readings.energy_wh / 1000, 0.0])  # import, export


def _sdm630(image, readings):
    _eastron(image, readings)
    image.place(_f32, 0x15A, 2, [wh / 1000 for wh in _phase_wh(readings)])


def _abb_b23(image, readings):
    volts = [mv / 1000 for mv in readings.voltage_mv]
    image.place(_u32, 0x5B00, 2, [v * 10 for v in volts])
    image.place(_u32, 0x5B06, 2, [v * 17.3205 for v in volts])  # between the phases
    image.place(_u32, 0x5B0C, 2, [ma / 10 for ma in readings.current_ma])
    image.place(_u32, 0x5B12, 2, [0])  # neutral
    image.place(_i32, 0x5B14, 2, [readings.power_w * 100])
    image.place(_i32, 0x5B16, 2, [w * 100 for w in _phase_watts(readings)])
    image.place(_u64, 0x5000, 4, [readings.energy_wh / 10, 0])  # import, export
    image.place(_u64, 0x5460, 4, [wh / 10 for wh in _phase_wh(readings)])


def _em340(image, readings):
    image.zeros(0x50)
    image.place(_i32_low_first, 0x00, 2, [mv / 100 for mv in readings.voltage_mv])
    image.place(_i32_low_first, 0x0C, 2, readings.current_ma)
    image.place(_i32_low_first, 0x12, 2, [w * 10 for w in _phase_watts(readings)])
    image.place(_i32_low_first, 0x28, 2, [readings.power_w * 10])
    image.place(_i32_low_first, 0x34, 2, [readings.energy_wh / 100])
    image.place(_i32_low_first, 0x40, 2, [wh / 100 for wh in _phase_wh(readings)])


# type: (fills the image from the readings, function codes, registers per read, words per value that must not be cut)
_TYPES = {
    "eastron_sdm630": (_sdm630, (4,), 80, 2),
    "eastron_sdm72d_v2": (_eastron, (4,), 80, 2),
    "abb_b23": (_abb_b23, (3,), 125, 1),
    "carlo_gavazzi_em340": (_em340, (3, 4), 50, 1),
}


class ModbusMeter:
    """One slave. `readings` has voltage_mv[3], current_ma[3], power_w, energy_wh (and, if it likes, power_phases_w[3] and
    energy_phases_wh[3]); they are read anew for every request.

    `fault` is None or one of FAULTS. With "slow" the answer is right, but `delay_ms` says how late it comes: whoever owns
    the line must wait for it. `requests` counts the valid requests to this address.
    """

    def __init__(self, readings, type="eastron_sdm630", address=2):
        if type not in _TYPES:
            raise ValueError("meter type %r is not one of %s" % (type, ", ".join(sorted(_TYPES))))
        self._fill, self._functions, self._most, self._align = _TYPES[type]
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
        image = _Image(self.fault != "not_available")
        self._fill(image, self.readings)
        data = b""
        for register in range(start, start + count):
            if register not in image.words:
                return self._exception(function, ILLEGAL_ADDRESS)
            data += image.words[register]
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
