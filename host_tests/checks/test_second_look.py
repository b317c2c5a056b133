# cpython only: drives pytest
"""A test that waits for the host may fail once beside others; nothing else may."""
import contextlib
import io
import tempfile
import unittest
from pathlib import Path

from tools.checks import tests

FAILS_ONCE = '''
import os, pathlib, socket, subprocess, sys
PLACE = pathlib.Path(__file__).with_suffix(".seen")

def touch_host():
    %s

def test_fails_the_first_time():
    touch_host()
    if not PLACE.exists():
        PLACE.touch()
        raise AssertionError("the host was busy")

def test_passes():
    return None
'''
TOUCHES = {     # name -> (what a test does, whether it waits for the host)
    "process": ("subprocess.run([sys.executable, '-c', ''])", True),
    "client": ("socket.create_connection(socket.create_server(('127.0.0.1', 0)).getsockname())", True),
    "server": ("socket.create_server(('127.0.0.1', 0))", False),
    "nothing": ("pass", False),
}
ALONE = ["-p", "host_tests.conftest", "-p", "no:cacheprovider"]


def quiet(function, *arguments):
    with contextlib.redirect_stdout(io.StringIO()):
        return function(*arguments)


def never(names):
    raise AssertionError("run again: %r" % names)


class SecondLook(unittest.TestCase):
    def test_who_waits_for_the_host_is_known_by_what_it_does(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, (touch, _) in TOUCHES.items():
                Path(folder, "test_%s.py" % name).write_text(FAILS_ONCE % touch)
            files = [str(Path(folder, "test_%s.py" % name)) for name in TOUCHES]
            status, counts = tests.run([*ALONE, "--rootdir", folder, "-q", "-q", *files])
        self.assertEqual((status, counts["passed"], counts["failed"]), (tests.FAILED, len(TOUCHES), len(TOUCHES)))
        self.assertEqual({Path(name.partition("::")[0]).stem: host for name, host in counts["failures"]},
                         {"test_" + name: host for name, (_, host) in TOUCHES.items()})

    def again(self, status=0, **counts):
        def run(names):
            self.ran = names
            return status, dict({"passed": len(names), "failed": 0, "skips": []}, **counts)
        return run

    def look(self, failures, again):
        counts = {"passed": 10, "failed": len(failures), "skips": [], "left_out": 0, "failures": failures}
        return quiet(tests.looked_at_again, counts, again)

    def test_who_passes_alone_is_told_as_unsteady(self):
        found = self.look([["a", True], ["b", True]], self.again())
        self.assertEqual(self.ran, ["a", "b"])
        self.assertEqual((found["passed"], found["failed"], found["unsteady"]), (12, 0, ["a", "b"]))

    def test_who_fails_again_has_failed(self):
        self.assertIsNone(self.look([["a", True]], self.again(status=1, failed=1, passed=0)))

    def test_who_skips_the_second_look_has_failed(self):
        self.assertIsNone(self.look([["a", True]], self.again(skips=[["a", "no broker"]])))

    def test_a_test_in_virtual_time_has_no_second_look_and_takes_it_from_the_others(self):
        self.assertIsNone(self.look([["a", True], ["b", False]], never))

    def test_many_failures_are_no_accident(self):
        self.assertIsNone(self.look([[name, True] for name in "abcd"], never))


if __name__ == "__main__":
    unittest.main()
