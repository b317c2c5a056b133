"""The manifest's reader: takes what the release tool writes, in pieces of any size, and names the line of what cannot be."""

import hashlib
import unittest

from firmware.services.ota.manifest import Manifest, check_path, version_from_text
from firmware.services.ota.refusal import REASONS, UpdateError

HASH = "ab" * 32
LINES = ("mode3-manifest 1", "version 1.4.0", "date 2026-11-20", "board any", "boot 0", "note Faster.", "note Äußerst schnell.",
         "file 3 %s firmware/app.mpy" % HASH, "file 40 %s lib/more.mpy" % HASH, "end 2 43", "signature " + "0f" * 384)


def text(lines=LINES):
    return ("\n".join(lines) + "\n").encode()


def read(data, step=4096):
    found = Manifest()
    for at in range(0, len(data), step):
        found.feed(data[at:at + step])
    found.finish()
    return found


def changed(place, line):
    """LINES with one line replaced, or left out (None)."""
    lines = list(LINES)
    lines[place:place + 1] = [] if line is None else [line]
    return text(lines)


class TestManifest(unittest.TestCase):
    def refused(self, data, code):
        self.assertIn(code, [row[0] for row in REASONS])
        try:
            read(data)
        except UpdateError as error:
            self.assertEqual(error.code, code)
            return error.detail
        self.fail("%s was taken" % data)

    def test_it_tells_everything_whatever_the_pieces(self):
        for step in (1, 7, 64, 4096):
            found = read(text(), step)
            self.assertEqual((found.version, found.date, found.board, found.boot), ("1.4.0", "2026-11-20", "any", 0))
            self.assertEqual((found.notes, found.files, found.total_bytes), ("Faster.\nÄußerst schnell.", 2, 43))
            self.assertEqual(found.digest, hashlib.sha256(text(LINES[:-1])).digest())
            self.assertEqual(found.signature, b"\x0f" * 384)
            self.assertEqual(len(found.name()), 16)

    def test_what_follows_it_is_left_over(self):
        found = Manifest()
        self.assertEqual(found.feed(text() + b"first file"), len(text()))
        self.assertEqual((found.done, found.rest), (True, b"first file"))

    def test_cut_off_anywhere_it_is_refused(self):
        whole = text()
        for length in range(0, len(whole), 13):
            found = Manifest()
            found.feed(whole[:length])
            with self.assertRaises(UpdateError):
                found.finish()
        self.refused(text(LINES[:-1]), "unsigned")
        self.refused(b"", "bad_manifest")

    def test_lines_that_cannot_be_are_named(self):
        for place, line in ((0, "mode3-manifest 2"), (0, None), (1, "version 1.4"), (1, "version 01.4.0"), (1, "version 1.4.0-rc1"),
                            (1, "version"), (2, "date "), (2, None), (3, "board " + 33 * "x"), (4, "boot x"), (4, "boot 1000"),
                            (5, "hint x"), (5, "note " + 1201 * "x"), (7, "file 3 %s" % HASH), (7, "file 3 %s firmware/a b" % HASH),
                            (7, "file -3 %s firmware/app.mpy" % HASH), (7, "file 03 %s firmware/app.mpy" % HASH),
                            (7, "file 3 %s firmware/app.mpy" % HASH.upper()), (7, "file 3 %s0 firmware/app.mpy" % HASH[:62]),
                            (7, "file 3 %s firmware/other.mpy" % HASH), (7, None), (8, None), (8, LINES[7]), (9, "end 2 44"),
                            (9, "end 3 43"), (9, None)):
            self.refused(changed(place, line), "bad_manifest")
        self.assertEqual(self.refused(changed(1, "version x"), "bad_manifest"), "line 2")
        self.refused(text(LINES[:10] + ("note late",) + LINES[10:]), "bad_manifest")
        self.refused(changed(5, "note \xff").replace("\xff".encode(), b"\xff"), "bad_manifest")
        self.refused(changed(10, "signature 00"), "bad_signature")
        self.refused(changed(10, "signature " + "0F" * 384), "bad_signature")

    def test_paths_outside_the_application_are_refused(self):
        for path in ("../boot.py", "firmware/../../boot.py", "/boot.py", "boot.py", "data/settings", "firmware", "firmware/",
                     "firmware//x",
                     "firmware/./x", "firmware/..", "firmware\\..\\x", "incomplete", "firmware/.hidden", "lib/" + 100 * "x",
                     "Firmware/app.mpy", "firmware/é", "firmware/a%2e", ""):
            with self.assertRaises(UpdateError) as found:
                check_path(path)
            self.assertEqual(found.exception.code, "bad_path")
        self.refused(changed(8, "file 40 %s lib/../../boot.py" % HASH), "bad_path")
        for path in ("firmware/app.mpy", "lib/umqtt/simple.mpy", "firmware/page/translations/settings.en.json.gz"):
            check_path(path)

    def test_too_much_is_refused_before_it_is_kept(self):
        self.refused(changed(8, "file 262145 %s lib/more.mpy" % HASH), "too_large")
        many = ["file 200000 %s lib/%03d" % (HASH, number) for number in range(9)]
        self.refused(text(list(LINES[:8]) + many), "too_large")
        many = ["file 1 %s lib/%03d" % (HASH, number) for number in range(401)]
        self.refused(text(list(LINES[:8]) + many), "too_large")
        self.refused(b"x" * 1025, "bad_manifest")
        long = ["file 1 %s lib/%s%03d" % (HASH, 80 * "x", number) for number in range(399)]
        self.refused(text(list(LINES[:8]) + long) + text(list(LINES[:8]) + long), "too_large" if len(text(long)) > 65536 else
                     "bad_manifest")

    def test_versions_are_compared_as_numbers(self):
        self.assertTrue(version_from_text("1.10.0") > version_from_text("1.9.99"))
        for bad in ("1.2", "1.2.3.4", "1.2.x", "1..3", "-1.2.3", "1.2.10000", "", "1.2.3 "):
            with self.assertRaises(ValueError):
                version_from_text(bad)


if __name__ == "__main__":
    unittest.main()
