# cpython only: the host's own measuring tools
"""The measuring tools measure what they say: the ROMFS image is MicroPython's, and a missed budget shows as missed."""
import subprocess
import unittest

from host_tests.checks.trees import Tree
from tools.bench import row
from tools.bench.noise import percentile
from tools.setup import romfs, vm

READ = """
import sys, vfs
with open(sys.argv[1], "rb") as file:
    vfs.mount(vfs.VfsRom(file.read()), "/rom")
sys.path[:] = ["/rom"]
import deep.down.module
with open("/rom/deep/big.bin", "rb") as file:
    print(deep.down.module.X, len(file.read()))
"""


class Romfs(unittest.TestCase):
    def test_numbers_are_written_seven_bits_to_a_byte(self):
        for value, expected in ((0, b"\x00"), (127, b"\x7f"), (128, b"\x81\x00"), (300, b"\x82\x2c"), (1 << 14, b"\x81\x80\x00")):
            with self.subTest(value=value):
                self.assertEqual(romfs.number(value), expected)

    def test_the_vm_mounts_the_image_and_imports_from_it(self):
        with Tree({"read.py": READ}) as tree:
            image = tree.root / "image"
            image.write_bytes(romfs.image({"deep/down/module.py": b"X = 42\n", "deep/big.bin": bytes(20_000)}))
            try:
                command = vm.vm_command()
            except vm.VmMissing as error:
                self.skipTest(str(error))
            done = subprocess.run(command + [str(tree.root / "read.py"), str(image)], capture_output=True, text=True)
        self.assertEqual(done.stdout.strip(), "42 20000", done.stderr)


class Rows(unittest.TestCase):
    def test_a_missed_budget_shows_as_missed(self):
        self.assertEqual([row.at_most("a", value, "B", 100).good for value in (99, 100, 101)], [True, True, False])
        self.assertEqual([row.at_least("a", value, "×", 100).good for value in (99, 100, 101)], [False, True, True])

    def test_what_was_not_measured_is_neither_good_nor_bad_and_says_why(self):
        empty = row.not_measured("a", "no VM", "≤ 3")
        self.assertEqual((empty.value, empty.good), (None, None))
        self.assertIn("no VM", empty.note)

    def test_percentiles(self):
        values = list(range(100))
        self.assertEqual([percentile(values, permille) for permille in (0, 500, 990, 1000)], [0, 50, 99, 99])
