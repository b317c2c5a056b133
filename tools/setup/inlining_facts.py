"""What inlining.py has to know before it may put something in the place of a call: which classes the package has, what their
parts are, who is called from where, and which expressions may be moved or written twice."""
import ast
import re
from collections import Counter

PACKAGE = "firmware.safety"
ENTRY = ("SafetyCore", "tick")
COUNTDOWN = (PACKAGE + ".limits", "count_down")         # its gap is a time that went by: never negative
ROOT = "self"
RECORDS = {"inputs", "outputs", "request", "fitted"}    # parts without methods of their own
LONGEST_PAIR = 12                                       # nodes of an argument of min() and max() that is written twice
PAIRS = {"min": ast.LtE, "max": ast.GtE}
FRESH = re.compile(r"[xp]\d+|the_\w+")                  # names that the written-out functions get
UNDERSTOOD = (ast.Expr, ast.Assign, ast.AugAssign, ast.If, ast.While, ast.Return, ast.Break, ast.Continue, ast.Pass, ast.Name,
              ast.Constant, ast.Attribute, ast.Subscript, ast.Tuple, ast.Call, ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.Compare,
              ast.IfExp, ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop)


class Known:
    """What is known of a class: its methods, and the classes of its parts."""

    def __init__(self, module, node):
        self.module, self.node = module, node
        self.methods = {part.name: part for part in node.body if isinstance(part, ast.FunctionDef)}
        self.parts = {}


def simple(node):
    """A name, a number, or an attribute of one: costs little and changes nothing, so it may be written twice."""
    if isinstance(node, ast.UnaryOp):
        node = node.operand
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, (ast.Name, ast.Constant))


def has_calls(node):
    """Something is called that may change something."""
    return any(isinstance(part, ast.Call) and not (isinstance(part.func, ast.Name) and part.func.id in PAIRS)
               for part in ast.walk(node))


def acts(node):
    """Working it out may change something, or fail: a call, an index, a division."""
    return has_calls(node) or any(isinstance(part, (ast.Subscript, ast.FloorDiv, ast.Div, ast.Mod, ast.LShift, ast.RShift, ast.Pow))
                                  for part in ast.walk(node))


def steady(node):
    """A number or a variable of the tick: the same wherever it is written."""
    return isinstance(node, (ast.Name, ast.Constant)) or isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant)


def cheap(node):
    """Costs less to work out twice than a call."""
    return len(list(ast.walk(node))) <= LONGEST_PAIR and not any(isinstance(part, ast.Call) for part in ast.walk(node))


def plain(body):
    """Nothing stands in it but what this module understands."""
    return all(isinstance(part, UNDERSTOOD) for node in body for part in ast.walk(node))


def leavable(body, wanted):
    """It does something, no `return` is in a loop, and at the end is one where a result is wanted."""
    loops = [node for part in body for node in ast.walk(part) if isinstance(node, (ast.While, ast.For))]
    return bool(body) and not any(isinstance(part, ast.Return) for node in loops for part in ast.walk(node)) and (
        not wanted or isinstance(body[-1], ast.Return))


def fits(function, given):
    """`given` positional arguments, self among them, are what the function takes; no decorator makes something else of it."""
    taken = function.args
    return not (function.decorator_list or taken.posonlyargs or taken.vararg or taken.kwonlyargs or taken.kwarg) and (
        len(taken.args) - len(taken.defaults) <= given <= len(taken.args))


def is_own(node):
    """An attribute of self."""
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == ROOT


def refuse_names(trees):
    """ValueError where a name of the package is one that the build makes itself, or means min(), max() or self anew."""
    for module, tree in trees.items():
        for node in ast.walk(tree):
            bound, said = [], []
            if isinstance(node, ast.Name):
                (said if isinstance(node.ctx, ast.Load) else bound).append(node.id)
            elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                said.append(node.name)
            elif isinstance(node, ast.arg):
                said.append(node.arg)
                bound += [node.arg] if node.arg in PAIRS else []
            elif isinstance(node, ast.ImportFrom):
                bound += [alias.asname or alias.name for alias in node.names]
            for name in said + bound:
                if FRESH.fullmatch(name) or name in bound and (name in PAIRS or name == ROOT):
                    raise ValueError("%s line %s: the build of the tick needs the name %s for itself; allowed: any other" % (
                        module, getattr(node, "lineno", "?"), name))


def imported_names(tree):
    """{name: (module, name there)} of what a module imports."""
    return {alias.asname or alias.name: (node.module, alias.name) for node in tree.body if isinstance(node, ast.ImportFrom)
            for alias in node.names}


def own_names(tree):
    """Names that a module itself binds."""
    return bound_names([node for node in tree.body if isinstance(node, ast.Assign)]) | {
        node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}


def statements_of(function):
    """The statements without the docstring."""
    first = function.body[0]
    return function.body[isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):]


def bound_names(statements):
    """Names that statements bind."""
    return {part.id for node in statements for part in ast.walk(node)
            if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load)}


class Package:
    """The classes and functions of the package, and who calls what."""

    def __init__(self, trees):
        self.trees = {name: tree for name, tree in trees.items() if name.startswith(PACKAGE + ".")}
        self.classes, self.functions = {}, {}
        self.imported = {name: imported_names(tree) for name, tree in self.trees.items()}
        for module, tree in self.trees.items():
            for node in tree.body:
                if isinstance(node, ast.ClassDef):
                    if node.name in self.classes:
                        raise ValueError("%s: a class %s is in %s too" % (module, node.name, self.classes[node.name].module))
                    self.classes[node.name] = Known(module, node)
                elif isinstance(node, ast.FunctionDef):
                    self.functions[module, node.name] = node
        stored = self._stored()
        for kind, found in self.classes.items():
            found.parts = {name: part for name, part in self._parts(found).items()
                           if not {(kind, name), (None, name)} & stored}
        self.sites = Counter(id(called) for found in self.classes.values() for method in found.methods.values()
                             for called in [self.target(node, found.node.name, found.module) for node in ast.walk(method)
                                            if isinstance(node, ast.Call)] if called is not None)

    def _stored(self):
        """{(class, attribute)} that is written outside of the constructors, (None, attribute) where the class is not known: it
        may be another object tomorrow."""
        return {(kind if isinstance(node.value, ast.Name) and node.value.id == ROOT else None, node.attr)
                for kind, method in [(kind, method) for kind, found in self.classes.items() for method in found.methods.values()]
                + [(None, function) for function in self.functions.values()] for node in ast.walk(method)
                if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)
                and not (method.name == "__init__" and is_own(node))}

    def _parts(self, found):
        """{attribute: class name or None} of what the constructor makes, for certain and once."""
        if "__init__" not in found.methods:
            return {}
        parts = {}
        made_once = Counter(node.attr for node in ast.walk(found.methods["__init__"])
                            if is_own(node) and not isinstance(node.ctx, ast.Load))
        for node in found.methods["__init__"].body:
            if isinstance(node, ast.Assign) and is_own(node.targets[0]) and made_once[node.targets[0].attr] == 1:
                name, value = node.targets[0].attr, node.value
                made = value.func if isinstance(value, ast.Call) else None
                kind = made.id if isinstance(made, ast.Name) else made.attr if isinstance(made, ast.Attribute) else None
                kind = kind if kind in self.classes else None
                if kind or name in RECORDS:
                    parts[name] = kind
        return parts

    def kind(self, node, own):
        """Class name of an expression, where `own` is that of self; None: not known."""
        if isinstance(node, ast.Name):
            return own if node.id == ROOT else None
        if isinstance(node, ast.Attribute):
            kind = self.kind(node.value, own)
            return self.classes[kind].parts.get(node.attr) if kind else None
        return None

    def is_part(self, node, own):
        """An expression that stands for the same object during the whole tick."""
        if isinstance(node, ast.Name):
            return node.id == ROOT
        if not isinstance(node, ast.Attribute):
            return False
        kind = self.kind(node.value, own)
        return kind is not None and node.attr in self.classes[kind].parts

    def target(self, call, own, module):
        """The function or method of the package that a call means, where `own` is the class of self; None: not known, or called
        in a way that only an interpreter understands."""
        if call.keywords or any(isinstance(part, ast.Starred) for part in call.args):
            return None
        found, given = None, len(call.args)
        if isinstance(call.func, ast.Name):
            found = self.function(module, call.func.id)
        elif isinstance(call.func, ast.Attribute):
            kind = self.kind(call.func.value, own)
            found, given = self.classes[kind].methods.get(call.func.attr) if kind else None, given + 1
        return found if found is not None and fits(found, given) else None

    def function(self, module, name):
        """A function that a module has by this name, its own or imported from the package."""
        return self.functions.get(self.imported[module].get(name, (module, name)))

    def home(self, function):
        """The module of a function or method."""
        for found in self.classes.values():
            if function in found.methods.values():
                return found.module
        return next(module for (module, _name), node in self.functions.items() if node is function)


def _said(tree):
    """(names that a module says to somebody else, also in texts, {class: names that it says to its own self})"""
    said, own = set(), {}
    for node in tree.body:
        mine = own.setdefault(node.name, set()) if isinstance(node, ast.ClassDef) else said
        for part in ast.walk(node):
            if isinstance(part, ast.Attribute):
                (mine if isinstance(part.value, ast.Name) and part.value.id == ROOT else said).add(part.attr)
            elif isinstance(part, ast.Constant) and isinstance(part.value, str):
                said.update(re.findall(r"\w+", part.value))
    return said, own


def drop(package, trees):
    """Takes away methods that nobody can mean any more: their name stands nowhere but after the `self` of other classes."""
    outside = set().union(*(_said(tree)[0] for name, tree in trees.items() if name not in package.trees))
    bases = {base.id for tree in trees.values() for node in tree.body if isinstance(node, ast.ClassDef) for base in node.bases
             if isinstance(base, ast.Name)}
    gone = True
    while gone:
        gone = False
        inside = [_said(tree) for tree in package.trees.values()]
        said = outside.union(*(names for names, _own in inside))
        for kind, found in package.classes.items():
            mine = set().union(*(own.get(kind, ()) for _names, own in inside))
            for name, method in list(found.methods.items()):
                if kind not in bases and not name.startswith("__") and name != ENTRY[1] and name not in said | mine:
                    found.node.body.remove(method)
                    del found.methods[name]
                    gone = True
