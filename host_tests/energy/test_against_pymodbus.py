# cpython only: pymodbus over a pty, in real time
import asyncio
import os
import pty
import select
import subprocess
import sys
import time
import tty
import unittest
from pathlib import Path

from firmware.energy import meter_types
from firmware.energy.meter import Meter
from firmware.energy.modbus_rtu import OK, TIMEOUT, ModbusRtu
from firmware.energy.registers import format_from_text, milli_from_registers

ROOT = Path(__file__).parents[2]


class PtyLine:
    """The master's transport on a pseudo terminal; `silence_us` in real time."""

    def __init__(self, fd):
        self.fd = fd
        self._last_ns = time.monotonic_ns()

    def begin(self, frame):
        os.write(self.fd, frame)
        self._last_ns = time.monotonic_ns()
        return 0

    def end(self):
        pass

    def read_into(self, view):
        if not len(view) or not select.select([self.fd], [], [], 0)[0]:
            return 0
        data = os.read(self.fd, len(view))
        view[:len(data)] = data
        self._last_ns = time.monotonic_ns()
        return len(data)

    def silence_us(self):
        return (time.monotonic_ns() - self._last_ns) // 1000


async def sleep_ms(ms):
    await asyncio.sleep(ms / 1000)


def ticks_ms():
    return time.monotonic_ns() // 1000000 & 0x3FFFFFFF


class TestAgainstPymodbus(unittest.TestCase):
    """Somebody else's slave: neither its frames nor its floats come from here."""

    @classmethod
    def setUpClass(cls):
        cls.fd, slave_fd = pty.openpty()
        tty.setraw(slave_fd)
        cls.process = subprocess.Popen([sys.executable, "-m", "host_tests.energy.pymodbus_slave", os.ttyname(slave_fd)],
                                       cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        cls.slave_fd = slave_fd  # kept open, or the pty would hang up between two openings
        told = cls.process.stdout.readline()
        if told.strip() != b"ready":
            told += cls.process.stdout.read()
            cls.tearDownClass()
            raise AssertionError("the slave did not start: %s" % told.decode())

    @classmethod
    def tearDownClass(cls):
        cls.process.kill()
        cls.process.wait()
        cls.process.stdout.close()
        os.close(cls.slave_fd)
        os.close(cls.fd)

    def setUp(self):
        self.bus = ModbusRtu(PtyLine(self.fd), 19200, ticks_ms, sleep_ms, timeout_ms=1000)
        self.into = bytearray(250)

    def read(self, *request):
        return asyncio.run(self.bus.read(*request, self.into))

    def test_a_whole_meter(self):
        meter = Meter(self.bus, ticks_ms, lambda: (False, 0, 3), meter_types.find("eastron_sdm630"), 2, sleep_ms=sleep_ms)
        for _ in range(3):
            self.assertTrue(asyncio.run(meter.poll()), meter.diagnosis())
        values = meter.values
        self.assertEqual(values.voltage_mv, [230100, 231200, 229900])
        self.assertEqual(values.current_ma, [16040, 15970, 0])
        self.assertEqual(values.power_phases_w, [3691, 3692, 0])
        self.assertEqual((values.power_w, values.energy_wh, values.phases_used), (7383, 16789123, 2))
        self.assertEqual(values.energy_phases_wh, [5000500, 6000250, 5788375])
        self.assertEqual((self.bus.replies, self.bus.foreign), (6, 0))

    def test_every_integer_width(self):
        self.assertEqual(self.read(2, 3, 100, 14), OK)
        decoded = [milli_from_registers(self.into, 2 * offset, format_from_text(fmt), 1, 1) for offset, fmt in (
            (0, "s16"), (1, "u16"), (2, "s32"), (4, "u32"), (6, "u64"), (10, "f64"))]
        self.assertEqual(decoded, [-5000, 300000, -123456000, 4000000000000, 123456789012000, -1234567891])

    def test_registers_it_does_not_have_are_exception_2(self):
        self.assertEqual(self.read(2, 4, 0x300, 2), 2)
        self.assertEqual(self.bus.exceptions, 1)
        self.assertEqual(self.read(2, 4, 0x0000, 2), OK)

    def test_a_request_with_a_broken_crc_is_silence_and_the_next_one_succeeds(self):
        whole = self.bus._transport.begin

        def broken(frame):
            self.bus._transport.begin = whole
            return whole(bytes(frame[:-1]) + bytes((frame[-1] ^ 1,)))

        self.bus._transport.begin = broken
        self.assertEqual(self.read(2, 4, 0x0000, 2), TIMEOUT)
        self.assertEqual(self.read(2, 4, 0x0000, 2), OK)
        self.assertEqual(self.bus.foreign, 0)


if __name__ == "__main__":
    unittest.main()
