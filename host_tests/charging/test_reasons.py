"""Why no power flows, what limits it, which step comes next: every code is reached over a real core."""
import unittest

from firmware.charging.facts import OVERVIEW_STATES, STEPS
from firmware.charging.feed import Feed
from firmware.charging.reasons import LIMIT_REASONS, WHY
from firmware.safety import limits
from firmware.safety.core import CLOSED, CLOSING, OFFERING
from host_tests.charging.place import Place


def authorised(place):
    place.station.free = False
    return place


def _demo(place):
    place.run(300)
    place.station.command("service_mode", {"mode": "demo"}, "web")


def _switch_phases(place):
    place.charge()
    place.station.command("phases", {"phases": 1}, "web")
    place.run(2000)


def _locked(place):
    place.rig.lock_travel_ms = 100000
    place.run(300)
    place.rig.vehicle = "B"
    place.until(lambda: place.core.phase == OFFERING)
    place.rig.vehicle = "C"
    place.run(800)


def _waking(place):
    place.charge()
    place.station.command("stop", {}, "web")
    place.run(500)
    place.rig.vehicle = "B"
    place.run(5000)
    place.station.command("start", {}, "web")
    place.until(lambda: place.core.outputs.cp_disconnect == 1, 60000)


def _set(**values):
    def do(place):
        place.plug()
        for name, value in values.items():
            setattr(place.station, name, value)
    return do


def _full(place):
    place.plug()
    place.station.stop("full")


def _low(place):
    place.charge()
    place.station.command("set_ceiling", {"source": "hems", "limit_ma": 5000}, "web")
    place.run(3000)


def _pause(place):
    place.charge()
    place.rig.vehicle = "B"
    place.run(500)


def _reclose(place):
    _pause(place)
    place.rig.vehicle = "C"
    place.run(800)


def _stopping(place):
    place.charge()
    place.rig.vehicle = "C"
    place.core.request_stop()
    place.run(100)


def _unlock(place):
    place.plug()
    place.station.command("unlock", {}, "web")
    place.run(100)


def _no_pe(place):
    place.charge()
    place.core.inputs.pe_ok = 0
    place.run(300)


def _self_test(place):
    place.run(300)
    place.rig.rcd_answer_ms = 300
    place.rig.vehicle = "B"
    place.run(150)


def _starting(place):
    place.plug()
    place.rig.vehicle = "C"
    place.until(lambda: place.core.phase == CLOSING)


def _no_input(place):
    place.core.inputs.enable = 0
    place.plug()


# (code, what makes it so, of the core, parameters that must come with these values)
CASES = (
    ("fault", _no_pe, {}, {"fault": "pe_lost"}),
    ("demo", _demo, {}, {}),
    ("no_reading", lambda place: None, {}, {}),
    ("unlock", _unlock, {"lock": 1, "socket": 1}, {}),
    ("out_of_service", _set(operative=False, operative_by="ocpp"), {}, {"by": "ocpp"}),
    ("restart", _set(closing=True), {}, {}),
    ("no_vehicle", lambda place: place.run(300), {}, {}),
    ("not_authorized", lambda place: authorised(place).plug(), {}, {}),
    ("reserved", lambda place: _set(reserved_for="04A1")(place) or place.plug(), {}, {}),
    ("full", _full, {}, {}),
    ("stopped", lambda place: place.plug().station.command("stop", {}, "card"), {}, {"by": "card"}),
    ("power_cut_delay", _set(start_delay_ms=4500), {}, {"left_s": 5}),
    ("records", _set(held=True), {}, {}),
    ("input", _no_input, {}, {}),
    ("limit", _low, {}, {"limit_ma": 5000, "floor_ma": 6000,
                         "because": {"code": "outside", "name": "hems", "by": "web", "text": None}}),
    ("stopping", _stopping, {}, {}),
    ("self_test", _self_test, {}, {}),
    ("phase_switch", _switch_phases, {}, {}),
    ("waking", _waking, {"cp_disconnect": 1}, {}),
    ("reclose", _reclose, {}, {"left_s": 4}),
    ("vehicle_paused", _pause, {}, {}),
    ("vehicle_waits", lambda place: place.plug(), {}, {}),
    ("lock", _locked, {"lock": 1, "socket": 1}, {}),
    ("starting", _starting, {}, {}),
)


class TestWhy(unittest.TestCase):
    def test_every_reason_is_reached_and_brings_its_parameters(self):
        for code, make, fitted, wanted in CASES:
            place = Place(**fitted)
            place.station.has_lock = bool(fitted.get("lock"))
            make(place)
            why = place.fact("why_not_charging")
            self.assertEqual(why and why["code"], code)
            parameters = [row[1] for row in WHY if row[0] == code][0].split()
            self.assertEqual(sorted(why), sorted(parameters + ["code"]))
            for name, value in wanted.items():
                self.assertEqual(why[name], value, code)
        self.assertEqual(sorted([case[0] for case in CASES]), sorted([row[0] for row in WHY]))

    def test_while_power_flows_there_is_no_reason(self):
        self.assertIsNone(Place().charge().fact("why_not_charging"))

    def test_a_charge_that_waits_always_says_why_all_the_way(self):
        place = Place()
        known = [row[0] for row in WHY]
        for vehicle in "ABCBDCEFAB":
            place.rig.vehicle = vehicle if vehicle != "F" else "A"
            place.rig.high_mv = -12000 if vehicle == "F" else None
            for _ in range(30):
                place.run(100)
                why = place.fact("why_not_charging")
                self.assertEqual(why is None, place.core.phase == CLOSED)
                self.assertIn(why["code"] if why else known[0], known)
                self.assertIn(place.fact("limit_reason")["code"], [row[0] for row in LIMIT_REASONS])
                self.assertIn(place.fact("overview_state"), OVERVIEW_STATES)
                self.assertIn(place.fact("step"), STEPS)


class TestLimitReason(unittest.TestCase):
    def test_warm_sensor_is_named(self):
        place = Place()
        Feed(place.core).temperatures({"relay": 66})
        place.charge()
        self.assertEqual(place.fact("limit_reason"), {"code": "temperature", "sensor": "relay"})

    def test_lowest_row_of_the_ceilings_is_the_limit(self):
        place = Place()
        Feed(place.core).temperatures({"relay": 66})
        place.charge()
        place.run(200)
        row = [row for row in place.fact("ceilings") if row["source"] == "temperature"][0]
        self.assertEqual(row["limit_ma"], place.fact("limit_ma"))
        self.assertEqual(row["reason"], place.fact("limit_reason"))
        place = Place()
        place.station.ceilings.own("cable", 32000)
        place.core.inputs.pp_ohm = 1500
        place.charge()
        place.run(200)
        self.assertEqual((place.fact("limited_by"), place.fact("limit_ma")), ("cable", 13000))
        self.assertEqual([row["limit_ma"] for row in place.fact("ceilings") if row["source"] == "cable"], [13000])

    def test_reason_of_the_house_comes_through_with_its_numbers(self):
        place = Place().charge()
        reason = {"code": "home", "used_ma": 10000, "fuse_ma": 16000, "phase": 2}
        place.station.ceilings.own("home", 6000, reason)
        place.run(200)
        self.assertEqual([place.fact(name) for name in ("limit_ma", "limited_by", "limit_reason")], [6000, "home", reason])
        self.assertEqual([row["reason"] for row in place.fact("ceilings") if row["source"] == "home"], [reason])

    def test_one_phase_of_three_counts_as_one_for_the_floor_until_the_vehicle_goes(self):
        place = Place().charge()
        place.station.min_current_ma, place.station.min_current_3p_ma = 8000, 14000
        place.station.reading.phases_used = 1
        place.station.command("set_ceiling", {"source": "hems", "limit_ma": 9000}, "web")
        place.run(300)
        self.assertEqual(place.core.request.offered_ma, 9000)
        place.station.reading.phases_used = 0           # it pauses: still the same vehicle
        place.run(300)
        self.assertEqual(place.core.request.offered_ma, 9000)
        place.rig.vehicle = "A"
        place.run(500)
        self.assertEqual(place.station.floor_ma(), 14000)


class TestStep(unittest.TestCase):
    def test_steps_of_a_charge_with_authorisation(self):
        place = authorised(Place()).run(300)
        seen = [place.fact("step")]
        place.station.command("authorize", {"id": "04A1"}, "card")
        seen.append(place.fact("step"))
        place.plug()
        seen.append(place.fact("step"))
        place.rig.vehicle = "C"
        place.until(lambda: place.core.phase == CLOSED)
        place.run(1000)
        seen.append(place.fact("step"))
        place.station.command("stop", {}, "card")
        place.run(500)
        place.rig.vehicle = "B"
        place.run(500)
        seen.append(place.fact("step"))
        place.rig.vehicle = "A"
        place.run(500)
        seen.append(place.fact("step"))
        self.assertEqual(seen, ["authorisation", "plug", "charge", "charge", "unplug", "authorisation"])

    def test_vehicle_without_a_word_waits_for_authorisation(self):
        self.assertEqual(authorised(Place()).plug().fact("step"), "authorisation")


class TestOverview(unittest.TestCase):
    def test_teaching_and_degraded_have_states_of_their_own(self):
        place = Place().run(300)
        place.station.flags.set("teaching", "web")
        self.assertEqual(place.fact("overview_state"), "TokenProgrammingMode")
        place.station.flags.clear("teaching")
        place.station.faults.begin("meter_lost")
        self.assertEqual(place.fact("overview_state"), "Degraded")
        place.charge()
        self.assertEqual(place.fact("overview_state"), "Charging")     # what it does comes before how well
        place.station.faults.end("meter_lost")
        place.rig.vehicle = "A"
        place.run(1000)
        self.assertEqual(place.fact("overview_state"), "Idle")         # unplugged in charge: that is over

    def test_warm_charger_is_degraded_before_it_is_used(self):
        place = Place().run(300)
        Feed(place.core).temperatures({"interior": 61})
        place.run(200)
        self.assertEqual(place.fact("overview_state"), "Degraded")


class TestRefusal(unittest.TestCase):
    def test_last_refusal_is_kept_with_its_source_until_somebody_gets_a_yes(self):
        place = authorised(Place()).run(300)
        self.assertIsNone(place.fact("last_refusal"))
        place.station.command("start", {}, "card")
        self.assertEqual(place.fact("last_refusal"),
                         {"code": "not_authorized", "source": "card", "since": "at 0", "since_uptime_s": 0})
        place.station.refuse("card_unknown", "card")
        self.assertEqual(place.fact("last_refusal")["code"], "card_unknown")
        place.station.command("authorize", {}, "card")
        self.assertIsNone(place.fact("last_refusal"))

    def test_unplugging_under_power_is_one(self):
        place = Place().charge()
        place.rig.vehicle = "A"
        place.run(500)
        self.assertEqual([place.fact("last_refusal")[name] for name in ("code", "source")], ["unplugged_in_charge", "vehicle"])


class TestAvailability(unittest.TestCase):
    def test_out_of_service_while_charging_ends_the_charge_in_order_first(self):
        place = Place().charge()
        place.station.command("availability", {"operative": False}, "ocpp_inside")
        place.run(200)
        self.assertEqual((place.core.outputs.coil_1, place.core.outputs.pilot_high_ns), (1, limits.PILOT_STEADY_HIGH_NS))
        self.assertEqual(place.fact("overview_state"), "ServiceMode")
        place.rig.vehicle = "B"
        place.run(500)
        self.assertEqual((place.core.outputs.coil_1, place.fact("session")["end_reason"]), (0, "inoperative"))
        self.assertEqual(place.fact("why_not_charging"), {"code": "out_of_service", "by": "ocpp_inside"})


if __name__ == "__main__":
    unittest.main()
