# cpython only: reads the page's texts
"""Whatever this charger refuses of a setting has words on the page, in every language: by the field, or by its area."""
import ast
import json
import unittest
from pathlib import Path

from firmware.settings import schema
from firmware.settings.store import SettingError, Store

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
NONE = {"has": {"psram": False, "lock": False}, "pins": {"pp_adc": None, **{
    "input_" + name: None for name in ("enable", "upstream", "limit", "delay", "dim")}}}


class Asked:
    def __init__(self):
        self.keys = []

    def guard(self, key, refuse):
        self.keys.append(key)


def guarded():
    """The keys that guards.guard() registers on a board that lacks everything; run without its imports, which are drivers'."""
    tree = ast.parse((FIRMWARE / "guards.py").read_text())
    body = [node for node in tree.body if isinstance(node, ast.Assign) or getattr(node, "name", "") == "guard"]
    names = {node.id: None for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names["PLACES"] = [row[0].partition(".")[2] for row in schema.SETTINGS if row[0].startswith("sensors.")]
    exec(compile(ast.Module(body, []), "guards", "exec"), names)
    asked = Asked()
    names["guard"](asked, NONE)
    return asked.keys


def said(texts, rule, key):
    """As parts/form.js looks for it."""
    names = ("allowed.%s.%s" % (rule, key), "allowed.%s.%s" % (rule, key.split(".")[0]))
    return next((name for name in names if name in texts), None)


class Words(unittest.TestCase):
    def test_every_guard_and_every_rule_has_words_and_no_words_are_left_over(self):
        wanted = [("guard", key) for key in guarded()]
        wanted += [("rule", key) for _, places in schema.RULES for key, _ in places]
        for language in ("en", "de", "fr"):
            texts = json.loads((FIRMWARE / "page/translations" / ("form.%s.json" % language)).read_text())
            found = {(rule, key): said(texts, rule, key) for rule, key in wanted}
            self.assertEqual([one for one, name in found.items() if name is None], [], language)
            kept = {name for name in texts if name.startswith("allowed.")}
            self.assertEqual(kept - set(found.values()), {"allowed.range"}, language)

    def test_a_refusal_tells_whose_rule_it_is(self):
        store = Store()
        store.guard("network.mask", lambda value: "a netmask")
        for values, rule in (({"installation.fuse_a": 99}, "range"), ({"network.mask": "x.x.x.x"}, "guard"),
                             ({"publication.method": "ftp", "publication.security": "tls"}, "rule")):
            with self.assertRaises(SettingError) as caught:
                store.set_many(values, "admin")
            self.assertEqual((caught.exception.code, caught.exception.rule), ("bad_value", rule))


if __name__ == "__main__":
    unittest.main()
