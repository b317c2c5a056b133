"""The station over a real core: facts follow the core, commands become requests, whoever listens stops no charge."""
import json
import unittest

from firmware.charging import facts as fact_table
from firmware.charging.commands import CommandError
from firmware.charging.facts import UnknownFact
from firmware.safety import limits
from firmware.safety.core import CLOSED, STOPPING
from host_tests.charging.place import STARTS, Place


class TestFacts(unittest.TestCase):
    def test_every_fact_of_the_table_is_answered_and_no_other(self):
        place = Place()
        for _ in range(2):
            self.assertEqual(sorted(place.station.facts()), sorted(fact_table.NAMES))
            json.dumps(place.station.facts())
            place.charge()

    def test_choices_are_those_of_the_table_all_the_way_through_a_charge(self):
        place = Place()
        for vehicle in "ABCBDCEFAB":
            place.rig.vehicle = vehicle if vehicle != "F" else "A"
            place.rig.high_mv = -12000 if vehicle == "F" else None
            for _ in range(30):
                place.run(100)
                facts = place.station.facts()
                self.assertIn(facts["overview_state"], fact_table.OVERVIEW_STATES)
                self.assertIn(facts["ev_state"], fact_table.EV_STATES)
                self.assertIn(facts["session_state"], fact_table.SESSION_STATES)
                self.assertIn(facts["contactor"], fact_table.CONTACTOR_STATES)
                if facts["cp_state"] is not None:
                    self.assertIn(facts["cp_state"], "ABCDEF")

    def test_a_plain_charge_reads_as_one(self):
        for start_ms in STARTS:
            place = Place(start_ms).run(300)
            self.assertEqual([place.fact(name) for name in ("overview_state", "cp_state", "ev_state", "contactor", "session")],
                             ["Idle", "A", "A_Not_Present_12V", "open", None])
            place.plug()
            self.assertEqual([place.fact(name) for name in ("overview_state", "cp_state", "ev_state", "session_state")],
                             ["ReadyForCharging", "B", "B_Present_Asked_9V_M12V", "waiting_ev"])
            place.charge()
            self.assertEqual([place.fact(name) for name in ("overview_state", "cp_state", "ev_state", "contactor", "offered_ma",
                                                            "session_state", "limit_ma", "limited_by")],
                             ["Charging", "C", "C_Ready_6V_M12V", "closed", 16000, "charging", 16000, "installation"])
            place.rig.vehicle = "A"
            place.run(1000)
            self.assertEqual([place.fact(name) for name in ("cp_state", "contactor", "offered_ma", "session")],
                             ["A", "open", 0, None])

    def test_unknown_fact_and_provider_are_refused(self):
        station = Place().station
        for do in (lambda: station.fact("coffee"), lambda: station.provide("coffee", lambda: 1)):
            with self.assertRaises(UnknownFact):
                do()

    def test_provided_fact_is_told(self):
        station = Place().station
        station.provide("version", lambda: "9.9")
        self.assertEqual(station.fact("version"), "9.9")

    def test_readings_are_told_and_unknown_stays_null(self):
        place = Place()
        for name in ("drawn_ma", "voltage_v", "power_w", "energy_wh"):
            self.assertIsNone(place.fact(name))
        reading = place.station.reading
        reading.voltage_mv, reading.current_ma = (230400, 229600, None), (15900, 16100, 0)
        reading.power_w, reading.energy_wh = 7360, 123
        self.assertEqual([place.fact(name) for name in ("voltage_v", "voltage_phases_v", "drawn_ma", "drawn_phases_ma")],
                         [230, [230, 230, None], 16100, [15900, 16100, 0]])

    def test_what_other_servers_say_is_told_only_to_who_has_logged_in(self):
        station = Place().station
        for name in ("publication", "fault_mail"):
            self.assertIsNone(station.facts(personal=False)[name])
            station.provide(name, lambda: {"result": "log_in", "detail": "530 who are you"})
        for name in ("publication", "fault_mail"):
            self.assertEqual(station.facts(personal=False)[name], {"result": "log_in", "detail": None})
            self.assertEqual(station.facts()[name], {"result": "log_in", "detail": "530 who are you"})

    def test_contactor_that_disagrees_is_unknown(self):
        place = Place().charge()
        place.core.inputs.feedback_1 = place.core.inputs.feedback_2 = 0
        self.assertEqual(place.fact("contactor"), "unknown")


class TestRequest(unittest.TestCase):
    def test_lowest_ceiling_is_offered(self):
        place = Place().charge()
        place.run(5000)
        place.station.command("set_ceiling", {"source": "hems", "limit_ma": 10000}, "test")
        place.run(300)
        self.assertEqual((place.core.offered_ma, place.fact("limited_by")), (10000, "hems"))
        place.station.command("clear_ceiling", {"source": "hems"}, "test")
        place.run(6000)
        self.assertEqual((place.core.offered_ma, place.fact("limited_by")), (16000, "installation"))

    def test_no_command_can_lift_or_clear_a_ceiling_of_the_charger_itself(self):
        place = Place().charge()
        for name, args in (("set_ceiling", {"source": "installation", "limit_ma": 80000}),
                           ("clear_ceiling", {"source": "installation"})):
            self.assertEqual(place.station.command(name, args, "test"), {"result": "refused", "reason": "not_allowed"})
        place.run(6000)
        self.assertEqual((place.core.offered_ma, place.fact("limit_ma")), (16000, 16000))

    def test_nobody_outside_takes_a_name_of_the_charger_meanwhile(self):
        place = Place().charge()
        for name in ("temperature", "input_delay", "smart"):
            self.assertEqual(place.station.command("set_ceiling", {"source": name, "limit_ma": 6000}, "test"),
                             {"result": "refused", "reason": "not_allowed"})
        self.assertEqual(place.fact("limited_by"), "installation")

    def test_silent_source_falls_to_its_failsafe(self):
        for start_ms in STARTS:
            place = Place(start_ms).charge()
            place.station.command("set_ceiling", {"source": "hems", "limit_ma": 12000, "failsafe_ma": 7000, "timeout_s": 5}, "test")
            place.run(4900)
            self.assertEqual(place.core.offered_ma, 12000)
            place.run(5200)
            self.assertEqual(place.core.offered_ma, 7000)
            self.assertTrue([row for row in place.fact("ceilings") if row["source"] == "hems"][0]["failsafe"])

    def test_command_before_the_first_tick_is_timed_from_now(self):
        place = Place(500000000)
        place.station.command("set_ceiling", {"source": "hems", "limit_ma": 12000, "failsafe_ma": 0, "timeout_s": 60}, "test")
        place.run(1000)
        self.assertEqual(place.fact("limit_ma"), 12000)

    def test_limit_below_the_least_current_pauses_the_charge_in_order(self):
        place = Place().charge()
        place.station.command("set_ceiling", {"source": "hems", "limit_ma": 5999}, "test")
        place.run(200)
        self.assertEqual((place.core.phase, place.core.outputs.coil_1), (STOPPING, 1))
        place.rig.vehicle = "B"
        place.run(200)
        self.assertEqual(place.core.outputs.coil_1, 0)
        self.assertEqual((place.fact("overview_state"), place.fact("session")["end_reason"]), ("Suspended", "limit"))
        place.station.min_current_3p_ma = 8000
        place.station.command("set_ceiling", {"source": "hems", "limit_ma": 7999}, "test")
        place.run(500)
        self.assertEqual((place.core.request.available, place.core.request.offered_ma), (1, 0))

    def test_stop_ends_and_start_goes_on(self):
        place = Place().charge()
        self.assertEqual(place.station.command("stop", {}, "test"), {"result": "accepted"})
        place.run(200)
        self.assertEqual(place.core.phase, STOPPING)
        place.rig.vehicle = "B"
        place.run(1000)
        self.assertEqual((place.fact("session_state"), place.fact("session")["end_reason"]), ("stopped", "stop"))
        place.run(20000)
        self.assertEqual(place.core.outputs.pilot_high_ns, limits.PILOT_STEADY_HIGH_NS)
        self.assertEqual(place.station.command("start", {}, "test"), {"result": "accepted"})
        place.rig.vehicle = "C"
        self.assertTrue(place.until(lambda: place.core.phase == CLOSED))
        self.assertIsNone(place.fact("session")["end_reason"])

    def test_stop_of_one_plug_in_does_not_hold_for_the_next(self):
        place = Place().charge()
        place.station.command("stop", {}, "test")
        place.rig.vehicle = "A"
        place.run(1000)
        place.charge()
        self.assertEqual(place.core.phase, CLOSED)

    def test_without_authorization_nothing_is_offered(self):
        place = Place()
        place.station.free = False
        place.plug()
        place.rig.vehicle = "C"
        place.run(5000)
        self.assertEqual((place.core.offered_ma, place.core.outputs.coil_1, place.fact("session_state")),
                         (0, 0, "waiting_authorization"))
        self.assertEqual(place.station.command("start", {}, "test")["reason"], "not_authorized")
        place.station.command("authorize", {"id": "04A1B2C3"}, "card")
        self.assertTrue(place.until(lambda: place.core.phase == CLOSED))
        self.assertEqual(place.fact("session")["id"], "04A1B2C3")

    def test_authorization_ends_with_the_plug(self):
        place = Place()
        place.station.free = False
        place.plug()
        place.station.command("authorize", {}, "card")
        place.run(1000)
        self.assertTrue(place.fact("authorized"))
        place.rig.vehicle = "A"
        place.run(500)
        self.assertFalse(place.fact("authorized"))
        place.plug()
        self.assertEqual(place.core.offered_ma, 0)

    def test_inoperative_charger_offers_nothing_and_refuses_with_the_reason(self):
        place = Place().charge()
        place.station.command("availability", {"operative": False}, "test")
        place.run(200)
        self.assertEqual(place.core.phase, STOPPING)
        for name in ("start", "authorize"):
            self.assertEqual(place.station.command(name, {}, "test"), {"result": "refused", "reason": "inoperative"})
        place.run(8000)
        self.assertEqual((place.core.outputs.coil_1, place.fact("overview_state")), (0, "ServiceMode"))

    def test_held_station_asks_for_nothing(self):
        place = Place()
        place.station.held = True
        place.plug()
        self.assertEqual(place.core.offered_ma, 0)
        place.station.held = False
        place.run(500)
        self.assertEqual(place.core.offered_ma, 16000)

    def test_dead_station_loses_the_power_in_order(self):
        place = Place().charge()
        place.alive = False
        place.run(limits.HEARTBEAT_MS + 200)
        self.assertEqual(place.core.phase, STOPPING)
        place.run(7000)
        self.assertEqual(place.core.outputs.coil_1, 0)

    def test_phases_are_refused_where_they_cannot_be(self):
        place = Place(phases=1)
        self.assertEqual(place.fact("phases"), 1)
        self.assertEqual(place.station.command("phases", {"phases": 3}, "test")["reason"], "no_phase_switching")
        place = Place()
        self.assertEqual(place.station.command("phases", {"phases": 1}, "test"), {"result": "accepted"})
        self.assertEqual((place.fact("phases"), place.charge().core.outputs.coil_2), (1, 0))

    def test_unlock_without_a_lock_is_refused(self):
        self.assertEqual(Place().station.command("unlock", {}, "test")["reason"], "no_lock")

    def test_bad_command_changes_nothing_and_tells_nobody(self):
        place = Place()
        for name, args in (("fly", {}), ("set_ceiling", {"source": "a", "limit_ma": -1}), ("stop", {"x": 1})):
            with self.assertRaises(CommandError):
                place.station.command(name, args, "test")
        self.assertEqual(place.heard, [])

    def test_command_is_told_with_source_and_answer(self):
        place = Place()
        place.station.sources.allow(["mqtt"])
        place.station.command("unlock", {}, "mqtt")
        self.assertEqual(place.heard, [("command", {"command": "unlock", "source": "mqtt",
                                                    "answer": {"result": "refused", "reason": "no_lock"}})])

    def test_full_table_of_ceilings_is_refused(self):
        station = Place().station
        for number in range(16):
            station.command("set_ceiling", {"source": "s%d" % number, "limit_ma": 20000}, "test")
        self.assertEqual(station.command("set_ceiling", {"source": "s16", "limit_ma": 6000}, "test")["reason"], "too_many")
        self.assertEqual(station.command("clear_ceiling", {"source": "s16"}, "test")["reason"], "unknown_ceiling")


class TestListeners(unittest.TestCase):
    def test_listener_that_raises_is_counted_named_and_stops_neither_charge_nor_others(self):
        place = Place()
        named = []

        def bad(event, data):
            raise ValueError("flash")
        place.station.subscribe(bad, "records")
        after = []
        place.station.subscribe(lambda event, data: after.append(event))
        place.station.on("error", lambda where, error: named.append((where, str(error))))
        place.charge()
        self.assertEqual(place.core.phase, CLOSED)
        self.assertEqual(after, [event for event, _ in place.heard])
        self.assertEqual(place.station.failures, {"records": len(after)})
        self.assertEqual(named[0], ("records", "flash"))

    def test_nameless_listener_is_known_by_its_number(self):
        place = Place()
        place.station.subscribe(lambda event, data: data["no such thing"])
        place.plug()
        self.assertEqual(list(place.station.failures), ["subscriber 1"])


if __name__ == "__main__":
    unittest.main()
