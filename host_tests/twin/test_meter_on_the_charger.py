# cpython only: the whole firmware on the twin in one process
"""The meter from its line to facts and records: other types, trouble, power cuts, and what it costs the control loop."""

import sys
import unittest

from host_tests.twin.charger import Charger, S

SDM_AS_GENERIC = ("voltage fc4 f32 1 0 2 4; current fc4 f32 1 6 8 10; power fc4 f32 1 0x34; energy fc4 f32 1000 0x48")


class TestTypes(unittest.TestCase):
    def charge_with(self, **settings):
        """Facts after half a minute of charging with these settings (dots written as __), which need a restart."""
        charger, seen = Charger(self), {}
        values = {key.replace("__", "."): value for key, value in settings.items()}
        charger.at(3, lambda: charger.app.settings.set_many(values))
        charger.at(4, lambda: charger.world.reset("soft"))
        charger.at(6, charger.ev(plugged=True))
        charger.at(50, lambda: seen.update(facts=charger.app.station.facts(), world=charger.world.state()["meter"]))
        charger.run(51)
        return seen["facts"], seen["world"]

    def test_the_twin_has_the_meter_that_the_setting_names(self):
        for name, baud in (("abb_b23", 9600), ("carlo_gavazzi_em340", 115200), ("siemens_pac2200", 19200), ("tq_em300", 38400)):
            with self.subTest(name):
                facts, world = self.charge_with(meter__type=name, meter__baud=baud, meter__address=17, meter__parity="even")
                self.assertEqual((facts["meter_model"]["type"], world["type"], facts["meter_source"]), (name, name, "meter"))
                self.assertLessEqual(facts["meter_age_s"], 1)
                self.assertEqual(facts["phases_used"], 3)
                self.assertLessEqual(abs(facts["power_w"] - world["power_w"]), 20)
                self.assertLessEqual(abs(sum(facts["power_phases_w"]) - world["power_w"]), 20)
                self.assertEqual([facts["meter_bus"][key] for key in ("timeouts", "crc_errors", "exceptions", "foreign")], [0] * 4)

    def test_a_generic_meter_by_its_registers(self):
        facts, world = self.charge_with(meter__type="generic", meter__generic_registers=SDM_AS_GENERIC)
        self.assertEqual(facts["meter_model"], {"type": "generic", "models": "", "evidence": "unverified"})
        self.assertEqual(facts["meter_source"], "meter")
        self.assertLessEqual(abs(facts["power_w"] - world["power_w"]), 20)
        self.assertGreater(facts["energy_wh"], 0)

    def test_what_cannot_be_is_refused_with_the_place_and_what_is_allowed(self):
        charger, told = Charger(self), []

        def refused(**values):
            store = sys.modules["firmware.settings.store"]
            try:
                charger.app.settings.set_many({key.replace("__", "."): value for key, value in values.items()})
                told.append(None)
            except store.SettingError as error:
                told.append(str(error))

        charger.at(3, lambda: refused(meter__type="sdm6300"))
        charger.at(3.1, lambda: refused(meter__type="generic"))
        charger.at(3.2, lambda: refused(meter__generic_registers="power f32 1 0; current f32 1 6 8"))
        charger.at(3.3, lambda: refused(meter__type="generic", meter__generic_registers=SDM_AS_GENERIC))
        charger.at(3.4, lambda: refused(meter__generic_registers=""))
        charger.run(4)
        for text, parts in zip(told, (("one of none, generic, abb_b23",), ("generic only with meter.generic_registers",),
                                      ("entry 2 (current f32 1 6 8): current has one address or three",), (),
                                      ("not empty while meter.type is generic",)), strict=True):
            for part in parts:
                self.assertIn(part, text)
            if not parts:
                self.assertIsNone(text)


class TestWrongType(unittest.TestCase):
    def test_another_meter_than_the_setting_says_is_a_lost_meter(self):
        charger, seen = Charger(self), {}
        charger.twin._meter = "carlo_gavazzi_em24"  # as --meter does it
        charger.at(10, lambda: seen.update(charger.app.station.facts()))
        charger.run(11)
        self.assertEqual(charger.world.state()["meter"]["type"], "carlo_gavazzi_em24")
        self.assertEqual([row["name"] for row in seen["faults"]], ["meter_lost"])
        self.assertEqual((seen["meter_source"], seen["meter_age_s"]), ("estimate", None))


class TestTrouble(unittest.TestCase):
    def test_a_lost_meter_is_told_within_5_s_charged_on_by_the_estimate_and_back_with_the_next_poll(self):
        for fault in ("meter_silent", "meter_babbling", "meter_slow", "meter_wrong_address"):
            with self.subTest(fault):
                charger, seen = Charger(self), {}

                def look(name, charger=charger, seen=seen):
                    facts = charger.app.station.facts()
                    seen[name] = (facts["meter_source"], [row["name"] for row in facts["faults"]], facts["contactor"],
                                  facts["phases_used"])

                charger.at(3, charger.ev(plugged=True))
                charger.at(29, lambda look=look: look("before"))
                charger.at(30, lambda fault=fault, charger=charger: charger.world.set_fault(fault, True))
                charger.at(35, lambda look=look: look("lost"))
                charger.at(59, lambda look=look: look("still"))
                charger.at(60, lambda fault=fault, charger=charger: charger.world.set_fault(fault, False))
                charger.at(63 if fault == "meter_slow" else 61.3, lambda look=look: look("back"))
                charger.at(90, charger.ev(plugged=False))
                charger.at(93, lambda charger=charger, seen=seen: seen.update(
                    session=charger.sessions()[0], wh=charger.world.readings.energy_wh))
                charger.run(94)
                self.assertEqual(seen["before"], ("meter", [], "closed", 3))
                self.assertEqual(seen["lost"], ("estimate", ["meter_lost"], "closed", 3))
                self.assertEqual(seen["still"], seen["lost"])
                self.assertEqual(seen["back"], seen["before"])
                self.assertLessEqual(abs(seen["session"]["energy_wh"] - seen["wh"]), 5)

    def test_a_loss_that_was_estimated_too_high_takes_nothing_from_the_next_session(self):
        charger, seen = Charger(self), {}
        charger.at(3, charger.ev(plugged=True, max_current_a=6))        # 16 A are offered and estimated
        charger.at(30, lambda: charger.world.set_fault("meter_silent", True))
        charger.at(60, lambda: charger.world.set_fault("meter_silent", False))
        charger.at(66, charger.ev(plugged=False))
        charger.at(70, lambda: seen.update(wh=charger.world.readings.energy_wh))
        charger.at(71, charger.ev(plugged=True, max_current_a=16))
        charger.at(110, charger.ev(plugged=False))
        charger.at(115, lambda: seen.update(rows=charger.sessions(), more_wh=charger.world.readings.energy_wh - seen["wh"],
                                            life_wh=charger.fact("life_energy_wh")))
        charger.run(116)
        second, first = seen["rows"]
        self.assertGreater(first["energy_wh"], seen["wh"] + 30)
        self.assertLessEqual(abs(second["energy_wh"] - seen["more_wh"]), 3)
        self.assertLessEqual(abs(second["meter_start_wh"] - first["meter_stop_wh"]), 1)
        self.assertLessEqual(abs(second["meter_stop_wh"] - second["meter_start_wh"] - seen["more_wh"]), 3)
        self.assertEqual((first["estimated"], second["estimated"]), (True, False))
        self.assertEqual(seen["life_wh"], first["energy_wh"] + second["energy_wh"])


class TestLife(unittest.TestCase):
    def test_life_totals_are_facts_that_a_power_cut_does_not_take_away(self):
        charger, seen = Charger(self), []

        def look():
            seen.append((charger.fact("life_energy_wh"), charger.fact("life_charging_s"), charger.world.readings.energy_wh,
                         charger.fact("session") and charger.fact("session")["charging_s"]))

        charger.at(2.5, look)
        charger.at(3, charger.ev(plugged=True))
        charger.at(120, look)
        charger.at(121, lambda: charger.world.reset("power"))
        charger.at(140, look)
        charger.at(200, charger.ev(plugged=False))
        charger.at(203, look)
        charger.at(204, lambda: charger.world.reset("power"))
        charger.at(210, look)
        charger.run(211)
        self.assertEqual(seen[0][:2], (0, 0))
        before = -1
        for energy_wh, _, true_wh, _ in seen:
            self.assertLessEqual(abs(energy_wh - true_wh), 5)
            self.assertGreaterEqual(energy_wh, before)
            before = energy_wh
        self.assertEqual(seen[1][1], seen[1][3])
        self.assertGreater(seen[2][1], 30)  # of the cut session, what was saved once a minute
        self.assertEqual(seen[3][:2], seen[4][:2])


class TestLateness(unittest.TestCase):
    def test_the_control_tick_is_on_time_with_meter_traffic_lights_and_sampler_at_every_speed(self):
        for baud in (2400, 9600, 115200):
            with self.subTest(baud):
                charger, seen = Charger(self), {}
                charger.at(2, lambda charger=charger, baud=baud: charger.app.settings.set_many({"meter.baud": baud}))
                charger.at(3, lambda charger=charger: charger.world.reset("soft"))
                charger.at(6, charger.ev(plugged=True))
                # the flash stalls everything, and is written with an open contactor: what is counted begins afterwards
                charger.at(25, lambda charger=charger: setattr(charger.app.lateness, "max_ms", 0))
                charger.at(60, lambda charger=charger, seen=seen: seen.update(
                    lights=len(charger.world.front.state()), late=charger.fact("lateness_ms"),
                    polls=charger.fact("meter_bus")["polls"], failed=charger.fact("meter_bus")["failed_polls"],
                    source=charger.fact("meter_source")))
                charger.at(61, charger.ev(state="B"))
                charger.run(62)
                self.assertEqual((seen["source"], seen["failed"]), ("meter", 0))
                self.assertGreater(seen["polls"], 45)
                self.assertGreater(seen["lights"], 0)
                # a request blocks while the line's driver is on, at 2400 baud for the last half of it; budget: 30 ms
                self.assertLessEqual(seen["late"]["p99"], 15)
                self.assertLessEqual(seen["late"]["max"], 20)
                off_us = charger.edges("coil", False, 61 * S)[0]
                self.assertLessEqual(off_us - 61 * S, 50000)


if __name__ == "__main__":
    unittest.main()
