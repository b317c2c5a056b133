"""PN532 card reader on I2C, SPI or UART. The chip does anticollision and cascade itself; we exchange frames with it.

Frames and commands: NXP's PN532 user manual (UM0701), sections 6 and 7.
"""

import asyncio

import machine
from micropython import const

from firmware.drivers.iso14443a import ReaderError

_ADDRESS = const(0x24)         # on I2C
_TO_CHIP = const(0xD4)
_FROM_CHIP = const(0xD5)
_GET_VERSION = const(0x02)
_SAM_CONFIGURATION = const(0x14)
_SET_PARAMETERS = const(0x12)
_RF_CONFIGURATION = const(0x32)
_LIST_TARGETS = const(0x4A)
_ACK = b"\x00\x00\xff\x00\xff\x00"
_READY_TRIES = const(60)       # of 2 ms
_LONGEST = const(28)           # bytes of an answer: a target with 10 bytes of UID; 2.8 ms on I2C
_WAKE = b"\x55\x55" + b"\x00" * 14     # UART: the chip needs so many bits to wake


class Pn532:
    """start() first, and again after a ReaderError; then read() as often as one likes. port: one of the three below."""

    def __init__(self, port):
        self._port = port

    async def start(self):
        """Wake and set up. ReaderError when there is no such chip; OSError from the bus."""
        await self._port.wake()
        await self._ask(_SAM_CONFIGURATION, b"\x01\x14\x01")            # normal mode, no security module
        version = await self._ask(_GET_VERSION, b"")
        if len(version) != 4 or version[0] != 0x32:
            raise ReaderError("another chip answers")
        await self._ask(_SET_PARAMETERS, b"\x00")                       # no RATS: a card's answer to it would make frames longer
        await self._ask(_RF_CONFIGURATION, b"\x05\xff\x01\x01")         # try each activation twice, then say that nobody is there

    async def read(self):
        """The UID of a card in the field, None when there is none. ReaderError, OSError."""
        found = await self._ask(_LIST_TARGETS, b"\x01\x00")
        if not found or found[0] == 0:
            return None
        if len(found) < 6 or len(found) < 6 + found[5] or found[5] not in (4, 7, 10):
            return None                                                # garbled by a card that went
        return bytes(found[6:6 + found[5]])

    async def _ask(self, command, data):
        """Send a command, return the data of its answer."""
        body = bytes((_TO_CHIP, command)) + data
        length = len(body)
        await self._port.send(b"\x00\x00\xff" + bytes((length, -length & 0xFF)) + body + bytes((-sum(body) & 0xFF, 0)))
        if await self._port.receive(6) != _ACK:
            raise ReaderError("the chip does not acknowledge")
        return _data_of(await self._port.receive(_LONGEST), command + 1)


def _data_of(frame, command):
    """The data of an answer's frame; ReaderError when it is none."""
    start = frame.find(b"\x00\xff")
    if start < 0 or len(frame) < start + 5:
        raise ReaderError("no frame came")
    length = frame[start + 2]
    body = frame[start + 4:start + 4 + length]
    if (length + frame[start + 3]) & 0xFF or len(body) != length or len(frame) < start + 5 + length:
        raise ReaderError("a frame is cut")
    if (sum(body) + frame[start + 4 + length]) & 0xFF:
        raise ReaderError("a frame's check sum is wrong")
    if length < 2 or body[0] != _FROM_CHIP or body[1] != command:
        raise ReaderError("the chip answers something else")
    return body[2:]


class I2cPort:
    """I2C, 100 kHz because the chip stretches the clock. Each read begins with a byte that says whether it is ready."""

    def __init__(self, number, scl, sda):
        self._i2c = machine.I2C(number, scl=machine.Pin(scl), sda=machine.Pin(sda), freq=100000, timeout=5000)

    async def wake(self):
        """The first addressing wakes it, and may stay unanswered."""
        try:
            self._i2c.writeto(_ADDRESS, b"\x00")
        except OSError:
            await asyncio.sleep_ms(2)

    async def send(self, frame):
        """One frame."""
        self._i2c.writeto(_ADDRESS, frame)

    async def receive(self, length):
        """Up to `length` bytes, when it is ready. ReaderError when it never is."""
        for _ in range(_READY_TRIES):
            await asyncio.sleep_ms(2)
            if self._i2c.readfrom(_ADDRESS, 1)[0] & 1:
                return self._i2c.readfrom(_ADDRESS, length + 1)[1:]
        raise ReaderError("the chip is never ready")


class SpiPort:
    """SPI with the lowest bit first, which the ESP32's does not: bits are turned here."""

    def __init__(self, number, sck, mosi, miso, cs):
        self._cs = machine.Pin(cs, machine.Pin.OUT, value=1)
        self._spi = machine.SPI(number, baudrate=1000000, polarity=0, phase=0, sck=machine.Pin(sck), mosi=machine.Pin(mosi),
                                miso=machine.Pin(miso))

    def _transfer(self, first, data):
        out = bytearray([_turned(byte) for byte in bytes((first,)) + data])
        self._cs(0)
        try:
            self._spi.write_readinto(out, out)
        finally:
            self._cs(1)
        return bytes([_turned(byte) for byte in out[1:]])

    async def wake(self):
        """Select it for 2 ms."""
        self._cs(0)
        await asyncio.sleep_ms(2)
        self._cs(1)

    async def send(self, frame):
        """One frame: data writing is 01."""
        self._transfer(1, frame)

    async def receive(self, length):
        """Up to `length` bytes, when the status (02) says so: data reading is 03. ReaderError when it never does."""
        for _ in range(_READY_TRIES):
            await asyncio.sleep_ms(2)
            if self._transfer(2, b"\x00")[0] == 1:
                return self._transfer(3, bytes(length))
        raise ReaderError("the chip is never ready")


class UartPort:
    """UART at 115200 baud."""

    def __init__(self, number, tx, rx):
        self._uart = machine.UART(number, 115200, tx=machine.Pin(tx), rx=machine.Pin(rx), rxbuf=256)
        self._rest = b""

    async def wake(self):
        """Bits enough to wake it; what it said before is forgotten."""
        self._rest = b""
        if self._uart.any():
            self._uart.read()
        self._uart.write(_WAKE)
        await asyncio.sleep_ms(3)

    async def send(self, frame):
        """One frame."""
        self._uart.write(frame)

    async def receive(self, length):
        """The next frame: its bytes come one after the other. ReaderError when they do not."""
        for _ in range(_READY_TRIES):
            await asyncio.sleep_ms(2)
            if self._uart.any():
                self._rest += self._uart.read()
            end = _end_of_frame(self._rest)
            if end:
                frame, self._rest = self._rest[:end], self._rest[end:]
                return frame
            if len(self._rest) > 2 * _LONGEST:
                self._rest = b""
                raise ReaderError("the chip babbles")
        raise ReaderError("the chip is silent")


def _end_of_frame(data):
    """Where the first frame in the bytes ends, 0 when it is not whole."""
    start = data.find(b"\x00\xff")
    if start < 0 or len(data) < start + 4:
        return 0
    length = data[start + 2]
    end = start + (5 if data[start + 2:start + 4] == b"\x00\xff" else 6 + length)
    return end if len(data) >= end else 0


def _turned(byte):
    byte = (byte & 0x55) << 1 | byte >> 1 & 0x55
    byte = (byte & 0x33) << 2 | byte >> 2 & 0x33
    return (byte & 0x0F) << 4 | byte >> 4
