"""The panel over a real station: what is shown follows the charger, what is pressed reaches it."""

import unittest

from firmware.charging import station_facts  # noqa: F401  first: the VM's stack is short for the whole chain of imports
from firmware.charging.faults import FAULTS, LIGHT, NAME, SEVERITY
from firmware.ui.panel import CARD_SHOWN_MS, TICK_MS, Panel
from host_tests.charging.place import Place


class Device:
    """What the panel drives: the last frame, brightness and tone; buttons that can be held down."""

    def __init__(self):
        self.frame, self.percent, self.hz = b"", -1, 0
        self.heard = []
        self.down = set()

    def show(self, frame, percent):
        self.frame, self.percent = bytes(frame).decode(), percent

    def tone(self, hz):
        if hz != self.hz and hz:
            self.heard.append(hz)
        self.hz = hz

    def pressed(self, name):
        return name in self.down

    def off(self):
        self.percent = 0


class Front:
    """A place with a panel in the same time."""

    def __init__(self, start_ms=0):
        self.place = Place(start_ms)
        self.station = self.place.station
        self.device = Device()
        self.done = []
        self.possible = True
        self.panel = Panel(self.station, self.device, lambda: self.place.rig.now_ms,
                           {"restart": lambda: self.do("restart"), "factory_reset": lambda: self.do("factory_reset")})
        self.panel.front_button = True
        self.segments = set()

    def do(self, action):
        self.done.append(action)
        return self.possible

    def run(self, ms):
        for _ in range(ms // TICK_MS):
            self.place.run(TICK_MS)
            self.panel.tick(self.place.rig.now_ms)
            self.segments.add(self.device.frame[:4])
        return self

    def seen(self, ms=6000):
        """The pictures of the four segments in the next ms."""
        self.segments = set()
        self.run(ms)
        return self.segments

    def press(self, name, ms):
        self.device.down.add(name)
        self.run(ms)
        self.device.down.discard(name)
        return self.run(200)


class TestLights(unittest.TestCase):
    def test_start_idle_charge_and_pause(self):
        for start_ms in (0, (1 << 30) - 5000):
            front = Front(start_ms)
            self.assertTrue(front.seen(800) <= {"OOOO", "...."})
            front.run(1000)
            self.assertEqual(front.seen(), {"BBBB"})
            front.place.charge()
            front.run(200)
            self.assertEqual(front.seen(), {"BBBB", "...."})
            front.station.command("stop", {}, "test")
            front.place.rig.vehicle = "B"
            front.run(2000)
            self.assertEqual(front.seen(), {"BBBB"})

    def test_every_fault_of_the_registry_is_seen_as_it_says(self):
        front = Front().run(2000)
        idle = front.seen()
        for row in FAULTS:
            front.station.faults.begin(row[NAME])
            front.run(200)
            seen = front.seen(7000)
            if row[LIGHT]:
                colour = row[LIGHT][0].upper()
                self.assertTrue([1 for picture in seen if colour in picture], row[NAME])
                if row[SEVERITY] > 0:
                    self.assertEqual(set("".join(list(seen))) - {"."}, {colour}, row[NAME])
            else:
                self.assertEqual(row[SEVERITY], 0, row[NAME])
                self.assertEqual(seen, idle, row[NAME])
            front.station.faults.end(row[NAME])
            front.run(200)

    def test_two_faults_take_turns(self):
        front = Front().run(2000)
        front.station.faults.begin("pe_lost")
        front.station.faults.begin("over_temperature")
        self.assertTrue({"RRRR", "..OO"} <= front.seen(13000))

    def test_not_authorised_flashes_until_a_card_is_accepted(self):
        front = Front().run(2000)
        front.station.free = False
        front.place.plug()
        front.run(500)
        self.assertEqual(front.seen(), {"BBBB", "...."})
        front.panel.card("read")
        front.station.command("authorize", {"id": "04A1"}, "card")
        self.assertEqual(front.seen(CARD_SHOWN_MS - 200), {"GGGG"})
        self.assertEqual(front.device.heard[-3:], [2000, 2500, 3100])
        front.run(400)
        self.assertNotIn("GGGG", front.seen())

    def test_refused_card_is_red_and_falls(self):
        front = Front().run(2000)
        front.station.command("availability", {"operative": False}, "test")
        front.station.command("authorize", {"id": "04A1"}, "card")
        self.assertEqual(front.seen(CARD_SHOWN_MS - 200), {"RRRR"})
        self.assertEqual(front.device.heard, [3100, 2500, 2000])

    def test_sounds_can_be_turned_off_but_the_service_buttons_beeps_stay(self):
        front = Front().run(2000)
        front.panel.sounds = False
        front.panel.card("accepted")
        front.run(1000)
        self.assertEqual(front.device.heard, [])
        front.press("button_service", 2200)
        self.assertEqual(front.device.heard, [2400])

    def test_commissioning_out_of_service_and_reserved_look_different(self):
        front = Front().run(6000)
        front.station.command("service_mode", {"mode": "commissioning"}, "test")
        front.run(200)
        self.assertEqual(front.seen(), {".OO."})
        front.station.command("availability", {"operative": False}, "test")
        front.run(200)
        self.assertEqual(front.seen(), {"OOOO", "...."})
        front.station.command("availability", {"operative": True}, "test")
        front.station.command("service_mode", {"mode": "normal"}, "test")
        front.station.flags.set("reserved", "test")
        front.run(200)
        self.assertEqual(front.seen(), {"B..B"})

    def test_showroom_shows_its_charge(self):
        front = Front().run(6000)
        front.station.command("service_mode", {"mode": "demo"}, "test")
        for _ in range(24):
            if front.seen(5000) == {"BBBB", "...."}:
                break
        self.assertEqual(front.seen(2000), {"BBBB", "...."})         # the blinking of a charge
        self.assertEqual(front.place.core.outputs.coil_1, 0)

    def test_standby_dims_then_goes_dark_and_a_press_wakes(self):
        front = Front().run(2000)
        front.panel.brightness_percent = 80
        front.panel.standby.dim_ms, front.panel.standby.off_ms = 5000, 10000
        levels = []
        for _ in range(12):
            front.run(1000)
            levels.append(front.device.percent)
        self.assertEqual(sorted(set(levels), reverse=True), [80, 20, 0])
        self.assertEqual(levels, sorted(levels, reverse=True))
        front.press("button_service", 100)
        self.assertEqual(front.device.percent, 80)
        front.run(10500)
        self.assertEqual(front.device.percent, 0)
        front.place.plug()
        front.run(200)
        self.assertEqual(front.device.percent, 80)

    def test_fault_is_bright_also_in_standby(self):
        front = Front().run(2000)
        front.panel.standby.off_ms = 1000
        front.run(2000)
        self.assertEqual(front.device.percent, 0)
        front.station.faults.begin("pe_lost")
        front.run(200)
        self.assertEqual(front.device.percent, 50)


class TestButtons(unittest.TestCase):
    def test_service_button_restarts_and_resets(self):
        for held_ms, done in ((1000, []), (3000, ["restart"]), (16000, ["factory_reset"])):
            front = Front().run(1000).press("button_service", held_ms)
            self.assertEqual(front.done, done)

    def test_action_that_cannot_be_done_is_heard(self):
        front = Front().run(1000)
        front.possible = False
        front.press("button_service", 16000).run(1000)
        self.assertEqual(front.device.heard[-3:], [3100, 2500, 2000])

    def test_front_button_stops_and_resumes(self):
        front = Front().run(1000)
        front.place.charge()
        front.press("button_front", 200)
        self.assertTrue(front.station.stopped)
        front.press("button_front", 200)
        self.assertFalse(front.station.stopped)
        commands = [data for event, data in front.place.heard if event == "command"]
        self.assertEqual([(data["command"], data["source"]) for data in commands], [("stop", "button"), ("start", "button")])

    def test_front_button_that_is_not_enabled_or_has_no_vehicle_does_nothing(self):
        front = Front().run(1000).press("button_front", 200)
        front.panel.front_button = False
        front.place.charge()
        front.press("button_front", 200)
        self.assertEqual([data for event, data in front.place.heard if event == "command"], [])

    def test_front_button_cannot_resume_what_a_fault_holds(self):
        front = Front().run(1000)
        front.place.plug()
        front.station.command("stop", {}, "test")
        front.place.core.inputs.pe_ok = 0
        front.run(1000)
        front.press("button_front", 200).run(1000)
        self.assertTrue(front.station.stopped)
        self.assertEqual(front.device.heard[-3:], [3100, 2500, 2000])


if __name__ == "__main__":
    unittest.main()
