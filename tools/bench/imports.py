"""Instructions that a step of loading on demand takes: the dearest modules, on the 32-bit VM under callgrind.

A run with the module less a run without it. No budget but the control tick's: nothing may hold the loop for 30 ms.
"""
import subprocess
import tempfile
from pathlib import Path

from tools.bench.row import ROOT, Row, not_measured
from tools.setup.mpy import OUT, write_application
from tools.setup.vm import VmMissing, instructions, vm_command, vm_environment

# what is loaded before, and then the module that is measured: the two with the most names, and the one that who logs in waits for
STEPS = (("query,records_api,paper", "statement_api"), ("query,cards_csv", "cards_api"), ("", "login_api"))
PER_US = 150       # instructions that an ESP32 at 240 MHz does in a microsecond, code in flash (estimate)
LIMIT = 30000 * PER_US


def _count(names):
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "profile")
        script = [str(ROOT / "tools/bench/imports_vm.py"), str(OUT), str(ROOT / "lib"), names]
        done = subprocess.run(vm_command(8192, callgrind_out=out) + script, cwd=ROOT, env=vm_environment(), capture_output=True,
                              text=True, timeout=300)
        if done.returncode:
            raise ValueError((done.stderr or done.stdout).strip().splitlines()[-1])
        return instructions(out)


def rows():
    found = []
    files = write_application()
    for before, name in STEPS:
        what = "loading on demand, " + name
        try:
            each = _count(",".join([before, name])) - _count(before)
        except (VmMissing, ValueError, subprocess.TimeoutExpired) as error:
            found.append(not_measured(what, str(error)))
            continue
        note = "%d B; about %d ms on a device at %d instr/µs (estimate)" % (
            len(files["firmware/%s.mpy" % name]), each // PER_US // 1000, PER_US)
        found.append(Row(what, each, "instr", "≤ 30 ms", each <= LIMIT, note))
    return found
