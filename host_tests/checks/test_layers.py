# cpython only: checks the source tree with CPython's ast
"""The import table is enforced: each row is broken once, in a small tree, and must be found.

The rows are written out here once more, from the architecture, so that a careless change of the check's table is seen.
"""
import ast
import re
import unittest
from fnmatch import fnmatch

from host_tests.checks.trees import Tree, one_test_per_row
from tools.checks import layers
from tools.checks.source import ROOT, device_sources

ALLOWED = {
    "safety": "safety",
    "storage": "storage",
    "settings": "settings",
    "drivers": "drivers",
    "charging": "charging safety",
    "access": "access charging storage",
    "energy": "energy charging storage",
    "records": "records charging storage",
    "services": "services charging access energy records storage settings",
    "ui": "ui charging access energy records storage settings",
}
FOLDERS = sorted(ALLOWED)
PAIRS = [(folder, other) for folder in FOLDERS for other in FOLDERS + ["app", "supervisor"]]
FORBIDDEN = [(folder, other) for folder, other in PAIRS if other not in ALLOWED[folder].split()]
PERMITTED = [(folder, other) for folder, other in PAIRS if other in ALLOWED[folder].split()]
HARDWARE = [(module, folder) for module in ("machine", "network", "esp32", "neopixel") for folder in FOLDERS + ["app"]
            if folder != "drivers"]
PURE = [(module,) for module in ("asyncio", "time", "os", "struct", "json", "gc", "array", "machine", "micropython")]


def found(text, path):
    with Tree({path: text}) as tree:
        return layers.check(tree.root)


def _refused(case, text, path):
    findings = found(text, path)
    case.assertEqual([(finding.path, finding.line) for finding in findings], [(path, 2)])
    case.assertTrue(findings[0].what)
    case.assertTrue(findings[0].allowed)


def _forbidden(case, folder, other):
    _refused(case, "\nimport firmware.%s.module\n" % other, "firmware/%s/module.py" % folder)
    _refused(case, "\nfrom firmware.%s.module import name\n" % other, "firmware/%s/module.py" % folder)
    _refused(case, "\nfrom firmware import %s\n" % other, "firmware/%s/module.py" % folder)
    if folder != "safety":
        _refused(case, "def late():\n    from firmware.%s import module\n" % other, "firmware/%s/deeper/module.py" % folder)


def _permitted(case, folder, other):
    case.assertEqual(found("\nfrom firmware.%s.module import name\n" % other, "firmware/%s/module.py" % folder), [])
    case.assertEqual(found("\nfrom firmware.%s import module\n" % other, "firmware/%s/module.py" % folder), [])


@one_test_per_row(FORBIDDEN, lambda folder, other: "%s may not import %s" % (folder, other), _forbidden)
@one_test_per_row(PERMITTED, lambda folder, other: "%s may import %s" % (folder, other), _permitted)
class ImportTable(unittest.TestCase):
    def test_app_may_import_everything_of_ours(self):
        text = "".join("from firmware.%s import module\n" % folder for folder in FOLDERS)
        self.assertEqual(found(text, "firmware/app.py"), [])

    def test_drivers_may_import_the_io_image_and_nothing_else_of_safety(self):
        self.assertEqual(found("from firmware.safety.io_image import Inputs\n", "firmware/drivers/module.py"), [])
        self.assertEqual(found("from firmware.safety import io_image\n", "firmware/drivers/module.py"), [])
        _refused(self, "\nfrom firmware.safety.core import SafetyCore\n", "firmware/drivers/module.py")
        _refused(self, "\nfrom firmware.safety import core\n", "firmware/drivers/module.py")

    def test_a_folder_that_stands_in_no_row_is_refused(self):
        findings = found("", "firmware/helpers/module.py")
        self.assertEqual([finding.path for finding in findings], ["firmware/helpers/module.py"])

    def test_boot_is_free(self):
        with Tree({"boot.py": "import machine\nimport time\nfrom firmware.safety import core\n"}) as tree:
            self.assertEqual(layers.check(tree.root), [])

    def test_the_tables_of_check_and_test_name_the_same_folders(self):
        self.assertEqual(sorted(layers.LAYERS), FOLDERS)


@one_test_per_row(HARDWARE, lambda module, folder: "only drivers import %s not %s" % (module, folder),
                  lambda case, module, folder: _refused(
                      case, "\nimport %s\n" % module, "firmware/%s" % ("app.py" if folder == "app" else folder + "/module.py")))
@one_test_per_row(PURE, lambda module: "safety does not import %s" % module,
                  lambda case, module: _refused(case, "\nimport %s\n" % module, "firmware/safety/module.py"))
class Modules(unittest.TestCase):
    def test_drivers_may_import_the_hardware(self):
        self.assertEqual(found("import machine\nimport network\nimport esp32\nimport neopixel\n", "firmware/drivers/module.py"), [])

    def test_only_the_clock_driver_imports_time(self):
        self.assertEqual(found("import time\n", "firmware/drivers/clock.py"), [])
        _refused(self, "\nimport time\n", "firmware/drivers/module.py")
        _refused(self, "\nfrom time import ticks_ms\n", "firmware/services/module.py")

    def test_only_one_module_starts_threads(self):
        self.assertEqual(found("import _thread\n", "firmware/services/worker.py"), [])
        _refused(self, "\nimport _thread\n", "firmware/services/module.py")

    def test_only_services_import_lib(self):
        self.assertEqual(found("import umqtt.simple\n", "firmware/services/mqtt/module.py"), [])
        _refused(self, "\nimport umqtt.simple\n", "firmware/ui/module.py")

    def test_tables_allow_only_what_is_there_and_used(self):
        imports = {(module.split(".")[0], source.path.split("/")[1]) for source in device_sources(boot=False)
                   for node in ast.walk(source.tree) if isinstance(node, (ast.Import, ast.ImportFrom))
                   for module, _ in layers.imported(node)}
        self.assertEqual({name for name in layers.COMMON if name not in dict(imports)}, set())
        self.assertEqual({(name, place) for name, places in layers.RESTRICTED.items() for place in places
                          if (name, place.split("/")[0]) not in imports}, set())
        there = {layers.layer_of(source.path) for source in device_sources(boot=False)}
        self.assertEqual(set(layers.LAYERS) | set(layers.FILES), there)

    def test_every_file_of_the_application_stands_in_its_readme_and_nothing_else_does(self):
        rows = [line for line in (ROOT / "firmware/README.md").read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
        told = [name for row in rows for name in re.findall(r"`([\w*]+)\.py`", row.split("|")[1])]
        self.assertEqual([name for name in layers.FILES if not any(fnmatch(name, one) for one in told)], [])
        self.assertEqual([one for one in told if not any(fnmatch(name, one) for name in layers.FILES)], [])
        leaves = next(row for row in rows if "leaves" in row)
        self.assertEqual(tuple(re.findall(r"`(\w+)\.py`", leaves)), layers.LEAVES)

    def test_the_leaves_of_the_architecture_are_those_of_the_table(self):
        text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
        before = text[:text.index("are leaves: they")]
        self.assertEqual(tuple(re.findall(r"`(\w+)\.py`", before[before.rindex("\n\n"):])), layers.LEAVES)

    def test_safety_may_import_const_and_nothing_else_of_micropython(self):
        self.assertEqual(found("from micropython import const\n", "firmware/safety/module.py"), [])
        _refused(self, "\nfrom micropython import schedule\n", "firmware/safety/module.py")

    def test_safety_does_not_import_inside_functions(self):
        _refused(self, "def late():\n    from firmware.safety import trips\n", "firmware/safety/module.py")

    def test_an_unknown_module_is_refused(self):
        _refused(self, "\nimport dataclasses\n", "firmware/services/module.py")

    def test_relative_imports_are_refused(self):
        _refused(self, "\nfrom . import core\n", "firmware/safety/module.py")

    def test_star_imports_are_refused(self):
        _refused(self, "\nfrom firmware.safety.limits import *\n", "firmware/safety/module.py")

    def test_hidden_imports_are_refused(self):
        _refused(self, "\nname = __import__('machine')\n", "firmware/charging/module.py")
        _refused(self, "\nexec('import machine')\n", "firmware/charging/module.py")
