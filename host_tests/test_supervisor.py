"""Tasks are restarted from their factories, a critical one that dies or is late costs the power and then the watchdog bites."""

import asyncio
import sys
import unittest

from firmware.supervisor import Supervisor

MASK = 0x3FFFFFFF
STARTS = (0, MASK - 1500)


class World:
    """Time, watchdog, contactor and log in one."""

    def __init__(self, start_ms=0):
        self.start_ms = start_ms
        self.now_ms = start_ms
        self.fed = 0
        self.safe = 0
        self.logged = []

    def ticks_ms(self):
        return self.now_ms

    def feed(self):
        self.fed += 1

    def make_safe(self):
        self.safe += 1

    def log(self, event, data):
        self.logged.append((event, data["task"], data["reason"]))


async def turns(count=8):
    """Let tasks run, without time passing."""
    for _ in range(count):
        await asyncio.sleep_ms(0)


class TestSupervisor(unittest.TestCase):
    def setUp(self):
        asyncio.new_event_loop()
        self.born = []
        self.beats = {}

    def dies(self, reason="broken", after_turns=0):
        async def factory(beat):
            self.born.append(self.world.now_ms)
            await turns(after_turns)
            raise OSError(reason)
        return factory

    def lives(self, name="lives"):
        async def factory(beat):
            self.born.append(name)
            self.beats[name] = beat
            try:
                while True:
                    await asyncio.sleep_ms(20)
            finally:
                self.ended.append(name)
        return factory

    def build(self, *rows, start_ms=0):
        self.ended = []
        self.world = World(start_ms)
        return Supervisor(rows, self.world.ticks_ms, self.world, self.world.make_safe, self.world.log)

    def go(self, supervisor, script):
        """Start the tasks as run() does, then the script; time passes only as the script says."""
        async def main():
            for entry in supervisor.tasks:
                supervisor._start(entry)
            await turns()
            await script()
            await supervisor.stop()
        asyncio.run(main())

    async def pass_ms(self, supervisor, ms, step_ms=100):
        """Time passes in checks; every live task beats."""
        fed = 0
        for _ in range(ms // step_ms):
            self.world.now_ms = (self.world.now_ms + step_ms) & MASK
            for name in self.beats:
                self.beats[name]()
            fed += supervisor.check(self.world.now_ms)
            await turns(3)
        return fed

    def test_run_starts_every_row_in_order_and_feeds_the_watchdog(self):
        supervisor = self.build(("a", self.lives("a"), True, 0), ("b", self.lives("b"), False, 0))

        async def main():
            task = asyncio.create_task(supervisor.run())
            await asyncio.sleep_ms(350)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                await supervisor.stop()
        asyncio.run(main())
        self.assertEqual(self.born, ["a", "b"])
        self.assertGreaterEqual(self.world.fed, 2)
        self.assertEqual(self.ended, ["b", "a"])

    def test_healthy_tasks_feed_at_every_check(self):
        supervisor = self.build(("a", self.lives("a"), True, 500), ("b", self.lives("b"), False, 0))

        async def script():
            self.assertEqual(await self.pass_ms(supervisor, 5000), 50)
            self.assertEqual(self.world.fed, 50)
            self.assertEqual(self.world.safe, 0)
        self.go(supervisor, script)

    def test_non_critical_task_is_restarted_with_growing_delay(self):
        for start_ms in STARTS:
            self.born = []
            supervisor = self.build(("meter", self.dies(), False, 0), start_ms=start_ms)

            async def script():
                fed = await self.pass_ms(supervisor, 40000)
                self.assertEqual(fed, 400)          # the watchdog does not mind
            self.go(supervisor, script)
            times_ms = [(born - start_ms) & MASK for born in self.born]
            gaps_ms = [after - before for after, before in zip(times_ms[1:], times_ms)]
            self.assertEqual(gaps_ms[:6], [500, 1000, 2000, 4000, 8000, 16000])
            self.assertEqual(supervisor.fact()[0]["restarts"], 6)
            self.assertEqual(self.world.safe, 0)

    def test_delay_never_grows_beyond_a_minute(self):
        supervisor = self.build(("meter", self.dies(), False, 0))

        async def script():
            await self.pass_ms(supervisor, 600000, 500)
        self.go(supervisor, script)
        gaps_ms = [after - before for after, before in zip(self.born[1:], self.born)]
        self.assertEqual(max(gaps_ms), 60000)
        self.assertEqual(gaps_ms[-3:], [60000] * 3)

    def test_task_that_ran_well_for_two_minutes_begins_with_the_short_delay_again(self):
        calm = []

        async def factory(beat):
            self.born.append(self.world.now_ms)
            while len(self.born) < 5 or not calm:
                if len(self.born) < 5:
                    raise OSError("early")
                await asyncio.sleep_ms(0)
            calm.clear()
            raise OSError("late")
        supervisor = self.build(("meter", factory, False, 0))

        async def script():
            await self.pass_ms(supervisor, 10000)           # dies at 0, 500, 1500, 3500; lives from 7500
            self.assertEqual(len(self.born), 5)
            self.assertTrue(supervisor.ailing())
            await self.pass_ms(supervisor, 120000)
            self.assertFalse(supervisor.ailing())
            calm.append(1)
            await self.pass_ms(supervisor, 100)
            self.assertTrue(supervisor.ailing())
            died_ms = self.world.now_ms
            await self.pass_ms(supervisor, 1000)
            self.assertLessEqual(self.born[-1] - died_ms, 500)
        self.go(supervisor, script)

    def test_reason_is_logged_with_the_task_and_told_as_a_fact(self):
        supervisor = self.build(("meter", self.dies("line 7"), False, 0))

        async def script():
            await turns()
        self.go(supervisor, script)
        self.assertEqual(self.world.logged, [("task_died", "meter", "OSError: line 7")])
        self.assertEqual(supervisor.fact(), [{"name": "meter", "critical": False, "restarts": 0, "last_error": "OSError: line 7"}])

    def test_task_that_dies_again_and_again_is_logged_once_until_the_reason_changes(self):
        reasons = ["a", "a", "a", "b", "b", "a"]

        async def factory(beat):
            self.born.append(self.world.now_ms)
            raise OSError(reasons[min(len(self.born), len(reasons)) - 1])
        supervisor = self.build(("meter", factory, False, 0))

        async def script():
            await self.pass_ms(supervisor, 30000)
        self.go(supervisor, script)
        self.assertGreaterEqual(len(self.born), 6)
        self.assertEqual([reason for _, _, reason in self.world.logged], ["OSError: a", "OSError: b", "OSError: a"])

    def test_task_that_simply_ends_is_restarted_too(self):
        async def factory(beat):
            self.born.append(self.world.now_ms)
        supervisor = self.build(("web", factory, False, 0))

        async def script():
            await self.pass_ms(supervisor, 1000)
        self.go(supervisor, script)
        self.assertGreaterEqual(len(self.born), 2)
        self.assertEqual(supervisor.fact()[0]["last_error"], "ended")

    def test_factory_that_raises_at_once_is_a_death_like_any_other(self):
        def factory(beat):
            raise ValueError("no coroutine")
        supervisor = self.build(("web", factory, False, 0))

        async def script():
            await self.pass_ms(supervisor, 600)
        self.go(supervisor, script)
        self.assertEqual(supervisor.fact()[0]["restarts"], 1)

    def test_task_that_is_cancelled_by_what_it_awaits_is_a_death_like_any_other(self):
        """CancelledError is no Exception: it passes by every `except Exception` on its way out."""
        for critical in (False, True):
            async def factory(beat):
                self.born.append(1)
                inner = asyncio.create_task(turns(1000))
                await asyncio.sleep_ms(0)
                inner.cancel()
                await inner
            self.born = []
            supervisor = self.build(("task", factory, critical, 0))

            async def script():
                await self.pass_ms(supervisor, 2000)
            self.go(supervisor, script)
            self.assertEqual(self.world.logged[0], ("task_died", "task", "cancelled"))
            self.assertEqual((len(self.born) > 1, self.world.safe > 0), (not critical, critical))

    def test_critical_death_makes_safe_at_once_is_not_restarted_and_starves_the_watchdog(self):
        for start_ms in STARTS:
            self.born = []
            supervisor = self.build(("control", self.dies("boom", 3), True, 500), ("web", self.lives("web"), False, 0),
                                    start_ms=start_ms)

            async def script():
                await turns(10)
                self.assertEqual(self.world.safe, 1)
                self.assertEqual(await self.pass_ms(supervisor, 60000), 0)
                self.assertEqual(self.world.fed, 0)
            self.go(supervisor, script)
            self.assertEqual(len([born for born in self.born if born != "web"]), 1)
            self.assertEqual(self.world.logged, [("task_died", "control", "OSError: boom")])

    def test_critical_task_without_a_beat_is_made_safe_and_not_fed_until_it_beats_again(self):
        for start_ms in STARTS:
            supervisor = self.build(("control", self.lives("control"), True, 500), start_ms=start_ms)

            async def script():
                beat = self.beats.pop("control")
                self.assertEqual(await self.pass_ms(supervisor, 500), 5)
                self.assertEqual(self.world.safe, 0)
                self.assertEqual(await self.pass_ms(supervisor, 300), 0)
                self.assertEqual(self.world.safe, 3)
                beat()
                self.assertEqual(await self.pass_ms(supervisor, 500), 5)
            self.go(supervisor, script)

    def test_non_critical_task_need_not_beat(self):
        supervisor = self.build(("web", self.lives("web"), False, 100))

        async def script():
            self.beats.clear()
            self.assertEqual(await self.pass_ms(supervisor, 5000), 50)
        self.go(supervisor, script)

    def test_running_names_who_runs_and_blames_nobody_between_two_tasks(self):
        named, supervisors = [], []

        async def busy(beat):
            named.append(supervisors[0].running())
            while True:
                await asyncio.sleep_ms(5)

        async def stranger():
            named.append(supervisors[0].running())

        async def main():
            supervisors.append(Supervisor((("busy", busy, False, 0),), lambda: 0, None, None, None))
            supervisors[0]._start(supervisors[0].tasks[0])
            await asyncio.create_task(stranger())
            await turns()
            await supervisors[0].stop()
        asyncio.run(main())
        self.assertEqual(sorted(named), ["busy", "stranger"])
        self.assertEqual(supervisors[0].running(), "nobody")

    def test_running_takes_a_task_that_waits_for_nobody(self):
        async def waits():
            await asyncio.sleep_ms(5)
            return "undisturbed"

        async def main():
            supervisor = Supervisor((), lambda: 0, None, None, None)
            task = asyncio.create_task(waits())
            await asyncio.sleep_ms(0)
            before, asyncio.current_task = asyncio.current_task, lambda: task     # as MicroPython answers in its wait
            try:
                if sys.implementation.name == "micropython":         # CPython's answer is None there
                    self.assertEqual(supervisor.running(), "nobody")
                asyncio.current_task = lambda: None
                self.assertEqual(supervisor.running(), "nobody")
            finally:
                asyncio.current_task = before
            self.assertEqual(await task, "undisturbed")
        asyncio.run(main())

    def test_stop_cancels_the_last_row_first_and_restarts_nothing(self):
        supervisor = self.build(("a", self.lives("a"), True, 0), ("b", self.dies(), False, 0), ("c", self.lives("c"), False, 0),
                                ("d", self.lives("d"), False, 0))

        async def script():
            await supervisor.stop()
            self.assertEqual(self.ended, ["d", "c", "a"])
            born = len(self.born)
            await self.pass_ms(supervisor, 5000)
            self.assertEqual(len(self.born), born)
        self.go(supervisor, script)

    def test_stop_waits_for_a_task_that_takes_its_time_to_end(self):
        async def slow(beat):
            try:
                while True:
                    await asyncio.sleep_ms(0)
            finally:
                await turns(5)
                self.ended.append("slow")
        supervisor = self.build(("a", self.lives("a"), False, 0), ("slow", slow, False, 0))

        async def script():
            await supervisor.stop()
            self.assertEqual(self.ended, ["slow", "a"])
        self.go(supervisor, script)

    def test_stop_survives_a_task_that_raises_while_it_ends(self):
        async def sore(beat):
            try:
                while True:
                    await asyncio.sleep_ms(0)
            finally:
                raise OSError("while ending")
        supervisor = self.build(("a", self.lives("a"), False, 0), ("sore", sore, False, 0))

        async def script():
            await supervisor.stop()
            self.assertEqual(self.ended, ["a"])
        self.go(supervisor, script)
        self.assertEqual(supervisor.fact()[1]["last_error"], "OSError: while ending")


if __name__ == "__main__":
    unittest.main()
