"""Modules become one before compiling: a module costs the device 250 bytes of heap before it holds anything, and a name or a text
again in each that knows it.

All that the application has loaded when it has started becomes one module, `firmware.app`; what is loaded later, one a folder.
Sources stay in small files; the device gets `firmware.app`, `firmware.services.mqtt.all`, …: the modules one
after another, each after what it needs. What one took from another by `from … import` is then simply there. A module-level name
that two modules use differently, or that would be hidden by a variable where a module's name stood before it, gets its
module's name in front. Left as they are: app, supervisor and version; modules that somebody hands on as an object or imports
by a name of its own while running (ALONE). What is loaded on demand is put together with what it is loaded with, or with
what shares a block of flash with it (TOGETHER), up to such a block: each file takes whole ones, and a step that loads more would
hold the loop for long. What such a neighbour needs has to be named where either is loaded, or it would stay.
"""
import ast

BUNDLE = "all"
# Read once at start and then dropped, looked at by the boot chain on their own, hardware that many boards lack, or seldom wanted.
ALONE = ("firmware.access.afterwards", "firmware.access.cache", "firmware.access.remote", "firmware.access.reservation",
         "firmware.charging.demo", "firmware.drivers.ethernet", "firmware.drivers.mfrc522", "firmware.drivers.onewire",
         "firmware.drivers.pn5180", "firmware.drivers.pn532", "firmware.services.web.https")
_WEB, _OTA, _SENT = "firmware.services.web.", "firmware.services.ota.", "firmware.services.publication."
TOGETHER = (     # the first gives the name
    ("firmware.drivers.board_facts", "firmware.drivers.board_blocks", "firmware.drivers.board_pins"),      # at start only
    ("firmware.energy.meter_types", "firmware.energy.meter_table"),
    ("firmware.access.cache", "firmware.access.remote", "firmware.access.afterwards"),
    (_WEB + "pins_api", "firmware.access.pins"),
    (_WEB + "reset_api", "firmware.factory_reset", _WEB + "update_api", _OTA + "record"),
    (_WEB + "certificate_api", _WEB + "certificates"),
    (_WEB + "network_api", _WEB + "curve_api", "firmware.records.curve_log"),
    (_WEB + "query", "firmware.csv_lines", _WEB + "settings_changes"),
    (_WEB + "records_api", "firmware.records.export", _WEB + "session_choice"),
    (_WEB + "settings_text_api", "firmware.settings.text_form"),
    (_WEB + "backup_api", "firmware.settings.sealed"),
    (_WEB + "diagnostics_api", _WEB + "publication_api"),
    (_OTA + "manifest", _OTA + "refusal", _OTA + "signature", _OTA + "release_keys"),
    (_OTA + "install", _OTA + "slot_files"),
    (_OTA + "work", _OTA + "package"),
    (_SENT + "send_ftp", _SENT + "send_http", _SENT + "dialogue"),
    ("firmware.services.tls_client", "firmware.services.tls_context"),
)
LOADERS = ("OnDemand", "forget")      # what is named in a call of these is loaded for one use, so it stays alone too
APP = "firmware.app"
ON_DEVICE = "sys.implementation.name == 'micropython'"


def _module_level(statements):
    """Names bound by statements outside of functions and classes, imports of ours not counted."""
    found = []
    for node in statements:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.append(node.name)
        elif isinstance(node, ast.If):
            found += _module_level(node.body + node.orelse)
        elif isinstance(node, (ast.Assign, ast.For, ast.AugAssign)):
            found += [part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)]
    return found


def _variables(node):
    """Names that a function or class binds for itself, within it or in what lies in it."""
    found, shared = set(), set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load):
            found.add(part.id)
        elif isinstance(part, ast.arg):
            found.add(part.arg)
        elif isinstance(part, ast.ExceptHandler) and part.name:
            found.add(part.name)
        elif isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef)) and part is not node and not isinstance(node, ast.ClassDef):
            found.add(part.name)
        elif isinstance(part, ast.Global):
            shared.update(part.names)
    return found - shared


def _used_as_objects(trees):
    """Modules whose name stands anywhere but before a dot."""
    found = set()
    for tree in trees.values():
        names = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                names.update({alias.asname or alias.name: "%s.%s" % (node.module, alias.name) for alias in node.names})
        dotted = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        found |= {names[node.id] for node in ast.walk(tree)
                  if isinstance(node, ast.Name) and node.id in names and id(node) not in dotted}
    return found & set(trees)


def _on_demand(trees):
    """Modules whose full names stand as texts in a call of LOADERS."""
    return {text.value for tree in trees.values() for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in LOADERS
            for text in ast.walk(node) if isinstance(text, ast.Constant) and text.value in trees}


def _in_order(modules, trees):
    """The modules, each after those of them that it imports."""
    order, open_ = [], set()

    def visit(module):
        if module in order:
            return
        open_.add(module)
        for name in needed(trees[module].body):
            if name in modules and name not in open_:
                visit(name)
        order.append(module)
    for module in sorted(modules):
        visit(module)
    return order


def follow_loader(call, places):
    """The call; where it is one of LOADERS, the full names of modules in it are those of {module: its new name}."""
    if isinstance(call.func, ast.Name) and call.func.id in LOADERS:
        for text in ast.walk(call):
            if isinstance(text, ast.Constant) and text.value in places:
                text.value = places[text.value]
    return call


def needed(statements):
    """Full names that may be modules, of all that is imported while the module is."""
    for node in statements:
        if isinstance(node, ast.ImportFrom):
            yield from [node.module] + ["%s.%s" % (node.module, alias.name) for alias in node.names]
        elif isinstance(node, (ast.If, ast.Try)):
            yield from needed(node.body + node.orelse)


def _at_start(trees):
    """Modules that are loaded when the application has been."""
    found = [APP] if APP in trees else []
    for module in found:
        found += [name for name in dict.fromkeys(needed(trees[module].body)) if name in trees and name not in found]
    return found


class _Move(ast.NodeTransformer):
    """Rewrites one module for its new surroundings. place: {module: its bundle}; called: {(module, name): name there}."""

    def __init__(self, module, tree, place, called):
        self.module, self.place, self.called = module, place, called
        self.home = place.get(module, module)
        self.aliases, self.later, self.names, self.wanted, self.hidden = {}, {}, {}, {}, []
        tops = {id(node) for node in tree.body}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    self._learn(node.module, alias, id(node) in tops)
        own = {name: new for (owner, name), new in called.items() if owner == module}
        self.names.update(own)

    def _learn(self, module, alias, at_once):
        here, whole = alias.asname or alias.name, "%s.%s" % (module, alias.name)
        if whole in self.place:
            (self.aliases if at_once or self.place[whole] == self.home else self.later)[here] = whole
        elif module in self.place:
            there = self.called.get((module, alias.name), alias.name)
            if self.names.setdefault(here, there) != there:
                raise ValueError("%s imports two things as %s: give each a name of its own" % (self.module, here))
            if at_once:
                self._want(module, self.names[here])

    def _want(self, module, name):
        if self.place[module] != self.home:
            self.wanted.setdefault(self.place[module], set()).add(name)

    def visit_ImportFrom(self, node):
        if node.module in self.place:
            if not self.hidden or self.place[node.module] == self.home:
                return None
            names = [self.names[alias.asname or alias.name] for alias in node.names]
            return ast.copy_location(_import(self.place[node.module], names), node)     # when it is wanted, and not before
        kept, nodes = [], []
        for alias in node.names:
            home = self.place.get("%s.%s" % (node.module, alias.name))
            if home is None:
                kept.append(alias)
            elif self.hidden and (alias.asname or alias.name) in self.later:
                folder, last = home.rsplit(".", 1)
                nodes.append(ast.copy_location(ast.ImportFrom(folder, [ast.alias(last, alias.asname or alias.name)], 0), node))
        node.names = kept
        return nodes + [node] if kept else nodes or None

    def visit_Attribute(self, node):
        if isinstance(node.value, ast.Name) and node.value.id in self.aliases and not self._is_hidden(node.value.id):
            module = self.aliases[node.value.id]
            name = self.called.get((module, node.attr), node.attr)
            self._want(module, name)
            return ast.copy_location(ast.Name(name, node.ctx), node)
        if isinstance(node.value, ast.Name) and node.value.id in self.later:
            node.attr = self.called.get((self.later[node.value.id], node.attr), node.attr)
            return node
        self.generic_visit(node)
        return node

    def visit_Call(self, node):
        self.generic_visit(node)
        return follow_loader(node, self.place)

    def visit_Name(self, node):
        if node.id in self.names and not self._is_hidden(node.id):
            node.id = self.names[node.id]
        return node

    def visit_Global(self, node):
        node.names = [self.names.get(name, name) for name in node.names]
        return node

    def visit_If(self, node):
        self.generic_visit(node)
        return node.body if ast.unparse(node.test) == ON_DEVICE else node

    def _is_hidden(self, name):
        return any(name in names for names in self.hidden)

    def _scope(self, node):
        outermost = not self.hidden
        if outermost and not isinstance(node, ast.Lambda):
            node.name = self.names.get(node.name, node.name)
        self.hidden.append(set() if isinstance(node, ast.ClassDef) else _variables(node))
        self.generic_visit(node)
        self.hidden.pop()
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = _scope


def _called(places, trees):
    """{(module, name): its name in the bundle} for all module-level names."""
    bound = {module: set(_module_level(trees[module].body)) for module in places}
    variables = set()
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                variables |= _variables(node)
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                variables |= {alias.asname or alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):      # a name it goes by elsewhere, or a module's
                variables |= {alias.asname or alias.name for alias in node.names if alias.asname or node.module not in trees}
    times = {}
    for tree in trees.values():         # those that stay alone too: they take names from the bundles
        for name in set(_module_level(tree.body)):
            times[name] = times.get(name, 0) + 1
    called, given = {}, set()
    for module, names in sorted(bound.items(), key=lambda row: (not row[1] & set(LOADERS), row[0])):
        parts = module.split(".")
        for name in sorted(names):
            new = name
            for count in range(1, len(parts) + 1):
                if new in given or new == name and module != APP and name not in LOADERS and (times[name] > 1 or name in variables):
                    new = "%s%s_%s" % ("_" if name.startswith("_") else "", "_".join(parts[-count:]), name.lstrip("_"))
            called[module, name] = new
            given.add(new)
    return called


def bundle(trees):
    """{module: ast.Module} with the folders' modules in bundles; the given trees are changed."""
    alone = _used_as_objects(trees) | set(ALONE) | _on_demand(trees)
    place = {}
    for module in trees:
        folder = module.rsplit(".", 1)[0]
        if module not in alone and folder != "firmware" and module.count(".") > 1 and folder + ".__init__" not in trees:
            place[module] = "%s.%s" % (folder, BUNDLE)
    place.update({module: APP for module in _at_start(trees) if module not in alone})
    kept = _used_as_objects(trees)
    for group in TOGETHER:
        place.update({module: group[0] for module in group if group[0] in trees and module in trees and module not in kept})
    place = {module: home for module, home in place.items() if not any(other.startswith(module + ".") for other in trees)}
    called = _called(place, trees)
    out, bodies = {}, {}
    for module in _in_order(set(trees), trees):
        move = _Move(module, trees[module], place, called)
        tree = move.visit(trees[module])
        # right before what needs it: what it imports may itself need what stands above
        body = [_import(other, names) for other, names in sorted(move.wanted.items())]
        body += [node for node in tree.body if not isinstance(node, ast.Pass)
                 and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
        bodies.setdefault(place.get(module, module), []).extend(body)
    for home, statements in bodies.items():
        seen, kept = set(), []
        for node in statements:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                if ast.unparse(node) in seen:
                    continue
                seen.add(ast.unparse(node))
            kept.append(node)
        if kept:
            out[home] = ast.Module(kept, [])
    return {module: ast.fix_missing_locations(tree) for module, tree in out.items()}


def _import(module, names):
    return ast.ImportFrom(module, [ast.alias(name) for name in sorted(names)], 0)
