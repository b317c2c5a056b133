"""Runs the unit tests of the safety core in forked children: once with a probe before every statement, to learn which test
reaches which, then again and again with one module of the core exchanged. The parent never imports the core, so every child
starts clean."""
import ast
import gc
import hashlib
import importlib.abc
import importlib.util
import io
import json
import os
import signal
import sys
import time
import unittest
from contextlib import redirect_stdout
from pathlib import Path

CODE = "firmware/safety"
TESTS = "host_tests/safety"
PROPERTY_EXAMPLES = 20  # of a property test, here
LONGEST_TEST_S = 20     # a test that takes longer is none to run a thousand times: it is left out, and said so


class Tree:
    """The sources of the core and of its tests under one root, read and compiled once."""

    def __init__(self, root):
        self.root = Path(root)
        self.text, self.code, self.names = {}, {}, {}
        for folder in (CODE, TESTS):
            for file in sorted((self.root / folder).glob("*.py")):
                path = file.relative_to(self.root).as_posix()
                self.text[path] = file.read_text(encoding="utf-8")
                self.code[path] = compile(self.text[path], str(file), "exec", dont_inherit=True)
                self.names[path[:-3].replace("/", ".")] = path
        self.core = [path for path in self.text if path.startswith(CODE)]
        self.test_files = [path for path in self.text if Path(path).name.startswith("test_") and not _elsewhere(self.text[path])]
        own = Path(__file__).parent
        self.tool = digest(*(file.read_text(encoding="utf-8") for file in (
            own / "operators.py", own / "runner.py", own.parent / "mutate.py")))
        self.rig = digest(*(self.text[path] for path in self.text if path.startswith(TESTS) and path not in self.test_files))
        self.core_digest = digest(*(ast.dump(ast.parse(self.text[path])) for path in self.core))
        self.digest = digest(self.core_digest, self.rig, self.tool, *(self.text[path] for path in self.test_files))


def _elsewhere(text):
    """A test for the other interpreter, or one that holds a tool to account: what the tool finds is not the tests' merit."""
    return text.startswith("# micropython only") or "\nfrom tools." in text or "\nimport tools" in text


def digest(*texts):
    """One short hash of several texts."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:20]


class Probes(ast.NodeTransformer):
    """Puts `_reached[line] = 1` before every statement inside a function: a fraction of what tracing costs."""

    def _body(self, node):
        for name in ("body", "orelse"):
            probed = []
            for statement in getattr(node, name, ()):
                probe = ast.parse("_reached[%d] = 1" % statement.lineno).body[0]
                probed += [ast.copy_location(probe, statement), statement]
            if probed:
                setattr(node, name, probed)
        return self.generic_visit(node)

    visit_FunctionDef = visit_If = visit_While = _body


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Serves the tree's modules from memory, some of them exchanged: {path: code}, {path: what its probes write to}."""

    def __init__(self, tree, exchanged=None, reached=None):
        self.tree, self.exchanged, self.reached = tree, exchanged or {}, reached or {}

    def find_spec(self, name, path=None, target=None):
        place = self.tree.names.get(name)
        if place is None:
            return None
        return importlib.util.spec_from_file_location(name, str(self.tree.root / place), loader=self)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        place = self.tree.names[module.__name__]
        module.__dict__["_reached"] = self.reached.get(place)
        exec(self.exchanged.get(place) or self.tree.code[place], module.__dict__)


def prepare(root):
    """What every child needs and what holds none of the core: the device's modules, unittest, hypothesis."""
    for place in (str(root / "lib"), str(root)):
        if place not in sys.path:
            sys.path.insert(0, place)
    from tools.twin.cpython import install
    install()
    import hypothesis  # noqa: F401  (imported here, so that no child has to)
    gc.freeze()


def _brief(test):
    """A property test becomes repeatable and brief: a fault shall not be noticed by luck, and nobody reads the example."""
    full = getattr(test, "_hypothesis_internal_use_settings", None)
    if full is not None:
        from hypothesis import HealthCheck, Phase, settings
        test._hypothesis_internal_use_settings = settings(
            full, max_examples=min(PROPERTY_EXAMPLES, full.max_examples), derandomize=True, database=None, deadline=None,
            phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck))


def tests_of(path):
    """{id: TestCase} of a test file, imported now. A test outside a TestCase would be missed, so it is refused."""
    module = importlib.import_module(path[:-3].replace("/", "."))
    loose = [name for name, value in vars(module).items() if name.startswith("test") and callable(value)]
    if loose:
        raise SystemExit("%s: %s stands outside a unittest.TestCase; the mutation run would miss it" % (path, ", ".join(loose)))
    found = {}
    for name, value in vars(module).items():
        if isinstance(value, type) and issubclass(value, unittest.TestCase) and value.__module__ == module.__name__:
            for method in unittest.defaultTestLoader.getTestCaseNames(value):
                _brief(getattr(value, method))
                found["%s::%s.%s" % (path, name, method)] = value(method)
    return found


def run_test(case):
    """True when the test passes (or skips itself); its output is swallowed."""
    result = unittest.TestResult()
    result.failfast = True
    with redirect_stdout(io.StringIO()):
        unittest.TestSuite([case]).run(result)
    return result.wasSuccessful() and not result.unexpectedSuccesses, result


def in_child(work):
    """Forks; work() runs in the child and its JSON-able answer comes through the pipe. Returns (pid, pipe)."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writer)
        return pid, reader
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.close(reader)
        answer = json.dumps(work()).encode()
        while answer:
            answer = answer[os.write(writer, answer):]
        os._exit(0)
    except BaseException as error:
        sys.stderr.write("%s: %s\n" % (type(error).__name__, error))
        os._exit(1)


def answer_of(pid, pipe):
    """Waits for a child of in_child(); None when it died."""
    with os.fdopen(pipe, "rb") as file:
        data = file.read()
    status = os.waitpid(pid, 0)[1]
    return json.loads(data) if status == 0 else None


def record(tree, progress):
    """Runs every test once with probes. Returns {"seconds": {id: s}, "lines": {path: {line: [id]}}, "failed": {id: text}}."""
    def work():
        probed, reached = {}, {}
        for path in tree.core:
            probed[path] = compile(ast.fix_missing_locations(Probes().visit(ast.parse(tree.text[path]))),
                                   str(tree.root / path), "exec", dont_inherit=True)
            reached[path] = bytearray(tree.text[path].count("\n") + 2)
        sys.meta_path.insert(0, Finder(tree, probed, reached))
        cases = {}
        for path in tree.test_files:
            cases.update(tests_of(path))
        seconds, failed = {}, {}
        lines = {path: {} for path in tree.core}
        for number, (name, case) in enumerate(cases.items()):
            progress.show("learning which test reaches what", number, len(cases))
            began = time.process_time()
            passed, result = run_test(case)
            seconds[name] = time.process_time() - began
            if not passed:
                failed[name] = "".join(text for _, text in result.failures + result.errors)
            for path, marks in reached.items():
                for line, mark in enumerate(marks):
                    if mark:
                        lines[path].setdefault(line, []).append(name)
                        marks[line] = 0
        return {"seconds": seconds, "lines": lines, "failed": failed}
    return answer_of(*in_child(work))


def start_mutant(tree, path, code, plan):
    """Starts a child that runs the tests of plan [(id, CPU seconds allowed)] on a mutant until one fails. It answers with that
    one's id, or null; a test that exceeds its time kills the child by SIGPROF, which counts as noticed."""
    def work():
        sys.stderr = open(os.devnull, "w")
        sys.meta_path.insert(0, Finder(tree, {path: code}))
        loaded = {}
        for name, allowed_s in plan:
            place = name.partition("::")[0]
            signal.setitimer(signal.ITIMER_PROF, allowed_s)
            try:
                if place not in loaded:
                    loaded[place] = tests_of(place)
                if not run_test(loaded[place][name])[0]:
                    return name
            except (Exception, SystemExit):
                return name         # the mutant cannot even be imported
        return None
    return in_child(work)


def outcome_of(pid, pipe, plan):
    """(noticed, by which test). A child that was stopped by its time counts as noticed by "time"."""
    with os.fdopen(pipe, "rb") as file:
        data = file.read()
    status = os.waitpid(pid, 0)[1]
    if status == 0:
        name = json.loads(data)
        return name is not None, name
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGPROF:
        return True, "time"
    raise RuntimeError("a test process ended with status %d" % status)


def abandon(pid, pipe):
    """Ends a child whose answer nobody waits for."""
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(pipe)
