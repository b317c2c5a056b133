"""Texts that are seldom looked at leave the heap: on the device they lie in flash, one after another, and are cut out when wanted.

A text of more than ten characters costs the VM an object of 16 bytes and a place in its module's table for as long as the module
is loaded, although the text itself stays in flash. Cut out are texts that are used on the spot and seldom: what an exception says,
what is formatted, the key of a setting, and the keys that building the drivers looks for. What is kept somewhere stays as it is,
for it would then lie in RAM, and so does what a tick looks at.

A class's `__module__` and `__qualname__`, which nobody asks for, make room in its table for its own names.
"""
import ast
import re

TABLE, CUT = "TEXTS_OF_ALL", "cut_text"
SHORTEST, LONGEST = 11, 255     # characters: the VM interns shorter ones; bytes: what CUT can be told
MANY = 8                        # a module with fewer such texts is left alone
READER = "def %s(place):\n    return str(%s[place >> 8:(place >> 8) + (place & 255)], 'utf-8')" % (CUT, TABLE)
BUILDS = ("__init__", "_from_board", "_from_facts", "complete", "use_socket", "use_contact")     # ends of names that run once
SETTING = re.compile(r"[a-z_]+\.[a-z0-9_]+")


def _names(tree):
    """What the VM keeps as a name all the same: a text of that content costs nothing."""
    found = set()
    for node in ast.walk(tree):
        for field in ("id", "attr", "name", "arg"):
            found.add(getattr(node, field, None))
    return found


def _keys(node):
    """The texts that a look-up, a comparison or a sum uses on the spot."""
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        return [node.slice]
    if isinstance(node, ast.Compare):
        return [node.left] + node.comparators
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [node.left, node.right]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
        return node.args[:1]
    return []


def _setting(node):
    """The setting's key that a function is asked for, by whatever name it goes here."""
    if isinstance(node, ast.Call) and len(node.args) == 1 and isinstance(node.args[0], ast.Constant):
        if isinstance(node.args[0].value, str) and SETTING.fullmatch(node.args[0].value):
            return node.args
    return []


def _is_error(node):
    """A call that makes an exception: raised here or by who called."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.endswith("Error")


def _seldom(tree):
    """ids of the texts that may be cut out."""
    found = set()
    for node in ast.walk(tree):
        wanted = []
        if isinstance(node, ast.Raise) or _is_error(node):
            kept = {id(leaf) for part in ast.walk(node) if isinstance(part, ast.Tuple) for leaf in ast.walk(part)}
            wanted = [part for part in ast.walk(node) if id(part) not in kept]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
            wanted = [node.left]
        elif isinstance(node, ast.FunctionDef) and node.name.endswith(BUILDS):
            wanted = [key for part in ast.walk(node) for key in _keys(part)]
        else:
            wanted = _setting(node)
        found.update(id(part) for part in wanted if isinstance(part, ast.Constant) and isinstance(part.value, str))
    return found


class _Cut(ast.NodeTransformer):
    def __init__(self, seldom, names):
        self.seldom, self.names = seldom, names
        self.table, self.places = b"", {}

    def visit_Constant(self, node):
        text = node.value
        if id(node) not in self.seldom or len(text) < SHORTEST or text in self.names:
            return node
        data = text.encode()
        if len(data) > LONGEST:
            return node
        if text not in self.places:
            at = self.table.find(data)
            if at < 0:
                at = len(self.table)
                self.table += data
            self.places[text] = at << 8 | len(data)
        return ast.Call(ast.Name(CUT, ast.Load()), [ast.Constant(self.places[text])], [])

    def visit_JoinedStr(self, node):
        return node


class _Lean(ast.NodeTransformer):
    def visit_ClassDef(self, node):
        self.generic_visit(node)
        node.body.insert(0, ast.Delete([ast.Name("__module__", ast.Del()), ast.Name("__qualname__", ast.Del())]))
        return node


def cut_out(trees):
    """Changes the bundled trees {module: ast.Module} in place."""
    for module, tree in trees.items():
        _Lean().visit(tree)
        seldom, names = _seldom(tree), _names(tree)
        texts = {node.value for node in ast.walk(tree) if id(node) in seldom and len(node.value) >= SHORTEST} - names
        if len(texts) >= MANY:
            cut = _Cut(seldom, names)
            body = cut.visit(tree).body
            first = ast.parse("%s = %r\n%s" % (TABLE, cut.table, READER)).body
            trees[module] = ast.fix_missing_locations(ast.Module(first + body, []))
