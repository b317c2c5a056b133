"""What the checks share: the firmware's files as syntax trees, and findings that name the place and what is allowed."""
import ast
import sys
from collections import namedtuple
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

Finding = namedtuple("Finding", "path line what allowed")


class Source:
    """One Python file: path relative to the root (with /), text, tree."""

    def __init__(self, root, file):
        self.path = file.relative_to(root).as_posix()
        self.text = file.read_text(encoding="utf-8")
        self.tree = ast.parse(self.text, self.path)

    def finding(self, node, what, allowed):
        return Finding(self.path, getattr(node, "lineno", node), what, allowed)

    def functions(self):
        """{node: dotted name of the function or class it stands in} for all nodes inside one."""
        names = {}

        def walk(node, name):
            for child in ast.iter_child_nodes(node):
                inner = name
                if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                    inner = (name + "." if name else "") + child.name
                names[child] = inner
                walk(child, inner)
        walk(self.tree, "")
        return names


def device_sources(root=ROOT, boot=True):
    """The files that run on the device: firmware/, and boot.py if wanted. A syntax error ends the program with its place."""
    files = sorted(path for path in (root / "firmware").rglob("*.py") if "__pycache__" not in path.parts)
    if boot and (root / "boot.py").exists():
        files.append(root / "boot.py")
    sources = []
    for file in files:
        try:
            sources.append(Source(root, file))
        except SyntaxError as error:
            sys.exit("%s:%s: %s, Python's grammar is allowed" % (file.relative_to(root), error.lineno, error.msg))
    return sources


def show(findings):
    """Prints the findings, sorted; returns the exit status."""
    for finding in sorted(findings):
        print("%s:%d: %s, allowed: %s" % finding)
    return 1 if findings else 0
