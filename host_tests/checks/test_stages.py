# cpython only: drives the stage runner
"""`make test` must not pass when something in it did not."""
import contextlib
import io
import json
import os
import subprocess
import sys
import unittest
from unittest import mock

from host_tests.checks.trees import Tree
from host_tests.ota_powercut import __main__ as ota_powercut
from host_tests.page import looks
from host_tests.vm_powercut import __main__ as vm_powercut
from tools.checks import stages
from tools.checks.stages import Stage
from tools.twin import scenario_suite


def python(code):
    return (sys.executable, "-c", code)


def reporting(**counts):
    return python("import os; open(os.environ['MODE3_REPORT'], 'w').write(%r)" % json.dumps(counts))


def quiet(function, *arguments):
    with contextlib.redirect_stdout(io.StringIO()):
        return function(*arguments)


class Stages(unittest.TestCase):
    def setUp(self):
        tree = Tree({"here.py": ""})
        tree.__enter__()
        self.addCleanup(tree.__exit__)
        self.root = tree.root

    def run_all(self, *rows):
        return quiet(stages.run_stages, rows, self.root)

    def test_without_vm_or_browser_their_stages_are_skipped_and_say_why(self):
        """macOS has no 32-bit VM: two of the long proofs failed there, and those after them were not reached."""
        without = dict(os.environ, MODE3_MICROPYTHON="/no/such/vm", CHROMIUM="/no/such/browser", PATH="/no/such/folder")
        with mock.patch.dict(os.environ, without), mock.patch("host_tests.programs.MORE", ()):
            for module, arguments in ((vm_powercut, ["x"]), (ota_powercut, ["x"]), (looks, ["x"]), (scenario_suite, ["--vm"])):
                place = self.root / "report.json"
                place.unlink(missing_ok=True)
                with self.subTest(module.__name__), mock.patch.dict(os.environ, MODE3_REPORT=str(place)), \
                        mock.patch.object(sys, "argv", arguments), mock.patch("tools.setup.vm._found", {}):
                    self.assertEqual(quiet(module.main, *([arguments] if module is scenario_suite else [])), 0)
                    counts = json.loads(place.read_text())
                    self.assertEqual((counts["passed"], counts["failed"], len(counts["skips"])), (0, 0, 1))
                    self.assertRegex(counts["skips"][0][1], "/no/such/vm|openssl was not found|no Chromium found")

    def test_a_stage_without_a_report_counts_as_one_test(self):
        outcomes, _ = self.run_all(Stage("a", python("")))
        self.assertEqual((outcomes[0].passed, outcomes[0].failed), (1, 0))

    def test_a_failing_stage_stops_the_rest(self):
        outcomes, missed = self.run_all(Stage("a", python("raise SystemExit(3)")), Stage("b", python("")))
        self.assertEqual([(o.stage.name, o.failed) for o in outcomes], [("a", 1)])
        self.assertEqual(missed, ["b"])

    def test_exit_status_counts_even_when_the_report_names_no_failure(self):
        code = reporting(passed=4, failed=0, skips=[])[2] + "; raise SystemExit(1)"
        outcomes, _ = self.run_all(Stage("a", python(code)))
        self.assertEqual((outcomes[0].passed, outcomes[0].failed), (4, 1))

    def test_a_stage_that_ran_nothing_is_a_failure(self):
        outcomes, _ = self.run_all(Stage("a", reporting(passed=0, failed=0, skips=[])))
        self.assertEqual(outcomes[0].failed, 1)

    def test_an_old_report_is_not_taken_for_a_new_one(self):
        self.run_all(Stage("a", reporting(passed=9, failed=0, skips=[])))
        outcomes, _ = self.run_all(Stage("a", python("")))
        self.assertEqual(outcomes[0].passed, 1)

    def test_the_closing_line_sums_up(self):
        outcomes, missed = self.run_all(Stage("a", reporting(passed=4, failed=0, skips=[["t", "no tool"]])), Stage("b", python("")))
        text = io.StringIO()
        with contextlib.redirect_stdout(text):
            counts = stages.summary("test", outcomes, missed, 1.0)
        self.assertEqual(counts, (5, 0, 1))
        self.assertEqual(text.getvalue().splitlines()[-1], "5 passed, 0 failed, 1 skipped")
        self.assertIn("skipped: t: no tool", text.getvalue())

    def test_an_unsteady_test_is_told(self):
        outcomes, missed = self.run_all(Stage("a", reporting(passed=4, failed=0, skips=[], unsteady=["t"])))
        text = io.StringIO()
        with contextlib.redirect_stdout(text):
            stages.summary("test", outcomes, missed, 1.0)
        self.assertIn("unsteady: t: failed beside others, passed alone", text.getvalue())

    def test_a_skip_is_a_failure_only_when_strict(self):
        rows = (Stage("a", reporting(passed=4, failed=0, skips=[["t", "no tool"]])),)
        with mock.patch.dict(stages.STAGES, test=rows), mock.patch.object(stages, "ROOT", self.root):
            self.assertEqual(quiet(stages.main, ["test"]), 0)
            self.assertEqual(quiet(stages.main, ["test", "--strict"]), 1)

    def test_a_stage_that_takes_longer_than_the_suite_may_is_stopped_and_a_failure(self):
        outcomes, missed = quiet(stages.run_stages, (Stage("a", python("import time; time.sleep(60)")),
                                                     Stage("b", python(""))), self.root, 1)
        self.assertEqual((outcomes[0].failed, missed), (1, ["b"]))
        self.assertLess(outcomes[0].seconds, 10)

    def test_an_unknown_stage_is_refused_with_the_names_allowed(self):
        done = subprocess.run([sys.executable, "-m", "tools.checks.stages", "test", "--only", "no"], cwd=stages.ROOT,
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("allowed: lint", done.stderr)
