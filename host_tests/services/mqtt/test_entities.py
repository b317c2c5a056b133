# cpython only: checks against Home Assistant's rules with re
"""What Home Assistant is told: within its documented rules, whatever the board has."""
import unittest

from firmware.charging.facts import NAMES
from firmware.services.mqtt.documents import DOCUMENTS, names_of
from firmware.services.mqtt.entities import ENTITIES, Device, pieces
from host_tests.services.mqtt import home_assistant

ALL = ("three_phases", "phase_switching", "lock", "admin")


def message(has=ALL, serial="M3-1"):
    return "".join(pieces(Device(serial, "Garage", "1.2.3", "mode3/%s/" % serial, "http://10.0.0.2/", 16, has)))


class TestDiscovery(unittest.TestCase):
    def test_nothing_in_it_is_against_home_assistants_rules(self):
        for has in (ALL, (), ("three_phases",), ("lock", "admin")):
            self.assertEqual(home_assistant.problems(message(has)), [])

    def test_the_rules_find_what_is_wrong(self):
        for good, bad in (('"W"', '"V"'), ('"stat_cla":"total_increasing"', '"stat_cla":"measurement"'), ('"plug"', '"car"'),
                          ('"cmd_t":', '"cmd":'), ('"p":"sensor"', '"p":"sensors"'), ('"uniq_id"', '"uid"'),
                          ('"ids"', '"idx"'), ('"min":0', '"min":99'), ('["1","3"]', "[1,3]"), ('"enum"', '"energy"')):
            self.assertIn(good, message())
            self.assertNotEqual(home_assistant.problems(message().replace(good, bad)), [], bad)

    def test_the_energy_dashboard_takes_the_chargers_energy(self):
        self.assertIn("energy", home_assistant.dashboard_energy(message()))

    def test_every_entity_looks_at_a_fact_of_its_document(self):
        told = {row[0]: names_of(row, NAMES) for row in DOCUMENTS}
        for row in ENTITIES:
            if row[4]:
                used = [name for name in told[row[4]]
                        if "value_json." + name in row[5] or "['%s']" % name in row[5] or row[5] == name]
                self.assertTrue(used, row)

    def test_it_is_made_the_same_each_time_and_fits_a_broker(self):
        self.assertEqual(message(), message())
        self.assertLess(len(message()), 32000)


if __name__ == "__main__":
    unittest.main()
