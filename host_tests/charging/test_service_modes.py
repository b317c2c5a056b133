"""Commissioning, and a showroom that can never close the contactor, however it is asked."""

import json
import unittest

from firmware.charging import facts as fact_table
from firmware.charging.commands import COMMANDS
from firmware.charging.demo import SHOWN_MA, Demo
from firmware.charging.station import COMMISSIONING_MS
from firmware.safety.core import CLOSED
from host_tests.charging.place import Place
from host_tests.charging.test_commands import GOOD


def mode(place, name):
    return place.station.command("service_mode", {"mode": name}, "web")


class TestDemo(unittest.TestCase):
    def demo(self):
        place = Place().run(300)
        self.assertEqual(mode(place, "demo"), {"result": "accepted"})
        return place

    def test_station_holds_no_way_to_the_core_while_it_shows(self):
        place = self.demo()
        self.assertIsNot(place.station.request, place.core.request)
        before = [getattr(place.core.request, name) for name in ("available", "offered_ma", "seq")]
        self.assertEqual(before[:2], [0, 0])
        place.run(5000)
        self.assertEqual([getattr(place.core.request, name) for name in ("available", "offered_ma", "seq")], before)

    def test_no_command_and_no_vehicle_gets_power_in_a_showroom(self):
        place = self.demo()
        place.station.actions = {"restart": lambda: None, "clock": lambda utc_s, source: None, "clear_cache": lambda: None}
        place.rig.vehicle = "B"
        for row in COMMANDS:
            if row[0] != "service_mode":
                place.station.command(row[0], GOOD[row[0]], "web")
        place.run(3000)
        place.rig.vehicle = "C"
        for _ in range(600):
            place.run(100)
            self.assertEqual((place.core.outputs.coil_1, place.core.offered_ma, place.core.request.available), (0, 0, 0))
        self.assertEqual(place.events("session_start", "charge_start"), [])       # and the records hear of nothing

    def test_show_goes_through_a_whole_session_and_its_facts_are_those_of_the_table(self):
        place = self.demo()
        seen = []
        for _ in range(470):
            place.run(500)
            facts = place.station.facts()
            if not seen or seen[-1] != facts["overview_state"]:
                seen.append(facts["overview_state"])
            self.assertEqual(sorted(facts), sorted(fact_table.NAMES))
            json.dumps(facts)
            self.assertIn(facts["session_state"], fact_table.SESSION_STATES)
            self.assertEqual((facts["service_mode"], facts["contactor"]), ("demo", "open"))
            self.assertEqual(facts["power_w"] > 0, facts["drawn_ma"] > 0)
        self.assertEqual(seen, ["ReadyForCharging", "Charging", "Suspended", "Idle", "ReadyForCharging"])

    def test_stop_and_start_act_on_the_show_and_the_rest_is_refused(self):
        place = self.demo()
        place.run(20000)
        self.assertEqual((place.fact("overview_state"), place.fact("drawn_ma")), ("Charging", SHOWN_MA))
        self.assertEqual(place.station.command("stop", {}, "web")["result"], "accepted")
        self.assertEqual(place.fact("overview_state"), "Suspended")
        self.assertEqual(place.station.command("start", {}, "web")["result"], "accepted")
        self.assertEqual(place.fact("overview_state"), "Charging")
        self.assertEqual(place.station.command("phases", {"phases": 1}, "web"), {"result": "refused", "reason": "demo"})

    def test_log_in_ends_it_and_the_charger_charges_again(self):
        place = self.demo()
        place.run(5000)
        place.station.logged_in()
        self.assertEqual(place.fact("service_mode"), "normal")
        self.assertIs(place.station.request, place.core.request)
        self.assertEqual([data for event, data in place.heard if event == "service_mode"],
                         [{"mode": "demo", "before": "normal"}, {"mode": "normal", "before": "demo"}])
        place.charge()
        place.station.logged_in()                        # means nothing while no show runs
        place.run(500)
        self.assertEqual(place.core.phase, CLOSED)

    def test_no_show_while_a_vehicle_is_plugged_in(self):
        place = Place().plug()
        self.assertEqual(mode(place, "demo"), {"result": "refused", "reason": "vehicle_plugged"})
        self.assertIsNone(place.station.demo)

    def test_real_fault_is_shown_and_not_the_show(self):
        place = self.demo()
        place.station.faults.begin("pe_lost")
        place.run(200)
        self.assertEqual((place.fact("overview_state"), place.fact("power_w")), ("RecoverFromError", None))

    def test_energy_of_the_show_is_what_its_power_makes(self):
        demo = Demo()
        for _ in range(1900):
            demo.tick(100)
        found = {}
        demo.overlay(found)
        self.assertTrue(520 <= found["session"]["energy_wh"] <= 552)         # three minutes of 11 kW, and a ramp

    def test_session_of_the_show_has_the_fields_of_a_session(self):
        found = {}
        Demo().overlay(found)
        self.assertEqual(sorted(found["session"]), sorted(Place().charge().fact("session")))


class TestCommissioning(unittest.TestCase):
    def test_installers_hour_needs_no_authorisation_and_ends_by_itself(self):
        place = Place().run(300)
        place.station.free = False
        mode(place, "commissioning")
        self.assertEqual([place.fact(name) for name in ("service_mode", "overview_state")], ["commissioning", "ServiceMode"])
        self.assertIn({"name": "maintenance", "source": "commissioning"}, place.fact("flags"))
        place.charge()
        self.assertEqual(place.fact("overview_state"), "Charging")
        station = place.station
        station.tick(station.now_ms + COMMISSIONING_MS)
        self.assertEqual((station.service_mode(), place.core.request.available), ("normal", 0))

    def test_switching_modes_while_charging_ends_no_charge_by_itself(self):
        place = Place().charge()
        mode(place, "commissioning")
        place.run(500)
        mode(place, "normal")
        place.run(500)
        self.assertEqual(place.core.phase, CLOSED)


if __name__ == "__main__":
    unittest.main()
