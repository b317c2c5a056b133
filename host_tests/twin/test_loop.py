# cpython only: MicroPython has its own asyncio
"""asyncio of the firmware on virtual time, with MicroPython's extras."""
import asyncio
import json
import socket
import threading
import time
import unittest
from pathlib import Path

from tools.twin import cpython
from tools.twin.clock import PowerCut, VirtualClock
from tools.twin.hal import Hal

BOARD = json.loads((Path(__file__).resolve().parents[2] / "board_configs" / "twin.json").read_text())


class OnLoop(unittest.TestCase):
    speed = 0

    def setUp(self):
        self.clock = VirtualClock(speed=self.speed)
        self.hal = Hal(BOARD, self.clock)
        self.inst = cpython.install(self.clock, self.hal)

    def tearDown(self):
        cpython.uninstall()
        self.clock.close()


class Sleeping(OnLoop):
    def test_eight_hours_pass_at_once(self):
        started = time.process_time()               # waited for, it would not show here, but in the suite's time
        asyncio.run(self.sleep(8 * 3600 * 1000))
        self.assertEqual(self.clock.now_us, 8 * 3600 * 1_000_000)
        self.assertLess(time.process_time() - started, 1)

    async def sleep(self, ms):
        await asyncio.sleep_ms(ms)

    def test_a_sleep_ends_on_the_next_system_tick(self):
        ends = []

        async def main():
            self.clock.spend_us(1234)
            for ms in (1, 10, 25):
                await asyncio.sleep_ms(ms)
                ends.append(self.clock.now_us)
            await asyncio.sleep(0.001)
            ends.append(self.clock.now_us)
        asyncio.run(main())
        self.assertEqual(ends, [10_000, 20_000, 50_000, 60_000])

    def test_sleeping_nothing_yields_without_passing_time(self):
        order = []

        async def other():
            order.append("other")

        async def main():
            asyncio.create_task(other())
            await asyncio.sleep_ms(0)
            order.append("main")
        asyncio.run(main())
        self.assertEqual((order, self.clock.now_us), (["other", "main"], 0))

    def test_a_sleep_makes_no_task_as_on_micropython(self):
        async def main():
            asyncio.create_task(asyncio.sleep_ms(5))
        with self.assertRaises(TypeError):
            asyncio.run(main())

    def test_wait_for_ms_gives_up_in_virtual_time(self):
        async def main():
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for_ms(asyncio.Event().wait(), 30)
            self.assertEqual(self.clock.now_us, 30_000)
        asyncio.run(main())


class Flags(OnLoop):
    def test_a_flag_set_by_a_timer_wakes_its_waiter_at_once(self):
        import machine
        wakes = []

        async def main():
            flag = asyncio.ThreadSafeFlag()
            timer = machine.Timer(0, period=10, callback=lambda t: flag.set())
            start = self.clock.now_us
            for _ in range(3):
                await flag.wait()
                wakes.append(self.clock.now_us - start)
            timer.deinit()
        asyncio.run(main())
        self.assertEqual(wakes, [10_000, 20_000, 30_000])

    def test_a_flag_set_twice_wakes_once_and_set_before_the_wait_is_not_lost(self):
        async def main():
            flag = asyncio.ThreadSafeFlag()
            flag.set()
            flag.set()
            await flag.wait()
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for_ms(flag.wait(), 10)
            flag.set()
            flag.clear()
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for_ms(flag.wait(), 10)
        asyncio.run(main())

    def test_a_second_waiter_is_an_error(self):
        async def main():
            flag = asyncio.ThreadSafeFlag()
            asyncio.create_task(flag.wait())
            await asyncio.sleep_ms(0)
            with self.assertRaises(AssertionError):
                await flag.wait()
        asyncio.run(main())

    def test_a_thread_may_set_a_flag(self):
        async def main():
            flag = asyncio.ThreadSafeFlag()
            thread = threading.Timer(0.02, flag.set)
            thread.start()
            await flag.wait()
            thread.join()
        asyncio.run(main())

    def test_a_hog_is_seen_as_lateness_of_the_flag(self):
        import machine
        late = []

        async def hog():
            time.sleep_ms(35)

        async def main():
            flag = asyncio.ThreadSafeFlag()
            machine.Timer(0, period=10, callback=lambda t: flag.set())
            await flag.wait()
            before = self.clock.now_us
            asyncio.create_task(hog())
            await flag.wait()
            late.append(self.clock.now_us - before)
        asyncio.run(main())
        self.assertEqual(late, [35_000])


class Ending(OnLoop):
    def test_a_power_cut_stops_tasks_where_they_are(self):
        trail = []

        async def main():
            self.clock.after(15_000, self.hal.power_cut)
            try:
                while True:
                    await asyncio.sleep_ms(10)
                    trail.append(self.clock.now_us)
            except Exception:
                trail.append("caught")
        with self.assertRaises(PowerCut):
            asyncio.run(main())
        self.assertEqual(trail, [10_000])

    def test_a_power_cut_inside_a_task_of_many_reaches_the_top(self):
        async def worker():
            self.clock.spend_us(20_000)

        async def main():
            self.clock.after(15_000, self.hal.power_cut)
            asyncio.create_task(worker())
            await asyncio.sleep_ms(1000)
        with self.assertRaises(PowerCut):
            asyncio.run(main())

    def test_tasks_left_over_run_on_in_the_next_run_as_on_micropython(self):
        trail = []

        async def other():
            while True:
                await asyncio.sleep_ms(10)
                trail.append(self.clock.now_us)

        async def first():
            asyncio.create_task(other())
            await asyncio.sleep_ms(10)

        async def second():
            await asyncio.sleep_ms(20)
        asyncio.run(first())
        asyncio.run(second())
        self.assertEqual(len(trail), 3)


class Sockets(OnLoop):
    speed = 1

    def test_a_real_client_is_served_while_time_is_paced(self):
        async def serve(reader, writer):
            writer.write((await reader.readline()).upper())
            await writer.drain()
            writer.close()

        def client(port, answers):
            with socket.create_connection(("127.0.0.1", port), 60) as sock:
                sock.sendall(b"hello\n")
                answers.append(sock.recv(100))

        async def main():
            server = await asyncio.start_server(serve, "127.0.0.1", 0)
            answers = []
            thread = threading.Thread(target=client, args=(server.sockets[0].getsockname()[1], answers))
            thread.start()
            while not answers and self.clock.now_us < 60_000_000:
                await asyncio.sleep_ms(10)
            thread.join()
            server.close()
            return answers
        self.assertEqual(asyncio.run(main()), [b"HELLO\n"])

    def test_a_call_from_another_thread_is_answered_while_the_loop_waits(self):
        answers = []
        thread = threading.Thread(target=lambda: answers.append(self.clock.call(lambda: "here", 60)))

        async def main():
            thread.start()
            while not answers and self.clock.now_us < 60_000_000:
                await asyncio.sleep_ms(100)
        asyncio.run(main())
        thread.join()
        self.assertEqual(answers, ["here"])

    def test_a_slow_host_is_not_seen_as_lateness(self):
        import machine
        gaps = []

        async def main():
            flag = asyncio.ThreadSafeFlag()
            machine.Timer(0, period=10, callback=lambda t: flag.set())
            await flag.wait()
            for n in range(5):
                before = self.clock.now_us
                if n == 2:
                    time.sleep(0.08)  # the host's own sleep: no virtual time
                await flag.wait()
                gaps.append(self.clock.now_us - before)
        asyncio.run(main())
        self.assertEqual(gaps, [10_000] * 5)


class Speed(OnLoop):
    """The floor under "eight hours in seconds": timer, flag, burst of 32 reads and a task, a hundred times a second."""

    def test_a_toy_charger_runs_a_hundred_times_faster_than_real_time(self):
        import machine
        adc = machine.ADC(machine.Pin(36))
        machine.PWM(machine.Pin(33), freq=1000, duty_u16=6554)
        self.hal.set_pilot(9000, -12000)
        read_uv, ticks_us, sleep_us = adc.read_uv, time.ticks_us, time.sleep_us
        bad = []

        def burst():
            due = ticks_us()
            low, high = 1 << 29, 0
            for _ in range(32):
                uv = read_uv()
                low = uv if uv < low else low
                high = uv if uv > high else high
                due = (due + 101) & 0x3FFFFFFF
                wait = (due - ticks_us()) & 0x3FFFFFFF
                if wait <= 101:
                    sleep_us(wait)
            if high < 2_000_000 or low > 300_000:
                bad.append(self.clock.now_us)

        async def background():
            while True:
                await asyncio.sleep_ms(100)

        async def main():
            asyncio.create_task(background())
            flag = asyncio.ThreadSafeFlag()
            machine.Timer(0, period=10, callback=lambda t: flag.set())
            for _ in range(6000):
                await flag.wait()
                burst()
        started = time.process_time()
        asyncio.run(main())
        factor = self.clock.now_us / 1e6 / (time.process_time() - started)
        self.assertEqual(bad, [])
        self.assertGreater(factor, 100)
