"""Blocks of flash that a slot takes, and whether two fit beside a charger's data where a module has 4 MB: on the real LittleFS."""
import subprocess
import tempfile
from pathlib import Path

from tools.bench.row import ROOT, Row, not_measured
from tools.build.application import application
from tools.setup.vm import VmMissing, vm_command, vm_environment

FLASH_KB = 2048      # what stock MicroPython leaves of 4 MB for files
BLOCK_KB = 4
SPARE_KB = 32        # that an update wants free beside the slot it writes: firmware/services/ota/install.py
HEAP_KB = 6144
NAMES = ("slot on flash", "two slots and full records on 2 MB")


def measure(files):
    """{name: blocks} of slot_vm.py for {path: bytes}; "b" and "left" are missing where the second slot did not fit."""
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder, "files")
        listed.write_text("".join("%d %s\n" % (len(data), path) for path, data in sorted(files.items())))
        done = subprocess.run(vm_command(HEAP_KB) + [str(ROOT / "tools/bench/slot_vm.py"), str(listed)], cwd=ROOT,
                              env=vm_environment(), capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise ValueError((done.stderr or done.stdout).strip().splitlines()[-1])
    return {name: int(value) for name, value in [line.split() for line in done.stdout.splitlines()]}


def rows():
    limit = "≤ %d kB" % (FLASH_KB - SPARE_KB)
    try:
        files = application()
        found = measure(files)
    except (VmMissing, ValueError, subprocess.TimeoutExpired) as error:
        return [not_measured(name, str(error)) for name in NAMES]
    data_kb, slot_kb = found["data"] * BLOCK_KB, found["a"] * BLOCK_KB
    both_kb = FLASH_KB - found["left"] * BLOCK_KB if "left" in found else data_kb + 2 * slot_kb
    return [Row(NAMES[0], slot_kb, "kB", "", None, "%d files, %d bytes, in blocks of 4 kB" % (
                len(files), sum(map(len, files.values())))),
            Row(NAMES[1], both_kb, "kB", limit, both_kb <= FLASH_KB - SPARE_KB,
                "%d kB of them data: 1200 cards, 3000 sessions, all curves and events" % data_kb)]
