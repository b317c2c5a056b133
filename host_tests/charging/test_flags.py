"""What stands over a charge: flags with who ordered them."""
import unittest

from firmware.charging.flags import NAMES, Flags
from host_tests.charging.place import Place


class TestFlags(unittest.TestCase):
    def names(self, place):
        return dict([(row["name"], row["source"]) for row in place.fact("flags")])

    def test_station_raises_its_own_flags_with_who_ordered_them(self):
        place = Place().charge()
        self.assertEqual(self.names(place), {"three_phase": "settings"})
        station = place.station
        station.command("phases", {"phases": 1}, "mqtt_not_outside")
        station.command("stop", {}, "card")
        station.command("availability", {"operative": False}, "button")
        station.start_delay_ms = 60000
        station.command("set_ceiling", {"source": "hems", "limit_ma": 0}, "web")
        place.run(200)
        self.assertEqual(self.names(place), {
            "single_phase": "mqtt_not_outside", "suspended": "card", "unavailable": "button", "postponed": "power_cut",
            "not_enough_energy": "hems"})

    def test_a_pause_of_the_plan_is_a_delay_and_no_lack_of_energy(self):
        place = Place().plug()
        place.station.command("mode", {"mode": "smart"}, "web")
        place.station.command("set_plan", {"plan": [[0, 0]]}, "web")
        place.run(200)
        self.assertEqual(self.names(place), {"three_phase": "settings", "postponed": "smart"})

    def test_vehicle_orders_ventilation_and_one_phase_by_what_it_does(self):
        place = Place(ventilated=1).charge()
        place.rig.vehicle = "D"
        place.station.reading.phases_used = 1
        place.run(500)
        self.assertEqual(self.names(place), {"ventilation_required": "vehicle", "single_phase": "vehicle"})

    def test_flags_of_others_stand_until_they_are_taken_down(self):
        flags = Flags()
        flags.set("reserved", "ocpp")
        flags.set("reserved", "card")
        flags.set("vip", "card")
        self.assertEqual(flags.rows([]), [{"name": "reserved", "source": "card"}, {"name": "vip", "source": "card"}])
        self.assertTrue(flags.has("vip"))
        flags.clear("vip")
        flags.clear("vip")
        self.assertFalse(flags.has("vip"))
        with self.assertRaises(ValueError):
            flags.set("royal", "card")

    def test_names_stand_once(self):
        self.assertEqual(len(set(NAMES)), len(NAMES))


if __name__ == "__main__":
    unittest.main()
