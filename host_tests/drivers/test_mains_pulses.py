"""Optocoupler pulses: 80 to 120 % of the nominal rate is protective earth; silence and noise are not."""

import unittest

from firmware.safety.io_image import NOT_FITTED, Inputs
from host_tests.drivers.chip import Chip

GPIO = 35


class TestMainsPulses(unittest.TestCase):
    def pulses(self, nominal_hz=50, kind="MainsPulses", ticks_ms=0):
        self.chip = Chip()
        self.addCleanup(self.chip.close)
        from firmware.drivers import mains_pulses
        self.now_ms = ticks_ms
        self.next_us = 0
        self.us = 0
        return getattr(mains_pulses, kind)(GPIO, nominal_hz)

    def tick(self, rate_hz, gap_ms=10):
        """So much time with pulses of this rate; the callbacks of the interrupts have run."""
        for _ in range(gap_ms):
            self.us += 1000
            if rate_hz and self.us >= self.next_us:
                self.next_us = max(self.next_us + 1000000 // rate_hz, self.us)
                self.chip.hal.set_pin(GPIO, 0)
                self.chip.hal.set_pin(GPIO, 1)
                self.chip.spend_us(10)
        self.now_ms = (self.now_ms + gap_ms) & 0x3FFFFFFF

    def rates(self, pulses, rate_hz, ticks, gap_ms=10):
        found = []
        for _ in range(ticks):
            self.tick(rate_hz, gap_ms)
            found.append(pulses.rate(self.now_ms))
        return found

    def test_unknown_for_the_first_quarter_second_then_what_was_counted(self):
        for ticks_ms in (0, 0x3FFFFFFF - 100):
            pulses = self.pulses(ticks_ms=ticks_ms)
            found = self.rates(pulses, 50, 60)
            self.assertEqual(found[:25], [NOT_FITTED] * 25)
            self.assertEqual(found[26:], [1] * 34)

    def test_mains_frequency_of_47_to_53_hz_is_fine_and_far_from_it_is_not(self):
        for nominal_hz in (50, 100):
            for rate_hz, good in ((47, 1), (50, 1), (53, 1), (35, 0), (70, 0), (150, 0)):
                pulses = self.pulses(nominal_hz)
                found = self.rates(pulses, rate_hz * nominal_hz // 50, 200)
                self.assertEqual(set(found[60:]), set((good,)), (nominal_hz, rate_hz))

    def test_loop_that_is_late_counts_right(self):
        pulses = self.pulses()
        found = self.rates(pulses, 50, 60, gap_ms=37)
        self.assertEqual(set(found[10:]), set((1,)))

    def test_an_interpreter_that_stood_still_and_counted_nothing_is_no_lost_earth(self):
        for nominal_hz in (50, 100):
            for stall_ms in (70, 150, 400):
                pulses = self.pulses(nominal_hz)
                self.rates(pulses, nominal_hz, 60)
                for _ in range(3):
                    self.tick(0, stall_ms)                    # its callbacks were lost with it
                    self.assertEqual(set([pulses.rate(self.now_ms)] + self.rates(pulses, nominal_hz, 60)), set((1,)))

    def test_earth_lost_while_it_stood_still_is_told_120_ms_after(self):
        pulses = self.pulses()
        self.rates(pulses, 50, 60)
        self.tick(0, 300)
        self.assertEqual(pulses.rate(self.now_ms), 1)
        self.assertEqual(self.rates(pulses, 0, 12)[-1], 0)

    def test_two_seconds_without_one_judged_window_are_no_healthy_earth(self):
        for first in (0, 60):                                 # never judged at all, or judged well before
            pulses = self.pulses()
            self.rates(pulses, 50, first)
            found = self.rates(pulses, 50, 40, gap_ms=70)     # late every time
            self.assertNotIn(0, found[:24])
            self.assertEqual(set(found[31:]), set((0,)))
            self.assertEqual(self.rates(pulses, 50, 60)[-1], 1)

    def test_silence_is_told_within_120_ms(self):
        pulses = self.pulses()
        self.rates(pulses, 50, 60)
        found = self.rates(pulses, 0, 100)
        self.assertEqual(found[12:], [0] * 88)

    def test_it_is_well_again_within_half_a_second(self):
        pulses = self.pulses()
        self.rates(pulses, 50, 60)
        self.rates(pulses, 0, 60)
        self.assertEqual(self.rates(pulses, 50, 60)[50:], [1] * 10)

    def test_one_stray_pulse_is_no_mains(self):
        pulses = self.pulses()
        pulses.alive(0)
        self.chip.hal.set_pin(GPIO, 0)
        self.chip.run_ms(1)
        self.assertEqual(pulses.alive(10), 0)

    def test_silence_of_twelve_days_allocates_no_long_number_and_stays_silence(self):
        pulses = self.pulses()
        self.rates(pulses, 50, 60)
        for _ in range(40):
            self.now_ms = (self.now_ms + 0x1FFFFFFF) & 0x3FFFFFFF
            self.assertEqual(pulses.rate(self.now_ms), 0)

    def test_earth_that_fails_is_lost(self):
        earth, inputs = self.pulses(kind="PulsedEarth"), Inputs()
        for _ in range(60):
            self.tick(50)
            earth.read(inputs, self.now_ms)
        self.assertEqual(inputs.pe_ok, 1)
        earth.fail(inputs)
        self.assertEqual(inputs.pe_ok, 0)


if __name__ == "__main__":
    unittest.main()
