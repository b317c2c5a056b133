"""Melodies are played without waiting, and a press means what its length says: not bounce, not a stuck button."""

import unittest

from firmware.ui.buttons import DEBOUNCE_MS, FRONT, STUCK_MS, Button, possible
from firmware.ui.buttons import SERVICE as WHOLE
from firmware.ui.buzzer import MELODIES, Buzzer
from firmware.ui.standby import AWAKE, DIMMED, OFF, Standby

SERVICE = possible(WHOLE, ("restart", "factory_reset"))       # without cards
WRAP = 1 << 30
STARTS = (0, WRAP - 1500)


def melody(name):
    return [row for row in MELODIES if row[0] == name][0][1]


class TestBuzzer(unittest.TestCase):
    def tones(self, name, start_ms):
        buzzer = Buzzer()
        buzzer.play(name, start_ms)
        return [buzzer.tick((start_ms + at_ms) % WRAP) for at_ms in range(0, 1500, 10)]

    def test_melodies_sound_as_the_table_says_and_end(self):
        for start_ms in (0, WRAP - 100):
            for name, notes in MELODIES:
                expected = []
                for hz, length_ms in notes:
                    expected += [hz] * (length_ms // 10)
                heard = self.tones(name, start_ms)
                self.assertEqual(heard[:len(expected)], expected, name)
                self.assertEqual(set(heard[len(expected):]), {0}, name)

    def test_read_is_one_tone_accepted_rises_refused_falls(self):
        self.assertEqual(len(melody("card_read")), 1)
        rising = [hz for hz, _ in melody("accepted")]
        falling = [hz for hz, _ in melody("refused")]
        self.assertTrue(len(rising) > 1 and rising == sorted(rising) and len(set(rising)) == len(rising))
        self.assertTrue(len(falling) > 1 and falling == sorted(falling, reverse=True) and len(set(falling)) == len(falling))

    def test_the_three_beeps_of_the_service_button_can_be_counted(self):
        for count, name in enumerate(("first_beep", "second_beep", "third_beep"), 1):
            self.assertEqual(len([1 for hz, _ in melody(name) if hz]), count)

    def test_no_tone_has_the_pilots_frequency(self):
        for _name, notes in MELODIES:
            for hz, length_ms in notes:
                self.assertTrue(hz == 0 or 1500 <= hz <= 4000)
                self.assertTrue(0 < length_ms <= 500)

    def test_newer_melody_takes_over_and_unknown_one_says_nothing(self):
        buzzer = Buzzer()
        buzzer.play("refused", 0)
        buzzer.play("card_read", 50)
        self.assertEqual(buzzer.tick(60), 2400)
        self.assertEqual(buzzer.tick(50 + 120), 0)
        buzzer.play("nonsense", 300)
        self.assertEqual(buzzer.tick(300), 0)


class Finger:
    """A button in time: press(ms), release(ms); what it said is collected."""

    def __init__(self, table, start_ms=0):
        self.button, self.now_ms = Button(table), start_ms
        self.beeps, self.actions = [], []
        self.hold(False, 200)

    def hold(self, pressed, ms):
        for _ in range(0, ms, 10):
            beep, action = self.button.tick(pressed, self.now_ms)
            self.now_ms = (self.now_ms + 10) % WRAP
            if beep is not None:
                self.beeps.append(beep)
            if action is not None:
                self.actions.append(action)
        return self

    def press(self, ms):
        return self.hold(True, ms).hold(False, 200)


class TestService(unittest.TestCase):
    def test_length_decides_and_beeps_tell_when(self):
        for start_ms in STARTS:
            for held_ms, beeps, actions in ((500, [], []), (1900, [], []), (2200, ["first_beep"], ["restart"]),
                                            (7000, ["first_beep"], ["restart"]),
                                            (15200, ["first_beep", "third_beep"], ["factory_reset"])):
                finger = Finger(SERVICE, start_ms).press(held_ms)
                self.assertEqual((finger.beeps, finger.actions), (beeps, actions), held_ms)

    def test_nothing_happens_before_the_button_is_let_go_of(self):
        finger = Finger(SERVICE).hold(True, 10000)
        self.assertEqual(finger.actions, [])
        finger.hold(False, 100)
        self.assertEqual(finger.actions, ["restart"])

    def test_stuck_button_does_nothing_and_works_again_afterwards(self):
        finger = Finger(SERVICE).press(STUCK_MS + 500)
        self.assertEqual(finger.actions, [])
        finger.press(2500)
        self.assertEqual(finger.actions, ["restart"])

    def test_button_that_is_down_at_the_start_must_be_let_go_of_first(self):
        finger = Finger(SERVICE)
        finger.button, finger.actions = Button(SERVICE), []
        finger.hold(True, 5000).hold(False, 200)
        self.assertEqual(finger.actions, [])
        finger.press(2500)
        self.assertEqual(finger.actions, ["restart"])

    def test_button_that_cannot_be_read_ends_its_press_without_an_action(self):
        finger = Finger(SERVICE).hold(True, 3000).hold(None, 100).hold(False, 200)
        self.assertEqual(finger.actions, [])

    def test_with_cards_the_second_beep_clears_them(self):
        for held_ms, beeps, actions in ((2200, 1, ["restart"]), (6200, 2, ["clear_cards"]), (15200, 3, ["factory_reset"])):
            finger = Finger(possible(WHOLE, ("restart", "clear_cards", "factory_reset"))).press(held_ms)
            self.assertEqual((finger.beeps, finger.actions), (["first_beep", "second_beep", "third_beep"][:beeps], actions))

    def test_rows_are_those_that_the_charger_can_do_and_lengths_grow(self):
        self.assertEqual([row[2] for row in SERVICE], ["restart", "factory_reset"])
        lengths = [row[0] for row in WHOLE]
        self.assertEqual(lengths, sorted(lengths))


class TestFront(unittest.TestCase):
    def test_short_press_counts_and_bounce_does_not(self):
        finger = Finger(FRONT).hold(True, DEBOUNCE_MS - 20).hold(False, 200)
        self.assertEqual(finger.actions, [])
        finger.press(150)
        self.assertEqual(finger.actions, ["stop_or_resume"])

    def test_bouncing_press_counts_once(self):
        finger = Finger(FRONT)
        for _ in range(5):
            finger.hold(True, 20).hold(False, 10)
        finger.hold(True, 300)
        for _ in range(5):
            finger.hold(False, 10).hold(True, 20)
        finger.hold(False, 200)
        self.assertEqual(finger.actions, ["stop_or_resume"])

    def test_somebody_who_leans_on_it_does_not_stop_the_charge(self):
        self.assertEqual(Finger(FRONT).press(5000).actions, [])


class TestStandby(unittest.TestCase):
    def standby(self, sleep_mode=False):
        standby = Standby()
        standby.dim_ms, standby.off_ms, standby.sleep_mode = 600000, 1800000, sleep_mode
        return standby

    def pass_by(self, standby, start_ms, ms, busy=False, charging=False, situation=0):
        levels = []
        for at_ms in range(0, ms, 1000):
            levels.append(standby.tick(busy, charging, situation, (start_ms + at_ms) % WRAP))
        return levels

    def test_lights_dim_then_go_off_and_stay_off_beyond_the_clocks_wrap(self):
        for start_ms in (0, WRAP - 900000):
            levels = self.pass_by(self.standby(), start_ms, 2000000)
            self.assertEqual((levels.index(DIMMED), levels.index(OFF)), (600, 1800))
            self.assertEqual(set(levels[1800:]), {OFF})
        standby = self.standby()
        standby.tick(False, False, 0, 0)
        standby.tick(False, False, 0, 1800000)
        self.assertEqual(standby.tick(False, False, 0, 5), OFF)       # the clock has come round

    def test_vehicle_press_card_and_fault_wake_and_a_charge_keeps_awake(self):
        for change in ({"situation": 1}, {"busy": True}, {"charging": True}):
            standby = self.standby()
            self.assertEqual(self.pass_by(standby, 0, 1900000)[-1], OFF)
            self.assertEqual(set(self.pass_by(standby, 1900000, 3000, **change)), {AWAKE})
        self.assertEqual(set(self.pass_by(self.standby(), 0, 5000000, charging=True)), {AWAKE})

    def test_sleep_mode_goes_dark_when_the_charge_ends(self):
        for sleep_mode, expected in ((True, OFF), (False, AWAKE)):
            standby = self.standby(sleep_mode)
            self.pass_by(standby, 0, 5000, charging=True, situation=1)
            self.assertEqual(set(self.pass_by(standby, 5000, 5000, situation=1)), {expected})

    def test_never_means_never(self):
        standby = Standby()
        self.assertEqual(set(self.pass_by(standby, 0, 9000000)), {AWAKE})


if __name__ == "__main__":
    unittest.main()
