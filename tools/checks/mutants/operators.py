"""One source file to its mutants: the small faults that somebody could have typed. A mutant is an edit of the text, so that a
list of survivors reads like a diff."""
import ast
import re
from bisect import bisect_left, bisect_right
from collections import Counter, namedtuple

# path, where: dotted name of the function ("" = module or class level) · first, last: lines whose coverage decides which
# tests can notice it · start, end, text: the edit in bytes · old, new: the edited lines, in one · key: the same in every
# version of the file as long as the line is
Mutant = namedtuple("Mutant", "path where first last start end text old new key")

COMPARISONS = {ast.Lt: ("<", "<= >="), ast.LtE: ("<=", "< >"), ast.Gt: (">", ">= <="), ast.GtE: (">=", "> <"),
               ast.Eq: ("==", "!= >= <="), ast.NotEq: ("!=", "== > <")}
ARITHMETIC = {ast.Add: "+ -", ast.Sub: "- +", ast.Mult: "* //", ast.FloorDiv: "// *", ast.Mod: "% //", ast.LShift: "<< >>",
              ast.RShift: ">> <<", ast.BitAnd: "& |", ast.BitOr: "| &", ast.BitXor: "^ |"}
TWINS = """
left_1_ms left_2_ms; feedback_1 feedback_2; coil_1 coil_2; supply_1_mv supply_2_mv supply_3_mv; cp_high_mv cp_low_mv;
temperature_0_c temperature_1_c temperature_2_c temperature_3_c temperature_4_c; cp_high_reads cp_low_reads;
rcd_tripped rdc_dd_tripped; low_good low_bad; stale_left_ms undefined_left_ms; RECLOSE_MS RECLOSE_DEF_MS;
PWM_PAUSE_MS PWM_PAUSE_EF_MS; PILOT_STEADY_HIGH_NS PILOT_STEADY_LOW_NS; A B C D E F; SUPPLY_LOW_MV SUPPLY_HIGH_MV;
IDLE SELFTEST READY OFFERING WAKING CLOSING CLOSED STOPPING OPENING TRIPPED; STEADY FAULT PWM KEEP; RUNNING PASSED FAILED;
RCD_AC RDC_DD RCD_TEST; min max; WELDED NOT_CLOSED; TEMPERATURE SENSOR; PILOT_STALE PILOT_UNDEFINED PILOT_SHORT
"""
TWIN = {}
for _group in TWINS.replace("\n", " ").split(";"):
    _names = _group.split()
    TWIN.update({name: _names[(i + 1) % len(_names)] for i, name in enumerate(_names)})


class _File:
    """Byte offsets and text of one source."""

    def __init__(self, path, text):
        self.path = path
        self.data = text.encode()
        self.starts = [0]
        for line in self.data.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def begin(self, node):
        return self.starts[node.lineno - 1] + node.col_offset

    def end(self, node):
        return self.starts[node.end_lineno - 1] + node.end_col_offset

    def segment(self, node):
        return self.data[self.begin(node):self.end(node)].decode()

    def lines(self, start, end, text=None):
        """The whole lines around the bytes, with text in their place, without comments, spaces made single."""
        first = self.starts[bisect_right(self.starts, start) - 1]
        last = self.starts[bisect_left(self.starts, end)]
        middle = self.data[start:end] if text is None else text.encode()
        whole = (self.data[first:start] + middle + self.data[end:last]).decode()
        return " ".join(re.sub(r"\s# .*", "", whole).split())


def _operator_between(file, left, right, symbol, start=None):
    """Byte range of an operator between two nodes; brackets and comments may stand there too."""
    start = file.end(left) if start is None else start
    place = file.data.index(symbol.encode(), start, file.begin(right))
    return place, place + len(symbol)


def _boolean(file, node):
    word, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
    between = file.data[file.begin(node):file.begin(node.values[0])].decode()
    for value, following in zip(node.values, node.values[1:]):
        between += file.segment(value) + file.data[file.end(value):file.begin(following)].decode().replace(word, other)
    yield file.begin(node), file.end(node), between + file.data[file.begin(node.values[-1]):file.end(node)].decode()
    for dropped in node.values:
        left = [file.segment(value) for value in node.values if value is not dropped]
        yield file.begin(node), file.end(node), "(%s)" % (" %s " % word).join("(%s)" % text for text in left)


def _constant(node):
    if node.value is True or node.value is False:
        yield str(not node.value)
    elif isinstance(node.value, int):
        yield from (str(node.value + 1), "(%d)" % (node.value - 1) if node.value == 0 else str(node.value - 1))
    elif isinstance(node.value, str) and node.value:
        yield '""'


def _expression(file, root):
    """Edits inside one expression."""
    for node in ast.walk(root):
        if isinstance(node, ast.Compare):
            left = node.left
            for operation, right in zip(node.ops, node.comparators):
                symbol, others = COMPARISONS.get(type(operation), ("", ""))
                for other in others.split():
                    if other not in ("==", "!=") and symbol in ("==", "!=") and isinstance(right, (ast.Constant, ast.UnaryOp)):
                        continue            # a flag against 0 or 1: the constant's own mutants say the same
                    yield _operator_between(file, left, right, symbol) + (other,)
                left = right
        elif isinstance(node, ast.BoolOp):
            yield from _boolean(file, node)
        elif isinstance(node, ast.UnaryOp):
            yield file.begin(node), file.end(node), "(%s)" % file.segment(node.operand)
        elif isinstance(node, ast.BinOp):
            symbol, other = ARITHMETIC[type(node.op)].split()
            yield _operator_between(file, node.left, node.right, symbol) + (other,)
        elif isinstance(node, ast.IfExp):
            yield from _condition(file, node.test)
        elif isinstance(node, ast.Constant):
            for text in _constant(node):
                yield file.begin(node), file.end(node), text
        elif isinstance(node, ast.Attribute) and node.attr in TWIN:
            yield file.end(node) - len(node.attr.encode()), file.end(node), TWIN[node.attr]
        elif isinstance(node, ast.Name) and node.id in TWIN and isinstance(node.ctx, ast.Load):
            yield file.begin(node), file.end(node), TWIN[node.id]


def _condition(file, test, loop=False):
    text = file.segment(test)
    for other in ("not (%s)" % text, "False") + (() if loop else ("True",)):
        yield file.begin(test), file.end(test), other


def _dropped(file, node):
    """The statement gone, and what else can go wrong with a whole statement."""
    if isinstance(node, ast.Return) and node.value is not None:
        yield file.begin(node), file.end(node), "return None"
    else:
        yield file.begin(node), file.end(node), "pass"
    if isinstance(node, ast.AugAssign):
        symbol, other = ARITHMETIC[type(node.op)].split()
        place = _operator_between(file, node.target, node.value, symbol + "=")
        yield place + (other + "=",)
        yield place + ("=",)


def _edits(file, body, where):
    """(where, first line, last line, (start, end, text)) of every statement below."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            if isinstance(node, ast.FunctionDef):
                for default in node.args.defaults:
                    for edit in _expression(file, default):
                        yield "", node.lineno, default.end_lineno, edit
            yield from _edits(file, node.body, (where + "." if where else "") + node.name)
        elif isinstance(node, (ast.If, ast.While)):
            place = (where, node.lineno, node.test.end_lineno)
            for edit in _condition(file, node.test, isinstance(node, ast.While)):
                yield place + (edit,)
            for edit in _expression(file, node.test):
                yield place + (edit,)
            yield from _edits(file, node.body + node.orelse, where)
        elif isinstance(node, (ast.Assign, ast.AugAssign, ast.Return, ast.Expr, ast.Pass, ast.Break, ast.Continue)):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                continue
            place = (where, node.lineno, node.end_lineno)
            if where:
                for edit in _dropped(file, node):
                    yield place + (edit,)
            for edit in _expression(file, node):
                yield place + (edit,)
        elif not isinstance(node, (ast.Import, ast.ImportFrom)):
            raise NotImplementedError("%s:%d: no mutation known for %s" % (file.path, node.lineno, type(node).__name__))


def _same_code(one, other):
    """Both compile to the same instructions: no fault at all."""
    if (one.co_code, one.co_names, one.co_varnames, len(one.co_consts)) != (
            other.co_code, other.co_names, other.co_varnames, len(other.co_consts)):
        return False
    return all(_same_code(a, b) if hasattr(a, "co_code") and hasattr(b, "co_code") else type(a) is type(b) and a == b
               for a, b in zip(one.co_consts, other.co_consts))


def mutated(text, mutant):
    """The whole source with the edit made."""
    data = text.encode()
    return (data[:mutant.start] + mutant.text.encode() + data[mutant.end:]).decode()


def mutants_of(path, text):
    """Every mutant of a file that compiles to something else than the original does."""
    file = _File(path, text)
    original = compile(text, path, "exec", dont_inherit=True)
    seen, counts, found = set(), Counter(), []
    functions = _edits(file, ast.parse(text, path).body, "")
    for where, first, last, (start, end, new) in functions:
        mutant = Mutant(path, where, first, last, start, end, new, file.lines(start, end), file.lines(start, end, new), "")
        source = mutated(text, mutant)
        if source in seen:
            continue
        seen.add(source)
        if _same_code(original, compile(source, path, "exec", dont_inherit=True)):
            continue
        counts[where, mutant.old, mutant.new] += 1
        number = counts[where, mutant.old, mutant.new]
        found.append(mutant._replace(key="%s %s%s | %s | %s" % (
            path, where or "-", "" if number == 1 else " #%d" % number, mutant.old, mutant.new)))
    return found
