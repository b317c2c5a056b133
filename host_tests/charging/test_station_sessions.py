"""Each plug-in is a session: its start, its end and why, faults and accounts in it, and a restart that ends it in order."""
import unittest

from firmware.safety import limits
from firmware.safety.core import OFFERING, STOPPING
from host_tests.charging.place import STARTS, Place


class TestSessions(unittest.TestCase):
    def test_each_plug_in_is_a_session_with_one_start_and_one_end(self):
        place = Place()
        place.station.session_number = 41
        for number in (42, 43):
            place.charge()
            self.assertEqual(place.fact("session")["number"], number)
            place.rig.vehicle = "A"
            place.run(500)
        self.assertEqual(place.events("session_start", "charge_start", "session_end"),
                         ["session_start", "charge_start", "session_end"] * 2)

    def test_session_without_a_charge_ends_as_unplugged(self):
        place = Place().plug()
        place.rig.vehicle = "A"
        place.run(500)
        ended = [data["session"] for event, data in place.heard if event == "session_end"][0]
        self.assertEqual((ended.end_reason, ended.charging_ms), ("unplugged", 0))

    def test_vehicle_that_pauses_by_itself_is_told_as_such(self):
        place = Place().charge()
        place.rig.vehicle = "B"
        place.run(500)
        self.assertEqual((place.fact("session")["end_reason"], place.fact("overview_state")), ("ev", "Suspended"))

    def test_unplug_under_power_is_no_fault_but_noted_for_a_minute(self):
        for start_ms in STARTS:
            place = Place(start_ms).charge()
            place.rig.vehicle = "A"
            place.run(500)
            self.assertEqual([fault["name"] for fault in place.fact("faults")], ["unplugged_in_charge"])
            self.assertEqual(place.fact("overview_state"), "Idle")
            place.run(59000)
            self.assertEqual(len(place.fact("faults")), 1)
            place.run(1000)
            self.assertEqual(place.fact("faults"), [])

    def test_trip_becomes_a_fault_with_its_time_and_ends_with_it(self):
        place = Place().charge()
        place.rig.diode = False
        place.run(500)
        fault = place.fact("faults")[0]
        self.assertEqual((fault["code"], fault["name"], fault["severity"], fault["advice"]), (5, "diode", "error", "fault.diode"))
        self.assertEqual((place.fact("session")["end_reason"], place.fact("overview_state"), place.fact("session_state")),
                         ("fault", "RecoverFromError", "fault"))
        self.assertEqual(place.station.command("start", {}, "test")["reason"], "fault")
        place.rig.diode = True
        self.assertEqual(place.station.command("clear", {}, "test"), {"result": "accepted"})
        place.run(3000)
        self.assertEqual(place.fact("faults"), [])
        self.assertEqual(place.events("fault", "fault_end"), ["fault", "fault_end"])

    def test_residual_current_cannot_be_cleared_by_hand(self):
        place = Place().charge()
        place.rig.rcd = 1
        place.run(200)
        self.assertEqual(place.fact("overview_state"), "UnrecoverableError")
        self.assertEqual(place.station.command("clear", {}, "test")["reason"], "not_clearable")
        self.assertEqual(Place().station.command("clear", {}, "test")["reason"], "nothing_to_clear")

    def test_overview_is_told_only_when_it_changes(self):
        place = Place().run(3000).charge().run(3000)
        told = [data["overview_state"] for event, data in place.heard if event == "overview"]
        self.assertEqual([now for now, before in zip(told[1:], told) if now == before], [])
        self.assertEqual((told[0], told[-1]), ("Idle", "Charging"))

    def test_account_follows_into_the_running_and_later_sessions(self):
        place = Place().plug()
        place.station.command("account", {"account": "ann"}, "page")
        self.assertEqual(place.fact("session")["account"], "ann")
        place.rig.vehicle = "A"
        place.run(500)
        place.plug()
        self.assertEqual(place.fact("session")["account"], "ann")

    def test_only_the_named_accounts_may_be_chosen_where_there_are_names(self):
        station = Place().plug().station
        station.accounts = ("Work", "Private")
        self.assertEqual(station.command("account", {"account": "Ann"}, "page"),
                         {"result": "refused", "reason": "unknown_account", "allowed": ["Work", "Private"]})
        for name in ("Work", "Private", ""):
            self.assertEqual(station.command("account", {"account": name}, "page")["result"], "accepted")
            self.assertEqual(station.session.account, name)


class TestRestart(unittest.TestCase):
    def test_clock_that_is_known_is_set_from_inside_and_by_a_central_system_only(self):
        sources = ("mqtt", "modbus", "udp", "energy_manager", "api", "ocpp", "web")
        for known, wanted in ((0, ["accepted"] * 7), (1800000000, ["refused"] * 5 + ["accepted"] * 2)):
            place = Place()
            place.station.stamp = lambda known=known: (1, 2, known)
            place.station.on("clock", lambda utc_s, source: None)
            place.station.sources.allow(sources[:-1])
            found = [place.station.command("clock", {"utc_s": 1800000000}, source)["result"] for source in sources]
            self.assertEqual(found, wanted)

    def test_restart_and_clock_are_handed_on(self):
        station = Place().station
        done = []
        station.on("restart", lambda: done.append("restart"))
        station.on("clock", lambda utc_s, source: done.extend((utc_s, source)))
        station.command("restart", {}, "page")
        station.command("clock", {"utc_s": 1800000000}, "page")
        self.assertEqual(done, ["restart", 1800000000, "page"])

    def test_closing_down_stops_in_order_and_begins_no_new_session(self):
        place = Place().charge()
        place.station.close_down()
        place.run(200)
        self.assertEqual(place.core.phase, STOPPING)
        place.run(5500)
        self.assertEqual(place.core.outputs.coil_1, 1)      # the vehicle has its six seconds
        place.run(1500)
        self.assertEqual(place.core.outputs.coil_1, 0)
        place.station.end_session("restart")
        self.assertIsNone(place.station.session)
        place.run(3000)
        self.assertEqual(place.events("session_start", "session_end"), ["session_start", "session_end"])
        ended = [data["session"] for event, data in place.heard if event == "session_end"][0]
        self.assertEqual(ended.end_reason, "restart")
        place.station.end_session("restart")
        self.assertEqual(place.events("session_end"), ["session_end"])

    def test_nothing_is_offered_while_closing_down(self):
        place = Place().plug()
        self.assertEqual(place.core.phase, OFFERING)
        place.station.close_down()
        place.run(500)
        self.assertEqual(place.core.outputs.pilot_high_ns, limits.PILOT_STEADY_HIGH_NS)


if __name__ == "__main__":
    unittest.main()
