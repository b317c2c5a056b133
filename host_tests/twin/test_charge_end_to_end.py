# cpython only: the whole firmware on the twin in one process
"""The whole charger from boot.py to the contactor on the twin, in virtual time."""

import asyncio
import sys
import unittest

from host_tests.twin.charger import MS, Charger, S


class TestResets(unittest.TestCase):
    def residual(self, charger, at_s):
        charger.at(at_s, lambda: charger.world.set_fault("rcd_ac", True))
        charger.at(at_s + 1, lambda: charger.world.set_fault("rcd_ac", False))

    def test_regression_residual_current_trip_is_not_forgotten_by_a_reset(self):
        # A watchdog reset or the restart command cleared the trip, and the same vehicle was energised again 1.5 s later.
        for reset in ("watchdog", "soft", "command"):
            with self.subTest(reset=reset):
                charger, seen = Charger(self), {}
                charger.at(3, charger.ev(plugged=True))
                self.residual(charger, 15)
                if reset == "command":
                    charger.at(20, lambda: charger.app.station.command("restart", {}, "test"))
                else:
                    charger.at(20, lambda: charger.world.reset(reset))
                charger.at(60, lambda: seen.update(fact=charger.app.station.facts()))
                charger.at(61, charger.ev(plugged=False))
                charger.at(63, charger.ev(plugged=True))
                charger.run(110)
                self.assertEqual([fault["name"] for fault in seen["fact"]["faults"]], ["residual_current"])
                closed_us = charger.edges("contacts", True)
                self.assertEqual([t_us for t_us in closed_us if 15.5 * S < t_us < 63 * S], [])
                self.assertTrue([t_us for t_us in closed_us if t_us > 63 * S])      # unplugged in between: it charges

    def test_power_cut_ends_the_trip_as_the_table_says(self):
        charger = Charger(self)
        charger.at(3, charger.ev(plugged=True))
        self.residual(charger, 15)
        charger.at(20, lambda: charger.world.reset("power"))
        charger.run(60)
        self.assertTrue([t_us for t_us in charger.edges("contacts", True) if t_us > 20 * S])

    def test_after_a_reset_pwm_and_contactor_wait(self):
        charger = Charger(self)
        charger.at(3, charger.ev(plugged=True))
        charger.at(20, lambda: charger.world.reset("watchdog"))
        charger.run(60)
        again_us = [t_us for t_us in charger.edges("contacts", True) if t_us > 20 * S][0]
        self.assertGreaterEqual(again_us - 20 * S, 5 * S)

    def test_session_cut_by_a_reset_is_not_called_a_power_cut(self):
        charger, seen = Charger(self), {}
        charger.at(3, charger.ev(plugged=True))
        charger.at(20, lambda: charger.world.reset("watchdog"))
        charger.at(50, lambda: seen.update(rows=charger.sessions()))
        charger.run(51)
        self.assertEqual(seen["rows"][0]["end_reason"], "watchdog")

    def test_setting_changed_under_load_is_kept_within_a_minute(self):
        charger, seen = Charger(self), {}
        charger.at(3, charger.ev(plugged=True))
        charger.at(20, lambda: charger.app.settings.set_many({"charging.max_current_a": 10}, save=False))
        charger.at(95, lambda: seen.update(closed=charger.fact("contactor")))
        charger.at(96, lambda: charger.world.reset("power"))
        charger.at(120, lambda: seen.update(kept=charger.app.settings.get("charging.max_current_a")))
        charger.run(121)
        self.assertEqual(seen, {"closed": "closed", "kept": 10})


class TestCharge(unittest.TestCase):
    def test_plain_charge_from_plug_to_record(self):
        charger = Charger(self)
        seen = {}
        charger.at(3, charger.ev(plugged=True))
        charger.at(60, lambda: seen.update(charging=charger.app.station.facts()))
        charger.at(120, charger.ev(plugged=False))
        charger.at(123, lambda: seen.update(after=charger.app.station.facts(), sessions=charger.sessions(),
                                            measured_wh=charger.world.readings.energy_wh))
        charger.run(124)
        charging, after = seen["charging"], seen["after"]
        self.assertEqual([charging[name] for name in ("overview_state", "cp_state", "contactor", "offered_ma", "meter_source")],
                         ["Charging", "C", "closed", 16000, "meter"])
        self.assertEqual((charging["faults"], charging["drawn_ma"], charging["phases_used"]), ([], 16000, 3))
        self.assertEqual((after["overview_state"], after["contactor"], after["session"]), ("Idle", "open", None))
        row = seen["sessions"][0]
        self.assertEqual((row["number"], row["end_reason"], row["estimated"]), (1, "unplugged", False))
        self.assertLessEqual(abs(row["energy_wh"] - seen["measured_wh"]), 5)
        self.assertGreater(row["energy_wh"], 300)
        self.assertLessEqual(charging["lateness_ms"]["p99"], 10)
        self.assertEqual([task["restarts"] for task in charging["tasks"]], [0] * len(charging["tasks"]))

    def test_contactor_closes_within_3_s_of_c_and_only_in_c(self):
        charger = Charger(self)
        charger.at(3, charger.ev(plugged=True))
        charger.run(20)
        in_c_us = charger.edges("ev_state", "C")[0]
        closed_us = charger.edges("contacts", True)[0]
        self.assertGreater(closed_us, in_c_us)
        self.assertLessEqual(closed_us - in_c_us, 3 * S)

    def test_coil_is_off_within_50_ms_of_the_unplugging_at_any_moment(self):
        charger = Charger(self)
        for cycle in range(12):
            start_s = 3 + cycle * 20
            charger.at(start_s, charger.ev(plugged=True))
            charger.at(start_s + 13 + cycle * 0.0937, charger.ev(plugged=False))
        charger.run(3 + 12 * 20)
        gone = [t_us for t_us in charger.edges("ev_state", "A") if t_us > 5 * S]
        self.assertEqual(len(gone), 12)
        for t_us in gone:
            off_us = charger.edges("coil", False, t_us)
            self.assertTrue(off_us and off_us[0] - t_us <= 50 * MS, (t_us, off_us[:1]))
        self.assertEqual(len(charger.edges("coil", True)), 12)

    def test_coil_is_off_within_50_ms_when_the_ev_opens_s2(self):
        charger = Charger(self)
        charger.at(3, charger.ev(plugged=True))
        charger.at(20, charger.ev(state="B"))
        charger.run(25)
        left_us = charger.edges("ev_state", "B", 20 * S)[0]
        self.assertLessEqual(charger.edges("coil", False, left_us)[0] - left_us, 50 * MS)


class TestTrouble(unittest.TestCase):
    def charging(self):
        charger = Charger(self)
        charger.at(3, charger.ev(plugged=True))
        return charger

    def test_hogging_coroutine_loses_the_contactor_in_70_ms_and_the_fault_says_so(self):
        charger = self.charging()
        seen = {}

        def hog():
            async def spin():
                seen["began_us"] = charger.clock.now_us
                ticks_ms = sys.modules["firmware.drivers.clock"].ticks_ms
                began_ms = ticks_ms()
                while (ticks_ms() - began_ms) & 0x3FFFFFFF < 400:
                    charger.clock.spend_us(50)
            seen["task"] = asyncio.get_running_loop().create_task(spin())
        charger.at(20, hog)
        charger.at(22, lambda: seen.update(faults=charger.fact("faults"), lateness=charger.fact("lateness_ms")))
        charger.run(23)
        off_us = charger.edges("coil", False, 20 * S)[0]
        self.assertLessEqual(off_us - seen["began_us"], 70 * MS)
        self.assertGreaterEqual(off_us - seen["began_us"], 45 * MS)
        self.assertIn("guard_opened", [fault["name"] for fault in seen["faults"]])
        self.assertGreaterEqual(seen["lateness"]["max"], 380)
        self.assertEqual(charger.edges("coil", True, 20 * S), [])

    def test_vm_that_stands_still_for_100_ms_keeps_the_contactor(self):
        charger = self.charging()
        seen = {}

        def stall():
            async def erase():
                charger.clock.hold_us(100 * MS)
            seen["task"] = asyncio.get_running_loop().create_task(erase())
        charger.at(20, stall)
        charger.at(22, lambda: seen.update(faults=charger.fact("faults"), contactor=charger.fact("contactor")))
        charger.run(23)
        self.assertEqual((seen["contactor"], seen["faults"]), ("closed", []))
        self.assertEqual(charger.edges("coil", False, 19 * S), [])

    def test_task_that_raises_is_restarted_and_told_while_the_charge_goes_on(self):
        charger = self.charging()
        seen = {}

        def broken(*_):
            raise ValueError("register 7")
        charger.at(15, lambda: setattr(charger.app.meter, "tick", broken))
        charger.at(18, lambda: seen.update(faults=charger.fact("faults"), tasks=charger.fact("tasks"),
                                           contactor=charger.fact("contactor")))
        charger.at(18.1, lambda: delattr(charger.app.meter, "tick"))
        charger.at(19.5, lambda: seen.update(again=charger.fact("tasks")))
        charger.at(160, lambda: seen.update(late=charger.fact("faults"), lasting=charger.fact("contactor")))
        charger.run(161)
        meter = [task for task in seen["tasks"] if task["name"] == "meter"][0]
        self.assertEqual((meter["last_error"], seen["contactor"]), ("ValueError: register 7", "closed"))
        self.assertGreaterEqual(meter["restarts"], 1)
        self.assertIn("task_died", [fault["name"] for fault in seen["faults"]])
        self.assertEqual((seen["late"], seen["lasting"]), ([], "closed"))

    def test_critical_task_that_dies_opens_at_once_and_the_watchdog_restarts(self):
        for name in ("station", "control"):
            with self.subTest(task=name):
                charger = self.charging()
                seen = {}

                def broken(*_):
                    raise ValueError("no more")

                def kill(name=name, charger=charger, broken=broken):
                    if name == "station":
                        charger.app.station.tick = broken
                    else:
                        charger.app.control.step = broken
                charger.at(20, kill)
                charger.at(40, lambda charger=charger, seen=seen: seen.update(
                    cause=charger.fact("reset_cause"), boot=charger.fact("boot_number"), contactor=charger.fact("contactor")))
                charger.run(41)
                off_us = charger.edges("coil", False, 20 * S)
                self.assertLessEqual(off_us[0], 20 * S + 200 * MS)
                self.assertEqual(charger.told, ["firmware ended: reset:watchdog"])
                self.assertEqual((seen["cause"], seen["boot"], seen["contactor"]), ("watchdog", 2, "closed"))
                again_us = charger.edges("coil", True, 20 * S)[0]
                self.assertGreater(again_us, 27 * S)          # not before the restart

    def test_station_that_hangs_costs_the_power_once_without_chatter(self):
        charger = self.charging()

        def hang():
            tick = charger.app.station.tick
            until_us = charger.clock.now_us + 4 * S

            def late(now_ms):
                if charger.clock.now_us > until_us:
                    tick(now_ms)
            charger.app.station.tick = late
            entry = [entry for entry in charger.app.supervisor.tasks if entry.name == "station"][0]
            entry.period_ms = 100                              # as if it did not beat: each check finds it late
            entry.beat_ms -= 5000
        charger.at(20.001, hang)
        charger.run(26)
        self.assertEqual(len(charger.edges("coil", False, 20 * S)), 1)
        self.assertEqual(charger.edges("coil", True, 20 * S), [])


class TestRestart(unittest.TestCase):
    def test_restart_command_ends_charge_and_session_in_order_and_charges_again(self):
        charger = Charger(self)
        seen = {}
        charger.at(3, charger.ev(plugged=True))
        charger.at(30, lambda: seen.update(answer=charger.app.station.command("restart", {}, "page"),
                                           again=charger.app.station.command("restart", {}, "page")))
        charger.at(60, lambda: seen.update(facts=charger.app.station.facts(), sessions=charger.sessions()))
        charger.run(61)
        self.assertEqual(seen["answer"], {"result": "accepted"})
        self.assertEqual(charger.told, ["firmware ended: reset:hard"])
        facts = seen["facts"]
        self.assertEqual((facts["reset_cause"], facts["boot_number"], facts["overview_state"], facts["session"]["number"]),
                         ("restart", 2, "Charging", 2))
        row = seen["sessions"][0]
        self.assertEqual((row["number"], row["end_reason"], row["estimated"]), (1, "restart", False))
        self.assertGreater(row["energy_wh"], 20)
        stopped_us = charger.edges("ev_state", "B", 30 * S)[0]     # the car opened S2 itself: no opening under load
        self.assertGreater(charger.edges("coil", False, 30 * S)[0], stopped_us)

    def test_charge_that_does_not_end_is_cut_after_six_to_seven_seconds_and_the_restart_still_comes(self):
        charger = Charger(self)
        charger.at(3, charger.ev(plugged=True, stubborn=True))
        charger.at(30, lambda: charger.app.station.command("restart", {}, "page"))
        charger.run(45)
        off_us = charger.edges("coil", False, 30 * S)[0]
        self.assertGreaterEqual(off_us, 36 * S)
        self.assertLessEqual(off_us, 37 * S + 200 * MS)
        self.assertEqual(charger.told, ["firmware ended: reset:hard"])

    def test_power_cut_keeps_the_session_and_its_energy(self):
        charger = Charger(self)
        seen = {}
        charger.at(3, charger.ev(plugged=True))
        charger.at(100, lambda: seen.update(wh=charger.world.readings.energy_wh))
        charger.at(100, lambda: charger.world.set_fault("power_cut", True))
        charger.at(105, lambda: charger.world.set_fault("power_cut", False))
        charger.at(130, lambda: seen.update(facts=charger.app.station.facts(), sessions=charger.sessions()))
        charger.run(131)
        self.assertLessEqual(charger.edges("contacts", False, 100 * S)[0], 100 * S + 50 * MS)
        row = seen["sessions"][0]
        self.assertEqual((row["number"], row["end_reason"], row["estimated"]), (1, "power_cut", False))
        self.assertLessEqual(abs(row["energy_wh"] - seen["wh"]), 3)
        self.assertGreater(row["energy_wh"], 200)
        facts = seen["facts"]
        self.assertEqual((facts["overview_state"], facts["session"]["number"], facts["reset_cause"]), ("Charging", 2, "power_on"))

    def test_ctrl_c_leaves_the_contactor_open_and_the_pilot_at_12_v(self):
        charger = Charger(self)
        charger.at(3, charger.ev(plugged=True))

        def ctrl_c():
            raise KeyboardInterrupt
        charger.clock.at(20 * S, ctrl_c)
        self.assertEqual(charger.twin.run(), "exit")
        self.assertTrue(charger.edges("coil", True))
        pins = charger.twin.board["pins"]
        self.assertEqual([charger.twin.hal.driven[pins[name]] for name in ("contactor_1", "contactor_2", "cp_pwm")], [0, 0, 1])


if __name__ == "__main__":
    unittest.main()
