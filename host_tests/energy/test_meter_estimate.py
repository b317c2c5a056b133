"""Energy without a meter, or while it is lost: reckoned from the offer; the register has the last word."""
import unittest

from host_tests.energy.bus import MASK
from host_tests.energy.meter_case import WRAP_MS, Fixed, MeterCase


class TestEstimate(MeterCase):
    def test_offered_current_times_phase_voltage_while_power_flows(self):
        self.build("none", phase_voltage_v=235)
        self.supply.offered_ma = 16000
        self.run_for(2000)
        self.assertEqual((self.values.source, max(self.values.current_ma), self.values.power_w), ("estimate", 0, 0))
        self.supply.energised = True
        self.run_for(1000)
        self.assertEqual(max(self.values.current_ma), 16000)
        self.assertEqual(self.values.power_w, 11280)
        self.assertEqual(self.values.current_ma, [16000, 16000, 16000])
        self.assertEqual(self.values.voltage_mv, [235000, 235000, 235000])
        self.supply.phases = 1
        self.run_for(1000)
        self.assertEqual(self.values.current_ma, [16000, 0, 0])
        self.assertEqual(self.values.voltage_mv, [235000, None, None])
        self.assertEqual(self.values.power_w, 3760)

    def test_without_a_meter_nothing_is_asked_and_nothing_is_lost(self):
        self.build("none")
        self.run_for(20000)
        self.assertEqual(self.line.sent, [])
        self.assertFalse(self.meter.is_lost(self.time.ticks_ms()))
        self.assertIsNone(self.meter.age_ms(self.time.ticks_ms()))

    def test_an_hour_at_16_a_is_exact_to_the_mwh_also_across_the_wrap(self):
        for self.start_ms in (5000, WRAP_MS - 1800000):
            self.build("none", phase_voltage_v=230)
            now_ms = self.time.ticks_ms()
            self.supply.energised = True
            self.supply.offered_ma = 16000
            for second in range(1, 3601):
                self.meter.tick((now_ms + 1000 * second) & MASK)
            self.assertEqual(self.values.counted_mwh, 11040000)
            self.assertEqual(self.values.energy_wh, 11040)

    def test_a_task_that_stood_still_does_not_invent_energy(self):
        self.build("none")
        self.supply.energised = True
        self.supply.offered_ma = 16000
        self.meter.tick((self.time.ticks_ms() + 3600000) & MASK)
        self.assertEqual(self.values.counted_mwh, 11040000 * 10 // 3600)

    def test_energy_runs_on_while_the_meter_is_lost_and_the_register_has_the_last_word(self):
        self.build()
        self.supply.energised = True
        self.supply.offered_ma = 16000
        self.run_for(2000)
        before_wh = self.values.energy_wh
        counted_mwh = self.values.counted_mwh
        self.slave.fault = "silent"
        last = before_wh
        for _ in range(60):
            self.run_for(1000)
            self.assertGreaterEqual(self.values.energy_wh, last)
            last = self.values.energy_wh
        self.assertIn(last - before_wh, range(180, 188))  # a minute of 11.04 kW
        self.slave.fault = None
        self.readings.energy_wh += 200
        self.run_for(2000)
        self.assertEqual(self.values.source, "meter")
        self.assertIn(self.values.energy_wh - before_wh, (199, 200, 201))
        self.assertIn((self.values.counted_mwh - counted_mwh) // 1000, (199, 200, 201))

    def test_a_session_that_begins_after_a_high_estimate_counts_with_the_register(self):
        self.build()
        self.supply.energised = True
        self.supply.offered_ma = 16000
        self.run_for(2000)
        self.slave.fault = "silent"
        self.run_for(60000)
        self.slave.fault = None
        self.assertIn(self.values.unread_wh, range(180, 188))
        self.readings.energy_wh += 100  # of 184 estimated
        self.run_for(2000)
        shown_wh, counted_mwh = self.values.energy_wh, self.values.counted_mwh
        self.assertTrue(self.values.estimated)
        self.assertIn(self.values.unread_wh, range(80, 90))
        self.assertIn(self.readings.energy_wh - shown_wh + self.values.ahead_wh, (0, 1))  # floored, out of a float
        self.meter.begin_session()
        self.assertEqual((self.values.estimated, self.values.energy_wh, self.values.counted_mwh), (False, shown_wh, counted_mwh))
        self.readings.energy_wh += 30
        self.run_for(2000)
        self.assertIn(self.values.counted_mwh - counted_mwh, range(29000, 30001))  # the register's last Wh may hide as much
        self.assertEqual(self.values.energy_wh, shown_wh)
        self.assertIn(self.readings.energy_wh - shown_wh + self.values.ahead_wh, (0, 1))

    def test_without_a_register_an_estimate_is_never_confirmed(self):
        for type_name, registers, estimated in (("none", "", True), ("generic", "current u16 1/10 0; power u16 1 1", False)):
            self.build(type_name, registers=registers)
            self.line.slaves.append(Fixed(3, {0: [160, 3680]}))
            self.meter.begin_session()
            self.supply.energised, self.supply.offered_ma = True, 16000
            self.run_for(3000)
            self.assertEqual((self.values.estimated, self.values.ahead_wh), (estimated, 0))
            del self.line.slaves[:]
            self.run_for(10000)
            self.assertTrue(self.values.estimated)
            self.supply.energised = False
            self.run_for(1000)
            self.meter.begin_session()
            self.run_for(3000)
            self.assertFalse(self.values.estimated)

    def test_a_lost_meter_leaves_what_it_said_of_the_phases_while_the_contactor_stays_closed(self):
        self.build()
        self.supply.energised = True
        self.supply.offered_ma = 16000
        self.readings.current_ma = [15900, 0, 0]
        self.run_for(1500)
        self.slave.fault = "silent"
        self.run_for(5000)
        self.assertEqual((self.values.source, self.values.phases_used, self.values.power_w), ("estimate", 1, 3680))
        self.assertEqual(self.values.current_ma, [16000, 0, 0])
        self.supply.energised = False
        self.run_for(1000)
        self.assertEqual((self.values.phases_used, self.values.power_w), (None, 0))
        self.supply.energised = True  # perhaps another vehicle
        self.run_for(1000)
        self.assertEqual((self.values.phases_used, self.values.power_w), (None, 11040))

    def test_the_phase_voltage_of_the_estimate_acts_at_once(self):
        self.build("none")
        self.supply.energised = True
        self.supply.offered_ma = 10000
        self.meter.set_phase_voltage(240)
        self.run_for(100)
        self.assertEqual(self.values.power_w, 7200)

    def test_facts_of_the_page(self):
        self.build("schneider_iem2155")
        self.assertEqual(self.meter.model(), {"type": "schneider_iem2155", "models": "Schneider iEM2155", "evidence": "unverified"})
        self.poll()
        told = self.meter.diagnosis()
        self.assertEqual((told["requests"], told["polls"], told["failed_polls"], told["last_failure"]), (3, 1, 0, None))
        self.build("none")
        self.assertIsNone(self.meter.model())
        self.assertIsNone(self.meter.diagnosis())

    def test_a_meter_without_a_register_is_integrated(self):
        self.build("generic", registers="current u16 1/10 0; power u16 1 1")
        self.line.slaves.append(Fixed(3, {0: [160, 3680]}))
        self.run_for(61000)
        self.assertEqual(self.values.source, "meter")
        self.assertIn(self.values.energy_wh, (60, 61, 62))
        self.assertEqual(self.values.energy_wh, self.values.counted_mwh // 1000)

    def test_a_register_that_was_never_read_is_not_guessed(self):
        self.build()
        self.slave.fault = "silent"
        self.supply.energised = True
        self.supply.offered_ma = 16000
        self.run_for(30000)
        self.assertIsNone(self.values.energy_wh)
        self.assertGreater(self.values.counted_mwh, 0)


if __name__ == "__main__":
    unittest.main()
