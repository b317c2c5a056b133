# cpython only: the world runs in CPython
import unittest

from tools.twin.clock import VirtualClock
from tools.twin.socket_outlet import Lock, Proximity


class ProximityTest(unittest.TestCase):
    def test_the_cables_of_the_standard_at_a_kiloohm(self):
        proximity = Proximity({"pull_up_ohm": 1000, "reference_mv": 3300, "divider_ppm": 500_000})
        seen = [proximity.uv(cable_a) // 1000 for cable_a in (0, 13, 20, 32, 63)]
        self.assertEqual(seen, [1650, 990, 667, 297, 150])
        self.assertEqual(proximity.uv(32, shorted=True), 0)


class LockTest(unittest.TestCase):
    def setUp(self):
        self.clock = VirtualClock()
        self.moves = []

    def lock(self, motor=True):
        return Lock(self.clock, lambda closed: self.moves.append((self.clock.now_us // 1000, closed)), motor)

    def run_ms(self, ms):
        self.clock.advance_to(self.clock.now_us + ms * 1000)

    def test_a_motor_moves_in_its_time_and_stays_without_current(self):
        lock = self.lock()
        lock.drive(0, 1)
        self.run_ms(300)
        lock.drive(0, 0)
        self.run_ms(1000)
        lock.drive(1, 1)
        self.run_ms(300)
        self.assertEqual(self.moves, [(180, True), (1480, False)])

    def test_a_pulse_that_is_too_short_or_drives_both_ways_moves_nothing(self):
        lock = self.lock()
        lock.drive(0, 1)
        self.run_ms(100)
        lock.drive(0, 0)
        self.run_ms(500)
        lock.drive(0, 1)
        lock.drive(1, 1)
        self.run_ms(500)
        self.assertEqual(self.moves, [])

    def test_a_jammed_lock_stays(self):
        lock = self.lock()
        lock.jammed = True
        lock.drive(0, 1)
        self.run_ms(500)
        self.assertFalse(lock.closed)

    def test_a_solenoid_lets_go_without_current(self):
        lock = self.lock(motor=False)
        lock.drive(0, 1)
        self.run_ms(300)
        lock.drive(0, 0)
        self.run_ms(300)
        self.assertEqual([closed for _, closed in self.moves], [True, False])


if __name__ == "__main__":
    unittest.main()
