# cpython only: the judge runs in the twin's process
"""The firmware's samplers hold on the circuits of our boards; and the judge finds circuits and samplers that do not."""

import tempfile
import unittest
from pathlib import Path

from tools.checks.boards import BOARDS
from tools.pilot import __main__ as pilot
from tools.pilot import chunk, circuits, judge
from tools.pilot.fit import check, fit

EVERY = 7                    # of the duties
STORY = """plug phases=3 max_current_a=32
expect charger.contactor is closed within 10 s
expect world.ev.current_ma >= 15500 within 8 s
unplug
expect trace coil false within 50 ms of ev_state A
expect charger.cp_state is A within 1 s
expect charger.faults has unplugged_in_charge within 1 s
"""


def judged(name, calibrated, units, **more):
    """Counts over chargers that lie evenly over duties and tolerances."""
    count = judge.Counter()
    last = judge.Counter()
    for number in range(units):
        unit = judge.Unit(circuits.named(name), calibrated, ("corner", "even")[number & 1],
                          chunk.DUTIES[number * EVERY * 3 % len(chunk.DUTIES)], 1000 + number, **more).run()
        count += unit.count
        last += unit.latency
    return count, last


def bad(count):
    return {name: count[name] for name in pilot.BAD if count[name]}


class TestBoards(unittest.TestCase):
    def test_every_board_has_its_circuit_among_those_that_are_judged(self):
        import json
        rows = {board: row for row in circuits.CIRCUITS for board in row.boards.split()}
        for path in sorted(BOARDS.glob("*.json")):
            cp = json.loads(path.read_text())["cp"]
            row = rows[path.stem]
            self.assertEqual(cp["sensing"], row.kind, path.stem)
            a_ppm, b_uv = circuits.nominal(row)
            self.assertLessEqual(abs(cp["a_ppm"] - a_ppm), 20, path.stem)
            self.assertLessEqual(abs(cp["b_uv"] - b_uv), 200, path.stem)

    def test_circuits_of_our_boards_are_never_wrong(self):
        for row in circuits.CIRCUITS:
            if row.boards:
                with self.subTest(circuit=row.name):
                    count, latency = judged(row.name, bool(row.points), 6)
                    self.assertEqual(bad(count), {})
                    for change, ticks in latency:
                        if change[1] not in "CD":
                            self.assertLessEqual(ticks, 6, change)

    def test_peak_detectors_see_what_opens_as_soon_as_a_comb(self):
        count, latency = judged("P1b peak", True, 2)
        self.assertEqual(bad(count), {})
        for change, ticks in latency:
            if change in ("CB", "BA", "DA"):
                self.assertLessEqual(ticks, 6, change)

    def test_lost_diode_is_seen_on_every_kind(self):
        for name, calibrated in (("P1b", True), ("P3", False), ("P1b peak", True)):
            with self.subTest(circuit=name):
                seen = 0
                for number in range(3):
                    count = judge.Unit(circuits.named(name), calibrated, "corner", 100 + 400 * number, number,
                                       diode=False).run(chunk.DIODE_STEPS).count
                    seen += count["diode bursts"]
                    self.assertEqual({what: count[what] for what in count if what.startswith("lost")}, {})
                self.assertGreater(seen, 100)


class TestTheJudgeFinds(unittest.TestCase):
    def test_a_divider_that_is_not_calibrated(self):
        self.assertTrue(bad(judged("P1b", False, 10)[0]))
        self.assertTrue(bad(judged("SmartEVSE v3", False, 6)[0]))

    def test_a_capacitor_that_swallows_the_plateau(self):
        unit = judge.Unit(circuits.named("esp32-evse, 1 nF"), True, "corner", 100, 4).run()
        self.assertTrue(bad(unit.count))

    def test_more_noise_than_can_be_borne(self):
        self.assertTrue(bad(judged("P3", False, 1, changed={"hum_mv": 3000})[0]))

    def test_a_sampler_that_takes_the_highest_read_for_the_plateau(self):
        whole = judge.pilot_sampler.CombSampler._plateau_uv
        judge.pilot_sampler.CombSampler._plateau_uv = lambda self, outer, step, reads, spikes: self._uv[outer] if reads else -1
        try:
            count = judged("P1b", True, 2, changed={"spikes_permille": 60})[0]
        finally:
            judge.pilot_sampler.CombSampler._plateau_uv = whole
        self.assertGreater(count["raw wrong"], 50)
        self.assertLess(judged("P1b", True, 2, changed={"spikes_permille": 60})[0]["raw wrong"], 10)


class TestFit(unittest.TestCase):
    def test_the_twins_board_with_each_circuit_is_a_board(self):
        import json

        from firmware.drivers import board_facts
        board = json.loads((BOARDS / "twin.json").read_text())
        for row in circuits.CIRCUITS:
            for how in ("", ":even", ":corner"):
                facts, values = fit(board, row.name + how, 3)
                board_facts.check(facts)
                self.assertEqual(facts["cp"]["sensing"], row.kind)
                self.assertEqual("calibration" in facts["cp"], bool(row.points))
                judge.Circuit(values)

    def test_unknown_names_are_refused(self):
        for text in ("P9", "P3:x"):
            self.assertRaises(ValueError, check, text)

    def test_a_charge_on_each_other_kind_of_sensing(self):
        from tools.twin.runner import Twin
        from tools.twin.scenario import Play, read
        with tempfile.NamedTemporaryFile("w", suffix=".scn") as file:
            file.write(STORY)
            file.flush()
            story = read(Path(file.name))
        for circuit in ("P3:corner", "P1b peak"):
            with self.subTest(circuit=circuit), tempfile.TemporaryDirectory() as folder:
                twin = Twin(Path(folder) / "flash", 0, pilot=circuit)
                told = []

                def done(failure, told=told, twin=twin):
                    told.append(failure)
                    twin.end()
                Play(twin, story, done).start()
                twin.run()
                twin.close()
                self.assertEqual(told, [None])


if __name__ == "__main__":
    unittest.main()
