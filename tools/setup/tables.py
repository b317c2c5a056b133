"""Large tables become text before compiling: on the device a tuple of tuples costs ten times the heap of its text.

The registries of facts, commands, faults and settings are read a few times an hour, or when somebody asks for the table
itself. A module's table of tuples that the whole application only ever iterates over (`for row in TABLE`), or asks
`keyed(TABLE, key)` for one row of (`firmware/keyed.py`), is written as
`Rows(text)` of device_rows.py: from ROMFS or frozen it stays in flash, and a row is made when it is looked at. A table that is
indexed, searched with `in` or handed on is left as it is, and so is one that is not made of plain values.
"""
import ast
import json

MANY = 8  # rows; a shorter table is not worth it
KEYED = ("firmware.keyed", "keyed")   # keyed(TABLE, key) looks for one row
MODULE = "firmware.rows"
CLASS = "Rows"


class _NotPlain(Exception):
    """A table with something in it that text cannot say."""


def _plain(node, names):
    """The value of a literal; `names`: {name: node} of the module's literals."""
    if isinstance(node, ast.Tuple):
        return [_plain(part, names) for part in node.elts]
    if isinstance(node, ast.Constant) and (node.value is None or type(node.value) in (int, bool, str)):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_plain(node.operand, names)
    if isinstance(node, ast.Name) and node.id in names:
        return _plain(names[node.id], names)
    raise _NotPlain


def _tables(tree):
    """{name: rows} of the tables that a module binds once, of plain values."""
    bindings, times = {}, {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            times[node.id] = times.get(node.id, 0) + 1
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and times[node.targets[0].id] == 1:
            bindings[node.targets[0].id] = node.value
    found = {}
    for name, value in bindings.items():
        if isinstance(value, ast.Tuple) and len(value.elts) >= MANY and all(isinstance(row, ast.Tuple) for row in value.elts):
            try:
                found[name] = _plain(value, bindings)
            except _NotPlain:
                continue
    return found


def _iterated(tree):
    """The nodes that stand behind `in` of a loop."""
    return {id(node.iter) for node in ast.walk(tree) if isinstance(node, (ast.For, ast.comprehension))}


def _uses(trees):
    """({(module, name)} of what is iterated over or asked for a row, the same of what is used in any other way)."""
    over, found = set(), set()
    for module, tree in trees.items():
        looked_at = _iterated(tree)
        origin = {}       # a name here -> what it may be elsewhere
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    origin[alias.asname or alias.name] = (node.module, alias.name)
        looked_at |= {id(node.args[0]) for node in ast.walk(tree)
                      if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and origin.get(node.func.id) == KEYED}
        for node in ast.walk(tree):
            kind = over if id(node) in looked_at else found
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                kind.add(origin.get(node.id, (module, node.id)))
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                kind.add((".".join(origin.get(node.value.id, ("", node.value.id))), node.attr))
    return over, found


def _text(rows):
    return "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows).encode()


def as_text(trees):
    """Changes the trees {module: ast.Module} in place; returns {(module, name)} of the tables that became text. One that nobody
    reads stays what it is: constants.py leaves it out."""
    over, kept = _uses(trees)
    changed = set()
    for module, tree in trees.items():
        tables = {name: rows for name, rows in _tables(tree).items() if (module, name) in over - kept}
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in tables:
                node.value = ast.Call(ast.Name(CLASS, ast.Load()), [ast.Constant(_text(tables[node.targets[0].id]))], [])
                changed.add((module, node.targets[0].id))
        if tables:
            after = 1 if ast.get_docstring(tree) is not None else 0
            tree.body.insert(after, ast.ImportFrom(MODULE, [ast.alias(CLASS)], 0))
    return changed
