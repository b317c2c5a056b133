# cpython only: the tools that make documents
"""A document whose text is missing is not made, and says where which text in which language belongs."""
import contextlib
import io
import json
import unittest
import unittest.mock

from host_tests.checks.trees import Tree
from tools.docs import faults, lights, mqtt, openapi, settings, texts
from tools.docs.made import run

DOCUMENTS = (
    ("settings", settings.page, "settings.en", "setting.meter.type"), ("settings", settings.page, "settings.en", "area.meter"),
    ("openapi", openapi.text, "settings.en", "setting.meter.type"), ("mqtt", mqtt.page, "settings.en", "help.mqtt.host"),
    ("faults", faults.page, "en", "fault.driver.advice"))


class MissingText(unittest.TestCase):
    def made(self, name, page, without, key):
        """(exit status, what it printed) of a document made of texts that lack one."""
        words = dict(texts.read(without))
        del words[key]
        said = io.StringIO()
        with Tree({without + ".json": json.dumps(words)}) as tree, unittest.mock.patch.object(texts, "FOLDER", tree.root), \
                unittest.mock.patch.object(openapi, "routes", tuple), contextlib.redirect_stdout(said):
            status = run(name, "A document.", lambda: {tree.root / "made": page()}, [])
            return status, (tree.root / "made").exists(), said.getvalue()

    def test_it_is_named_with_file_key_and_language_and_nothing_is_written(self):
        for name, page, file, key in DOCUMENTS:
            with self.subTest(document=name, key=key):
                status, there, said = self.made(name, page, file, key)
                self.assertEqual((status, there), (1, False))
                self.assertIn("/%s.json: no text for %s in the language en" % (file, key), said)

    def test_a_light_or_a_press_without_words_is_named_with_the_table_that_lacks_them(self):
        for table, names in (("WHEN", [row[0] for row in lights.lights.STATUS]),
                             ("ACTIONS", [row[2] for row in lights.buttons.SERVICE + lights.buttons.FRONT])):
            words = getattr(lights, table)
            self.assertEqual(set(words), set(names))
            one = texts.Words("tools/docs/lights.py, " + table, {name: words[name] for name in names[1:]})
            said = io.StringIO()
            with Tree({}) as tree, unittest.mock.patch.object(lights, table, one), contextlib.redirect_stdout(said):
                status = run("lights", "A document.", lambda: {tree.root / "made": lights.page()}, [])
                self.assertEqual((status, (tree.root / "made").exists()), (1, False))
            self.assertIn("tools/docs/lights.py, %s: no words for %s" % (table, names[0]), said.getvalue())

    def test_the_place_is_told_from_the_projects_root(self):
        with self.assertRaises(texts.NoText) as caught:
            texts.read("settings.de")["setting.none"]
        self.assertIn("firmware/page/translations/settings.de.json: no text for setting.none in the language de",
                      str(caught.exception))


if __name__ == "__main__":
    unittest.main()
