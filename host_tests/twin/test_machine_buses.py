"""UART, I2C, SPI and one-wire of the shims answer as the ESP32 port does, on both interpreters."""
import errno
import unittest

from host_tests.twin.on_chip import OnChip
from host_tests.twin.rig import Rig


class Uarts(OnChip):
    def uart(self, **kw):
        return self.machine.UART(1, baudrate=9600, tx=14, rx=5, **kw)

    def test_nothing_there_reads_none(self):
        uart = self.uart()
        buf = bytearray(4)
        self.assertEqual((uart.read(), uart.read(3), uart.readinto(buf), uart.any()), (None, None, None, 0))

    def test_bytes_come_in_order_and_in_the_asked_portions(self):
        uart = self.uart()
        self.hal.uart_rx(1, b"abc")
        self.hal.uart_rx(1, b"defg")
        buf = bytearray(3)
        self.assertEqual((uart.any(), uart.read(2), uart.readinto(buf), bytes(buf), uart.read()), (7, b"ab", 3, b"cde", b"fg"))

    def test_what_the_buffer_cannot_hold_is_lost(self):
        uart = self.uart(rxbuf=256)
        self.hal.uart_rx(1, b"x" * 250)
        self.hal.uart_rx(1, b"y" * 20)
        self.assertEqual(uart.read(), b"x" * 250 + b"y" * 6)

    def test_what_comes_before_the_driver_is_lost(self):
        self.hal.uart_rx(1, b"early")
        self.assertIsNone(self.uart().read())

    def test_a_write_goes_out_whole_and_is_done_after_its_time_on_the_wire(self):
        uart = self.uart()
        self.assertEqual(uart.write(b"\x01\x03\x00"), 3)
        self.assertEqual(self.rig.outputs, [("uart", 1, b"\x01\x03\x00")])
        self.assertFalse(uart.txdone())
        uart.flush()
        self.assertTrue(uart.txdone())

    def test_wrong_arguments_are_refused(self):
        UART = self.machine.UART
        self.raises(ValueError, "does not exist", lambda: UART(3))
        self.raises(ValueError, "invalid data bits", lambda: UART(1, 9600, 9))
        self.raises(ValueError, "invalid stop bits", lambda: UART(1, 9600, stop=3))
        self.raises(TypeError, "extra keyword", lambda: UART(1, rs485=True))
        self.raises(ValueError, "flow", lambda: UART(1, flow=4))
        uart = self.uart()
        uart.deinit()
        with self.assertRaises(OSError):
            uart.read()


class Buses(OnChip):
    def test_nobody_at_an_address_is_enodev(self):
        i2c = self.machine.I2C(0, scl=self.machine.Pin(22), sda=self.machine.Pin(21))
        with self.assertRaises(OSError) as caught:
            i2c.readfrom(0x24, 1)
        self.assertEqual(caught.exception.args[0], errno.ENODEV)
        self.assertEqual(i2c.scan(), [])

    def test_a_device_on_i2c_is_written_and_read(self):
        class Memory:
            at = 0

            def write(self, data):
                self.at = data[0]

            def read(self, n):
                return bytes([self.at + i for i in range(n)])
        self.hal.attach_i2c(0, 0x24, Memory())
        i2c = self.machine.I2C(0, scl=self.machine.Pin(22), sda=self.machine.Pin(21))
        self.assertEqual((i2c.scan(), i2c.readfrom_mem(0x24, 7, 3)), ([0x24], b"\x07\x08\x09"))

    def test_an_unselected_spi_bus_reads_ones(self):
        class Echo:
            def transfer(self, data):
                return bytes([b ^ 0xFF for b in data])
        self.hal.attach_spi(1, 27, Echo())
        cs = self.machine.Pin(27, self.machine.Pin.OUT, value=1)
        spi = self.machine.SPI(1, baudrate=1_000_000)
        self.assertEqual(spi.read(2), b"\xff\xff")
        cs.value(0)
        answer = bytearray(2)
        spi.write_readinto(b"\x01\x02", answer)
        self.assertEqual(bytes(answer), b"\xfe\xfd")


class OneWire(unittest.TestCase):
    def setUp(self):
        self.rig = Rig()
        self.addCleanup(self.rig.close)
        import _onewire
        self.onewire = _onewire
        self.rig.hal.set_onewire(27, [("28a10c0000000054", 320, True)])

    def pin(self):
        return self.rig.machine.Pin(27, self.rig.machine.Pin.OPEN_DRAIN, self.rig.machine.Pin.PULL_UP)

    def test_only_an_open_drain_is_a_bus(self):
        for pin in (27, self.rig.machine.Pin(27, self.rig.machine.Pin.OUT)):
            self.assertRaises(ValueError, self.onewire.reset, pin)

    def test_sensor_answers_the_reset_and_says_who_it_is(self):
        pin = self.pin()
        self.assertTrue(self.onewire.reset(pin))
        self.onewire.writebyte(pin, 0xF0)
        pairs = [(self.onewire.readbit(pin), self.onewire.readbit(pin), self.onewire.writebit(pin, bit)) for bit in (0, 0, 0, 1)]
        self.assertEqual([pair[:2] for pair in pairs], [(0, 1), (0, 1), (0, 1), (1, 0)])       # 0x28, lowest bit first

    def test_scratchpad_holds_85_degrees_until_the_first_conversion_and_ends_with_its_crc(self):
        pin = self.pin()
        self.onewire.reset(pin)
        self.onewire.writebyte(pin, 0xCC)
        self.onewire.writebyte(pin, 0xBE)
        data = bytes([self.onewire.readbyte(pin) for _ in range(9)])
        self.assertEqual((data[0] | data[1] << 8, data[4], self.onewire.crc8(data)), (85 * 16, 0x7F, 0))

    def test_bus_without_a_sensor_is_silent(self):
        self.rig.hal.set_onewire(27, [("28a10c0000000054", 320, False)])
        pin = self.pin()
        self.assertFalse(self.onewire.reset(pin))
        self.assertEqual(self.onewire.readbyte(pin), 0xFF)
