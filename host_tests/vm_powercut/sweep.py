"""Cuts the power after every flash operation of every case and looks at what a freshly started VM finds."""

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.setup.vm import vm_command, vm_environment

ON_VM = str(Path(__file__).with_name("on_vm.py"))
ROOT = Path(__file__).resolve().parents[2]
HEAP_KB = 2048
CHUNK = 100  # images on disk at a time


class SweepError(Exception):
    """The VM's side failed in a way that is no finding: the text has its output."""


def _vm(*arguments):
    return subprocess.run(vm_command(HEAP_KB) + [ON_VM, *map(str, arguments)], cwd=ROOT, env=vm_environment(),
                          capture_output=True, text=True, timeout=300)


def _must(done):
    if done.returncode:
        raise SweepError(done.stdout + done.stderr)
    return done.stdout


def case_names():
    """Names of all cases, as the VM's side has them."""
    return _must(_vm("names")).split()


def sample(count, most):
    """At most `most` of 0..count-1, spread evenly, always with the first and the last."""
    if most is None or count <= most:
        return list(range(count))
    return sorted({index * (count - 1) // (most - 1) for index in range(most)})


def sweep_case(name, most=None, workers=2, scratch=None):
    """(cut points, operations, [findings]) of one case; every cut both clean and in the middle of the operation."""
    findings, points = [], 0
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        base = folder + "/base"
        operations = int(_must(_vm("count", name, base)).split()[1])
        numbers = sample(operations, most)
        for torn in ("0", "1"):
            for at in range(0, len(numbers), CHUNK):
                chunk = numbers[at:at + CHUNK]
                lines = _must(_vm("cut", name, base + ".image", folder + "/cut", torn, *chunk)).splitlines()
                # Other lines are the collector's, closing what a cut left open on flash that is gone.
                cuts = [line.split()[1:] for line in lines if line.startswith("cut ")]
                if len(cuts) != len(chunk) or any(line.startswith("uncut") for line in lines):
                    raise SweepError("%s: not every cut fell: %s" % (name, lines))
                with ThreadPoolExecutor(workers) as pool:
                    checks = pool.map(lambda cut: (cut, _vm("check", name, "%s/cut.%s.image" % (folder, cut[0]), cut[1])), cuts)
                    for (number, done), result in checks:
                        points += 1
                        if result.returncode or result.stdout.strip() != "holds":
                            findings.append("%s, cut %s operation %s (step %s was done): %s" % (
                                name, "within" if torn == "1" else "before", number, done,
                                (result.stdout + result.stderr).strip().splitlines()[-1:]))
                for number, _ in cuts:
                    os.unlink("%s/cut.%s.image" % (folder, number))
    return points, operations, findings


def sweep(most=None, out=sys.stdout):
    """All cases; prints a line for each. Returns (cut points, findings)."""
    total, findings = 0, []
    for name in case_names():
        points, operations, found = sweep_case(name, most)
        print("%-20s %5d flash operations, %5d cut points, %d findings" % (name, operations, points, len(found)), file=out)
        total += points
        findings += found
    print("%d cut points, each restarted in a fresh VM; %d findings" % (total, len(findings)), file=out)
    for finding in findings[:20]:
        print("  " + finding, file=out)
    return total, findings
