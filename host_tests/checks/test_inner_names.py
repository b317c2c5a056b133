# cpython only: the build runs on the host
"""Names that only modules see get short ones before compiling, and what people or the VM know by name keeps its own."""
import ast
import unittest

from host_tests.checks.test_bundle import run
from tools.setup.inner_names import shorten_inner
from tools.setup.mpy import device_sources


def short(**modules):
    """({module: text}, {module: {name: short name}}) after shortening."""
    trees = {"firmware." + name.replace("__", "."): ast.parse(text) for name, text in modules.items()}
    names = shorten_inner(trees)
    return {name: ast.unparse(tree) for name, tree in trees.items()}, names


class InnerNames(unittest.TestCase):
    def test_a_function_a_class_and_a_table_are_renamed_where_they_are_made_and_where_they_are_used(self):
        texts, _ = short(a="TABLE = (1, 2)\nclass Thing:\n    def f(self):\n        return helper(TABLE)\n"
                           "def helper(x):\n    return sum(x)\n",
                         b="from firmware.a import Thing as Kind, helper\ndef f():\n    return Kind().f() + helper((4,))\n"
                           "RESULT = f()\n")
        self.assertEqual([name for name in ("TABLE", "Thing", "helper", "Kind", "RESULT") if name in "".join(texts.values())], [])
        found = run(texts, "firmware.b")
        self.assertIn(7, found.values())

    def test_two_modules_share_the_short_names(self):
        _, names = short(a="def one():\n    return 1\n", b="def two():\n    return 2\n")
        self.assertEqual(names["firmware.a"]["one"], names["firmware.b"]["two"])

    def test_an_import_within_a_function_finds_the_renamed_one_and_keeps_its_variable(self):
        texts, _ = short(a="def wanted():\n    return 5\n",
                         b="def f():\n    from firmware.a import wanted\n    return wanted()\nasync def g():\n    return f()\n")
        with self.assertRaises(StopIteration) as end:
            run(texts, "firmware.b")["g"]().send(None)
        self.assertEqual(end.exception.value, 5)

    def test_errors_and_coroutines_are_told_to_people_and_keep_their_names(self):
        texts, _ = short(a="class Bad(ValueError):\n    pass\nclass Worse(Bad):\n    pass\nasync def task():\n    pass\n")
        for name in ("class Bad(", "class Worse(", "def task("):
            self.assertIn(name, texts["firmware.a"])

    def test_a_name_that_the_vm_knows_all_the_same_is_left(self):
        text = "def shown():\n    return 'total', thing.other\ndef total():\n    return 1\ndef other():\n    return 2\n"
        texts, _ = short(a=text)
        self.assertIn("def total(", texts["firmware.a"])
        self.assertIn("def other(", texts["firmware.a"])

    def test_a_module_that_is_handed_on_as_an_object_keeps_what_it_binds(self):
        texts, _ = short(drivers__clock="def now_of():\n    return 4\n",
                         app="from firmware.drivers import clock\ndef start():\n    return clock\n")
        self.assertIn("def now_of(", texts["firmware.drivers.clock"])

    def test_a_variable_of_the_same_name_keeps_the_outer_name_too(self):
        texts, _ = short(a="def size():\n    return 5\ndef f(size):\n    return [size for size in (size, 1)]\n"
                           "def g():\n    return size()\nasync def h(f=f, g=g):\n    return f(9), g()\n")
        with self.assertRaises(StopIteration) as end:
            run(texts, "firmware.a")["h"]().send(None)
        self.assertEqual(end.exception.value, ([9, 1], 5))

    def test_a_global_that_is_bound_anew_is_the_renamed_one(self):
        texts, names = short(a="value = 0\ndef bump():\n    global value\n    value += 1\n    return look()\n"
                               "def look():\n    return value\n")
        self.assertEqual(run(texts, "firmware.a")[names["firmware.a"]["bump"]](), 1)

    def test_what_no_traceback_tells_takes_the_name_of_an_attribute_and_never_that_of_a_variable(self):
        texts, names = short(a="TABLE = (3, 4)\ndef f(seen):\n    return seen.rate + seen.held + sum(TABLE)\n"
                               "def g(held):\n    return held\n")
        self.assertEqual(names["firmware.a"], {"TABLE": "rate", "f": "g0", "g": "g1"})
        self.assertEqual(run(texts, "firmware.a")["g0"](type("Seen", (), {"rate": 1, "held": 2})), 10)

    def test_boot_finds_the_application(self):
        names = {}
        text = device_sources(short=names)["firmware.app"]
        for name in ("def run(", "class App", "current = None"):
            self.assertIn(name, text)
        self.assertGreater(sum(len(set(found)) for found in names.values()), 500)


if __name__ == "__main__":
    unittest.main()
