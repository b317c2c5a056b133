"""What settings must be beyond their table: whatever a board lacks, its settings can go back to their defaults."""
import unittest

from firmware.settings import schema
from firmware.settings.store import SettingError, Store
from host_tests.drivers.chip import Chip, board_facts


def bare():
    """The facts of a board that has nothing of what a guard asks for."""
    facts = board_facts()
    facts["has"] = dict.fromkeys(facts["has"], False)
    facts["limits"]["phases"] = 1
    facts["pins"] = dict.fromkeys(facts["pins"])
    return facts


class GuardsTest(unittest.TestCase):
    def setUp(self):
        chip = Chip()
        self.addCleanup(chip.close)
        from firmware.guards import guard  # MicroPython's modules had to be there first
        self.store = Store()
        guard(self.store, bare())

    def test_every_setting_goes_back_to_its_default_on_a_board_that_lacks_everything(self):
        self.store.set_many({row[0]: None for row in schema.SETTINGS})

    def test_board_of_one_phase_takes_the_default_of_three_by_value_too(self):
        """It uses one whatever is set (drivers/board.py), so nobody need be refused."""
        for value in (1, 3, None):
            self.store.set_many({"installation.phases": value})
        self.assertEqual(self.store.get("installation.phases"), 3)

    def test_what_the_board_lacks_is_refused(self):
        for key, value in (("installation.cable", "socket"), ("web.https", True), ("inputs.enable", "normally_open")):
            with self.assertRaises(SettingError) as caught:
                self.store.set_many({key: value})
            self.assertEqual((caught.exception.key, caught.exception.rule), (key, "guard"))


if __name__ == "__main__":
    unittest.main()
