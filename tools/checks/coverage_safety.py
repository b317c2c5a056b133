"""`python -m tools.checks.coverage_safety`: every line and every branch of the safety core is run by host_tests/safety.

The tests run on CPython in a process of their own, under coverage with branches; what is missing is printed by line. The
report of which test reaches which line is left for the mutation run.
"""
import argparse
import io
import json
import os
import sys
import time
from pathlib import Path

import coverage

from tools.checks.mutants import runner
from tools.checks.mutants.progress import Progress
from tools.checks.mutate import CACHE, Cache
from tools.checks.source import ROOT


def measure(root, progress):
    """Runs the tests under coverage. Returns (coverage.Coverage with the data, {test: why it failed}, number of tests)."""
    tree = runner.Tree(root)
    data_file = root / "build" / "coverage"
    data = runner.record(tree, data_file, progress)
    progress.end()
    if data is None:
        raise SystemExit("the tests of the safety core could not be run")
    cache = Cache(root / CACHE, scratch=False)
    cache.reach = dict(data, digest=tree.digest)
    cache.save()
    measured = coverage.Coverage(data_file=str(data_file), branch=True, config_file=False,
                                 source=[str(root / runner.CODE)])
    measured.load()
    return measured, data["failed"], len(data["seconds"])


def gaps(measured, root):
    """[(path, statements, branches, [text of what no test runs])] of every file of the core. A file that no test imports is
    missing altogether."""
    found = []
    for file in sorted((root / runner.CODE).glob("*.py")):
        path = file.relative_to(root).as_posix()
        analysis = measured._analyze(str(file))
        text = file.read_text(encoding="utf-8").splitlines()
        missing = ["%s:%d never runs: %s" % (path, line, text[line - 1].strip()) for line in sorted(analysis.missing)]
        for line, ends in sorted(analysis.missing_branch_arcs().items()):
            for end in ends:
                missing.append("%s:%d never goes on to %s: %s" % (
                    path, line, "line %d" % end if end > 0 else "its end", text[line - 1].strip()))
        found.append((path, analysis.numbers.n_statements, analysis.numbers.n_branches, missing))
    return found


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    began = time.monotonic()
    runner.prepare(options.root)
    measured, failed, tests = measure(options.root, Progress())
    for name, text in sorted(failed.items()):
        print("%s failed:\n%s" % (name, text))
    found = gaps(measured, options.root)
    missing = [line for row in found for line in row[3]]
    for line in missing:
        print(line)
    percent = measured.report(file=io.StringIO())
    print("%d files, %d statements, %d branches, %d tests: %.2f %% of lines and branches, %d gaps, %.0f s" % (
        len(found), sum(row[1] for row in found), sum(row[2] for row in found), tests, percent, len(missing),
        time.monotonic() - began))
    place = os.environ.get("MODE3_REPORT")
    if place:
        Path(place).write_text(json.dumps({"passed": tests - len(failed), "failed": len(failed) + len(missing), "skips": []}))
    return 1 if failed or missing or percent < 100 else 0


if __name__ == "__main__":
    sys.exit(main())
