"""The table of commands, and the check of what is handed in: every refusal names the place and what is allowed."""

import unittest

from firmware.charging.commands import COMMANDS, MAX_PLAN_S, MAX_STEPS, CommandError, check_arguments, row_of
from firmware.charging.orders import DO

GOOD = {
    "set_ceiling": {"source": "hems", "limit_ma": 6000}, "clear_ceiling": {"source": "hems"}, "authorize": {}, "start": {},
    "stop": {}, "unlock": {}, "clear": {}, "availability": {"operative": True}, "mode": {"mode": "smart"},
    "account": {"account": ""}, "phases": {"phases": 3}, "restart": {}, "clock": {"utc_s": 1800000000},
    "set_plan": {"plan": []}, "service_mode": {"mode": "normal"}, "teach_cards": {"mode": "add"},
    "reserve": {"id": "04A1B2C3", "for_s": 600}, "cancel_reservation": {}, "clear_cache": {},
}


class TestTable(unittest.TestCase):
    def test_every_command_of_the_table_is_done_by_the_station_and_no_other(self):
        self.assertEqual(sorted(DO), sorted([row[0] for row in COMMANDS]))

    def test_names_stand_once(self):
        self.assertEqual(len(set([row[0] for row in COMMANDS])), len(COMMANDS))

    def test_every_command_has_a_role(self):
        for row in COMMANDS:
            self.assertIn(row[2], ("control", "admin"))

    def test_the_user_sets_the_clock(self):
        self.assertEqual(row_of("clock")[2], "control")

    def test_least_arguments_of_every_command_are_accepted(self):
        for row in COMMANDS:
            self.assertIs(check_arguments(row[0], GOOD[row[0]]), row)


class TestCheck(unittest.TestCase):
    def refused(self, name, args):
        with self.assertRaises(CommandError) as caught:
            check_arguments(name, args)
        return caught.exception

    def test_unknown_command_lists_the_known_ones(self):
        error = self.refused("fly", {})
        self.assertEqual((error.code, error.field), ("unknown_command", "fly"))
        for row in COMMANDS:
            self.assertIn(row[0], error.message)
        with self.assertRaises(CommandError):
            row_of("")

    def test_a_plan_is_a_bounded_list_of_pairs_of_whole_numbers(self):
        check_arguments("set_plan", {"plan": [[at, 6000] for at in range(MAX_STEPS)]})
        for plan in ([[0, 6000]] * (MAX_STEPS + 1), [[0]], [[0, 1, 2]], [[-1, 0]], [[0, -1]], [[0, 80001]], [["0", 6000]],
                     [[True, 6000]], [(0, 6000)], "[]", {"0": 1}, [[MAX_PLAN_S + 1, 0]], [[0, 6000]] * 2):
            error = self.refused("set_plan", {"plan": plan})
            self.assertEqual((error.code, error.field), ("bad_value", "plan"))

    def test_a_plan_s_time_of_the_wrong_kind_is_named_before_its_steps_are_compared_with_it(self):
        for valid_s in ("60", [], 59, True):
            self.assertEqual(self.refused("set_plan", {"plan": [[0, 6000]], "valid_s": valid_s}).field, "valid_s")

    def test_unknown_argument_is_named_with_the_allowed_ones(self):
        error = self.refused("set_ceiling", {"source": "a", "limit_ma": 6000, "limit": 1})
        self.assertEqual((error.code, error.field), ("unknown_argument", "limit"))
        self.assertIn("limit_ma", error.message)

    def test_first_unknown_argument_is_the_same_on_every_interpreter(self):
        error = self.refused("start", {"z": 1, "b": 1, "y": 1, "c": 1})
        self.assertEqual(error.field, "b")
        self.assertIn("nothing", error.message)

    def test_missing_argument_is_named(self):
        for args in ({"limit_ma": 6000}, {"source": None, "limit_ma": 6000}):
            error = self.refused("set_ceiling", args)
            self.assertEqual((error.code, error.field), ("missing_argument", "source"))

    def test_optional_argument_may_be_null(self):
        check_arguments("set_ceiling", {"source": "a", "limit_ma": 0, "failsafe_ma": None, "timeout_s": None})

    def test_arguments_must_be_an_object(self):
        for args in ([], "x", 5, None):
            self.assertEqual(self.refused("start", args).code, "bad_value")

    def test_values_at_the_edges(self):
        for low, high, make in (
                (0, 80000, lambda value: ("set_ceiling", {"source": "a", "limit_ma": value})),
                (0, 80000, lambda value: ("set_ceiling", {"source": "a", "limit_ma": 0, "failsafe_ma": value})),
                (1, 86400, lambda value: ("set_ceiling", {"source": "a", "limit_ma": 0, "timeout_s": value})),
                (1735689600, 4102444800, lambda value: ("clock", {"utc_s": value}))):
            for value in (low, high):
                check_arguments(*make(value))
            for value in (low - 1, high + 1):
                error = self.refused(*make(value))
                self.assertEqual(error.code, "bad_value")
                self.assertIn(str(low), error.message)
                self.assertIn(str(high), error.message)

    def test_a_value_of_another_type_is_refused(self):
        for name, args, field in (
                ("set_ceiling", {"source": "a", "limit_ma": True}, "limit_ma"),
                ("set_ceiling", {"source": "a", "limit_ma": "6000"}, "limit_ma"),
                ("set_ceiling", {"source": "a", "limit_ma": [6000]}, "limit_ma"),
                ("set_ceiling", {"source": 7, "limit_ma": 6000}, "source"),
                ("availability", {"operative": 1}, "operative"),
                ("availability", {"operative": "true"}, "operative"),
                ("mode", {"mode": 1}, "mode"), ("mode", {"mode": []}, "mode"), ("mode", {"mode": {}}, "mode"),
                ("phases", {"phases": True}, "phases"), ("phases", {"phases": "3"}, "phases"),
                ("account", {"account": 5}, "account")):
            error = self.refused(name, args)
            self.assertEqual((error.code, error.field), ("bad_value", field))

    def test_a_fraction_is_no_number_of_phases_and_no_current(self):
        for value in (int("1") * 1.0, 3 * 1.0, 2 * 1.0):
            self.assertEqual(self.refused("phases", {"phases": value}).field, "phases")
        self.assertEqual(self.refused("set_ceiling", {"source": "a", "limit_ma": 6000 * 1.0}).field, "limit_ma")

    def test_text_length_is_bounded(self):
        check_arguments("set_ceiling", {"source": "x" * 24, "limit_ma": 0})
        for source in ("", "x" * 25):
            error = self.refused("set_ceiling", {"source": source, "limit_ma": 0})
            self.assertIn("1 to 24", error.message)


if __name__ == "__main__":
    unittest.main()
