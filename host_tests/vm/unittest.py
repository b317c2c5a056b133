"""A small unittest for MicroPython: what our tests use of CPython's, with the same names and meaning.

The runner beside it (run.py, on CPython) starts one VM per test file and reads the lines that begin with MARK.
"""
import io
import sys

MARK = "@@"


class SkipTest(Exception):
    """Raised by a test that cannot run here; its text says why."""


def _say(*words):
    print(MARK, *words)


def _short(value):
    text = repr(value)
    return text if len(text) <= 300 else text[:300] + "…"


class _Raises:
    """The context manager of assertRaises; .exception holds what was raised."""

    def __init__(self, expected):
        self.expected = expected
        self.exception = None

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            raise AssertionError("%s was not raised" % _short(self.expected))
        self.exception = value
        return issubclass(kind, self.expected)


class _SubTest:
    """The context manager of subTest: a failure in it is recorded and the test goes on."""

    def __init__(self, case, message, parameters):
        self.case = case
        words = ["%s=%s" % (name, _short(parameters[name])) for name in sorted(parameters)]
        self.label = "(%s)" % ", ".join(([str(message)] if message else []) + words)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None or not issubclass(kind, Exception) or issubclass(kind, SkipTest):
            return False
        self.case._failures.append((self.label, value))
        return True


class TestCase:
    """One test object per test method, as in CPython's unittest."""

    def __init__(self, name="runTest"):
        self._name = name
        self._failures = []
        self._cleanups = []

    def setUp(self):
        """Before each test."""

    def tearDown(self):
        """After each test, also after one that failed."""

    def addCleanup(self, function, *arguments):
        """Calls the function after tearDown, last added first."""
        self._cleanups.append((function, arguments))

    def subTest(self, message=None, **parameters):
        return _SubTest(self, message, parameters)

    def skipTest(self, reason):
        raise SkipTest(reason)

    def fail(self, message=None):
        raise AssertionError(message or "failed")

    def _check(self, good, what, message):
        if not good:
            raise AssertionError("%s: %s" % (what, message) if message is not None else what)

    def assertTrue(self, value, msg=None):
        self._check(value, "%s is not true" % _short(value), msg)

    def assertFalse(self, value, msg=None):
        self._check(not value, "%s is not false" % _short(value), msg)

    def assertEqual(self, first, second, msg=None):
        self._check(first == second, "%s != %s" % (_short(first), _short(second)), msg)

    def assertNotEqual(self, first, second, msg=None):
        self._check(first != second, "%s == %s" % (_short(first), _short(second)), msg)

    def assertIs(self, first, second, msg=None):
        self._check(first is second, "%s is not %s" % (_short(first), _short(second)), msg)

    def assertIsNot(self, first, second, msg=None):
        self._check(first is not second, "both are %s" % _short(first), msg)

    def assertIsNone(self, value, msg=None):
        self._check(value is None, "%s is not None" % _short(value), msg)

    def assertIsNotNone(self, value, msg=None):
        self._check(value is not None, "is None", msg)

    def assertIn(self, member, container, msg=None):
        self._check(member in container, "%s is not in %s" % (_short(member), _short(container)), msg)

    def assertNotIn(self, member, container, msg=None):
        self._check(member not in container, "%s is in %s" % (_short(member), _short(container)), msg)

    def assertIsInstance(self, value, kind, msg=None):
        self._check(isinstance(value, kind), "%s is no %s" % (_short(value), _short(kind)), msg)

    def assertGreater(self, first, second, msg=None):
        self._check(first > second, "%s is not above %s" % (_short(first), _short(second)), msg)

    def assertGreaterEqual(self, first, second, msg=None):
        self._check(first >= second, "%s is below %s" % (_short(first), _short(second)), msg)

    def assertLess(self, first, second, msg=None):
        self._check(first < second, "%s is not below %s" % (_short(first), _short(second)), msg)

    def assertLessEqual(self, first, second, msg=None):
        self._check(first <= second, "%s is above %s" % (_short(first), _short(second)), msg)

    def assertRaises(self, expected, function=None, *arguments, **named):
        context = _Raises(expected)
        if function is None:
            return context
        with context:
            function(*arguments, **named)

    def _run(self):
        """Runs this one test: ("pass"|"skip"|"fail", text)."""
        outcome = None
        try:
            self.setUp()
            try:
                getattr(self, self._name)()
            finally:
                self.tearDown()
        except SkipTest as reason:
            outcome = ("skip", str(reason))
        except Exception as error:
            self._failures.append(("", error))
        while self._cleanups:
            function, arguments = self._cleanups.pop()
            try:
                function(*arguments)
            except Exception as error:
                self._failures.append(("(cleanup)", error))
        if self._failures:
            return "fail", "\n".join([label + "\n" + _trace(error) for label, error in self._failures])
        return outcome or ("pass", "")


def _trace(error):
    stream = io.StringIO()
    sys.print_exception(error, stream)
    return stream.getvalue()


def skip(reason):
    """Decorator: the test, or all tests of the class, are skipped."""
    def decorate(thing):
        if isinstance(thing, type):
            thing._skip_reason = reason
            return thing

        def skipped(self):
            raise SkipTest(reason)
        return skipped
    return decorate


def skipIf(condition, reason):
    return skip(reason) if condition else lambda thing: thing


def skipUnless(condition, reason):
    return skip(reason) if not condition else lambda thing: thing


def main(*arguments, **named):
    """Nothing: run.py starts the tests."""


def _run_class(kind):
    names = sorted(name for name in dir(kind) if name.startswith("test"))
    reason = getattr(kind, "_skip_reason", None)
    try:
        if reason is None and hasattr(kind, "setUpClass"):
            kind.setUpClass()
    except SkipTest as error:
        reason = str(error)
    for name in names:
        word, text = ("skip", reason) if reason is not None else kind(name)._run()
        if word == "fail":
            print(text)
        _say(word, kind.__name__ + "." + name, text if word == "skip" else "")
    if reason is None and hasattr(kind, "tearDownClass"):
        kind.tearDownClass()


def run_module(name):
    """Imports a test module by its dotted name and runs its test cases; the last line says it came to its end."""
    try:
        module = __import__(name, None, None, ("*",))
    except SkipTest as reason:
        _say("skip", name, str(reason))
        _say("end")
        return
    for attribute in sorted(dir(module)):
        kind = getattr(module, attribute)
        if isinstance(kind, type) and issubclass(kind, TestCase) and kind is not TestCase:
            _run_class(kind)
    _say("end")
