"""A meter is read as it is, and one that fails, lies or falls silent is noticed."""
import unittest

from firmware.energy import meter_map, meter_types
from firmware.energy.meter import LOST_MS, Meter
from firmware.energy.modbus_rtu import ModbusRtu
from firmware.energy.polled_meter import AGE_LIMIT_MS, channel_order
from host_tests.energy.bus import MASK
from host_tests.energy.meter_case import WRAP_MS, Fixed, MeterCase
from tools.twin.meter import ModbusMeter


class TestReading(MeterCase):
    def test_every_type_gives_the_physical_values(self):
        for name in meter_types.names():
            with self.subTest(name):
                self.build(name)
                self.assertTrue(self.poll())
                self.assertEqual(self.values.source, "meter")
                self.check_values()
                self.assertEqual(self.line.violations, [])

    def check_values(self, off_wh=100):
        """What the map has is right within the register's step, what it has not is None."""
        values, kind = self.values, self.meter.device.type
        for phase in range(3):
            for quantity, value, true, off in (
                    (meter_map.VOLTAGE, values.voltage_mv, self.readings.voltage_mv[phase], 500),
                    (meter_map.CURRENT, values.current_ma, self.readings.current_ma[phase], 50),
                    (meter_map.POWER_PHASES, values.power_phases_w,
                     self.readings.voltage_mv[phase] * self.readings.current_ma[phase] // 1000000, 6)):
                if kind.measures(quantity + phase):
                    self.assertLessEqual(abs(value[phase] - true), off)
                else:
                    self.assertIsNone(value[phase])
        if kind.measures(meter_map.CURRENT):
            self.assertLessEqual(abs(max([ma for ma in values.current_ma if ma is not None]) - 16040), 50)
            self.assertEqual(values.phases_used, 3 if kind.measures(meter_map.CURRENT + 1) else 1)
        self.assertLessEqual(abs(values.power_w - 11050), 5)
        if kind.measures(meter_map.ENERGY):
            self.assertLessEqual(abs(values.energy_wh - self.readings.energy_wh), off_wh)

    def test_a_meter_that_refuses_to_be_read_across_holes_is_asked_without_them_from_then_on(self):
        for name in meter_types.names():
            if name == "gossen_em238x":
                continue  # its values cannot be read without the registers that scale them
            with self.subTest(name):
                self.build(name)
                self.line.slaves[0] = ModbusMeter(self.readings, name, 2, dense=False)
                for _ in range(3):
                    self.poll()
                self.check_values()
                exceptions = self.bus.exceptions
                self.assertTrue(self.poll())
                self.assertEqual(self.bus.exceptions, exceptions)

    def test_a_poll_is_few_requests_and_energy_of_the_phases_is_read_now_and_then(self):
        for name, first, next_one in (("eastron_sdm630", 2, 1), ("eastron_sdm72d_v2", 1, 1), ("abb_b23", 3, 2),
                                      ("carlo_gavazzi_em340", 2, 2), ("tq_em300", 6, 3)):
            self.build(name)
            for most in (first,) + 9 * (next_one,) + (first,):
                before = self.bus.requests
                self.poll()
                self.assertEqual(self.bus.requests - before, most)
                self.assertIsNotNone(self.values.energy_phases_wh[2]) if first > next_one else None

    def test_polls_come_every_second(self):
        self.build()
        self.run_for(60000)
        self.assertIn(self.meter.device.polls, (60, 61))
        self.assertEqual(self.meter.device.failed_polls, 0)
        self.assertEqual(self.line.violations, [])

    def test_phase_order_is_mapped_to_the_chargers_conductors(self):
        for rotation, currents in (("123", [1100, 2200, 3300]), ("231", [2200, 3300, 1100]), ("L3-L1-L2", [3300, 1100, 2200]),
                                   ("213", [2200, 1100, 3300])):
            self.build(phase_rotation=rotation)
            self.readings.current_ma = [1100, 2200, 3300]
            self.poll()
            self.assertEqual(self.values.current_ma, currents)
            self.assertEqual(self.values.voltage_mv[0], self.readings.voltage_mv[int(rotation.replace("L", "")[0]) - 1])

    def test_a_single_phase_meter_leaves_the_other_phases_open(self):
        self.build("generic", registers="voltage u16 1/10 131; current u32 1/1000 139; power u32 1 141")
        self.line.slaves.append(Fixed(3, {131: [2301], 139: [0, 6200, 0, 1426]}))
        self.assertTrue(self.poll())
        self.assertEqual(self.values.voltage_mv, [230100, None, None])
        self.assertEqual(self.values.current_ma, [6200, None, None])
        self.assertEqual((self.values.power_w, self.values.phases_used, self.values.energy_wh), (1426, 1, 0))

    def test_import_minus_export_is_added_up(self):
        self.build("generic", registers="power u32 1/10 0; power u32 -1/10 2; current u32 1/1000 60")
        self.line.slaves.append(Fixed(3, {0: [0, 100, 0, 4560], 60: [0, 1500]}))
        self.assertTrue(self.poll())
        self.assertEqual(self.values.power_w, -446)

    def test_power_of_the_phases_stands_in_for_a_missing_total(self):
        self.build("generic", registers="current u16 1/10 0 1 2; power_phases s16 1 3 4 5")
        self.line.slaves.append(Fixed(3, {0: [10, 20, 30, 230, 0xFF38, 700]}))
        self.assertTrue(self.poll())
        self.assertEqual(self.values.power_w, 730)

    def test_currents_of_a_reversed_transformer_are_magnitudes_and_power_keeps_its_sign(self):
        self.build("carlo_gavazzi_em340")
        self.readings.current_ma = [-6000, 0, 0]
        self.readings.power_w = -1380
        self.poll()
        self.assertEqual((self.values.current_ma[0], self.values.power_w), (6000, -1380))

    def test_phases_in_use_have_a_hysteresis(self):
        self.build()
        for ma, used in ((900, 0), (1000, 3), (600, 3), (499, 0), (999, 0), (1001, 3)):
            self.readings.current_ma = [ma, ma, ma]
            self.poll()
            self.assertEqual(self.values.phases_used, used, ma)
        self.readings.current_ma = [16000, 0, 0]
        self.poll()
        self.assertEqual(self.values.phases_used, 1)

    def test_a_variant_without_energy_per_phase_still_reads(self):
        self.build("eastron_sdm72d_v2")
        self.meter = Meter(self.bus, self.time.ticks_ms, self.supply, meter_types.find("eastron_sdm630"), 2,
                           sleep_ms=self.time.sleep_ms)
        self.assertTrue(self.poll())
        self.assertEqual(self.meter.values.power_w, 11050)
        self.assertEqual(self.meter.values.energy_phases_wh, [None, None, None])
        self.assertEqual(self.meter.device.last_failure, "exception_2")

    def test_what_hangs_on_the_terminals_and_how_the_meter_is_connected_are_one_order(self):
        for terminals, meter, order in (("L1-L2-L3", "L1-L2-L3", "123"), ("L2-L3-L1", "L1-L2-L3", "231"),
                                        ("L1-L2-L3", "L3-L2-L1", "321"), ("L2-L3-L1", "L2-L1-L3", "132")):
            self.assertEqual(channel_order(terminals, meter), order)

    def test_bad_settings_are_refused(self):
        for options in ({"address": 0}, {"address": 248}, {"phase_rotation": "122"}, {"phase_rotation": "12"},
                        {"phase_rotation": ""}):
            with self.assertRaises(ValueError):
                self.build(**options)


class TestFaults(MeterCase):
    def test_each_fault_fails_the_poll_with_its_name_and_the_next_poll_is_good(self):
        for fault, name in (("silent", "timeout"), ("slow", "timeout"), ("crc", "crc"), ("truncated", "crc"),
                            ("babble", "timeout"), ("exception", "empty"), ("not_available", "empty"),
                            ("wrong_address", "timeout")):
            for type_name in meter_types.names():
                with self.subTest(fault + " " + type_name):
                    self.build(type_name)
                    self.slave.fault = fault
                    self.assertFalse(self.poll())
                    self.assertEqual(self.meter.device.last_failure, name)
                    self.assertIsNone(self.values.source)
                    self.time.run(self.time.sleep_ms(1600))
                    self.slave.fault = None
                    self.assertTrue(self.poll())
                    self.assertEqual(self.values.power_w, 11050)
                    self.assertEqual(self.line.violations, [])

    def test_the_registers_of_another_meter_are_noticed(self):
        self.build("generic", registers="voltage f32 1 0 2 4; current f32 1 6 8 10")
        self.line.slaves.append(Fixed(3, {0: [0x5000, 0] * 6}))
        self.assertFalse(self.poll())
        self.assertEqual(self.meter.device.last_failure, "absurd")

    def test_a_meter_is_lost_within_five_seconds_and_back_within_one_poll(self):
        for start_ms in (5000, WRAP_MS - 3000, WRAP_MS - 8000):
            for fault in ("silent", "crc", "slow", "babble", "truncated", "not_available", "wrong_address"):
                self.start_ms = start_ms
                self.build()
                seen = []

                async def story():
                    for new_fault, ms in ((None, 3000), (fault, 2400), (fault, 2600), (None, 1500 if fault == "slow" else 20),
                                          (None, 1000)):
                        self.slave.fault = new_fault
                        await self.time.sleep_ms(ms)
                        seen.append((self.values.source, self.meter.is_lost(self.time.ticks_ms())))

                self.run_for(story())
                self.assertEqual(seen[:3], [("meter", False), ("meter", False), ("estimate", True)], fault)
                self.assertEqual(seen[4], ("meter", False), fault)  # late answers that are still on their way may break polls

    def test_lost_is_exact(self):
        self.build()
        asked_ms = self.time.ticks_ms()
        self.poll()
        self.assertFalse(self.meter.is_lost(asked_ms + LOST_MS))
        self.assertTrue(self.meter.is_lost(asked_ms + LOST_MS + 1))
        self.assertEqual(self.meter.age_ms(asked_ms + 4321), 4321)

    def test_the_age_counts_from_the_request_and_not_from_the_answer(self):
        self.build()
        asked_ms = self.time.ticks_ms()
        self.poll()
        now_ms = self.time.ticks_ms()
        self.assertGreater(now_ms, asked_ms)
        self.assertEqual(self.meter.age_ms(now_ms), now_ms - asked_ms)

    def test_a_meter_that_never_answered_is_lost_too(self):
        self.build()
        self.slave.fault = "silent"
        self.assertIsNone(self.meter.age_ms(self.time.ticks_ms()))
        self.run_for(5500)
        self.assertTrue(self.meter.is_lost(self.time.ticks_ms()))
        self.assertIsNone(self.meter.age_ms(self.time.ticks_ms()))

    def test_two_weeks_of_silence_do_not_make_it_young_again(self):
        self.build()
        self.poll()
        first_ms = self.time.ticks_ms()
        for hour in range(0, 15 * 24):
            self.meter.tick((first_ms + hour * 3600000) & MASK)
        self.assertTrue(self.meter.is_lost(first_ms))
        self.assertEqual(self.meter.age_ms(first_ms), AGE_LIMIT_MS)
        self.assertTrue(self.poll())
        self.assertFalse(self.meter.is_lost(self.time.ticks_ms()))
        self.assertLess(self.meter.age_ms(self.time.ticks_ms()), 1000)

    def test_a_broken_line_is_counted_and_the_task_lives_on(self):
        self.build()
        self.line.broken = OSError(5)
        self.run_for(7000)
        self.assertTrue(self.meter.is_lost(self.time.ticks_ms()))
        self.assertEqual(self.meter.diagnosis()["bus_errors"], self.meter.device.polls)
        self.assertEqual(self.meter.device.last_failure, "bus")
        self.line.broken = None
        self.run_for(1000)
        self.assertEqual(self.values.source, "meter")

    def test_a_board_without_a_line_estimates(self):
        self.build()
        self.meter = Meter(ModbusRtu(None, 9600, self.time.ticks_ms, self.time.sleep_ms), self.time.ticks_ms, self.supply,
                           meter_types.find("abb_b23"), sleep_ms=self.time.sleep_ms)
        self.run_for(7000)
        self.assertEqual(self.meter.values.source, "estimate")

    def test_it_survives_being_cancelled_anywhere_and_started_again(self):
        self.build(baud=2400)
        for cut_ms in range(0, 700, 10):
            self.run_for(cut_ms)
            self.assertFalse(self.line.driving)
        self.time.run(self.time.sleep_ms(1000))
        self.run_for(2500)
        self.assertEqual(self.values.source, "meter")
        self.assertFalse(self.meter.is_lost(self.time.ticks_ms()))


if __name__ == "__main__":
    unittest.main()
