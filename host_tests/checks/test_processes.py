# cpython only: starts processes
"""macOS, and Python 3.14 everywhere, do not fork what they work with: a process begins empty and imports what it is handed."""
import ast
import multiprocessing
import unittest
from concurrent.futures import ProcessPoolExecutor

from tools.checks.reach.one import ready
from tools.checks.source import ROOT
from tools.pilot.chunk import run_chunk


def handed_over(tree):
    """Names of functions that a module gives to a pool of processes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute) and node.func.attr in ("submit", "map") and isinstance(node.args[0], ast.Name):
                yield node.args[0].id
            for keyword in node.keywords:
                if keyword.arg == "initializer" and isinstance(keyword.value, ast.Name):
                    yield keyword.value.id


class Processes(unittest.TestCase):
    def test_no_process_is_handed_what_stands_in_a_main_module(self):
        """Python looks for it in the new process's own __main__, which is another: `make test` broke down there."""
        looked_at = 0
        for path in sorted((ROOT / "tools").rglob("__main__.py")):
            text = path.read_text(encoding="utf-8")
            if "ProcessPoolExecutor" in text:
                tree = ast.parse(text)
                own = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
                self.assertEqual(own & set(handed_over(tree)), set(), path)
                looked_at += 1
        self.assertGreaterEqual(looked_at, 2)

    def test_a_process_that_begins_empty_understands_a_variant_and_judges_a_circuit(self):
        from tools.checks.reach.variants import TEST
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=spawn, initializer=ready) as pool:
            self.assertEqual(pool.submit(len, TEST[0]).result(120), len(TEST[0]))
        with ProcessPoolExecutor(1, mp_context=spawn) as pool:
            key, count = pool.submit(run_chunk, ("key", "P2", False, (1,), 1.0, None, False)).result(120)[:2]
            self.assertEqual(key, "key")
            self.assertGreater(sum(count.values()), 0)
