# cpython only: the whole firmware on the twin in one process
"""Settings on the whole charger on the twin: they act at once, last, and stay as they are where they shall."""
import unittest

from host_tests.twin.charger import Charger


class TestSettings(unittest.TestCase):
    def test_a_setting_acts_at_once_and_does_not_undo_a_command(self):
        charger = Charger(self)
        seen = {}
        charger.at(3, charger.ev(plugged=True))
        charger.at(20, lambda: charger.app.settings.set_many({"installation.fuse_a": 10}))
        charger.at(22, lambda: seen.update(offered=charger.fact("offered_ma"), by=charger.fact("limited_by")))
        charger.at(23, lambda: charger.app.station.command("availability", {"operative": False}, "page"))
        charger.at(24, lambda: charger.app.settings.set_many({"installation.fuse_a": 16}))
        charger.at(26, lambda: seen.update(availability=charger.fact("availability")))
        charger.at(27, lambda: charger.app.settings.set_many({"charging.available": False}))
        charger.at(28, lambda: charger.app.settings.set_many({"charging.available": True}))
        charger.at(29, lambda: seen.update(after=charger.fact("availability")))
        charger.run(30)
        self.assertEqual((seen["offered"], seen["by"], seen["availability"], seen["after"]),
                         (10000, "installation", "inoperative", "operative"))

    def test_twin_lets_mqtt_control_and_nobody_else_from_outside(self):
        charger = Charger(self)
        answers, seen = {}, {}

        def cap():
            for source in ("mqtt", "modbus", "udp", "ocpp", "energy_manager", "api"):
                answers[source] = charger.app.station.command("set_ceiling", {"source": source, "limit_ma": 9000}, source)["result"]
        charger.at(2, lambda: charger.app.settings.set_many({"sources.api": False}))      # on for the token of twin.json
        charger.at(3, cap)
        charger.at(4, lambda: seen.update(before=charger.fact("limited_by")))
        charger.at(5, lambda: charger.app.settings.set_many({"sources.mqtt": False}))
        charger.at(6, lambda: seen.update(after=charger.fact("limited_by")))
        charger.run(7)
        self.assertEqual(sorted(answers.items()), [("api", "refused"), ("energy_manager", "refused"), ("modbus", "refused"),
                                                   ("mqtt", "accepted"), ("ocpp", "refused"), ("udp", "refused")])
        self.assertEqual(seen, {"before": "mqtt", "after": "installation"})

    def test_showroom_keeps_no_settings_but_those_of_before(self):
        charger = Charger(self)
        seen = {}

        def mode(name):
            return lambda: charger.app.station.command("service_mode", {"mode": name}, "web")

        charger.at(3, lambda: charger.app.settings.set_many({"installation.fuse_a": 12}, save=False))
        charger.at(3, mode("demo"))
        charger.at(4, lambda: charger.app.settings.set_many({"installation.fuse_a": 20, "station.name": "Show"}, save=False))
        charger.at(5, charger.ev(plugged=True))
        charger.at(30, lambda: seen.update(during=[charger.fact(name) for name in ("overview_state", "station_name", "contactor")],
                                           saved=charger.app.settings.dirty))
        charger.at(30.5, charger.ev(plugged=False))
        charger.at(31, mode("normal"))
        charger.at(32, lambda: seen.update(after=[charger.app.settings.get("installation.fuse_a"), charger.fact("station_name")],
                                           limit=charger.fact("limit_ma")))
        charger.run(33)
        self.assertEqual(charger.edges("coil", True), [])
        self.assertEqual(seen, {"during": ["Charging", "Show", "open"], "saved": True, "after": [12, None], "limit": 12000})

    def test_a_showroom_and_out_of_service_outlive_a_power_cut(self):
        for command, args, before, after in (
                ("service_mode", {"mode": "demo"}, "demo", "demo"), ("availability", {"operative": False}, "normal", "normal")):
            charger = Charger(self)
            seen = []

            def look(charger=charger, seen=seen):
                seen.append((charger.fact("service_mode"), charger.app.station.operative))
            charger.at(3, lambda charger=charger, command=command, args=args: charger.app.station.command(command, args, "web"))
            charger.at(4, look)
            charger.at(5, lambda charger=charger: charger.world.reset("power"))
            charger.at(8, charger.ev(plugged=True, phases=3))
            charger.at(25, look)
            charger.run(26)
            operative = command != "availability"
            self.assertEqual(seen, [(before, operative), (after, operative)])
            self.assertEqual(charger.edges("coil", True), [])

    def test_timetable_needs_the_clock_and_is_followed_when_it_is_set(self):
        charger = Charger(self)
        seen = []

        def look():
            seen.append([charger.fact(name) for name in ("smart_state", "limit_ma")])
        charger.at(3, lambda: charger.app.settings.set_many({
            "charging.mode": "smart", "schedule.windows": "1-7 00:00-24:00 8", "time.zone": "CET-1"}))
        charger.at(4, charger.ev(plugged=True))
        charger.at(15, look)
        charger.at(16, lambda: charger.app.station.command("clock", {"utc_s": 1800000000}, "web"))
        charger.at(18, look)
        charger.at(19, lambda: charger.app.settings.set_many({"charging.mode": "immediate"}))
        charger.at(20, look)
        charger.run(21)
        self.assertIn(seen[0], (["waiting", 6000], ["schedule", 8000]))       # the second: the world's clock was set from the start
        self.assertEqual(seen[1:], [["schedule", 8000], ["off", 16000]])

    def test_a_text_that_is_none_is_refused_with_its_form(self):
        charger = Charger(self)
        told = []
        cases = (("schedule.windows", "whenever", "22:00-06:00"), ("tariff.times", "whenever", "mo-fr 22:00-06:00"),
                 ("time.zone", "Nowhere", "CET-1CEST"), ("sensors.relay", "the big one", "16 hexadecimal digits"),
                 ("sensors.supply_1", "28a10c000000005", "16 hexadecimal digits"))

        def change():
            for key, value, _ in cases:
                try:
                    charger.app.settings.set_many({key: value})
                    told.append("taken")
                except Exception as error:             # this boot's own SettingError
                    told.append("%s %s" % (error.code, error))
            charger.app.settings.set_many({"sensors.relay": "28A10C0000000054", "sensors.supply_2": ""})
        charger.at(3, change)
        charger.run(4)
        self.assertEqual(len(told), len(cases))
        for (key, _, form), text in zip(cases, told):
            self.assertIn("bad_value %s: " % key, text)
            self.assertIn("allowed is ", text)
            self.assertIn(form, text)


if __name__ == "__main__":
    unittest.main()
