"""Card readers at the level of their registers and frames: every UID is read whole or not at all, and no step holds the loop."""
import unittest

from host_tests.drivers.chip import Chip, board_facts
from host_tests.drivers.stepper import Stepper
from tools.twin.rfid import Card, Field, Mfrc522Chip, Pn532Chip, Pn532OnI2c, Pn532OnSpi, Pn532OnUart
from tools.twin.rfid_pn5180 import Card15693, Pn5180Chip

UIDS = (bytes.fromhex("04A1B2C3"), bytes.fromhex("04A1B2C3D4E5F6"), bytes.fromhex("04A1B2C3D4E5F60788FF"),
        bytes.fromhex("00000000"), bytes.fromhex("FFFFFFFF"), bytes.fromhex("88000000000000"))
PINS = {"spi_sck": 18, "spi_mosi": 23, "spi_miso": 19, "rfid_cs": 5, "rfid_reset": 17, "i2c_sda": 21, "i2c_scl": 22, "rfid_tx": 17,
        "rfid_rx": 16, "rfid_irq": 4}
READERS = (("mfrc522", "spi", 2), ("pn532", "i2c", 0), ("pn532", "spi", 2), ("pn532", "uart", 2), ("pn5180", "spi", 2))
STEP_US = 5000


def bits_below(number):
    """A few bits that depend on the number."""
    return number * 2654435761 >> 7 & 0xFFFFFFFF


class Reader:
    """A chip of the twin with a reader on it."""

    def __init__(self, kind, bus, number):
        facts = board_facts()
        facts["pins"].update(PINS)
        facts["rfid"] = {"kind": kind, "bus": bus, "number": number}
        self.chip = Chip(facts)
        self.field = Field()
        hal = self.chip.hal
        if kind == "mfrc522":
            self.model = Mfrc522Chip(self.field)
            hal.attach_spi(number, PINS["rfid_cs"], self.model)
        elif kind == "pn5180":
            self.model = Pn5180Chip(self.field, lambda level: hal.set_pin(PINS["rfid_irq"], level))
            hal.attach_spi(number, PINS["rfid_cs"], self.model)
            hal.on_output = self._selected
        else:
            self.model = Pn532Chip(self.field)
            if bus == "i2c":
                hal.attach_i2c(number, 0x24, Pn532OnI2c(self.model))
            elif bus == "spi":
                hal.attach_spi(number, PINS["rfid_cs"], Pn532OnSpi(self.model))
            else:
                port = Pn532OnUart(self.model, lambda data: hal.uart_rx(number, data))
                hal.on_output = lambda signal, key, value, t_us: port.hear(value) if signal == "uart" and key == number else None
        from firmware.drivers import card_reader, iso14443a, mfrc522, pn532, pn5180
        self.error = iso14443a.ReaderError
        self.stepper = Stepper(self.chip, card_reader, mfrc522, pn532, pn5180)
        self.driver = card_reader.chip_from_board(facts)
        self.reader = card_reader.CardReader(lambda: card_reader.chip_from_board(facts))

    def _selected(self, signal, key, value, t_us):
        if signal == "pin" and key == PINS["rfid_cs"] and value == 1:
            self.model.released()
        if signal == "pin" and key == PINS["rfid_reset"] and value == 0:
            self.model.reset()

    def start(self):
        self.stepper.run(self.driver.start())

    def read(self):
        return self.stepper.run(self.driver.read())

    def close(self):
        self.chip.close()


class EveryReaderTest(unittest.TestCase):
    def each(self, body):
        for kind, bus, number in READERS:
            with self.subTest(kind=kind, bus=bus):
                reader = Reader(kind, bus, number)
                try:
                    body(reader)
                finally:
                    reader.close()

    def test_every_length_of_uid_is_read_whole_and_no_step_takes_five_ms(self):
        def body(reader):
            reader.start()
            self.assertIsNone(reader.read())
            for uid in UIDS:
                reader.field.cards = [Card(uid)]
                for _ in range(3):
                    self.assertEqual(reader.read(), uid)
                reader.field.cards = []
                self.assertIsNone(reader.read())
            self.assertLess(reader.stepper.longest_us, STEP_US)

        self.each(body)

    def test_a_card_pulled_away_at_any_moment_is_none_or_whole(self):
        def body(reader):
            reader.start()
            uid, outcomes = UIDS[2], set()
            for moment in range(12):
                card, left = Card(uid), [moment]

                def go(field=reader.field, left=left):
                    left[0] -= 1
                    if left[0] < 0:
                        field.cards = []

                reader.field.cards, reader.field.on_frame = [card], go
                outcomes.add(reader.read())
                reader.field.on_frame = None
                reader.field.cards = []
                self.assertIsNone(reader.read())
            self.assertEqual(outcomes, {None, uid})

        self.each(body)

    def test_wrong_bits_never_become_another_uid(self):
        def body(reader):
            reader.start()
            for uid in UIDS[:3]:
                for count in range(1, 9):
                    reader.field.cards, reader.model.corrupt = [Card(uid)], count
                    try:
                        self.assertIn(reader.read(), (None, uid))
                    except reader.error:
                        reader.model.corrupt = 0
                        reader.start()
                reader.model.corrupt = 0
                self.assertEqual(reader.read(), uid)

        self.each(body)

    def test_a_pn532_whose_supply_dipped_is_asleep_and_has_forgotten_its_setting(self):
        # the twin's chip once stayed set up whatever its supply did, and answered on a UART that had never woken it
        for kind, bus, number in READERS[1:4]:
            with self.subTest(bus=bus):
                reader = Reader(kind, bus, number)
                self.addCleanup(reader.close)
                reader.start()
                reader.model.dead = True
                reader.model.dead = False
                with self.assertRaises((reader.error, OSError)):
                    reader.read()
                reader.start()
                self.assertIsNone(reader.read())
                reader.model.power_on()
                reader.driver._port.wake = self._no_waking
                if bus == "uart":
                    with self.assertRaises(reader.error):
                        reader.start()

    @staticmethod
    async def _no_waking():
        return None

    def test_an_unplugged_reader_is_an_error_and_one_plugged_in_again_works(self):
        def body(reader):
            reader.model.dead = True
            with self.assertRaises((reader.error, OSError)):
                reader.start()
            reader.model.dead = False
            reader.start()
            reader.model.dead = True
            with self.assertRaises((reader.error, OSError)):
                reader.read()
            reader.model.dead = False
            reader.start()
            reader.field.cards = [Card(UIDS[1])]
            self.assertEqual(reader.read(), UIDS[1])
            self.assertLess(reader.stepper.longest_us, STEP_US)

        self.each(body)


class Mfrc522Test(unittest.TestCase):
    def setUp(self):
        self.reader = Reader(*READERS[0])
        self.reader.start()

    def tearDown(self):
        self.reader.close()

    def test_of_several_cards_one_is_read_whole(self):
        for number in range(40):
            uids = []
            for card in range(2 + number % 3):
                length = (4, 7, 10)[bits_below(number + card) % 3]
                uids.append(bytes([bits_below(number * 31 + card * 7 + at) & 0xFF for at in range(length)]))
            uids = [uid for uid in uids if uid[0] != 0x88 or len(uid) > 4]
            self.reader.field.cards = [Card(uid) for uid in uids]
            self.assertIn(self.reader.read(), uids)

    def test_cards_that_differ_in_one_bit_are_told_apart_at_each_of_the_bits(self):
        for bit in range(32):
            one = 0x1234AB04
            uids = [one.to_bytes(4, "little"), (one ^ 1 << bit).to_bytes(4, "little")]
            self.reader.field.cards = [Card(uid) for uid in uids]
            self.assertIn(self.reader.read(), uids)

    def test_the_field_is_off_between_two_readings(self):
        self.reader.field.cards = [Card(UIDS[0])]
        self.assertEqual(self.reader.read(), UIDS[0])
        self.assertFalse(self.reader.field._on)

    def test_a_supply_that_dipped_is_noticed(self):
        self.reader.model.brown_out()
        with self.assertRaises(self.reader.error):
            self.reader.read()
        self.reader.start()
        self.reader.field.cards = [Card(UIDS[0])]
        self.assertEqual(self.reader.read(), UIDS[0])


class Pn5180Test(unittest.TestCase):
    UID = bytes.fromhex("E00401500A1B2C3D")

    def setUp(self):
        self.reader = Reader(*READERS[4])
        self.reader.start()

    def tearDown(self):
        self.reader.close()

    def test_a_card_of_iso_15693_is_read_as_it_is_printed_and_one_of_14443_goes_first(self):
        self.reader.model.vicinity = [Card15693(self.UID)]
        for _ in range(3):
            self.assertEqual(self.reader.read(), self.UID)
        self.reader.field.cards = [Card(UIDS[1])]
        self.assertEqual(self.reader.read(), UIDS[1])
        self.reader.field.cards = self.reader.model.vicinity = []
        self.assertIsNone(self.reader.read())
        self.assertLess(self.reader.stepper.longest_us, STEP_US)

    def test_several_cards_or_a_wrong_crc_are_none(self):
        self.reader.model.vicinity = [Card15693(self.UID), Card15693(self.UID[:7] + b"\x00")]
        self.assertIsNone(self.reader.read())
        self.reader.model.vicinity = [Card15693(self.UID)]
        self.reader.model.corrupt = 1
        self.assertIsNone(self.reader.read())
        self.assertEqual(self.reader.read(), self.UID)
        self.reader.field.cards = [Card(UIDS[0]), Card(bytes.fromhex("FFA1B2C3"))]
        self.reader.model.vicinity = []
        self.assertIsNone(self.reader.read())

    def test_a_supply_that_dipped_leaves_nothing_wrong_behind(self):
        self.reader.model.vicinity = [Card15693(self.UID)]
        self.reader.read()
        self.reader.model.reset()
        self.assertEqual(self.reader.read(), self.UID)
        self.assertFalse(self.reader.model._on)

    def test_a_busy_line_that_hangs_is_an_error_within_a_moment(self):
        for level in (0, 1):
            self.reader.model._busy = lambda now: None
            self.reader.chip.hal.set_pin(PINS["rfid_irq"], level)
            before_us = self.reader.chip.clock.now_us
            with self.assertRaises(self.reader.error):
                self.reader.read()
            self.assertLess(self.reader.chip.clock.now_us - before_us, 40000)
        self.assertLess(self.reader.stepper.longest_us, STEP_US)


class CardReaderTest(unittest.TestCase):
    def setUp(self):
        self.reader = Reader(*READERS[0])
        self.seen = []
        self.task = self.reader.reader.run(self.seen.append)

    def tearDown(self):
        self.task.close()
        self.reader.close()

    def pass_ms(self, ms):
        end_us = self.reader.chip.clock.now_us + ms * 1000
        while self.reader.chip.clock.now_us < end_us:
            self.reader.chip.run_ms(self.task.send(None))

    def test_a_card_held_for_300_ms_is_told_once_whenever_it_comes(self):
        self.pass_ms(100)
        for wait_ms in range(0, 200, 13):
            self.seen.clear()
            self.pass_ms(wait_ms)
            self.reader.field.cards = [Card(UIDS[1])]
            self.pass_ms(300)
            self.reader.field.cards = []
            self.pass_ms(1200)
            self.assertEqual(self.seen, [UIDS[1]])

    def test_a_card_left_at_the_reader_is_told_once_and_a_trembling_hand_is_no_second_card(self):
        self.reader.field.cards = [Card(UIDS[0])]
        self.pass_ms(5000)
        self.reader.field.cards = []
        self.pass_ms(200)
        self.reader.field.cards = [Card(UIDS[0])]
        self.pass_ms(3000)
        self.assertEqual(self.seen, [UIDS[0]])

    def test_another_card_is_told_at_once(self):
        self.reader.field.cards = [Card(UIDS[0])]
        self.pass_ms(400)
        self.reader.field.cards = [Card(UIDS[1])]
        self.pass_ms(400)
        self.assertEqual(self.seen, [UIDS[0], UIDS[1]])

    def test_a_dead_reader_says_why_and_comes_back(self):
        self.pass_ms(500)
        self.assertIsNone(self.reader.reader.failure)
        self.reader.model.dead = True
        self.pass_ms(500)
        self.assertIn("no chip answers", self.reader.reader.failure)
        self.reader.model.dead = False
        self.reader.field.cards = [Card(UIDS[0])]
        self.pass_ms(3000)
        self.assertIsNone(self.reader.reader.failure)
        self.assertEqual(self.seen, [UIDS[0]])


class CrcTest(unittest.TestCase):
    def test_crc_a_of_the_standard_s_examples(self):
        from firmware.drivers.iso14443a import crc_a
        self.assertEqual(crc_a(b"\x00\x00"), b"\xa0\x1e")       # ISO/IEC 14443-3 annex B
        self.assertEqual(crc_a(b"\x12\x34"), b"\x26\xcf")
