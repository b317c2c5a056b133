"""`python -m tools.checks.written_core`: the safety core that the build writes passes the tests of its sources.

The build makes one function of the core's tick (tools/setup/inlining.py). Here it does so in a copy of the tree, and
host_tests/safety runs there. Names, and methods that the tick no longer calls, stay in that copy, because tests say them: that the
build with short names and without those methods lives the same is held by host_tests/checks/test_inlining_core.py.
"""
import ast
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.checks.source import ROOT
from tools.setup.constants import inline

COPIED = ("firmware", "host_tests", "tools", "lib", "board_configs", "pyproject.toml")
CODE = "firmware/safety"
TESTS = "host_tests/safety"
# tests that cannot run: why
LEFT_OUT = {"test_search.py": "it halts the tick between its stages and exchanges them; written out, the tick has none"}
MOST_STATEMENTS = 5     # of the written tick to one of the sources' at least: else nothing was written out


def prepare(place):
    """Copies the tree to a folder and writes the core out there. Returns how many statements its tick has;
    RuntimeError if that is the sources' after all."""
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, place / name)
    files = {"firmware.safety." + path.stem: path for path in sorted((place / CODE).glob("*.py"))}
    before = _statements((place / CODE / "core.py").read_text(encoding="utf-8"))
    sources = {name: path.read_text(encoding="utf-8") for name, path in files.items()}
    for name, text in inline(sources, keep=True).items():
        files[name].write_text(text, encoding="utf-8")
    after = _statements((place / CODE / "core.py").read_text(encoding="utf-8"))
    if after < before * MOST_STATEMENTS:
        raise RuntimeError("the tick was not written out: %d statements of %d" % (after, before))
    return after


def _statements(text):
    """How many statements the tick in a text of the core has."""
    return next(sum(isinstance(part, ast.stmt) for part in ast.walk(node)) for node in ast.walk(ast.parse(text))
                if isinstance(node, ast.FunctionDef) and node.name == "tick")


def run(place, tests, processes):
    """Runs tests in a prepared folder, in so many processes (0: one); returns (pytest's exit status, what it counted)."""
    counts = place / "counts.json"
    command = [sys.executable, "-m", "pytest", "-q", "--import-mode=importlib", "--tb=short", "-rfE", "-p", "no:cacheprovider",
               "--numprocesses", str(processes), "--dist", "loadfile",
               *["--ignore=%s/%s" % (TESTS, name) for name in LEFT_OUT], *tests]
    status = subprocess.run(command, cwd=place, env=dict(os.environ, MODE3_REPORT=str(counts))).returncode
    return status, counts.read_text() if counts.exists() else None


def main():
    with tempfile.TemporaryDirectory() as folder:
        statements = prepare(Path(folder))
        status, counts = run(Path(folder), [TESTS], 2)
    if counts is None:
        return 1
    report = os.environ.get("MODE3_REPORT")
    if report:
        Path(report).write_text(counts)
    found = json.loads(counts)
    print("the written core, a tick of %d statements: %d tests pass, %d fail" % (statements, found["passed"], found["failed"]))
    for name, reason in LEFT_OUT.items():
        print("left out: %s/%s: %s" % (TESTS, name, reason))
    return status


if __name__ == "__main__":
    sys.exit(main())
