"""Integers only, and errors never swallowed (`python -m tools.checks.integers`).

The ESP32's floats are single precision and allocate, so energy, money, time and power are integers. What must decode floats
(registers of meters) stands in EXCEPTIONS, by file and function, with its reason; an entry nobody needs is a finding too.
"""
import ast
import sys
from collections import namedtuple

from tools.checks.source import ROOT, Finding, device_sources, show

Exception_ = namedtuple("Exception_", "path function rule reason")

EXCEPTIONS = (
    Exception_("firmware/app.py", "run", "global",
               "the console and the twin look at the running App; no layer may import app.py, so nothing in the firmware reads it"),
)


def _float(node):
    if isinstance(node, ast.Constant) and isinstance(node.value, (float, complex)):
        return "number %r" % node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("float", "complex"):
        return "%s()" % node.func.id


def _division(node):
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.Div):
        return "the operator /"


def _bare_except(node):
    if isinstance(node, ast.ExceptHandler) and node.type is None:
        return "bare except"


def _swallowed(node):
    if isinstance(node, ast.ExceptHandler) and node.type is not None:
        kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        wide = [kind.id for kind in kinds if isinstance(kind, ast.Name) and kind.id in ("Exception", "BaseException")]
        idle = all(isinstance(line, (ast.Pass, ast.Continue)) or isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)
                   for line in node.body)
        if wide and idle:
            return "except %s that does nothing" % wide[0]


def _assert(node):
    if isinstance(node, ast.Assert):
        return "assert statement"


def _global(node):
    if isinstance(node, ast.Global):
        return "global %s" % ", ".join(node.names)


# Name of the rule, what recognises it, what is allowed instead.
RULES = (
    ("float", _float, "integers with the unit in the name"),
    ("division", _division, "// on integers"),
    ("bare_except", _bare_except, "except with the errors that are meant"),
    ("swallowed", _swallowed, "the narrow error, or a log line, a count, a fault"),
    ("assert", _assert, "raise with a message (asserts vanish from optimised .mpy)"),
    ("global", _global, "attributes of an object that app.py builds and hands on"),
)


def check(root=ROOT, exceptions=EXCEPTIONS):
    """All findings in root/firmware and boot.py."""
    findings = []
    used = set()
    for source in device_sources(root):
        functions = source.functions()
        for node in ast.walk(source.tree):
            for rule, recognise, allowed in RULES:
                what = recognise(node)
                if what is None:
                    continue
                place = (source.path, functions.get(node, ""), rule)
                marked = [entry for entry in exceptions if tuple(entry[:3]) == place]
                used.update(marked)
                if not marked:
                    findings.append(source.finding(node, what, allowed))
    for entry in exceptions:
        if entry not in used:
            findings.append(Finding(entry.path, 1, "the exception for %s in %s is not needed" % (entry.rule, entry.function),
                                    "entries of tools/checks/integers.py that are used"))
    return findings


if __name__ == "__main__":
    sys.exit(show(check()))
