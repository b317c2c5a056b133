# cpython only: checks the source tree with CPython's ast
"""Each rule of the integer check is broken once and must be found at its line."""
import unittest

from host_tests.checks.trees import Tree, one_test_per_row
from tools.checks import integers

BROKEN = (
    ("float", "a float literal", "\nX = 1.5\n"),
    ("float", "an exponent literal", "\nX = 1e3\n"),
    ("float", "a complex literal", "\nX = 2j\n"),
    ("float", "a call of float", "\nX = float('1')\n"),
    ("division", "a division", "\nX = 4 / 2\n"),
    ("division", "a division in place", "X = 4\nX /= 2\n"),
    ("bare_except", "a bare except", "try: X = 1\nexcept: X = 2\n"),
    ("swallowed", "except Exception pass", "try: X = 1\nexcept Exception: pass\n"),
    ("swallowed", "except Exception in a tuple", "try: X = 1\nexcept (OSError, Exception): pass\n"),
    ("swallowed", "except BaseException with an ellipsis", "try: X = 1\nexcept BaseException as e: ...\n"),
    ("assert", "an assert", "\nassert True\n"),
    ("global", "a global", "def late():\n    global X\n    X = 1\n"),
)
FINE = (
    ("integer division", "X = 4 // 2\nX //= 2\n"),
    ("a narrow error passed over", "try:\n    X = 1\nexcept OSError:\n    pass\n"),
    ("a wide error that is handled", "try:\n    X = 1\nexcept Exception as error:\n    X = error\n"),
    ("a slash in a string", "X = '1.5 / 2'\n"),
)


def found(text, exceptions=()):
    with Tree({"firmware/energy/module.py": text}) as tree:
        return integers.check(tree.root, exceptions)


def _broken(case, rule, _, text):
    findings = found(text)
    case.assertEqual([(finding.path, finding.line) for finding in findings], [("firmware/energy/module.py", 2)])
    case.assertEqual(findings[0].allowed, [row[2] for row in integers.RULES if row[0] == rule][0])


@one_test_per_row(BROKEN, lambda rule, what, text: what + " is refused", _broken)
@one_test_per_row(FINE, lambda what, text: what + " passes", lambda case, what, text: case.assertEqual(found(text), []))
class Rules(unittest.TestCase):
    def test_every_rule_is_broken_at_least_once(self):
        self.assertEqual({row[0] for row in BROKEN}, {row[0] for row in integers.RULES})

    def test_boot_is_checked_too(self):
        with Tree({"boot.py": "X = 1.5\n"}) as tree:
            self.assertEqual([finding.path for finding in integers.check(tree.root, ())], ["boot.py"])


class Exceptions(unittest.TestCase):
    TEXT = "class Meter:\n    def power_w(self):\n        return 4 / 2\n\n    def energy_wh(self):\n        return 4 / 2\n"

    def test_an_exception_holds_for_its_function_alone(self):
        entry = integers.Exception_("firmware/energy/module.py", "Meter.power_w", "division", "decodes a float register")
        self.assertEqual([finding.line for finding in found(self.TEXT, (entry,))], [6])

    def test_an_exception_nobody_needs_is_refused(self):
        entry = integers.Exception_("firmware/energy/module.py", "Meter.gone", "division", "was needed once")
        self.assertIn("is not needed", found("X = 1\n", (entry,))[0].what)

    def test_every_exception_says_why(self):
        for entry in integers.EXCEPTIONS:
            self.assertGreater(len(entry.reason), 10, entry)
