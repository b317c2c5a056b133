"""Writes the safety core's tick out in full before compiling: what it calls stands in the place of the calls.

The sources keep the core in small methods, each of which a test can call. On the VM a call costs as much as ten other steps,
and a part of the core (`self.pilot`) is searched for by name at each use. So the build makes one function of the tick:
- a function that is one expression takes the place of each of its calls; so do min() and max() of two simple numbers,
- a method that is called from one place, or a small one from several, takes the place of the call; its `return` leaves a loop that
  runs once,
- a part of the core that is never exchanged is fetched once a tick,
- what is still called is written out in the same way.
Only what is certain is touched: methods of classes of this package, on `self` and on parts that a constructor makes once. The
order of what happens stays as the source says it. A method that nobody can call any more goes.
"""
import ast
import builtins
import copy
from collections import Counter

from tools.setup.inlining_facts import (
    COUNTDOWN,
    ENTRY,
    FRESH,
    PAIRS,
    ROOT,
    Package,
    acts,
    bound_names,
    cheap,
    drop,
    has_calls,
    leavable,
    own_names,
    plain,
    refuse_names,
    simple,
    statements_of,
    steady,
)
from tools.setup.inlining_nodes import Fetch, Leave, Put, asked, assign, at_zero, is_countdown, joined

LONGEST = 45                # nodes of an expression that is repeated at each of its calls
LONGEST_MORE = 260          # nodes of a function times the places more than one in which it is written out
CHEAP = 16                  # variables that the VM reaches with a code of one byte
OWN_FIRST = 8               # of them, for the values in between


class _Writer:
    """Writes one function out. Its variables are x1, x2, …; those of a statement are free again after it."""

    def __init__(self, package, function, kind):
        """kind: class of the function's self, None for a function that stands alone."""
        self.package, self.function, self.kind = package, function, kind
        self.module = package.home(function)
        self.free = self.serial = 0
        self.own = bound_names(function.body) | {part.arg for part in function.args.args}
        self.names = own_names(package.trees[self.module])
        self.needed = {}            # name -> (module, name there) that the function's module has to import
        self.called = []            # (function, class of its self) of calls that stay
        self.inside = [function]    # functions that are being written out, each in the one before it

    def write(self):
        """Changes the function and adds to its module the imports it needs now. Returns what it still calls."""
        self.function.body = self.statements(statements_of(self.function), self.module) or [ast.Pass()]
        self._fetch_parts()
        for name, (module, there) in self.needed.items():
            alias = ast.alias(there, None if name == there else name)
            self.package.trees[self.module].body.insert(0, ast.ImportFrom(module, [alias], 0))
            self.package.imported[self.module][name] = (module, there)
        return self.called

    def _fetch_parts(self):
        """What stands for one object during the whole tick and is used more than once gets a variable."""
        every = [node for part in self.function.body for node in ast.walk(part)
                 if isinstance(node, ast.Attribute) and self.package.is_part(node, self.kind)]
        texts = {id(node): ast.unparse(node) for node in every}
        uses = Counter(texts.values())
        uses = {text: name for text in uses if uses[text] > 1 for name in [text.replace(".", "_").replace(ROOT, "the", 1)]}
        for name, count in Counter(uses.values()).items():
            if count > 1:
                raise ValueError("%s: two parts of the core would be %s" % (self.module, name))
        fetch = Fetch({number: uses[text] for number, text in texts.items() if text in uses})
        self.function.body = [fetch.visit(node) for node in self.function.body]
        fetches = [ast.parse("%s = %s" % (name, text)).body[0] for text, name in sorted(uses.items())]
        if len(fetches) + len(self.function.args.args) >= CHEAP:
            self._first_places(fetches)
        self.function.body[:0] = fetches

    def _first_places(self, fetches):
        """The VM reaches a function's first variables with shorter code: they shall be those that are said most often."""
        said = Counter(part.id for node in self.function.body for part in ast.walk(node) if isinstance(part, ast.Name))
        fetches.sort(key=lambda node: (-said[node.targets[0].id], node.targets[0].id))
        own = sorted((name for name in said if FRESH.fullmatch(name) and not name.startswith("the_")), key=lambda name: -said[name])
        own = own[:OWN_FIRST]
        if own:
            begin = CHEAP - len(self.function.args.args) - len(own)
            fetches.insert(begin, ast.Assign([ast.Name(name, ast.Store()) for name in own], ast.Constant(0)))

    def variable(self):
        self.free += 1
        return ast.Name("x%d" % self.free, ast.Load())

    # ---- statements

    def statements(self, nodes, module):
        """The statements written out; names in them are those of `module`."""
        found = []
        for node in nodes:
            mark = self.free
            found += self.statement(node, module)
            self.free = mark
        return found

    def statement(self, node, module):
        """One statement, and before it what its calls became."""
        before = []
        if isinstance(node, ast.If):
            node.test = asked(self.value(node.test, module, before))
            node.body = self.statements(node.body, module) or [ast.Pass()]
            node.orelse = self.statements(node.orelse, module)
        elif isinstance(node, ast.While):
            node.test = self.value(node.test, module, None)
            node.body = self.statements(node.body, module) or [ast.Pass()]
        elif isinstance(node, ast.Expr):
            node.value = self.value(node.value, module, before, wanted=False)
            if not acts(node.value):
                return before
        elif isinstance(node, (ast.Assign, ast.Return)) and node.value is not None:
            node.value = self.value(node.value, module, before)
            node = at_zero(node)
        elif isinstance(node, ast.AugAssign):
            node.value = self.value(node.value, module, before if isinstance(node.target, ast.Name) else None)
        return before + [node]

    # ---- expressions

    def value(self, node, module, before, wanted=True):
        """The expression written out. before: list for the statements that have to come first; None: there may be none."""
        if isinstance(node, ast.Call):
            return self.call(node, module, before, wanted)
        if isinstance(node, ast.BoolOp):
            return self.alternatives(node, module, before)
        if isinstance(node, ast.Name):
            self.need(node.id, module)
            return node
        for name, part in ast.iter_fields(node):
            if isinstance(part, ast.expr):
                setattr(node, name, self.value(part, module, before))
                before = before if steady(getattr(node, name)) else None
            elif isinstance(part, list):
                setattr(node, name, [self.value(item, module, None) if isinstance(item, ast.expr) else item for item in part])
            if isinstance(node, ast.IfExp):
                before = None
        return node

    def alternatives(self, node, module, before):
        """`a and b`: where b needs statements first, they are done only if a is true."""
        result, parts = None, []
        for part in node.values:
            first = None if before is None else []
            part = self.value(part, module, first)
            if first and parts:
                result = result or self.variable()
                branch = ast.If(result if isinstance(node.op, ast.And) else ast.UnaryOp(ast.Not(), result), first, [])
                before += [assign(result, joined(node.op, parts)), branch]
                before, parts = first, []
            elif first:
                before += first
            parts.append(part)
        if result is None:
            return joined(node.op, parts)
        before.append(assign(result, joined(node.op, parts)))
        return result

    def need(self, name, module):
        """A name of another module that stands in the function now has to be known there."""
        if module == self.module or name == ROOT or FRESH.fullmatch(name):
            return
        if hasattr(builtins, name) and name not in {*self.package.imported[module], *own_names(self.package.trees[module])}:
            return
        source = self.package.imported[module].get(name, (module, name))
        own = self.package.imported[self.module]
        if own.get(name, self.needed.get(name, source)) != source or name in self.names:
            raise ValueError("%s of %s means something else in %s" % (name, module, self.module))
        if name not in own:
            self.needed[name] = source

    def call(self, node, module, before, wanted):
        """A call: the function's expression, the variable with its result, or the call itself."""
        called = self.package.target(node, self.kind, module)
        if isinstance(node.func, ast.Name) and node.func.id in self.own:
            called = None
        if called is not None and not called.args.defaults and plain(called.body) and called not in self.inside:
            arguments = ([node.func.value] if isinstance(node.func, ast.Attribute) else []) + node.args
            body = statements_of(called)
            if len(body) == 1 and isinstance(body[0], ast.Return) and body[0].value is not None and \
                    self.may_repeat(body[0], called, arguments):
                return self.expression(called, arguments, module, before)
            if before is not None and self.is_rare(called) and leavable(body, wanted):
                return self.in_place(called, arguments, module, before, wanted)
        if called is not None:
            self.called.append((called, self.package.kind(node.func.value, self.kind) if isinstance(node.func, ast.Attribute)
                                else None))
        if is_countdown(node):
            one, other = [self.value(part, module, None) for part in (node.args[0].left, node.args[0].right)]
            return ast.IfExp(ast.Compare(one, [ast.Gt()], [other]),
                             ast.BinOp(copy.deepcopy(one), ast.Sub(), copy.deepcopy(other)), node.args[1])
        node.func = self.value(node.func, module, None)
        pair = isinstance(node.func, ast.Name) and node.func.id in PAIRS and len(node.args) == 2 and not node.keywords
        for number, part in enumerate(node.args):
            node.args[number] = part = self.value(part, module, before)
            if pair and before is not None and not simple(part):
                node.args[number] = part = self.kept(part, before)
            elif not number and pair and before is not None and not steady(part) and has_calls(node.args[1]):
                node.args[number] = part = self.kept(part, before)
            before = before if steady(part) else None
        for keyword in node.keywords:
            keyword.value = self.value(keyword.value, module, None)
        if pair and all(map(cheap, node.args)):
            one, other = node.args
            return ast.IfExp(ast.Compare(one, [PAIRS[node.func.id]()], [other]), copy.deepcopy(one), copy.deepcopy(other))
        return node

    def kept(self, value, before):
        """A variable with the value."""
        variable = self.variable()
        before.append(assign(variable, value))
        return variable

    def is_rare(self, called):
        """Called from one place, or so small that it may stand in several."""
        sites = self.package.sites[id(called)]
        return sites == 1 or (sites - 1) * len(list(ast.walk(called))) <= LONGEST_MORE

    def may_repeat(self, result, called, arguments):
        """The expression is small, and its arguments may be written as often as it names them."""
        if len(list(ast.walk(result))) > LONGEST:
            return False
        uses = Counter(part.id for part in ast.walk(result) if isinstance(part, ast.Name))
        pure = not has_calls(result)
        return all(steady(given) or self.package.is_part(given, self.kind) or pure and (
            simple(given) or uses[name.arg] <= 1 and not has_calls(given)) for name, given in zip(called.args.args, arguments))

    def renamed(self, called, arguments, module, before):
        """(the function with its own names out of the way, {placeholder: argument}): what may not be repeated gets a variable."""
        bound = bound_names(called.body)
        meant = {part.id for node in called.body for part in ast.walk(node) if isinstance(part, ast.Name)}
        meant -= bound | {part.arg for part in called.args.args} | {ROOT}
        if meant & self.own:
            raise ValueError("%s: %s of %s means something else in %s" % (
                self.module, sorted(meant & self.own)[0], called.name, self.function.name))
        called, first, later = copy.deepcopy(called), {}, {}
        for name, argument in zip(called.args.args, arguments):
            if name.arg == ROOT:
                first[ROOT] = argument
                continue
            argument = self.value(argument, module, before)
            self.serial += 1
            place = ast.Name("p%d" % self.serial, ast.Load())
            if name.arg in bound or before is not None and not steady(argument) and not self.package.is_part(argument, self.kind):
                place = self.kept(argument, before)
            else:
                later[place.id] = argument
            first[name.arg] = place
        for name in sorted(bound - set(first)):
            first[name] = self.variable()
        called.body = [Put(first).visit(node) for node in statements_of(called)]
        return called, later

    def expression(self, called, arguments, module, before):
        """The function's one expression, with the arguments in it."""
        home = self.package.home(called)
        copied, later = self.renamed(called, arguments, module, None)
        self.inside.append(called)
        made = Put(later).visit(self.value(copied.body[0].value, home, None if later else before))
        self.inside.pop()
        if called is self.package.functions.get(COUNTDOWN):
            made.counts_down = True
        return made

    def in_place(self, called, arguments, module, before, wanted):
        """The function's statements go to `before`; what is left is the variable with its result."""
        home = self.package.home(called)
        copied, later = self.renamed(called, arguments, module, before)
        result = self.variable() if wanted else None
        loop = any(isinstance(part, ast.Return) for node in copied.body for part in ast.walk(node)
                   if part is not copied.body[-1])
        self.inside.append(called)
        body = [Put(later).visit(node) for node in self.statements(copied.body, home)]
        self.inside.pop()
        holder = ast.Module(body, [])
        body = Leave(result, loop).visit(holder).body
        if loop:
            body = [ast.While(ast.Constant(True), body + ([] if body and isinstance(body[-1], ast.Break) else [ast.Break()]), [])]
        before += body
        return result or ast.Constant(None)


def write_out(trees, keep=False):
    """Writes the tick out in `trees`, {module: tree}. keep=True leaves methods that nobody calls any more, for tests."""
    if ENTRY[0] not in {node.name for tree in trees.values() for node in tree.body if isinstance(node, ast.ClassDef)}:
        return
    package = Package(trees)
    refuse_names(package.trees)
    waiting, done = [(package.classes[ENTRY[0]].methods[ENTRY[1]], ENTRY[0])], []
    if not plain(waiting[0][0].body):
        raise ValueError("%s.%s has statements that cannot be written out" % ENTRY)
    while waiting:
        function, kind = waiting.pop()
        if function not in done and plain(function.body):
            done.append(function)
            waiting += _Writer(package, function, kind).write()
    if not keep:
        drop(package, trees)
