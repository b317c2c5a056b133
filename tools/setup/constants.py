"""Puts constants where they are used, before mpy-cross compiles: a name that stands for a number need not be on the device.

mpy-cross does this within one module, for `_NAME = const(…)`. Here the whole application is looked at: an upper-case name
that its module binds once, to a whole number (or a text so short that the VM interns it), is written as its value wherever
it is imported or used, and its binding and imports go. Each would cost a slot in every module that knows it, an entry in
the VM's table of names, and a search at each use. What the source says stays what the device does: only names go.
"""
import ast
import re

from tools.setup.bundle import bundle
from tools.setup.flat import flatten
from tools.setup.inlining import write_out
from tools.setup.inner_names import shorten_inner
from tools.setup.names import shorten
from tools.setup.tables import as_text
from tools.setup.texts import cut_out
from tools.setup.unparse import text_of

LONGEST_TEXT = 10  # characters; MicroPython interns texts up to this, a longer one would be copied to each use
NAME = re.compile(r"_*[A-Z][A-Z0-9_]*|_[0-9]+_[A-Z][A-Z0-9_]*")
OPERATORS = {
    ast.Add: lambda a, b: a + b, ast.Sub: lambda a, b: a - b, ast.Mult: lambda a, b: a * b, ast.FloorDiv: lambda a, b: a // b,
    ast.LShift: lambda a, b: a << b, ast.RShift: lambda a, b: a >> b, ast.BitOr: lambda a, b: a | b,
    ast.BitAnd: lambda a, b: a & b, ast.BitXor: lambda a, b: a ^ b,
}


class _NotConstant(Exception):
    """An expression whose value is not known before the program runs."""


def _value(node, known):
    """The value of a constant expression; `known`: values of names and of (module, name)."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "const" and len(node.args) == 1:
        return _value(node.args[0], known)
    if isinstance(node, ast.Constant) and (type(node.value) is int or type(node.value) is str and len(node.value) <= LONGEST_TEXT):
        return node.value
    if isinstance(node, ast.Name) and node.id in known:
        return known[node.id]
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and (node.value.id, node.attr) in known:
        return known[node.value.id, node.attr]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, known)
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        left, right = _value(node.left, known), _value(node.right, known)
        if type(left) is int and type(right) is int:
            return OPERATORS[type(node.op)](left, right)
    raise _NotConstant


def _bound(tree):
    """How often each name is bound anywhere in the module, imports not counted."""
    found = {}
    for node in ast.walk(tree):
        names = ()
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names = (node.id,)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names = (node.name,)
        elif isinstance(node, ast.arg):
            names = (node.arg,)
        elif isinstance(node, ast.Global):
            names = node.names
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names = (node.name,)
        for name in names:
            found[name] = found.get(name, 0) + 1
    return found


def _imported(tree, constants):
    """{name: value} and {(module alias, name): value} of what the module imports from others."""
    known = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                name = alias.asname or alias.name
                if alias.name in constants.get(node.module, ()):
                    known[name] = constants[node.module][alias.name]
                for constant, value in constants.get("%s.%s" % (node.module, alias.name), {}).items():
                    known[name, constant] = value
    return known


def _own(tree, constants):
    """{name: value} of the constants that a module binds itself, and all it knows."""
    bound = _bound(tree)
    known = {key: value for key, value in _imported(tree, constants).items()
             if (key if isinstance(key, str) else key[0]) not in bound}
    own = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if NAME.fullmatch(name) and bound[name] == 1:
                try:
                    known[name] = own[name] = _value(node.value, known)
                except _NotConstant:
                    continue
        for number, name in enumerate(_columns(node)):
            if bound[name] == 1:
                known[name] = own[name] = number
    return own, known


def _columns(node):
    """Names of `CODE, NAME, SEVERITY = range(3)`, the columns of a table; () for any other statement."""
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Call) and \
            isinstance(node.value.func, ast.Name) and node.value.func.id == "range" and len(node.value.args) == 1:
        return [part.id for part in node.targets[0].elts if isinstance(part, ast.Name)]
    return ()


class _Inline(ast.NodeTransformer):
    def __init__(self, own, known, keep):
        self.own, self.known, self.keep = own, known, keep

    def visit_Name(self, node):
        return _literal(self.known[node.id]) if isinstance(node.ctx, ast.Load) and node.id in self.known else node

    def visit_Attribute(self, node):
        self.generic_visit(node)
        key = (node.value.id, node.attr) if isinstance(node.value, ast.Name) and isinstance(node.ctx, ast.Load) else None
        return _literal(self.known[key]) if key in self.known else node

    def visit_Assign(self, node):
        target = node.targets[0]
        if isinstance(target, ast.Name) and target.id in self.own and not self.keep:
            return None
        columns = _columns(node)
        if columns and all(name in self.own for name in columns) and not self.keep:
            return None
        return self.generic_visit(node)


class _Unused(ast.NodeTransformer):
    """Takes away imports whose names are used no more (only of ours, whose import does nothing but bind), and tables that
    nobody in the application reads."""

    def __init__(self, tree, read_elsewhere):
        self.used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        self.used |= {name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names}
        self.read_elsewhere = read_elsewhere

    def visit_ImportFrom(self, node):
        if node.module == "micropython" or node.module.split(".")[0] == "firmware":
            node.names = [alias for alias in node.names if (alias.asname or alias.name) in self.used]
        return node if node.names else ast.Pass()

    def visit_Module(self, node):
        node.body = [statement for statement in node.body if not self._is_unread_table(statement)]
        return self.generic_visit(node)

    def _is_unread_table(self, node):
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
            return False
        name = node.targets[0].id
        if name in self.used or name in self.read_elsewhere or not NAME.fullmatch(name):
            return False
        return all(isinstance(part, (ast.Tuple, ast.Dict, ast.Constant, ast.expr_context, ast.UnaryOp, ast.USub))
                   for part in ast.walk(node.value))


def _read_of_others(trees):
    """{module: names that other modules read of it}. Of `import x.y` and what is not understood, every attribute counts."""
    found = {module: set() for module in trees}
    for tree in trees.values():
        attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    found.get(node.module, set()).add(alias.name)
                    found.get("%s.%s" % (node.module, alias.name), set()).update(attributes)
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    found.get(alias.name, set()).update(attributes)
    return found


def _literal(value):
    return ast.UnaryOp(ast.USub(), ast.Constant(-value)) if type(value) is int and value < 0 else ast.Constant(value)


def inline(sources, keep=False, bundled=False, flat=False, short=None):
    """{module name: source} with constants in their places. keep=True leaves the bindings, for tests that import them;
    bundled=True makes one module of each folder (bundle.py), flat=True lays them all in one (flat.py). short: a dict that learns
    {module: {name: its short name}}, and what only modules see is then renamed (inner_names.py)."""
    trees = {module: ast.parse(text) for module, text in sources.items()}
    constants = {module: {} for module in sources}
    before = None
    while before != constants:     # a constant may be made of another module's
        before = {module: dict(found) for module, found in constants.items()}
        for module, tree in trees.items():
            constants[module] = _own(tree, constants)[0]
    for module, tree in trees.items():
        own, known = _own(tree, constants)
        trees[module] = _Inline(own, known, keep).visit(tree)
    if not keep:
        as_text(trees)
        for _ in range(2):     # an import that goes may have been a table's last reader
            others = _read_of_others(trees)
            for module, tree in trees.items():
                trees[module] = _Unused(tree, others[module]).visit(tree)
        shorten(trees)
    write_out(trees, keep)      # names of private attributes are short now, and those of one class alone
    if bundled:
        trees = bundle(trees)
    if flat:
        trees = flatten(trees)
    if short is not None and not keep:
        cut_out(trees)
        short.update(shorten_inner(trees))
    return {module: text_of(tree) for module, tree in trees.items()}
