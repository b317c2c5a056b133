"""The control task: inputs, core, outputs, in this order and nothing in between; and what ends it makes safe."""

import asyncio
import unittest

from firmware.charging.control import Control
from firmware.charging.lateness import LATE_MS, Lateness
from firmware.safety import trips
from firmware.safety.core import CLOSED, STOPPING
from host_tests.safety.rig import Rig


class Board:
    """Takes the rig's inputs as they are and notes the calls."""

    def __init__(self):
        self.contactor = self
        self.deaf = 0
        self.calls = []
        self.failing = False
        self.written = True

    def read(self, inputs, sample_pilot):
        if self.failing:
            raise RuntimeError("no such pin")
        self.calls.append(("read", 1 if sample_pilot else 0))

    def write(self, outputs):
        self.calls.append(("write", outputs.coil_1))
        return self.written

    def safe(self):
        self.calls.append(("safe",))


class Timer:
    """A tick each time the loop comes round; tells what lateness it is told to."""

    def __init__(self):
        self.guard_opened = 0
        self.late = 0
        self.calls = []

    def late_ms(self, now_ms):
        return self.late

    def start(self):
        self.calls.append("start")

    def stop(self):
        self.calls.append("stop")

    async def wait(self):
        await asyncio.sleep_ms(0)


class TestControl(unittest.TestCase):
    def setUp(self):
        self.rig = Rig()
        self.rig.invariants.check = lambda: None      # the control task ticks the core here, after the rig has looked
        self.board, self.timer, self.lateness = Board(), Timer(), Lateness()
        self.control = Control(self.rig.core, self.board, self.timer, self.lateness, lambda: self.rig.now_ms)

    def step(self):
        """What the rig does around a tick, with the control task's step in the place of the tick."""
        tick, self.rig.core.tick = self.rig.core.tick, lambda now_ms: None
        self.rig.step()
        self.rig.core.tick = tick
        self.control.step()

    def run_core(self, ticks):
        for _ in range(ticks):
            self.step()

    def test_reads_then_ticks_then_writes(self):
        order = []
        self.rig.core.tick = lambda now_ms: order.append("tick")
        self.board.read = lambda inputs, sample_pilot: order.append("read")
        self.board.write = lambda outputs: order.append("write")
        self.control.step()
        self.assertEqual(order, ["read", "tick", "write"])

    def test_pilot_is_sampled_each_tick_while_the_coil_is_on(self):
        self.control.step()
        self.assertEqual(self.board.calls[0], ("read", 0))
        self.rig.core.outputs.coil_1 = 1
        self.rig.core.tick = lambda now_ms: None
        self.control.step()
        self.assertEqual(self.board.calls[2:], [("read", 1), ("write", 1)])

    def test_pilot_is_sampled_at_once_after_a_stall(self):
        # the keeper's flash writes stalled the loop for 100 ms with the contactor open; the tick after it skipped its burst, the
        # old reading was judged stale, and a vehicle that had just been plugged got a fault instead of current
        for late_ms, sampled in ((0, 0), (19, 0), (20, 1), (300, 1)):
            self.timer.late = late_ms
            self.control.step()
            self.assertEqual(self.board.calls[-2], ("read", sampled), late_ms)

    def test_guard_that_opened_is_told_to_the_core_once_and_trips(self):
        self.rig.to_closed()
        self.timer.guard_opened += 1
        self.step()
        self.assertEqual(self.rig.core.trips, trips.GUARD)
        self.assertEqual(self.board.calls[-1], ("write", 0))
        self.step()
        self.assertEqual(self.rig.core.inputs.guard_opened, 0)

    def test_output_that_could_not_be_written_trips_on_the_next_tick(self):
        self.rig.to_closed()
        self.board.written = False
        self.run_core(1)
        self.assertEqual(self.rig.core.trips, 0)
        self.run_core(1)
        self.assertTrue(self.rig.core.trips & trips.GUARD)
        self.assertEqual(self.rig.coil, 0)

    def refuse(self, ticks):
        """A coil's pin refuses to be switched off for so long, and says it; the contacts stay closed, then have their 50 ms."""
        rig = self.rig
        rig.to_closed()
        rig.welded = True
        self.board.written, self.board.deaf = False, 1
        self.run_core(ticks)
        self.board.deaf = 0                           # it is told off now, but never closed again
        self.run_core(5)
        rig.welded = False

    def test_a_coil_that_was_not_told_is_no_weld(self):
        for ticks in (1, 20, 25, 40, 69):
            self.setUp()
            self.refuse(ticks)
            self.run_core(100)
            self.assertEqual(self.rig.core.trips, trips.GUARD, ticks)

    def test_one_that_was_told_in_vain_is(self):
        self.refuse(30)
        self.rig.welded = True
        self.run_core(30)
        self.assertTrue(self.rig.core.trips & trips.WELDED)

    def test_nor_is_anybody_patient_for_long_or_twice(self):
        self.refuse(95)
        self.assertTrue(self.rig.core.trips & trips.WELDED)

    def test_three_very_late_ticks_stop_the_charge_in_order(self):
        self.rig.to_closed()
        self.timer.late = LATE_MS + 1
        self.run_core(2)
        self.assertEqual(self.rig.core.phase, CLOSED)
        self.run_core(1)
        self.assertEqual((self.rig.core.phase, self.rig.core.outputs.coil_1), (STOPPING, 1))
        self.assertEqual(self.lateness.stops, 1)

    def test_late_ticks_without_a_charge_stop_nothing_and_are_no_overload(self):
        # flash is written while the contactor is open: after each start the charger called itself overloaded
        self.timer.late = LATE_MS + 1
        self.run_core(5)
        self.assertEqual((self.rig.core.trips, self.lateness.stops, self.lateness.max_ms), (0, 0, LATE_MS + 1))
        self.timer.late = 0
        self.rig.to_closed()
        self.timer.late = LATE_MS + 1
        self.run_core(2)
        self.assertEqual(self.rig.core.phase, CLOSED)       # those before do not count

    def start(self):
        beats = []
        loop = getattr(asyncio, "new_event_loop", None)
        if loop:
            loop()
        return beats

    def test_task_beats_each_tick_and_makes_safe_when_cancelled(self):
        beats = self.start()

        async def main():
            task = asyncio.create_task(self.control.run(lambda: beats.append(1)))
            for _ in range(20):
                await asyncio.sleep_ms(0)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                return True
        self.assertTrue(asyncio.run(main()))
        self.assertGreater(len(beats), 5)
        self.assertEqual(self.timer.calls, ["start", "stop"])
        self.assertEqual(self.board.calls[-1], ("safe",))

    def test_task_that_raises_makes_safe_and_does_not_hide_it(self):
        beats = self.start()
        self.board.failing = True
        with self.assertRaises(RuntimeError):
            asyncio.run(self.control.run(lambda: beats.append(1)))
        self.assertEqual((beats, self.timer.calls, self.board.calls), ([], ["start", "stop"], [("safe",)]))


if __name__ == "__main__":
    unittest.main()
