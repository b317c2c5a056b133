"""The station over a real core: facts follow the core, commands become requests, and nobody's trouble ends a charge."""

import json
import unittest

from firmware.charging import facts as fact_table
from firmware.charging.commands import CommandError
from firmware.charging.facts import UnknownFact
from firmware.charging.station import Station
from firmware.safety import limits
from firmware.safety.core import CLOSED, OFFERING, STOPPING
from host_tests.safety.rig import Rig

WRAP = limits.TICKS_MASK + 1
STARTS = (0, 987654, WRAP - 3000)


class Place:
    """A station and its core in virtual time: the core ticks every 10 ms, the station every 100."""

    def __init__(self, start_ms=0, **fitted):
        self.rig = Rig(start_ms, **fitted)
        self.rig.renew = False               # the station's heartbeat is what counts
        self.core = self.rig.core
        self.station = Station(self.core, self.stamp, lambda stamp: "at %d" % stamp[1], True, False, start_ms)
        self.station.ceilings.own("installation", 16000)
        self.station.reading.source = "estimate"
        self.heard = []
        self.station.subscribe(lambda event, data: self.heard.append((event, data)))
        self.alive = True

    def stamp(self):
        return 7, self.rig.elapsed_ms // 1000, 0

    def run(self, ms):
        for _ in range(ms // 10):
            self.rig.step()
            if self.alive and self.rig.elapsed_ms % 100 == 0:
                self.station.tick(self.rig.now_ms)
        return self

    def until(self, holds, at_most_ms=30000):
        for _ in range(at_most_ms // 10):
            if holds():
                return True
            self.run(10)
        return False

    def plug(self):
        self.run(300)
        self.rig.vehicle = "B"
        return self.run(2000)

    def charge(self):
        self.plug()
        self.rig.vehicle = "C"
        if not self.until(lambda: self.core.phase == CLOSED):
            raise RuntimeError("no charge: phase %d trips %d" % (self.core.phase, self.core.trips))
        return self.run(1000)

    def events(self, *names):
        return [event for event, _ in self.heard if event in names]

    def fact(self, name):
        return self.station.fact(name)


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

    def test_what_other_servers_say_is_told_only_to_who_has_logged_in(self):
        station = Place().station
        for name in ("publication", "fault_mail"):
            self.assertIsNone(station.facts(personal=False)[name])
            station.provide(name, lambda: {"result": "log_in", "detail": "530 who are you"})
        for name in ("publication", "fault_mail"):
            self.assertEqual(station.facts(personal=False)[name], {"result": "log_in", "detail": None})
            self.assertEqual(station.facts()[name], {"result": "log_in", "detail": "530 who are you"})

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
