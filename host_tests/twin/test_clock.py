# cpython only: virtual time is the CPython side of the twin
"""Virtual time: spending, events, callbacks, other threads, pace."""
import threading
import time
import unittest

from tools.twin.clock import SCHEDULE_DEPTH, PowerCut, VirtualClock


class Clocked(unittest.TestCase):
    def setUp(self):
        self.clock = VirtualClock()
        self.addCleanup(self.clock.close)
        self.seen = []

    def note(self, word):
        return lambda *_: self.seen.append((self.clock.now_us, word))


class Spending(Clocked):
    def test_time_starts_at_zero_and_moves_only_when_spent(self):
        self.assertEqual(self.clock.now_us, 0)
        self.clock.spend_us(60)
        self.clock.spend_us(0)
        self.assertEqual(self.clock.now_us, 60)

    def test_events_run_in_order_of_time_then_of_asking(self):
        self.clock.at(30, self.note("c"))
        self.clock.at(10, self.note("a"))
        self.clock.at(30, self.note("d"))
        self.clock.after(20, self.note("b"))
        self.clock.spend_us(29)
        self.assertEqual(self.seen, [(10, "a"), (20, "b")])
        self.clock.spend_us(1)
        self.assertEqual(self.seen[2:], [(30, "c"), (30, "d")])

    def test_an_event_that_spends_delays_who_was_waiting_and_runs_no_other_inside(self):
        def costly():
            self.seen.append((self.clock.now_us, "in"))
            self.clock.spend_us(100)
            self.seen.append((self.clock.now_us, "out"))
        self.clock.at(10, costly)
        self.clock.at(20, self.note("late"))
        self.clock.spend_us(50)
        self.assertEqual(self.seen, [(10, "in"), (110, "out"), (110, "late")])
        self.assertEqual(self.clock.now_us, 150)

    def test_an_event_asked_for_the_past_runs_at_the_next_chance(self):
        self.clock.spend_us(100)
        self.clock.at(50, self.note("late"))
        self.assertEqual(self.seen, [])
        self.clock.spend_us(1)
        self.assertEqual(self.seen, [(100, "late")])

    def test_a_cancelled_event_never_runs_and_cancelling_twice_is_fine(self):
        handle = self.clock.at(10, self.note("x"))
        self.clock.cancel(handle)
        self.clock.cancel(handle)
        self.assertIsNone(self.clock.next_event_us())
        self.clock.spend_us(20)
        self.assertEqual(self.seen, [])

    def test_events_may_ask_for_events_within_the_same_spending(self):
        self.clock.at(10, lambda: self.clock.after(5, self.note("child")))
        self.clock.spend_us(20)
        self.assertEqual(self.seen, [(15, "child")])

    def test_the_fast_path_does_not_look_at_events_not_yet_due(self):
        looked, run_to = [], self.clock._run_to
        self.clock._run_to = lambda t_us: (looked.append(t_us), run_to(t_us))
        self.clock.at(1000, self.note("far"))
        for _ in range(999):
            self.clock.spend_us(1)
        self.assertEqual((looked, self.seen), ([], []))
        self.clock.spend_us(1)
        self.assertEqual((looked, self.seen), ([1000], [(1000, "far")]))


class Ticks(Clocked):
    def test_ticks_wrap_at_thirty_bits(self):
        self.clock.ticks_offset_ms = (1 << 30) - 2
        self.assertEqual(self.clock.ticks_ms(), (1 << 30) - 2)
        self.clock.spend_us(2000)
        self.assertEqual(self.clock.ticks_ms(), 0)

    def test_the_wall_clock_can_be_set_without_touching_time(self):
        self.clock.spend_us(5_000_000)
        self.clock.set_utc(2_000_000_000)
        self.clock.spend_us(1_500_000)
        self.assertEqual((self.clock.utc_s(), self.clock.now_us), (2_000_000_001, 6_500_000))


class Callbacks(Clocked):
    def test_a_callback_runs_when_the_device_call_is_over_and_never_inside_another(self):
        def callback(word):
            self.seen.append((self.clock.now_us, word))
            self.clock.spend_us(7)
            self.seen.append((self.clock.now_us, word + " ends"))
        self.clock.at(10, lambda: self.clock.schedule(callback, "one"))
        self.clock.at(62, lambda: self.clock.schedule(callback, "two"))
        self.clock.spend_us(60)
        self.assertEqual(self.seen, [(60, "one"), (67, "one ends"), (67, "two"), (74, "two ends")])

    def test_the_ninth_waiting_callback_is_lost_without_a_word(self):
        def flood():
            for n in range(SCHEDULE_DEPTH + 3):
                self.clock.schedule(self.note(n), None)
        self.clock.at(1, flood)
        self.clock.spend_us(5)
        self.assertEqual([word for _, word in self.seen], list(range(8)))
        self.assertEqual(self.clock.lost_callbacks, 3)

    def test_a_sleep_is_interrupted_at_each_beat_but_a_busy_interpreter_is_not(self):
        def beat():
            self.clock.schedule(self.note("beat"), None)
            self.clock.after(10, beat)
        self.clock.at(10, beat)
        self.clock.sleep_us(35)
        self.assertEqual([t for t, _ in self.seen], [10, 20, 30])
        del self.seen[:]
        self.clock.hold_us(30)
        self.assertEqual([t for t, _ in self.seen], [65, 65, 65])

    def test_a_failing_callback_is_printed_and_the_next_one_runs(self):
        self.clock.schedule(lambda _: 1 // 0, None)
        self.clock.schedule(self.note("next"), None)
        self.clock.spend_us(1)
        self.assertEqual(self.seen, [(1, "next")])


class Halting(Clocked):
    def test_after_a_halt_every_spending_raises_until_the_next_boot(self):
        cut = PowerCut()
        self.clock.at(10, lambda: self.clock.halt(cut))
        self.clock.at(15, self.note("world goes on"))
        for _ in range(3):
            with self.assertRaises(PowerCut):
                self.clock.spend_us(50)
        self.assertEqual(self.clock.now_us, 10)
        self.clock.resume()
        self.clock.spend_us(50)
        self.assertEqual(self.seen, [(15, "world goes on")])

    def test_callbacks_of_the_old_boot_do_not_reach_the_new_one(self):
        self.clock.schedule(self.note("old"), None)
        self.clock.halt(PowerCut())
        self.clock.resume()
        self.clock.spend_us(1)
        self.assertEqual(self.seen, [])


class OtherThreads(Clocked):
    def ask(self, fn):
        box = []

        def run():
            try:
                box.append(self.clock.call(fn, timeout_s=60))
            except Exception as exc:
                box.append(exc)
        thread = threading.Thread(target=run)
        thread.start()
        return thread, box

    def test_a_call_runs_in_the_clocks_thread_and_answers(self):
        thread, box = self.ask(lambda: (threading.get_ident(), self.clock.now_us))
        while thread.is_alive():
            self.clock.spend_us(1)
        self.assertEqual(box[0][0], threading.get_ident())

    def test_an_error_is_raised_where_the_call_was_made(self):
        thread, box = self.ask(lambda: {}["nothing"])
        while thread.is_alive():
            self.clock.spend_us(1)
        self.assertIsInstance(box[0], KeyError)

    def test_a_call_ends_a_real_wait(self):
        self.clock.speed = 1
        done = []
        self.clock.at(20_000_000, self.note("far"))
        thread, box = self.ask(lambda: done.append(1) or "answer")
        self.clock.run_until(lambda: done, 20_000_000)
        thread.join()
        self.assertEqual(box, ["answer"])
        self.assertEqual(self.seen, [])             # it did not wait until then

    def test_nobody_coming_round_is_a_timeout_and_the_call_is_dropped(self):
        box = []

        def run():
            try:
                self.clock.call(self.note("late"), timeout_s=0.05)
            except TimeoutError as exc:
                box.append(exc)
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        self.clock.spend_us(1)
        self.assertEqual((len(box), self.seen), (1, []))


class Pace(Clocked):
    def test_a_paced_clock_takes_its_time(self):
        self.clock.speed = 10
        started = time.perf_counter()
        self.clock.sleep_us(500_000)
        self.assertGreater(time.perf_counter() - started, 0.045)

    def test_a_slow_host_makes_time_lag_never_leap(self):
        self.clock.speed = 1
        for n in range(1, 6):
            self.clock.at(n * 1000, lambda: time.sleep(0.1))
        self.clock.at(6000, self.note("on time"))
        self.clock.run_until(lambda: self.seen, 1_000_000)
        self.assertEqual(self.seen, [(6000, "on time")])

    def test_negative_speed_is_refused(self):
        with self.assertRaises(ValueError):
            self.clock.speed = -1
