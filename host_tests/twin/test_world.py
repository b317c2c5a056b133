# cpython only: the world runs in CPython
import copy
import json
import unittest

from host_tests.twin.probe_board import BOARD, Bench, ProbeBoard
from tools.twin.thermal import ntc_uv


class PilotTest(unittest.TestCase):
    def setUp(self):
        self.bench = Bench()
        self.world, self.hal = self.bench.world, self.bench.hal

    def test_levels_are_the_standards_nominal_ones(self):
        levels = {"A": (12_000, -12_000), "B": (8_978, -12_000), "C": (5_995, -12_000), "D": (2_930, -12_000),
                  "E": (0, 0), "F": (-12_000, -12_000)}
        for state, expected in levels.items():
            with self.subTest(state=state):
                self.world.set_ev({"plugged": True, "state": state})
                self.bench.run_ms(400)       # a car with S2 shows B first
                self.assertEqual(self.hal.pilot, expected)

    def test_without_its_diode_the_car_loads_both_half_waves(self):
        self.world.set_ev({"plugged": True, "state": "C"})
        self.bench.run_ms(400)
        self.world.set_fault("diode", True)
        self.assertEqual(self.hal.pilot, (5_623, -5_623))
        self.world.set_fault("diode", False)
        self.assertEqual(self.hal.pilot, (5_995, -12_000))

    def test_a_short_pulls_the_line_to_zero_and_the_car_loses_the_pilot(self):
        self.bench.charge()
        self.world.set_fault("cp_short", True)
        self.assertEqual(self.hal.pilot, (0, 0))
        self.assertEqual(self.world.state()["ev"]["current_ma"], 0)

    def test_the_disconnect_relay_leaves_the_charger_with_an_open_line(self):
        self.world.set_ev({"plugged": True, "asleep": True})
        self.bench.offer(16_000)
        self.bench.run_ms(2000)
        self.assertEqual(self.world.ev.state, "B")
        self.hal.drive("cp_disconnect", 1)
        self.assertEqual(self.hal.pilot, (12_000, -12_000))
        self.bench.run_ms(4000)
        self.hal.drive("cp_disconnect", 0)
        self.bench.run_ms(700)
        self.assertEqual(self.world.ev.state, "C")

    def test_before_the_firmware_drives_the_pin_the_pilot_is_steady_plus_12(self):
        self.assertEqual(self.world.state()["cp"]["duty_permille"], 1000)

    def test_a_pin_driven_low_is_steady_minus_12_and_one_let_go_of_is_pulled_up(self):
        for value, signal, permille in (((1000, 266_667), "pwm", 267), (0, "pin", 0), (1, "pin", 1000),
                                        ((1000, 0), "pwm", 0), (None, "pwm", 1000), (0, "pin", 0),
                                        (None, "pin", 1000)):
            self.hal.drive("cp_pwm", value, signal)
            self.assertEqual(self.world.state()["cp"]["duty_permille"], permille, (value, signal))

    def test_coil_pins_that_are_let_go_of_are_low(self):
        self.bench.close_contactors()
        self.hal.drive("contactor_1", None)
        self.hal.drive("contactor_2", None)
        self.bench.run_ms(20)
        self.assertFalse(self.world.state()["contactor"]["closed"])


class ContactorWiringTest(unittest.TestCase):
    def setUp(self):
        self.bench = Bench()
        self.world, self.hal = self.bench.world, self.bench.hal

    def test_a_coil_pin_alone_closes_nothing(self):
        self.hal.drive("contactor_1", 1)
        self.bench.run_ms(1000)
        state = self.world.state()["contactor"]
        self.assertTrue(state["commanded"])
        self.assertFalse(state["closed"])

    def test_contacts_and_mirror_feedback_follow_the_coils(self):
        self.bench.close_contactors()
        self.assertEqual((self.hal.level("contactor_feedback_1"), self.hal.level("contactor_feedback_2")), (1, 1))
        self.assertEqual(self.world.state()["contactor"]["phases_closed"], 3)
        self.hal.drive("contactor_2", 0)
        self.bench.run_ms(16)
        self.assertEqual((self.hal.level("contactor_feedback_1"), self.hal.level("contactor_feedback_2")), (1, 0))
        self.assertEqual(self.world.state()["contactor"]["phases_closed"], 1)

    def test_a_control_task_that_hangs_loses_the_contactor_within_a_hold_time(self):
        self.bench.charge()
        self.bench.feed(False)
        self.bench.run_ms(650)
        state = self.world.state()
        self.assertTrue(state["contactor"]["commanded"])
        self.assertFalse(state["contactor"]["closed"])
        self.assertEqual(state["ev"]["current_ma"], 0)

    def test_a_weld_shows_at_the_feedback_although_the_coil_is_off(self):
        self.bench.close_contactors()
        self.world.set_fault("weld", True)
        self.hal.drive("contactor_1", 0)
        self.hal.drive("contactor_2", 0)
        self.bench.run_ms(200)
        self.assertEqual(self.hal.level("contactor_feedback_1"), 1)
        self.assertTrue(self.world.state()["contactor"]["welded"])

    def test_edges_of_a_charge_come_in_their_physical_order(self):
        self.bench.charge()
        self.world.set_ev({"plugged": False})
        self.hal.drive("contactor_1", 0)
        self.hal.drive("contactor_2", 0)
        self.bench.run_ms(50)
        signals = [(signal, value) for _, signal, value in self.world.trace.edges(1)]
        self.assertEqual(signals, [("duty_permille", 267), ("ev_state", "C"), ("coil", True), ("contacts", True),
                                   ("contacts", False), ("contacts", True), ("contacts", False), ("contacts", True),
                                   ("ev_state", "A"), ("coil", False), ("contacts", False)])


class MonitorTest(unittest.TestCase):
    def setUp(self):
        self.bench = Bench()
        self.world, self.hal = self.bench.world, self.bench.hal

    def lines(self):
        return self.hal.level("rcd_trip"), self.hal.level("rdc_dd_trip")

    def test_the_test_input_trips_within_30_ms_and_releases_after_100(self):
        self.assertEqual(self.lines(), (0, 0))
        self.hal.drive("rcd_test", 1)
        self.bench.run_ms(30)
        self.assertEqual(self.lines(), (1, 1))
        self.hal.drive("rcd_test", 0)
        self.bench.run_ms(90)
        self.assertEqual(self.lines(), (1, 1))
        self.bench.run_ms(20)
        self.assertEqual(self.lines(), (0, 0))

    def test_residual_currents_trip_their_own_line_until_they_are_gone(self):
        self.world.set_fault("rcd_ac", True)
        self.assertEqual(self.lines(), (1, 0))
        self.world.set_fault("rcd_dc", True)
        self.world.set_fault("rcd_ac", False)
        self.assertEqual(self.lines(), (0, 1))
        self.assertEqual([v for _, s, v in self.world.trace.edges() if s == "rcd_trip"], [False, True])

    def test_lost_pe_takes_the_level_away(self):
        self.assertEqual(self.hal.level("pe_ok"), 1)
        self.world.set_fault("pe_lost", True)
        self.assertEqual(self.hal.level("pe_ok"), 0)

    def test_an_active_low_button_is_low_while_it_is_held(self):
        self.assertEqual(self.hal.level("button_service"), 1)
        self.world.press_button("service", 2000)
        self.assertEqual(self.hal.level("button_service"), 0)
        self.bench.run_ms(1999)
        self.assertEqual(self.hal.level("button_service"), 0)
        self.bench.run_ms(2)
        self.assertEqual(self.hal.level("button_service"), 1)

    def test_an_input_closes_its_contact(self):
        self.world.set_input("dim", True)
        self.assertEqual(self.hal.level("input_dim"), 0)

    def test_a_card_is_shown_for_300_ms(self):
        self.world.present_card("04A1B2C3")
        self.bench.run_ms(299)
        self.assertEqual(self.world.state()["card"], "04A1B2C3")
        self.bench.run_ms(2)
        self.assertIsNone(self.world.state()["card"])

    def test_the_strips_bytes_become_red_green_blue(self):
        self.hal.drive("led_strip", bytes([10, 20, 30, 0, 0, 255]), "neopixel")
        self.assertEqual(self.world.state()["lights"]["leds"], [[20, 10, 30], [0, 0, 255]])

    def test_the_state_can_be_said_in_json(self):
        self.assertEqual(json.loads(json.dumps(self.world.state())), self.world.state())


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


class OtherFaultsTest(unittest.TestCase):
    def setUp(self):
        self.bench = Bench()
        self.world = self.bench.world

    def test_a_dead_monitor_answers_neither_test_nor_fault(self):
        self.world.set_fault("rcd_dead", True)
        self.bench.hal.drive("rcd_test", 1)
        self.bench.run_ms(200)
        self.world.set_fault("rcd_ac", True)
        self.assertEqual(self.bench.hal.level("rcd_trip"), 0)
        self.world.set_fault("rcd_dead", False)
        self.assertEqual(self.bench.hal.level("rcd_trip"), 1)

    def test_a_full_flash_reaches_the_board_also_the_next_one(self):
        self.world.set_fault("flash_full", True)
        self.assertTrue(self.bench.hal.flash_full)
        self.bench.hal.flash_full = None
        self.world.attach(self.bench.hal)
        self.assertTrue(self.bench.hal.flash_full)

    def test_every_beginning_and_end_of_a_fault_is_an_edge(self):
        for on in (True, False, True):
            self.world.set_fault("pe_lost", on)
        edges = [edge[1:] for edge in self.world.trace.edges() if edge[1].startswith("fault")]
        self.assertEqual(edges, [("fault", "pe_lost"), ("fault_end", "pe_lost"), ("fault", "pe_lost")])

    def test_a_foreign_resistor_shows_between_the_states(self):
        self.world.set_ev({"plugged": True, "pilot_ohm": 10_000})
        self.assertEqual(self.world.cp_levels_mv, (10_972, -12_000))


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


class PowerTest(unittest.TestCase):
    def setUp(self):
        self.bench = Bench()
        self.world = self.bench.world

    def test_a_power_cut_drops_contactor_lights_and_pilot_and_the_car_stops(self):
        self.bench.charge()
        self.bench.feed(False)
        self.world.hal.drive("led_strip", bytes(12), "neopixel")
        self.world.on_power = lambda on: None if on else self.world.detach()
        self.world.set_fault("power_cut", True)
        self.bench.run_ms(100)
        state = self.world.state()
        self.assertEqual((state["powered"], state["contactor"]["closed"], state["lights"]["leds"]), (False, False, []))
        self.assertEqual((state["cp"]["high_mv"], state["ev"]["state"], state["ev"]["current_ma"]), (0, "B", 0))
        self.assertEqual(state["meter"]["voltage_mv"], [0, 0, 0])

    def test_the_energy_register_survives_a_power_cut(self):
        self.bench.charge()
        self.bench.run_ms(600_000)
        before = self.world.state()["meter"]["energy_mwh"]
        self.world.on_power = lambda on: None if on else self.world.detach()
        self.world.set_fault("power_cut", True)
        self.bench.run_ms(600_000)
        self.assertEqual(self.world.state()["meter"]["energy_mwh"], before)
        self.assertGreater(before, 1_000_000)

    def test_the_next_board_sees_the_inputs_as_they_are(self):
        self.world.set_fault("pe_lost", True)
        self.world.set_ev({"plugged": True})
        self.world.detach()
        hal = ProbeBoard(self.bench.clock)
        self.world.power_returns()
        self.world.attach(hal)
        self.assertEqual((hal.level("pe_ok"), hal.pilot), (0, (8_978, -12_000)))

    def test_an_output_of_a_board_without_contactor_2_or_sensors_is_no_error(self):
        board = copy.deepcopy(BOARD)
        board["contactor"]["count"] = 1
        for name in ("contactor_2", "contactor_feedback_2", "temperature_relay_adc", "pe_ok", "coil_watchdog"):
            board["pins"][name] = None
        board["coil_watchdog"] = None
        bench = Bench(board)
        bench.hal.drive("contactor_1", 1)
        bench.run_ms(50)
        self.assertEqual(bench.world.state()["contactor"]["phases_closed"], 3)


class TraceTest(unittest.TestCase):
    def test_only_changes_are_edges_and_the_last_10_000_are_kept(self):
        bench = Bench()
        trace = bench.world.trace
        before = len(trace.edges())
        trace.edge("coil", True)
        trace.edge("coil", True)
        self.assertEqual(len(trace.edges()), before + 1)
        for n in range(10_100):
            bench.run_ms(1)
            trace.edge("duty_permille", n % 1000)
        self.assertEqual(len(trace.edges()), 10_000)
        since = trace.as_json(since_ms=10_099)
        self.assertEqual([edge["t_us"] for edge in since], [10_099_000, 10_100_000])
        self.assertEqual(set(since[0]), {"t_us", "signal", "value"})

    def test_a_signal_that_is_none_is_refused(self):
        with self.assertRaises(KeyError):
            Bench().world.trace.edge("coils", True)


if __name__ == "__main__":
    unittest.main()
