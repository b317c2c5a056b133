# micropython only: it compares with what is built in there
"""asyncio on virtual ticks does what the interpreter's own does: each little program runs on both and must tell the same."""
import sys
import unittest

OURS = ("time", "_asyncio")
_START_US = (1 << 40) + 5_000  # world time needs more than 30 bits; the firmware's ticks do not


class _Swapped:
    """While it is entered, `import asyncio` finds this set of modules."""

    def __init__(self):
        self.modules = {}

    def __enter__(self):
        self._hidden = self._take()
        sys.modules.update(self.modules)
        return self

    def __exit__(self, kind, value, trace):
        self.modules = self._take()
        sys.modules.update(self._hidden)

    @staticmethod
    def _take():
        names = [n for n in sys.modules if n in OURS or n == "asyncio" or n.startswith("asyncio.")]
        return dict([(n, sys.modules.pop(n)) for n in names])


class _Virtual(_Swapped):
    """Our queue, tasks and poller on a clock of their own, with no world to ask."""

    def __init__(self):
        super().__init__()
        root = __file__[:__file__.rfind("host_tests")]
        sys.path.insert(0, root + "tools/twin")
        try:
            import vm_clock
            import vm_virtual
        finally:
            sys.path.pop(0)
        with self:
            self.clock = vm_clock.LockstepClock(_START_US)
            sys.modules["time"] = vm_virtual.shadow_time(self.clock, 2, lambda: 0)
            vm_virtual.install_asyncio(self.clock)


def _play(modules, program):
    """What the program says, line by line."""
    said = []
    with modules:
        import asyncio
        asyncio.new_event_loop()
        asyncio.run(program(asyncio, said.append))
    return said


async def ordering(asyncio, say):
    async def sleeper(name, ms):
        await asyncio.sleep_ms(ms)
        say(name)

    async def turns(name):
        for n in range(3):
            say((name, n))
            await asyncio.sleep_ms(0)
    tasks = [asyncio.create_task(sleeper(ms, ms)) for ms in (90, 30, 60, 0, 120)]
    tasks += [asyncio.create_task(sleeper(("alike", n), 45)) for n in range(4)]
    tasks += [asyncio.create_task(turns(name)) for name in "abc"]
    for task in tasks:
        await task
        say(task.done())


async def cancelling(asyncio, say):
    async def guarded(name, wait):
        try:
            await wait()
            say((name, "done"))
            return name
        except asyncio.CancelledError:
            say((name, "cancelled"))
            raise
        finally:
            say((name, "finally"))
    event = asyncio.Event()
    flag = asyncio.ThreadSafeFlag()
    lock = asyncio.Lock()
    await lock.acquire()
    sleeping = asyncio.create_task(guarded("sleep", lambda: asyncio.sleep_ms(10_000)))

    async def on_task():
        await sleeping
    tasks = [asyncio.create_task(guarded("event", event.wait)), asyncio.create_task(guarded("flag", flag.wait)),
             asyncio.create_task(guarded("lock", lock.acquire)), asyncio.create_task(guarded("task", on_task)),
             asyncio.create_task(guarded("quick", lambda: asyncio.sleep_ms(0)))]
    never = asyncio.create_task(guarded("never begun", event.wait))
    say(never.cancel())
    await asyncio.sleep_ms(30)
    say([task.done() for task in tasks])
    for task in tasks:
        say(task.cancel())
    for task in tasks + [sleeping, never]:
        try:
            say(await task)
        except asyncio.CancelledError:
            say("was cancelled")
    say(tasks[0].cancel())
    try:
        asyncio.current_task().cancel()
    except RuntimeError as error:
        say(str(error))
    event.set()
    flag.set()
    lock.release()
    await flag.wait()
    say(lock.locked())


async def time_limits(asyncio, say):
    async def late(ms, value=None, error=None):
        try:
            await asyncio.sleep_ms(ms)
        except asyncio.CancelledError:
            say("stopped")
            raise
        if error is not None:
            raise error
        return value
    say(await asyncio.wait_for_ms(late(10, "in time"), 500))
    say(await asyncio.wait_for(late(10, "without a limit"), None))
    for what in (late(5_000), late(10, error=ValueError("own"))):
        try:
            await asyncio.wait_for_ms(what, 60)
        except (asyncio.TimeoutError, ValueError) as error:
            say(type(error).__name__)
    outer = asyncio.create_task(asyncio.wait_for_ms(late(5_000), 4_000))
    await asyncio.sleep_ms(20)
    outer.cancel()
    try:
        await outer
    except asyncio.CancelledError:
        say("from outside")
    flag = asyncio.ThreadSafeFlag()
    for _ in range(2):
        try:
            await asyncio.wait_for_ms(flag.wait(), 20)
            say("set")
        except asyncio.TimeoutError:
            say("not set")
            flag.set()


async def events_and_locks(asyncio, say):
    event = asyncio.Event()
    lock = asyncio.Lock()

    async def waiter(name):
        say((name, await event.wait()))
        async with lock:
            say((name, "in"))
            await asyncio.sleep_ms(40)
            say((name, "out"))
    tasks = [asyncio.create_task(waiter(n)) for n in range(4)]
    await asyncio.sleep_ms(10)
    say(event.is_set())
    event.set()
    await asyncio.sleep_ms(60)
    tasks[2].cancel()
    for task in tasks:
        try:
            await task
        except asyncio.CancelledError:
            say("cancelled")
    event.clear()
    say((event.is_set(), lock.locked()))
    try:
        lock.release()
    except RuntimeError as error:
        say(str(error))


async def flags(asyncio, say):
    first, second = asyncio.ThreadSafeFlag(), asyncio.ThreadSafeFlag()

    async def follow(name, flag, times):
        for n in range(times):
            await flag.wait()
            say((name, n))
    tasks = [asyncio.create_task(follow("second", second, 2)), asyncio.create_task(follow("first", first, 2))]
    await asyncio.sleep_ms(10)
    second.set()
    second.set()
    await asyncio.sleep_ms(20)
    first.set()
    await asyncio.sleep_ms(20)
    first.set()
    await asyncio.sleep_ms(20)
    second.set()
    for task in tasks:
        await task
    first.set()
    first.clear()
    first.set()
    await first.wait()
    say((first.state, second.state))


async def gathering(asyncio, say):
    async def after(ms, value):
        await asyncio.sleep_ms(ms)
        say(str(value))
        if isinstance(value, Exception):
            raise value
        return value
    say(await asyncio.gather(after(40, "b"), after(10, "a"), after(0, "c")))
    error = ValueError("one of them")
    mixed = await asyncio.gather(after(10, "x"), after(20, error), return_exceptions=True)
    say([mixed[0], mixed[1] is error])
    slow = asyncio.create_task(after(60, "slow"))
    try:
        await asyncio.gather(slow, after(10, error))
    except ValueError:
        say("raised")
    say(slow.done())
    say(await slow)
    try:
        await asyncio.gather(slow)
    except RuntimeError as error:
        say(str(error))
    whole = asyncio.create_task(_gather(asyncio, after))
    await asyncio.sleep_ms(10)
    whole.cancel()
    try:
        await whole
    except asyncio.CancelledError:
        say("cancelled")
    await asyncio.sleep_ms(60)


async def _gather(asyncio, after):
    return await asyncio.gather(after(40, "never 1"), after(50, "never 2"))


async def ends(asyncio, say):
    async def fails():
        await asyncio.sleep_ms(0)
        raise ValueError("of its own")

    async def waits(task):
        try:
            return await task
        except ValueError as error:
            return "saw " + str(error)
    asyncio.get_event_loop().set_exception_handler(lambda loop, context: say((context["message"], str(context["exception"]))))
    lonely = asyncio.create_task(fails())
    await asyncio.sleep_ms(20)
    say(lonely.done())
    seen = asyncio.create_task(fails())
    both = [asyncio.create_task(waits(seen)) for _ in range(2)]
    for one in both:
        say(await one)
    say(await waits(seen))
    try:
        asyncio.create_task(7)
    except TypeError as error:
        say(str(error))
    asyncio.get_event_loop().set_exception_handler(None)


class SameAsBuiltIn(unittest.TestCase):
    def check(self, program):
        ours = _play(_Virtual(), program)
        self.assertGreater(len(ours), 4)
        self.assertEqual(_play(_Virtual(), program), ours)
        for _ in range(4):  # the built-in one runs in real time: a busy host may have turned two of its sleeps round
            if _play(_Swapped(), program) == ours:
                return
        self.assertEqual(ours, _play(_Swapped(), program))

    def test_tasks_run_in_the_order_of_their_times_and_alike_ones_in_turn(self):
        self.check(ordering)

    def test_cancelling_ends_every_kind_of_wait(self):
        self.check(cancelling)

    def test_time_limits_pass_values_errors_and_cancellation_on(self):
        self.check(time_limits)

    def test_events_and_locks_serve_in_order(self):
        self.check(events_and_locks)

    def test_flags_wake_their_own_waiter_and_clear_themselves(self):
        self.check(flags)

    def test_gather_collects_fails_and_is_cancelled(self):
        self.check(gathering)

    def test_ended_tasks_tell_everybody_how(self):
        self.check(ends)


class Time(unittest.TestCase):
    def setUp(self):
        self.virtual = _Virtual()
        self.clock = self.virtual.clock

    def now_ms(self):
        return (self.clock.total_us() - _START_US) // 1000

    def play(self, program):
        return _play(self.virtual, program)

    def test_half_an_hour_of_sleep_is_over_at_once_and_on_the_system_tick(self):
        async def program(asyncio, say):
            for ms in (1, 10, 1_800_000):
                await asyncio.sleep_ms(ms)
                say(self.clock.total_us() % 10_000)
                say(self.now_ms() // 10)
        said = self.play(program)
        self.assertEqual(said[0::2], [0, 0, 0])
        self.assertEqual((said[1] <= 2, said[5] >= 180_000, said[5] <= 180_003), (True, True, True))

    def test_ticks_stay_small_integers_across_their_wrap_and_agree(self):
        from_us = (1 << 30) - 1500
        self.clock.run_to((_START_US >> 30 << 30) + from_us)
        time = self.virtual.modules["time"]
        before = time.ticks_us(), time.ticks_ms()
        self.assertEqual(before[0], from_us + 2)
        time.sleep_us(3000)
        after = time.ticks_us(), time.ticks_ms()
        self.assertEqual((after[0], time.ticks_diff(after[0], before[0]), time.ticks_diff(after[1], before[1])), (1506, 3004, 3))
        self.assertEqual(time.ticks_ms(), self.clock.total_us() // 1000 & 0x3FFFFFFF)

    def test_a_timer_wakes_a_flag_at_its_own_time_and_goes_on_beside_sleeps(self):
        async def program(asyncio, say):
            flag = asyncio.ThreadSafeFlag()
            start_us = self.clock.total_us()
            self.clock.timer(lambda _: flag.set(), None, 7_000, True)

            async def other():
                await asyncio.sleep_ms(16)
                say("other")
            asyncio.create_task(other())
            for _ in range(4):
                await flag.wait()
                say(self.clock.total_us() - start_us)
        self.assertEqual(self.play(program), [7000, 14000, "other", 21000, 28000])

    def test_callbacks_interrupt_a_sleep_and_wait_for_the_end_of_a_hold(self):
        beats = []
        start_us = self.clock.total_us()
        self.clock.timer(lambda _: beats.append(self.clock.total_us() - start_us), None, 10_000, True)
        self.clock.sleep_us(25_000)
        self.assertEqual(beats, [10_000, 20_000])
        self.clock.hold(30_000)
        self.assertEqual(beats, [10_000, 20_000] + [55_000] * 3)
        self.clock.hold(100_000)
        self.assertEqual((len(beats), self.clock.lost_callbacks), (13, 2))

    def test_a_callback_is_not_interrupted_by_another_and_its_error_stops_nothing(self):
        said = []

        def slow(_):
            said.append("begin")
            self.clock.spend(20_000)
            said.append("end")
            raise ValueError("its own")
        self.clock.timer(slow, None, 10_000, False)
        self.clock.timer(said.append, "second", 15_000, False)
        self.clock.sleep_us(50_000)
        self.assertEqual(said, ["begin", "end", "second"])

    def test_the_world_is_asked_only_past_its_horizon_and_may_stop_us_on_the_way(self):
        asked = []

        def ask(t_us):
            asked.append(t_us)
            now_us = min(t_us, 30_000)
            return (now_us, 30_000 if now_us < 30_000 else 1_000_000)
        clock = type(self.clock)(0, ask)
        clock.spend(10)
        clock.spend(10)
        clock.sleep_us(20_000)
        self.assertEqual((asked, clock.total_us()), ([10], 20_020))
        clock.spend(50_000)
        self.assertEqual((asked, clock.total_us()), ([10, 70_020], 70_020))
        clock.spend(900_000)
        self.assertEqual(len(asked), 2)

    def test_looking_costs_nothing(self):
        time = self.virtual.modules["time"]
        at_us = self.clock.total_us()
        self.assertEqual(self.clock.look(at_us + 500, time.ticks_us) - (at_us & 0x3FFFFFFF), 502)
        self.assertEqual(self.clock.total_us(), at_us)
