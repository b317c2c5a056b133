# cpython only: the build runs on the host
"""The proof that runs the core's tests on what the build writes: it must be the written core that they meet."""
import json
import tempfile
import unittest
from pathlib import Path

from tools.checks import written_core
from tools.checks.source import ROOT


class WrittenCore(unittest.TestCase):
    def test_a_fault_that_only_the_written_tick_has_is_noticed(self):
        with tempfile.TemporaryDirectory() as folder:
            written_core.prepare(Path(folder))
            core = Path(folder, written_core.CODE, "core.py")
            head, start, tick = core.read_text().partition("    def tick(self")
            self.assertNotIn("self._read(", tick.partition("\n    def ")[0])
            core.write_text(head + start + tick.replace("unplugged_in_charge + 1", "unplugged_in_charge + 2", 1))
            self.assertNotIn("unplugged_in_charge + 2", head)
            test = "/test_core.py::TestCharge::test_%s"
            status, counts = written_core.run(Path(folder), [written_core.TESTS + test % name for name in (
                "unplugging_in_charge_is_counted_and_is_no_trip", "bcb_toggle_of_400_ms_closes_nothing")], 0)
            self.assertEqual((status, json.loads(counts)["passed"], json.loads(counts)["failed"]), (1, 1, 1))

    def test_only_tests_that_exist_are_left_out(self):
        for name in written_core.LEFT_OUT:
            self.assertTrue((ROOT / written_core.TESTS / name).is_file(), name)


if __name__ == "__main__":
    unittest.main()
