"""Runs the tests that need only what both interpreters have on the MicroPython VM: `python -m host_tests.vm.run [FILE …]`.

Each test file gets a fresh VM. A file whose first line is `# cpython only: <reason>` is left out and counted as such. When
there is no VM at all, every file counts as skipped, with the reason.
"""
import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.checks.report import report
from tools.setup.vm import VmMissing, find_vm, vm_command, vm_environment

ROOT = Path(__file__).resolve().parents[2]
MARK = "@@"
LEFT_OUT = "# cpython only:"
NOT_HERE = ("cpython only", "micropython only")  # a skip with such a reason is no want of a tool
TIMEOUT_S = 180


class Result:
    """What one test file gave: counts, skips [(test, reason)], text to print when something failed."""

    def __init__(self, path):
        self.path = path
        self.passed = 0
        self.failed = 0
        self.left_out = 0
        self.skips = []
        self.text = ""
        self.seconds = 0.0


def left_out_reason(path):
    """Why a test file is for CPython only, or None."""
    with open(path, encoding="utf-8") as file:
        first = file.readline().strip()
    return first[len(LEFT_OUT):].strip() or "no reason given" if first.startswith(LEFT_OUT) else None


def find_tests(root=ROOT):
    """All test files below host_tests, sorted."""
    return sorted(path for path in (root / "host_tests").rglob("test_*.py") if "__pycache__" not in path.parts)


def read_output(result, output, returncode):
    """Turns the VM's output into the result's counts. Lines without the mark belong to the marked line after them."""
    ended = False
    said = []
    for line in output.splitlines():
        words = line.split(" ", 3)
        if words[0] != MARK:
            said.append(line)
            continue
        kind, test, reason = (words[1:] + ["", "", ""])[:3]
        if kind == "pass":
            result.passed += 1
        elif kind == "skip" and reason.startswith(NOT_HERE):
            result.left_out += 1
        elif kind == "skip":
            result.skips.append((test, reason))
        elif kind == "fail":
            result.failed += 1
            result.text += "\n".join(["FAILED " + test] + ["  " + line for line in said if line.strip()]) + "\n"
        elif kind == "end":
            ended = True
        said = []
    if not ended or returncode:
        result.failed += 1
        result.text += "\n".join(said + ["the VM ended before the file did, exit status %s" % returncode]) + "\n"


def run_file(path, heap_kb=None, root=ROOT):
    """Runs one test file on a fresh VM."""
    result = Result(path)
    module = ".".join(path.relative_to(root).with_suffix("").parts)
    start = time.monotonic()
    code = "import unittest; unittest.run_module(%r)" % module
    try:
        done = subprocess.run(vm_command(heap_kb) + ["-c", code], cwd=root, env=vm_environment(*([root] if root != ROOT else [])),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIMEOUT_S)
        output, returncode = done.stdout, done.returncode
    except subprocess.TimeoutExpired as late:
        output, returncode = (late.stdout or b"") + b"\n", "none: stopped after %d s" % TIMEOUT_S
    read_output(result, output.decode("utf-8", "replace"), returncode)
    result.seconds = time.monotonic() - start
    return result


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="test files (default: all below host_tests)")
    parser.add_argument("--heap", type=int, metavar="KB", help="the VM's heap in kilobytes")
    options = parser.parse_args(arguments)
    for path in options.files:
        if not path.is_file():
            parser.error("%s: no such file" % path)
    files = [path.resolve() for path in options.files] or find_tests()
    left_out = [(path, left_out_reason(path)) for path in files if left_out_reason(path)]
    files = [path for path in files if left_out_reason(path) is None]
    for path, reason in left_out:
        print("%s: cpython only: %s" % (path.relative_to(ROOT), reason))
    try:
        print(find_vm().describe(), flush=True)
    except VmMissing as error:
        print("no MicroPython: %s" % error)
        skips = [(str(path.relative_to(ROOT)), "no MicroPython VM") for path in files]
        report(0, 0, skips, len(left_out))
        print("0 passed, 0 failed, %d skipped" % len(skips))
        return 0
    results = []
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for result in pool.map(lambda path: run_file(path, options.heap), files):
            results.append(result)
            print("%s: %d passed, %d failed, %d skipped, %.1f s" % (
                result.path.relative_to(ROOT), result.passed, result.failed, len(result.skips), result.seconds), flush=True)
            for test, reason in result.skips:
                print("  skipped %s: %s" % (test, reason))
            if result.failed:
                print(result.text, end="", flush=True)
    skips = [("%s %s" % (r.path.relative_to(ROOT), test), reason) for r in results for test, reason in r.skips]
    report(sum(r.passed for r in results), sum(r.failed for r in results), skips,
           len(left_out) + sum(r.left_out for r in results))
    failed = sum(result.failed for result in results)
    print("%d files left out as cpython only" % len(left_out))
    print("%d passed, %d failed, %d skipped" % (sum(r.passed for r in results), failed, len(skips)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
