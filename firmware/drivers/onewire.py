"""DS18B20 sensors on a one-wire bus: searched, measured and read in pieces of at most a millisecond or so, never waiting.

A slot of the bus is bit-banged with interrupts off for some 70 us; a reset takes a millisecond with them on. So each step does one
reset, one byte or five bits of a search. Commands and formats: data sheet of the DS18B20, search: Maxim application note 187.
"""

import asyncio
from binascii import hexlify

import _onewire
import machine
from micropython import const

STEP_MS = const(50)
CONVERSION_MS = const(800)       # 750 ms at 12 bits, and the margin of a cheap copy
ROUND_MS = const(5000)           # from the beginning of one round to the next
SEARCH_ROUNDS = const(20)        # rounds between two looks for new sensors
MISSES = const(3)                # readings in a row without a good answer: then it is lost
MOST = const(8)                  # sensors on the bus
_TRIPLETS = const(5)             # bits of a search in one step
_FAMILY = const(0x28)
_POWER_ON = const(0x0550)        # 85.0 °C: what it holds before its first conversion
_MATCH = const(0x55)
_SKIP = const(0xCC)
_SEARCH = const(0xF0)
_CONVERT = const(0x44)
_READ = const(0xBE)


class Sensor:
    """One sensor: id (16 hex digits, family code first), sixteenths of a °C or None, rounds without an answer."""

    def __init__(self, rom):
        self.rom = rom
        self.id = hexlify(rom).decode()
        self.value = None
        self.missed = 0

    @property
    def lost(self):
        """It does not answer any more."""
        return self.missed >= MISSES


class OneWireBus:
    """sensors: those found since the start, in the order of their ids; errors: {driver: count}, shared with the board's."""

    def __init__(self, gpio, errors):
        self._pin = machine.Pin(gpio, machine.Pin.OPEN_DRAIN, machine.Pin.PULL_UP, value=1)
        self._errors = errors
        self.sensors = []
        self.rounds = 0              # whole rounds since the start
        self._now_ms = 0
        self._work = self._forever()

    async def run(self, ticks_ms):
        """Task: a step every 50 ms, none while the bus is left alone."""
        while True:
            await asyncio.sleep_ms(self.step(ticks_ms()))

    def step(self, now_ms):
        """One piece of work. Returns how long there is none, ms."""
        self._now_ms = now_ms
        try:
            return next(self._work) or STEP_MS
        except Exception:                # whatever the chip raises: a new round begins, the sensors miss this one
            self._errors["onewire"] = self._errors.get("onewire", 0) + 1
            self._work = self._forever()
            self._all_missed()
            return STEP_MS

    def _all_missed(self):
        for sensor in self.sensors:
            sensor.value, sensor.missed = None, MISSES

    def _forever(self):
        while True:
            began_ms = self._now_ms
            if self.rounds % SEARCH_ROUNDS == 0 or not self.sensors:
                for _ in self._search():
                    yield
            present = _onewire.reset(self._pin)
            yield
            if present and self.sensors:
                _onewire.writebyte(self._pin, _SKIP)
                yield
                _onewire.writebyte(self._pin, _CONVERT)
                for left_ms in self._wait(self._now_ms, CONVERSION_MS):
                    yield left_ms
                for sensor in self.sensors:
                    for _ in self._measure(sensor):
                        yield
            elif self.sensors:
                self._all_missed()
            self.rounds += 1
            for left_ms in self._wait(began_ms, ROUND_MS):
                yield left_ms

    def _wait(self, since_ms, ms):
        left_ms = ms
        while left_ms > 0:
            left_ms = ms - ((self._now_ms - since_ms) & 0x3FFFFFFF)
            yield max(left_ms, STEP_MS)
            left_ms = ms - ((self._now_ms - since_ms) & 0x3FFFFFFF)

    def _measure(self, sensor):
        for _ in range(MISSES):
            for _ in self._read(sensor):
                yield
            if not sensor.missed:
                return

    def _read(self, sensor):
        _onewire.reset(self._pin)
        yield
        _onewire.writebyte(self._pin, _MATCH)
        for byte in sensor.rom:
            yield
            _onewire.writebyte(self._pin, byte)
        yield
        _onewire.writebyte(self._pin, _READ)
        data = bytearray(9)
        for place in range(9):
            yield
            data[place] = _onewire.readbyte(self._pin)
        self._take(sensor, sixteenths(data))

    def _take(self, sensor, value):
        if value is not None:
            sensor.value, sensor.missed = value, 0
        elif sensor.missed < MISSES:
            sensor.missed += 1
            if sensor.missed == MISSES:
                sensor.value = None

    def _search(self):
        """Finds every sensor, one at a time: at a bit where both kinds are there, 0 first, then 1."""
        rom = bytearray(8)
        branch = 64                  # the bit at which this pass takes 1 for the first time
        for _ in range(MOST):
            present = _onewire.reset(self._pin)
            yield
            if not present:
                return
            _onewire.writebyte(self._pin, _SEARCH)
            left_at = -1             # the last bit at which this pass took 0 and 1 is there too
            for bit in range(64):
                if bit % _TRIPLETS == 0:
                    yield
                zero, one = _onewire.readbit(self._pin), _onewire.readbit(self._pin)
                if zero and one:
                    return           # nobody answers any more
                mask = 1 << (bit & 7)
                if zero != one:
                    chosen = zero
                elif bit == branch:
                    chosen = 1
                else:
                    chosen = 1 if bit < branch < 64 and rom[bit >> 3] & mask else 0
                    if not chosen:
                        left_at = bit
                rom[bit >> 3] = rom[bit >> 3] | mask if chosen else rom[bit >> 3] & ~mask
                _onewire.writebit(self._pin, chosen)
            self._found(bytes(rom))
            if left_at < 0:
                return
            branch = left_at
            yield

    def _found(self, rom):
        if rom[0] == _FAMILY and _onewire.crc8(rom) == 0 and len(self.sensors) < MOST:
            if rom not in [sensor.rom for sensor in self.sensors]:
                self.sensors.append(Sensor(rom))
                self.sensors.sort(key=lambda sensor: sensor.rom)


def sixteenths(data):
    """1/16 °C of a scratchpad of nine bytes; None where it is not to be believed."""
    if _onewire.crc8(data) or data[4] & 0x9F != 0x1F:       # a bus that is shorted reads zeros, whose CRC is right
        return None
    raw = data[0] | data[1] << 8
    if raw == _POWER_ON:
        return None
    if raw & 0x8000:
        raw -= 0x10000
    return raw if -55 * 16 <= raw <= 125 * 16 else None
