# cpython only: the world runs in CPython
import unittest

from tools.twin.clock import VirtualClock
from tools.twin.contactor import CoilSupply, Contactor


class CoilSupplyTest(unittest.TestCase):
    def setUp(self):
        self.clock = VirtualClock()
        self.changes = []
        self.supply = CoilSupply(self.clock, 600, lambda on: self.changes.append((self.clock.now_us // 1000, on)))

    def toggle(self, edges, period_ms=10, level=0):
        for _ in range(edges):
            level ^= 1
            self.supply.pin(level)
            self.clock.advance_to(self.clock.now_us + period_ms * 1000)

    def test_five_edges_do_not_arm_and_the_sixth_does(self):
        self.toggle(5)
        self.assertFalse(self.supply.powered)
        self.toggle(1, level=1)
        self.assertTrue(self.supply.powered)

    def test_supply_falls_one_hold_time_after_the_last_edge(self):
        self.toggle(100)
        self.clock.advance_to(5_000_000)
        self.assertEqual(self.changes, [(50, True), (990 + 600, False)])

    def test_a_pin_that_stays_high_or_low_feeds_nothing(self):
        for level in (1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0):
            self.supply.pin(level)
        self.assertFalse(self.supply.powered)

    def test_edges_slower_than_the_hold_time_never_arm(self):
        self.toggle(20, period_ms=600)
        self.assertEqual(self.changes, [])

    def test_after_a_drop_it_takes_six_edges_again(self):
        self.toggle(10)
        self.clock.advance_to(2_000_000)
        self.toggle(5)
        self.assertFalse(self.supply.powered)

    def test_a_long_feed_costs_one_event_per_hold_time(self):
        runs = []
        after, self.clock.at = self.clock.at, lambda t, fn: (runs.append(t), after(t, fn))[1]
        self.toggle(6000)
        self.assertLessEqual(len(runs), 102)
        self.assertTrue(self.supply.powered)

    def test_a_board_without_the_pump_always_has_coil_supply(self):
        supply = CoilSupply(self.clock, 600, self.changes.append, fitted=False)
        self.assertTrue(supply.powered)
        supply.cut()
        self.assertTrue(supply.powered)


class ContactorTest(unittest.TestCase):
    def setUp(self):
        self.clock = VirtualClock()
        self.moves = []
        self.touches = []               # every bounce, in us
        self.contactor = Contactor(self.clock, self.moved)

    def moved(self, contactor):
        self.touches.append((self.clock.now_us, contactor.touching))
        if not self.moves or self.moves[-1][1] != contactor.closed:
            self.moves.append((self.clock.now_us // 1000, contactor.closed))

    def at_ms(self, ms):
        self.clock.advance_to(ms * 1000)

    def test_contacts_travel_20_ms_to_close_and_15_ms_to_open(self):
        self.contactor.set_coil(True)
        self.at_ms(100)
        self.contactor.set_coil(False)
        self.at_ms(200)
        self.assertEqual(self.moves, [(20, True), (115, False)])

    def test_closing_contacts_bounce_for_two_milliseconds_and_the_circuit_does_not_care(self):
        self.contactor.set_coil(True)
        self.at_ms(100)
        self.assertEqual(self.touches, [(20_000, True), (20_700, False), (21_300, True), (21_800, False), (22_000, True)])
        self.assertEqual(self.moves, [(20, True)])

    def test_a_coil_that_falls_while_contacts_bounce_opens_them(self):
        self.contactor.set_coil(True)
        self.at_ms(21)
        self.contactor.set_coil(False)
        self.at_ms(100)
        self.assertEqual(self.moves, [(20, True), (36, False)])
        self.assertFalse(self.contactor.touching)

    def test_a_pulse_shorter_than_the_travel_moves_nothing(self):
        self.contactor.set_coil(True)
        self.at_ms(19)
        self.contactor.set_coil(False)
        self.at_ms(100)
        self.assertEqual(self.moves, [])

    def test_a_weld_keeps_contacts_closed_and_its_repair_lets_them_open(self):
        self.contactor.set_coil(True)
        self.at_ms(50)
        self.contactor.set_welded(True)
        self.contactor.set_coil(False)
        self.at_ms(1000)
        self.assertTrue(self.contactor.closed)
        self.contactor.set_welded(False)
        self.at_ms(1100)
        self.assertEqual(self.moves, [(20, True), (1015, False)])

    def test_open_contacts_that_weld_are_closed(self):
        self.contactor.set_welded(True)
        self.assertTrue(self.contactor.closed)

    def test_stuck_open_never_closes_until_it_is_freed(self):
        self.contactor.set_stuck_open(True)
        self.contactor.set_coil(True)
        self.at_ms(500)
        self.assertFalse(self.contactor.closed)
        self.contactor.set_stuck_open(False)
        self.at_ms(600)
        self.assertEqual(self.moves, [(520, True)])


if __name__ == "__main__":
    unittest.main()
