"""All modules of the device lie in one folder: each folder on flash takes two blocks of 4 kB, and on the heap a module of its own.

`firmware.services.web.cards_api` becomes `firmware.cards_api`, the bundle `firmware.charging.all` becomes `firmware.charging`.
Where two would have the same name, both keep their folder's in front, and so a whole path where that is not enough. Imports
follow, and so do the full names that are handed to what loads and forgets modules (LOADERS of bundle.py). A package with an
`__init__` of its own, and what lies in it, is left alone.
"""
import ast

from tools.setup.bundle import BUNDLE, follow_loader

ROOT = "firmware"


def _candidates(module):
    """Names for a module, the shortest first."""
    parts = module.split(".")[1:]
    if parts[-1] == BUNDLE and len(parts) > 1:
        parts = parts[:-1]
    return ["_".join(parts[-count:]) for count in range(1, len(parts) + 1)]


def places(modules):
    """{module: its name on the device}."""
    packages = {module.rsplit(".", 1)[0] for module in modules} & set(modules)
    moving = sorted(module for module in modules if module.count(".") > 1
                    and not any(module.startswith(package + ".") for package in packages))
    found = {module: module for module in modules if module not in moving}
    depth = dict.fromkeys(moving, 0)
    while True:
        names = {}
        for module in moving:
            choices = _candidates(module)
            names.setdefault("%s.%s" % (ROOT, choices[min(depth[module], len(choices) - 1)]), []).append(module)
        clashing = [module for name, owners in names.items() for module in owners
                    if (len(owners) > 1 or name in found) and depth[module] < len(_candidates(module)) - 1]
        if not clashing:
            break
        for module in clashing:
            depth[module] += 1
    for name, owners in names.items():
        if len(owners) > 1 or name in found:
            raise ValueError("%s would all be %s on the device: rename one" % (" and ".join(owners), name))
        found[owners[0]] = name
    return found


class _Follow(ast.NodeTransformer):
    def __init__(self, found):
        self.found = found

    def visit_ImportFrom(self, node):
        kept, moved = [], []
        for alias in node.names:
            whole = "%s.%s" % (node.module, alias.name)
            new = self.found.get(whole, whole)
            if new == whole:
                kept.append(alias)
            else:
                moved.append(ast.alias(new.split(".")[1], alias.asname or alias.name))
        out = [ast.ImportFrom(ROOT, [alias], 0) for alias in moved]
        if kept:
            out.append(ast.ImportFrom(self.found.get(node.module, node.module), kept, node.level))
        return out

    def visit_Import(self, node):
        for alias in node.names:
            if self.found.get(alias.name, alias.name) != alias.name:
                raise ValueError("import %s: write it as from … import" % alias.name)
        return node

    def visit_Call(self, node):
        self.generic_visit(node)
        return follow_loader(node, self.found)


def flatten(trees):
    """{module as it is called on the device: ast.Module}; the given trees are changed."""
    found = places(list(trees))
    follow = _Follow(found)
    return {found[module]: ast.fix_missing_locations(follow.visit(tree)) for module, tree in trees.items()}
