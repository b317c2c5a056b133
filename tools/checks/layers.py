"""Who may import whom in firmware/ (`python -m tools.checks.layers`). The tables are the rule; boot.py stands outside it."""
import ast
import sys

from tools.checks.source import ROOT, device_sources, show

# Folder of firmware/ -> the firmware modules it may import besides its own.
LAYERS = {
    "safety": (),
    "storage": (),
    "settings": (),
    "drivers": ("safety.io_image",),
    "charging": ("safety",),
    "access": ("charging", "storage"),
    "energy": ("charging", "storage"),
    "records": ("charging", "storage"),
    "services": ("charging", "access", "energy", "records", "storage", "settings"),
    "ui": ("charging", "access", "energy", "records", "storage", "settings"),
}
# Files directly in firmware/: app.py wires everything; the leaves import nothing of ours and every layer but safety may
# import them.
FILES = {
    "app": ("*",),
    "applied": ("*",),
    "at_start": ("*",),
    "card_desk": ("*",),
    "factory_reset": ("settings", "storage"),
    "guards": ("*",),
    "health": ("*",),
    "online": ("*",),
    "publication_desk": ("*",),
    "update_desk": ("*",),
    "clock_desk": ("*",),
    "network_desk": ("*",),
    "records_desk": ("*",),
    "settings_desk": ("*",),
    "https_desk": ("*",),
    "web_desk": ("*",),
    "supervisor": ("version",),
    "csv_lines": (),
    "identity": (),
    "keyed": (),
    "pbkdf2": (),
    "dates": (),
    "on_demand": (),
    "zone": ("dates",),
    "version": (),
}
LEAVES = ("csv_lines", "dates", "identity", "keyed", "on_demand", "pbkdf2", "version", "zone")

# Modules of the interpreter that every layer but safety may import.
COMMON = ("array", "asyncio", "binascii", "errno", "gc", "hashlib", "json", "micropython", "os", "struct", "sys")
SAFETY_ONLY = {"micropython": ("const",)}

# Modules only these places may import (a folder of firmware/, or one file).
RESTRICTED = {
    "machine": ("drivers",),
    "network": ("drivers",),
    "esp32": ("drivers",),
    "neopixel": ("drivers",),
    "_onewire": ("drivers",),
    "time": ("drivers/clock.py",),
    "_thread": ("services/worker.py",),
    "umqtt": ("services",),
    "socket": ("services",),
    "select": ("services",),
    "ssl": ("services",),
    "tls": ("services",),
}
DYNAMIC = ("__import__", "exec", "eval", "compile", "execfile")
BY_NAME = ("on_demand", "__import__")      # of modules that their user imports right after: host_tests/checks/test_on_demand.py


def layer_of(path):
    """firmware/charging/facts.py -> "charging", firmware/app.py -> "app"."""
    return path.split("/")[1].removesuffix(".py")


def imported(node):
    """The dotted names an import statement may bind: [(module, name or None)]."""
    if isinstance(node, ast.Import):
        return [(alias.name, None) for alias in node.names]
    return [(node.module or "", alias.name) for alias in node.names]


def _own_allowed(layer):
    if layer in LAYERS:
        return (layer,) + LAYERS[layer] + (LEAVES if layer != "safety" else ())
    return FILES.get(layer, ())


def _within(target, allowed):
    return any(rule == "*" or target == rule or target.startswith(rule + ".") for rule in allowed)


def _check_own(source, node, module, name, layer):
    """An import of our own code, as firmware.x.y or `from firmware import x`."""
    targets = module.split(".")[1:]
    if not targets:
        targets = [name] if name else []
    allowed = _own_allowed(layer)
    target = ".".join(targets)
    # `from firmware.safety import io_image` names the module io_image as much as `import firmware.safety.io_image` does.
    good = _within(target, allowed) or (name is not None and target and _within(target + "." + name, allowed))
    if not good:
        words = "everything" if allowed == ("*",) else ", ".join("firmware." + rule for rule in allowed) or "nothing of ours"
        yield source.finding(node, "firmware/%s imports firmware.%s" % (layer, target or "*"), words)


def _check_foreign(source, node, module, name, layer):
    """An import of a module that is not ours."""
    top = module.split(".")[0]
    inside = source.path.split("/", 1)[1]
    if layer == "safety":
        if name not in SAFETY_ONLY.get(module, ()):
            yield source.finding(node, "safety imports %s" % (module + ("." + name if name else "")),
                                 "itself and micropython.const")
    elif top in RESTRICTED:
        places = RESTRICTED[top]
        if not any(inside == place or inside.startswith(place + "/") for place in places):
            yield source.finding(node, "%s is imported here" % top, "only in firmware/" + ", firmware/".join(places))
    elif top not in COMMON:
        yield source.finding(node, "unknown module %s" % top, ", ".join(COMMON) + "; others by the table in tools/checks/layers.py")


def check_source(source):
    """All findings of one firmware file."""
    if not source.path.startswith("firmware/"):
        return
    layer = layer_of(source.path)
    if layer not in LAYERS and layer not in FILES:
        yield source.finding(1, "firmware/%s is in no layer" % layer, ", ".join(list(LAYERS) + [n + ".py" for n in FILES]))
        return
    functions = source.functions()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in DYNAMIC and \
                (layer, node.func.id) != BY_NAME:
            yield source.finding(node, "%s() hides what is imported or run" % node.func.id, "import statements")
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        if getattr(node, "level", 0):
            yield source.finding(node, "relative import", "absolute names: from firmware.… import …")
            continue
        if layer == "safety" and functions.get(node):
            yield source.finding(node, "import inside %s" % functions[node], "imports at the top of a safety module")
        for module, name in imported(node):
            if name == "*":
                yield source.finding(node, "from %s import *" % module, "names one by one")
            elif module.split(".")[0] == "firmware":
                yield from _check_own(source, node, module, name, layer)
            else:
                yield from _check_foreign(source, node, module, name, layer)


def check(root=ROOT):
    """All findings in root/firmware."""
    return [finding for source in device_sources(root, boot=False) for finding in check_source(source)]


if __name__ == "__main__":
    sys.exit(show(check()))
