"""The lock: one pulse, one pause, never both pins, an end even when the loop is late, and a word when it is stuck."""

import unittest

from firmware.safety.io_image import NOT_FITTED, Inputs
from host_tests.drivers.chip import Chip

LOCK_1, LOCK_2, FEEDBACK = 40, 41, 42
PULSE_MS, PAUSE_MS = 300, 2400


class TestLockMotor(unittest.TestCase):
    def lock(self, on=1, motor=True, closed=1, ticks_ms=0):
        self.chip = Chip()
        self.addCleanup(self.chip.close)
        from firmware.drivers.lock_motor import LockMotor
        self.inputs = Inputs()
        self.now_ms = ticks_ms
        self.on, self.closed = on, closed
        self.both = 0
        self.driven = []                  # (signal, began, ended) in ticks
        self._running = None
        self.bolt_ms = 0                  # 0 open, 150 closed
        self.jammed = False
        self.ticks = 0
        self.motor = motor
        self.feedback(0)
        return LockMotor(LOCK_1, on, LOCK_2 if motor else None, on, FEEDBACK, closed, PULSE_MS, PAUSE_MS)

    def feedback(self, shown):
        self.chip.hal.set_pin(FEEDBACK, self.closed if shown else 1 - self.closed)

    def levels(self):
        driven = self.chip.hal.driven
        one = 1 if driven.get(LOCK_1) == self.on else 0
        two = 1 if self.motor and driven.get(LOCK_2) == self.on else 0
        return one, two

    def move(self, ms):
        """The bolt and what is noted of the motor."""
        one, two = self.levels()
        self.both += one & two
        running = "lock" if one else "unlock" if two else None
        if running != self._running:
            if self._running is not None:
                self.driven[-1][2] = self.ticks
            if running is not None:
                self.driven.append([running, self.ticks, None])
            self._running = running
        if not self.jammed:
            direction = one - two if self.motor else (1 if one else -1)
            self.bolt_ms = min(max(self.bolt_ms + direction * ms, 0), 150)
        self.feedback(self.bolt_ms == 150)

    def play(self, lock, orders, step_ms=10):
        """orders: (wanted, for ms)."""
        for wanted, ms in orders:
            for _ in range(ms // step_ms):
                self.now_ms = (self.now_ms + step_ms) & 0x3FFFFFFF
                self.ticks += step_ms // 10
                lock.read(self.inputs, self.now_ms)
                lock.drive(wanted, self.now_ms)
                self.move(step_ms)

    def names(self):
        return [row[0] for row in self.driven]

    def test_one_pulse_locks_and_one_unlocks(self):
        for on in (0, 1):
            for closed in (0, 1):
                for ticks_ms in (0, 0x3FFFFFFF - 1100):
                    lock = self.lock(on, closed=closed, ticks_ms=ticks_ms)
                    self.assertEqual(self.levels(), (0, 0))
                    self.play(lock, ((0, 1000), (1, 5000), (0, 5000)))
                    self.assertEqual(self.names(), ["lock", "unlock"])
                    for _name, began, ended in self.driven:
                        self.assertEqual(ended - began, PULSE_MS // 10)
                    self.assertEqual((self.both, lock.stuck, self.inputs.lock_closed), (0, 0, 0))

    def test_orders_that_come_fast_keep_pause_and_never_both_pins(self):
        lock = self.lock()
        self.play(lock, tuple([(order & 1, 90) for order in range(200)]))
        self.assertEqual(self.both, 0)
        for first, second in zip(self.driven, self.driven[1:]):
            self.assertGreaterEqual(second[1] - first[2], PAUSE_MS // 10)
        self.assertGreater(len(self.driven), 3)

    def test_jam_is_told_after_two_pulses_then_tried_each_half_minute_and_forgotten_when_it_moves(self):
        lock = self.lock()
        self.play(lock, ((1, 5000),))
        self.jammed = True
        self.play(lock, ((0, 4 * PAUSE_MS),))
        self.assertEqual((lock.stuck, self.names()), (1, ["lock", "unlock", "unlock"]))
        self.play(lock, ((0, 120000),))
        self.assertIn(len(self.driven), (3 + 3, 3 + 4))
        self.jammed = False
        self.play(lock, ((0, 40000),))
        self.assertEqual((lock.stuck, lock.closed), (0, 0))

    def test_pulse_ends_by_the_timer_when_the_loop_is_late(self):
        lock = self.lock()
        self.play(lock, ((1, 100),))
        self.assertEqual(self.levels(), (1, 0))
        lock.beat(self.now_ms + PULSE_MS - 100 - 20)
        self.assertEqual(self.levels(), (1, 0))
        lock.beat(self.now_ms + PULSE_MS)
        self.assertEqual(self.levels(), (0, 0))
        lock.beat(self.now_ms + 2 * PULSE_MS)
        self.play(lock, ((0, 100),))
        self.assertEqual(self.levels(), (0, 0))          # its pause has begun

    def test_pause_after_a_pulse_that_was_too_long_is_whole(self):
        lock = self.lock()
        self.jammed = True
        self.play(lock, ((1, 10),))
        self.now_ms += 5000                               # the VM stood still
        self.play(lock, ((1, PAUSE_MS - 20),))
        self.assertEqual((self.names(), self.levels()), (["lock"], (0, 0)))

    def test_lock_that_nobody_can_read_is_driven_blind_and_seldom(self):
        lock = self.lock()
        self.play(lock, ((1, 5000),))
        lock.read = lambda inputs, now_ms: lock.fail(inputs)
        self.play(lock, ((0, 20000),))
        self.assertEqual((self.names(), self.inputs.lock_closed, lock.stuck),
                         (["lock", "unlock", "unlock"], NOT_FITTED, 1))
        self.assertEqual(self.bolt_ms, 0)

    def test_broken_feedback_wire_is_no_closed_lock(self):
        for closed in (0, 1):
            lock = self.lock(closed=closed)
            self.chip.hal.set_pin(FEEDBACK, None)
            self.inputs.lock_closed = 1
            lock.read(self.inputs, 0)
            self.assertEqual(self.inputs.lock_closed, 0)

    def test_lock_that_is_where_it_shall_be_at_the_start_is_not_driven(self):
        for bolt_ms, wanted in ((150, 1), (0, 0)):
            lock = self.lock()
            self.bolt_ms = bolt_ms
            self.feedback(bolt_ms == 150)
            self.play(lock, ((wanted, 10000),))
            self.assertEqual(self.driven, [])

    def test_off_ends_everything_and_a_pin_that_does_not_obey_is_tried_again(self):
        lock = self.lock()
        self.play(lock, ((1, 50),))
        pin, lock._pin_1 = lock._pin_1, Dead()
        lock.beat(self.now_ms + PULSE_MS)
        self.assertEqual(self.levels(), (1, 0))
        lock._pin_1 = pin
        lock.beat(self.now_ms + PULSE_MS + 10)
        self.assertEqual(self.levels(), (0, 0))

    def test_solenoid_holds_while_locked_lets_go_and_tells_when_it_does_not_follow(self):
        lock = self.lock(motor=False)
        self.play(lock, ((0, 1000), (1, 5000)))
        self.assertEqual((self.levels(), lock.closed, lock.stuck), ((1, 0), 1, 0))
        self.play(lock, ((0, 1000),))
        self.assertEqual((self.levels(), lock.closed, lock.stuck), ((0, 0), 0, 0))
        self.jammed = True
        self.play(lock, ((1, 900),))
        self.assertEqual(lock.stuck, 0)
        self.play(lock, ((1, 200),))
        self.assertEqual(lock.stuck, 1)


class Dead:
    """A pin that raises."""

    def value(self, *level):
        raise OSError(5)


if __name__ == "__main__":
    unittest.main()
