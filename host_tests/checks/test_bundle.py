# cpython only: the build runs on the host
"""The modules of a folder become one, and every name still means what it meant."""
import builtins
import unittest
from unittest import mock

from host_tests.checks.unknown_names import unknown_names
from tools.setup import bundle
from tools.setup.constants import inline
from tools.setup.mpy import ROOT, device_sources


def built(**modules):
    """Bundled texts of {"folder__module": text} below firmware."""
    return inline({"firmware." + name.replace("__", "."): text for name, text in modules.items()}, bundled=True)


def run(texts, module):
    """Globals of a bundled module, its imports answered from the texts."""
    loaded = {}

    def load(name):
        if name not in loaded:
            loaded[name] = type("Module", (), {})()
            scope = {"__builtins__": dict(vars(builtins), __import__=find), "__name__": name}
            exec(texts[name], scope)
            loaded[name].__dict__.update(scope)
        return loaded[name]

    def find(name, *_):
        return load(name) if name in texts else __import__(name)
    return vars(load(module))


class Bundle(unittest.TestCase):
    def test_what_modules_take_from_each_other_is_there_in_one_module(self):
        texts = built(a__low="def base(x):\n    return x + 1\n",
                      a__high="from firmware.a.low import base\ndef top(x):\n    return base(x) * 2\n",
                      b__user="from firmware.a.high import top as most\ndef f():\n    return most(3)\n")
        self.assertEqual(sorted(texts), ["firmware.a.all", "firmware.b.all"])
        self.assertEqual(run(texts, "firmware.b.all")["f"](), 8)

    def test_a_name_that_two_modules_use_differently_is_told_apart(self):
        texts = built(a__one="def _same():\n    return 1\ndef one():\n    return _same()\n",
                      a__two="from firmware.a import one as first\n"
                             "def _same():\n    return 2\ndef two():\n    return _same(), first.one()\n")
        self.assertEqual(run(texts, "firmware.a.all")["two"](), (2, 1))

    def test_a_variable_does_not_hide_what_stood_behind_a_modules_name(self):
        texts = built(a__facts="def facts():\n    return 'all'\n",
                      a__user="from firmware.a import facts as table\ndef f():\n    facts = table.facts()\n    return facts\n")
        self.assertEqual(run(texts, "firmware.a.all")["f"](), "all")

    def test_a_variable_of_the_same_name_as_a_modules_function_stays_a_variable(self):
        text = "def size():\n    return 5\ndef f(size):\n    return [size for size in (size, 1)]\ndef g():\n    return size()\n"
        texts = built(a__one=text, a__two="def size():\n    return 6\n")
        found = run(texts, "firmware.a.all")
        self.assertEqual((found["f"](9), found["g"]()), ([9, 1], 5))

    def test_a_global_that_is_bound_anew_is_seen_by_all(self):
        texts = built(a__state="value = [0]\ndef set_value(new):\n    global value\n    value = new\n",
                      a__user="from firmware.a import state\ndef f():\n    state.set_value(7)\n    return state.value\n")
        self.assertEqual(run(texts, "firmware.a.all")["f"](), 7)

    def test_a_module_that_is_handed_on_as_an_object_stays_a_module(self):
        texts = built(a__clock="def now():\n    return 4\n", a__other="def x():\n    return 1\n",
                      b__user="from firmware.a import clock\nfrom firmware.a import other\n"
                              "def f(g=None):\n    return g(clock), other.x()\n")
        self.assertIn("firmware.a.clock", texts)
        self.assertIn("firmware.a.all", texts)

    def test_what_a_function_imports_from_another_folder_is_loaded_when_it_runs_and_not_before(self):
        texts = built(a__seldom="def show():\n    return 3\n",
                      b__user="def f():\n    from firmware.a.seldom import show as wanted\n    return wanted()\n")
        self.assertEqual(run(texts, "firmware.b.all")["f"](), 3)
        self.assertNotIn("\nfrom firmware.a", "\n" + texts["firmware.b.all"])

    def test_mqtt_is_not_loaded_while_it_is_off(self):
        import ast
        for module, text in device_sources().items():
            if not module.startswith("firmware.services.mqtt"):
                for node in ast.parse(text).body:
                    self.assertFalse(isinstance(node, ast.ImportFrom) and node.module.startswith("firmware.services.mqtt."), module)

    def test_what_is_loaded_together_on_demand_is_one_module_by_the_name_of_the_first(self):
        with mock.patch.object(bundle, "TOGETHER", (("firmware.a.api", "firmware.b.low"), ("firmware.a.none", "firmware.a.other"))):
            texts = built(a__api="from firmware.b.low import size\ndef ask():\n    return size() + 1\n",
                          b__low="def size():\n    return 4\n", a__other="def x():\n    return 2\n",
                          c__user="def f():\n    from firmware.b import low\n    from firmware.a.api import ask as first\n"
                                  "    forget(('firmware.b.low', 'firmware.a.api', 'firmware.a.other'))\n"
                                  "    return low.size(), first()\ndef forget(names):\n    pass\n")
        self.assertEqual(sorted(texts), ["firmware.a.api", "firmware.a.other", "firmware.c.all"])
        self.assertEqual(texts["firmware.c.all"].splitlines()[1:4], [
            "    from firmware.a import api as low", "    from firmware.a.api import ask",
            "    forget(('firmware.a.api', 'firmware.a.api', 'firmware.a.other'))"])
        self.assertEqual(run(texts, "firmware.a.api")["ask"](), 5)

    def test_one_name_for_two_things_of_other_modules_is_refused(self):
        with self.assertRaisesRegex(ValueError, "firmware.c.user imports two things as send"):
            built(a__one="def send():\n    return 1\n", b__two="def send():\n    return 2\n",
                  c__user="def f(x):\n    if x:\n        from firmware.a.one import send\n"
                          "    else:\n        from firmware.b.two import send\n    return send\n")

    def test_what_is_loaded_together_is_there_and_nothing_of_it_twice(self):
        modules = [module for group in bundle.TOGETHER for module in group]
        self.assertEqual([module for module in modules if not (ROOT / (module.replace(".", "/") + ".py")).is_file()], [])
        self.assertEqual(len(modules), len(set(modules)))
        texts = {module.rsplit(".", 1)[1] for module in device_sources()}
        for group in bundle.TOGETHER:
            self.assertEqual([module for module in group if module.rsplit(".", 1)[1] in texts], [group[0]])

    def test_every_name_that_the_firmware_uses_is_there(self):
        for module, text in device_sources().items():
            with self.subTest(module=module):
                self.assertEqual(unknown_names(text, module), [])

    def test_every_import_finds_its_module_and_name(self):
        import ast
        texts = dict(device_sources(), **{"firmware.rows": "class Rows: pass"})
        for module, text in texts.items():
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "firmware":
                    for alias in node.names:
                        with self.subTest(module=module, name=alias.name, of=node.module):
                            whole = "%s.%s" % (node.module, alias.name)
                            self.assertTrue(whole in texts or alias.name in texts[node.module])


if __name__ == "__main__":
    unittest.main()
