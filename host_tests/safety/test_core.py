"""What the core must hold, one behaviour a test, each also across the wrap of the clock."""

import unittest

from firmware.safety import limits, trips
from firmware.safety.core import CLOSED, IDLE, OFFERING, OPENING, READY, STOPPING, TRIPPED
from host_tests.safety.rig import Rig
from host_tests.safety.variants import begin

WRAP = limits.TICKS_MASK + 1
STARTS = (0, 123456, WRAP - 700, WRAP - 2500)    # the last two wrap in the middle of a charge's beginning


class EachStart(unittest.TestCase):
    """Runs its scenario from several readings of the clock."""

    def rigs(self, **fitted):
        for start_ms in STARTS:
            yield begin(start_ms, fitted)


class TestCharge(EachStart):
    def test_charge_goes_from_a_to_c_and_back(self):
        for rig in self.rigs():
            rig.run(200)
            self.assertEqual(rig.state, "A")
            self.assertEqual(rig.core.phase, IDLE)
            rig.to_closed()
            self.assertEqual(rig.coil, 1)
            self.assertEqual(rig.core.outputs.coil_2, 1)
            self.assertEqual(rig.core.offered_ma, 16000)
            self.assertEqual(rig.core.outputs.pilot_high_ns, 266666)
            rig.vehicle = "B"
            rig.run(100)
            self.assertEqual(rig.coil, 0)
            rig.run(500)
            self.assertEqual(rig.core.phase, OFFERING)
            rig.vehicle = "A"
            rig.run(200)
            self.assertEqual(rig.core.phase, IDLE)
            self.assertEqual(rig.core.outputs.pilot_high_ns, limits.PILOT_STEADY_HIGH_NS)
            self.assertEqual(rig.core.trips, 0)

    def test_contactor_closes_within_3_s_of_state_c(self):
        for rig in self.rigs():
            rig.to_offering()
            rig.vehicle = "C"
            took_ms = rig.run_until(lambda core: core.outputs.coil_1)
            self.assertLessEqual(took_ms, 3000)
            self.assertGreaterEqual(took_ms, limits.CP_ENTER_C_MS)

    def test_contactor_opens_within_50_ms_when_ev_leaves_c(self):
        for letter in "AB":
            for rig in self.rigs():
                rig.to_closed()
                rig.vehicle = letter
                took_ms = rig.run_until(lambda core: not core.outputs.coil_1)
                self.assertLessEqual(took_ms, 40)    # plus one tick until the change is sampled

    def test_pwm_stays_on_when_the_ev_goes_back_to_b(self):
        for rig in self.rigs():
            rig.to_closed()
            rig.vehicle = "B"
            before = len(rig.events)
            rig.run(1000)
            self.assertEqual([e for e in rig.events[before:] if e[1] == "high_ns"], [])

    def test_contactor_does_not_close_again_within_5_s(self):
        for rig in self.rigs():
            rig.to_closed()
            rig.vehicle = "B"
            rig.run(100)
            rig.vehicle = "C"
            took_ms = rig.run_until(lambda core: core.outputs.coil_1)
            self.assertGreaterEqual(took_ms + 100, limits.RECLOSE_MS)
            self.assertLessEqual(took_ms, limits.RECLOSE_MS + 100)

    def test_bcb_toggle_of_400_ms_closes_nothing(self):
        for rig in self.rigs():
            rig.to_offering()
            for _ in range(6):
                rig.vehicle = "C"
                rig.run(400)
                rig.vehicle = "B"
                rig.run(200)
            self.assertEqual([e for e in rig.events if e[1] == "coil" and e[2]], [])

    def test_unplugging_in_charge_is_counted_and_is_no_trip(self):
        for rig in self.rigs():
            rig.to_closed()
            rig.vehicle = "A"
            rig.run(500)
            self.assertEqual(rig.core.unplugged_in_charge, 1)
            self.assertEqual(rig.core.trips, 0)

    def test_one_phase_request_closes_one_contactor(self):
        rig = Rig()
        rig.allow(phases=1)
        rig.run(100)
        rig.vehicle = "B"
        rig.run(500)
        rig.vehicle = "C"
        rig.run(2000)
        self.assertEqual((rig.coil, rig.core.outputs.coil_2), (1, 0))
        rig.core.request.phases = 3
        rig.run(1000)
        self.assertEqual(rig.core.outputs.coil_2, 0)   # taken over with the contactor open only


class TestRequest(EachStart):
    def test_nothing_is_offered_without_a_request(self):
        for rig in self.rigs():
            rig.vehicle = "C"
            rig.run(20000)
            self.assertEqual(rig.coil, 0)
            self.assertEqual(rig.core.outputs.pilot_high_ns, limits.PILOT_STEADY_HIGH_NS)

    def test_less_than_6_a_is_never_offered(self):
        for offered_ma in (0, 1, 3000, 5999):
            rig = Rig().allow(offered_ma)
            rig.vehicle = "C"
            rig.run(3000)
            self.assertEqual(rig.core.offered_ma, 0)
            self.assertEqual(rig.coil, 0)

    def test_end_of_request_gives_the_ev_6_s_and_opens_by_7_s(self):
        for rig in self.rigs():
            rig.to_closed()
            rig.core.request.available = 0
            rig.step()
            self.assertEqual(rig.core.outputs.pilot_high_ns, limits.PILOT_STEADY_HIGH_NS)
            took_ms = rig.run_until(lambda core: not core.outputs.coil_1)
            self.assertGreaterEqual(took_ms, 6000 - 10)
            self.assertLessEqual(took_ms, 7000)

    def test_contactor_opens_without_waiting_when_the_ev_opens_s2(self):
        for rig in self.rigs():
            rig.to_closed()
            rig.core.request.available = 0
            rig.run(1500)
            self.assertEqual(rig.core.phase, STOPPING)
            rig.vehicle = "B"
            self.assertLessEqual(rig.run_until(lambda core: not core.outputs.coil_1), 40)

    def test_silent_request_is_taken_for_no_request(self):
        for rig in self.rigs():
            rig.to_closed()
            rig.renew = False
            took_ms = rig.run_until(lambda core: core.phase == STOPPING)
            self.assertLessEqual(took_ms, limits.HEARTBEAT_MS + 20)
            rig.run(8000)
            self.assertEqual(rig.coil, 0)

    def test_regression_dead_request_does_not_come_alive_when_the_clock_comes_round(self):
        # A masked time difference is small again after 12.4 days: a heartbeat that stood still must stay dead.
        rig = Rig()
        rig.to_offering()
        rig.renew = False
        rig.run(3000)
        self.assertEqual(rig.core.phase, READY)
        rig.now_ms = (rig.now_ms + 500 - 3000) & limits.TICKS_MASK
        rig.vehicle = "C"
        rig.run(1500)
        self.assertEqual(rig.core.offered_ma, 0)

    def test_offer_changes_5_s_apart_under_load(self):
        for rig in self.rigs():
            rig.to_closed()
            rig.run(6000)
            rig.core.request.offered_ma = 10000
            rig.step()
            self.assertEqual(rig.core.offered_ma, 10000)
            rig.core.request.offered_ma = 16000
            took_ms = rig.run_until(lambda core: core.offered_ma == 16000)
            self.assertGreaterEqual(took_ms, limits.OFFER_CHANGE_MS - 10)
            self.assertLessEqual(took_ms, limits.OFFER_CHANGE_MS + 20)


class TestTrips(EachStart):
    def trips_at_once(self, rig, bit, at_most_ms):
        took_ms = rig.run_until(lambda core: not core.outputs.coil_1, 10000)
        self.assertIsNotNone(took_ms)
        self.assertLessEqual(took_ms, at_most_ms)
        self.assertTrue(rig.core.trips & bit)

    def test_residual_current_opens_in_one_tick_and_never_recloses_in_this_plug_in(self):
        for name, bit in (("rcd", trips.RCD_AC), ("rdc_dd", trips.RDC_DD)):
            for rig in self.rigs():
                rig.to_closed()
                setattr(rig, name, 1)
                self.trips_at_once(rig, bit, 10)
                self.assertEqual(rig.core.outputs.pilot_high_ns, limits.PILOT_STEADY_LOW_NS)
                setattr(rig, name, 0)
                rig.core.request.clear_seq += 1
                rig.run(120000)
                self.assertEqual(rig.coil, 0)
                self.assertTrue(rig.core.trips & bit)
                rig.vehicle = "A"
                rig.run(500)
                self.assertEqual(rig.core.trips, 0)

    def test_welded_contactor_never_offers_again_until_power_cycle(self):
        for rig in self.rigs():
            rig.to_closed()
            rig.welded = True
            rig.vehicle = "B"
            rig.run(limits.CONTACTOR_FEEDBACK_MS + 100)
            self.assertTrue(rig.core.trips & trips.WELDED)
            rig.core.request.clear_seq += 1
            rig.vehicle = "A"
            rig.run(1000)
            rig.welded = False
            rig.vehicle = "B"
            rig.run(60000)
            self.assertTrue(rig.core.trips & trips.WELDED)
            self.assertEqual(rig.core.outputs.pilot_high_ns, limits.PILOT_STEADY_LOW_NS)

    def test_contactor_that_is_closed_at_start_is_welded(self):
        for rig in self.rigs():
            rig.welded = True
            rig.run(500)
            self.assertTrue(rig.core.trips & trips.WELDED)

    def test_contactor_that_does_not_close_trips(self):
        for rig in self.rigs():
            rig.to_offering()
            rig.stuck_open = True
            rig.vehicle = "C"
            rig.run_until(lambda core: core.outputs.coil_1)
            self.trips_at_once(rig, trips.NOT_CLOSED, limits.CONTACTOR_FEEDBACK_MS + 20)
            self.assertEqual(rig.core.outputs.pilot_high_ns, limits.PILOT_STEADY_HIGH_NS)

    def test_lost_feedback_in_charge_trips(self):
        for rig in self.rigs():
            rig.to_closed()
            rig.stuck_open = True
            self.trips_at_once(rig, trips.NOT_CLOSED, limits.CONTACTOR_FEEDBACK_MS + 20)

    def test_lost_protective_earth_opens_at_once(self):
        for rig in self.rigs():
            rig.to_closed()
            rig.core.inputs.pe_ok = 0
            self.trips_at_once(rig, trips.PE_LOST, 10)

    def test_no_diode_refuses_to_close_and_opens(self):
        rig = Rig()
        rig.diode = False
        rig.allow().run(100)
        rig.vehicle = "B"
        rig.run(3000)
        self.assertTrue(rig.core.trips & trips.DIODE)
        self.assertEqual(rig.coil, 0)
        for rig in self.rigs():
            rig.to_closed()
            rig.diode = False
            self.trips_at_once(rig, trips.DIODE, 10 * limits.DIODE_LOST_BURSTS)

    def test_three_bursts_without_low_plateau_are_a_lost_diode_and_two_are_not(self):
        for rig in self.rigs():
            rig.to_closed()
            rig.low_seen = False
            rig.run(20)
            rig.low_seen = True
            rig.run(100)
            self.assertEqual(rig.core.phase, CLOSED)
            rig.low_seen = False
            rig.run(30)
            self.assertTrue(rig.core.trips & trips.DIODE)

    def test_pilot_short_opens_at_once(self):
        for rig in self.rigs():
            rig.to_closed()
            rig.vehicle = "E"
            self.trips_at_once(rig, trips.PILOT_SHORT | trips.DIODE, 40)

    def test_state_d_without_ventilation_stops_in_order_and_with_it_charges(self):
        for rig in self.rigs():
            rig.to_closed()
            rig.vehicle = "D"
            rig.run(30)
            self.assertEqual(rig.core.phase, STOPPING)
            self.trips_at_once(rig, trips.VENTILATION, 7000)
        for rig in self.rigs(ventilated=1):
            rig.to_closed()
            rig.vehicle = "D"
            rig.run(3000)
            self.assertEqual(rig.core.phase, CLOSED)

    def test_dead_sampler_opens_within_its_deadline(self):
        for rig in self.rigs():
            rig.to_closed()
            rig.bursts = False
            self.trips_at_once(rig, trips.PILOT_STALE, limits.CP_STALE_MS + 20)

    def test_voltage_between_the_windows_times_out_into_a_trip(self):
        for rig in self.rigs():
            rig.to_closed()
            rig.high_mv = 7500
            took_ms = rig.run_until(lambda core: core.trips)
            self.assertGreaterEqual(took_ms, limits.CP_UNDEFINED_MS)
            self.assertLessEqual(took_ms, limits.CP_UNDEFINED_MS + 30)
            self.assertEqual(rig.coil, 0)

    def test_a_gap_between_ticks_while_energised_opens(self):
        for rig in self.rigs():
            rig.to_closed()
            rig.now_ms = (rig.now_ms + limits.TICK_LATE_MS) & limits.TICKS_MASK
            rig.step()
            self.assertTrue(rig.core.trips & trips.TICK_LATE)
            self.assertEqual(rig.coil, 0)

    def test_guard_that_took_the_coil_away_is_a_trip(self):
        for rig in self.rigs():
            rig.to_closed()
            rig.core.inputs.guard_opened = 1
            rig.step()
            self.assertTrue(rig.core.trips & trips.GUARD)
            self.assertEqual(rig.core.phase, OPENING)

    def test_recoverable_trip_is_cleared_by_order_when_its_cause_is_gone(self):
        for rig in self.rigs():
            rig.to_closed()
            rig.core.inputs.pe_ok = 0
            rig.run(500)
            rig.core.request.clear_seq += 1
            rig.run(500)
            self.assertEqual(rig.core.phase, TRIPPED)      # the cause is still there
            rig.core.inputs.pe_ok = 1
            rig.core.request.clear_seq += 1
            self.assertIsNotNone(rig.run_until(lambda core: core.phase == CLOSED, 10000))


class TestSelfTest(EachStart):
    def test_monitor_that_does_not_answer_the_test_refuses_to_charge(self):
        for rig in self.rigs():
            rig.rcd_answers_test = False
            rig.allow().run(100)
            rig.vehicle = "C"
            rig.run(3000)
            self.assertTrue(rig.core.trips & trips.RCD_TEST)
            self.assertEqual(rig.core.outputs.rcd_test, 0)
            self.assertEqual(rig.core.offered_ma, 0)

    def test_monitor_that_stays_tripped_refuses_to_charge(self):
        for rig in self.rigs():
            rig.allow().run(100)
            rig.vehicle = "C"
            rig.run_until(lambda core: core.outputs.rcd_test)
            rig.rcd = 1
            rig.run(4000)
            self.assertTrue(rig.core.trips & trips.RCD_TEST)
            self.assertEqual(rig.core.offered_ma, 0)

    def test_every_plug_in_is_tested_again(self):
        for rig in self.rigs():
            rig.to_closed()
            rig.vehicle = "A"
            rig.run(500)
            self.assertEqual(rig.core.self_tested, 0)
            rig.rcd_answers_test = False
            rig.vehicle = "C"
            rig.run(20000)
            self.assertEqual(rig.coil, 0)


if __name__ == "__main__":
    unittest.main()
