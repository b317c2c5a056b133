# cpython only: the build runs on the host
"""Tables that become text before compiling say the same as the source."""
import ast
import importlib
import unittest
from pathlib import Path

from tools.setup.constants import inline
from tools.setup.device_rows import Rows

ROOT = Path(__file__).resolve().parents[2]
TABLE = "TABLE = (" + "".join("('row %d', %d, None, (True, -%d)), " % (number, number, number) for number in range(9)) + ")\n"


def built(**sources):
    """The inlined text of each module of a small application."""
    return inline({"firmware." + name: text for name, text in sources.items()})


def _table(module, text, name):
    """A table as the source has it; of a driver, which no host can import, from its own assignments alone."""
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError:
        space = {"const": int}
        for node in ast.parse(text).body:
            if isinstance(node, ast.Assign):
                exec(compile(ast.Module([node], []), module, "exec"), space)
        return space[name]


class Tables(unittest.TestCase):
    def test_a_table_that_is_only_iterated_over_becomes_text_with_the_same_rows(self):
        text = built(a=TABLE, b="from firmware.a import TABLE\ndef f():\n    return [row[0] for row in TABLE]\n")["firmware.a"]
        value = next(node for node in ast.parse(text).body if isinstance(node, ast.Assign)).value
        self.assertEqual(value.func.id, "Rows")
        expected = {}
        exec(TABLE, expected)
        self.assertEqual(tuple(Rows(value.args[0].value)), expected["TABLE"])

    def test_a_table_that_is_asked_for_a_row_becomes_text_that_finds_the_same_row(self):
        use = "from firmware.keyed import keyed\ndef f(key):\n    return keyed(TABLE, key)\n"
        value = next(node for node in ast.parse(built(a=TABLE + use)["firmware.a"]).body if isinstance(node, ast.Assign)).value
        self.assertEqual(value.func.id, "Rows")
        expected = {}
        exec(TABLE, expected)
        rows = Rows(value.args[0].value)
        for row in expected["TABLE"]:
            self.assertEqual(rows.row_of(row[0]), row)
        for strange in ("row", "row 10", "", '"', 'row 1",1', "row 1\n", "ro\u00fc 1"):
            self.assertIsNone(rows.row_of(strange))

    def test_a_list_within_a_row_is_no_row(self):
        rows = Rows(b'["a",["b",1]]\n["b",2]\n')
        self.assertEqual(rows.row_of("b"), ("b", 2))
        self.assertEqual(rows.row_of("a"), ("a", ("b", 1)))

    def test_a_row_is_found_by_any_column_but_the_last(self):
        rows = Rows(b'[5,"a",1,["b",2],4,"z"]\n[1,"b",2,["a",4],0,"a"]\n[4,"c",1,[],512,"b"]\n')
        made = tuple(rows)
        for key, column, number in ((5, 0, 0), (4, 0, 2), ("a", 1, 0), ("b", 1, 1), (1, 2, 0), (2, 2, 1), (4, 4, 0), (512, 4, 2)):
            self.assertEqual(rows.row_of(key, column), made[number], (key, column))
        for key, column in ((2, 0), ("z", 1), (5, 4), (51, 4), (12, 4), ("512", 4)):
            self.assertIsNone(rows.row_of(key, column), (key, column))

    def test_somebody_elses_function_of_that_name_does_not_count(self):
        use = "def keyed(table):\n    return table\ndef f():\n    return keyed(TABLE)\n"
        self.assertNotIn("Rows", built(a=TABLE + use)["firmware.a"])

    def test_a_table_that_is_indexed_or_searched_or_handed_on_is_left_alone(self):
        for use in ("return TABLE[0]", "return 1 in TABLE", "return len(TABLE)", "return g(TABLE)", "return TABLE"):
            with self.subTest(use=use):
                self.assertNotIn("Rows", built(a=TABLE + "def f():\n    %s\n" % use)["firmware.a"])
            with self.subTest(use=use, through="a module's name"):
                use = use.replace("TABLE", "tables.TABLE")
                both = built(a=TABLE, b="from firmware import a as tables\ndef f():\n    %s\n" % use)
                self.assertNotIn("Rows", both["firmware.a"])

    def test_a_table_that_nobody_reads_is_not_on_the_device_at_all(self):
        self.assertNotIn("TABLE", built(a=TABLE, b="from firmware.a import f\ndef g():\n    return f\n")["firmware.a"])

    def test_a_table_with_more_than_plain_values_is_left_alone(self):
        table = TABLE.replace("None", "f") + "def g():\n    for row in TABLE:\n        pass\n"
        self.assertNotIn("Rows", built(a="def f():\n    pass\n" + table)["firmware.a"])

    def test_every_table_of_the_firmware_that_became_text_has_the_rows_of_its_source(self):
        sources = {path.relative_to(ROOT).with_suffix("").as_posix().replace("/", "."): path.read_text()
                   for path in ROOT.glob("firmware/**/*.py")}
        found = 0
        for module, text in inline(sources).items():
            for node in ast.parse(text).body:
                if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("Rows("):
                    found += 1
                    name = node.targets[0].id
                    with self.subTest(module=module, table=name):
                        source = _table(module, sources[module], name)
                        rows = tuple(Rows(node.value.args[0].value))
                        self.assertEqual(rows, source)
                        self.assertEqual(repr(rows), repr(source))      # 1 is no True
        self.assertGreaterEqual(found, 4)


if __name__ == "__main__":
    unittest.main()
