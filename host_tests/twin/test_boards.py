# cpython only: the twin in virtual time
"""On the twin every board of board_configs/ starts, charges a car and opens when it is unplugged."""
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from firmware.drivers.board_facts import lacks, load
from host_tests.twin.charger import MS, S
from tools.setup.vm import VmMissing, vm_command
from tools.twin.ports import free_port
from tools.twin.runner import Twin
from tools.twin.vm_runner import HEAP_KB, VmTwin

ROOT = Path(__file__).resolve().parents[2]
BOARDS = sorted(path.stem for path in (ROOT / "board_configs").glob("*.json"))
CLOSED_LATEST_S = 6       # plugged in at 3 s: self-test, diode, 500 ms in C


class Story:
    """One board with a car that is plugged in at 3 s, and what the charger said meanwhile. events: (seconds, fn(world))."""

    def __init__(self, test, board, until_s, notes, events, settings=None):
        folder = tempfile.mkdtemp()
        test.addCleanup(shutil.rmtree, folder)
        self.told, self.seen = [], {}
        self.twin = Twin(folder, free_port(), event=self.told.append, board=board)
        test.addCleanup(self.twin.close)
        if settings:
            self.at(1, lambda: sys.modules["firmware.app"].current.settings.set_many(settings))
            self.at(1.2, lambda: self.twin.world.reset("power"))
        else:
            self.at(3, lambda: self.twin.world.set_ev({"plugged": True}))
        for when, seconds in notes:
            self.at(seconds, lambda when=when: self.note(when))
        for seconds, fn in events:
            self.at(seconds, lambda fn=fn: fn(self.twin.world))
        self.twin.clock.at(until_s * S, self.twin.end)
        self.twin.run()

    def at(self, seconds, fn):
        self.twin.clock.at(int(seconds * S), fn)

    def note(self, when):
        app = sys.modules["firmware.app"].current
        self.seen[when] = {"cp_state": self.twin.facts("cp_state"), "contactor": self.twin.facts("contactor"),
                           "faults": [fault["name"] for fault in self.twin.facts("faults")], "errors": dict(app.board.errors),
                           "board": self.twin.facts("board")["name"], "offered_ma": self.twin.facts("offered_ma"),
                           "coil_watchdog": self.twin.facts("coil_watchdog")}

    def edges(self, signal, value, since_us=0):
        return [t_us for t_us, name, now in self.twin.world.trace.edges(since_us) if (name, now) == (signal, value)]


class TestEveryBoard(unittest.TestCase):
    def test_charges_a_car_and_opens_within_50_ms_of_the_unplugging(self):
        self.assertGreaterEqual(len(BOARDS), 5)
        for board in BOARDS:
            with self.subTest(board=board):
                story = Story(self, board, 15, (("idle", 2.9), ("charging", 11.9), ("gone", 14)),
                              [(12.0123, lambda world: world.set_ev({"plugged": False}))])
                seen = story.seen
                self.assertEqual(story.told, [])
                tested = [seen[when].pop("coil_watchdog") for when in ("idle", "charging")][1]
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
                pins = story.twin.board["pins"]
                self.assertEqual(tested, "not_fitted" if pins["coil_watchdog"] is None else
                                 "untested" if pins["coil_supply"] is None else "passed")


class TestOnMicroPython(unittest.TestCase):
    def test_each_kind_of_chip_and_pilot_sensing_charges_on_micropython_too(self):
        try:
            command = vm_command(HEAP_KB)
        except VmMissing as error:
            self.skipTest("no MicroPython VM: %s" % error)
        for board in ("esp32-s3", "smartevse-v3"):
            with self.subTest(board=board), tempfile.TemporaryDirectory() as folder:
                twin = VmTwin(Path(folder, "flash"), free_port(), command, virtual=True, board=board)
                self.addCleanup(twin.close)
                twin.clock.at(3 * S, lambda twin=twin: twin.world.set_ev({"plugged": True}))
                twin.clock.at(9_012_300, lambda twin=twin: twin.world.set_ev({"plugged": False}))
                twin.clock.at(10 * S, twin.end)
                twin.run()
                edges = [(t_us, now) for t_us, name, now in twin.world.trace.edges(0) if name == "coil"]
                self.assertEqual([now for _t_us, now in edges], [False, True, False])
                self.assertLess(edges[1][0], CLOSED_LATEST_S * S)
                self.assertLessEqual(0, edges[2][0] - 9_012_300)
                self.assertLessEqual(edges[2][0] - 9_012_300, 50 * MS)


class TestWhatABoardHasWorks(unittest.TestCase):
    """A fault while charging: who is fitted with the sensor opens and names it."""

    def boards(self, name):
        found = [board for board in BOARDS if name not in lacks(load(str(ROOT / "board_configs" / (board + ".json"))))]
        self.assertGreaterEqual(len(found), 2, name)
        return found

    def opens(self, board, fault, within_ms, wanted):
        story = Story(self, board, 10, (("charging", 7.9), ("after", 9.5)), [(8.0071, lambda world: world.set_fault(fault, True))])
        self.assertEqual((story.seen["charging"]["contactor"], story.seen["charging"]["faults"]), ("closed", []))
        off_us = story.edges("coil", False, 8 * S)
        self.assertTrue(off_us and off_us[0] - 8_007_100 <= within_ms * MS, off_us)
        self.assertEqual((story.seen["after"]["contactor"], len(story.seen["after"]["faults"])), ("open", 1))
        self.assertIn(story.seen["after"]["faults"][0], wanted)

    def test_residual_direct_current_opens_and_at_once_where_the_monitor_has_a_cut_off_of_its_own(self):
        self_cut = self.boards("rcd_cutoff")
        for board in self.boards("dc_monitor"):
            with self.subTest(board=board):
                self.opens(board, "rcd_dc", 0 if board in self_cut else 50, ("residual_current", "residual_current_dc"))

    def test_lost_protective_earth_opens(self):
        for board in self.boards("pe_monitor"):
            with self.subTest(board=board):
                self.opens(board, "pe_lost", 300, ("pe_lost",))

    def test_socket_reads_the_cable_locks_the_plug_before_power_and_lets_it_go(self):
        for board in self.boards("lock"):
            with self.subTest(board=board):
                story = Story(self, board, 16, (("charging", 9), ("after", 15.5)), [
                    (4, lambda world: world.set_ev({"plugged": True, "cable_a": 13})),
                    (10, lambda world: world.set_ev({"state": "B"})),
                    (11, lambda world: sys.modules["firmware.app"].current.station.command("unlock", {}, "page"))],
                    {"installation.cable": "socket", "installation.fuse_a": 32})
                self.assertEqual([story.seen["charging"][name] for name in ("contactor", "offered_ma", "faults", "errors")],
                                 ["closed", 13000, [], {}])
                self.assertLess(story.edges("lock", True)[0], story.edges("coil", True)[0])
                opened_us = story.edges("lock", False, 10 * S)
                self.assertTrue(opened_us and opened_us[0] > story.edges("coil", False, 10 * S)[0], opened_us)
                self.assertEqual(story.seen["after"]["faults"], [])

    def test_weld_is_named_where_there_is_feedback(self):
        for board in self.boards("weld_feedback"):
            with self.subTest(board=board):
                story = Story(self, board, 11, [("after", 10)], [(8, lambda world: world.set_fault("weld", True)),
                                                                (9, lambda world: world.set_ev({"plugged": False}))])
                self.assertIn("contactor_welded", story.seen["after"]["faults"])


class TestCommandLine(unittest.TestCase):
    def test_board_is_chosen_by_name_and_an_unknown_one_lists_them(self):
        run = subprocess.run([sys.executable, "-m", "tools.twin", "--board", "toaster"], cwd=ROOT, capture_output=True, text=True,
                             timeout=60)
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
