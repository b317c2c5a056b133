"""The text of a tree as mpy-cross shall read it.

`a, b = c, d` costs nothing on the VM: two values are put on the stack and taken from it again. With parentheses around the right
side, as Python's own unparse() writes it, a tuple is made on the heap first: in the control tick, at each tick.
"""
import ast


def text_of(tree):
    """Python text of a tree; values that are given to several names at once stand without parentheses."""
    text = ast.unparse(ast.fix_missing_locations(tree))
    lines = [line.encode() for line in text.split("\n")]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple) and node.value.elts and isinstance(
                node.targets[-1], ast.Tuple):
            value = node.value
            _without(lines, value.end_lineno - 1, value.end_col_offset - 1, b")")
            _without(lines, value.lineno - 1, value.col_offset, b"(")
    return b"\n".join(lines).decode()


def _without(lines, number, place, sign):
    line = lines[number]
    if line[place:place + 1] != sign:
        raise ValueError("no %s at %d of: %s" % (sign.decode(), place, line.decode()))
    lines[number] = line[:place] + line[place + 1:]
