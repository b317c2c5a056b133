"""What boot.py noted comes into the event log once."""

import os
import unittest

from firmware.records.boot_log import take

PATH = "boot_log_of_test.json"


class TestBootLog(unittest.TestCase):
    def write(self, text):
        with open(PATH, "w") as file:
            file.write(text)

    def taken(self):
        found = []
        kinds = take(PATH, lambda kind, number, reason: found.append((kind, number, reason)))
        self.assertEqual(kinds, [entry[0] for entry in found])
        return found

    def gone(self):
        try:
            os.stat(PATH)
        except OSError:
            return True
        return False

    def test_entries_are_handed_over_in_order_and_the_file_goes(self):
        self.write('{"format": 1, "entries": [{"number": 3, "kind": "crash", "slot": "a", "reason": "ValueError"},'
                   '{"number": 4, "kind": "safe_mode", "slot": null, "reason": "no whole slot"}]}')
        self.assertEqual(self.taken(), [("crash", 3, "ValueError"), ("safe_mode", 4, "no whole slot")])
        self.assertTrue(self.gone())
        self.assertEqual(self.taken(), [])

    def test_bytes_that_are_no_text_are_a_damaged_file_too(self):
        """They raised at every start, and the file stayed."""
        with open(PATH, "wb") as file:
            file.write(b'{"entries": [{"kind": "\xff\xfe"}]}')
        self.assertEqual(self.taken(), [("damaged", 0, "boot log")])
        self.assertTrue(self.gone())

    def test_damaged_file_is_one_entry_and_goes_too(self):
        for text in ("", "{", '{"entries": 3}', '{"entries": [{"kind": 1}]}', "[]"):
            self.write(text)
            self.assertEqual(self.taken()[-1], ("damaged", 0, "boot log"))
            self.assertTrue(self.gone())


if __name__ == "__main__":
    unittest.main()
