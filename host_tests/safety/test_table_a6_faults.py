"""Table A.6 of IEC 61851-1, row 12, and its neighbours: state F, waking, diode, thresholds, pauses."""
import unittest

from firmware.safety import control_pilot as cp
from firmware.safety import limits, trips
from firmware.safety.core import CLOSED, IDLE, OFFERING, READY, WAKING
from host_tests.safety.rig import Rig
from host_tests.safety.table_case import FULL_NS, TableCase, stop_by_request


class TestFaults(TableCase):
    def test_row_12_pilot_short_or_lost_opens_from_every_state(self):
        for start in "ABCD":
            for letter, bit in (("E", trips.PILOT_SHORT), ("F", trips.PILOT_UNDEFINED)):
                for rig in self.rigs(ventilated=1):
                    if start in "CD":
                        rig.to_closed(start)
                    else:
                        rig.allow().run(100).plug(start, 2000)
                    rig.plug(letter, 20)
                    self.assertEqual(rig.coil, 0)
                    rig.run(600)
                    self.assertTrue(rig.core.trips & bit)
                    self.assertEqual(rig.core.outputs.pilot_high_ns, FULL_NS)

    def test_row_12_one_burst_of_short_is_none(self):
        for rig in self.closed():
            rig.plug("E", 10)
            rig.plug("C", 500)
            self.assertEqual((rig.core.phase, rig.core.trips), (CLOSED, 0))

    def test_row_f_state_f_lasts_at_least_300_ms_even_when_cleared_at_once(self):
        for rig in self.closed():
            rig.rcd = 1
            rig.step()
            rig.rcd = 0
            self.assertEqual(rig.core.outputs.pilot_high_ns, 0)
            rig.vehicle = "A"
            rig.order("clear").run(limits.FAULT_HOLD_MS - 10)
            self.assertEqual(rig.core.outputs.pilot_high_ns, 0)
            rig.step()
            self.assertEqual(rig.core.outputs.pilot_high_ns, FULL_NS)
            self.assertGreaterEqual(limits.FAULT_HOLD_MS, 300)

    def test_row_w_sleeping_vehicle_is_woken_once_after_30_s_for_4_s(self):
        for rig in self.rigs():
            rig.to_offering()
            began_ms = rig.times("phase", OFFERING)[-1]
            rig.order("wake")
            rig.run(limits.WAKE_AFTER_MS - (rig.elapsed_ms - began_ms) - 10)
            self.assertEqual(rig.core.phase, OFFERING)
            rig.step()
            self.assertEqual(rig.core.phase, WAKING)
            for _ in range(limits.WAKE_MS // 10):
                if rig.core.fitted.cp_disconnect:
                    self.assertEqual(rig.core.outputs.cp_disconnect, 1)
                else:
                    self.assertEqual((rig.core.outputs.pilot_high_ns, rig.core.outputs.cp_disconnect), (0, 0))
                rig.step()
            self.assertEqual((rig.core.outputs.cp_disconnect, rig.core.outputs.pilot_high_ns), (0, 266666))
            rig.high_mv = 12000             # the relay of the interruption still travels: no unplugging
            rig.run(limits.WAKE_SETTLE_MS - 10)
            rig.high_mv = None
            rig.step()
            self.assertEqual((rig.core.phase, rig.core.offered_ma, rig.core.self_tested), (OFFERING, 16000, 1))
            rig.run(60000)
            self.assertEqual(len(rig.times("phase", WAKING)), 1)
            rig.vehicle = "C"
            self.assertLessEqual(rig.until_phase(CLOSED), 1000)

    def test_row_w_nobody_is_woken_without_an_order_nor_in_charge(self):
        for rig in self.starts():
            rig.to_offering().run(90000)
            self.assertEqual(rig.times("phase", WAKING), [])
            rig.order("wake").plug("C", 60000)
            self.assertEqual((rig.times("phase", WAKING)[1:], rig.core.phase), ([], CLOSED))

    def test_row_d_low_plateau_is_proved_in_five_bursts_before_closing_in_every_plug_in(self):
        for rig in self.rigs():
            rig.to_ready().plug("C", 1000)
            rig.allow()
            rig.until_phase(OFFERING)
            rig.run_until(lambda core: core.pilot.low_good == limits.DIODE_GOOD_BURSTS - 1, 500)
            self.assertEqual(rig.coil, 0)
            rig.plug("A", 200)
            self.assertEqual(rig.core.pilot.low_good, 0)

    def test_row_d_low_plateau_above_minus_10_v_is_no_diode(self):
        for low_mv, good in ((limits.DIODE_LOW_MV, True), (limits.DIODE_LOW_MV + 1, False)):
            for letter in "BC":
                for rig in self.rigs():
                    rig.to_offering()
                    rig.vehicle = letter
                    burst = rig._burst

                    def weak_burst(rig=rig, burst=burst, low_mv=low_mv):
                        burst()
                        rig.core.inputs.cp_low_mv = low_mv
                    rig._burst = weak_burst
                    rig.run(1000)
                    self.assertEqual(rig.core.trips, 0 if good else trips.DIODE)
                    self.assertEqual(rig.coil, 1 if good and letter == "C" else 0)

    def test_row_h_no_chatter_around_any_threshold(self):
        for middle_mv in (limits.CP_A_B_MV, limits.CP_B_C_MV, limits.CP_C_D_MV, limits.CP_D_E_MV):
            above, below = middle_mv + limits.CP_GAP_MV, middle_mv - limits.CP_GAP_MV
            self.assertEqual(cp.state_from_mv(above) + 1, cp.state_from_mv(below))
            self.assertEqual([cp.state_from_mv(mv) for mv in (above - 1, middle_mv, below + 1)], [cp.UNDEFINED] * 3)
            for letter in "BC":
                rig = Rig(ventilated=1)
                rig.to_offering()
                if letter == "C":
                    rig.plug("C", 1000)
                before = rig.state
                rig.high_mv = middle_mv
                for index in range(40):
                    rig.noise_mv = limits.CP_GAP_MV * (1 if index % 2 else -1)
                    rig.step()
                    self.assertEqual(rig.state, before)
                rig.run(200)

    def test_row_h_windows_of_the_table_are_their_states(self):
        for low_mv, high_mv, state in ((11000, 13000, cp.A), (8000, 10000, cp.B), (5000, 7000, cp.C), (2000, 4000, cp.D),
                                       (-1000, 1000, cp.E), (-13000, -11000, cp.F)):
            for mv in (low_mv, (low_mv + high_mv) // 2, high_mv):
                self.assertEqual(cp.state_from_mv(mv), state)
        for mv, state in ((13500, cp.A), (13501, cp.UNDEFINED), (-1300, cp.E), (-1301, cp.UNDEFINED), (-10499, cp.UNDEFINED),
                          (-10500, cp.F), (-13500, cp.F), (-13501, cp.UNDEFINED), (-5000, cp.UNDEFINED)):
            self.assertEqual(cp.state_from_mv(mv), state)

    def test_row_p_closed_again_5_s_after_c_and_not_a_tick_sooner(self):
        for between in "AB":
            for rig in self.closed():
                rig.vehicle = between
                rig.until_coil(0)
                rig.plug("C", limits.RECLOSE_MS - 10)
                self.assertEqual(rig.coil, 0)
                if between == "B":
                    rig.step()
                    self.assertEqual(rig.coil, 1)
                else:
                    self.assertIsNotNone(rig.until_coil(1, 1500))

    def test_row_p_closed_again_30_s_after_d_e_or_f_and_not_a_tick_sooner(self):
        for letter in "DEF":
            for rig in self.rigs(ventilated=1):
                rig.to_closed("D" if letter == "D" else "C")
                rig.plug(letter, 200)
                rig.vehicle = "B"
                rig.run_until(lambda core: core.pilot.state == cp.B)
                rig.order("clear").plug("C", limits.RECLOSE_DEF_MS - 10)
                self.assertEqual(rig.coil, 0)
                rig.run(20)
                self.assertEqual(rig.coil, 1)

    def test_row_x_pwm_pauses_3_s_and_4_s_after_state_f(self):
        for rig in self.rigs():
            rig.to_offering()
            stop_by_request(rig)
            rig.step()
            rig.allow().run(limits.PWM_PAUSE_MS - 10)
            self.assertEqual(rig.core.phase, READY)
            rig.step()
            self.assertEqual(rig.core.phase, OFFERING)
        for rig in self.rigs():
            rig.to_offering()
            rig.rdc_dd = 1
            rig.step()
            rig.rdc_dd = 0
            rig.plug("A", 1100)          # state F ends after 1 s; unplugging clears
            self.assertEqual((rig.core.phase, rig.core.trips), (IDLE, 0))
            ended_ms = rig.times("high_ns", FULL_NS)[-1]
            rig.vehicle = "B"
            rig.until_phase(OFFERING)
            self.assertGreaterEqual(rig.elapsed_ms - ended_ms, limits.PWM_PAUSE_EF_MS)
            self.assertLessEqual(rig.elapsed_ms - ended_ms, limits.PWM_PAUSE_EF_MS + 10)



if __name__ == "__main__":
    unittest.main()
