# cpython only: fuzzes in one process with the twin's shims
"""The fuzzer finds what is planted, its corpus stays mended, and a short run of every target goes well."""

import random
import unittest

from tools.checks import fuzz
from tools.twin import cpython

INPUTS = 300


class Planted(unittest.TestCase):
    """A target with a known fault."""

    class Target:
        name = "planted"

        def make(self, rng):
            return fuzz.mutated(rng, b"a good input of some length")

        def run(self, data):
            fuzz.need(b"\xff" not in data, "it holds the byte")

    def test_planted_fault_is_found_made_small_and_told_with_how_to_repeat_it(self):
        told = []
        tried, failures = fuzz.fuzz(self.Target(), 1, 1000, tell=told.append)
        self.assertEqual((tried, failures), (1000, 1))
        self.assertIn("--target planted --hex ff", told[0])

    def test_same_seed_makes_the_same_inputs(self):
        runs = [[self.Target().make(random.Random(seed)) for _ in range(20)] for seed in (7, 7, 8)]
        self.assertEqual(runs[0], runs[1])
        self.assertNotEqual(runs[0], runs[2])

    def test_input_that_takes_too_long_is_a_failure(self):
        class Slow(self.Target):
            def run(self, data):
                while True:
                    len(data)
        self.assertIn("took longer", fuzz.attempt(Slow(), b""))

    def test_files_of_an_input_come_back_as_they_were(self):
        for parts in ([b"", None, b"x"], [None, None, b""], [b"abc", b"d", None]):
            self.assertEqual(fuzz.unpacked(fuzz.packed(parts), 3), parts)
        self.assertEqual(fuzz.unpacked(b"", 2), [None, None])


class Targets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.clock = fuzz.installed()
        cls.targets = fuzz.make_targets()

    @classmethod
    def tearDownClass(cls):
        for target in cls.targets.values():
            target.close()
        cpython.uninstall()
        cls.clock.close()

    def test_what_once_broke_something_does_so_no_more(self):
        told = []
        self.assertGreater(len(fuzz.corpus()), 0)
        self.assertEqual(fuzz.replay(self.targets, told.append), 0, "\n".join(told))

    def test_every_target_takes_a_few_hundred_inputs(self):
        for target in self.targets.values():
            with self.subTest(target=target.name):
                told = []
                tried, failures = fuzz.fuzz(target, 1, INPUTS, tell=told.append)
                self.assertEqual((tried, failures), (INPUTS, 0), "\n".join(told))


if __name__ == "__main__":
    unittest.main()
