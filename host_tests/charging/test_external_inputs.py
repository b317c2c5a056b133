"""External contacts become ceilings: debounced, by name, and gone when nobody asks any more."""

import unittest

from firmware.charging.external_inputs import DEBOUNCE_TICKS, ExternalInputs
from firmware.safety.core import CLOSED
from host_tests.charging.place import Place


class Wired:
    """A place whose contacts can be set; those not named are not used."""

    def __init__(self, *used):
        self.place = Place()
        self.signals = dict([(name, False) for name in used])
        self.log = []
        self.inputs = ExternalInputs(self.place.station, self.signals.get, lambda *row: self.log.append(row))
        tick = self.place.station.tick

        def both(now_ms):
            self.inputs.tick()
            tick(now_ms)
        self.place.station.tick = both
        self.station = self.place.station

    def set(self, name, signal, ms=1000):
        self.signals[name] = signal
        self.place.run(ms)
        return self


class TestInputs(unittest.TestCase):
    def test_limit_caps_with_its_set_point_and_lets_go(self):
        wired = Wired("limit")
        wired.inputs.limit_ma = 8000
        wired.place.charge()
        self.assertEqual(wired.station.limit(), (16000, "installation"))
        wired.set("limit", True)
        self.assertEqual(wired.station.limit(), (8000, "input_limit"))
        self.assertEqual(wired.place.core.phase, CLOSED)
        wired.inputs.limit_ma = 10000                   # the setting acts at once
        wired.place.run(200)
        self.assertEqual(wired.station.limit(), (10000, "input_limit"))
        wired.set("limit", False)
        self.assertEqual(wired.station.limit(), (16000, "installation"))
        self.assertEqual(wired.log, [])

    def test_default_set_point_of_the_limit_pauses(self):
        wired = Wired("limit")
        wired.place.charge()
        wired.set("limit", True)
        self.assertEqual((wired.station.fact("limit_ma"), wired.station.fact("limited_by")), (0, "input_limit"))
        wired.place.rig.vehicle = "B"                   # the vehicle follows the pilot that ends
        wired.place.run(2000)
        self.assertEqual(wired.station.fact("overview_state"), "Suspended")
        self.assertEqual(wired.place.core.outputs.coil_1, 0)

    def test_delay_holds_a_start_and_suspends_a_charge(self):
        wired = Wired("delay")
        wired.set("delay", True)
        wired.place.plug()
        self.assertEqual((wired.station.fact("offered_ma"), wired.station.fact("limited_by")), (0, "input_delay"))
        wired.set("delay", False)
        wired.place.rig.vehicle = "C"
        self.assertTrue(wired.place.until(lambda: wired.place.core.phase == CLOSED))
        wired.set("delay", True)
        wired.place.rig.vehicle = "B"
        wired.place.run(2000)
        self.assertEqual(wired.place.core.outputs.coil_1, 0)

    def test_dimming_is_4200_w_over_the_phases_and_is_logged_with_start_and_end(self):
        wired = Wired("dim")
        wired.set("dim", True)
        self.assertEqual(wired.station.limit(), (6086, "grid_dimming"))           # 4200 W / (3 x 230 V)
        wired.station.phases = 1
        wired.place.run(200)
        row = wired.station.ceilings.rows(0)[-1]
        self.assertEqual((row["source"], row["limit_ma"], row["failsafe"]), ("grid_dimming", 18260, False))
        wired.inputs.phase_voltage_v = 240
        wired.place.run(200)
        self.assertEqual(wired.station.ceilings.rows(0)[-1]["limit_ma"], 17500)
        wired.set("dim", False)
        self.assertFalse(wired.station.ceilings.is_own("grid_dimming"))
        self.assertEqual(wired.log, [("grid_dimming", 6086, "start"), ("grid_dimming", 17500, "end")])

    def test_bounce_counts_for_nothing(self):
        wired = Wired("delay")
        for _ in range(10):
            wired.set("delay", True, 100 * (DEBOUNCE_TICKS - 1))
            wired.set("delay", False, 100)
        self.assertFalse(wired.station.ceilings.is_own("input_delay"))
        wired.set("delay", True, 100 * DEBOUNCE_TICKS)
        self.assertTrue(wired.station.ceilings.is_own("input_delay"))

    def test_contact_that_is_not_used_caps_nothing(self):
        wired = Wired()
        wired.place.run(1000)
        self.assertEqual([row["source"] for row in wired.station.ceilings.rows(0)], ["installation"])

    def test_no_command_takes_a_contacts_cap_away(self):
        wired = Wired("limit").set("limit", True)
        answer = wired.station.command("clear_ceiling", {"source": "input_limit"}, "test")
        self.assertEqual(answer, {"result": "refused", "reason": "not_allowed"})


if __name__ == "__main__":
    unittest.main()
