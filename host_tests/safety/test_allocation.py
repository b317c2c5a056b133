"""tick() allocates nothing: proved under heap_lock on MicroPython, in every phase, also past 2**30 ms and across its wrap."""

import unittest

import micropython

from firmware.safety import limits
from firmware.safety.core import CLOSED, CLOSING, IDLE, OFFERING, OPENING, PHASE_NAMES, READY, SELFTEST, STOPPING, TRIPPED
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
                for phase in (IDLE, SELFTEST, READY, OFFERING, CLOSING, CLOSED, STOPPING, OPENING, TRIPPED):
                    self.assertIn(phase, rig.phases)

    def test_tick_allocates_nothing_with_every_feature(self):
        for start_ms in (0, WRAP - 8000, WRAP - 40000, 1 << 29):
            for cp_disconnect in (0, 1):
                rig = LockedRig(start_ms, lock=1, cp_disconnect=cp_disconnect, ventilated=1)
                rig.drawn_ma, rig.meter_age_ms = 16000, 500
                rig.allow(63000).run(100).read_temperature(0, 30)
                rig.to_closed("D")
                rig.core.inputs.pp_ohm = 1500                     # a smaller cable under load
                rig.run(6000)
                rig.drawn_ma = 14000                              # above the first grade
                rig.read_temperature(1, 66).run(6000)
                rig.core.request.phases = 1
                rig.run(500).plug("B", 200)
                rig.order("wake").order("selftest").run(40000)
                rig.read_temperature(4, -999).run(500)
                rig.read_temperature(4, 90).run(500)
                rig.read_temperature(4, 20).run(500)
                rig.high_mv = 7500
                rig.run(600)
                rig.high_mv = None
                rig.drawn_ma = 6000
                rig.run(100).order("clear").run(3500).plug("C", 35000)
                self.assertEqual(rig.coil, 1)
                rig.supply_mv = (0, 230000, 300000)
                rig.run(2500).order("unlock").plug("B", 500)
                rig.plug("A", 500)
                rig.supply_mv = (230000, 230000, 230000)
                rig.run(1500)
                rig.to_closed()
                rig.drawn_ma = 80000
                rig.run(3000)
                rig.rcd = 1
                rig.run(500)
                rig.rcd = 0
                rig.plug("A", 2000)
                rig.to_closed()
                rig.welded = True
                rig.plug("B", 1000)
                rig.step(1 << 29)                                 # as late as a tick can be
                rig.step(limits.TICKS_MASK)
                rig.run(100)
                for phase in range(len(PHASE_NAMES)):
                    self.assertIn(phase, rig.phases, PHASE_NAMES[phase])

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
