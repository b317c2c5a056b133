"""Which tick of the safety core is the longest: random lives of a fully fitted core, each tick's bytecodes counted on CPython.

`python -m tools.bench.tick_paths` prints the longest ticks with the phase before and after and what was fresh. tick.py measures
the worst of them on the VM; this only says which path it is.
"""
import random
import sys

from tools.twin import cpython

if not cpython.installations():
    cpython.install()

from firmware.safety.core import PHASE_NAMES
from host_tests.safety.rig import TICK_MS, Rig

LIVES = 60
FITTED = {"contactors": 2, "lock": 1, "rcd_test": 1, "ventilated": 1, "cp_disconnect": 1}


class _Counter:
    """Bytecodes run below tick()."""

    def __init__(self):
        self.count = 0

    def trace(self, frame, event, argument):
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        if event == "opcode":
            self.count += 1
        return self.trace


def fresh(inputs, pick):
    """Every reading is new in this tick, and some are bad."""
    inputs.meter_seq += 1
    inputs.meter_age_ms = pick.choice((0, 500))
    inputs.drawn_ma = pick.choice((0, 16000, 60000))
    inputs.supply_1_mv = inputs.supply_2_mv = inputs.supply_3_mv = pick.choice((230000, 230000, 100000))
    inputs.temperature_seq += 1
    for sensor in range(5):
        setattr(inputs, "temperature_%d_c" % sensor, pick.choice((20, 20, 65, 85, 110)))
    inputs.upstream_tripped = inputs.guard_opened = 0


def longest(lives=LIVES):
    """{(phase before, phase after): (bytecodes, trips after)} of the longest tick of each move."""
    found = {}
    for seed in range(lives):
        pick = random.Random(seed)
        rig = Rig(**FITTED)
        rig.invariants.check = lambda: None
        core, counter = rig.core, _Counter()
        real = core.tick

        def counted(now_ms, pick=pick, core=core, counter=counter, real=real):
            if pick.random() < 0.2:
                fresh(core.inputs, pick)
            if pick.random() < 0.01:
                core.inputs.pe_ok, core.inputs.upstream_tripped, core.inputs.guard_opened = 0, 1, 1
            before, counter.count = PHASE_NAMES[core.phase], 0
            sys.settrace(counter.trace)
            real(now_ms)
            sys.settrace(None)
            core.inputs.pe_ok, core.inputs.guard_opened = 1, 0
            move = (before, PHASE_NAMES[core.phase])
            if counter.count > found.get(move, (0, 0))[0]:
                found[move] = (counter.count, core.trips)

        core.tick = counted
        rig.allow()
        for _ in range(12):
            rig.vehicle = pick.choice("ABBCCCD")
            rig.core.request.offered_ma = pick.choice((0, 16000, 60000))
            rig.run(TICK_MS * pick.choice((3, 60, 120, 320)))
            if pick.random() < 0.3:
                rig.core.request.clear_seq += 1
    return found


def main():
    for move, (count, bits) in sorted(longest().items(), key=lambda item: -item[1][0])[:15]:
        print("%6d bytecodes  %s -> %s, trips %x" % (count, *move, bits))


if __name__ == "__main__":
    main()
