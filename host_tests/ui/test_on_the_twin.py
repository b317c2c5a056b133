# cpython only: the whole firmware on the twin in one process
"""Lights, buzzer, sensors and contacts in the whole charger: they cost little time, and their trouble ends no charge."""

import unittest

from host_tests.twin.charger import Charger


class TestPanel(unittest.TestCase):
    def test_control_stays_in_time_with_lights_meter_and_one_wire_bus(self):
        charger, seen = Charger(self), {}
        charger.at(3, charger.ev(plugged=True))
        charger.at(15, lambda: setattr(charger.app.lateness, "max_ms", 0))       # from here on no flash is written
        charger.at(58, lambda: seen.update(restarts=[task["restarts"] for task in charger.app.supervisor.fact()]))
        charger.at(59, lambda: seen.update(late=charger.app.lateness.fact(), closed=charger.world.state()["contactor"]["closed"],
                                           bus=charger.app.temperatures.bus.rounds, read=charger.app.meter.values.readings))
        charger.run(60)
        self.assertTrue(seen["closed"])
        self.assertGreater(seen["bus"], 5)
        self.assertGreater(seen["read"], 40)
        self.assertEqual(set(seen["restarts"]), {0})
        self.assertLessEqual(seen["late"]["p99"], 2)
        self.assertLessEqual(seen["late"]["max"], 15)

    def test_panel_that_fails_is_named_and_restarted_and_the_charge_goes_on(self):
        charger, seen = Charger(self), {}
        charger.at(3, charger.ev(plugged=True))

        def break_it():
            charger.app.panel.lights = None                  # the next tick of the task raises
        charger.at(15, break_it)
        charger.at(25, lambda: seen.update(facts=charger.app.station.facts(), errors=dict(charger.app.board.errors)))
        charger.run(30)
        facts = seen["facts"]
        self.assertEqual((facts["overview_state"], facts["contactor"]), ("Charging", "closed"))
        self.assertIn("task_died", [fault["name"] for fault in facts["faults"]])
        self.assertTrue([task for task in facts["tasks"] if task["name"] == "ui" and task["restarts"]])
        self.assertEqual(charger.edges("contacts", False, 15 * 1000000), [])

    def test_strip_that_raises_is_a_named_fault_and_the_charge_goes_on(self):
        charger, seen = Charger(self), {}
        charger.at(3, charger.ev(plugged=True))

        def break_it():
            charger.app.panel._device._lights._strip = None
        charger.at(15, break_it)
        charger.at(25, lambda: seen.update(facts=charger.app.station.facts(), errors=dict(charger.app.board.errors)))
        charger.run(30)
        self.assertEqual(seen["facts"]["contactor"], "closed")
        self.assertEqual([fault["name"] for fault in seen["facts"]["faults"]], ["driver"])
        self.assertEqual(list(seen["errors"]), ["lights"])

    def test_dimming_is_in_the_event_log_with_start_and_end(self):
        charger, seen = Charger(self), {}
        charger.at(3, lambda: charger.app.settings.set_many({"inputs.dim": "normally_open"}))
        charger.at(4, lambda: charger.world.reset("soft"))
        charger.at(10, lambda: charger.world.set_input("dim", True))
        charger.at(15, lambda: seen.update(limit=charger.app.station.limit()))
        charger.at(16, lambda: charger.world.set_input("dim", False))

        def look():
            events = charger.app.records.events
            events.flush(True)
            page = events.page(0, 20, charger.app.records.stamper.references())
            seen.update(events=[(row["kind"], row["code"], row["value"], row["detail"]) for row in page if row["kind"] == "grid"])
        charger.at(20, look)
        charger.run(22)
        self.assertEqual(seen["limit"], (6086, "grid_dimming"))
        self.assertEqual(seen["events"], [("grid", "grid_dimming", 6086, "end"), ("grid", "grid_dimming", 6086, "start")])

    def test_standby_dims_and_a_press_wakes(self):
        charger, seen = Charger(self), {}
        charger.at(2, lambda: charger.app.settings.set_many({"standby.dim_after_min": 1, "standby.off_after_min": 2}))

        def brightness(name):
            return lambda: seen.update({name: max([max(led) for led in charger.world.state()["lights"]["leds"]])})
        charger.at(20, brightness("awake"))
        charger.at(70, brightness("dimmed"))
        charger.at(130, brightness("off"))
        charger.at(131, lambda: charger.world.press_button("front", 300))
        charger.at(132, brightness("woken"))
        charger.run(135)
        self.assertTrue(seen["awake"] > seen["dimmed"] > seen["off"] == 0, seen)
        self.assertEqual(seen["woken"], seen["awake"])


if __name__ == "__main__":
    unittest.main()
