# cpython only: the world runs in CPython
import random
import unittest

from host_tests.twin.probe_board import Bench
from tools.twin.clock import VirtualClock
from tools.twin.ev import Ev
from tools.twin.pilot import offer_ma_from_duty


class VehicleTableTest(unittest.TestCase):
    def test_offer_follows_the_vehicle_table_of_the_standard(self):
        for permille, ma in ((0, 0), (29, 0), (50, 0), (79, 0), (80, 6000), (99, 6000), (100, 6000), (160, 9600),
                             (267, 16020), (533, 31980), (850, 51000), (860, 55000), (960, 80000), (970, 80000),
                             (971, 0), (1000, 0)):
            self.assertEqual(offer_ma_from_duty(permille * 1000), ma, permille)

    def test_a_pilot_off_frequency_offers_nothing(self):
        self.assertEqual([offer_ma_from_duty(267_000, hz) for hz in (979, 980, 1020, 1021)], [0, 16020, 16020, 0])


class EvTest(unittest.TestCase):
    def setUp(self):
        self.clock = VirtualClock()
        self.log = []
        self.ev = Ev(self.clock, self.changed, random.Random(7))

    def changed(self, ev):
        self.log.append((self.clock.now_us // 1000, ev.state, ev.current_ma))

    def run_ms(self, ms):
        self.clock.advance_to(self.clock.now_us + ms * 1000)

    def offer(self, ma):
        self.ev.see_pilot(True, ma * 1000 // 60, 1000)

    def withdraw(self):
        self.ev.see_pilot(True, 1_000_000, 0)

    def charge(self, ma=16_000, **values):
        self.ev.configure(dict({"plugged": True}, **values))
        self.offer(ma)
        self.run_ms(700)
        self.ev.see_mains(3)
        self.run_ms(6000)

    def first_ms(self, test):
        return next(t for t, state, ma in self.log if test(state, ma))

    def test_a_plain_plug_in_waits_in_b_and_asks_half_a_second_after_the_offer(self):
        self.ev.configure({"plugged": True})
        self.run_ms(60_000)
        self.assertEqual(self.ev.state, "B")
        self.offer(16_000)
        self.run_ms(400)
        self.assertEqual(self.ev.state, "B")
        self.run_ms(200)
        self.assertEqual(self.ev.state, "C")

    def test_an_explicit_b_never_asks(self):
        self.charge(state="B")
        self.assertEqual(self.ev.state, "B")

    def test_a_car_without_s2_is_in_c_from_the_first_moment(self):
        self.ev.configure({"plugged": True, "simplified": True})
        self.assertEqual(self.ev.state, "C")
        self.ev.configure({"plugged": False})
        self.assertEqual(self.ev.state, "A")

    def test_an_explicit_c_shows_b_first_and_closes_s2_before_any_pwm(self):
        self.ev.configure({"plugged": True, "state": "C"})
        self.assertEqual(self.ev.state, "B")
        self.run_ms(250)
        self.assertEqual(self.ev.state, "B")
        self.run_ms(100)
        self.assertEqual(self.ev.state, "C")
        self.run_ms(100_000)
        self.assertEqual(self.ev.state, "C")

    def test_an_explicit_c_opens_s2_when_the_pwm_is_withdrawn_and_asks_again(self):
        self.charge(state="C")
        self.withdraw()
        self.run_ms(3000)
        self.assertEqual(self.ev.state, "B")
        self.offer(10_000)
        self.run_ms(600)
        self.assertEqual(self.ev.state, "C")

    def test_d_is_c_with_ventilation(self):
        self.charge(state="D")
        self.assertEqual((self.ev.state, self.ev.current_ma), ("D", 16_000))

    def test_current_reaches_32_a_within_five_seconds_of_the_contactor(self):
        self.charge(32_000, max_current_a=32)
        closed_ms = 700
        self.assertLessEqual(self.first_ms(lambda s, ma: ma == 32_000) - closed_ms, 5000)

    def test_current_follows_a_lower_offer_within_three_seconds_and_never_below_it(self):
        self.charge(32_000, max_current_a=32)
        self.log.clear()
        self.offer(6_000)
        start_ms = self.clock.now_us // 1000
        self.run_ms(5000)
        self.assertLessEqual(self.first_ms(lambda s, ma: ma == 6000) - start_ms, 3000)
        self.assertEqual(min(ma for _, _, ma in self.log), 6000)

    def test_the_cars_own_limit_holds(self):
        self.charge(32_000, max_current_a=13)
        self.assertEqual(self.ev.current_ma, 13_000)

    def test_a_car_that_overdraws_follows_the_offer_and_some_percent(self):
        self.charge(10_000, overdraw_percent=30)
        self.assertEqual(self.ev.current_ma, 13_000)
        self.offer(6_000)
        self.run_ms(3000)
        self.assertEqual(self.ev.current_ma, 7_800)

    def test_a_late_car_goes_on_for_its_time_and_then_stops_in_order(self):
        self.charge(late_s=8)
        self.withdraw()
        self.run_ms(7_900)
        self.assertEqual((self.ev.state, self.ev.current_ma), ("C", 16_000))
        self.run_ms(3_000)
        self.assertEqual((self.ev.state, self.ev.current_ma), ("B", 0))

    def test_a_new_offer_makes_a_late_car_a_plain_one(self):
        self.charge(late_s=8)
        self.withdraw()
        self.run_ms(1_000)
        self.offer(10_000)
        self.run_ms(20_000)
        self.assertEqual((self.ev.state, self.ev.current_ma), ("C", 10_000))

    def test_bcb_pulses_are_300_ms_long_and_the_car_rests_in_b(self):
        self.ev.configure({"plugged": True, "state": "auto"})
        self.log.clear()
        self.ev.configure({"bcb": 2})
        self.run_ms(3000)
        changes, last = [], None
        for t_ms, state, _ in self.log:
            if state != last:
                changes.append((t_ms, state))
                last = state
        self.assertEqual([state for _, state in changes], ["C", "B", "C", "B"])
        for (before_ms, _), (after_ms, _) in zip(changes, changes[1:], strict=False):
            self.assertTrue(200 <= after_ms - before_ms <= 400, changes)
        self.assertEqual(self.ev.state, "B")

    def test_a_full_battery_tapers_the_current_then_stops_the_charge(self):
        bench = Bench()
        bench.world.set_ev({"soc": 0.9, "battery_wh": 30_000, "max_current_a": 16})
        bench.charge(16_000)
        seen = []
        ev = bench.world.ev
        while ev.state == "C":
            seen.append(ev.current_ma)
            bench.run_ms(60_000)
        self.assertEqual(seen[0], 16_000)
        self.assertLess(seen[-1], 4_000)
        self.assertEqual(seen, sorted(seen, reverse=True))
        self.assertTrue(20 < len(seen) < 60, seen)
        self.assertEqual((round(ev.soc, 3), ev.state, ev.current_ma), (1.0, "B", 0))

    def test_something_that_is_no_car_never_closes_s2(self):
        self.ev.configure({"plugged": True, "pilot_ohm": 10_000})
        self.offer(16_000)
        self.run_ms(5000)
        self.assertEqual(self.ev.state, "B")

    def test_nothing_happens_while_the_current_is_steady(self):
        self.charge()
        self.log.clear()
        self.run_ms(3_600_000)
        self.assertEqual(self.log, [])

    def test_after_the_pwm_stops_current_goes_first_and_s2_opens_within_three_seconds(self):
        for top_a in (6, 16, 32, 80):
            with self.subTest(top_a=top_a):
                self.setUp()
                self.charge(51_000, max_current_a=top_a)
                self.run_ms(6000)
                self.log.clear()
                self.withdraw()
                start_ms = self.clock.now_us // 1000
                self.run_ms(10_000)
                opened_ms = self.first_ms(lambda s, ma: s == "B")
                self.assertLess(self.first_ms(lambda s, ma: ma == 0), opened_ms)
                self.assertLessEqual(opened_ms - start_ms, 3000)

    def test_a_car_whose_current_was_cut_opens_s2_all_the_same(self):
        self.charge()
        self.withdraw()
        self.run_ms(15)
        self.ev.see_mains(0)
        self.assertEqual(self.ev.current_ma, 0)
        self.run_ms(3000)
        self.assertEqual(self.ev.state, "B")

    def test_a_stubborn_car_ignores_the_withdrawn_pwm(self):
        self.charge(stubborn=True)
        self.withdraw()
        self.run_ms(20_000)
        self.assertEqual((self.ev.state, self.ev.current_ma), ("C", 16_000))
        self.ev.see_mains(0)
        self.assertEqual(self.ev.current_ma, 0)

    def test_unplugging_under_load_leaves_at_once(self):
        self.charge()
        self.ev.configure({"plugged": False})
        self.assertEqual((self.ev.state, self.ev.current_ma), ("A", 0))

    def test_the_next_plug_in_starts_from_b_again(self):
        self.charge()
        self.ev.configure({"plugged": False})
        self.withdraw()
        self.run_ms(1000)
        self.ev.configure({"plugged": True})
        self.assertEqual(self.ev.state, "B")

    def test_without_mains_there_is_no_current(self):
        self.ev.configure({"plugged": True})
        self.offer(16_000)
        self.run_ms(10_000)
        self.assertEqual((self.ev.state, self.ev.current_ma), ("C", 0))

    def test_a_car_uses_only_the_phases_it_has_and_gets(self):
        self.charge(phases=2)
        self.assertEqual(self.ev.phase_currents_ma, [16_000, 16_000, 0])
        self.ev.see_mains(1)
        self.assertEqual(self.ev.phase_currents_ma, [16_000, 0, 0])

    def test_a_sleeping_car_wakes_from_an_interrupted_pilot_and_not_from_pwm(self):
        self.charge(asleep=True)
        self.assertEqual(self.ev.state, "B")
        self.ev.see_pilot(False, 1_000_000, 0)
        self.run_ms(2000)
        self.offer(16_000)
        self.run_ms(2000)
        self.assertEqual(self.ev.state, "B", "two seconds are too short")
        self.ev.see_pilot(False, 1_000_000, 0)
        self.run_ms(4000)
        self.offer(16_000)
        self.run_ms(1000)
        self.assertEqual(self.ev.state, "C")

    def test_reaction_times_depend_on_the_seed_alone(self):
        def asked_us(seed):
            clock = VirtualClock()
            times = []
            ev = Ev(clock, lambda e: times.append((clock.now_us, e.state)), random.Random(seed))
            ev.configure({"plugged": True})
            ev.see_pilot(True, 266_667, 1000)
            clock.advance_to(2_000_000)
            return times
        self.assertEqual(asked_us(3), asked_us(3))
        self.assertNotEqual(asked_us(3), asked_us(4))


class BatteryTest(unittest.TestCase):
    def test_a_car_ends_by_itself_when_full_and_took_the_energy_that_was_missing(self):
        bench = Bench()
        bench.world.set_ev({"battery_wh": 10_000, "soc": 0.5})
        bench.charge()
        bench.run_ms(3_600_000)
        state = bench.world.state()
        self.assertEqual((state["ev"]["state"], state["ev"]["soc"]), ("B", 1.0))
        self.assertTrue(5_555 <= state["meter"]["energy_wh"] <= 5_565, state["meter"]["energy_wh"])

    def test_a_full_car_does_not_ask(self):
        bench = Bench()
        bench.world.set_ev({"soc": 1})
        bench.charge()
        self.assertEqual(bench.world.ev.state, "B")


if __name__ == "__main__":
    unittest.main()
