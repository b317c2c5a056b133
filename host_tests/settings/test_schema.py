import json
import unittest

from firmware.settings import schema
from host_tests.lines_run import CAN_COUNT, lines_run


class SchemaTest(unittest.TestCase):
    def test_every_row_is_complete_and_its_default_allowed(self):
        for row in schema.SETTINGS:
            with self.subTest(row[0]):
                key, kind, default, allowed, unit, access, flags = row
                self.assertIn(kind, (schema.BOOL, schema.INT, schema.STR, schema.CHOICE))
                self.assertTrue(schema.is_allowed(row, default))
                self.assertEqual(len(access), 2)
                for letter in access:
                    self.assertIn(letter, "-rw")
                for letter in flags:
                    self.assertIn(letter, "Ropsi")
                if kind in (schema.INT, schema.STR):
                    self.assertLessEqual(allowed[0], allowed[1])
                if kind == schema.CHOICE:
                    self.assertGreater(len(allowed), 1)
                    self.assertEqual(len(set(allowed)), len(allowed))
                self.assertTrue(type(unit) is str)
                self.assertIs(schema.find(key), row)

    def test_keys_are_dotted_by_area_and_each_stands_there_once(self):
        keys = [row[0] for row in schema.SETTINGS]
        self.assertEqual(len(set(keys)), len(keys))
        self.assertEqual(keys, sorted(keys))
        for key in keys:
            area, name = key.split(".")
            for char in area + name:
                self.assertIn(char, "abcdefghijklmnopqrstuvwxyz_0123456789")

    def test_units_stand_in_the_names(self):
        for row in schema.SETTINGS:
            if row[4]:
                ending = {"A": "_a", "mA": "_ma", "V": "_v", "s": "_s", "%": "_percent", "min": "_min",
                          "0.01 ct/kWh": "_per_kwh"}[row[4]]
                self.assertTrue(ending in row[0], row[0])

    def test_a_user_never_may_more_than_an_admin(self):
        for row in schema.SETTINGS:
            if schema.kind_of(row) != schema.PERSONAL:
                self.assertLessEqual("-rw".find(row[5][0]), "-rw".find(row[5][1]), row[0])

    def test_a_rule_asks_for_no_setting_that_it_cannot_blame(self):
        for holds, places in schema.RULES:
            asked = []

            def get(key):
                asked.append(key)
                return schema.find(key)[2]
            self.assertTrue(holds(get), places)
            self.assertEqual([key for key in asked if key not in [place[0] for place in places]], [])

    def test_text_is_taken_without_control_characters_and_halves_of_pairs_alone(self):
        row = ("k", schema.STR, "", (0, 8000), "", "rw", "")
        for text in ("", "a", " ", "~", "\x80", "\u00ed\u00a0", "\ud7ff", "\ue000", "\ud55c\uae00", "\U0001f600", "x" * 8000):
            self.assertTrue(schema.is_allowed(row, text), repr(text))
        for text in ("\0", "a\nb", "\x1f", "a\x7f", json.loads('"\\ud800"'), json.loads('"\\udfff"'),
                     "\ud7ff" + json.loads('"a\\udc00b"')):
            self.assertFalse(schema.is_allowed(row, text), repr(text))

    @unittest.skipUnless(CAN_COUNT, "cpython only: the VM cannot count")
    def test_a_certificate_is_looked_at_without_a_step_for_each_character(self):
        row = ("k", schema.STR, "", (0, 8000), "", "rw", "")
        self.assertLess(lines_run(lambda: schema.is_allowed(row, "x" * 8000)), 30)

    def test_classes(self):
        for flags, kind in (("", "plain"), ("R", "plain"), ("p", "personal"), ("Rs", "secret"), ("i", "identity")):
            self.assertEqual(schema.kind_of(("k", "str", "", (0, 1), "", "rw", flags)), kind)

    def test_the_firmware_itself_may_everything(self):
        row = ("k", schema.STR, "", (0, 1), "", "--", "s")
        self.assertTrue(schema.may_read(row, None) and schema.may_write(row, None))
        self.assertFalse(schema.may_read(row, "admin") or schema.may_write(row, "user"))
