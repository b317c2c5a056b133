"""What a tick asks of the drivers allocates nothing: reads, writes, interrupts, the timer's beat, under a locked heap."""

import sys
import unittest

import micropython

from firmware.safety.io_image import Inputs, Outputs
from host_tests.drivers.chip import _forget, board_facts

PULSED = {"pe_pulses": 45, "supply_1_pulses": 46, "supply_2_pulses": 47, "supply_3_pulses": 48}


class Pin:
    """A device that allocates nothing."""

    IN, OUT, PULL_UP, PULL_DOWN, IRQ_RISING, IRQ_FALLING = 1, 3, 2, 1, 1, 2
    made = {}

    def __init__(self, gpio, *values, **options):
        self.level = 0
        self.handler = None
        Pin.made[gpio] = self

    def irq(self, handler=None, trigger=3):
        self.handler = handler


class Input(Pin):
    """An input; one value() for both directions would make a tuple of its arguments, and that allocates."""

    def value(self):
        return self.level


class Adc:
    ATTN_11DB = 3

    def __init__(self, pin, atten=3):
        self.uv = 1200000

    def read_uv(self):
        return self.uv


class Pwm:
    def __init__(self, pin, **options):
        self.duty = 0

    def duty_u16(self, duty):
        self.duty = duty

    duty_ns = duty_u16


class _Output(Pin):
    def value(self, level):
        self.level = level


class Machine:
    """In the place of the module."""

    ADC, PWM = Adc, Pwm


class _PinMaker:
    IN, OUT, PULL_UP, PULL_DOWN, IRQ_RISING, IRQ_FALLING = 1, 3, 2, 1, 1, 2

    def __call__(self, gpio, *values, **options):
        return (_Output if values and values[0] == Pin.OUT else Input)(gpio, *values, **options)


class TestAllocation(unittest.TestCase):
    def board(self, **pins):
        _forget()
        before = sys.modules.get("machine")
        Machine.Pin = _PinMaker()
        sys.modules["machine"] = Machine

        def give_back():
            _forget()
            if before is not None:
                sys.modules["machine"] = before
        self.addCleanup(give_back)
        from firmware.drivers import clock
        self.now_ms = self.now_us = 0
        clock.ticks_ms, clock.ticks_us, clock.sleep_us = self.ticks_ms, self.ticks_us, self.sleep_us
        from firmware.drivers.board import Board
        facts = board_facts()
        facts["pins"].update(pins)
        facts["supply"] = {"pulses_per_period": 1, "pe_pulses_per_period": 2}
        if pins:
            facts["contactor"]["feedback"] = "load_pulses"
        board = Board(facts)
        board.use_contact("input_enable", "enable", "normally_open")
        board.use_contact("input_upstream", "upstream_tripped", "normally_closed")
        board.use_socket()
        self.assertEqual(board.errors, {})
        return board

    def ticks_ms(self):
        return self.now_ms

    def ticks_us(self):
        self.now_us = (self.now_us + 60) & 0x3FFFFFFF
        return self.now_us

    def sleep_us(self, us):
        self.now_us = (self.now_us + us) & 0x3FFFFFFF

    def pins(self, level):
        for pin in Pin.made.values():
            if isinstance(pin, Input):
                pin.level = level

    def locked(self, board, inputs, outputs):
        lock = board.lock
        micropython.heap_lock()
        try:
            board.read(inputs, 1)
            written = board.write(outputs)
            lock.beat(self.now_ms)
            board.contactor.off()
        finally:
            micropython.heap_unlock()
        return written

    def test_reads_writes_and_beats_allocate_nothing_whatever_the_levels_are(self):
        for pins in ({}, PULSED):
            board = self.board(**pins)
            inputs, outputs = Inputs(), Outputs()
            for tick in range(520):
                self.now_ms = (0x3FFFFFFF - 2600 + tick * 10) & 0x3FFFFFFF
                self.pins(tick // 64 & 1)
                outputs.coil_1 = outputs.coil_2 = tick >> 3 & 1
                outputs.coil_watchdog = tick & 1
                outputs.rcd_test = tick >> 4 & 1
                outputs.cp_disconnect = tick >> 5 & 1
                outputs.lock_wanted = tick >> 8 & 1
                outputs.pilot_high_ns = (1000000, 266666, 0)[tick // 7 % 3]
                self.assertTrue(self.locked(board, inputs, outputs))
            self.assertEqual(board.errors, {})

    def test_interrupts_allocate_nothing(self):
        for pins, count in (({}, 2), (PULSED, 8)):
            Pin.made.clear()
            self.board(**pins)
            handlers = [pin.handler for pin in Pin.made.values() if pin.handler is not None]
            self.assertEqual(len(handlers), count)
            for handler in handlers:
                micropython.heap_lock()
                try:
                    handler(None)
                    handler(None)
                finally:
                    micropython.heap_unlock()


if __name__ == "__main__":
    unittest.main()
