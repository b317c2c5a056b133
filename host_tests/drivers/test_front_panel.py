"""Strip, plain LEDs, buzzer, buttons and contacts: what goes over the pins, how seldom, and what a broken one does."""

import unittest

from host_tests.drivers.chip import Chip, board_facts

STRIP, BUZZER, SERVICE, FRONT, LIMIT = 15, 12, 0, 21, 51
IDLE = b"BBBB.WBB"


class Rig(unittest.TestCase):
    def front(self, **changes):
        facts = board_facts()
        facts["pins"].update(changes.pop("pins", {}))
        facts.update(changes)
        self.chip = Chip(facts)
        self.addCleanup(self.chip.close)
        self.outputs = []
        self.chip.hal.on_output = lambda signal, key, value, t_us: self.outputs.append((signal, key, value))
        from firmware.drivers.front_panel import FrontPanel
        self.errors = {}
        return FrontPanel(facts, self.errors)

    def wire(self):
        """Bytes of the last write, and how many there were."""
        found = [value for signal, key, value in self.outputs if (signal, key) == ("neopixel", STRIP)]
        return found[-1] if found else None, len(found)


class TestStrip(Rig):
    def test_segments_and_single_lights_go_over_the_wire_in_the_strips_order(self):
        for order, red in (("grb", (0, 255, 0)), ("rgb", (255, 0, 0)), ("grbw", (0, 255, 0, 0))):
            front = self.front(led={"kind": "strip", "count": 11, "order": order})
            front.show(b"R......R", 100)
            data, _ = self.wire()
            self.assertEqual(len(data), 11 * len(order))
            self.assertEqual(tuple(data[:len(order)]), red)
            self.assertEqual(tuple(data[len(order):2 * len(order)]), red)
            self.assertEqual(set(data[2 * len(order):]), {0})

    def test_every_letter_of_the_frame_has_its_leds(self):
        front = self.front(led={"kind": "strip", "count": 11, "order": "rgb"})
        for place in range(7):
            frame = bytearray(b"........")
            frame[place] = ord("B")
            front.show(frame, 100)
            data, _ = self.wire()
            lit = [led for led in range(11) if data[led * 3 + 2] == 255]
            self.assertEqual(lit, [2 * place, 2 * place + 1] if place < 4 else [4 + place])

    def test_strips_of_other_lengths_show_what_they_have_room_for(self):
        for count, expected in ((1, 1), (3, 3), (4, 1), (8, 2), (12, 3), (7, 1), (5, 1)):
            front = self.front(led={"kind": "strip", "count": count, "order": "rgb"})
            front.show(b"G......G", 100)
            data, _ = self.wire()
            self.assertEqual([led for led in range(count) if data[led * 3 + 1]], list(range(expected)), count)

    def test_strip_is_written_only_when_something_changed_and_now_and_then(self):
        from_before = 0
        front = self.front()
        for frame, percent, writes in ((IDLE, 50, 1), (IDLE, 50, 1), (IDLE, 40, 2), (b"OOOO.WBO", 40, 3), (b"OOOO.WBO", 40, 3)):
            front.show(frame, percent)
            self.assertEqual(self.wire()[1] - from_before, writes)
        for _ in range(300):
            front.show(b"OOOO.WBO", 40)
        self.assertEqual(self.wire()[1], 5)          # a disturbed LED heals within seconds

    def test_brightness_keeps_the_colour_down_to_the_darkest(self):
        front = self.front(led={"kind": "strip", "count": 4, "order": "rgb"})
        last = 256
        for percent in (100, 50, 25, 10, 5, 1):
            front.show(b"OOOO...O", percent)
            red, green, blue = tuple(self.wire()[0][:3])
            self.assertTrue(0 < green < red <= last and blue == 0, percent)
            last = red
        front.show(b"OOOO...O", 0)
        self.assertEqual(set(self.wire()[0]), {0})

    def test_a_write_holds_the_interpreter_for_less_than_a_millisecond(self):
        front = self.front()
        before_us = self.chip.clock.now_us
        front.show(IDLE, 50)
        self.assertLess(self.chip.clock.now_us - before_us, 1000)


class TestPlainLeds(Rig):
    PINS = {"led_strip": None, "led_red": 16, "led_green": 17, "led_blue": 18}

    def duties(self):
        return [self.chip.hal.pwm_high_ns(gpio) * self.chip.hal.pwm[gpio][0] * 100 // 1000000000 for gpio in (16, 17, 18)]

    def test_they_show_the_one_colour(self):
        front = self.front(pins=self.PINS, led={"kind": "three"})
        self.assertEqual(self.duties(), [0, 0, 0])
        for letter, expected in (("R", [100, 0, 0]), ("G", [0, 100, 0]), ("O", [100, 31, 0]), (".", [0, 0, 0])):
            front.show(b"......." + letter.encode(), 100)
            self.assertEqual(self.duties(), expected)

    def test_those_that_light_when_low_are_inverted(self):
        front = self.front(pins=self.PINS, led={"kind": "three"}, active_low=["led_red", "led_green", "led_blue"])
        self.assertEqual(self.duties(), [100, 100, 100])
        front.show(b".......R", 100)
        self.assertEqual(self.duties(), [0, 100, 100])

    def test_they_are_written_only_when_something_changed(self):
        front = self.front(pins=self.PINS, led={"kind": "three"})
        front.show(b".......R", 100)
        count = len(self.outputs)
        front.show(b"RRRR...R", 100)
        self.assertEqual(len(self.outputs), count)


class TestBuzzer(Rig):
    def test_tones_are_pwm_at_half_duty_and_silence_is_none(self):
        front = self.front()
        for hz, expected in ((2500, 2700), (2000, 2160), (0, None), (3100, 3348)):
            front.tone(hz)
            wave = self.chip.hal.pwm[BUZZER]
            high_ns = self.chip.hal.pwm_high_ns(BUZZER)
            self.assertEqual(None if high_ns == 0 else wave[0], expected)
            if expected:
                self.assertTrue(49 <= high_ns * wave[0] * 100 // 1000000000 <= 50)

    def test_no_buzzer_ever_sounds_at_the_pilots_frequency(self):
        front = self.front(buzzer={"kind": "passive", "frequency_hz": 1000})
        for hz in (0, 2000, 2400, 2500, 3100, 0):
            front.tone(hz)
            self.assertGreater(self.chip.hal.pwm[BUZZER][0], 1050)

    def test_buzzer_with_a_tone_of_its_own_is_switched(self):
        for low in (False, True):
            front = self.front(buzzer={"kind": "active"}, active_low=["buzzer"] if low else [])
            for hz, level in ((0, 0), (2400, 1), (3000, 1), (0, 0)):
                front.tone(hz)
                self.assertEqual(self.chip.hal.driven[BUZZER], level ^ low)

    def test_off_is_dark_and_silent(self):
        front = self.front()
        front.show(IDLE, 50)
        front.tone(2400)
        front.off()
        self.assertEqual((set(self.wire()[0]), self.chip.hal.pwm_high_ns(BUZZER)), ({0}, 0))


class TestButtons(Rig):
    def test_pressed_follows_the_pin(self):
        front = self.front()
        for name, gpio in (("button_service", SERVICE), ("button_front", FRONT)):
            self.assertFalse(front.pressed(name))              # pulled up
            self.chip.hal.set_pin(gpio, 0)
            self.assertTrue(front.pressed(name))
            self.chip.hal.set_pin(gpio, 1)
            self.assertFalse(front.pressed(name))

    def test_button_to_the_supply_is_the_other_way_round(self):
        front = self.front(active_low=[])
        self.chip.hal.set_pin(FRONT, 1)
        self.assertTrue(front.pressed("button_front"))

    def test_board_without_any_of_it_is_no_trouble(self):
        front = self.front(pins={"led_strip": None, "buzzer": None, "button_service": None, "button_front": None})
        front.show(IDLE, 50)
        front.tone(2400)
        self.assertIsNone(front.pressed("button_front"))
        front.off()
        self.assertEqual((self.outputs, self.errors), ([], {}))


class Broken:
    def __getattr__(self, name):
        raise OSError(5)


BOARDS = ("twin", "esp32-wrover", "esp32-s3", "smartevse-v3", "smartevse-v3.1", "esp32-evse-devkitc")


class TestBoards(unittest.TestCase):
    def test_every_board_shows_sounds_and_measures_with_what_it_has(self):
        for name in BOARDS:
            facts = board_facts(name)
            chip = Chip(facts)
            outputs = []
            chip.hal.on_output = lambda signal, key, value, t_us, heard=outputs: heard.append((signal, key))
            from firmware.drivers.front_panel import FrontPanel
            from firmware.drivers.temperatures import Temperatures
            errors = {}
            front = FrontPanel(facts, errors)
            outputs[:] = []
            front.show(b"RRRRRRRR", 100)
            front.tone(2400)
            front.pressed("button_service")
            pins = facts["pins"]
            lights = ("neopixel", pins["led_strip"]) if pins["led_strip"] is not None else ("pwm", pins["led_red"])
            self.assertIn(lights, outputs, name)
            if pins["buzzer"] is not None:
                self.assertIn(("pwm", pins["buzzer"]), outputs, name)
            temperatures = Temperatures(facts, errors, {})
            temperatures.read()
            self.assertEqual(temperatures.bus is None, pins["temperature_onewire"] is None, name)
            self.assertEqual(errors, {}, name)
            chip.close()


class TestBroken(Rig):
    def test_driver_that_raises_is_named_and_nothing_travels(self):
        front = self.front()
        front._lights._strip = front._tone._pwm = Broken()
        front._buttons["button_front"] = Broken(), 1
        front.show(IDLE, 50)
        front.tone(2400)
        self.assertIsNone(front.pressed("button_front"))
        self.assertEqual(self.errors, {"lights": 1, "buzzer": 1, "button_front": 1})

    def test_driver_that_cannot_be_built_is_named_and_the_others_work(self):
        front = self.front(led={"kind": "strip", "count": 11, "order": "xyz"})
        self.assertEqual(self.errors, {"led_strip": 1})
        front.show(IDLE, 50)
        front.tone(2400)
        self.assertTrue(self.chip.hal.pwm_high_ns(BUZZER))


class TestContacts(Rig):
    def contacts(self, kind, **changes):
        self.front(**changes)
        from firmware.drivers.contacts import Contacts
        contacts = Contacts(self.chip.facts, self.errors)
        contacts.use("limit", kind)
        return contacts

    def test_signal_by_wiring(self):
        for active_low, kind, level, signal in (
                (["input_limit"], "normally_open", 0, True), (["input_limit"], "normally_open", 1, False),
                (["input_limit"], "normally_closed", 0, False), (["input_limit"], "normally_closed", 1, True),
                ([], "normally_open", 1, True), ([], "normally_open", 0, False),
                ([], "normally_closed", 1, False), ([], "normally_closed", 0, True)):
            contacts = self.contacts(kind, active_low=active_low)
            self.chip.hal.set_pin(LIMIT, level)
            self.assertEqual(contacts.signal("limit"), signal, (active_low, kind, level))

    def test_broken_wire_of_a_normally_closed_contact_asks(self):
        self.assertTrue(self.contacts("normally_closed").signal("limit"))     # nothing drives the pin: the pull-up
        self.assertFalse(self.contacts("normally_open").signal("limit"))

    def test_contact_that_is_off_or_has_no_pin_is_not_used(self):
        self.assertIsNone(self.contacts("off").signal("limit"))
        self.assertIsNone(self.contacts("normally_open", pins={"input_limit": None}).signal("limit"))

    def test_contact_that_cannot_be_read_asks_and_is_named(self):
        contacts = self.contacts("normally_open")
        contacts._pins["limit"] = Broken(), 0
        self.assertTrue(contacts.signal("limit"))
        self.assertEqual(self.errors, {"input_limit": 1})


if __name__ == "__main__":
    unittest.main()
