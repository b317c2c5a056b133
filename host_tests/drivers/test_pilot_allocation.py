"""burst() allocates nothing, with every kind of sensing, in every path: proved under heap_lock on MicroPython."""

import unittest

import micropython

from firmware.safety.io_image import Inputs
from host_tests.drivers import test_pilot_sampler
from host_tests.drivers.chip import Chip, board_facts

KINDS = (board_facts(), test_pilot_sampler.TestComparator.FACTS, test_pilot_sampler.TestPeakDetector.FACTS)
# a burst's reads, uV, again and again: PWM at 50 and at 10 %, one level, noise that agrees on nothing, steady -12 V, short
PATTERNS = ((1780000, 254000), (2289000,) + (254000,) * 9, (2035000,), (2289000, 1500000, 900000, 300000), (254000,), (0,))


class Reads:
    """A converter or a pin that gives what is written here, without allocating."""

    def __init__(self):
        self.values = (0,)
        self.place = 0

    def read_uv(self):
        self.place += 1
        if self.place >= len(self.values):
            self.place = 0
        return self.values[self.place]

    def value(self):
        return 0 if self.read_uv() < 300000 else 1


class TestAllocation(unittest.TestCase):
    def test_burst_allocates_nothing(self):
        for facts in KINDS:
            for late in (0, 1):
                with self.subTest(sensing=facts["cp"]["sensing"], late=late):
                    self.locked(facts, late)

    def locked(self, facts, late):
        chip = Chip(facts)
        self.addCleanup(chip.close)
        from firmware.drivers import pilot_sampler
        reads, inputs = Reads(), Inputs()
        inputs.cp_burst = (1 << 30) - 3
        now_us = [(1 << 30) - 4000]                  # ticks wrap in the first burst

        def ticks_us():
            sleep_us(140 if late else 20)
            return now_us[0]

        def sleep_us(us):
            if us:                                   # with 0, as with a sum, there would be an integer that is not small
                now_us[0] = (now_us[0] - (0x3FFFFFFF - us + 1)) & 0x3FFFFFFF
        pilot_sampler.ticks_us, pilot_sampler.sleep_us = ticks_us, sleep_us
        sampler = pilot_sampler.sampler_from_board(facts)
        if hasattr(sampler, "_adcs"):
            sampler._adcs = (reads, reads)
        else:
            sampler._adc = reads
            if sampler._comparator is not None:
                sampler._comparator = reads
        for pattern in PATTERNS:
            reads.values = pattern
            micropython.heap_lock()
            try:
                sampler.burst(inputs)
                sampler.burst(inputs)
            finally:
                micropython.heap_unlock()
        self.assertEqual(inputs.cp_burst, ((1 << 30) - 3 + 2 * len(PATTERNS)) & 0x3FFFFFFF)


if __name__ == "__main__":
    unittest.main()
