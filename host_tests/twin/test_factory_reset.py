# cpython only: the whole firmware on the twin in one process
"""A factory reset of the whole charger: refused while it charges; afterwards it starts as new, with the same serial number."""
import unittest

from host_tests.twin.charger import Charger


class Reset(unittest.TestCase):
    def test_after_a_reset_the_charger_starts_as_new_and_knows_who_ordered_it(self):
        charger, seen = Charger(self), {}
        charger.at(2, lambda: charger.app.settings.set_many({"station.name": "Ann", "identity.serial": "M3-9"}))
        charger.at(3, charger.ev(plugged=True))
        charger.at(20, lambda: seen.update(charging=charger.app.order_factory_reset(True, "page")))
        charger.at(21, charger.ev(plugged=False))
        charger.at(30, lambda: seen.update(life_wh=charger.app.records.life_energy_wh(), boot=charger.app.records.stamp()[0]))
        charger.at(31, lambda: seen.update(ordered=charger.app.order_factory_reset(True, "page")))

        def look():
            app = charger.app
            app.records.events.flush(True)
            seen["events"] = [(row["kind"], row["code"], row["detail"])
                              for row in app.records.events.page(0, 20, app.records.stamper.references())]
            seen["facts"] = app.station.facts()
            seen["values"] = [app.settings.get(key) for key in ("station.name", "identity.serial", "installation.fuse_a")]
        charger.at(45, look)
        charger.run(50)
        self.assertEqual((seen["charging"], seen["ordered"]), (False, True))
        self.assertEqual(seen["values"], ["", "M3-9", 6])
        self.assertFalse(seen["facts"]["general"]["setup_done"])
        self.assertEqual(seen["facts"]["boot_number"], seen["boot"] + 1)
        self.assertGreaterEqual(seen["facts"]["life_energy_wh"], seen["life_wh"])
        self.assertGreater(seen["life_wh"], 0)
        self.assertEqual(seen["events"][-2:], [("security", "factory_reset", "page"), ("boot", "restart", "factory reset")])


if __name__ == "__main__":
    unittest.main()
