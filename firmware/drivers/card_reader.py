"""The card reader of a board: asks for a card a few times a second, tells each one once, and starts a chip anew that hangs."""

import asyncio

from micropython import const

from firmware.drivers.iso14443a import ReaderError

_POLL_MS = const(120)          # a card held to the reader for 300 ms is seen
_RETRY_MS = const(2000)
_IDLE_MS = const(120)          # nor is one missed that is held there while cards begin to count
_GONE_POLLS = const(5)         # polls without the card before the same one counts anew: a hand trembles


def chip_from_board(facts):
    """The chip that the board's facts name; not started yet. Raises what its pins raise."""
    reader, pins = facts["rfid"], facts["pins"]
    number = reader.get("number", 1)
    if reader["kind"] == "mfrc522":
        from firmware.drivers.mfrc522 import Mfrc522
        return Mfrc522(number, pins["spi_sck"], pins["spi_mosi"], pins["spi_miso"], pins["rfid_cs"], pins["rfid_reset"])
    if reader["kind"] == "pn5180":
        from firmware.drivers.pn5180 import Pn5180
        return Pn5180(number, pins["spi_sck"], pins["spi_mosi"], pins["spi_miso"], pins["rfid_cs"], pins["rfid_irq"],
                      pins["rfid_reset"])
    from firmware.drivers.pn532 import I2cPort, Pn532, SpiPort, UartPort
    if reader["bus"] == "i2c":
        return Pn532(I2cPort(number, pins["i2c_scl"], pins["i2c_sda"]))
    if reader["bus"] == "spi":
        return Pn532(SpiPort(number, pins["spi_sck"], pins["spi_mosi"], pins["spi_miso"], pins["rfid_cs"]))
    return Pn532(UartPort(number, pins["rfid_tx"], pins["rfid_rx"]))


def _load(kind):
    """Loads the driver of this board's chip, and of no other, before the control loop runs: it takes milliseconds."""
    if kind == "mfrc522":
        from firmware.drivers.mfrc522 import Mfrc522 as chip
    elif kind == "pn5180":
        from firmware.drivers.pn5180 import Pn5180 as chip
    else:
        from firmware.drivers.pn532 import Pn532 as chip
    return chip


def reader_from_board(facts, wanted):
    """The CardReader of a board that has one. wanted(): whether cards are of use now."""
    _load(facts["rfid"]["kind"])
    kept = {"rfid": dict(facts["rfid"]), "pins": {}}
    for name in ("spi_sck", "spi_mosi", "spi_miso", "rfid_cs", "rfid_reset", "rfid_irq", "i2c_sda", "i2c_scl", "rfid_tx",
                 "rfid_rx"):
        kept["pins"][name] = facts["pins"].get(name)
    return CardReader(lambda: chip_from_board(kept), wanted)


class CardReader:
    """make_chip() builds the chip; wanted(): whether to ask for cards now. failure: why it does not work now, None while it
    does."""

    def __init__(self, make_chip, wanted=lambda: True):
        self._make_chip = make_chip
        self._wanted = wanted
        self._chip = None
        self._last = None
        self._gone = 0
        self.failure = None

    async def run(self, on_card):
        """Task: on_card(uid) with the bytes of each card, once per presentation."""
        while True:
            uid = None
            if not self._wanted():
                self.failure = None
                await asyncio.sleep_ms(_IDLE_MS)
                continue
            try:
                if self._chip is None:
                    chip = self._make_chip()
                    await chip.start()
                    self._chip = chip
                uid = await self._chip.read()
                self.failure = None
            except (ReaderError, OSError, ValueError, RuntimeError) as error:
                self._chip = None
                self.failure = "%s: %s" % (type(error).__name__, error)
                await asyncio.sleep_ms(_RETRY_MS)
                continue
            if self._is_new(uid):
                on_card(uid)
            await asyncio.sleep_ms(_POLL_MS)

    def _is_new(self, uid):
        if uid is None:
            self._gone = min(self._gone + 1, _GONE_POLLS)
            if self._gone == _GONE_POLLS:
                self._last = None
            return False
        self._gone = 0
        if uid == self._last:
            return False
        self._last = uid
        return True
