# cpython only: the world runs in CPython
"""The twin's world around the board: pilot, contactor, monitors, front, and faults of each."""
import copy
import json
import unittest

from host_tests.twin.probe_board import BOARD, Bench, ProbeBoard
from tools.twin.air import Air


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


class AirTest(unittest.TestCase):
    def test_who_stays_in_a_new_list_of_access_points_is_never_missing(self):
        shown = []
        air = Air(shown.append)
        air.set({"aps": [{"ssid": "new", "key": ""}, {"ssid": "home", "key": "home-network"}], "wire": "up"})
        self.assertEqual([[row[0] for row in one["aps"]] for one in shown], [["home", "new"]])
        self.assertEqual((shown[0]["wire"], shown[0]["aps"][1][1]), ("up", None))


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


if __name__ == "__main__":
    unittest.main()
