"""One or three phases, changed during a charge: in order, with a pause, and the vehicle is woken where it sleeps through it."""
import unittest

from firmware.safety import limits
from firmware.safety.core import CLOSED
from host_tests.charging.place import Place


class TestPhaseSwitch(unittest.TestCase):
    def switched(self, **fitted):
        place = Place(**fitted).charge()
        number = place.fact("session")["number"]
        place.station.command("phases", {"phases": 1}, "web")
        self.assertEqual(place.core.outputs.coil_1, 1)             # not at once: the vehicle is asked first
        place.run(300)
        place.rig.vehicle = "B"
        self.assertTrue(place.until(lambda: place.core.outputs.coil_1 == 0, 1000))
        return place, number

    def test_switch_stops_in_order_pauses_ten_seconds_and_goes_on_in_the_same_session(self):
        place, number = self.switched()
        opened_ms = place.rig.elapsed_ms
        place.run(500)
        place.rig.vehicle = "C"
        self.assertTrue(place.until(lambda: place.core.phase == CLOSED, 30000))
        self.assertGreaterEqual(place.rig.elapsed_ms - opened_ms, limits.PHASE_SWITCH_MS)
        self.assertEqual((place.core.outputs.coil_1, place.core.outputs.coil_2), (1, 0))
        place.run(200)
        self.assertEqual((place.fact("session")["number"], place.fact("session")["end_reason"]), (number, None))
        self.assertEqual([data["session"].end_reason for event, data in place.heard if event == "session_end"], [])
        self.assertFalse(place.station.phase_switch.under_way)
        place.station.command("phases", {"phases": 3}, "web")
        place.run(300)
        place.rig.vehicle = "B"
        place.run(1000)
        self.assertEqual(place.fact("session")["end_reason"], "phases")
        place.rig.vehicle = "C"
        self.assertTrue(place.until(lambda: place.core.outputs.coil_2 == 1, 30000))

    def test_vehicle_that_sleeps_through_it_is_woken_by_an_interruption_or_state_f(self):
        for fitted, shown in (({"cp_disconnect": 1}, lambda core: core.outputs.cp_disconnect == 1),
                              ({}, lambda core: core.outputs.pilot_high_ns == limits.PILOT_STEADY_LOW_NS)):
            place, _ = self.switched(**fitted)
            woken = 0
            for _ in range(900):
                place.run(100)
                woken += shown(place.core)
            self.assertEqual(woken, limits.WAKE_MS // 100)          # once

    def test_where_it_is_not_wanted_or_not_needed_nobody_is_woken(self):
        place, _ = self.switched(cp_disconnect=1)
        place.station.phase_switch.wakes = False
        woken = 0
        for _ in range(900):
            place.run(100)
            woken += place.core.outputs.cp_disconnect
        self.assertEqual(woken, 0)
        place, _ = self.switched(cp_disconnect=1)
        place.rig.vehicle = "C"
        self.assertTrue(place.until(lambda: place.core.phase == CLOSED, 30000))
        place.run(500)
        place.rig.vehicle = "B"
        for _ in range(600):
            place.run(100)
            woken += place.core.outputs.cp_disconnect
        self.assertEqual(woken, 0)

    def test_without_a_charge_the_number_changes_with_no_pause(self):
        place = Place().run(300)
        place.station.command("phases", {"phases": 1}, "web")
        self.assertFalse(place.station.phase_switch.under_way)
        place.charge()
        self.assertEqual((place.core.outputs.coil_1, place.core.outputs.coil_2), (1, 0))


if __name__ == "__main__":
    unittest.main()
