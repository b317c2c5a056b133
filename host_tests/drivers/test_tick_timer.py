"""The tick's lateness, and the guard that takes the coil from a coroutine that hogs the loop."""

import unittest

from firmware.safety.io_image import Outputs
from host_tests.drivers.chip import Chip, board_facts

COIL_1 = 25
WRAP = 0x40000000


class TestGuard(unittest.TestCase):
    def setUp(self):
        self.set_up(0)

    def set_up(self, ticks_ms):
        self.chip = Chip(ticks_ms=ticks_ms)
        self.addCleanup(self.chip.close)
        from firmware.drivers import clock
        from firmware.drivers.contactor import Contactor
        from firmware.drivers.tick_timer import TickTimer
        self.clock = clock
        self.contactor = Contactor(board_facts()["pins"], ())
        self.timer = TickTimer(self.contactor)
        self.outputs = Outputs()
        self.close()
        self.timer.start()
        self.began_us = self.chip.clock.now_us      # timer callbacks come 10, 20, … ms after this

    def close(self):
        self.outputs.coil_1 = 1
        self.contactor.write(self.outputs, 0)

    def until_us(self, after_start_us):
        self.chip.run_until_us(self.began_us + after_start_us)

    def coil(self):
        return self.chip.hal.driven[COIL_1]

    def test_coil_stays_through_five_unserved_periods_and_goes_with_the_sixth(self):
        for ticks_ms in (0, WRAP - 30):
            self.set_up(ticks_ms)
            self.until_us(59000)
            self.assertEqual((self.coil(), self.timer.guard_opened), (1, 0))
            self.until_us(61000)
            self.assertEqual((self.coil(), self.timer.guard_opened), (0, 1))

    def test_each_tick_that_is_served_begins_the_count_anew(self):
        for tick in range(50):
            self.until_us((tick + 1) * 50000)       # five periods each
            self.timer.late_ms(self.clock.ticks_ms())
        self.assertEqual((self.coil(), self.timer.guard_opened), (1, 0))
        self.until_us(50 * 50000 + 61000)
        self.assertEqual((self.coil(), self.timer.guard_opened), (0, 1))

    def test_open_contactor_gives_the_guard_nothing_to_do(self):
        self.contactor.off()
        self.until_us(500000)
        self.assertEqual(self.timer.guard_opened, 0)

    def test_guard_counts_once_for_each_time_it_opened(self):
        self.until_us(500000)
        self.assertEqual(self.timer.guard_opened, 1)
        self.close()
        self.until_us(510000)
        self.assertEqual((self.coil(), self.timer.guard_opened), (0, 2))

    def test_vm_that_did_not_run_does_not_count(self):
        for stall_us in (60000, 80000, 100000, 400000):    # eight callbacks wait in the queue and then run at once
            self.set_up(0)
            self.until_us(5000)
            self.chip.hold_us(stall_us)
            self.timer.late_ms(self.clock.ticks_ms())
            self.assertEqual((self.coil(), self.timer.guard_opened), (1, 0), stall_us)

    def test_hogging_after_a_stall_is_still_caught(self):
        self.until_us(5000)
        self.chip.hold_us(200000)
        self.chip.run_ms(40)
        self.assertEqual(self.coil(), 1)
        self.chip.run_ms(31)
        self.assertEqual((self.coil(), self.timer.guard_opened), (0, 1))

    def test_words_about_a_hang_that_fail_cost_neither_the_tick_nor_the_motors_pulse_nor_the_control_task(self):
        beats, told = [], []

        class Motor:
            def beat(self, now_ms):
                beats.append(now_ms)

        class Flag:
            def set(self):
                told.append("tick")

        def broken(error):
            def hook():
                told.append(error)
                raise error
            return hook
        self.timer._motor, self.timer._flag = Motor(), Flag()
        self.timer.on_hang, self.timer.on_back = broken(AttributeError("who")), broken(OSError(5))
        self.until_us(1005000)
        self.assertEqual((len(beats), len(told)), (100, 101))
        self.assertEqual((told[-2], type(told[-1])), ("tick", AttributeError))      # woken before anything is said
        self.assertEqual(self.timer.hook_error, "AttributeError")
        self.timer.late_ms(self.clock.ticks_ms())
        self.assertEqual((type(told[-1]), self.timer.hook_error), (OSError, "OSError"))
        self.timer.late_ms(self.clock.ticks_ms())
        self.assertEqual(len(told), 102)                     # once, and the count begins anew
        self.until_us(1015000)
        self.assertEqual((len(beats), told[-1], self.timer.guard_opened), (101, "tick", 1))

    def test_open_now_takes_the_coil_and_is_told_once(self):
        self.timer.open_now()
        self.timer.open_now()
        self.assertEqual((self.coil(), self.timer.guard_opened), (0, 1))

    def test_stopped_timer_guards_nothing(self):
        self.timer.stop()
        self.timer.stop()
        self.until_us(500000)
        self.assertEqual(self.coil(), 1)


class TestLateness(unittest.TestCase):
    def begin(self, ticks_ms):
        self.chip = Chip(ticks_ms=ticks_ms)
        self.addCleanup(self.chip.close)
        from firmware.drivers import clock, tick_timer
        from firmware.drivers.contactor import Contactor
        self.timer = tick_timer.TickTimer(Contactor(board_facts()["pins"], ()))
        self.timer.start()
        return clock.ticks_ms()

    def test_ticks_on_the_grid_are_not_late(self):
        for ticks_ms in (0, WRAP - 500):
            now_ms = self.begin(ticks_ms)
            for tick in range(1, 101):
                self.assertEqual(self.timer.late_ms((now_ms + tick * 10) % WRAP), 0)

    def test_lateness_is_told_against_the_grid_and_does_not_add_up(self):
        for ticks_ms in (0, WRAP - 500):
            now_ms = self.begin(ticks_ms)
            for tick in range(1, 101):
                late_ms = tick % 8
                self.assertEqual(self.timer.late_ms((now_ms + tick * 10 + late_ms) % WRAP), late_ms)

    def test_lost_ticks_make_one_late_tick_and_the_next_is_due_on_the_grid(self):
        for ticks_ms in (0, WRAP - 100):
            for lost_ms in (10, 15, 95, 100, 3000):
                now_ms = self.begin(ticks_ms)
                self.assertEqual(self.timer.late_ms((now_ms + 10 + lost_ms) % WRAP), lost_ms)
                due_ms = now_ms + 10 + lost_ms - lost_ms % 10 + 10
                self.assertEqual(self.timer.late_ms(due_ms % WRAP), 0, lost_ms)
                self.assertEqual(self.timer.late_ms((due_ms + 10) % WRAP), 0)

    def test_tick_that_comes_early_is_not_late_and_moves_the_grid(self):
        now_ms = self.begin(0)
        self.assertEqual(self.timer.late_ms(now_ms + 7), 0)
        self.assertEqual(self.timer.late_ms(now_ms + 17), 0)
        self.assertEqual(self.timer.late_ms(now_ms + 28), 1)


if __name__ == "__main__":
    unittest.main()
