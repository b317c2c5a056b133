"""The charge pump's test: dead without toggling, live with it, dead again; else nothing is ever offered."""

import unittest

from firmware.safety.io_image import NOT_FITTED, Inputs, Outputs
from host_tests.drivers.chip import Chip, board_facts

SUPPLY, PUMP, COIL_1, ENABLE = 43, 27, 25, 50
HOLD_MS = 600


class TestCoilSupply(unittest.TestCase):
    def board(self, enable="off"):
        self.chip = Chip(board_facts())
        self.addCleanup(self.chip.close)
        from firmware.drivers.board import Board
        self.inputs, self.outputs = Inputs(), Outputs()
        self.stuck = None                 # set: what the input says, whatever the pump does
        self.edges, self.level, self.last_us = 0, 0, 0
        self.live = 0
        board = Board(self.chip.facts)
        board.use_contact("input_enable", "enable", enable)
        self.put(0)
        return board

    def put(self, live):
        self.live = live
        self.chip.hal.set_pin(SUPPLY, live if self.stuck is None else self.stuck)

    def run_ticks(self, board, ticks):
        for _ in range(ticks):
            self.chip.run_until_us((self.chip.clock.now_us // 10000 + 1) * 10000)
            now_us, level = self.chip.clock.now_us, self.chip.hal.driven[PUMP]
            if level != self.level:
                self.level, self.last_us = level, now_us
                self.edges += 1
            if now_us - self.last_us >= HOLD_MS * 1000:
                self.edges = 0
            self.put(1 if self.edges >= 6 or self.live and self.edges else 0)
            board.read(self.inputs, 0)
            board.write(self.outputs)

    def test_good_pump_passes_in_a_second_without_a_coil_and_frees_the_offer(self):
        board = self.board()
        seen = []
        for _ in range(150):
            self.run_ticks(board, 1)
            seen.append((board.coil_watchdog(), self.inputs.enable))
            self.assertEqual(self.chip.hal.driven[COIL_1], 0)
        self.assertEqual(seen[5], ("running", 0))
        self.assertEqual(seen[-1], ("passed", NOT_FITTED))
        self.assertLess(seen.index(("passed", NOT_FITTED)), 110)

    def test_regression_vm_that_stands_still_while_the_pump_is_armed_fails_no_good_pump(self):
        # The radio's start held the VM for half a second: the pump's time was up after four edges, and nothing was offered until
        # somebody restarted the charger.
        board = self.board()
        self.run_ticks(board, 4)
        for _ in range(3):
            self.chip.run_ms(550)
            self.run_ticks(board, 1)
        self.run_ticks(board, 150)
        self.assertEqual((board.coil_watchdog(), self.inputs.enable), ("passed", NOT_FITTED))

    def test_contact_at_the_enable_input_rules_again_after_the_test(self):
        for closed in (0, 1):
            board = self.board("normally_open")
            self.chip.hal.set_pin(ENABLE, 1 - closed)
            self.run_ticks(board, 150)
            self.assertEqual((board.coil_watchdog(), self.inputs.enable), ("passed", closed))

    def test_supply_that_is_still_live_from_before_the_reset_is_waited_for(self):
        board = self.board()
        self.edges, self.live = 6, 1
        self.last_us = self.chip.clock.now_us
        self.run_ticks(board, 250)
        self.assertEqual(board.coil_watchdog(), "passed")

    def test_supply_that_never_dies_or_never_comes_fails_and_nothing_is_offered(self):
        for stuck, within_ticks in ((1, 250), (0, 80)):
            board = self.board()
            self.stuck = stuck
            self.put(0)
            self.run_ticks(board, within_ticks)
            self.assertEqual((board.coil_watchdog(), self.inputs.enable), ("failed", 0), stuck)
            self.stuck = None
            self.run_ticks(board, 300)
            self.assertEqual((board.coil_watchdog(), self.inputs.enable), ("failed", 0))    # until the next start

    def test_broken_wire_of_the_input_fails(self):
        board = self.board()
        self.chip.hal.set_pin(SUPPLY, None)
        for _ in range(250):
            self.chip.run_ms(10)
            board.read(self.inputs, 0)
            board.write(self.outputs)
        self.assertEqual(board.coil_watchdog(), "failed")

    def test_supply_that_stays_without_toggling_later_is_found(self):
        board = self.board()
        self.run_ticks(board, 150)
        for _ in range(100):
            self.outputs.coil_watchdog = 1 - self.outputs.coil_watchdog
            self.run_ticks(board, 1)
        self.run_ticks(board, 300)
        self.assertEqual(board.coil_watchdog(), "passed")      # it died in time
        for _ in range(20):
            self.outputs.coil_watchdog = 1 - self.outputs.coil_watchdog
            self.run_ticks(board, 1)
        self.stuck = 1
        self.run_ticks(board, 300)
        self.assertEqual((board.coil_watchdog(), self.inputs.enable), ("failed", 0))

    def test_board_says_what_it_can_test(self):
        for pins, told in (({"coil_supply": None}, "untested"), ({"coil_supply": None, "coil_watchdog": None}, "not_fitted")):
            facts = board_facts()
            facts["pins"].update(pins)
            self.chip = Chip(facts)
            self.addCleanup(self.chip.close)
            from firmware.drivers.board import Board
            self.assertEqual(Board(facts).coil_watchdog(), told)


if __name__ == "__main__":
    unittest.main()
