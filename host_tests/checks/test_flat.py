# cpython only: the build runs on the host
"""All modules of the device lie in one folder, and every import and every name of a module to forget follows."""
import ast
import unittest

from tools.setup.flat import flatten, places
from tools.setup.mpy import device_sources


def flat(**modules):
    """Texts of {"folder__module": text} below firmware, laid into one folder."""
    trees = {"firmware." + name.replace("__", "."): ast.parse(text) for name, text in modules.items()}
    return {module: ast.unparse(tree) for module, tree in flatten(trees).items()}


class Flat(unittest.TestCase):
    def test_a_module_goes_by_its_last_name_and_a_bundle_by_its_folders(self):
        self.assertEqual(places(["firmware.app", "firmware.a.b.one", "firmware.a.b.all", "firmware.c.all"]), {
            "firmware.app": "firmware.app", "firmware.a.b.one": "firmware.one", "firmware.a.b.all": "firmware.b",
            "firmware.c.all": "firmware.c"})

    def test_two_of_one_name_are_told_apart_by_as_many_folders_as_that_takes(self):
        given = ["firmware.app", "firmware.a.app", "firmware.a.x", "firmware.b.x", "firmware.c.d.y", "firmware.e.d.y"]
        self.assertEqual(places(given), {
            "firmware.app": "firmware.app", "firmware.a.app": "firmware.a_app", "firmware.a.x": "firmware.a_x",
            "firmware.b.x": "firmware.b_x", "firmware.c.d.y": "firmware.c_d_y", "firmware.e.d.y": "firmware.e_d_y"})
        with self.assertRaisesRegex(ValueError, "firmware.a_x"):
            places(["firmware.a.x", "firmware.x", "firmware.a_x"])

    def test_a_package_with_code_of_its_own_stays_a_folder(self):
        self.assertEqual(places(["firmware.a", "firmware.a.b", "firmware.c.d"]), {
            "firmware.a": "firmware.a", "firmware.a.b": "firmware.a.b", "firmware.c.d": "firmware.d"})

    def test_imports_follow_in_all_their_forms(self):
        texts = flat(a__low="def f():\n    return 1",
                     b__all="from firmware.a import low, low as deep\nfrom firmware.a.low import f as g\n"
                     "def later():\n    from firmware.a.low import f\n    return f\n")
        self.assertEqual(texts["firmware.b"].splitlines(), [
            "from firmware import low as low", "from firmware import low as deep", "from firmware.low import f as g", "",
            "def later():", "    from firmware.low import f", "    return f"])

    def test_only_what_loads_and_forgets_has_its_texts_changed(self):
        texts = flat(a__low="", b__user="OnDemand(make, ('firmware.a.low',))\nforget(('firmware.a.low',))\nsay('firmware.a.low')")
        self.assertEqual(texts["firmware.user"].splitlines(), [
            "OnDemand(make, ('firmware.low',))", "forget(('firmware.low',))", "say('firmware.a.low')"])

    def test_an_import_that_could_not_follow_is_refused(self):
        with self.assertRaisesRegex(ValueError, "import firmware.a.low"):
            flat(a__low="", b__user="import firmware.a.low")

    def test_every_module_that_the_firmware_forgets_is_one_of_the_device(self):
        short = {}
        texts = device_sources(short=short)
        loaders = {names.get(name, name) for names in short.values() for name in ("OnDemand", "forget")}
        named = [(module, text.value) for module, source in texts.items() for node in ast.walk(ast.parse(source))
                 if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in loaders
                 for text in ast.walk(node) if isinstance(text, ast.Constant) and str(text.value).startswith("firmware.")]
        self.assertGreater(len(named), 20)
        self.assertIn("firmware.board_facts", [name for _, name in named])      # of a call of forget
        self.assertNotIn("firmware.drivers.board_facts", "".join(texts.values()))
        self.assertEqual([place for place in named if place[1] not in texts], [])
        self.assertEqual([module for module in texts if module.count(".") > 1], [])


if __name__ == "__main__":
    unittest.main()
