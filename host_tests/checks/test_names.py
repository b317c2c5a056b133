# cpython only: the build runs on the host
"""Private attributes and arguments get short names before compiling, and nothing else changes."""
import ast
import unittest
from pathlib import Path
from unittest import mock

from tools.setup.constants import inline
from tools.setup.names import shorten

ROOT = Path(__file__).resolve().parents[2]


def short(**modules):
    """{name: text} of modules after shortening."""
    trees = {"firmware." + name: ast.parse(text) for name, text in modules.items()}
    shorten(trees)
    return {name.split(".")[1]: ast.unparse(tree) for name, tree in trees.items()}


def run(text):
    scope = {}
    exec(text, scope)
    return scope


class Names(unittest.TestCase):
    def test_a_private_attribute_is_renamed_and_the_class_still_works(self):
        text = "class A:\n    def __init__(self, start):\n        self._count = start\n        self.shown = 0\n" \
               "    def up(self, by):\n        self._count += by\n        return self._count, self.shown\n"
        found = short(a=text)["a"]
        self.assertNotIn("_count", found)
        self.assertIn("self.shown", found)
        self.assertEqual(run(found)["A"](3).up(4), (7, 0))

    def test_an_attribute_that_another_module_reads_or_that_is_not_ours_keeps_its_name(self):
        own = "class A:\n    def __init__(self):\n        self._seen = 1\n"
        self.assertIn("_seen", short(a=own, b="def f(a):\n    return a._seen\n")["a"])
        self.assertIn("_io_queue", short(a="import asyncio\ndef f():\n    return asyncio.core._io_queue\n")["a"])
        self.assertIn("_seen", short(a=own + "def g(a):\n    return getattr(a, '_seen')\n")["a"])

    def test_names_of_functions_stay_for_tracebacks(self):
        text = "class A:\n    def _step(self):\n        self._step()\ndef _helper():\n    pass\n"
        self.assertEqual(short(a=text)["a"], ast.unparse(ast.parse(text)))

    def test_classes_that_inherit_across_modules_keep_their_attributes(self):
        both = short(a="class A:\n    def __init__(self):\n        self._x = 1\n",
                     b="from firmware.a import A\nclass B(A):\n    def g(self):\n        self._y = 2\n")
        self.assertIn("_x", both["a"])
        self.assertIn("_y", both["b"])

    def test_arguments_given_by_keyword_anywhere_keep_their_name(self):
        both = short(a="def f(source, limit):\n    return source - limit\n",
                     b="from firmware.a import f\ndef g():\n    return f(1, limit=2)\n")
        self.assertIn("limit", both["a"])
        self.assertNotIn("source", both["a"])
        self.assertEqual(run(both["a"])["f"](5, limit=3), 2)

    def test_what_a_function_within_or_a_default_or_a_local_means_is_kept(self):
        text = ("value = 'global'\n"
                "def outer(value, other=value):\n    return [value for value in (1, 2)], other, (lambda: other)()\n"
                "def shadow(first):\n    def inner(first):\n        return first\n    return inner(7), first\n"
                "def late(name):\n    def tell():\n        return name\n    name += '!'\n    return tell()\n"
                "def local(a):\n    _0 = a\n    return _0, a\n")
        found, plain = run(short(a=text)["a"]), run(text)
        for name, arguments in (("outer", (3,)), ("shadow", (1,)), ("late", ("x",)), ("local", (4,))):
            with self.subTest(name=name):
                self.assertEqual(found[name](*arguments), plain[name](*arguments))

    def test_every_private_attribute_that_the_firmware_reads_is_one_that_it_sets(self):
        sources = {path.relative_to(ROOT).with_suffix("").as_posix().replace("/", "."): path.read_text()
                   for path in ROOT.glob("firmware/**/*.py")}
        with mock.patch("tools.setup.constants.write_out"):      # it carries attributes from one module to another, on purpose
            built = inline(sources)
        for module, text in built.items():
            tree = ast.parse(text)
            for owner in [node for node in tree.body if isinstance(node, ast.ClassDef)]:
                mine = [node for node in ast.walk(owner) if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self"]
                known = {node.attr for node in mine if not isinstance(node.ctx, ast.Load)}
                known |= {node.name for node in ast.walk(owner) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}
                for node in mine:
                    if node.attr[:1] == "_" and not node.attr.startswith("__") and not owner.bases:
                        with self.subTest(module=module, owner=owner.name, name=node.attr):
                            self.assertIn(node.attr, known)
            with self.subTest(module=module, count="attributes"):      # renaming joins no two into one
                self.assertEqual(len(_attributes(text)), len(_attributes(sources[module])))


def _attributes(text):
    return {node.attr for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Attribute) and not node.attr.isupper()
            and ast.unparse(node.value) == "self"}


if __name__ == "__main__":
    unittest.main()
