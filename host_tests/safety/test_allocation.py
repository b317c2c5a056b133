"""tick() allocates nothing: proved under heap_lock on MicroPython, in every phase, also past 2**30 ms and across its wrap."""

import unittest

import micropython

from firmware.safety import limits
from firmware.safety.core import CLOSED, IDLE, OFFERING, OPENING, READY, SELFTEST, STOPPING, TRIPPED
from host_tests.safety.rig import Rig

WRAP = limits.TICKS_MASK + 1


class LockedRig(Rig):
    """A rig whose core is called with the heap locked."""

    def __init__(self, start_ms, **fitted):
        super().__init__(start_ms, **fitted)
        core = self.core
        self.phases = set()
        inner = core.tick

        def tick(now_ms):
            self.phases.add(core.phase)
            micropython.heap_lock()
            try:
                inner(now_ms)
            finally:
                micropython.heap_unlock()
            self.phases.add(core.phase)

        core.tick = tick


class TestAllocation(unittest.TestCase):
    def test_tick_allocates_nothing_in_any_phase(self):
        for start_ms in (0, WRAP - 5000, WRAP - 100, 1 << 29):
            with self.subTest(start_ms=start_ms):
                rig = LockedRig(start_ms)
                rig.to_closed()
                rig.vehicle = "B"
                rig.run(1000)
                rig.vehicle = "C"
                rig.run(7000)
                rig.core.request.available = 0
                rig.run(8000)
                rig.core.request.available = 1
                rig.run(6000)
                rig.core.inputs.pe_ok = 0
                rig.run(500)
                rig.core.inputs.pe_ok = 1
                rig.core.request.clear_seq += 1
                rig.run(500)
                for phase in (IDLE, SELFTEST, READY, OFFERING, CLOSED, STOPPING, OPENING, TRIPPED):
                    self.assertIn(phase, rig.phases)

    def test_the_lock_would_notice(self):
        if not hasattr(micropython, "mem_info"):
            self.skipTest("micropython only: heap_lock does nothing on CPython")
        micropython.heap_lock()
        try:
            failed = False
            try:
                [1, 2, 3].append(object())
            except MemoryError:
                failed = True
        finally:
            micropython.heap_unlock()
        self.assertTrue(failed)


if __name__ == "__main__":
    unittest.main()
