"""`python -m tools.checks.coverage_safety`: every line and every branch of the safety core is run by host_tests/safety.

All tests run once, and must pass, to learn how long each takes (the mutation run uses the same figures). Then they run in a
process of their own under coverage with branches, the quickest files first, until nothing is missing any more: tracing makes
them seven times slower. What no test runs is printed by line.
"""
import argparse
import sys
import time
from pathlib import Path

import coverage

from tools.checks.mutants import runner
from tools.checks.mutants.progress import Progress
from tools.checks.mutate import CACHE, Cache
from tools.checks.report import report
from tools.checks.source import ROOT


def measure(root, progress):
    """Runs tests under coverage until all is covered. Returns (gaps(), {test: why it failed}, number of tests run, of all)."""
    tree = runner.Tree(root)
    cache = Cache(root / CACHE, scratch=False)
    if cache.reach.get("digest") != tree.digest:
        data = runner.record(tree, progress)
        progress.end()
        if data is None:
            raise SystemExit("the tests of the safety core could not be run")
        cache.reach = dict(data, digest=tree.digest)
        cache.save()
    seconds, failed = cache.reach["seconds"], cache.reach["failed"]

    def work():
        sys.meta_path.insert(0, runner.Finder(tree))
        measured = coverage.Coverage(data_file=None, branch=True, config_file=False, include=[str(root / runner.CODE / "*")])
        measured.start()
        cases = {}
        for path in tree.test_files:
            cases.update(runner.tests_of(path))
        known = {}                  # seconds of a file's tests
        for name in cases:
            path = name.partition("::")[0]
            known[path] = known.get(path, 0) + seconds[name]
        done = 0
        for path in sorted(known, key=known.get):
            for name, case in cases.items():
                if name.startswith(path + "::"):
                    progress.show("tests under coverage", done, len(cases))
                    done += 1
                    runner.run_test(case)
            found = gaps(measured, root)
            if not any(row[3] for row in found):
                break
        measured.stop()
        if runner.Tree(root).digest != tree.digest:
            raise RuntimeError("a file changed while the tests ran; once more")
        return gaps(measured, root), failed, done, len(cases)
    answer = runner.answer_of(*runner.in_child(work))
    progress.end()
    if answer is None:
        raise SystemExit("the tests of the safety core could not be run")
    return answer


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
    found, failed, done, tests = measure(options.root, Progress())
    for name, text in sorted(failed.items()):
        print("%s failed:\n%s" % (name, text))
    missing = [line for row in found for line in row[3]]
    for line in missing:
        print(line)
    total = sum(row[1] + row[2] for row in found)
    print("%d files, %d statements, %d branches: %.2f %% run by %d of %d tests, %d gaps, %.0f s" % (
        len(found), sum(row[1] for row in found), sum(row[2] for row in found), 100 * (total - len(missing)) / total, done, tests,
        len(missing), time.monotonic() - began))
    report(tests - len(failed), len(failed) + len(missing))
    return 1 if failed or missing else 0


if __name__ == "__main__":
    sys.exit(main())
