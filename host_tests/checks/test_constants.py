# cpython only: the build runs on the host
"""Constants put in their places before compiling: only names go, meanings stay."""
import unittest
from pathlib import Path

from host_tests.checks.unknown_names import unknown_names
from tools.setup.constants import inline

ROOT = Path(__file__).resolve().parents[2]


def run(sources, module):
    """The globals of `module` after the inlined sources ran; `from … import …` is answered from them."""
    import types
    texts = inline(sources)
    loaded = {}

    def load(name):
        if name not in loaded:
            loaded[name] = types.SimpleNamespace()
            scope = {"__builtins__": dict(vars(__import__("builtins")), __import__=find), "const": lambda value: value}
            exec(texts[name], scope)
            loaded[name].__dict__.update(scope)
        return loaded[name]

    def find(name, scope=None, _locals=None, names=(), level=0):
        if name == "micropython":
            return types.SimpleNamespace(const=lambda value: value)
        found = types.SimpleNamespace() if name not in texts else load(name)
        for part in names or ():
            if "%s.%s" % (name, part) in texts:
                setattr(found, part, load("%s.%s" % (name, part)))
        return found
    return vars(load(module))


class Inline(unittest.TestCase):
    def test_a_constant_of_another_module_becomes_its_value_and_its_name_goes(self):
        texts = inline({"firmware.a": "from micropython import const\nLIMIT = const(3 * 4)\n",
                        "firmware.b": "from firmware.a import LIMIT\ndef f():\n    return LIMIT + 1\n",
                        "firmware.c": "from firmware import a as limits\ndef f():\n    return limits.LIMIT\n"})
        for text in texts.values():
            self.assertNotIn("LIMIT", text)
            self.assertNotIn("import", text)
        self.assertIn("return 12 + 1", texts["firmware.b"])

    def test_constants_made_of_other_modules_constants_and_negative_ones_have_their_values(self):
        sources = {"firmware.a": "BIT = 1 << 3\nLOW = -5\nBOTH = BIT | 1\n",
                   "firmware.b": "from firmware.a import BOTH, LOW as low\nfrom firmware import a\nDEEP = BOTH + a.BIT\n"
                                 "def f():\n    return DEEP, low ** 2, -low, a.LOW\n"}
        self.assertEqual(run(sources, "firmware.b")["f"](), (9 + 8, 25, 5, -5))

    def test_names_bound_twice_or_as_argument_or_global_are_left_alone(self):
        for other in ("X = 2\n", "def g(X):\n    return X\n", "def g():\n    global X\n    X = 2\n", "for X in ():\n    pass\n"):
            with self.subTest(other=other):
                self.assertIn("X = 1", inline({"firmware.a": "X = 1\n" + other + "def f():\n    return X\n"})["firmware.a"])

    def test_an_import_that_the_module_binds_again_is_left_alone(self):
        texts = inline({"firmware.a": "X = 1\n", "firmware.b": "def f(X):\n    return X\ndef g():\n    from firmware.a import X\n"
                                                               "    return X\n"})
        self.assertIn("return X", texts["firmware.b"])

    def test_long_texts_floats_tuples_and_calls_keep_their_name(self):
        text = 'LONG = "a text that is not interned"\nTABLE = (1, 2)\nMADE = len("abc")\ndef f():\n    return LONG, TABLE, MADE\n'
        self.assertEqual(run({"firmware.a": text}, "firmware.a")["f"](), ("a text that is not interned", (1, 2), 3))
        self.assertIn("LONG =", inline({"firmware.a": text})["firmware.a"])

    def test_tables_that_nobody_reads_go_and_those_read_from_anywhere_stay(self):
        texts = inline({"firmware.a": "NAMES = ('x', 'y')\nOTHER = (1, 2)\nDONE = print('work')\n",
                        "firmware.b": "from firmware import a\ndef f():\n    return a.OTHER\n"})
        self.assertNotIn("NAMES", texts["firmware.a"])
        self.assertIn("OTHER", texts["firmware.a"])
        self.assertIn("DONE", texts["firmware.a"])

    def test_with_keep_every_name_can_still_be_imported(self):
        text = inline({"firmware.a": "LIMIT = 7\ndef f():\n    return LIMIT\n"}, keep=True)["firmware.a"]
        self.assertIn("LIMIT = 7", text)
        self.assertIn("return 7", text)

    def test_no_name_of_the_firmware_is_lost_that_its_code_still_uses(self):
        sources = {path.relative_to(ROOT).with_suffix("").as_posix().replace("/", "."): path.read_text()
                   for path in ROOT.glob("firmware/**/*.py")}
        for module, text in inline(sources).items():
            with self.subTest(module=module):
                self.assertEqual(unknown_names(text, module), [])


if __name__ == "__main__":
    unittest.main()
