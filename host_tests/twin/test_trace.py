# cpython only: the world runs in CPython
"""The trace keeps the newest changes of each signal."""
import unittest

from host_tests.twin.probe_board import Bench


class TraceTest(unittest.TestCase):
    def test_only_changes_are_edges_and_the_last_10_000_are_kept(self):
        bench = Bench()
        trace = bench.world.trace
        before = len(trace.edges())
        trace.edge("coil", True)
        trace.edge("coil", True)
        self.assertEqual(len(trace.edges()), before + 1)
        for n in range(10_100):
            bench.run_ms(1)
            trace.edge("duty_permille", n % 1000)
        self.assertEqual(len(trace.edges()), 10_000)
        since = trace.as_json(since_ms=10_099)
        self.assertEqual([edge["t_us"] for edge in since], [10_099_000, 10_100_000])
        self.assertEqual(set(since[0]), {"t_us", "signal", "value"})

    def test_a_signal_that_is_none_is_refused(self):
        with self.assertRaises(KeyError):
            Bench().world.trace.edge("coils", True)


if __name__ == "__main__":
    unittest.main()
