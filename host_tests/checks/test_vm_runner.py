# cpython only: drives the runner that starts the VM
"""The runner of the MicroPython tests must not call anything passed that did not pass."""
import subprocess
import unittest
from pathlib import Path
from unittest import mock

from host_tests.checks.trees import Tree
from host_tests.vm import run
from tools.setup import vm

CASE = "import unittest\n\n\nclass Case(unittest.TestCase):\n"


def outcome(text, name="test_it.py"):
    """What the runner makes of one test file."""
    with Tree({"host_tests/" + name: text}) as tree:
        return run.run_file(tree.root / "host_tests" / name, root=tree.root)


class NeedsVm(unittest.TestCase):
    def setUp(self):
        try:
            vm.find_vm()
        except vm.VmMissing as error:
            self.skipTest(str(error))


class Outcomes(NeedsVm):
    def test_passes_failures_and_skips_are_counted(self):
        result = outcome(CASE + "    def test_a(self):\n        self.assertEqual(1, 1)\n"
                         "    def test_b(self):\n        self.assertEqual(1, 2)\n"
                         "    def test_c(self):\n        self.skipTest('no such tool')\n"
                         "    def test_d(self):\n        self.skipTest('cpython only: threads')\n")
        self.assertEqual((result.passed, result.failed, result.left_out), (1, 1, 1))
        self.assertEqual(result.skips, [("Case.test_c", "no such tool")])
        self.assertIn("FAILED Case.test_b", result.text)
        self.assertIn("1 != 2", result.text)

    def test_an_error_in_set_up_fails_the_test(self):
        result = outcome(CASE + "    def setUp(self):\n        raise OSError(5)\n    def test_a(self):\n        pass\n")
        self.assertEqual((result.passed, result.failed), (0, 1))

    def test_a_failing_sub_test_fails_the_test_and_the_others_still_run(self):
        result = outcome(CASE + "    def test_a(self):\n        for n in range(3):\n            with self.subTest(n=n):\n"
                         "                self.assertEqual(n, 1)\n")
        self.assertEqual((result.passed, result.failed), (0, 1))
        self.assertIn("(n=0)", result.text)
        self.assertIn("(n=2)", result.text)
        self.assertNotIn("(n=1)", result.text)

    def test_a_file_that_does_not_import_is_a_failure(self):
        result = outcome("import no_such_module\n")
        self.assertEqual((result.passed, result.failed), (0, 1))
        self.assertIn("no_such_module", result.text)

    def test_a_vm_that_dies_is_a_failure(self):
        result = outcome(CASE + "    def test_a(self):\n        import sys\n        sys.exit(0)\n")
        self.assertEqual((result.passed, result.failed), (0, 1))

    def test_a_vm_that_hangs_is_stopped_and_a_failure(self):
        with mock.patch.object(run, "TIMEOUT_S", 1):
            result = outcome(CASE + "    def test_a(self):\n        while True:\n            pass\n")
        self.assertEqual((result.passed, result.failed), (0, 1))
        self.assertIn("stopped after 1 s", result.text)

    def test_skipped_classes_say_why(self):
        result = outcome("import unittest\n\n\n@unittest.skip('later')\nclass Case(unittest.TestCase):\n"
                         "    def test_a(self):\n        raise OSError(1)\n")
        self.assertEqual((result.passed, result.failed, result.skips), (0, 0, [("Case.test_a", "later")]))


class LeftOut(unittest.TestCase):
    def test_a_file_for_cpython_only_says_why(self):
        self.assertEqual(run.left_out_reason(Path(__file__)), "drives the runner that starts the VM")

    def test_other_files_run(self):
        with Tree({"host_tests/test_it.py": CASE}) as tree:
            self.assertEqual(run.left_out_reason(tree.root / "host_tests/test_it.py"), None)


class Vm(NeedsVm):
    def test_the_heap_can_be_chosen(self):
        code = "import gc; print(gc.mem_free() + gc.mem_alloc())"
        sizes = [int(subprocess.run(vm.vm_command(kb) + ["-c", code], capture_output=True, text=True).stdout) for kb in (64, 256)]
        self.assertLessEqual(sizes[0], 64 * 1024)
        self.assertGreater(sizes[1], 200 * 1024)

    def test_instructions_are_counted_and_grow_with_the_work(self):
        counts = []
        with Tree({}) as tree:
            for turns in (1000, 2000, 3000):
                out = tree.root / "profile"
                try:
                    command = vm.vm_command(callgrind_out=out)
                except vm.VmMissing as error:
                    self.skipTest(str(error))
                subprocess.run(command + ["-c", "n = 0\nfor i in range(%d): n += i" % turns], check=True)
                counts.append(vm.instructions(out))
        self.assertGreater(counts[1] - counts[0], 10_000)
        self.assertLess(abs((counts[2] - counts[1]) - (counts[1] - counts[0])), (counts[1] - counts[0]) // 10)

    def test_the_slowed_vm_does_the_same_more_slowly(self):
        code = ("import time\nt = time.ticks_us()\nfor n in range(20000):\n    pass\n"
                "print(n, time.ticks_diff(time.ticks_us(), t))")
        try:
            commands = vm.vm_command(), vm.vm_command(slowed=True)
        except vm.VmMissing as error:
            self.skipTest(str(error))
        told = [subprocess.run(command + ["-c", code], capture_output=True, text=True, check=True).stdout.split()
                for command in commands]
        self.assertEqual([row[0] for row in told], ["19999", "19999"])
        self.assertGreater(int(told[1][1]), 5 * int(told[0][1]))

    def test_a_program_that_is_no_micropython_is_refused(self):
        with self.assertRaises(vm.VmMissing) as caught:
            vm.Vm(["/bin/echo"])
        self.assertIn("/bin/echo", str(caught.exception))

    def test_without_mirror_and_path_it_says_what_is_missing(self):
        with mock.patch.object(vm, "_debian", side_effect=vm.VmMissing("no mirror")), \
                mock.patch.object(vm.shutil, "which", return_value=None), mock.patch.dict(vm.os.environ, clear=True):
            with self.assertRaises(vm.VmMissing) as caught:
                vm._find_vm(True)
        self.assertIn("no mirror", str(caught.exception))
        self.assertIn("PATH", str(caught.exception))
