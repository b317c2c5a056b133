"""pytest's set-up: the paths of the device (repository root, lib/) and the CPython side of the twin's modules.

A test file whose first line is `# micropython only: <reason>` is left to host_tests/vm/run.py.
"""
import faulthandler
import json
import os
import signal
import sys
import traceback
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MICROPYTHON_ONLY = "# micropython only:"
NOT_HERE = ("cpython only", "micropython only")  # a skip with such a reason is no want of a tool

HOST = ("waits for the host", True)
TEST_LIMIT_S = 300  # one test, for what hangs: what takes 30 s alone takes much longer on a slow machine that is busy

for place in (str(ROOT / "lib"), str(ROOT)):
    if place not in sys.path:
        sys.path.insert(0, place)

from tools.twin import cpython  # noqa: E402  (found by the paths above)

cpython.install()

_counts = {"passed": 0, "failed": 0, "left_out": 0, "skips": []}
_failures = {}                              # test -> it also waits for the host
_waiting = {"file": None, "host": False}    # of the file that runs now: it has started a process or connected a socket
_collected = {"left_out": 0, "skips": []}   # whole files, known before any test runs


def _notice_host(event, arguments):
    if event in ("subprocess.Popen", "socket.connect"):
        _waiting["host"] = True


sys.addaudithook(_notice_host)


@pytest.fixture(scope="module", autouse=True)
def installations_are_given_back():
    """A module that takes back more, or fewer, of the twin's installations than it made would break those after it."""
    before = cpython.installations()
    yield
    after = cpython.installations()
    while cpython.installations() > before:
        cpython.uninstall()
    while cpython.installations() < before:
        cpython.install()
    if after != before:
        pytest.fail("the module leaves %d of the twin's installations, it found %d" % (after, before))


def pytest_ignore_collect(collection_path, config):
    """Leaves out what can only run on MicroPython."""
    if collection_path.suffix != ".py" or not collection_path.name.startswith("test_"):
        return None
    with open(collection_path, encoding="utf-8") as file:
        if file.readline().startswith(MICROPYTHON_ONLY):
            _collected["left_out"] += 1
            return True
    return None


class TooLong(BaseException):
    """A test ran longer than TEST_LIMIT_S. No Exception, so that nothing under test catches it."""


def _too_long(signum, frame):
    raise TooLong("the test ran longer than %d s, here:\n%s" % (TEST_LIMIT_S, "".join(traceback.format_stack(frame))))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Says where a test was ended in words alone: an interruption may come where there is no line, which pytest cannot show."""
    try:
        return (yield)
    except TooLong as error:
        raise error.with_traceback(None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Ends a test that hangs; one that swallows even that ends the whole run, with all stacks shown."""
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(TEST_LIMIT_S)
    faulthandler.dump_traceback_later(2 * TEST_LIMIT_S, exit=True)
    try:
        return (yield)
    finally:
        signal.alarm(0)
        faulthandler.cancel_dump_traceback_later()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    if item.path != _waiting["file"]:
        _waiting.update(file=item.path, host=False)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item, call):
    """tools/checks/tests.py wants to know of a failure whether the host had a part in it; the word travels with the report."""
    if _waiting["host"] and HOST not in item.user_properties:
        item.user_properties.append(HOST)


def pytest_runtest_logreport(report):
    """Counts for the stage runner, which wants the reason of every skip."""
    if report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reason = reason.removeprefix("Skipped: ")
        if reason.startswith(NOT_HERE):
            _counts["left_out"] += 1
        else:
            _counts["skips"].append((report.nodeid, reason))
    elif report.failed:
        _counts["failed"] += 1
        _failures[report.nodeid] = any(tuple(word) == HOST for word in report.user_properties)
    elif report.when == "call" and type(report) is pytest.TestReport:  # a subtest is part of its test
        _counts["passed"] += 1


def pytest_collectreport(report):
    if report.failed:
        _counts["failed"] += 1
        _failures[report.nodeid] = False
    elif report.skipped:
        _collected["skips"].append((report.nodeid, str(report.longrepr[2])))


def pytest_testnodedown(node, error):
    """With several processes (xdist) each of them collects all files, and this one, which sums up, none: it is told by them."""
    _collected.update(getattr(node, "workeroutput", {}).get("collected", {}))


def pytest_sessionfinish(session):
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["collected"] = _collected
        return
    place = os.environ.get("MODE3_REPORT")
    if place:
        counts = dict(_counts, left_out=_counts["left_out"] + _collected["left_out"], skips=_counts["skips"] + _collected["skips"],
                      failures=sorted(_failures.items()))
        Path(place).write_text(json.dumps(counts))
