import asyncio
import unittest

from firmware.energy import modbus_rtu as rtu
from firmware.energy.modbus_rtu import ModbusRtu, crc16, silence_times_us
from host_tests.energy.bus import Line, VirtualTime


def frame(text):
    return bytes.fromhex(text.replace(" ", ""))


class Answers:
    """A slave that gives fixed answers to fixed frames and is silent for every other."""

    delay_ms = 0

    def __init__(self, *pairs):
        self.pairs = [(frame(asked), frame(answer)) for asked, answer in pairs]

    def request(self, asked):
        for known, answer in self.pairs:
            if known == asked:
                return answer
        return None


# Frames as the protocol's documents print them; the CRCs are theirs.
READ_3 = "11 03 006B 0003 7687"
ANSWER_3 = "11 03 06 AE41 5652 4340 49AD"
READ_4 = "01 04 0000 0002 71CB"


class TestFrames(unittest.TestCase):
    def test_crc_of_the_standard_check_text(self):
        self.assertEqual(crc16(b"123456789", 0, 9), 0x4B37)
        self.assertEqual(crc16(b"xx123456789y", 2, 11), 0x4B37)
        self.assertEqual(crc16(b"", 0, 0), 0xFFFF)

    def test_published_frames_end_in_their_crc(self):
        for text in (READ_3, ANSWER_3, READ_4, "01 03 0000 000A C5CD", "0A 81 02 B053"):
            data = frame(text)
            self.assertEqual(crc16(data, 0, len(data) - 2), data[-2] | data[-1] << 8)

    def test_crc_agrees_with_its_bitwise_definition(self):
        data = bytes([(i * 37 + 11) & 255 for i in range(256)])
        crc = 0xFFFF
        for byte in data:
            crc ^= byte
            for _ in range(8):
                crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
        self.assertEqual(crc16(data, 0, 256), crc)

    def test_silence_times(self):
        for baud, times in ((1200, (13750, 32084)), (2400, (6875, 16042)), (4800, (3438, 8021)), (9600, (1719, 4011)),
                            (19200, (860, 2006)), (38400, (750, 1750)), (57600, (750, 1750)), (115200, (750, 1750))):
            self.assertEqual(silence_times_us(baud), times)


class TestMaster(unittest.TestCase):
    def setUp(self):
        self.time = VirtualTime(1000)
        self.into = bytearray(40)

    def master(self, *slaves, baud=9600, **line):
        self.line = Line(self.time, slaves, baud, **line)
        return ModbusRtu(self.line, baud, self.time.ticks_ms, self.time.sleep_ms)

    def read(self, master, address=0x11, function=3, start=0x6B, count=3):
        return self.time.run(master.read(address, function, start, count, self.into))

    def test_a_read_sends_the_published_request_and_returns_the_published_registers(self):
        master = self.master(Answers((READ_3, ANSWER_3)))
        self.assertEqual(self.read(master), rtu.OK)
        self.assertEqual(self.line.sent[0][1], frame(READ_3))
        self.assertEqual(self.into[:8], frame("AE41 5652 4340 0000"))
        self.assertEqual((master.requests, master.replies, master.foreign), (1, 1, 0))
        self.assertFalse(self.line.driving)

    def test_an_exception_reply_gives_its_code(self):
        master = self.master(Answers((READ_3, "11 83 02 C134")))
        self.assertEqual(self.read(master), 2)
        self.assertEqual((master.exceptions, master.replies), (1, 0))

    def test_silence_ends_in_a_timeout(self):
        master = self.master()
        began = self.time.now_us
        self.assertEqual(self.read(master), rtu.TIMEOUT)
        self.assertEqual(master.timeouts, 1)
        self.assertLessEqual(self.time.now_us - began, 360000)
        self.assertGreaterEqual(self.time.now_us - began, 300000)

    def test_a_timeout_is_no_longer_across_the_clocks_wrap(self):
        self.time = VirtualTime((1 << 30) - 100)
        master = self.master()
        began = self.time.now_us
        self.assertEqual(self.read(master), rtu.TIMEOUT)
        self.assertLessEqual(self.time.now_us - began, 360000)
        self.assertGreaterEqual(self.time.now_us - began, 300000)

    def test_every_wrong_bit_is_a_crc_error_or_silence_and_never_data(self):
        good = frame(ANSWER_3)
        for bit in range(8 * len(good)):
            bad = bytearray(good)
            bad[bit // 8] ^= 1 << bit % 8
            slave = Answers((READ_3, ANSWER_3))
            slave.pairs[0] = (frame(READ_3), bytes(bad))
            master = self.master(slave)
            self.assertIn(self.read(master), (rtu.CRC_ERROR, rtu.TIMEOUT))
            self.assertEqual(master.replies, 0)
        self.assertEqual(self.into, bytearray(40))

    def test_a_crc_error_ends_the_wait_early(self):
        master = self.master(Answers((READ_3, ANSWER_3[:-2] + "AC")))
        began = self.time.now_us
        self.assertEqual(self.read(master), rtu.CRC_ERROR)
        self.assertEqual(master.crc_errors, 1)
        self.assertLess(self.time.now_us - began, 150000)

    def test_half_an_answer_is_a_crc_error(self):
        master = self.master(Answers((READ_3, ANSWER_3[:14])))
        self.assertEqual(self.read(master), rtu.CRC_ERROR)

    def test_a_small_hole_in_the_answer_is_forgiven_a_long_one_is_not(self):
        for hole_us, result in ((1000, rtu.OK), (60000, rtu.CRC_ERROR)):
            master = self.master(Answers((READ_3, ANSWER_3)))
            self.line.hole_us = hole_us
            self.assertEqual(self.read(master), result)

    def test_answers_of_others_are_foreign_and_the_right_one_still_counts(self):
        other = Answers((READ_3, "12 03 06 0000 0000 0000 0000"))
        master = self.master(Answers((READ_3, ANSWER_3)), other)
        other.delay_ms = -24
        self.assertEqual(self.read(master), rtu.OK)
        self.assertEqual(self.into[:6], frame("AE41 5652 4340"))
        self.assertGreaterEqual(master.foreign, 1)

    def test_noise_right_before_the_answer_does_not_hide_it(self):
        for prefix in (b"\x00", b"\xff\x00", b"\x11", b"\x11\x03\x06"):
            master = self.master(Answers((READ_3, ANSWER_3)))
            self.line.prefix = prefix
            self.assertEqual(self.read(master), rtu.OK)
            self.assertEqual(master.foreign, 1)

    def test_an_answer_to_more_or_fewer_registers_is_not_taken(self):
        master = self.master(Answers(("11 03 006B 0002 B747", ANSWER_3)))
        self.assertNotEqual(self.read(master, count=2), rtu.OK)
        self.assertEqual(master.replies, 0)

    def test_a_transceiver_that_hears_itself_is_no_trouble(self):
        master = self.master(Answers((READ_3, ANSWER_3)))
        self.line.echo = True
        self.assertEqual(self.read(master), rtu.OK)
        self.assertEqual((master.foreign, master.crc_errors), (0, 0))
        self.assertEqual(self.into[:6], frame("AE41 5652 4340"))

    def test_a_late_answer_is_thrown_away_before_the_next_request(self):
        slave = Answers((READ_3, ANSWER_3))
        slave.delay_ms = 500
        master = self.master(slave)
        self.assertEqual(self.read(master), rtu.TIMEOUT)
        self.time.run(self.time.sleep_ms(600))
        slave.delay_ms = 0
        slave.pairs = [(frame(READ_3), frame("11 03 06 0001 0002 0003 30B4"))]
        self.assertEqual(crc16(slave.pairs[0][1], 0, 9), slave.pairs[0][1][9] | slave.pairs[0][1][10] << 8)
        self.assertEqual(self.read(master), rtu.OK)
        self.assertEqual(self.into[:6], frame("0001 0002 0003"))
        self.assertEqual(master.foreign, 1)

    def test_after_babble_the_next_request_waits_for_silence_and_succeeds(self):
        for baud in (2400, 9600, 19200, 115200):
            master = self.master(Answers((READ_3, ANSWER_3)), baud=baud)
            self.line.put(bytes(range(60)), self.time.now_us - 7000)
            self.assertEqual(self.read(master), rtu.OK)
            self.assertEqual(self.line.violations, [])
            self.assertEqual(master.foreign, 1)

    def test_a_line_that_never_falls_silent_is_busy_and_nothing_is_sent(self):
        master = self.master(Answers((READ_3, ANSWER_3)))
        self.line.put(bytes(2000), self.time.now_us - 7000)
        self.assertEqual(self.read(master), rtu.BUSY)
        self.assertEqual(self.line.sent, [])
        self.time.run(self.time.sleep_ms(3000))
        self.assertEqual(self.read(master), rtu.OK)

    def test_a_flood_instead_of_an_answer_ends_in_a_timeout(self):
        master = self.master()
        self.line.slaves = [Flood()]
        self.assertEqual(self.read(master), rtu.TIMEOUT)
        self.assertGreater(master.foreign, 0)

    def test_requests_of_two_tasks_follow_each_other_with_silence_between(self):
        for baud in (2400, 19200, 57600):
            second = "11 03 006B 0002 B747"
            slave = Answers((READ_3, ANSWER_3), (second, "11 03 04 0001 0002 3BF3"))
            self.assertEqual(crc16(slave.pairs[1][0], 0, 6), slave.pairs[1][0][6] | slave.pairs[1][0][7] << 8)
            self.assertEqual(crc16(slave.pairs[1][1], 0, 7), slave.pairs[1][1][7] | slave.pairs[1][1][8] << 8)
            master = self.master(slave, baud=baud)
            other_into = bytearray(4)

            async def both(master=master, other_into=other_into):
                return await asyncio.gather(master.read(0x11, 3, 0x6B, 3, self.into),
                                            master.read(0x11, 3, 0x6B, 2, other_into))

            self.assertEqual(list(self.time.run(both())), [rtu.OK, rtu.OK])
            self.assertEqual(other_into, frame("0001 0002"))
            self.assertEqual(self.into[:6], frame("AE41 5652 4340"))
            self.assertEqual(self.line.violations, [])

    def test_a_broken_line_is_counted_and_does_not_travel(self):
        for error in (OSError(5), RuntimeError("gone"), ValueError("bad"), MemoryError("full")):
            master = self.master(Answers((READ_3, ANSWER_3)))
            self.line.broken = error
            self.assertEqual(self.read(master), rtu.BUS_ERROR)
            self.assertEqual(master.bus_errors, 1)
            self.assertIn(type(error).__name__, master.last_error)
            self.line.broken = None
            self.assertEqual(self.read(master), rtu.OK)

    def test_no_line_at_all_is_a_bus_error(self):
        master = ModbusRtu(None, 9600, self.time.ticks_ms, self.time.sleep_ms)
        self.assertEqual(self.read(master), rtu.BUS_ERROR)
        self.assertEqual(master.counters()["bus_errors"], 1)

    def test_a_cancelled_request_releases_line_and_lock(self):
        # at 2400 baud the frame is slept through: the cancel comes while the driver is on, and later while waiting
        for after_ms in (5, 60):
            master = self.master(Answers((READ_3, ANSWER_3)), baud=2400)

            async def cut(master=master, after_ms=after_ms):
                task = asyncio.create_task(master.read(0x11, 3, 0x6B, 3, self.into))
                await self.time.sleep_ms(after_ms)
                driving = self.line.driving
                task.cancel()
                await self.time.sleep_ms(10)
                return driving

            self.assertEqual(self.time.run(cut()), after_ms == 5)
            self.assertFalse(self.line.driving)
            self.time.run(self.time.sleep_ms(500))
            self.assertEqual(self.read(master), rtu.OK)

    def test_requests_nobody_could_understand_are_refused(self):
        master = self.master()
        for arguments in ((0, 3, 0, 1), (248, 3, 0, 1), (1, 5, 0, 1), (1, 3, 0, 0), (1, 3, 0, 126), (1, 3, 65535, 2),
                          (1, 3, -1, 1), (1, 3, 0, 21)):
            with self.assertRaises(ValueError):
                self.read(master, *arguments)
        self.assertEqual(self.line.sent, [])
        with self.assertRaises(ValueError):
            ModbusRtu(None, 600, self.time.ticks_ms)


class Flood:
    delay_ms = 0

    def request(self, asked):
        return bytes([i * 7 & 255 for i in range(3000)])


if __name__ == "__main__":
    unittest.main()
