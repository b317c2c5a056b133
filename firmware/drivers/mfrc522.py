"""MFRC522 card reader on SPI. Every step is a few register accesses; in between others run.

Register numbers and bits: NXP's data sheet, section 9. Nothing of this is known to be right for a card in the field but by the
twin's model of the chip: levels and range need a board.
"""

import asyncio

import machine
from micropython import const

from firmware.drivers.iso14443a import Answer, ReaderError, read_uid

# registers
_COMMAND = const(0x01)
_COM_IRQ = const(0x04)
_ERROR = const(0x06)
_FIFO = const(0x09)
_FIFO_LEVEL = const(0x0A)
_CONTROL = const(0x0C)
_BIT_FRAMING = const(0x0D)
_COLL = const(0x0E)
_MODE = const(0x11)
_TX_MODE = const(0x12)
_RX_MODE = const(0x13)
_TX_CONTROL = const(0x14)
_TX_ASK = const(0x15)
_MOD_WIDTH = const(0x24)
_RF_CONFIG = const(0x26)
_T_MODE = const(0x2A)
_T_PRESCALER = const(0x2B)
_T_RELOAD_HIGH = const(0x2C)
_T_RELOAD_LOW = const(0x2D)
_VERSION = const(0x37)

_IDLE = const(0x00)
_TRANSCEIVE = const(0x0C)
_SOFT_RESET = const(0x0F)
_POWER_DOWN = const(0x10)      # in COMMAND: still waking
_ANTENNA = const(0x03)         # in TX_CONTROL
_START = const(0x80)           # in BIT_FRAMING
_RECEIVED = const(0x30)        # in COM_IRQ: RxIrq, IdleIrq
_TIMED_OUT = const(0x01)       # in COM_IRQ
_WRONG = const(0x13)           # in ERROR: buffer overflow, parity, protocol
_COLLIDED = const(0x08)        # in ERROR
_NO_POSITION = const(0x20)     # in COLL
_FLUSH = const(0x80)           # in FIFO_LEVEL

# Set-up: 5 ms for an answer (200 periods of 25 us), 100 % ASK, CRC preset 0x6363, 106 kbit/s without CRC, gain 48 dB.
_SET_UP = ((_T_MODE, 0x80), (_T_PRESCALER, 0xA9), (_T_RELOAD_HIGH, 0), (_T_RELOAD_LOW, 200), (_TX_ASK, 0x40), (_MODE, 0x3D),
           (_TX_MODE, 0), (_RX_MODE, 0), (_MOD_WIDTH, 0x26), (_RF_CONFIG, 0x70), (_COLL, 0))
_BAUD = const(4000000)
_WAKE_TRIES = const(25)        # of 2 ms: the oscillator starts within 50 ms
_ANSWER_TRIES = const(12)      # of 1 ms: the chip's own timer ends after 5
_FIELD_MS = const(6)           # a card has its supply 5 ms after the field came (ISO 14443-3)


class Mfrc522:
    """start() first, and again after a ReaderError; then read() as often as one likes."""

    def __init__(self, number, sck, mosi, miso, cs, reset=None):
        """SPI number and GPIOs; reset may be None."""
        self._cs = machine.Pin(cs, machine.Pin.OUT, value=1)
        self._reset = None if reset is None else machine.Pin(reset, machine.Pin.OUT, value=1)
        self._spi = machine.SPI(number, baudrate=_BAUD, polarity=0, phase=0, sck=machine.Pin(sck), mosi=machine.Pin(mosi),
                                miso=machine.Pin(miso))
        self._two = bytearray(2)

    def _get(self, register):
        two = self._two
        two[0] = register << 1 | 0x80
        two[1] = 0
        self._cs(0)
        try:
            self._spi.write_readinto(two, two)
        finally:
            self._cs(1)
        return two[1]

    def _set(self, register, value):
        two = self._two
        two[0] = register << 1
        two[1] = value
        self._cs(0)
        try:
            self._spi.write(two)
        finally:
            self._cs(1)

    async def start(self):
        """Reset and set up. ReaderError when there is no such chip; OSError from the bus."""
        if self._reset is not None:
            self._reset(0)
            await asyncio.sleep_ms(1)
            self._reset(1)
        self._set(_COMMAND, _SOFT_RESET)
        for _ in range(_WAKE_TRIES):
            await asyncio.sleep_ms(2)
            if not self._get(_COMMAND) & _POWER_DOWN:
                break
        self._check()
        for register, value in _SET_UP:
            self._set(register, value)
        await asyncio.sleep_ms(1)
        if self._get(_T_RELOAD_LOW) != 200:
            raise ReaderError("the chip does not keep what is written")

    def _check(self):
        version = self._get(_VERSION)
        if version in (0x00, 0xFF):
            raise ReaderError("no chip answers")

    async def read(self):
        """The UID of a card in the field, None when there is none. ReaderError, OSError. The field is off in between: each card is
        asked anew, and the reader stays cool."""
        self._check()
        if self._get(_T_RELOAD_LOW) != 200:
            raise ReaderError("the chip has lost its set-up")     # its supply dipped
        self._set(_TX_CONTROL, 0x80 | _ANTENNA)
        try:
            await asyncio.sleep_ms(_FIELD_MS)
            return await read_uid(self)
        finally:
            self._set(_TX_CONTROL, 0x80)

    async def exchange(self, data, last_bits, align):
        """Send a frame (last_bits of its last byte, 0 = all), receive one whose first bit stands at `align`: an Answer, or None
        when nothing came or it was garbled."""
        self._set(_COMMAND, _IDLE)
        self._set(_COM_IRQ, 0x7F)
        self._set(_FIFO_LEVEL, _FLUSH)
        for byte in data:
            self._set(_FIFO, byte)
        self._set(_COMMAND, _TRANSCEIVE)
        self._set(_BIT_FRAMING, _START | align << 4 | last_bits)
        seen = 0
        for _ in range(_ANSWER_TRIES):
            await asyncio.sleep_ms(1)
            seen = self._get(_COM_IRQ)
            if seen & (_RECEIVED | _TIMED_OUT):
                break
        self._set(_BIT_FRAMING, 0)
        if not seen & _RECEIVED:
            if not seen & _TIMED_OUT:
                raise ReaderError("the chip's timer stands still")
            return None
        wrong = self._get(_ERROR)
        length = self._get(_FIFO_LEVEL)
        if wrong & _WRONG or not 0 < length <= 16:
            return None
        received = bytes([self._get(_FIFO) for _ in range(length)])
        collided_at = 0
        if wrong & _COLLIDED:
            where = self._get(_COLL)
            if where & _NO_POSITION:
                return None
            collided_at = where & 0x1F or 32
        return Answer(received, self._get(_CONTROL) & 7, collided_at)
