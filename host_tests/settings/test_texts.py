# cpython only: reads the page's translations with pathlib
"""Every setting can be shown: a name and a help text in each language, words for what may be chosen, a heading for each area."""
import json
import unittest
from pathlib import Path

from firmware.settings import schema

FOLDER = Path(__file__).resolve().parents[2] / "firmware" / "page" / "translations"


def texts(language):
    return json.loads((FOLDER / ("settings.%s.json" % language)).read_text(encoding="utf-8"))


def needed():
    for row in schema.SETTINGS:
        key, kind, _, allowed = row[:4]
        yield "area." + key.partition(".")[0]
        yield "setting." + key
        yield "help." + key
        if kind == schema.CHOICE and key.rpartition(".")[2] != "phase_rotation":     # L2-L3-L1 says what it is
            yield from ("option.%s.%s" % (key, choice) for choice in allowed if type(choice) is str)


class TextsTest(unittest.TestCase):
    def test_every_setting_has_its_texts_in_every_language_and_none_is_left_over(self):
        wanted = sorted(set(needed()))
        for language in ("en", "de", "fr"):
            with self.subTest(language):
                self.assertEqual(sorted(texts(language)), wanted)
                self.assertEqual([key for key, text in texts(language).items() if not text.strip()], [])

    def test_names_are_short_and_help_is_a_sentence(self):
        for language in ("en", "de", "fr"):
            for key, text in texts(language).items():
                with self.subTest(language=language, key=key):
                    if key.startswith("help."):
                        self.assertIn(text[-1], ".…")
                        self.assertLessEqual(len(text), 240)
                    else:
                        self.assertLessEqual(len(text), 60)
                        self.assertNotEqual(text[-1], ".")

    def test_two_settings_of_one_area_do_not_have_the_same_name(self):
        for language in ("en", "de", "fr"):
            seen = [(key.split(".")[1], text) for key, text in texts(language).items() if key.startswith("setting.")]
            self.assertEqual(len(set(seen)), len(seen), language)


if __name__ == "__main__":
    unittest.main()
