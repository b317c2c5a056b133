# cpython only: the build runs on the host
"""Texts that are seldom looked at are cut out of one on the device: they still say the same, and what a tick looks at stays."""
import ast
import unittest

from tools.setup.mpy import device_sources
from tools.setup.texts import CUT, TABLE, cut_out

MANY_MORE = "\ndef more(x):\n" + "".join("    if x == %d:\n        raise ValueError('the number %d is not liked')\n" % (n, n)
                                         for n in range(10))


def cut(text, more=MANY_MORE):
    trees = {"firmware.a": ast.parse(text + more)}
    cut_out(trees)
    return ast.unparse(trees["firmware.a"])


def run(text):
    scope = {"__name__": "a"}
    exec(text, scope)
    return scope


class Texts(unittest.TestCase):
    def test_what_an_exception_says_is_cut_out_and_stays_the_same(self):
        found = cut("def f(x):\n    raise OSError(5, 'Größe über %d: nicht erlaubt' % x)\n")
        self.assertNotIn("nicht erlaubt'", found.split(TABLE, 2)[-1])
        with self.assertRaisesRegex(OSError, "Größe über 7: nicht erlaubt"):
            run(found)["f"](7)
        with self.assertRaisesRegex(ValueError, "^the number 9 is not liked$"):
            run(found)["more"](9)

    def test_a_settings_key_and_what_a_builder_looks_for_are_cut_out(self):
        found = cut("class A:\n    def __init__(self, facts, get):\n        self.a = facts['contactor_feedback_1']\n"
                    "        self.b = get('charging.max_current_a')\n")
        self.assertEqual(found.count(CUT + "("), 2 + 10 + 1)
        made = run(found)["A"]({"contactor_feedback_1": 4}, {"charging.max_current_a": 16}.get)
        self.assertEqual((made.a, made.b), (4, 16))

    def test_what_is_kept_or_looked_at_often_stays_where_it_is(self):
        text = "ROWS = (('/api/v1/status', 1), ('/api/v1/stream', 2))\n" \
               "def tick(state):\n    return {'since_uptime_s': 1} if state == 'waiting_current' else state['session_start']\n" \
               "class A:\n    def __init__(self):\n        self.kept = 'no_authorization'\n"
        self.assertEqual(cut(text).count(CUT + "("), 10 + 1)

    def test_a_text_that_is_a_name_too_costs_nothing_and_stays(self):
        self.assertIn("ValueError('waiting_current')", cut("def waiting_current():\n    raise ValueError('waiting_current')\n"))

    def test_a_module_with_few_such_texts_is_left_alone(self):
        text = "def f():\n    raise ValueError('this is not allowed')"
        self.assertEqual(cut(text, ""), text)

    def test_the_application_as_it_ships_finds_every_text_whole(self):
        short = {}
        tree = ast.parse(device_sources(short=short)["firmware.app"])
        table, reader = (short["firmware.app"].get(name, name) for name in (TABLE, CUT))
        data = next(node.value.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == table)
        places = [node.args[0].value for node in ast.walk(tree)
                  if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == reader]
        self.assertGreater(len(places), 200)
        for place in places:
            self.assertEqual(len(data[place >> 8:(place >> 8) + (place & 255)].decode()) > 5, True)


if __name__ == "__main__":
    unittest.main()
