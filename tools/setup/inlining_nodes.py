"""Small changes of statements and expressions that inlining.py is made of."""
import ast
import copy

from tools.setup.inlining_facts import acts, simple


class Put(ast.NodeTransformer):
    """Names replaced by expressions, or by other names where they are bound."""

    def __init__(self, given):
        self.given = given

    def visit_Name(self, node):
        if node.id not in self.given:
            return node
        new = copy.deepcopy(self.given[node.id])
        if not isinstance(node.ctx, ast.Load):
            new.ctx = type(node.ctx)()
        return new


def joined(operator, parts):
    """`a and b and c`, or the only part."""
    return parts[0] if len(parts) == 1 else ast.BoolOp(operator, parts)


def assign(variable, value):
    """variable = value"""
    return ast.Assign([ast.Name(variable.id, ast.Store())], value)


def is_zero(node):
    """The number 0."""
    return isinstance(node, ast.Constant) and node.value == 0


def is_countdown(node):
    """max(x - gap, 0), of which two simple things are compared."""
    return isinstance(node.func, ast.Name) and node.func.id == "max" and len(node.args) == 2 and is_zero(node.args[1]) and \
        isinstance(node.args[0], ast.BinOp) and isinstance(node.args[0].op, ast.Sub) and \
        simple(node.args[0].left) and simple(node.args[0].right)


def asked(node):
    """`1 if x else 0` where only its truth is asked for is x; of a number, `x == 0` is `not x`: half the work for the VM."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        node.operand = asked(node.operand)
    elif isinstance(node, ast.BoolOp):
        node.values = [asked(part) for part in node.values]
    elif isinstance(node, ast.IfExp) and isinstance(node.body, ast.Constant) and node.body.value == 1 and is_zero(node.orelse):
        return node.test
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and is_zero(node.comparators[0]):
        if isinstance(node.ops[0], ast.Eq):
            return ast.UnaryOp(ast.Not(), node.left)
        if isinstance(node.ops[0], ast.NotEq):
            return node.left
    return node


def at_zero(node):
    """`x = x - gap if x > gap else 0` does nothing where x is 0 already, as most countdowns are. Only of what count_down() of the
    limits became (`counts_down`), whose gap is never negative, and only where nothing else is set to it too."""
    if not (isinstance(node, ast.Assign) and len(node.targets) == 1 and getattr(node.value, "counts_down", False)
            and isinstance(node.value, ast.IfExp) and isinstance(node.value.test, ast.Compare)):
        return node
    left = node.value.test.left
    if ast.unparse(node.targets[0]) != ast.unparse(left) or not is_zero(node.value.orelse) or \
            ast.unparse(node.value.body) != ast.unparse(ast.BinOp(left, ast.Sub(), node.value.test.comparators[0])):
        return node
    return ast.If(copy.deepcopy(left), [node], [])


class Leave(ast.NodeTransformer):
    """`return x` of a method that stands in place of its call: the result is kept, and the loop around it left. Where nobody wants
    the result, x is worked out all the same if that does something."""

    def __init__(self, result, loop):
        self.result, self.loop = result, loop

    def visit_Return(self, node):
        if self.result:
            found = [assign(self.result, node.value or ast.Constant(None))]
        else:
            found = [ast.Expr(node.value)] if node.value and acts(node.value) else []
        return found + ([ast.Break()] if self.loop else []) or ast.Pass()


class Fetch(ast.NodeTransformer):
    """Parts replaced by their variables: {id of the node: name}."""

    def __init__(self, names):
        self.names = names

    def visit_Attribute(self, node):
        return ast.Name(self.names[id(node)], ast.Load()) if id(node) in self.names else self.generic_visit(node)
