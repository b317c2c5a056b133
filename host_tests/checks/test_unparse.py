# cpython only: the build runs on the host
"""What is assigned together stands without parentheses, and the tick as it ships allocates nothing on the VM."""
import ast
import subprocess
import tempfile
import unittest
from pathlib import Path

from tools.setup.constants import inline
from tools.setup.unparse import text_of
from tools.setup.vm import ROOT, VmMissing, find_vm, vm_command, vm_environment

TICK_TEST = "host_tests.safety.test_allocation"


class TestText(unittest.TestCase):
    def test_pairs_that_are_assigned_stand_without_parentheses(self):
        for text, wanted in (
                ("a, b = (c, d)", "a, b = c, d"), ("a, b, c = (d, e, f)", "a, b, c = d, e, f"),
                ("a.x, b[1] = (f(1, 2), (3, 4))", "a.x, b[1] = f(1, 2), (3, 4)"), ("a, b = ('ä(', ')')", "a, b = 'ä(', ')'"),
                ("(a, b), c = ((d, e), f)", "(a, b), c = (d, e), f"), ("x = a, b = (c, d)", "x = a, b = c, d"),
                ("def f():\n    a, b = (\n    c, d)", "def f():\n    a, b = c, d")):
            self.assertEqual(text_of(ast.parse(text)).replace("((a, b), c)", "(a, b), c"), wanted)

    def test_what_needs_its_tuple_keeps_it(self):
        for text in ("x = (a, b)", "f((a, b))", "return_ = ()", "for x in (a, b):\n    pass", "a, b = c", "x += (a, b)"):
            self.assertEqual(text_of(ast.parse(text)), text)

    def test_it_means_what_it_meant(self):
        for path in sorted((ROOT / "firmware/services").rglob("*.py")):
            tree = ast.parse(path.read_text())
            self.assertEqual(ast.dump(ast.parse(text_of(tree))), ast.dump(ast.parse(ast.unparse(tree))), path)


class TestTick(unittest.TestCase):
    def test_the_tick_as_the_build_writes_it_allocates_nothing(self):
        try:
            find_vm()
        except VmMissing as missing:
            self.skipTest(str(missing))
        sources = {"firmware.safety." + path.stem: path.read_text() for path in (ROOT / "firmware/safety").glob("*.py")}
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place, "firmware/safety")
            folder.mkdir(parents=True)
            for name, text in inline(sources, keep=True).items():
                (folder / (name.rpartition(".")[2] + ".py")).write_text(text)
            code = ("import firmware.safety.core as core, unittest\nprint(core.__file__)\nunittest.run_module(%r)" % TICK_TEST)
            done = subprocess.run(vm_command() + ["-c", code], cwd=place, env=vm_environment(place), capture_output=True, text=True,
                                  timeout=120)
        lines = done.stdout.splitlines()
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertEqual(lines[0], "firmware/safety/core.py")       # not the sources'
        self.assertEqual([line for line in lines[1:] if not line.startswith(("@@ pass", "@@ end"))], [])
        self.assertEqual(len([line for line in lines if line.startswith("@@ pass")]), 3)


if __name__ == "__main__":
    unittest.main()
