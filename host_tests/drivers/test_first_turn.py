"""The control task's turn comes next when its tick has come; and others have theirs where ticks leave no pause."""

import asyncio
import unittest

from host_tests.drivers.chip import MICROPYTHON, Chip

OTHERS = "abcde"


class TestFirstTurn(unittest.TestCase):
    def setUp(self):
        self.chip = Chip()
        self.addCleanup(self.chip.close)
        from firmware.drivers.first_turn import FirstTurn
        self.flag = asyncio.ThreadSafeFlag()
        self.turn = FirstTurn(self.flag)
        self.order = []

    async def _tick(self, again=lambda: False):
        self.turn.begin()
        try:
            while True:
                await self.turn.wait()
                self.order.append("tick")
                if again():
                    self.flag.set()
        finally:
            self.turn.end()

    async def _other(self, name, turns, then=lambda name: None):
        for _ in range(turns):
            self.order.append(name)
            then(name)
            await asyncio.sleep_ms(0)      # due at once: all of them always are

    async def _cancelled(self, tick, then=lambda: None):
        tick.cancel()
        then()
        try:
            await tick
        except asyncio.CancelledError:
            self.order.append("cancelled")

    def play(self, turns, again=lambda: False, then=lambda name: None):
        async def main():
            tick = asyncio.create_task(self._tick(again))
            await asyncio.sleep_ms(0)
            others = [asyncio.create_task(self._other(name, turns, then)) for name in OTHERS]
            for other in others:
                await other
            await self._cancelled(tick)
        asyncio.run(main())
        return self.order

    def test_a_tick_that_has_come_is_next_however_many_are_waiting(self):
        if not MICROPYTHON:
            self.skipTest("micropython only: CPython's order is its own")
        order = self.play(20, then=lambda name: self.flag.set())
        self.assertEqual(order.count("tick"), 20 * len(OTHERS))
        for place in range(0, 2 * 20 * len(OTHERS), 2):
            self.assertIn(order[place], OTHERS)
            self.assertEqual(order[place + 1], "tick", order[:place + 2])

    def test_ticks_without_a_pause_let_somebody_else_have_a_turn_after_two_and_all_of_them_in_their_order(self):
        self.flag.set()
        order = [one for one in self.play(8, lambda: True) if one != "cancelled"]
        order = order[order.index("a"):]
        names = "".join([one for one in order if one != "tick"])
        self.assertEqual(names, OTHERS * 8)
        ticks = [len(run) for run in "".join(["." if one == "tick" else " " for one in order]).split(" ")][1:-1]
        self.assertLessEqual(max(ticks), 2, order)
        if MICROPYTHON:
            self.assertEqual(min(ticks), 2, order)              # one turn each time; CPython's loop gives all of them one

    def test_without_a_tick_the_others_have_their_order(self):
        self.assertEqual(self.play(3)[:15], list(OTHERS * 3))

    def test_a_tick_is_never_lost_and_never_invented(self):
        count = [0]

        def then(name):
            if name == "c":
                count[0] += 1
                self.flag.set()
        order = self.play(50, then=then)
        self.assertEqual((order.count("tick"), count[0]), (50, 50))

    def test_cancelled_while_its_tick_has_come_it_ends_all_the_same(self):
        async def main():
            tick = asyncio.create_task(self._tick())
            await asyncio.sleep_ms(0)
            await asyncio.sleep_ms(0)
            await self._cancelled(tick, self.flag.set)          # a callback, just then
        asyncio.run(main())
        self.assertEqual(self.order, ["cancelled"])

    def test_cancelled_while_it_lets_another_pass_it_ends_all_the_same(self):
        async def main():
            tick = asyncio.create_task(self._tick(lambda: True))
            self.flag.set()
            for _ in range(7):
                await asyncio.sleep_ms(0)
            await self._cancelled(tick)
        asyncio.run(main())
        self.assertEqual((self.order[0], self.order[-1]), ("tick", "cancelled"))

    def test_afterwards_the_loop_is_what_it_was(self):
        if not MICROPYTHON:
            self.skipTest("micropython only: there is nothing to leave behind")
        core = asyncio.core
        seen = []

        async def main():
            before = core._io_queue.wait_io_event
            self.turn.begin()
            seen.append("wait_io_event" in core._io_queue.__dict__)
            self.turn.begin()
            self.turn.end()
            self.turn.end()
            seen.append("wait_io_event" in core._io_queue.__dict__)
            seen.append(core._io_queue.wait_io_event == before or type(before) is type(core._io_queue.wait_io_event))
        asyncio.run(main())
        self.assertEqual(seen, [True, False, True])


if __name__ == "__main__":
    unittest.main()
