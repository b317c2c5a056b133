"""Settings as text: what is written is read back, whoever saved it in whatever editor; what is wrong is named with its line."""
import unittest

from firmware.settings import schema, text_form
from firmware.settings.store import Store
from firmware.settings.text_form import TextError, for_another, reading


def read(data, serial="M3-1", name="", **options):
    return list(reading(data if isinstance(data, bytes) else data.encode(), serial, name, **options))[-1]


def other_value(row):
    """A value that is allowed and not the default."""
    key, kind, default, allowed, _, _, _ = row
    if kind == schema.BOOL:
        return not default
    if kind == schema.INT:
        return allowed[0] if default != allowed[0] else allowed[1]
    if kind == schema.STR:
        return "x" * max(allowed[0], 1) if default != "x" * max(allowed[0], 1) else "y" * max(allowed[0], 1)
    return [choice for choice in allowed if choice != default][0]


class TextForm(unittest.TestCase):
    def refused(self, data, line, key, words, **options):
        try:
            read(data, **options)
        except TextError as error:
            self.assertEqual((error.line, error.key), (line, key), data)
            self.assertIn(words, str(error))
            return
        self.fail("taken: %r" % data)

    def test_what_is_written_is_read_back(self):
        store = Store()
        plain = [row for row in schema.SETTINGS if schema.kind_of(row) == schema.PLAIN and schema.may_write(row, "admin")]
        wanted = {row[0]: other_value(row) for row in plain}
        store._values = dict(wanted)                         # rules and guards are the store's affair
        values, places = read("".join(text_form.lines(store, "1.2.3", own=True)))
        self.assertEqual(values, wanted)
        self.assertEqual(sorted(places), sorted(values))

    def test_the_longest_text_is_taken(self):
        store = Store()
        store._values = {row[0]: "x" * row[3][1] for row in schema.SETTINGS if row[1] == schema.STR}
        text = "".join(text_form.lines(store, "1.2.3", "M3-1"))
        self.assertLess(len(text), text_form.MAX_TEXT)
        values = read(text)[0]
        self.assertEqual(values, {key: store.get(key) for key in values})

    def test_what_is_one_chargers_own_is_left_out_of_a_text_for_many(self):
        store = Store()
        store.set_many({"network.ip": "192.168.1.7", "network.mask": "255.255.0.0"})
        self.assertNotIn("192.168.1.7", "".join(text_form.lines(store, "1.2.3")))
        self.assertIn("255.255.0.0", "".join(text_form.lines(store, "1.2.3")))
        for options in ({"own": True}, {"serial": "M3-1"}):
            self.assertIn("network.ip = 192.168.1.7", "".join(text_form.lines(store, "1.2.3", **options)))

    def test_identity_secrets_and_persons_are_never_written(self):
        store = Store()
        store.set_many({"identity.serial": "M3-77", "station.name": "Ann"})
        text = "".join(text_form.lines(store, "1.2.3"))
        for part in ("M3-77", "Ann", "identity.", "station.name"):
            self.assertNotIn(part, text)
        before = schema.SETTINGS
        schema.SETTINGS = before + (("zz.key", schema.STR, "", (0, 12), "", "-w", "s"),)
        try:
            store.set_many({"zz.key": "hush"})
            self.assertNotIn("hush", "".join(text_form.lines(store, "1.2.3")))
            self.assertNotIn("zz.", "".join(text_form.lines(store, "1.2.3")))
        finally:
            schema.SETTINGS = before

    def test_every_line_end_with_and_without_byte_order_mark(self):
        rows = ["# a comment", "; another = 1", "", "installation.fuse_a = 16", "  time.zone=CET-1  ", "sounds.on = false",
                "station.name = K\u00fcche # 1"]
        wanted = {"installation.fuse_a": 16, "time.zone": "CET-1", "sounds.on": False, "station.name": "K\u00fcche # 1"}
        for end in ("\n", "\r\n", "\r"):
            for mark in (b"", b"\xef\xbb\xbf"):
                for last in ("", end):
                    data = mark + (end.join(rows) + last).encode()
                    self.assertEqual(read(data)[0], wanted)
                    self.assertEqual(read(data)[1]["station.name"], 7)

    def test_values_keep_their_spaces_and_quotes_in_quotes(self):
        for value in ("", " a", "a ", '"', '"a"', 'a"b', "a = b", "# a", "\\", "\u00e4\u20ac", " \U0001f50c "):
            text = "station.name = " + text_form.text_of(value)
            self.assertEqual(read(text)[0], {"station.name": value}, text)

    def test_what_no_setting_can_be_stays_what_it_is_for_the_store_to_refuse(self):
        for text, value in (("true", True), ("True", "True"), ("17", 17), ("-1", -1), ("", ""), ("12345678901", "12345678901")):
            self.assertEqual(read("sounds.on = " + text)[0], {"sounds.on": value})
        self.assertEqual(read("installation.fuse_a = 16 A")[0], {"installation.fuse_a": "16 A"})
        self.assertEqual(read("installation.fuse_a = \u0661\u0666")[0], {"installation.fuse_a": "\u0661\u0666"})
        self.assertEqual(read("installation.phases = 3")[0], {"installation.phases": 3})
        self.assertEqual(read("installation.phases = 2")[0], {"installation.phases": "2"})
        self.assertEqual(read("no.such = 5")[0], {"no.such": 5})

    def test_what_cannot_be_read_is_named_with_its_line(self):
        self.refused("\n\ninstallation.fuse_a 16\n", 3, None, "key = value")
        self.refused("= 16", 1, None, "key = value")
        self.refused("sounds.on = true\n\nsounds.on = true", 3, "sounds.on", "line 1")
        self.refused('station.name = "abc', 1, "station.name", "JSON")
        self.refused('station.name = "abc" x', 1, "station.name", "JSON")
        self.refused(b"# x\nstation.name = K\xfcche", 2, None, "UTF-8")
        self.refused(b"s\x00o\x00 \x00=\x00\n", 1, None, "UTF-8")
        self.refused("station.name = " + "x" * text_form.MAX_LINE, 1, None, "longer")

    def test_a_file_for_another_charger_is_refused_by_its_line_or_its_name(self):
        self.assertEqual(read("# serial = m3-1\nsounds.on = true")[0], {"sounds.on": True})
        self.assertEqual(read("sounds.on = true\n# serial = M3-2")[0], {"sounds.on": True})     # a comment like any other by then
        self.refused("\ufeff# A title\n# serial = M3-2\nsounds.on = true", 2, None, "M3-2")
        self.refused("sounds.on = true", None, None, "M3-2", name="settings_M3-2.txt")
        self.refused("# serial = M3-2\n", 1, None, "without a serial number", serial="")

    def test_which_file_names_hold_another_serial_number(self):
        for name, serial, other in (
                ("settings.txt", "M3-1", None), ("settings_M3-1.txt", "M3-1", None), ("M3-1 (2).txt", "M3-1", None),
                ("m3-1.txt", "M3-1", None), ("M3-2.txt", "M3-1", "M3-2"), ("x_M3-2_M3-1.txt", "M3-1", None),
                ("M3-11.txt", "M3-1", "M3-11"), ("C:\\M3-2\\kitchen.txt", "M3-1", None), ("/M3-2/kitchen.txt", "M3-1", None),
                ("AB-2.txt", "AB-1", "AB-2"), ("M3-2.txt", "", "M3-2"), ("", "M3-1", None), ("M3-garage", "M3-1", "M3-garage")):
            self.assertEqual(for_another(name, serial), other, name)

    def test_a_text_of_an_older_schema_is_brought_up_to_date_and_of_a_newer_one_refused(self):
        def rename(values):
            if "old.fuse" in values:
                values["installation.fuse_a"] = values.pop("old.fuse")

        self.assertEqual(read("# schema = 1\nold.fuse = 16", migrations=(rename,))[0], {"installation.fuse_a": 16})
        self.assertEqual(read("# schema = 2\nold.fuse = 16", migrations=(rename,))[0], {"old.fuse": 16})
        self.assertEqual(read("old.fuse = 16", migrations=(rename,))[0], {"old.fuse": 16})
        self.refused("# schema = 3", 1, None, "1 to 2", migrations=(rename,))
        self.refused("# schema = x", 1, None, "1 to 1")


if __name__ == "__main__":
    unittest.main()
