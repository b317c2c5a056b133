"""Residual current: no trip is missed between two ticks, a broken wire is one, the test input gets what the monitor wants."""

import unittest

from firmware.safety.io_image import NOT_FITTED, Inputs
from host_tests.drivers.chip import Chip

AC, DC, TEST = 13, 38, 4


class TestResidualMonitor(unittest.TestCase):
    def monitor(self, tripped=1, two=True, **values):
        self.chip = Chip()
        self.addCleanup(self.chip.close)
        import machine

        from firmware.drivers.residual_monitor import ResidualMonitor, TripLine
        self.inputs = Inputs()
        self.tripped = tripped
        self.put(AC, 0)
        self.put(DC, 0)
        return ResidualMonitor(TripLine(AC, tripped), TripLine(DC, tripped) if two else None,
                               (machine.Pin(TEST, machine.Pin.OUT, value=0), 0), **values)

    def put(self, gpio, on):
        self.chip.hal.set_pin(gpio, self.tripped if on else 1 - self.tripped)

    def read(self, monitor):
        monitor.read(self.inputs, 0)
        return self.inputs.rcd_tripped, self.inputs.rdc_dd_tripped

    def test_lines_are_told_apart_at_either_level(self):
        for tripped in (0, 1):
            monitor = self.monitor(tripped)
            self.assertEqual(self.read(monitor), (0, 0))
            self.put(AC, 1)
            self.assertEqual(self.read(monitor), (1, 0))
            self.put(AC, 0)
            self.put(DC, 1)
            self.chip.run_ms(1)
            self.read(monitor)                         # the edge of the trip that is over
            self.assertEqual(self.read(monitor), (0, 1))

    def test_pulse_shorter_than_a_tick_is_one_trip_in_one_tick(self):
        for tripped in (0, 1):
            for gpio, expected in ((AC, (1, 0)), (DC, (0, 1))):
                monitor = self.monitor(tripped)
                self.read(monitor)
                self.put(gpio, 1)
                self.chip.spend_us(200)
                self.put(gpio, 0)
                self.chip.run_ms(1)
                self.assertEqual(self.read(monitor), expected)
                self.assertEqual(self.read(monitor), (0, 0))

    def test_healthy_edge_is_no_trip(self):
        monitor = self.monitor()
        self.put(AC, 1)
        self.chip.run_ms(1)
        self.read(monitor)
        self.put(AC, 0)
        self.chip.run_ms(1)
        self.assertEqual(self.read(monitor), (0, 0))

    def test_broken_wire_and_failure_are_trips(self):
        for tripped in (0, 1):
            monitor = self.monitor(tripped)
            self.chip.hal.set_pin(AC, None)
            self.chip.hal.set_pin(DC, None)
            self.assertEqual(self.read(monitor), (1, 1))
            monitor = self.monitor(tripped)
            monitor.fail(self.inputs)
            self.assertEqual((self.inputs.rcd_tripped, self.inputs.rdc_dd_tripped), (1, 1))

    def test_monitor_with_one_line_has_no_second(self):
        monitor = self.monitor(two=False)
        self.assertEqual(self.read(monitor), (0, NOT_FITTED))
        monitor.fail(self.inputs)
        self.assertEqual((self.inputs.rcd_tripped, self.inputs.rdc_dd_tripped), (1, NOT_FITTED))

    def test_test_input_is_held_or_pulsed_as_the_monitor_wants_it(self):
        for pulse_ms, held_ms in ((0, 400), (250, 250)):
            monitor = self.monitor(pulse_ms=pulse_ms)
            levels = []
            for now_ms in range(0x3FFFFFFF - 199, 0x3FFFFFFF + 301, 10):     # across the clock's wrap
                monitor.write(1 if 0x3FFFFFFF - 149 <= now_ms < 0x3FFFFFFF + 251 else 0, 0, now_ms & 0x3FFFFFFF)
                levels.append(self.chip.hal.driven[TEST])
            self.assertEqual(sum(levels) * 10, held_ms)
            self.assertEqual(levels[-1], 0)

    def test_monitor_that_says_nothing_with_the_contactor_open_is_heard_while_closed_and_while_tested(self):
        monitor = self.monitor(valid_when_open=False)
        self.put(AC, 1)
        self.assertEqual(self.read(monitor), (0, 0))
        monitor.write(0, 1, 0)                         # a coil is on
        self.assertEqual(self.read(monitor), (1, 0))
        monitor.write(0, 0, 10)
        self.assertEqual(self.read(monitor), (0, 0))
        monitor.write(1, 0, 20)                        # the test
        self.assertEqual(self.read(monitor), (1, 0))
        monitor.write(0, 0, 30)                        # it must release before it is deaf again
        self.assertEqual(self.read(monitor), (1, 0))
        self.put(AC, 0)
        self.assertEqual(self.read(monitor), (0, 0))
        self.put(AC, 1)
        self.assertEqual(self.read(monitor), (0, 0))


if __name__ == "__main__":
    unittest.main()
