# cpython only: the mutation run is a tool of the host
"""The mutation run on a core of a few lines: what it must find, believe, refuse and remember."""
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from tools.checks.mutants.operators import mutants_of, mutated
from tools.checks.mutate import LISTED, read_list
from tools.checks.source import ROOT

CORE = '''"""A tiny core."""

LIMIT = 10


def beyond(value):
    """True above the limit."""
    if value > LIMIT:
        return True
    return False

'''
LOOP = '''

def steps(count):
    """count, the long way."""
    done = 0
    taken = 0
    while done < count:
        done += 1
        taken += 1
    return taken
'''
TEST = '''import unittest

from firmware.safety import tiny


class TestTiny(unittest.TestCase):
    def test_the_limit_itself_is_not_beyond(self):
        self.assertIs(tiny.beyond(10), False)
        self.assertIs(tiny.beyond(11), True)
'''
LOOP_TEST = '''
    def test_three_steps_are_three(self):
        self.assertEqual(tiny.steps(3), 3)
'''
WEAK = TEST.replace("        self.assertIs(tiny.beyond(11), True)\n", "        self.assertIs(tiny.beyond(12), True)\n")
SURVIVES = """firmware/safety/tiny.py -
- LIMIT = 10
+ LIMIT = 11
why: only planted here
"""


class TestMutate(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.write("firmware/safety/tiny.py", CORE)
        self.write("host_tests/safety/test_tiny.py", TEST)

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def run_tool(self, *arguments, tool="tools.checks.mutate"):
        done = subprocess.run([sys.executable, "-m", tool, "--root", str(self.root), *arguments], cwd=ROOT, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    def settled(self):
        results = json.loads((self.root / ".cache/mutants/results.json").read_text())
        return {key: value["by"] for key, value in results.items()}

    def test_exact_tests_notice_every_fault_and_an_endless_loop_counts_as_noticed(self):
        self.write("firmware/safety/tiny.py", CORE + LOOP)
        self.write("host_tests/safety/test_tiny.py", TEST + LOOP_TEST)
        status, output = self.run_tool()
        self.assertEqual(status, 0, output)
        self.assertIn(" 0 survivors", output)
        self.assertIn("time", self.settled().values())

    def test_the_planted_survivor_is_named_and_is_the_only_one(self):
        self.write("host_tests/safety/test_tiny.py", WEAK)
        status, output = self.run_tool()
        self.assertEqual(status, 1, output)
        self.assertIn("SURVIVOR firmware/safety/tiny.py:3 -", output)
        self.assertIn("- LIMIT = 10\n+ LIMIT = 11\n", output)
        self.assertEqual(output.count("SURVIVOR"), 1, output)

    def test_a_listed_survivor_passes(self):
        self.write("host_tests/safety/test_tiny.py", WEAK)
        self.write(LISTED, "# comments stay out\n\n" + SURVIVES)
        status, output = self.run_tool()
        self.assertEqual(status, 0, output)
        self.assertIn("1 listed as equivalent", output)

    def test_a_listed_fault_that_a_test_notices_is_refused(self):
        self.write(LISTED, SURVIVES)
        status, output = self.run_tool()
        self.assertEqual(status, 1, output)
        self.assertIn("so it is not equivalent: firmware/safety/tiny.py - | LIMIT = 10 | LIMIT = 11", output)

    def test_a_listed_fault_that_is_no_longer_possible_is_refused(self):
        self.write(LISTED, SURVIVES.replace("10", "20"))
        status, output = self.run_tool()
        self.assertEqual(status, 1, output)
        self.assertIn("no such mutant any more", output)

    def test_a_listed_fault_without_a_reason_is_refused(self):
        self.write(LISTED, SURVIVES.replace("why: only planted here\n", ""))
        with self.assertRaises(SystemExit):
            read_list(self.root / LISTED)

    def test_an_unchanged_tree_is_believed_and_a_changed_test_is_not(self):
        self.run_tool()
        status, output = self.run_tool()
        self.assertEqual(status, 0, output)
        self.assertIn("(0 now,", output)
        self.assertIn("now, 0 known", self.run_tool("--scratch")[1])
        self.write("host_tests/safety/test_tiny.py", WEAK)
        status, output = self.run_tool()
        self.assertEqual(status, 1, output)
        self.assertIn("+ LIMIT = 11", output)

    def test_a_survivor_is_named_again_from_the_cache(self):
        self.write("host_tests/safety/test_tiny.py", WEAK)
        self.run_tool()
        status, output = self.run_tool()
        self.assertEqual(status, 1, output)
        self.assertIn("(0 now,", output)
        self.assertIn("+ LIMIT = 11", output)

    def test_a_bounded_run_says_how_much_it_left(self):
        status, output = self.run_tool("--limit-s", "0")
        self.assertEqual(status, 0, output)
        self.assertIn("did not fit in 0 s", output)
        self.assertIn("(100 %)", output)

    def test_a_test_that_fails_without_any_fault_ends_the_run(self):
        self.write("host_tests/safety/test_tiny.py", TEST.replace("beyond(10), False", "beyond(10), True"))
        status, output = self.run_tool()
        self.assertEqual(status, 1, output)
        self.assertIn("test_the_limit_itself_is_not_beyond fails without any fault planted", output)

    def test_a_test_outside_a_test_case_is_refused_since_it_would_be_missed(self):
        self.write("host_tests/safety/test_tiny.py", TEST + "\n\ndef test_loose():\n    pass\n")
        status, output = self.run_tool()
        self.assertEqual(status, 1, output)
        self.assertIn("test_loose stands outside", output)

    def test_coverage_names_the_line_and_the_branch_that_no_test_runs(self):
        status, output = self.run_tool(tool="tools.checks.coverage_safety")
        self.assertEqual(status, 0, output)
        self.assertIn("100.00 %", output)
        self.write("host_tests/safety/test_tiny.py", TEST.replace("        self.assertIs(tiny.beyond(11), True)\n", ""))
        status, output = self.run_tool(tool="tools.checks.coverage_safety")
        self.assertEqual(status, 1, output)
        self.assertIn("tiny.py:9 never runs: return True", output)
        self.assertIn("tiny.py:8 never goes on to line 9", output)


class TestOperators(unittest.TestCase):
    def news(self, line):
        """What becomes of one line inside a function."""
        text = "def f(a, b, c, x):\n    %s\n" % line
        found = [mutant for mutant in mutants_of("m.py", text) if mutant.where == "f"]
        for mutant in found:
            compile(mutated(text, mutant), "m.py", "exec")
        return {mutant.new for mutant in found}

    def test_comparisons_go_to_their_neighbours(self):
        self.assertEqual(self.news("x.y = a < b"), {"x.y = a <= b", "x.y = a >= b", "pass"})
        self.assertEqual(self.news("x.y = a == b"), {"x.y = a != b", "x.y = a >= b", "x.y = a <= b", "pass"})

    def test_a_chain_of_comparisons_changes_one_at_a_time(self):
        self.assertTrue({"x.y = a < b < c", "x.y = a <= b <= c"} <= self.news("x.y = a <= b < c"))

    def test_words_swap_and_operands_go(self):
        self.assertEqual(self.news("x.y = a and not b"), {
            "x.y = a or not b", "x.y = ((not b))", "x.y = ((a))", "x.y = a and (b)", "pass"})

    def test_conditions_are_turned_and_fixed(self):
        self.assertTrue({"if not (a): x()", "if True: x()", "if False: x()"} <= self.news("if a: x()"))
        self.assertNotIn("while True: x()", self.news("while a: x()"))

    def test_statements_are_dropped(self):
        self.assertEqual(self.news("return x(a)"), {"return None"})
        self.assertEqual(self.news("x.y += a"), {"pass", "x.y -= a", "x.y = a"})

    def test_numbers_move_by_one(self):
        self.assertEqual(self.news("return 0x10"), {"return 17", "return 15", "return None"})
        self.assertEqual(self.news("x.y = 0"), {"x.y = 1", "x.y = (-1)", "pass"})

    def test_names_that_are_easily_confused_are(self):
        self.assertIn("return a.feedback_2", self.news("return a.feedback_1"))

    def test_comments_and_letters_beyond_ascii_do_not_shift_an_edit(self):
        self.assertIn("return a > b", self.news("return a < b   # °C – ≤".replace("<", ">=", 1)))

    def test_an_edit_that_compiles_to_the_same_is_no_fault(self):
        text = "def f(a):\n    a()\n    return\n"
        self.assertEqual([mutant.new for mutant in mutants_of("m.py", text)], ["pass"])


if __name__ == "__main__":
    unittest.main()
