"""The tests on CPython, two files at a time, and a second look at what only the host may have disturbed.

A test that starts processes or connects sockets (a broker, a browser, a VM) also waits for the host, which may be busy with the
tests beside it. Where nothing else failed and it is MOST of them at most, they run once more, alone and in order: who passes then
is told as unsteady, and who fails again has failed. Tests in virtual time have no second look.
"""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.checks.source import ROOT

PYTEST = (sys.executable, "-m", "pytest", "-q", "-rfEs", "--import-mode=importlib", "--tb=short")
SIDE_BY_SIDE = ("--numprocesses", "auto", "--maxprocesses", "4", "--dist", "loadfile")   # a file's tests stay together
MOST = 3
FAILED = 1          # pytest's exit status: all was collected and run, and something failed


def run(arguments):
    """(pytest's exit status, what host_tests/conftest.py counted; {} where it ended before that)."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "counts.json"
        status = subprocess.run([*PYTEST, *arguments], cwd=ROOT, env=dict(os.environ, MODE3_REPORT=str(place))).returncode
        return status, json.loads(place.read_text()) if place.exists() else {}


def looked_at_again(counts, again=run):
    """The counts with the second look in them; None where there is none, or something failed again."""
    names = counts.get("failures", [])
    if not names or len(names) > MOST or any(not host for _, host in names):
        return None
    names = [name for name, _ in names]
    print("again, alone: " + ", ".join(names), flush=True)
    status, second = again(names)
    if status or second["failed"] or second["skips"]:
        return None
    return dict(counts, passed=counts["passed"] + second["passed"], failed=0, unsteady=names)


def main(arguments=None):
    arguments = (sys.argv[1:] if arguments is None else arguments) or ["host_tests"]
    status, counts = run([*SIDE_BY_SIDE, *arguments])
    if status == FAILED:
        better = looked_at_again(counts)
        if better is not None:
            status, counts = 0, better
    place = os.environ.get("MODE3_REPORT")
    if place and counts:
        Path(place).write_text(json.dumps(counts))
    return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
