# cpython only: the world runs in CPython
"""The world's optocouplers and feedback contacts: pulses while their conductor is alive, and no event on a board without them."""
import copy
import unittest

from host_tests.twin.probe_board import BOARD, Bench

MAINS = {"pe_pulses": 45, "supply_1_pulses": 46, "supply_2_pulses": 47, "supply_3_pulses": 48}


class PulsesTest(unittest.TestCase):
    def bench(self, feedback="mirror", **pins):
        board = copy.deepcopy(BOARD)
        board["pins"].update(pins)
        board["contactor"]["feedback"] = feedback
        board["supply"] = {"pulses_per_period": 1, "pe_pulses_per_period": 2}
        bench = Bench(board)
        self.edges = {}
        inner = bench.hal.set_pin

        def set_pin(gpio, level):
            if bench.hal.pins.get(gpio) != level:
                self.edges[gpio] = self.edges.get(gpio, 0) + 1
            inner(gpio, level)
        bench.hal.set_pin = set_pin
        return bench

    def rate(self, bench, gpio, ms=1000):
        """Falling edges in a second."""
        self.edges.clear()
        bench.run_ms(ms)
        return self.edges.get(gpio, 0) * 500 // ms

    def test_each_conductor_pulses_once_or_twice_in_a_period_while_it_is_alive(self):
        bench = self.bench(**MAINS)
        bench.world.set_house({"voltage_v": [230, 0, 230]})
        for name, rate in (("pe_pulses", 100), ("supply_1_pulses", 50), ("supply_2_pulses", 0), ("supply_3_pulses", 50)):
            self.assertEqual(self.rate(bench, MAINS[name]), rate, name)
        bench.world.set_fault("pe_lost", True)
        self.assertEqual((self.rate(bench, 45), self.rate(bench, 46)), (0, 50))
        bench.world.set_fault("pe_lost", False)
        bench.world.set_fault("power_cut", True)
        self.assertEqual([self.rate(bench, gpio) for gpio in MAINS.values()], [0] * 4)

    def test_load_side_pulses_follow_the_contacts(self):
        bench = self.bench("load_pulses")
        pins = bench.world.board["pins"]
        one, two = pins["contactor_feedback_1"], pins["contactor_feedback_2"]
        bench.world.set_house({"load_w": [0, 0, 0]})
        self.assertEqual((self.rate(bench, one), self.rate(bench, two)), (0, 0))
        bench.world.set_fault("weld", True)
        self.assertEqual((self.rate(bench, one), self.rate(bench, two)), (50, 0))
        bench.world.set_fault("weld", False)
        bench.run_ms(100)
        self.assertEqual(self.rate(bench, one), 0)

    def test_contacts_in_series_say_closed_when_any_contactor_is(self):
        bench = self.bench("mirror_series", contactor_feedback_2=None)
        self.assertEqual(bench.hal.level("contactor_feedback_1"), 0)
        bench.world.set_fault("weld", True)
        self.assertEqual(bench.hal.level("contactor_feedback_1"), 1)

    def test_board_without_optocouplers_costs_no_event(self):
        bench = Bench()
        bench.run_ms(100)
        before = bench.clock.next_event_us()
        self.assertTrue(before is None or before - bench.clock.now_us > 100_000, before)

    def test_bridged_coil_supply_lives_without_toggling_and_through_a_power_cut(self):
        bench = Bench()
        bench.world.set_fault("coil_supply_live", True)
        self.assertEqual(bench.hal.level("coil_supply"), 1)
        bench.run_ms(5000)
        self.assertTrue(bench.world.state()["contactor"]["coil_supply"])
        bench.world.set_fault("coil_supply_live", False)
        self.assertEqual(bench.hal.level("coil_supply"), 0)


if __name__ == "__main__":
    unittest.main()
