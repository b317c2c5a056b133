# cpython only: reads the page's translations with pathlib
"""Every setting can be shown: a name and a help text in each language, words for what may be chosen, a heading for each area."""
import json
import tempfile
import unittest
from pathlib import Path

from firmware.settings import schema
from tools.checks.texts import check

FOLDER = Path(__file__).resolve().parents[2] / "firmware" / "page" / "translations"


def texts(language):
    return json.loads((FOLDER / ("settings.%s.json" % language)).read_text(encoding="utf-8"))


class TextsTest(unittest.TestCase):
    def test_every_setting_has_its_texts_in_every_language_and_none_is_left_over(self):
        self.assertEqual(check(), [])

    def test_a_missing_an_empty_and_a_foreign_text_are_found(self):
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder, "firmware/page/translations")
            place.mkdir(parents=True)
            whole = {"area.a": "A", "setting.a.b": "B", "help.a.b": "C.", "option.a.b.x": "X"}
            table = (("a.b", schema.CHOICE, "x", ("x", 3), "", "rw", ""),)
            french = {"area.a": "A", "setting.z.z": "Z"}
            for language, texts in (("en", whole), ("de", dict(whole, **{"help.a.b": " "})), ("fr", french)):
                (place / ("settings.%s.json" % language)).write_text(json.dumps(texts))
            found = [(Path(finding.path).name, finding.what) for finding in check(Path(folder), table)]
        self.assertEqual(found, [
            ("settings.de.json", "no text for help.a.b"), ("settings.fr.json", "no text for setting.a.b"),
            ("settings.fr.json", "no text for help.a.b"), ("settings.fr.json", "no text for option.a.b.x"),
            ("settings.fr.json", "setting.z.z is no setting's text")])

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
