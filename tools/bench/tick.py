"""Instructions of one control tick of the safety core, counted by callgrind on the 32-bit VM.

Steady states: the difference between runs of N and 2N ticks, which cancels start and preparation, divided by N; the loop's own
turn, counted with it, makes the number an upper bound. The tick that trips happens once: a run with it less a run without.
"""
import subprocess
import tempfile
from pathlib import Path

from tools.bench.row import ROOT, at_most, not_measured
from tools.setup.mpy import write_application
from tools.setup.vm import VmMissing, instructions, vm_command, vm_environment

LIMIT = 100_000
STEADY = ("idle", "offering", "closed", "closed, late clock", "closed, all fresh")
TRIPPING = ("tripping", "tripping, all fresh")     # the second is the worst path that tick_paths.py finds
TICKS = 400
CORE = ROOT / "build/mpy-tests"


def _count(state, ticks):
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "profile")
        env = vm_environment()
        # the compiled core comes before its source: as it ships, but with the names of constants, which the rig imports
        env["MICROPYPATH"] = ".frozen:%s:%s" % (CORE, ROOT)
        done = subprocess.run(vm_command(callgrind_out=out) + [str(ROOT / "tools/bench/tick_vm.py"), state, str(ticks)],
                              cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)
        if done.returncode:
            raise ValueError((done.stderr or done.stdout).strip().splitlines()[-1])
        return instructions(out)


def rows():
    found = []
    write_application(CORE, keep_constants=True)
    try:
        for state in STEADY:
            each = (_count(state, 2 * TICKS) - _count(state, TICKS)) // TICKS
            found.append(at_most("control tick, core, " + state, each, "instr", LIMIT, "mean of %d ticks" % TICKS))
        for state in TRIPPING:
            found.append(at_most("control tick, core, " + state, _count(state, 1) - _count(state, 0), "instr", LIMIT,
                                 "the one tick that opens"))
    except (VmMissing, ValueError, subprocess.TimeoutExpired) as error:
        found.append(not_measured("control tick, core", str(error), "≤ %d" % LIMIT))
    return found
