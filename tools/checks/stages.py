"""`make test` and `make proof`: the stages, one table each, run in order until one fails.

A stage is a command. It passes when its exit status is 0. How many tests it held, which it skipped and why, and which failed
beside others only, it may write as JSON {"passed", "failed", "skips": [[test, reason], …], "left_out", "unsteady": [test, …]} to
the file MODE3_REPORT names; a stage that does not counts as one test. MODE3_LEFT_S tells it how many seconds are left for the whole
suite. With --strict (what .ci/run says) a skipped test is a failure: everything can be had there.
"""
import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

from tools.checks.source import ROOT
from tools.checks.tests import PYTEST

Stage = namedtuple("Stage", "name command")

PY = sys.executable

STAGES = {
    "test": (
        Stage("lint", (PY, "-m", "ruff", "check", "--quiet", "--output-format", "concise", ".")),
        Stage("lib", (PY, "-m", "tools.setup.lib", "--check")),
        Stage("layers", (PY, "-m", "tools.checks.layers")),
        Stage("integers", (PY, "-m", "tools.checks.integers")),
        Stage("language", (PY, "-m", "tools.checks.language")),
        Stage("words", (PY, "-m", "tools.checks.words")),
        Stage("texts", (PY, "-m", "tools.checks.texts")),
        Stage("boards", (PY, "-m", "tools.checks.boards")),
        Stage("documents", (PY, "-m", "tools.docs.safety", "--check")),
        Stage("documents: faults", (PY, "-m", "tools.docs.faults", "--check")),
        Stage("documents: lights", (PY, "-m", "tools.docs.lights", "--check")),
        Stage("documents: boards", (PY, "-m", "tools.docs.boards", "--check")),
        Stage("documents: meters", (PY, "-m", "tools.docs.meters", "--check")),
        Stage("documents: mqtt", (PY, "-m", "tools.docs.mqtt", "--check")),
        Stage("documents: settings", (PY, "-m", "tools.docs.settings", "--check")),
        Stage("documents: API", (PY, "-m", "tools.docs.openapi", "--check")),
        Stage("documents: reliability", (PY, "-m", "tools.docs.reliability", "--check")),
        Stage("documents: pilot", (PY, "-m", "tools.docs.pilot", "--check")),
        Stage("cpython", (PY, "-m", "tools.checks.tests")),
        Stage("micropython", (PY, "-m", "host_tests.vm.run")),
        Stage("API as described", (PY, "-m", "tools.checks.api")),
        Stage("scenarios", (PY, "-m", "tools.twin.scenario_suite", "--jobs", "2")),
        Stage("scenarios on MicroPython", (PY, "-m", "tools.twin.scenario_suite", "--vm")),
        Stage("reachable states", (PY, "-m", "tools.checks.reach", "--jobs", "2")),
        Stage("mutation, as far as it gets", (PY, "-m", "tools.checks.mutate", "--limit-s", "100")),
        Stage("safety coverage", (PY, "-m", "tools.checks.coverage_safety")),
    ),
    "proof": (
        Stage("power cuts", (PY, "-m", "host_tests.vm_powercut")),
        Stage("power cuts in updates", (PY, "-m", "host_tests.ota_powercut")),
        Stage("failing devices", (PY, "-m", "host_tests.drivers.sweep")),
        Stage("mutation", (PY, "-m", "tools.checks.mutate", "--scratch")),
        Stage("written core", (PY, "-m", "tools.checks.written_core")),
        Stage("states, another order", (PY, "-m", "tools.checks.reach", "--variant", "state F seen", "--order", "7")),
        Stage("fuzz", (PY, "-m", "tools.checks.fuzz", "--seconds", "1")),
        Stage("API as described, at length", (PY, "-m", "tools.checks.api", "--seconds", "120", "--cases", "20", "--phases",
                                              "coverage,fuzzing", "--seed", "7")),
        Stage("page, every view in every look", (PY, "-m", "host_tests.page.looks")),
        Stage("image with the application in it", PYTEST + ("host_tests/flash/frozen.py",)),
        Stage("pilot on waveforms", (PY, "-m", "tools.pilot")),
        Stage("MQTT, long", (PY, "-m", "host_tests.services.mqtt.proof")),
        Stage("soak", (PY, "-m", "tools.twin.soak", "--hours", "72", "--jobs", "2", "--minutes", "30")),
    ),
}
BUDGET_S = {"test": 20 * 60, "proof": 66 * 60}


class Outcome:
    """One stage's counts: passed, failed, skips [[test, reason]], left_out, seconds."""

    def __init__(self, stage):
        self.stage = stage
        self.passed = 0
        self.failed = 0
        self.skips = []
        self.left_out = 0
        self.unsteady = []      # failed beside others, passed alone
        self.seconds = 0.0


def run_command(command, root, env, limit_s):
    """Runs a command in a process group of its own and returns its exit status. After limit_s it, and what it started, is
    stopped and None returned; Ctrl-C stops it likewise."""
    process = subprocess.Popen(command, cwd=root, env=env, process_group=0)
    try:
        return process.wait(limit_s)
    except subprocess.TimeoutExpired:
        print("stopped: the time for the whole suite is up")
        return None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def run_stage(stage, root=ROOT, limit_s=None):
    """Runs one stage, its output going straight through."""
    outcome = Outcome(stage)
    place = root / "build" / "reports" / (stage.name.replace(" ", "_") + ".json")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    print("== %s" % stage.name, flush=True)
    start = time.monotonic()
    env = dict(os.environ, MODE3_REPORT=str(place))
    if limit_s is not None:
        env["MODE3_LEFT_S"] = str(int(limit_s))
    returncode = run_command(stage.command, root, env, limit_s)
    outcome.seconds = time.monotonic() - start
    if place.exists():
        counts = json.loads(place.read_text())
        outcome.passed, outcome.failed = counts["passed"], counts["failed"]
        outcome.skips, outcome.left_out = counts["skips"], counts.get("left_out", 0)
        outcome.unsteady = counts.get("unsteady", [])
    else:
        outcome.passed = int(returncode == 0)
    if returncode != 0:
        outcome.failed = max(outcome.failed, 1)
    if not (outcome.passed or outcome.failed or outcome.skips):
        outcome.failed = 1
        print("the stage %s ran no test at all" % stage.name)
    return outcome


def run_stages(stages, root=ROOT, limit_s=None):
    """Runs the stages until one fails or limit_s is over; returns (outcomes, names of the stages not reached)."""
    outcomes = []
    start = time.monotonic()
    for stage in stages:
        outcome = run_stage(stage, root, None if limit_s is None else max(1, limit_s - (time.monotonic() - start)))
        outcomes.append(outcome)
        print("== %s: %s, %.1f s\n" % (stage.name, "FAILED" if outcome.failed else "passed", outcome.seconds), flush=True)
        if outcome.failed:
            break
    return outcomes, [stage.name for stage in stages[len(outcomes):]]


def summary(suite, outcomes, missed, seconds):
    """Prints what ran, what was skipped and why, and the closing line; returns (passed, failed, skipped)."""
    print("make %s" % suite)
    for outcome in outcomes:
        print("  %-16s %7.1f s %6d passed %4d failed %4d skipped%s" % (
            outcome.stage.name, outcome.seconds, outcome.passed, outcome.failed, len(outcome.skips),
            ", %d left to the other interpreter" % outcome.left_out if outcome.left_out else ""))
    for name in missed:
        print("  %-16s not reached" % name)
    for outcome in outcomes:
        for test, reason in outcome.skips:
            print("  skipped: %s: %s" % (test, reason))
        for test in outcome.unsteady:
            print("  unsteady: %s: failed beside others, passed alone" % test)
    counts = (sum(o.passed for o in outcomes), sum(o.failed for o in outcomes), sum(len(o.skips) for o in outcomes))
    print("  %-16s %7.1f s of %d s" % ("together", seconds, BUDGET_S[suite]))
    print("%d passed, %d failed, %d skipped" % counts)
    return counts


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suite", choices=sorted(STAGES))
    parser.add_argument("--only", action="append", metavar="STAGE", help="only this stage (may be given several times)")
    parser.add_argument("--strict", action="store_true", help="a skipped test is a failure")
    options = parser.parse_args(arguments)
    stages = STAGES[options.suite]
    names = [stage.name for stage in stages]
    for name in options.only or ():
        if name not in names:
            parser.error("unknown stage %r; allowed: %s" % (name, ", ".join(names)))
    stages = [stage for stage in stages if not options.only or stage.name in options.only]
    start = time.monotonic()
    outcomes, missed = run_stages(stages, ROOT, BUDGET_S[options.suite])
    seconds = time.monotonic() - start
    passed, failed, skipped = summary(options.suite, outcomes, missed, seconds)
    totals = {"passed": passed, "failed": failed, "skipped": skipped, "seconds": round(seconds, 1)}
    Path(ROOT, "build", options.suite + ".json").write_text(json.dumps(totals))
    if options.strict and skipped:
        print("a test was skipped for want of a tool: that counts as a failure here")
        return 1
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
