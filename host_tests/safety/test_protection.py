"""Residual current, earth, supply, over-current, inputs: each cause at its limit, and how each trip goes."""

import unittest

from firmware.safety import limits, protection, trips
from firmware.safety.core import CLOSED, OFFERING, READY, STOPPING, TRIPPED
from host_tests.safety.rig import Rig
from host_tests.safety.variants import EachVariant

FULL_NS = limits.PILOT_STEADY_HIGH_NS


class TestAtOnce(EachVariant):
    def test_residual_current_on_either_line_opens_in_the_same_tick_in_every_state_with_power(self):
        for name, bit in (("rcd", trips.RCD_AC), ("rdc_dd", trips.RDC_DD)):
            for stopping in (False, True):
                for rig in self.rigs():
                    rig.to_closed()
                    if stopping:
                        rig.core.request.available = 0
                        rig.run(3000)
                    setattr(rig, name, 1)
                    rig.step()
                    self.assertEqual((rig.coil, rig.core.trips, rig.core.outputs.pilot_high_ns), (0, bit, 0))

    def test_residual_current_while_nothing_is_energised_is_a_trip_too(self):
        for name, bit in (("rcd", trips.RCD_AC), ("rdc_dd", trips.RDC_DD)):
            for reach in ("to_ready", "to_offering"):
                for rig in self.starts():
                    getattr(rig, reach)()
                    setattr(rig, name, 1)
                    rig.step()
                    self.assertEqual(rig.core.trips, bit)

    def test_lines_that_are_not_fitted_say_nothing(self):
        rig = Rig(rcd_test=0)
        step = rig.core.tick

        def tick(now_ms):
            rig.core.inputs.rcd_tripped = rig.core.inputs.rdc_dd_tripped = rig.core.inputs.pe_ok = -1
            step(now_ms)
        rig.core.tick = tick
        rig.to_closed().run(1000)
        self.assertEqual(rig.core.phase, CLOSED)

    def test_protective_earth_fitted_or_not_or_turned_off(self):
        for monitor, pe_ok, coil in ((1, 0, 0), (1, 1, 1), (1, -1, 1), (0, 0, 1)):
            for rig in self.rigs(pe_monitor=monitor):
                rig.to_closed()
                rig.core.inputs.pe_ok = pe_ok
                rig.step()
                self.assertEqual((rig.coil, rig.core.trips), (coil, 0 if coil else trips.PE_LOST))

    def test_upstream_and_guard_open_at_once_and_enable_in_order(self):
        for name, value, bit in (("upstream_tripped", 1, trips.UPSTREAM), ("guard_opened", 1, trips.GUARD)):
            for rig in self.rigs():
                rig.to_closed()
                setattr(rig.core.inputs, name, value)
                rig.step()
                self.assertEqual((rig.coil, rig.core.trips), (0, bit))
        for rig in self.rigs():
            rig.core.inputs.enable = 1
            rig.core.inputs.upstream_tripped = 0
            rig.to_closed()
            rig.core.inputs.enable = 0
            rig.step()
            self.assertEqual((rig.coil, rig.core.phase, rig.core.trips), (1, STOPPING, 0))
            rig.run(500)
            rig.plug("B", 30000)
            self.assertEqual(rig.core.phase, READY)
            rig.core.inputs.enable = 1
            self.assertIsNotNone(rig.until_phase(OFFERING, 5000))


class TestPilotFaults(EachVariant):
    def test_pilot_may_be_stale_for_less_than_80_ms(self):
        for rig in self.rigs():
            rig.to_closed()
            for silent_ms, found in ((limits.CP_STALE_MS - 10, 0), (limits.CP_STALE_MS, trips.PILOT_STALE)):
                rig.bursts = False
                rig.run(silent_ms)
                self.assertEqual(rig.core.trips, found)
                rig.bursts = True
                rig.run(500)

    def test_voltage_that_no_state_explains_trips_after_500_ms_and_not_a_tick_sooner(self):
        for high_mv in (10500, 7500, 4500, 1500, -5000, 14000, -14000):
            for rig in self.rigs(ventilated=1):
                rig.to_closed()
                rig.high_mv = high_mv
                rig.step()
                rig.run(limits.CP_UNDEFINED_MS - 10)
                self.assertEqual(rig.core.trips, 0)
                rig.step()
                self.assertEqual((rig.core.trips, rig.coil), (trips.PILOT_UNDEFINED, 0))

    def test_regression_noise_at_the_edge_of_a_window_cannot_hold_the_contactor_closed(self):
        # 7.8 V with a little noise was B, undefined, B, undefined …: never two alike, and each reset the other's time.
        for rig in self.rigs():
            rig.to_closed()
            for index in range(60):
                rig.high_mv = 7800 - index % 2
                rig.step()
            self.assertEqual((rig.core.trips, rig.coil), (trips.PILOT_UNDEFINED, 0))

    def test_diode_lost_after_three_bursts_not_two_in_b_and_in_c(self):
        for letter in "BC":
            for how in ("diode", "low_seen"):
                for rig in self.rigs():
                    rig.to_offering()
                    if letter == "C":
                        rig.plug("C", 1000)
                    for count, found in ((2, 0), (3, trips.DIODE)):
                        setattr(rig, how, False)
                        rig.run(count * 10)
                        self.assertEqual(rig.core.trips, found)
                        setattr(rig, how, True)
                        rig.run(100)
                    self.assertEqual(rig.coil, 0)

    def test_ventilation(self):
        for rig in self.rigs():
            rig.allow().run(100).plug("D", 2000)
            self.assertEqual((rig.core.trips, rig.core.outputs.pilot_high_ns), (trips.VENTILATION, FULL_NS))
        for rig in self.rigs():
            rig.to_closed()
            rig.plug("D", 10)
            self.assertEqual(rig.core.trips, 0)
            rig.run(10)
            self.assertEqual((rig.core.trips, rig.core.phase, rig.coil), (trips.VENTILATION, STOPPING, 1))
            rig.plug("C", 500)
            self.assertEqual(rig.core.phase, STOPPING)
            rig.plug("B", 500)
            self.assertEqual(rig.core.phase, TRIPPED)
        for rig in self.rigs(ventilated=1):
            rig.to_closed("D")
            rig.plug("C", 1000)
            rig.plug("D", 1000)
            self.assertEqual((rig.core.phase, rig.core.trips), (CLOSED, 0))


class TestSupply(EachVariant):
    def read(self, rig, *supply_mv):
        rig.supply_mv = supply_mv
        rig.read_meter(0)
        rig.step()

    def test_two_readings_in_a_row_outside_160_to_280_v_stop_in_order(self):
        for low_mv, outside in ((159999, True), (160000, False), (280000, False), (280001, True)):
            for phase in range(3):
                for rig in self.starts():
                    rig.to_closed()
                    supply_mv = [230000, 230000, 230000]
                    supply_mv[phase] = low_mv
                    self.read(rig, *supply_mv)
                    self.assertEqual(rig.core.trips, 0)
                    self.read(rig, *supply_mv)
                    self.assertEqual((rig.core.trips, rig.coil), (trips.SUPPLY if outside else 0, 1))
                    self.assertEqual(rig.core.phase, STOPPING if outside else CLOSED)

    def test_good_reading_between_begins_anew_and_a_stale_meter_proves_nothing(self):
        for rig in self.starts():
            rig.to_closed()
            for supply_mv in (150000, 230000, 150000):
                self.read(rig, supply_mv, 230000, 230000)
            rig.run(30000)
            self.assertEqual((rig.core.trips, rig.core.phase), (0, CLOSED))

    def test_missing_phase_is_outside_in_a_three_phase_installation_and_absent_in_a_one_phase_one(self):
        for fitted_phases, supply_mv, outside in (
                (3, (230000, 0, 230000), True), (3, (230000, -1, -1), False), (3, (0, 0, 0), True),
                (1, (230000, 0, 0), False), (1, (0, 230000, 29999), False), (1, (230000, 30000, 0), True), (1, (0, 0, 0), True),
                (1, (-1, -1, -1), False), (1, (0, -1, -1), True)):
            rig = Rig(phases=fitted_phases).to_closed()
            self.read(rig, *supply_mv)
            self.read(rig, *supply_mv)
            self.assertEqual(rig.core.trips, trips.SUPPLY if outside else 0)

    def test_supply_trip_stays_until_it_is_cleared_with_a_good_reading(self):
        for rig in self.starts():
            rig.to_closed()
            self.read(rig, 150000, 230000, 230000)
            self.read(rig, 150000, 230000, 230000)
            rig.plug("B", 1000)
            rig.order("clear").run(1000)
            self.assertEqual(rig.core.trips, trips.SUPPLY)
            self.read(rig, 230000, 230000, 230000)
            rig.order("clear").run(5000)
            self.assertEqual((rig.core.trips, rig.core.phase), (0, OFFERING))

    def tripped(self, rig):
        """Two readings outside, then the meter says nothing more; the vehicle asks for power."""
        rig.to_closed()
        self.read(rig, 300000, 230000, 230000)
        self.read(rig, 300000, 230000, 230000)
        return rig

    def test_meter_that_falls_silent_is_no_sign_of_health_while_somebody_is_plugged_in(self):
        for rig in self.starts():
            self.tripped(rig)
            for letter in "BCBC":
                rig.plug(letter, 29000).order("clear").run(2000)
                self.assertEqual((rig.core.trips, rig.coil), (trips.SUPPLY, 0))

    def test_what_a_silent_meter_said_is_forgotten_after_30_s_when_nobody_is_plugged_in(self):
        for rig in self.starts():
            self.tripped(rig).plug("A", 29980)
            self.assertEqual(rig.core.trips, trips.SUPPLY)
            rig.run(40)
            self.assertEqual(rig.core.trips, 0)
            rig.to_closed()
            self.read(rig, 300000, 230000, 230000)        # it is back, and one reading is enough now
            self.assertEqual((rig.core.trips, rig.core.phase), (trips.SUPPLY, STOPPING))

    def test_unplugging_after_the_30_s_ends_it_at_once(self):
        for rig in self.starts():
            self.tripped(rig).run(40000)
            self.assertEqual(rig.core.trips, trips.SUPPLY)
            rig.plug("A", 50)
            self.assertEqual(rig.core.trips, 0)

    def test_nobody_is_plugged_in_only_where_the_pilot_says_so_now(self):
        for rig in self.starts():
            self.tripped(rig).plug("A", 1000)
            rig.bursts = False
            rig.run(60000)
            self.assertTrue(rig.core.trips & trips.SUPPLY)

    def test_readings_that_say_nothing_of_the_supply_are_neither_good_nor_bad(self):
        for rig in self.starts():
            self.tripped(rig)
            for _ in range(40):                           # the current is known, the voltages are not
                self.read(rig, -1, -1, -1)
                rig.run(1000)
            rig.order("clear").run(1000)
            self.assertEqual(rig.core.trips, trips.SUPPLY)
            rig.plug("A", 50)
            self.assertEqual(rig.core.trips, 0)

    def test_good_reading_of_a_meter_that_is_back_begins_anew(self):
        for rig in self.starts():
            self.tripped(rig).plug("A", 31000).to_closed()
            for supply_mv in (230000, 300000):
                self.read(rig, supply_mv, 230000, 230000)
            rig.run(1000)
            self.assertEqual((rig.core.trips, rig.core.phase), (0, CLOSED))


class TestOverCurrent(EachVariant):
    GRADES = ((10, 1010000, 18100), (25, 5000, 20500), (70, 1000, 27700))   # the limit is 16 A + percent + 0.5 A

    def test_each_grade_at_its_current_and_time_and_one_beyond(self):
        for percent, time_ms, limit_ma in self.GRADES:
            for rig in self.starts(over_times_ms=(9000, 5000, 1000)):     # the first grade's 1010 s has a test of its own
                time_ms = 9000 if percent == 10 else time_ms
                for drawn_ma, found in ((limit_ma, 0), (limit_ma + 1, trips.OVERCURRENT)):
                    rig.to_closed().run(6000)
                    rig.meter_every_ms = 500
                    rig.run_until(lambda core, rig=rig: rig.elapsed_ms % 500 == 490)
                    rig.drawn_ma = drawn_ma
                    rig.run(10 + time_ms - 500)
                    self.assertEqual(rig.core.trips, 0)
                    rig.run(500)
                    if percent == 10 or found:
                        self.assertEqual(rig.core.trips, found)
                    rig.drawn_ma = None
                    rig.plug("A", 1000)
                    self.assertEqual(rig.core.trips, 0)

    def test_first_grade_takes_1010_s(self):
        rig = Rig().to_closed()
        rig.meter_every_ms = 5000
        rig.run_until(lambda core: rig.elapsed_ms % 5000 == 4990)
        rig.drawn_ma = 18101
        rig.run(1010000)
        self.assertEqual(rig.core.trips, 0)
        rig.run(10)
        self.assertEqual((rig.core.trips, rig.coil), (trips.OVERCURRENT, 0))

    def test_reading_below_begins_the_grade_anew(self):
        for rig in self.starts():
            rig.to_closed().run(6000)
            for _ in range(10):
                for drawn_ma in (20501, 20501, 20501, 20501, 18000):
                    rig.read_meter(drawn_ma)
                    rig.run(1000)
            self.assertEqual(rig.core.trips, 0)

    def test_meter_that_repeats_itself_or_falls_silent_does_not_advance_a_grade(self):
        for rig in self.starts():
            rig.to_closed().run(6000)
            rig.read_meter(80000)
            rig.run(60000)
            self.assertEqual(rig.core.trips, 0)
            rig.read_meter(20501)
            rig.step()
            self.assertEqual(rig.core.trips, trips.OVERCURRENT)      # a second fresh reading; 60 s count as 5 s

    def test_readings_far_apart_count_5_s_each(self):
        watch = protection.CurrentWatch(Rig().core.fitted)
        inputs = Rig().core.inputs
        inputs.drawn_ma = 18101
        found = []
        for index in range(204):
            inputs.meter_seq = index + 1
            found.append(watch.update(60000, inputs, 16000, 1))
        self.assertEqual(found.index(True), 202)     # the first begins, 202 times 5 s are 1010 s

    def test_reading_is_judged_against_what_was_offered_when_it_was_taken(self):
        for age_ms, found in ((0, trips.OVERCURRENT), (3000, trips.OVERCURRENT), (6000, 0), (100000, 0)):
            for rig in self.starts():
                rig.allow(32000).to_closed().run(6000)
                rig.core.request.offered_ma = 6000
                rig.run(10000)
                rig.read_meter(32000, age_ms)
                rig.run(1000)
                rig.read_meter(32000, age_ms)
                rig.step()
                self.assertEqual(rig.core.trips, found)

    def test_falling_offers_of_every_shape_never_trip_a_vehicle_that_follows_within_5_s(self):
        shapes = ((32000, 6000), (32000, 20000, 12000, 6000), (32000, 6000, 32000, 6000), (6000, 32000, 6000, 16000),
                  (80000, 63000, 40000, 20000, 10000, 6000), tuple(range(32000, 5999, -2000)))
        for shape in shapes:
            for hold_ms in (100, 1000, 5000, 7000):
                for age_ms in (0, 1000):
                    rig = Rig()
                    rig.allow(shape[0]).to_closed()
                    self.follow(rig, shape, hold_ms, age_ms)
                    self.assertEqual((rig.core.trips, rig.core.phase), (0, CLOSED))

    def follow(self, rig, shape, hold_ms, age_ms):
        """A vehicle that draws what was offered 5 s ago, seen by a meter that is age_ms behind."""
        offers = [rig.core.offered_ma] * ((5000 + age_ms) // 10)
        ticks = hold_ms // 10
        for index in range(ticks * len(shape) + 1500):
            rig.core.request.offered_ma = shape[min(index // ticks, len(shape) - 1)]
            offers.append(rig.core.offered_ma)
            if index % 20 == 0:
                rig.read_meter(offers[index], age_ms)
            rig.step()

    def test_regression_offer_lowered_in_many_steps_just_before_closing_is_remembered(self):
        # Only four ended offers are kept: a ramp while the contactor was open pushed out the one the vehicle still followed.
        rig = Rig()
        rig.allow(32000).to_offering()
        rig.vehicle = "C"
        rig.run(400)
        for offered_ma in range(31000, 6000, -5000):
            rig.core.request.offered_ma = offered_ma
            rig.step()
        rig.core.request.offered_ma = 6000
        rig.until_phase(CLOSED)
        for _ in range(20):
            rig.read_meter(32000)
            rig.run(200)
        self.assertEqual(rig.core.trips, 0)

    def test_current_without_an_offer_or_without_power_is_not_judged(self):
        for rig in self.starts():
            rig.to_offering()
            rig.drawn_ma = 90000
            rig.run(20000)
            self.assertEqual(rig.core.trips, 0)


if __name__ == "__main__":
    unittest.main()
