"""Module-level names that only modules see are shortened, after bundling: the same short ones in every module.

The VM keeps each name that it has met in a table which doubles when full and never shrinks: beyond 2540 names it takes 36 kB.
Some 500 functions, classes and tables of the application are only ever found by the compiler. Renamed here, to `g0`, `g1`, …,
is what a module binds at its outermost level, or takes from another module there. What is no function gets an attribute's name,
which the VM knows anyway. Left as they are:
- names that are also a text, an attribute or an argument anywhere: the VM would keep them all the same,
- exceptions and coroutines: an error's kind and the task that hung are told to people,
- what a module binds that is used as an object, and what boot.py and the console take of `firmware.app`.
`mapping()` of the result turns a traceback's names back: `python -m tools.setup.inner_names MODULE NAME`.
"""
import ast
import builtins
import keyword
import sys

OUTSIDE = {"firmware.app": ("run", "current", "App")}   # taken by boot.py, the console and the twin


def _outermost(statements):
    """Statements of a module that bind names at its outermost level, those below an `if` too."""
    for node in statements:
        if isinstance(node, ast.If):
            yield from _outermost(node.body + node.orelse)
        else:
            yield node


def _bound(tree):
    """{name: node} of what a module binds there and may be renamed; not by imports of the interpreter's."""
    found = {}
    for node in _outermost(tree.body):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found[node.name] = node
        elif isinstance(node, ast.Assign):
            found.update({part.id: node for target in node.targets for part in ast.walk(target)
                          if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)})
        elif isinstance(node, ast.ImportFrom) and node.module.startswith("firmware."):
            found.update({alias.asname or alias.name: node for alias in node.names})
    return found


def _in_scopes(tree):
    """Names that functions, lambdas, comprehensions and class bodies bind, and what is bound otherwise."""
    found = set()
    tops = {id(node) for node in _outermost(tree.body)}
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and (
                id(node) not in tops or isinstance(node, ast.AsyncFunctionDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)) and id(node) not in tops:
            found.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.comprehension):
            found.update(part.id for part in ast.walk(node.target) if isinstance(part, ast.Name))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            shared = {name for part in ast.walk(node) if isinstance(part, ast.Global) for name in part.names}
            found |= {part.id for part in ast.walk(node)
                      if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load)} - shared
    return found


def _exceptions(trees):
    """Names of classes that are errors, by what they are made of."""
    bases = {node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
             for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    found = {"Exception", "BaseException", "ValueError", "OSError"}
    while True:
        more = {name for name, below in bases.items() if below & found} - found
        if not more:
            return found
        found |= more


def _kept(trees):
    """Names that the VM has to know all the same, in whatever module."""
    found = set(_exceptions(trees))
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            elif isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.keyword):
                found.add(node.arg)
            elif isinstance(node, ast.AsyncFunctionDef):
                found.add(node.name)
    return found


def _objects(trees):
    """Modules that are taken as objects: their names are attributes of them."""
    found = set()
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                found |= {"%s.%s" % (node.module, alias.name) for alias in node.names}
            elif isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
    return found


def _spare(trees):
    """Names of attributes that no variable, argument, function or module has: the VM knows them, and at the outermost level of a
    module they are free."""
    attributes, taken = set(), set(dir(builtins)) | set(keyword.kwlist)
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                attributes.add(node.attr)
            elif isinstance(node, ast.Name):
                taken.add(node.id)
            elif isinstance(node, ast.arg):
                taken.add(node.arg)
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler)):
                taken.add(node.name)
            elif isinstance(node, ast.alias):
                taken.update((node.name.split(".")[0], node.asname or node.name))
    return sorted(attributes - taken)


class _Rename(ast.NodeTransformer):
    def __init__(self, mine, theirs):
        self.mine, self.theirs, self.depth = mine, theirs, 0

    def visit_Name(self, node):
        node.id = self.mine.get(node.id, node.id)
        return node

    def visit_Global(self, node):
        node.names = [self.mine.get(name, name) for name in node.names]
        return node

    def visit_ImportFrom(self, node):
        short = self.theirs.get(node.module, {})
        for alias in node.names:
            here = alias.asname or alias.name
            if not self.depth:
                here = self.mine.get(here, here)
            alias.name = short.get(alias.name, alias.name)
            alias.asname = here if here != alias.name else None
        return node

    def _scope(self, node):
        if not self.depth:
            node.name = self.mine.get(node.name, node.name)
        self.depth += 1
        self.generic_visit(node)
        self.depth -= 1
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = _scope


def shorten_inner(trees):
    """Changes the bundled trees {module: ast.Module} in place; returns {module: {name: its short name}}."""
    kept, objects, spare = _kept(trees), _objects(trees), _spare(trees)
    functions = {name for tree in trees.values() for name, node in _bound(tree).items() if isinstance(node, ast.FunctionDef)}
    short = {}
    for module, tree in trees.items():
        bound = _bound(tree)
        if module in objects:       # what it takes from others at most: nobody looks for that in it
            bound = {name: node for name, node in bound.items() if isinstance(node, ast.ImportFrom)}
        mine = sorted(set(bound) - kept - _in_scopes(tree) - set(OUTSIDE.get(module, ())))
        silent = [name for name in mine if name not in functions][:len(spare)]     # no traceback tells it
        short[module] = dict(zip(silent, spare))
        short[module].update({name: "g%d" % number for number, name in enumerate(name for name in mine if name not in silent)})
    for module, tree in trees.items():
        _Rename(short[module], short).visit(tree)
    return short


def mapping():
    """{module: {short name: the sources' name}} of the application as it ships."""
    from tools.setup.mpy import device_sources
    short = {}
    device_sources(short=short)
    return {module: {new: old for old, new in names.items()} for module, names in short.items()}


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    print(mapping().get(sys.argv[1], {}).get(sys.argv[2], sys.argv[2]))
