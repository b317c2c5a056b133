# cpython only: the world runs in CPython
"""The twin's mains: what flows, warms and is counted, and the meter's bus."""
import unittest

from host_tests.twin.probe_board import BOARD, Bench
from tools.twin.thermal import ntc_uv


class MainsTest(unittest.TestCase):
    def setUp(self):
        self.bench = Bench()
        self.world = self.bench.world

    def test_voltage_sags_a_little_under_load(self):
        self.bench.charge(32_000)
        idle_mv = Bench().world.state()["meter"]["voltage_mv"][0]
        loaded_mv = self.world.state()["meter"]["voltage_mv"][0]
        self.assertTrue(1_000 < idle_mv - loaded_mv < 8_000, (idle_mv, loaded_mv))

    def test_eight_hours_are_integrated_exactly_and_cost_few_events(self):
        self.bench.world.set_ev({"battery_wh": 200_000, "soc": 0})
        self.bench.charge()
        self.bench.feed(False)
        self.world.switchgear.coil_supply._fitted = False
        self.bench.hal.drive("contactor_1", 1)
        before = self.world.state()["meter"]
        events = []
        at = self.bench.clock.at
        self.bench.clock.at = lambda t, fn: (events.append(t), at(t, fn))[1]
        # without the control task the coil supply would fall: hold the contacts as a weld does
        for contactor in self.world.contactors:
            contactor.set_welded(True)
        self.bench.run_ms(8 * 3_600_000)
        after = self.world.state()["meter"]
        self.assertEqual(after["power_w"], before["power_w"])
        self.assertAlmostEqual(after["energy_mwh"] - before["energy_mwh"], before["power_w"] * 8000, delta=4000)
        self.assertLess(len(events), 500)

    def test_reading_often_does_not_change_what_is_counted(self):
        readings = []
        for reads in (1, 1000):
            bench = Bench()
            bench.charge()
            for _ in range(reads):
                bench.run_ms(1_000_000 // reads)
                mwh = bench.world.state()["meter"]["energy_mwh"]
            readings.append(mwh)
        self.assertEqual(readings[0], readings[1])

    def test_the_sun_turns_the_grid_power_negative(self):
        self.world.set_house({"load_w": [500, 0, 0], "solar_w": 4000})
        self.assertEqual(self.world.state()["house"]["grid_w"], -3500)

    def test_a_lost_phase_carries_no_current(self):
        self.bench.charge()
        self.world.set_house({"voltage_v": [230, 0, 230]})
        meter = self.world.state()["meter"]
        self.assertEqual((meter["voltage_mv"][1], meter["current_ma"]), (0, [16_000, 0, 16_000]))

    def test_the_ntc_gives_the_voltages_of_its_data_sheet(self):
        for celsius, mv in ((-20, 67), (0, 203), (25, 595), (40, 968), (60, 1549), (75, 1967), (90, 2317)):
            self.assertAlmostEqual(ntc_uv(celsius, BOARD["temperature"]) / 1000, mv, delta=1.5, msg=celsius)

    def test_the_relay_warms_with_the_current_and_the_adc_shows_it(self):
        gpio = BOARD["pins"]["temperature_relay_adc"]
        self.world.set_ev({"max_current_a": 32})
        self.bench.charge(32_000)
        self.bench.run_ms(3_600_000)
        self.assertTrue(50 < self.world.state()["temperatures"]["relay"] < 62)
        self.assertGreater(self.bench.hal.adc[gpio], 1_250_000)

    def test_over_temperature_shows_at_once_and_goes_again(self):
        gpio = BOARD["pins"]["temperature_relay_adc"]
        cold_uv = self.bench.hal.adc[gpio]
        self.world.set_fault("over_temperature", True)
        self.assertGreater(self.bench.hal.adc[gpio], 2_317_000)
        self.world.set_fault("over_temperature", False)
        self.assertEqual(self.bench.hal.adc[gpio], cold_uv)

    def test_a_broken_sensor_reads_as_an_open_one(self):
        gpio = BOARD["pins"]["temperature_relay_adc"]
        self.world.set_fault("sensor_open", True)
        self.assertEqual(self.bench.hal.adc[gpio], 0)

    def test_a_hot_day_warms_everything_at_its_own_pace(self):
        self.world.set_house({"ambient_c": 42})
        self.bench.run_ms(600_000)
        after_10_min = dict(self.world.state()["temperatures"])
        self.bench.run_ms(7_200_000)
        settled = self.world.state()["temperatures"]
        self.assertTrue(22 < after_10_min["interior"] < after_10_min["relay"] < 42, after_10_min)
        self.assertAlmostEqual(settled["relay"], 42, delta=0.5)
        self.assertEqual(self.bench.hal.mcu_c, int(settled["interior"]) + 7)


class EnergyTest(unittest.TestCase):
    def test_the_battery_gets_what_the_meter_counts_however_often_that_is_read(self):
        bench = Bench()
        bench.world.set_ev({"soc": 0.2, "battery_wh": 50_000})
        bench.charge(16_000)
        bench.world.state()             # settles
        before_wh, before_soc = bench.world.readings.energy_wh, bench.world.ev.soc
        for _ in range(600):
            bench.run_ms(1000)
            bench.world.readings.energy_wh      # noqa: B018  (as the charger's polls do)
        bench.world.state()
        counted_wh = bench.world.readings.energy_wh - before_wh
        self.assertAlmostEqual((bench.world.ev.soc - before_soc) * 50_000, counted_wh * 0.9, delta=2)


class EchoMeter:
    """Answers every frame with its bytes reversed."""

    delay_ms = 0

    def __init__(self, readings, type, address):
        self.readings, self.type, self.address = readings, type, address
        self.fault = None

    def request(self, frame):
        return bytes(reversed(frame)) if frame != b"other" else None


DRIVER_PIN = 2                  # rs485_de of the twin's board


class MeterBusTest(unittest.TestCase):
    def setUp(self):
        self.bench = Bench(meter=EchoMeter)

    def ask(self, frame, driven_us=5_000):
        """Send a frame, with the transceiver's driver enabled for so long; 8 bytes take 4.2 ms."""
        now_us, out = self.bench.clock.now_us, self.bench.hal.on_output
        if driven_us:
            out("pin", DRIVER_PIN, 1, now_us)
        out("uart", 1, frame, now_us)
        if driven_us:
            self.bench.clock.after(driven_us, lambda: out("pin", DRIVER_PIN, 0, now_us + driven_us))

    def test_the_answer_comes_after_both_frames_time_on_the_wire(self):
        self.ask(b"12345678")
        self.bench.run_ms(16)
        self.assertEqual(self.bench.hal.uart, [])
        self.bench.run_ms(10)
        [(_, uart, data)] = self.bench.hal.uart
        self.assertEqual((uart, data), (1, b"87654321"))

    def test_frame_without_the_driver_or_cut_off_by_it_and_answer_against_it_are_lost(self):
        # the twin once heard whatever the UART sent: a driver that was never enabled was never missed
        for driven_us, heard in ((0, 0), (4_000, 0), (4_200, 1), (12_000, 1), (40_000, 0)):
            with self.subTest(driven_us=driven_us):
                self.bench.hal.uart.clear()
                self.ask(b"12345678", driven_us)
                self.bench.run_ms(100)
                self.assertEqual(len(self.bench.hal.uart), heard)

    def test_late_answer_arrives_amidst_the_next_question(self):
        self.ask(b"12345678")
        self.bench.run_ms(8)
        self.ask(b"abcdefgh")
        self.bench.run_ms(100)
        self.assertEqual(len(self.bench.hal.uart), 2)

    def test_a_silent_meter_says_nothing_not_even_the_answer_under_way(self):
        self.ask(b"12345678")
        self.bench.world.set_fault("meter_silent", True)
        self.ask(b"12345678")
        self.bench.run_ms(100)
        self.assertEqual(self.bench.hal.uart, [])

    def test_frames_for_others_are_not_answered(self):
        self.ask(b"other")
        self.bench.run_ms(100)
        self.assertEqual(self.bench.hal.uart, [])


if __name__ == "__main__":
    unittest.main()
