"""What MicroPython lacks or does differently is refused before it runs (`python -m tools.checks.language`).

Two parts: rules over the syntax tree for what compiles on CPython but is missing or silently different on the device, and
mpy-cross over every file, whose grammar is the device's own.
"""
import ast
import re
import sys

from tools.checks.source import ROOT, Finding, device_sources, show

MISSING_METHODS = frozenset((
    "zfill", "ljust", "rjust", "removeprefix", "removesuffix", "casefold", "translate", "maketrans", "format_map", "isalnum",
    "isidentifier", "isdecimal", "isnumeric", "isprintable", "isascii", "swapcase", "expandtabs", "capitalize", "bit_length",
    "bit_count", "hexdigest", "findall", "finditer", "fullmatch", "readuntil", "at_eof", "writelines", "is_closing", "write_eof",
    "add_done_callback", "cancelled", "makedirs", "total_seconds"))
MISSING_ATTRIBUTES = {
    "asyncio": frozenset((
        "Queue", "timeout", "timeout_at", "TaskGroup", "Semaphore", "BoundedSemaphore", "Condition", "Barrier", "wait",
        "as_completed", "to_thread", "shield", "ensure_future", "all_tasks", "get_running_loop", "Future", "Runner",
        "IncompleteReadError", "iscoroutine", "iscoroutinefunction", "run_coroutine_threadsafe", "DatagramProtocol")),
    "os": frozenset(("path", "replace", "environ", "makedirs", "fsync", "walk", "scandir", "sep", "getpid", "cpu_count")),
    "json": frozenset(("JSONDecodeError",)),
    "sys": frozenset(("exc_info", "executable", "getsizeof", "getrecursionlimit", "setrecursionlimit")),
    "struct": frozenset(("Struct", "iter_unpack", "error")),
}
MISSING_BUILTINS = frozenset(("ascii", "vars", "format", "aiter", "anext", "breakpoint"))
MISSING_DECORATORS = frozenset(("dataclass", "cached_property", "lru_cache", "cache", "wraps", "total_ordering", "abstractmethod"))
HOOKS = frozenset(("__init_subclass__", "__set_name__", "__class_getitem__", "__post_init__", "__format__", "__index__"))
PATTERN = re.compile(r"\{\d*,?\d*\}|\(\?(?!:)")


def _dotted(node):
    """"asyncio.Queue" of such an attribute, or None."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return node.value.id + "." + node.attr


def _grammar(node, own):
    if isinstance(node, ast.Match):
        return "match statement", "if / elif"
    if isinstance(node, getattr(ast, "TryStar", ())):
        return "except*", "except"
    if isinstance(node, ast.arguments) and node.posonlyargs:
        return "positional-only parameters", "plain parameters", node.posonlyargs[0]
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)) and not isinstance(getattr(node, "ctx", None), ast.Store) and any(
            isinstance(element, ast.Starred) for element in node.elts):
        return "* in a list, tuple or set display", "a + b, or extend()"
    if isinstance(node, ast.Dict) and None in node.keys:
        return "** in a dict display", "update()"
    if isinstance(node, ast.comprehension) and node.is_async:
        return "asynchronous comprehension", "an async for loop", node.target
    if isinstance(node, getattr(ast, "TypeAlias", ())) or getattr(node, "type_params", None):
        return "type parameters", "nothing: the device has no typing"
    if isinstance(node, ast.Raise) and node.cause is not None and not (
            isinstance(node.cause, ast.Constant) and node.cause.value is None):
        return "raise … from", "raise; say the cause in the message"


def _classes(node, own):
    if isinstance(node, ast.ClassDef):
        if node.keywords:
            return "class keywords (metaclass)", "plain classes"
        if len(node.bases) > 1:
            return "several base classes", "one base class (MicroPython's super() does not follow CPython's order)"
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name in HOOKS:
        return "method %s" % node.name, "what MicroPython calls"
    for decorator in getattr(node, "decorator_list", ()):
        inner = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = inner.id if isinstance(inner, ast.Name) else inner.attr if isinstance(inner, ast.Attribute) else ""
        if name in MISSING_DECORATORS and name not in own:
            return "decorator %s" % name, "plain code", decorator


def _library(node, own):
    name = _dotted(node)
    if name is not None:
        module, attribute = name.split(".")
        if attribute in MISSING_ATTRIBUTES.get(module, ()):
            return name, "what MicroPython's %s has" % module
    if isinstance(node, ast.ImportFrom):
        for alias in node.names:
            if alias.name in MISSING_ATTRIBUTES.get(node.module, ()):
                return "%s.%s" % (node.module, alias.name), "what MicroPython's %s has" % node.module
    if not isinstance(node, ast.Call):
        return None
    if isinstance(node.func, ast.Name) and node.func.id in MISSING_BUILTINS and node.func.id not in own:
        return "%s()" % node.func.id, "the built-ins MicroPython has"
    if isinstance(node.func, ast.Attribute) and node.func.attr in MISSING_METHODS and node.func.attr not in own:
        return "method %s()" % node.func.attr, "methods MicroPython has"


def _calls(node, own):
    """Calls whose arguments MicroPython does not take or reads differently."""
    if not isinstance(node, ast.Call):
        return None
    keywords = [keyword.arg for keyword in node.keywords]
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    name = node.func.id if isinstance(node.func, ast.Name) else _dotted(node.func) or ""
    first = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
    if None in keywords:
        return "call with **", "arguments by place or name: the build shortens names that no call gives"
    if name == "print" and "flush" in keywords:
        return "print(flush=…)", "print()"
    if method in ("to_bytes", "from_bytes") and keywords:
        return "%s(%s=…)" % (method, keywords[0]), "two positional arguments, unsigned"
    if method in ("encode", "decode") and (len(node.args) > 1 or keywords) and method not in own:
        return "%s() with an error handler" % method, "%s(\"utf-8\") and except UnicodeError" % method
    if name in ("json.dumps", "json.dump") and set(keywords) - {"separators"}:
        return "%s(%s=…)" % (name, keywords[0]), "separators only"
    if name in ("struct.pack", "struct.unpack", "struct.pack_into", "struct.unpack_from", "struct.calcsize", "pack", "unpack",
                "pack_into", "unpack_from", "calcsize") and isinstance(first, str) and "?" in first:
        return "struct format '?'", "B and a comparison"
    if name in ("re.compile", "re.match", "re.search", "re.sub") and isinstance(first, str) and PATTERN.search(first):
        return "regular expression %r" % first, "no {n,m}, no (?…): MicroPython reads them literally or not at all"
    if name in ("re.compile", "re.match", "re.search") and len(node.args) + len(keywords) > (1 if name == "re.compile" else 2):
        return "%s with flags" % name, "patterns without flags"


# Name of the rule, what recognises it: (what, allowed[, the node that has the line]) or None.
RULES = (("grammar", _grammar), ("classes", _classes), ("library", _library), ("calls", _calls))


def _says_micropython(test, names):
    """True or False when the condition holds on MicroPython only or on CPython only, else None."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = _says_micropython(test.operand, names)
        return None if inner is None else not inner
    if isinstance(test, ast.Name):
        return names.get(test.id)
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and ast.unparse(test.left) == "sys.implementation.name" and isinstance(
            test.comparators[0], ast.Constant) and test.comparators[0].value == "micropython":
        return {ast.Eq: True, ast.NotEq: False}.get(type(test.ops[0]))
    return None


def for_cpython(tree):
    """The nodes that only CPython reaches: branches of `sys.implementation.name == "micropython"`, written out or as a
    constant of the module, and what follows a branch for MicroPython that returns."""
    names = {line.targets[0].id: _says_micropython(line.value, {}) for line in tree.body
             if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name)}
    dead = []
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            for number, line in enumerate(block if isinstance(block, list) else ()):
                holds = _says_micropython(line.test, names) if isinstance(line, ast.If) else None
                if holds is not None:
                    dead += line.orelse if holds else line.body
                    leaves = isinstance(line.body[-1], (ast.Return, ast.Raise))
                    dead += block[number + 1:] if holds and leaves else []
        if isinstance(node, ast.IfExp) and _says_micropython(node.test, names) is not None:
            dead.append(node.orelse if _says_micropython(node.test, names) else node.body)
    return {inner for node in dead for inner in ast.walk(node)}


def _import_time(source):
    """Statements at the top of a module that do something when it is imported (boot.py is made to)."""
    if source.path == "boot.py":
        return
    for node in source.tree.body:
        busy = isinstance(node, (ast.For, ast.While, ast.With, ast.Delete)) or (
            isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant))
        if busy:
            yield source.finding(node, "work at import time", "definitions and constants; app.py builds and starts things")


def compile_findings(root, sources):
    """What mpy-cross refuses. SystemExit when mpy-cross is not installed."""
    from tools.setup.mpy import CompileError, compile_file
    findings = []
    for source in sources:
        try:
            compile_file(root / source.path, source.path)
        except CompileError as error:
            findings.append(Finding(source.path, error.line, "mpy-cross: " + error.message, "MicroPython's grammar"))
    return findings


def check(root=ROOT, compiled=True):
    """All findings in root/firmware and boot.py; `compiled` also asks mpy-cross."""
    sources = device_sources(root)
    own = {node.name for source in sources for node in ast.walk(source.tree)
           if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))}
    findings = []
    for source in sources:
        unreached = for_cpython(source.tree)
        for node in ast.walk(source.tree):
            for _, recognise in RULES:
                found = recognise(node, own)
                if found and node not in unreached:
                    where = found[2] if len(found) > 2 else node
                    findings.append(source.finding(where, found[0] + " is missing or different on MicroPython", found[1]))
        findings += _import_time(source)
    return findings + (compile_findings(root, sources) if compiled else [])


if __name__ == "__main__":
    sys.exit(show(check()))
