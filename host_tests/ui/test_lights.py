"""Every state and every fault can be told apart by looking, and nothing that stops a charge is ever dark."""

import unittest

from firmware.charging.facts import OVERVIEW_STATES
from firmware.charging.faults import ERROR, FAULTS, LIGHT, LIGHTS, NAME, SEVERITY
from firmware.ui.lights import CONNECTION, MODE, ONE, READER, STATUS, Lights, condition, fault_look, flashing
from firmware.ui.view import View

COLOURS = b"BGORW."
WRAP = 1 << 30


def view(**values):
    found = View()
    found.starting = False
    for name, value in values.items():
        setattr(found, name, value)
    return found


def film(shown, ms=6000, start_ms=0, step_ms=50):
    """The frames of so many ms as text."""
    lights = Lights()
    frames = []
    for at_ms in range(start_ms, start_ms + ms, step_ms):
        lights.tick(shown, at_ms % WRAP)
        frames.append(bytes(lights.frame).decode())
    return frames


def segments(shown, ms=6000, start_ms=0):
    """The different pictures of S1 to S4 in these ms."""
    return set([frame[:4] for frame in film(shown, ms, start_ms)])


class TestTables(unittest.TestCase):
    def test_tables_hold_four_segments_of_known_colours(self):
        for name, four, rhythm, one in STATUS:
            self.assertEqual(len(four), 4, name)
            for letter in four + one:
                self.assertIn(ord(letter), COLOURS)
            self.assertIn(rhythm, range(5))
            self.assertEqual(one == ".", four == "....", name)

    def test_every_condition_has_a_row_whatever_the_charger_is_in(self):
        names = [row[0] for row in STATUS] + ["fault"]
        for overview in OVERVIEW_STATES:
            for flag in ("updating", "starting", "arriving", "charging", "selftest", "vehicle", "authorized", "commissioning",
                         "cards", "blocked"):
                for value in (True, False):
                    self.assertIn(condition(view(overview=overview, **{flag: value})), names)


class TestStates(unittest.TestCase):
    def test_every_overview_state_is_seen(self):
        for overview in OVERVIEW_STATES:
            self.assertNotEqual(segments(view(overview=overview)), {"...."}, overview)
        self.assertEqual(segments(view(overview="Idle")), {"BBBB"})
        self.assertEqual(segments(view(overview="ReadyForCharging", vehicle=True)), {"BBBB"})
        self.assertEqual(segments(view(overview="Suspended", vehicle=True)), {"BBBB"})
        self.assertEqual(segments(view(overview="Charging", charging=True, vehicle=True)), {"BBBB", "...."})
        self.assertEqual(segments(view(overview="ServiceMode")), {"OOOO", "...."})
        self.assertEqual(segments(view(overview="TokenProgrammingMode")), {"O..O", "...."})
        for overview in ("RecoverFromError", "UnrecoverableError"):
            self.assertEqual(segments(view(overview=overview)), {"RRRR", "...."})

    def test_start_update_self_test_and_commissioning_look_as_promised(self):
        self.assertEqual(segments(view(starting=True)), {"OOOO", "...."})
        self.assertEqual(segments(view(updating=True)), {"OOOO", "...."})
        self.assertEqual(segments(view(selftest=True)), {"OOOO"})
        self.assertEqual(segments(view(commissioning=True, overview="ServiceMode")), {".OO."})
        self.assertEqual(segments(view(reserved=True)), {"B..B"})

    def test_after_the_start_it_shows_what_was_reached(self):
        self.assertEqual(segments(view(arriving=True)), {"BBBB"})
        self.assertEqual(segments(view(arriving=True, csms=True, manager=True)), {"BBBB"})
        self.assertEqual(segments(view(arriving=True, csms=False)), {"BBB."})
        self.assertEqual(segments(view(arriving=True, manager=False)), {".BB."})

    def test_waiting_for_a_card_is_a_blue_flash_every_three_seconds(self):
        frames = film(view(vehicle=True, authorized=False), 9000)
        begins = [n for n in range(1, len(frames)) if frames[n][:4] == "BBBB" and frames[n - 1][:4] == "...."]
        self.assertEqual(begins, [60, 120])
        self.assertEqual(len([1 for frame in frames if frame[0] == "B"]), 18)

    def test_not_authorised_where_no_card_helps_is_dark(self):
        self.assertEqual(segments(view(vehicle=True, authorized=False, cards=False)), {"...."})

    def test_accepted_card_is_green_and_a_refused_one_red(self):
        self.assertEqual(segments(view(card="accepted")), {"GGGG"})
        self.assertEqual(segments(view(card="refused")), {"RRRR"})

    def test_a_fault_is_seen_before_anything_but_start_and_update(self):
        for values in ({"charging": True}, {"selftest": True}, {"commissioning": True}, {"card": "accepted"},
                       {"vehicle": True, "authorized": False}, {"arriving": True}):
            self.assertEqual(segments(view(blocked=True, light="red*2", **values)), {"RRRR", "...."}, values)

    def test_blinking_goes_on_across_the_wrap_of_the_clock(self):
        self.assertEqual(segments(view(charging=True), 2000, WRAP - 1000), {"BBBB", "...."})


class TestFaults(unittest.TestCase):
    def test_every_fault_that_stops_a_charge_is_seen_on_strip_and_on_plain_leds(self):
        for row in FAULTS:
            if row[SEVERITY] >= ERROR:
                self.assertTrue(row[LIGHT], row[NAME])
                frames = film(view(blocked=True, light=row[LIGHT]), 9000)
                for first, last in ((0, 4), (ONE, ONE + 1)):
                    letters = set("".join([frame[first:last] for frame in frames])) - {"."}
                    self.assertEqual(letters, {row[LIGHT][0].upper()}, row[NAME])

    def test_every_light_of_the_registry_is_one_of_its_legend_and_can_be_shown(self):
        legend = [row[0] for row in LIGHTS]
        for row in FAULTS:
            if row[LIGHT]:
                self.assertIn(row[LIGHT], legend, row[NAME])
        for light in legend:
            colour, places, count = fault_look(light)
            self.assertIn(colour, ("R", "O"))
            self.assertTrue(set(places) <= set("1234"), light)
            self.assertIn(count, range(9))

    def test_fault_without_a_light_of_its_own_is_red_all_the_same_when_it_stops_the_charge(self):
        self.assertEqual(segments(view(blocked=True, light="")), {"RRRR", "...."})

    def test_flashes_can_be_counted(self):
        for count in range(1, 8):
            shown = "".join(["x" if flashing(count, at_ms) else "." for at_ms in range(0, 500 * count + 1500, 50)])
            self.assertEqual(len([part for part in shown.split(".") if part]), count)
            self.assertTrue(shown.endswith("." * 30))

    def test_registry_text_becomes_segments_and_flashes(self):
        self.assertEqual(segments(view(blocked=True, light="orange:34")), {"..OO"})
        self.assertEqual(segments(view(blocked=True, light="red")), {"RRRR"})
        self.assertEqual(segments(view(blocked=True, light="red:1*2")), {"R...", "...."})

    def test_warning_interrupts_the_state_and_leaves_it_most_of_the_time(self):
        frames = film(view(vehicle=True, light="orange:12"), 6000)
        self.assertEqual([frame[:4] for frame in frames], ["BBBB"] * 80 + ["OO.."] * 40)

    def test_warning_waits_while_a_card_is_answered(self):
        self.assertEqual(segments(view(card="accepted", light="orange:12")), {"GGGG"})


class TestSingleLights(unittest.TestCase):
    def letters(self, place, **values):
        return set([frame[place] for frame in film(view(**values), 2000)])

    def test_reader_light(self):
        self.assertEqual(self.letters(READER), {"."})
        self.assertEqual(self.letters(READER, vehicle=True, authorized=False), {"W", "."})
        self.assertEqual(self.letters(READER, vehicle=True, authorized=False, cards=False), {"."})
        self.assertEqual(self.letters(READER, card="read"), {"W"})
        self.assertEqual(self.letters(READER, card="accepted"), {"G"})
        self.assertEqual(self.letters(READER, card="refused"), {"R"})
        self.assertEqual(self.letters(READER, overview="TokenProgrammingMode"), {"O"})

    def test_connection_light(self):
        for connection, expected in ((None, {"."}), ("reachable", {"W"}), ("connecting", {"G", "."}), ("connected", {"G"}),
                                     ("lost", {"O"})):
            self.assertEqual(self.letters(CONNECTION, connection=connection), expected)

    def test_mode_light(self):
        self.assertEqual(self.letters(MODE), {"B"})
        self.assertEqual(self.letters(MODE, vehicle=True), {"G"})
        self.assertEqual(self.letters(MODE, vehicle=True, smart=True), {"W", "."})
        self.assertEqual(self.letters(MODE, vehicle=True, smart=True, internal=True), {"O"})


if __name__ == "__main__":
    unittest.main()
