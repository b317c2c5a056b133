# cpython only: reads the sources
"""What is loaded on demand is named where it is loaded: each module before who needs it, and never one that stays loaded anyway."""
import ast
import unittest

from tools.setup.bundle import LOADERS, needed
from tools.setup.mpy import ROOT, device_sources


def _trees():
    found = {}
    for path in sorted((ROOT / "firmware").rglob("*.py")):
        name = path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
        found[name] = ast.parse(path.read_text())
    return found


def _calls(tree, name):
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == name]


def _texts(node):
    return [part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)]


def _reached(modules, trees):
    """Those, and all that is loaded with them."""
    found = list(modules)
    for module in found:
        found += [name for name in dict.fromkeys(needed(trees[module].body)) if name in trees and name not in found]
    return set(found)


class OnDemand(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.trees = _trees()
        cls.resident = _reached(["firmware.app"], cls.trees)

    def test_nothing_is_forgotten_that_somebody_keeps(self):
        """A second copy would be loaded beside it, whose exceptions nobody catches."""
        for module, tree in self.trees.items():
            for call in _calls(tree, "OnDemand") + _calls(tree, "forget"):
                for name in _texts(call):
                    with self.subTest(by=module, forgets=name):
                        self.assertIn(name, self.trees)
                        self.assertNotIn(name, self.resident)

    def test_modules_are_loaded_one_at_a_time_each_after_what_it_needs(self):
        groups = [(module, _texts(call)) for module, tree in self.trees.items() for call in _calls(tree, "OnDemand")]
        self.assertGreater(len(groups), 12)
        for module, names in groups:
            there = set(self.resident)
            for name in names:
                with self.subTest(of=module, loads=name):
                    first = {one for one in needed(self.trees[name].body) if one in self.trees}
                    self.assertEqual(sorted(first - there), [], "name them before it")
                    there.add(name)

    def test_what_shares_a_file_on_the_device_brings_nothing_that_nobody_forgets(self):
        """There a module comes with its neighbours (TOGETHER of bundle.py), and with what these need."""
        short = {}
        trees = {name: ast.parse(text) for name, text in device_sources(short=short).items()}
        resident = _reached(["firmware.app"], trees)
        groups = [(module, _texts(call)) for module, tree in trees.items()
                  for loader in LOADERS for call in _calls(tree, short.get(module, {}).get(loader, loader)) if _texts(call)]
        self.assertGreater(len(groups), 20)
        seldom = {name for _, names in groups for name in names}        # the others are meant to stay once they are there
        for module, names in groups:
            with self.subTest(of=module, loads=names[-1]):
                self.assertEqual(sorted((_reached(names, trees) & seldom) - resident - set(names)), [], "name them too")


if __name__ == "__main__":
    unittest.main()
