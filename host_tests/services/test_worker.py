"""to_thread(): values and exceptions come back, work runs side by side, and the threads end."""

import _thread
import asyncio
import unittest

from firmware.services import worker
from firmware.services.worker import Workers


def add(one, two):
    return one + two


def fail(text):
    raise ValueError(text)


def who(_):
    return _thread.get_ident()


def meet(mine, other):
    """Waits until the other side has come as well: only two threads at once can do that."""
    mine.append(1)
    turns = 0
    while not other and turns < 20000000:
        turns += 1
    return len(other)


class Threads:
    """In place of the module _thread."""

    def __init__(self, start):
        self.stack_size = _thread.stack_size
        self.allocate_lock = _thread.allocate_lock
        self.start_new_thread = start


class TestWorkers(unittest.TestCase):
    def setUp(self):
        asyncio.new_event_loop()
        self.workers = Workers()
        self.addCleanup(self.end)

    def end(self):
        self.workers.stop()
        # the threads need a moment of real time to be gone; the twin's clock is not asked
        turns = 0
        while turns < 200000:
            turns += 1

    def run_it(self, coroutine):
        return asyncio.run(coroutine)

    def test_value_comes_back(self):
        async def main():
            return await self.workers.to_thread(add, 2, 3)
        self.assertEqual(self.run_it(main()), 5)

    def test_exception_comes_back_and_the_worker_lives_on(self):
        async def main():
            found = []
            for text in ("one", "two", "three"):
                try:
                    await self.workers.to_thread(fail, text)
                except ValueError as error:
                    found.append(str(error))
            return found, await self.workers.to_thread(add, 1, 1)
        self.assertEqual(self.run_it(main()), (["one", "two", "three"], 2))

    def test_it_runs_in_another_thread_and_the_loop_goes_on_meanwhile(self):
        async def main():
            turns = []

            async def tick():
                while True:
                    turns.append(1)
                    await asyncio.sleep_ms(0)
            task = asyncio.create_task(tick())
            thread = await self.workers.to_thread(who, 0)
            task.cancel()
            return thread != _thread.get_ident(), len(turns)
        other, turns = self.run_it(main())
        self.assertTrue(other)
        self.assertGreater(turns, 0)

    def test_two_run_side_by_side(self):
        async def main():
            one, two = [], []
            return await asyncio.gather(self.workers.to_thread(meet, one, two), self.workers.to_thread(meet, two, one))
        self.assertEqual(list(self.run_it(main())), [1, 1])

    def test_more_jobs_than_workers_all_get_their_own_answer(self):
        async def main():
            return await asyncio.gather(*[self.workers.to_thread(add, number, 100) for number in range(12)])
        self.assertEqual(list(self.run_it(main())), [number + 100 for number in range(12)])

    def test_workers_are_few_and_live_on(self):
        async def main():
            threads = set()
            for _ in range(10):
                threads.add(await self.workers.to_thread(who, 0))
            return len(threads)
        self.assertLessEqual(self.run_it(main()), 2)

    def test_stopped_workers_start_again_when_wanted(self):
        async def main():
            first = await self.workers.to_thread(add, 1, 1)
            self.workers.stop()
            self.workers.stop()
            second = await asyncio.gather(*[self.workers.to_thread(add, number, 1) for number in range(5)])
            return first, list(second)
        self.assertEqual(self.run_it(main()), (2, [1, 2, 3, 4, 5]))

    def test_regression_without_memory_for_a_second_thread_one_does_all(self):
        """The second half of the jobs went to a thread that was never started, and whoever waited for them waited for ever."""
        start = _thread.start_new_thread
        free = [1]

        def some(*args):
            if not free:
                raise OSError(12)
            free.pop()
            return start(*args)

        async def main():
            return await asyncio.gather(*[self.workers.to_thread(add, number, 1) for number in range(4)])
        worker._thread = Threads(some)
        try:
            self.assertEqual(list(self.run_it(main())), [1, 2, 3, 4])
            self.workers.stop()
            with self.assertRaises(OSError):
                self.run_it(main())
            free.append(1)
            self.assertEqual(list(self.run_it(main())), [1, 2, 3, 4])
        finally:
            worker._thread = _thread

    def test_stop_ends_a_worker_that_is_still_busy(self):
        ended = []

        def serve_and_tell(*args):
            from firmware.services import worker
            worker._serve(*args)
            ended.append(1)

        async def main():
            one, two = [], []
            job = asyncio.create_task(self.workers.to_thread(meet, one, two))
            while not one:
                await asyncio.sleep_ms(0)
            self.workers.stop()
            two.append(1)
            return await job
        from firmware.services import worker
        original = worker._thread.start_new_thread

        class Threads:
            stack_size, allocate_lock = worker._thread.stack_size, worker._thread.allocate_lock

            @staticmethod
            def start_new_thread(_serve, args):
                original(serve_and_tell, args)
        worker._thread, kept = Threads, worker._thread
        try:
            self.assertEqual(self.run_it(main()), 1)
        finally:
            worker._thread = kept
        turns = 0
        while len(ended) < 2 and turns < 20000000:
            turns += 1
        self.assertEqual(len(ended), 2)

    def test_inline_runs_in_place(self):
        inline = Workers(inline=True)

        async def main():
            found = await inline.to_thread(who, 0)
            try:
                await inline.to_thread(fail, "here")
            except ValueError as error:
                return found, str(error)
        self.assertEqual(self.run_it(main()), (_thread.get_ident(), "here"))
        inline.stop()


if __name__ == "__main__":
    unittest.main()
