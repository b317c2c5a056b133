"""What the meter costs: instructions of one poll on the 32-bit VM, and how late the control tick is beside its traffic.

Lateness is that of virtual time with device costs, while a vehicle charges, with lights and sampler: the same in every run.
"""
import subprocess
import tempfile
from pathlib import Path

from tools.bench.row import ROOT, at_most, not_measured, plain
from tools.setup.vm import VmMissing, instructions, vm_command, vm_environment

S = 1_000_000
POLLS = 20          # two rounds of energy of the phases
BAUDS = (2400, 9600, 19200, 115200)
LATE_MS = 30        # architecture: from there on it is a warning
SETTLED_S, ENDS_S = 25, 60      # flash is written before, and the next time after a minute


def _count(name, polls):
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "profile")
        env = vm_environment(ROOT)
        command = vm_command(4096, callgrind_out=out) + [str(ROOT / "tools/bench/meter_vm.py"), name, str(polls)]
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)
        if done.returncode:
            raise ValueError((done.stderr or done.stdout).strip().splitlines()[-1])
        return instructions(out)


def _lateness(baud):
    """{"p50", "p99", "max"} of a charge at this speed."""
    from tools.twin.runner import Twin
    found = {}

    def app():
        import sys
        return sys.modules["firmware.app"].current

    with tempfile.TemporaryDirectory() as folder:
        twin = Twin(folder, 0)
        try:
            for seconds, act in (
                    (2, lambda: app().settings.set_many({"meter.baud": baud})), (3, lambda: twin.world.reset("soft")),
                    (6, lambda: twin.world.set_ev({"plugged": True})),
                    (SETTLED_S, lambda: setattr(app().lateness, "max_ms", 0)),
                    (ENDS_S, lambda: found.update(twin.facts("lateness_ms"), contactor=twin.facts("contactor"),
                                                  source=twin.facts("meter_source"))), (ENDS_S + 1, twin.end)):
                twin.clock.at(seconds * S, act)
            twin.run()
        finally:
            twin.close()
    if (found.get("contactor"), found.get("source")) != ("closed", "meter"):
        raise ValueError("no charge with a meter at %d baud: %r" % (baud, found))
    return found


def rows():
    found = []
    for name in ("eastron_sdm630", "carlo_gavazzi_em340"):
        try:
            each = (_count(name, 2 * POLLS) - _count(name, POLLS)) // POLLS
            found.append(plain("meter poll, " + name, each, "instr", "bus, CRC, decoding; from sources, mean of %d polls" % POLLS))
        except (VmMissing, ValueError, subprocess.TimeoutExpired) as error:
            found.append(not_measured("meter poll, " + name, str(error)))
    for baud in BAUDS:
        try:
            late = _lateness(baud)
            found.append(at_most("tick late, charging, meter at %d baud, max" % baud, late["max"], "ms", LATE_MS,
                                 "virtual time with device costs; p99 %d ms" % late["p99"]))
        except ValueError as error:
            found.append(not_measured("tick late, charging, meter at %d baud" % baud, str(error), "≤ %d" % LATE_MS))
    return found
