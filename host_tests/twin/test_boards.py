# cpython only: the twin in virtual time
"""On the twin every board of board_configs/ starts, charges a car and opens when it is unplugged."""
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from host_tests.twin.test_charge_end_to_end import MS, S, free_port
from tools.twin.runner import Twin

ROOT = Path(__file__).resolve().parents[2]
BOARDS = sorted(path.stem for path in (ROOT / "board_configs").glob("*.json"))
NOT_YET = ("esp32-s3", "esp32-wrover", "smartevse-v3", "smartevse-v3.1")     # their pilot or lock has no driver yet
CLOSED_LATEST_S = 20      # plugged in at 3 s: self-test, diode, lock, 500 ms in C


class Story:
    """A charge on one board: plugged in at 3 s, unplugged at 30.0123 s; what the charger said meanwhile."""

    def __init__(self, test, board, until_s=36):
        folder = tempfile.mkdtemp()
        test.addCleanup(shutil.rmtree, folder)
        self.told, self.seen = [], {}
        self.twin = Twin(folder, free_port(), event=self.told.append, board=board)
        test.addCleanup(self.twin.close)
        self.at(2.9, lambda: self.note("idle"))
        self.at(3, lambda: self.twin.world.set_ev({"plugged": True}))
        self.at(29, lambda: self.note("charging"))
        self.at(30.0123, lambda: self.twin.world.set_ev({"plugged": False}))
        self.at(35, lambda: self.note("gone"))
        self.twin.clock.at(until_s * S, self.twin.end)
        self.twin.run()

    def at(self, seconds, fn):
        self.twin.clock.at(int(seconds * S), fn)

    def note(self, when):
        app = sys.modules["firmware.app"].current
        self.seen[when] = {"cp_state": self.twin.facts("cp_state"), "contactor": self.twin.facts("contactor"),
                           "faults": [fault["name"] for fault in self.twin.facts("faults")], "errors": dict(app.board.errors),
                           "board": self.twin.facts("board")["name"], "offered_ma": self.twin.facts("offered_ma")}

    def edges(self, signal, value):
        return [t_us for t_us, name, now in self.twin.world.trace.edges(0) if (name, now) == (signal, value)]


class TestEveryBoard(unittest.TestCase):
    def test_board_that_does_not_see_the_pilot_never_closes(self):
        for board in NOT_YET:
            with self.subTest(board=board):
                story = Story(self, board)
                self.assertEqual((story.edges("coil", True), story.seen["idle"]["errors"]), ([], {}))

    def test_charges_a_car_and_opens_within_50_ms_of_the_unplugging(self):
        self.assertGreaterEqual(len(BOARDS), 5)
        for board in [board for board in BOARDS if board not in NOT_YET]:
            with self.subTest(board=board):
                story = Story(self, board)
                seen = story.seen
                self.assertEqual(story.told, [])
                self.assertEqual(seen["idle"], {"cp_state": "A", "contactor": "open", "faults": [], "errors": {}, "board": board,
                                                "offered_ma": 0})
                self.assertEqual(seen["charging"], {"cp_state": "C", "contactor": "closed", "faults": [], "errors": {},
                                                    "board": board, "offered_ma": 16000})
                closed_us = story.edges("contacts", True)          # more than once: contacts bounce
                self.assertEqual(len(story.edges("coil", True)), 1)
                self.assertLess(story.edges("ev_state", "C")[0], closed_us[0])
                self.assertLess(closed_us[0], CLOSED_LATEST_S * S)
                gone_us = [t_us for t_us in story.edges("ev_state", "A") if t_us > 3 * S][0]
                off_us = [t_us for t_us in story.edges("coil", False) if t_us > gone_us][0]
                self.assertLessEqual(off_us - gone_us, 50 * MS)
                self.assertEqual((seen["gone"]["cp_state"], seen["gone"]["contactor"]), ("A", "open"))


class TestCommandLine(unittest.TestCase):
    def test_board_is_chosen_by_name_and_an_unknown_one_lists_them(self):
        run = subprocess.run([sys.executable, "-m", "tools.twin", "--board", "toaster"], cwd=ROOT, capture_output=True, text=True,
                             timeout=30)
        self.assertEqual(run.returncode, 2)
        for name in BOARDS:
            self.assertIn(name, run.stderr)
        with tempfile.TemporaryDirectory() as folder:
            story = Path(folder, "a.scn")
            story.write_text("expect charger.cp_state is A within 5 s\n")
            run = subprocess.run([sys.executable, "-m", "tools.twin", "--board", "esp32-evse-devkitc", "--headless", "--http", "0",
                                  "--bench", "0", "--data", folder + "/data", "--scenario", str(story)],
                                 cwd=ROOT, capture_output=True, text=True, timeout=60)
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
            self.assertIn('"name": "esp32-evse-devkitc"', Path(folder, "data", "flash", "board.json").read_text())


if __name__ == "__main__":
    unittest.main()
