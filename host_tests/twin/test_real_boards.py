# cpython only: the whole firmware on the twin in one process
"""Each board of board_configs/ charges on the twin with the drivers that its facts name: tethered, and at a socket where it can."""

import json
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

from host_tests.twin.charger import MS, Charger, S
from tools.twin.runner import Twin

BOARDS = sorted(path.stem for path in (Path(__file__).parents[2] / "board_configs").glob("*.json"))
WITH_PULSES = ("esp32-s3", "esp32-wrover")


class OnBoard(Charger):
    """The charger of the other tests on a board of choice; `settings` are made before it is started."""

    def __init__(self, test, board, **settings):
        self.folder = tempfile.mkdtemp()
        test.addCleanup(shutil.rmtree, self.folder)
        self.twin = Twin(self.folder, 0, board=board)
        test.addCleanup(self.twin.close)
        self.clock, self.world, self.trace = self.twin.clock, self.twin.world, self.twin.world.trace
        self.error = None
        if settings:
            self._set({name.replace("__", "."): value for name, value in settings.items()})

    def _set(self, settings):
        from tools.twin import cpython
        cpython.install()
        try:
            from firmware.settings.store import FILE_KIND, FILE_VERSION, Store
            from firmware.storage.atomic_file import AtomicFile
            store = Store(AtomicFile(self.folder + "/data/settings", FILE_KIND, FILE_VERSION))
            store.load()
            store.set_many(settings)
        finally:
            cpython.uninstall()


def faults(charger):
    return [fault["name"] for fault in charger.fact("faults")]


class TestBoards(unittest.TestCase):
    def test_contact_that_the_board_cannot_read_is_refused_and_one_that_it_can_is_not(self):
        for board in BOARDS:
            pins = json.loads((Path(__file__).parents[2] / "board_configs" / (board + ".json")).read_text())["pins"]
            charger, refused = OnBoard(self, board), []

            def try_all(charger=charger, refused=refused):
                for name in ("enable", "upstream", "limit", "delay", "dim"):
                    try:
                        charger.app.settings.set_many({"inputs." + name: "normally_closed"})
                    except Exception as error:         # the application's own module of the name
                        self.assertEqual((type(error).__name__, error.key), ("SettingError", "inputs." + name))
                        refused.append("input_" + name)
            charger.at(1, try_all)
            charger.run(2)
            names = ["input_" + name for name in ("enable", "upstream", "limit", "delay", "dim")]
            self.assertEqual(refused, [name for name in names if pins[name] is None], board)

    def test_every_board_charges_a_tethered_vehicle_and_lets_it_go_in_time(self):
        for board in BOARDS:
            with self.subTest(board=board):
                charger, seen = OnBoard(self, board), {}
                charger.at(3, charger.ev(plugged=True))
                charger.at(15, lambda: seen.update(now=charger.app.station.facts(), errors=dict(charger.app.board.errors)))
                charger.at(16.0037, charger.ev(plugged=False))
                charger.run(17)
                facts = seen["now"]
                self.assertEqual((facts["contactor"], facts["faults"], seen["errors"], facts["offered_ma"]),
                                 ("closed", [], {}, 16000), board)
                gone_us = charger.edges("ev_state", "A", 16 * S)[0]
                self.assertLessEqual(charger.edges("coil", False, gone_us)[0] - gone_us, 50 * MS)

    def test_every_board_with_proximity_and_lock_charges_at_a_socket(self):
        charged = []
        for board in BOARDS:
            facts = json.loads((Path(__file__).parents[2] / "board_configs" / (board + ".json")).read_text())
            if facts["pins"]["pp_adc"] is None or not facts["has"]["lock"]:
                continue
            with self.subTest(board=board):
                charger, seen = OnBoard(self, board, installation__cable="socket", installation__fuse_a=32), {}
                charger.at(3, charger.ev(plugged=True, cable_a=20))
                charger.at(15, lambda: seen.update(now=charger.app.station.facts(), locked=charger.world.lock.closed))
                charger.at(16, charger.ev(plugged=False))
                charger.at(22, lambda: seen.update(after=charger.world.lock.closed))
                charger.run(23)
                now = seen["now"]
                self.assertEqual((now["contactor"], now["faults"], now["offered_ma"], now["limited_by"]),
                                 ("closed", [], 20000, "cable"), board)
                self.assertEqual((seen["locked"], seen["after"]), (True, False))
                locked_us, coil_us = charger.edges("lock", True)[0], charger.edges("coil", True)[0]
                self.assertLess(locked_us, coil_us)
                charged.append(board)
        self.assertGreaterEqual(len(charged), 4)

    def test_board_without_proximity_or_lock_offers_nothing_at_a_socket(self):
        charger, seen = OnBoard(self, "esp32-evse-devkitc", installation__cable="socket"), {}
        charger.at(3, charger.ev(plugged=True, cable_a=32))
        charger.at(20, lambda: seen.update(offered=charger.fact("offered_ma"), socket=charger.fact("board")["socket"]))
        charger.run(21)
        self.assertEqual((seen, charger.edges("coil", True)), ({"offered": 0, "socket": True}, []))


class TestEarthPulses(unittest.TestCase):
    def test_lost_pulses_open_the_contactor_within_200_ms_and_come_back_with_the_retry(self):
        for board in WITH_PULSES:
            with self.subTest(board=board):
                charger, seen = OnBoard(self, board), {}
                charger.at(3, charger.ev(plugged=True))
                charger.at(15.0041, lambda: charger.world.set_fault("pe_lost", True))
                charger.at(16, lambda: seen.update(faults=faults(charger)))
                charger.at(20, lambda: charger.world.set_fault("pe_lost", False))
                charger.run(70)
                lost_us = 15.0041 * S
                self.assertLessEqual(charger.edges("coil", False, lost_us)[0] - lost_us, 200 * MS)
                self.assertEqual(seen["faults"], ["pe_lost"])
                self.assertTrue(charger.edges("contacts", True, 20 * S))


def kill(charger, gpio):
    """From now on this pin of the running board raises."""
    charger.twin.hal.disturb()
    pin = sys.modules["machine"].Pin
    real = pin.value

    def value(one, *level):
        if one._n == gpio:
            raise OSError(5)
        return real(one, *level)
    pin.value = value


class TestDeadPins(unittest.TestCase):
    def test_pin_that_dies_under_power_opens_the_contactor_and_the_charger_goes_on_telling(self):
        for name, fault, within_ms in (("contactor_1", "driver", 800), ("coil_watchdog", "driver", 800),
                                       ("rcd_trip", "residual_current", 50), ("pe_ok", "pe_lost", 50),
                                       ("contactor_feedback_1", "contactor_not_closed", 300),
                                       ("coil_supply", "coil_watchdog", 4000)):
            with self.subTest(name=name):
                charger, seen = Charger(self), {}
                charger.at(12, lambda charger=charger, name=name: kill(charger, charger.twin.board["pins"][name]))
                charger.at(3, charger.ev(plugged=True))
                charger.at(18, lambda seen=seen, charger=charger: seen.update(
                    faults=faults(charger), failing=charger.fact("board")["failing"], tasks=charger.fact("tasks")))
                charger.run(19)
                self.assertLessEqual(charger.edges("coil", False, 12 * S)[0] - 12 * S, within_ms * MS, name)
                self.assertEqual(charger.edges("coil", True, 12 * S), [], name)
                self.assertIn(fault, seen["faults"])
                self.assertIn("driver", seen["faults"])
                self.assertEqual(len(seen["failing"]), 1)
                self.assertEqual([task["last_error"] for task in seen["tasks"]], [None] * len(seen["tasks"]))


class TestShortTrip(unittest.TestCase):
    def test_residual_pulse_of_any_phase_to_the_tick_opens_within_25_ms(self):
        charger = Charger(self)
        for cycle in range(4):
            start_s = 3 + cycle * 60
            charger.at(start_s, charger.ev(plugged=True))
            begin_s = start_s + 50 + cycle * 0.00257
            charger.at(begin_s, lambda: charger.world.set_fault("rcd_dc", True))
            charger.at(begin_s + 0.0006, lambda: charger.world.set_fault("rcd_dc", False))
            charger.at(start_s + 55, charger.ev(plugged=False))
        charger.run(3 + 4 * 60)
        off = charger.edges("coil", False, 4 * S)
        self.assertEqual(len(charger.edges("coil", True)), 4)
        for cycle in range(4):
            begin_us = int((3 + cycle * 60 + 50 + cycle * 0.00257) * S)
            after = [t_us for t_us in off if t_us >= begin_us]
            self.assertTrue(after and after[0] - begin_us <= 25 * MS, (cycle, after[:1], begin_us))


if __name__ == "__main__":
    unittest.main()
