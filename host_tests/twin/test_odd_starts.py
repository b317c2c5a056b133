# cpython only: a whole charger on the twin in virtual time
"""Starts and restarts that are not as they should be: settings of other firmware, a leave-taking that fails."""
import json
import unittest
from pathlib import Path
from unittest import mock

from firmware.settings import schema
from firmware.settings.store import FILE_KIND, FILE_VERSION
from firmware.storage.atomic_file import AtomicFile
from host_tests.twin.charger import Charger


def text_for(row):
    """A text that the row allows, and hardly anybody who reads it."""
    return ("x;,= %s{}" * 20)[:max(row[3][0], min(row[3][1], 24))]


class OddSettings(unittest.TestCase):
    def keep(self, charger, values):
        """These settings are on its flash, as other firmware may have left them."""
        file = AtomicFile(str(Path(charger.folder) / "data" / "settings"), FILE_KIND, FILE_VERSION)
        document = json.loads(file.read()[0])
        document["values"].update(values)
        file.write(json.dumps(document).encode())

    def test_the_charger_starts_whatever_texts_its_settings_hold(self):
        """A time zone that this firmware cannot read ended every start: after a step back, say, only safe mode was left."""
        charger = Charger(self)
        self.keep(charger, {row[0]: text_for(row) for row in schema.SETTINGS if row[1] == schema.STR})
        seen = []
        charger.at(5, lambda: seen.append((charger.fact("uptime_s") > 2, [row["name"] for row in charger.fact("faults")],
                                           [row for row in charger.fact("tasks") if row["last_error"]])))
        charger.run(6)
        self.assertEqual(seen, [(True, ["meter_setting", "settings_damaged"], [])])

    def test_a_zone_set_anew_ends_the_warning_that_it_began_and_no_other(self):
        for others, after in (({}, []), ({"charging.mode": "odd"}, ["settings_damaged"])):
            charger = Charger(self)
            self.keep(charger, dict(others, **{"time.zone": "nowhere"}))
            seen = []

            def look(charger=charger, seen=seen):
                seen.append([row["name"] for row in charger.fact("faults")])
            charger.at(5, look)
            charger.at(6, lambda charger=charger: charger.app.settings.set_many({"charging.max_current_a": 10}))
            charger.at(7, look)
            charger.at(8, lambda charger=charger: charger.app.settings.set_many({"time.zone": "CET-1CEST,M3.5.0,M10.5.0/3"}))
            charger.at(9, look)
            charger.run(10)
            self.assertEqual(seen, [["settings_damaged"], ["settings_damaged"], after])


class OddRestart(unittest.TestCase):
    def test_a_restart_whose_leave_taking_fails_is_a_wanted_one_all_the_same(self):
        """It counted as a crash: eight of them in a row, and the charger went back to the firmware before."""
        charger = Charger(self)
        seen = []

        async def fail():
            raise OSError(113)

        charger.at(3, lambda: setattr(charger.app.online, "leave", fail))
        charger.at(4, lambda: charger.app.request_restart("test"))
        charger.at(10, lambda: seen.append((charger.fact("reset_cause"), charger.fact("reset_detail"),
                                            charger.app.start["failures"])))
        charger.run(11)
        self.assertEqual(seen, [("restart", "test", 0)])

    def test_a_restart_that_cannot_even_leave_its_mark_comes_all_the_same(self):
        charger = Charger(self)
        seen = []

        def fail(reason):
            raise MemoryError

        def prepare():
            from firmware.drivers import reset_marker
            self.enterContext(mock.patch.object(reset_marker, "mark", fail))
        charger.at(3, prepare)
        charger.at(4, lambda: charger.app.request_restart("test"))
        charger.at(10, lambda: seen.append(charger.fact("uptime_s")))
        charger.run(11)
        self.assertLess(seen[0], 6)


if __name__ == "__main__":
    unittest.main()
