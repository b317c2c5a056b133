"""Names that nobody outside can see are shortened before compiling, the same short ones in every module.

The VM keeps each name it has met in a table that grows by doubling and never shrinks; some 300 of the application's names
are private attributes and arguments. Renamed here, to `_0`, `_1`, …, are
- private attributes (`self._name = …`) that are used through `self` only, or by one module alone, and that are no function's
  name: tracebacks stay readable,
- arguments that no call in the application gives by keyword.
A module with a class of another module as its base keeps its attributes, and so does that other: they share one object.
"""
import ast
import re

PRIVATE = re.compile(r"_[a-z][a-z0-9_]*")


def _attributes(tree):
    """Private attribute names of a module: (kept in self, used on other objects), and what may be meant otherwise: names of
    functions, classes and variables, texts."""
    kept, foreign, other = set(), set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and PRIVATE.fullmatch(node.attr):
            if not isinstance(node.value, ast.Name) or node.value.id != "self":
                foreign.add(node.attr)
            elif isinstance(node.ctx, ast.Store):
                kept.add(node.attr)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            other.add(node.name)
        elif isinstance(node, ast.Name):
            other.add(node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            other.add(node.value)
        elif isinstance(node, ast.alias):
            other.update(node.name.split("."))
    return kept, foreign, other


def _foreign_bases(tree):
    """Names of base classes that the module did not make, those of the interpreter apart."""
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    plain = {"Exception", "BaseException", "ValueError", "OSError"}
    return {base.id if isinstance(base, ast.Name) else "?" for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
            for base in node.bases} - own - plain


class _Rename(ast.NodeTransformer):
    """Applies {attribute: short} to the module and {argument: short} to each function."""

    def __init__(self, attributes, keywords):
        self.attributes, self.keywords, self.scopes = attributes, keywords, []

    def visit_Attribute(self, node):
        self.generic_visit(node)
        node.attr = self.attributes.get(node.attr, node.attr)
        return node

    def _function(self, node):
        arguments = node.args
        every = arguments.posonlyargs + arguments.args
        for default in arguments.defaults + [part for part in arguments.kw_defaults if part]:
            self.visit(default)
        for decorator in getattr(node, "decorator_list", ()):
            self.visit(decorator)
        taken = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)} | {part.arg for part in every}
        taken |= {short for scope in self.scopes for short in scope.values()}
        renamed = {}
        for argument in every:
            if argument.arg != "self" and argument.arg not in self.keywords and not _bound_inside(node, argument.arg):
                number = 0
                while "_%d" % number in taken or "_%d" % number in renamed.values():
                    number += 1
                renamed[argument.arg] = "_%d" % number
        # a name that this function binds anew hides the outer one
        inner = {name: short for scope in self.scopes for name, short in scope.items()}
        self.scopes.append({**{name: name for name in _binds(node) if name in inner}, **renamed})
        for argument in every:
            argument.arg = renamed.get(argument.arg, argument.arg)
        if isinstance(node, ast.Lambda):
            node.body = self.visit(node.body)
        else:
            node.body = [self.visit(statement) for statement in node.body]
        self.scopes.pop()
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = _function

    def visit_Name(self, node):
        for scope in reversed(self.scopes):
            if node.id in scope:
                node.id = scope[node.id]
                break
        return node


def _binds(function):
    """Names that a function binds: its arguments and variables."""
    arguments = function.args
    found = {part.arg for part in arguments.posonlyargs + arguments.args + arguments.kwonlyargs}
    found |= {part.arg for part in (arguments.vararg, arguments.kwarg) if part}
    found |= {part.id for part in ast.walk(function) if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load)}
    return found


def _bound_inside(function, name):
    """Whether a function or comprehension within this one has a variable of that name: then it is left alone."""
    for part in ast.walk(function):
        if part is not function and isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) and name in _binds(part):
            return True
        if isinstance(part, ast.comprehension) and name in {getattr(leaf, "id", None) for leaf in ast.walk(part.target)}:
            return True
        if isinstance(part, (ast.Global, ast.Nonlocal)) and name in part.names:
            return True
        if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and part is not function and part.name == name:
            return True
        if isinstance(part, ast.ExceptHandler) and part.name == name:
            return True
        if isinstance(part, ast.alias) and (part.asname or part.name) == name:
            return True
    return False


def shorten(trees):
    """Changes the trees {module: ast.Module} in place."""
    keywords = {node.arg for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.keyword)}
    found = {module: _attributes(tree) for module, tree in trees.items()}
    bases = set().union(*[_foreign_bases(tree) for tree in trees.values()])
    for module, tree in trees.items():
        kept, _, other = found[module]
        elsewhere = set().union(*[found[name][1] | found[name][2] for name in trees if name != module])
        mine = sorted(kept - other - elsewhere)
        if _foreign_bases(tree) or {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)} & bases:
            mine = []
        short = {name: "_%d" % number for number, name in enumerate(mine)}
        _Rename(short, keywords).visit(tree)
