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

from pymodbus import FramerType
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

from firmware.energy import meter_map, meter_types
from firmware.energy.meter import Meter
from firmware.energy.modbus_rtu import CRC_ERROR, OK, TIMEOUT, ModbusRtu
from firmware.energy.registers import format_from_text, milli_from_registers
from tools.twin.meter import ModbusMeter, Quantities
from tools.twin.meter_maps import MAPS, image

ROOT = Path(__file__).parents[2]


class PtyLine:
    """The master's transport on a pseudo terminal; `silence_us` in real time, or in that of now_us()."""

    def __init__(self, fd, now_us=lambda: time.monotonic_ns() // 1000):
        self.fd = fd
        self._now_us = now_us
        self._last_us = now_us()

    def begin(self, frame):
        os.write(self.fd, frame)
        self._last_us = self._now_us()
        return 0

    def end(self):
        pass

    def read_into(self, view):
        if not len(view) or not select.select([self.fd], [], [], 0)[0]:
            return 0
        data = os.read(self.fd, len(view))
        view[:len(data)] = data
        self._last_us = self._now_us()
        return len(data)

    def silence_us(self):
        return self._now_us() - self._last_us


async def sleep_ms(ms):
    await asyncio.sleep(ms / 1000)


def in_real_time(main):
    """asyncio.run() is the twin's here, on virtual time; a line needs the true one."""
    loop = asyncio.SelectorEventLoop()
    try:
        return loop.run_until_complete(main)
    finally:
        loop.close()


class Hurry(asyncio.SelectorEventLoop):
    """A loop that waits for nobody: where nothing is to be done its time leaps to the next timer."""

    now_s = 0.0

    def __init__(self):
        super().__init__()
        ready = self._selector.select

        def select(timeout=None):
            events = ready(0)
            if not events and timeout:
                self.now_s += timeout
            return events
        self._selector.select = select

    def time(self):
        return self.now_s


def arrived(fd):
    """Wait in real time until what was written to the other end of a pseudo terminal has come through it."""
    if not select.select([fd], [], [], 30)[0]:
        raise AssertionError("nothing has come through the pseudo terminal")


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
        self.bus = ModbusRtu(PtyLine(self.fd), 19200, ticks_ms, sleep_ms, timeout_ms=20000)
        self.into = bytearray(250)

    def read(self, *request):
        return in_real_time(self.bus.read(*request, self.into))

    def test_a_whole_meter(self):
        meter = Meter(self.bus, ticks_ms, lambda: (False, 0, 3), meter_types.find("eastron_sdm630"), 2, sleep_ms=sleep_ms)
        for _ in range(3):
            self.assertTrue(in_real_time(meter.poll()), meter.diagnosis())
        values = meter.values
        self.assertEqual(values.voltage_mv, [230100, 231200, 229900])
        self.assertEqual(values.current_ma, [16040, 15970, 0])
        self.assertEqual(values.power_phases_w, [3691, 3692, 0])
        self.assertEqual((values.power_w, values.energy_wh, values.phases_used), (7383, 16789123, 2))
        self.assertEqual(values.energy_phases_wh, [5000500, 6000250, 5788375])
        self.assertEqual((self.bus.replies, self.bus.foreign), (4, 0))

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
        self.bus._timeout_ms, usual = 1000, self.bus._timeout_ms
        self.assertEqual(self.read(2, 4, 0x0000, 2), TIMEOUT)
        self.bus._timeout_ms = usual
        self.assertEqual(self.read(2, 4, 0x0000, 2), OK)
        self.assertEqual(self.bus.foreign, 0)


class Everything:
    """The readings of all meters: values with signs, three phases, a big counter."""

    voltage_mv = (231400, 229700, 230300)
    current_ma = (16040, 7020, 1230)
    power_phases_w = (-3711, 1612, 283)
    power_w = -1816
    energy_wh = 98765430
    energy_phases_wh = (32000000, 33000000, 33765430)


class Drawing(Everything):
    """For meters whose power has no sign."""

    power_phases_w = (3711, 1612, 283)
    power_w = 5606


def readings_of(name):
    """Everything, or what a map without signs can say of it."""
    unsigned = [encode for what, encode, _, _ in MAPS[name][4] if what in ("P", "W") and encode.__name__ in ("u16", "u32")]
    return Drawing if unsigned else Everything


def device_of(name, number):
    """A pymodbus device whose registers are those of the image."""
    words = image(name, readings_of(name))
    runs = []
    for address in sorted(words):
        if not runs or address != runs[-1][0] + len(runs[-1][1]):
            runs.append((address, []))
        runs[-1][1].append(words[address][0] << 8 | words[address][1])
    registers = [SimData(address, values=values, datatype=DataType.REGISTERS) for address, values in runs]
    bits = [SimData(0, datatype=DataType.BITS)]
    nothing = [SimData(65535, values=0, datatype=DataType.REGISTERS)]
    functions = MAPS[name][0]
    blocks = [registers if function in functions else nothing for function in (3, 4)]
    return SimDevice(number, simdata=(bits, bits, *blocks))


class TestEveryMeter(unittest.TestCase):
    """Each map of the table on somebody else's slave, all on one line at the same time."""

    def test_every_meter_of_the_table_gives_its_values(self):
        in_real_time(self.read_all())

    async def read_all(self):
        names = meter_types.names()
        fd, slave_fd = pty.openpty()
        tty.setraw(slave_fd)
        devices = [device_of(name, number) for number, name in enumerate(names, 1)]
        server = ModbusSerialServer(devices, framer=FramerType.RTU, port=os.ttyname(slave_fd), baudrate=115200)
        await server.serve_forever(background=True)
        try:
            bus = ModbusRtu(PtyLine(fd), 115200, ticks_ms, sleep_ms, timeout_ms=20000)
            meters = [Meter(bus, ticks_ms, lambda: (False, 0, 3), meter_types.find(name), number, sleep_ms=sleep_ms)
                      for number, name in enumerate(names, 1)]
            for name, meter in zip(names, meters, strict=True):
                self.assertTrue(await meter.poll(), (name, meter.diagnosis()))
            self.assertEqual((bus.timeouts, bus.crc_errors, bus.exceptions, bus.foreign), (0, 0, 0, 0))
        finally:
            await server.shutdown()
            os.close(slave_fd)
            os.close(fd)
        for name, meter in zip(names, meters, strict=True):
            with self.subTest(name):
                self.check(meter)

    def check(self, meter):
        kind, values = meter.device.type, meter.values
        true = readings_of(kind.name)
        for quantity, found, expected, off in (
                (meter_map.VOLTAGE, values.voltage_mv, true.voltage_mv, 500),
                (meter_map.CURRENT, values.current_ma, true.current_ma, 50),
                (meter_map.POWER_PHASES, values.power_phases_w, true.power_phases_w, 5),
                (meter_map.ENERGY_PHASES, values.energy_phases_wh, true.energy_phases_wh, 100)):
            for phase in range(3):
                if not kind.measures(quantity + phase):
                    self.assertIsNone(found[phase])
                else:
                    self.assertLessEqual(abs(found[phase] - expected[phase]), off)
        self.assertLessEqual(abs(values.power_w - true.power_w), 5)
        if kind.measures(meter_map.ENERGY):
            self.assertLessEqual(abs(values.energy_wh - true.energy_wh), 100)


class TestBadBus(unittest.TestCase):
    """A real line, with everything on it that a line may have; in virtual time, in which it carries at once."""

    def setUp(self):
        self.fd, self.far_fd = pty.openpty()
        tty.setraw(self.far_fd)
        os.set_blocking(self.far_fd, False)
        self.slave = ModbusMeter(Quantities((230100, 231200, 229900), (16040, 15970, 16010), 11050, 123456))
        self.echo = self.half = False
        self.delay_s = 0.01
        self.loop = Hurry()
        self.addCleanup(self.loop.close)
        line = PtyLine(self.fd, lambda: int(self.loop.now_s * 1e6))
        begin = line.begin

        def carried(frame):
            begin(frame)
            arrived(self.far_fd)
            return 0
        line.begin = carried

        def now_ms():
            return int(self.loop.now_s * 1000)
        self.bus = ModbusRtu(line, 19200, now_ms, sleep_ms, timeout_ms=150)
        self.meter = Meter(self.bus, now_ms, lambda: (False, 0, 3), meter_types.find("eastron_sdm630"), 2, sleep_ms=sleep_ms)

    def run_on_line(self, main):
        return self.loop.run_until_complete(main)

    def says(self, data):
        if data:
            os.write(self.far_fd, data)
            arrived(self.fd)

    def tearDown(self):
        os.close(self.fd)
        os.close(self.far_fd)

    def poll(self, times=1):
        return self.run_on_line(self.poll_with_slave(times))

    async def poll_with_slave(self, times):
        loop = asyncio.get_running_loop()

        def answer():
            frame = os.read(self.far_fd, 256)
            reply = (frame if self.echo else b"") + (self.slave.request(frame) or b"")
            loop.call_later(self.delay_s, self.says, reply[:len(reply) // 2] if self.half else reply)

        loop.add_reader(self.far_fd, answer)
        results = [await self.meter.poll() for _ in range(times)]
        await asyncio.sleep(self.delay_s)
        loop.remove_reader(self.far_fd)
        return results

    def test_each_trouble_is_told_by_its_counter_and_the_next_poll_succeeds(self):
        for trouble, counter, failure in (("silent", "timeouts", "timeout"), ("babble", "timeouts", "timeout"),
                                          ("wrong_address", "timeouts", "timeout"), ("crc", "crc_errors", "crc"),
                                          ("truncated", "crc_errors", "crc"), ("exception", "exceptions", "empty")):
            with self.subTest(trouble):
                before = self.bus.counters()[counter]
                self.slave.fault = trouble
                self.assertEqual(self.poll(), [False])
                self.assertGreater(self.bus.counters()[counter], before)
                self.assertEqual(self.meter.diagnosis()["last_failure"], failure)
                self.slave.fault = None
                self.assertEqual(self.poll(), [True])
                self.assertEqual(self.meter.values.power_w, 11050)

    def test_a_line_that_hears_itself(self):
        self.echo = True
        self.assertEqual(self.poll(3), [True, True, True])
        self.assertEqual(self.bus.foreign, 0)

    def test_a_meter_that_dies_in_the_middle_of_its_answer(self):
        self.half = True
        self.assertEqual(self.poll(2), [False, False])
        self.half = False
        self.assertEqual(self.poll(), [True])

    def test_a_meter_that_answers_too_late(self):
        self.delay_s = 0.3
        self.assertEqual(self.poll(), [False])
        self.delay_s = 0.1
        self.assertEqual(self.poll(), [True])

    def test_an_answer_right_before_the_time_out_still_counts(self):
        self.delay_s = 0.13
        self.assertEqual(self.run_on_line(self.one_read()), OK)
        self.slave.fault = "crc"
        self.assertEqual(self.run_on_line(self.one_read()), CRC_ERROR)

    async def one_read(self):
        loop = asyncio.get_running_loop()
        loop.add_reader(self.far_fd, lambda: loop.call_later(
            self.delay_s, self.says, self.slave.request(os.read(self.far_fd, 256))))
        result = await self.bus.read(2, 4, 0, 6, bytearray(12))
        loop.remove_reader(self.far_fd)
        return result


if __name__ == "__main__":
    unittest.main()
