"""PN5180 card reader on SPI with its BUSY line: cards of ISO 14443A and of ISO 15693. In between the steps others run.

Host commands, registers and bits: NXP's data sheet, sections 11.4 and 11.9. Nothing of this is known to be right for a card in
the field but by the twin's model of the chip. Of several cards at once none is read: the chip's place of a collision is not used.
"""

import asyncio

import machine
from micropython import const

from firmware.drivers.iso14443a import Answer, ReaderError, read_uid

# host commands
_WRITE = const(0x00)
_OR = const(0x01)
_AND = const(0x02)
_READ = const(0x04)
_READ_EEPROM = const(0x07)
_SEND_DATA = const(0x09)
_READ_DATA = const(0x0A)
_LOAD_RF_CONFIG = const(0x11)
_RF_ON = const(0x16)
_RF_OFF = const(0x17)
# registers, 32 bits each
_SYSTEM_CONFIG = const(0x00)
_IRQ_STATUS = const(0x02)
_IRQ_CLEAR = const(0x03)
_CRC_RX_CONFIG = const(0x12)
_RX_STATUS = const(0x13)
_CRC_TX_CONFIG = const(0x19)
_RF_STATUS = const(0x1D)

_VERSION = const(0x10)         # in the EEPROM, two bytes
_TRANSCEIVE = const(3)         # in SYSTEM_CONFIG, bits 0 to 2
_CRYPTO = const(0x40)          # in SYSTEM_CONFIG
_RECEIVED = const(0x01)        # in IRQ_STATUS
_AWAKE = const(0x04)           # in IRQ_STATUS: idle after the start
_MAY_SEND = const(1)           # in RF_STATUS, bits 24 to 26
_WRONG = const(0x70000)        # in RX_STATUS: CRC or parity, protocol, collision

_A_106 = b"\x00\x80"           # set-ups of the radio: ISO 14443A, 106 kbit/s; ISO 15693, 26 kbit/s
_V_26 = b"\x0d\x8d"
_INVENTORY = b"\x26\x01\x00"   # ISO 15693-3: high data rate, one slot, no mask
_BAUD = const(4000000)
_BUSY_LOOKS = const(100)       # at the line, some microseconds each
_BUSY_TRIES = const(12)        # of 1 ms then
_WAKE_TRIES = const(25)        # of 2 ms
_ANSWER_TRIES = const(12)      # of 1 ms: an inventory's answer takes 5
_FIELD_MS = const(6)           # a card has its supply 5 ms after the field came


class Pn5180:
    """start() first, and again after a ReaderError; then read() as often as one likes."""

    def __init__(self, number, sck, mosi, miso, cs, busy, reset):
        """SPI number and GPIOs."""
        self._cs = machine.Pin(cs, machine.Pin.OUT, value=1)
        self._busy = machine.Pin(busy, machine.Pin.IN)
        self._reset = machine.Pin(reset, machine.Pin.OUT, value=1)
        self._spi = machine.SPI(number, baudrate=_BAUD, polarity=0, phase=0, sck=machine.Pin(sck), mosi=machine.Pin(mosi),
                                miso=machine.Pin(miso))

    async def _until_busy_is(self, level):
        for _ in range(_BUSY_LOOKS):
            if self._busy() == level:
                return
        for _ in range(_BUSY_TRIES):
            await asyncio.sleep_ms(1)
            if self._busy() == level:
                return
        raise ReaderError("no chip answers" if level else "the chip stays busy")

    async def _frame(self, data):
        """Exchange one frame: selected until the chip has taken it (BUSY rises), over when it has done it (BUSY falls)."""
        await self._until_busy_is(0)
        self._cs(0)
        try:
            self._spi.write_readinto(data, data)
            await self._until_busy_is(1)
        finally:
            self._cs(1)
        await self._until_busy_is(0)
        return data

    async def _do(self, command, *values):
        await self._frame(bytearray((command,) + values))

    async def _change(self, command, register, value):
        await self._frame(bytearray((command, register)) + value.to_bytes(4, "little"))

    async def _ask(self, count, *command):
        """What a reading command gives, in a frame of its own."""
        await self._frame(bytearray(command))
        return bytes(await self._frame(bytearray(b"\xff" * count)))

    async def _get(self, register):
        return int.from_bytes(await self._ask(4, _READ, register), "little")

    async def start(self):
        """Reset. ReaderError when there is no such chip; OSError from the bus."""
        self._reset(0)
        await asyncio.sleep_ms(1)
        self._reset(1)
        await asyncio.sleep_ms(5)
        for _ in range(_WAKE_TRIES):
            if await self._get(_IRQ_STATUS) & _AWAKE:
                break
            await asyncio.sleep_ms(2)
        else:
            raise ReaderError("the chip does not wake")
        await self._check()

    async def _check(self):
        if await self._ask(2, _READ_EEPROM, _VERSION, 2) in (b"\x00\x00", b"\xff\xff"):
            raise ReaderError("no chip answers")

    async def read(self):
        """The UID of a card in the field, None when there is none. ReaderError, OSError. The field is off in between, and each
        reading sets the radio up anew: a supply that dipped leaves nothing wrong behind."""
        await self._check()
        await self._do(_LOAD_RF_CONFIG, _A_106[0], _A_106[1])
        await self._change(_AND, _SYSTEM_CONFIG, 0xFFFFFFFF ^ _CRYPTO)
        for register in (_CRC_TX_CONFIG, _CRC_RX_CONFIG):
            await self._change(_AND, register, 0xFFFFFFFE)         # read_uid() reckons it itself
        await self._do(_RF_ON, 0)
        try:
            await asyncio.sleep_ms(_FIELD_MS)
            uid = await read_uid(self)
            if uid is None:
                await self._do(_LOAD_RF_CONFIG, _V_26[0], _V_26[1])
                uid = await self._inventory()
            return uid
        finally:
            await self._do(_RF_OFF, 0)

    async def _inventory(self):
        """The UID (8 bytes, E0 first, as it is printed on cards) of the one ISO 15693 card in the field, or None. The chip adds and
        checks the CRC."""
        answer = await self.exchange(_INVENTORY, 0, 0)
        if answer is None or len(answer.data) != 10 or answer.data[0] & 1 or answer.data[9] != 0xE0:
            return None
        return bytes([answer.data[at] for at in range(9, 1, -1)])

    async def exchange(self, data, last_bits, align):
        """Send a frame (last_bits of its last byte, 0 = all): an Answer, or None when nothing came, it was garbled, or cards
        collided. align is 0: only after a collision it would not be."""
        await self._change(_AND, _SYSTEM_CONFIG, 0xFFFFFFF8)
        await self._change(_OR, _SYSTEM_CONFIG, _TRANSCEIVE)
        if await self._get(_RF_STATUS) >> 24 & 7 != _MAY_SEND:
            raise ReaderError("the chip does not send")
        await self._change(_WRITE, _IRQ_CLEAR, 0xFFFFF)
        await self._frame(bytearray((_SEND_DATA, last_bits)) + data)
        for _ in range(_ANSWER_TRIES):
            await asyncio.sleep_ms(1)
            if await self._get(_IRQ_STATUS) & _RECEIVED:
                break
        else:
            return None
        status = await self._get(_RX_STATUS)
        length = status & 0x1FF
        if status & _WRONG or not 0 < length <= 16:
            return None
        return Answer(await self._ask(length, _READ_DATA, 0), status >> 13 & 7, 0)
