"""A board file with one thing changed, and what is said of it."""
import unittest

from firmware.drivers.board_facts import BoardError, check
from host_tests.drivers.chip import board_facts


class BoardCase(unittest.TestCase):
    def bad(self, board, change, place, *words):
        """The board with change(facts) is refused at this place, with these words."""
        facts = board_facts(board)
        change(facts)
        with self.assertRaises(BoardError) as caught:
            check(facts)
        self.assertEqual(caught.exception.place, place)
        for word in words:
            self.assertIn(word, str(caught.exception))
