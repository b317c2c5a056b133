import asyncio
import unittest

from firmware.energy import meter_map, meter_types
from firmware.energy.meter import LOST_MS, Meter
from firmware.energy.modbus_rtu import ModbusRtu
from firmware.energy.polled_meter import AGE_LIMIT_MS, channel_order
from host_tests.energy.bus import MASK, Line, VirtualTime
from tools.twin.meter import ModbusMeter, Quantities, with_crc

WRAP_MS = 1 << 30


class Supply:
    """What the charger offers and whether power flows."""

    def __init__(self):
        self.energised = False
        self.offered_ma = 0
        self.phases = 3

    def __call__(self):
        return self.energised, self.offered_ma, self.phases


class MeterCase(unittest.TestCase):
    start_ms = 5000

    def build(self, type_name="eastron_sdm630", address=2, baud=9600, registers="", **options):
        self.time = VirtualTime(self.start_ms)
        self.supply = Supply()
        self.readings = Quantities((230100, 231200, 229900), (16040, 15970, 16010), 11050, 123456)
        slaves = []
        if type_name not in ("none", "generic"):
            self.slave = ModbusMeter(self.readings, type_name, address)
            slaves.append(self.slave)
        self.line = Line(self.time, slaves, baud)
        self.bus = ModbusRtu(self.line, baud, self.time.ticks_ms, self.time.sleep_ms)
        self.meter = Meter(self.bus, self.time.ticks_ms, self.supply, meter_types.choose(type_name, registers), address,
                           sleep_ms=self.time.sleep_ms, **options)
        self.values = self.meter.values
        return self.meter

    def run_for(self, ms, meter=None):
        """The task runs so long (ms, or until a coroutine has ended) and is then cancelled."""

        async def main():
            task = asyncio.create_task((meter or self.meter).run())
            await (self.time.sleep_ms(ms) if isinstance(ms, int) else ms)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                return True
            return False

        self.assertTrue(self.time.run(main()))

    def poll(self):
        return self.time.run(self.meter.poll())


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


class Fixed:
    """A slave at address 2 with a few blocks of fixed registers."""

    delay_ms = 0

    def __init__(self, function, blocks):
        self.function = function
        self.blocks = blocks

    def request(self, frame):
        start, count = frame[2] << 8 | frame[3], frame[5]
        body = bytes((2, self.function, 2 * count))
        for word in self.blocks[start][:count]:
            body += bytes((word >> 8, word & 255))
        return with_crc(body)


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
