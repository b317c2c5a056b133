# cpython only: the host's own measuring tools
"""The measuring tools measure what they say: the ROMFS image is MicroPython's, and a missed budget shows as missed."""
import json
import subprocess
import unittest
import unittest.mock

from host_tests.checks.trees import Tree
from tools.bench import kept, precedence, reaction, row
from tools.bench.hops import Hops
from tools.bench.noise import percentile
from tools.bench.stalls import undisturbed
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


class Latencies(unittest.TestCase):
    RUN = {"changes": kept.figures([20.0] * 499 + [31.0]), "ticks": kept.figures([0] * 999 + [101]), "odd": 0, "saw": {},
           "very_late": 1, "jitter": kept.figures([0.1, 9.5]), "first": True}

    def test_the_worst_of_500_is_their_999th_permille_and_a_missed_budget_shows(self):
        rows = {one.name: one for one in reaction._rows("native VM", self.RUN, "")}
        worst = rows["pilot change → coil off, native VM, p99.9"]
        self.assertEqual((worst.value, worst.good, worst.budget), (31.0, False, "≤ 30"))
        self.assertEqual(rows["pilot change → coil off, native VM, p99"].value, 20.0)
        self.assertEqual((rows["tick late, native VM, max"].value, rows["tick late, native VM, max"].good), (101, False))
        self.assertEqual(rows["a sleeper beside it, max"].value, 9.5)

    def test_a_charge_that_the_charger_ended_is_a_missed_budget(self):
        for stops in (0, 1):
            rows = {one.name: one for one in reaction._rows("slowed VM", dict(self.RUN, stops=stops), "")}
            self.assertEqual(rows["charges that the charger ended, slowed VM"].good, stops == 0)

    def test_why_a_charge_was_ended_stands_beside_how_often(self):
        found = dict(self.RUN, stops=3, causes={"fault guard_opened": 2, "stopped loop_late": 1})
        rows = {one.name: one for one in reaction._rows("slowed VM", found, "")}
        self.assertEqual(rows["charges that the charger ended, slowed VM"].note, "fault guard_opened 2×, stopped loop_late 1×")

    def test_the_cause_is_the_chargers_own_word(self):
        for why, faults, cause in (({"code": "fault", "fault": "tick_late"}, ["tick_late"], "fault tick_late"),
                                   ({"code": "stopped", "by": "loop_late"}, ["meter_lost"], "stopped loop_late meter_lost"),
                                   (None, [], "none")):
            charger = unittest.mock.Mock()
            charger.ask.return_value = json.dumps({"why_not_charging": why, "faults": [{"name": name} for name in faults]})
            self.assertEqual(reaction._cause(charger), cause)

    def test_changes_during_which_the_processor_stood_still_are_told_apart(self):
        ms = 1_000_000
        spans = [(100 * ms, 130 * ms), (200 * ms, 230 * ms), (300 * ms, 330 * ms), (400 * ms, 430 * ms), (500 * ms, 530 * ms)]
        stalls = [(100 * ms, 9.0), (210 * ms, 5.5), (335 * ms, 5.0), (437 * ms, 8.0), (600 * ms, 250.0)]
        self.assertEqual(undisturbed(spans, stalls), [0, 2])
        self.assertEqual(undisturbed(spans, []), [0, 1, 2, 3, 4])
        found = dict(self.RUN, undisturbed=kept.figures([20.0] * 10), stalls={"count": 5, "max": 250.0})
        rows = {one.name: one for one in reaction._rows("slowed VM", found, "")}
        self.assertEqual(rows["pilot change → coil off, slowed VM, undisturbed, max"].value, 20.0)
        self.assertEqual(rows["the processor stood still, longest"].value, 250.0)
        self.assertEqual(rows["pilot change → coil off, slowed VM, p99.9"].value, 31.0)     # which is what is judged

    def test_the_systems_limit_of_real_time_is_off_meanwhile_and_back_afterwards_whatever_happens(self):
        with Tree({"limit": "950000\n"}) as tree, unittest.mock.patch.object(precedence, "LIMIT", tree.root / "limit"):
            with self.assertRaises(KeyError), precedence.without_limit():
                self.assertEqual((tree.root / "limit").read_text(), "-1")
                raise KeyError
            self.assertEqual((tree.root / "limit").read_text(), "950000\n")

    def test_a_system_that_does_not_let_us_says_so_and_nothing_is_lost(self):
        with Tree({}) as tree, unittest.mock.patch.object(precedence, "LIMIT", tree.root / "none"):
            with unittest.mock.patch("builtins.print") as said, precedence.without_limit():
                pass
            self.assertIn("50 ms", said.call_args[0][0])
            self.assertFalse((tree.root / "none").exists())

    def test_what_was_not_measured_says_why(self):
        found, = reaction._rows("slowed VM", "power did not come", "")
        self.assertEqual((found.value, found.good, found.note), (None, None, "not measured: power did not come"))

    def test_a_process_beside_a_measurement_ends_with_it_and_tells_what_it_found(self):
        for moment in [*Hops().end(), (1.0, 1.5)]:      # on a quiet machine it finds nothing in so short a time
            self.assertLess(*moment)

    def test_the_last_long_run_is_kept_with_its_date_and_machine(self):
        with Tree({}) as tree, unittest.mock.patch.object(kept, "PLACE", tree.root / "latency.json"):
            self.assertEqual(kept.kept(), (None, ""))
            runs, words = kept.kept({"native VM": self.RUN})
            self.assertEqual(runs["native VM"]["changes"], self.RUN["changes"])
            self.assertRegex(words, r"^ on \d{4}-\d\d-\d\d \(.+, .+\)$")
            self.assertEqual(kept.kept(), (runs, words))
