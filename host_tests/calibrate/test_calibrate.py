# cpython only: a tool of the host
import contextlib
import io
import json
import random
import unittest
from unittest import mock

from tools.calibrate import reckon, steps
from tools.calibrate.__main__ import Person, calibrate, main
from tools.calibrate.reckon import BadPoint
from tools.checks.source import ROOT
from tools.pilot import circuits
from tools.twin.waveform import STEADY_US, Circuit, Wave

LOADS = {"A": None, "B": 2.74, "C": 0.882, "D": 0.246, "E": 0.0005}


class MisSetBoard:
    """A board of the twin's circuits with parts at the ends of their tolerances, and the person who holds the meter."""

    def __init__(self, name, seed, pull_up_ohm=1000):
        self.rng = random.Random(seed)
        self.row = circuits.named(name)
        self.values = circuits.charger(self.row, circuits.Pick(self.rng, "corner"))
        self.pull_up_ohm = pull_up_ohm
        self.load, self.level, self.cable_ohm = "A", 1, None
        self.slip = {}                      # step -> what the person misreads by, mV
        self.said = []

    def _circuit(self, load_kohm):
        # a resistor from pilot to earth, no diode
        kohm = 1e9 if load_kohm is None else load_kohm
        return Circuit(dict(self.values, b_kohm=kohm, c_kohm=1e9, d_kohm=1e9, diode_mv=0, short_kohm=0.0005,
                            **circuits.noise(0.5)))

    def terminal_mv(self):
        if not self.level:
            return self.values["minus_mv"]
        load = LOADS[self.load]
        kohm = self.values["source_kohm"]
        return self.values["plus_mv"] * (1 if load is None else load / (load + kohm))

    # the probe
    def pilot(self, level):
        self.level = level

    def read_mv(self, pin):
        if pin == "pp_adc":
            mv = 3300 if self.cable_ohm is None else 3300 * self.cable_ohm / (self.cable_ohm + self.pull_up_ohm)
            return round(min(mv, 3150) + self.rng.uniform(-10, 10))
        wave = Wave(self._circuit(None), [0, 1000, STEADY_US if self.level else 0], self.rng.getrandbits(30))
        mv = self.terminal_mv()
        wave.set_levels(mv, mv)
        wave.steadied(0)
        look = wave.peak_reader(0 if pin == "cp_low_adc" else 1) if self.row.kind == circuits.PEAK else wave.reader()
        return sorted(look(at * 617) for at in range(128))[64] // 1000

    # the person
    def do(self, number, of, text):
        for _, wanted, ohm in steps.PROXIMITY:
            if text == wanted:
                self.cable_ohm = ohm
                return
        for table in steps.PILOT.values():
            for name, wanted, _, _ in table:
                if text == wanted:
                    self.load = "A" if name == "F" else name
                    self.step = name

    def volts(self):
        return round(self.terminal_mv() * (1 + self.rng.uniform(-circuits.METER, circuits.METER))) + self.slip.get(self.step, 0)

    def tell(self, text):
        self.said.append(text)


def facts_of(name, row):
    facts = json.loads((ROOT / "board_configs" / (name + ".json")).read_text())
    if row.kind == facts["cp"]["sensing"]:
        facts["cp"] = {key: value for key, value in facts["cp"].items() if key not in ("calibration", "calibrated")}
    return facts


class Pilot(unittest.TestCase):
    CASES = (("SmartEVSE v3", "smartevse-v3"), ("esp32-evse", "esp32-evse-devkitc"), ("P1b", "twin"), ("P3", "esp32-wrover"),
             ("S3-2", "esp32-s3"))

    def worst_mv(self, points, board):
        """Largest error of any state's terminal voltage that the board would make with these points."""
        worst = 0
        for state in "ABCD":
            board.load, board.level = state, 1
            told = reckon.terminal_mv(points, board.read_mv("cp_adc"))
            worst = max(worst, abs(told - board.terminal_mv()))
        return worst

    def test_mis_set_boards_tell_the_states_after_it_and_not_before(self):
        bad_before = 0
        for circuit, name in self.CASES:
            for seed in range(6):
                with self.subTest(circuit=circuit, seed=seed):
                    board = MisSetBoard(circuit, seed)
                    facts = facts_of(name, board.row)
                    a_ppm, b_uv = circuits.nominal(board.row)
                    facts["cp"].update(a_ppm=a_ppm, b_uv=b_uv)
                    nominal = [[round(mv * a_ppm / 1e6 + b_uv / 1000), mv]
                               for mv in (0, 12000)]
                    before = self.worst_mv(nominal, board)
                    bad_before += before > reckon.ALLOWED_MV
                    new = calibrate(facts, board, board, False)
                    self.assertTrue(new["cp"]["calibrated"])
                    self.assertLessEqual(self.worst_mv(new["cp"]["calibration"], board), reckon.ALLOWED_MV)
        self.assertGreater(bad_before, 5)        # there was something to mend

    def test_misread_meter_is_found(self):
        for step, slip_mv in (("C", 900), ("D", -700), ("B", 1000)):
            with self.subTest(step=step):
                board = MisSetBoard("P1b", 3)
                board.slip[step] = slip_mv
                with self.assertRaises(BadPoint):
                    calibrate(facts_of("twin", board.row), board, board, False)

    def test_meter_the_wrong_way_round_and_another_board_are_named(self):
        board = MisSetBoard("P1b", 1)
        board.volts = lambda: 12000
        with self.assertRaisesRegex(BadPoint, "F: 12.00 V at the terminal cannot be"):
            calibrate(facts_of("twin", board.row), board, board, False)
        board = MisSetBoard("S3-1", 1)
        with self.assertRaisesRegex(BadPoint, "is it the right board"):
            facts = facts_of("twin", board.row)
            facts["cp"].update(a_ppm=200000, b_uv=0)
            calibrate(facts, board, board, False)

    def test_load_left_connected_is_found(self):
        board = MisSetBoard("P1b", 2)
        board.do = lambda number, of, text: setattr(board, "step", "x") or setattr(board, "load", "C")
        with self.assertRaisesRegex(BadPoint, "was a load left connected"):
            calibrate(facts_of("twin", board.row), board, board, False)


class Console:
    """A device whose facts are these; nobody may measure anything on it."""

    def __init__(self, text):
        self.text = text

    def run(self, code):
        assert "board.json" in code, code
        return self.text

    def close(self):
        pass


class Begin(unittest.TestCase):
    """What could not end well is said before the first step: a person has seven to go and reads a meter at each."""

    def said(self, facts, *options):
        text = facts if isinstance(facts, str) else json.dumps(facts)
        said = io.StringIO()
        with mock.patch("tools.calibrate.__main__.Device", lambda port: Console(text)), contextlib.redirect_stderr(said):
            self.assertEqual(main(["--port", "x", *options], None), 2)
        return said.getvalue()

    def test_board_that_has_no_proximity_pin_is_told(self):
        facts = json.loads((ROOT / "board_configs" / "esp32-wrover.json").read_text())
        facts["pins"]["pp_adc"] = None
        self.assertIn("esp32-wrover has no proximity pin: leave --proximity out", self.said(facts, "--proximity"))

    def test_facts_that_the_firmware_refuses_are_told(self):
        facts = json.loads((ROOT / "board_configs" / "twin.json").read_text())
        self.assertIn("as they are: board facts: cp.", self.said(dict(facts, cp=dict(facts["cp"], sensing="guess"))))
        self.assertIn("no JSON", self.said("{"))

    def test_reading_of_the_meter_that_is_no_voltage_is_asked_again(self):
        with mock.patch("builtins.input", side_effect=["inf", "nan", "9 volts", "11,98 V"]), mock.patch("builtins.print"):
            self.assertEqual(Person().volts(), 11_980)


class Proximity(unittest.TestCase):
    def test_pull_up_that_is_not_what_the_facts_say_is_measured(self):
        board = MisSetBoard("SmartEVSE v3", 1, pull_up_ohm=1180)
        facts = facts_of("smartevse-v3", board.row)
        facts["pp"] = {"pull_up_ohm": 1000, "reference_mv": 3300, "divider_ppm": 1000000}
        new = calibrate(facts, board, board, True)
        self.assertAlmostEqual(new["pp"]["pull_up_ohm"], 1180, delta=60)

    def test_resistors_in_the_wrong_order_are_refused(self):
        readings = [(None, None, 3200), (13, 1500, 1336), (20, 680, 1980), (32, 220, 595), (63, 100, 300)]
        with self.assertRaisesRegex(BadPoint, "are the resistors in order"):
            reckon.proximity(readings, {"pull_up_ohm": 1000, "reference_mv": 3300, "divider_ppm": 1000000})
        with self.assertRaisesRegex(BadPoint, "something still hangs"):
            reckon.proximity([(None, None, 600), (13, 1500, 1980)],
                             {"pull_up_ohm": 1000, "reference_mv": 3300, "divider_ppm": 1000000})


if __name__ == "__main__":
    unittest.main()
