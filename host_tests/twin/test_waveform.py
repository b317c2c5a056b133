"""The pilot as a circuit: levels are those of the standard's tables, edges those of its time constants."""

import unittest

from tools.twin.waveform import STEADY_US, Circuit, Edge, Wave

IDEAL = {"buffered": True, "pin_nf": 0.0005, "line_nf": 0.0001, "vehicle_nf": 0, "rise_us": 0.1, "short_kohm": 0.000001}
# worst levels of the standard's tables, V: source 11.4 to 12.6 V, 970 to 1030 ohm, vehicle +-3 %, diode 0.55 to 0.85 V
WORST = {"B": (8370, 9590), "C": (5470, 6530), "D": (2590, 3280)}


class TestLevels(unittest.TestCase):
    def test_nominal_levels(self):
        circuit = Circuit(IDEAL)
        for state, high_mv in (("A", 12000), ("B", 8979), ("C", 5996), ("D", 2926), ("E", 0)):
            self.assertLessEqual(abs(circuit.levels_mv(state)[0] - high_mv), 6, state)
        self.assertEqual(circuit.levels_mv("F"), (-12000, -12000))
        for state in "ABCD":
            self.assertEqual(circuit.levels_mv(state)[1], -12000)

    def test_worst_levels_are_those_of_the_tables(self):
        for state, ends in WORST.items():
            for share, end_mv in ((-1, ends[0]), (1, ends[1])):
                ohms = 1 + 0.03 * share
                circuit = Circuit(dict(IDEAL, plus_mv=12000 + 600 * share, source_kohm=1 - 0.03 * share, b_kohm=2.74 * ohms,
                                       c_kohm=1.3 * ohms, d_kohm=0.27 * ohms, diode_mv=700 + 150 * share))
                self.assertLessEqual(abs(circuit.levels_mv(state)[0] - end_mv), 25, state)

    def test_without_its_diode_a_vehicle_loads_both_half_waves(self):
        for state, mv in (("B", 8791), ("C", 5624), ("D", 2369)):
            high_mv, low_mv = Circuit(IDEAL).levels_mv(state, diode=False)
            self.assertLessEqual(abs(high_mv - mv), 12)
            self.assertLessEqual(abs(low_mv + mv), 12)

    def test_a_divider_that_is_not_buffered_loads_the_pilot(self):
        self.assertEqual(Circuit(dict(IDEAL, r1_kohm=100, r2_kohm=0, r3_kohm=22)).levels_mv("A")[0], 12000)
        loaded_mv = Circuit(dict(IDEAL, buffered=False, r1_kohm=100, r2_kohm=0, r3_kohm=22)).levels_mv("A")[0]
        self.assertLessEqual(abs(loaded_mv - 12000 * 122 // 123), 1)

    def test_unknown_value_is_refused(self):
        self.assertRaises(ValueError, Circuit, {"sauce_kohm": 1})


class TestEdges(unittest.TestCase):
    def test_one_time_constant_after_a_step(self):
        edge = Edge(0.1, 0.05, 10)
        self.assertLessEqual(abs(edge.left(10) - 0.3698), 0.005)
        self.assertLessEqual(abs(edge.left(30) - 0.0500), 0.002)
        self.assertEqual(edge.left(1000), 0)

    def test_two_equal_time_constants(self):
        self.assertLessEqual(abs(Edge(0.1, 5, 5).left(10) - 3 * 0.1353), 0.01)

    def test_a_slow_driver_is_a_ramp(self):
        self.assertLessEqual(abs(Edge(20, 0.05, 0.05).left(10) - 0.5), 0.01)

    def test_a_plateau_that_is_too_short_does_not_settle(self):
        circuit = Circuit(dict(IDEAL, pin_nf=1.0, r1_kohm=270, r2_kohm=68, r3_kohm=56))         # 27.6 us
        wave = Wave(circuit, [0, 1000, 60])
        wave.set_levels(12000, -12000)
        end_mv = (wave.reader()(59) / 1000 - circuit.shift_mv) / circuit.share
        self.assertLess(end_mv, 10000)
        self.assertGreater(end_mv, 7000)


class TestReadings(unittest.TestCase):
    def read(self, values, state="A", high_us=STEADY_US, t_us=500):
        circuit = Circuit(dict(IDEAL, **values))
        wave = Wave(circuit, [0, 1000, high_us])
        levels = circuit.levels_mv(state)
        wave.set_levels(levels[0], levels[1], state in "BCD")
        return wave.reader()(t_us) / 1000

    def test_divider_by_its_resistors(self):
        self.assertLessEqual(abs(self.read({}) - 2289), 1)
        self.assertLessEqual(abs(self.read({}, high_us=0) - 254), 1)
        self.assertLessEqual(abs(self.read({"r2_kohm": 0, "r3_kohm": 22}) - 2164), 1)

    def test_errors_of_the_converter(self):
        self.assertLessEqual(abs(self.read({"offset_mv": 40}) - 2329), 1)
        self.assertLessEqual(abs(self.read({"gain": 1.02}) - 2309), 1)
        self.assertLessEqual(abs(self.read({"bow_mv": 15}, "E") - 1286.7), 1)       # nearly in the middle
        self.assertLessEqual(abs(self.read({"knee_mv": 2200, "knee_loss": 0.1}) - 2280), 1)
        self.assertEqual(self.read({"top_mv": 2100}), 2100)
        self.assertEqual(self.read({"floor_mv": 300, "floor_read_mv": 142}, high_us=0), 142)

    def test_comparator_follows_the_low_plateau(self):
        wave = Wave(Circuit(IDEAL), [0, 1000, 300])
        wave.set_levels(6000, -12000)
        self.assertEqual([wave.negative(t_us) for t_us in (100, 290, 310, 900, 1100)], [0, 0, 1, 1, 0])

    def test_peak_detectors_rise_at_once_and_fall_in_their_time(self):
        circuit = Circuit(dict(IDEAL, hold_us=100000))
        wave = Wave(circuit, [0, 1000, 500])
        wave.set_levels(12000, -12000)
        look = wave.peak_reader(0)

        def mv(t_us):
            return (look(t_us) / 1000 - circuit.shift_mv) / circuit.share
        wave.steadied(0)
        self.assertLessEqual(abs(mv(10) - 12000), 15)
        wave.set_levels(6000, -12000)
        self.assertLessEqual(abs(mv(30010) - 12000 * 0.741), 30)
        self.assertLessEqual(abs(mv(100010) - 6000), 40)
        wave.set_levels(9000, -12000)
        self.assertLessEqual(abs(mv(101100) - 9000), 40)

    def test_noise_has_the_deviation_it_is_said_to_have(self):
        wave = Wave(Circuit(dict(IDEAL, noise_mv=20)), [0, 1000, STEADY_US], 7)
        look = wave.reader()
        total = squares = 0
        for t_us in range(0, 10000, 10):
            away_mv = look(t_us) / 1000 - 2289
            total += away_mv
            squares += away_mv * away_mv
        self.assertLessEqual(abs(total / 1000), 3)
        self.assertLessEqual(abs((squares / 1000) ** 0.5 - 20), 2)


if __name__ == "__main__":
    unittest.main()
