"""Heap of the firmware on the 32-bit VM: from ROMFS (code stays in flash) and from the file system (code is copied to RAM)."""
import subprocess
import tempfile
from pathlib import Path

from tools.setup.romfs import image
from tools.bench.row import ROOT, Row, at_most, not_measured, plain
from tools.setup.lib import read_lock
from tools.setup.mpy import OUT, compile_file, write_application
from tools.setup.vm import VmMissing, find_vm, vm_command

PEAK_LIMIT = 100 * 1024
LIVE_LIMIT = 70 * 1024
LITTLEFS_LIMIT = 256 * 1024
START_LIMIT_MS = 50


def _compiled():
    files = dict(write_application())
    for package in read_lock(ROOT / "lib"):
        for name in package["files"]:
            files[name.replace(".py", ".mpy")] = compile_file(ROOT / "lib" / name, name)
            place = OUT / name.replace(".py", ".mpy")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(files[name.replace(".py", ".mpy")])
    return files


def _provision(folder):
    """A flash as the twin hands it out, in a process of its own: it installs the twin's modules for CPython."""
    import sys
    code = ("from tools.twin import cpython; cpython.install(); from tools.twin.provision import provision; "
            "provision(%r, {'http_host': '127.0.0.1', 'http_port': 0})" % str(folder))
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)


def _measure(how, place, flash, heap_kb=2048):
    done = subprocess.run(vm_command(heap_kb) + [str(ROOT / "tools/bench/heap_vm.py"), str(ROOT), how, str(place), str(flash)],
                          capture_output=True, text=True, timeout=120)
    found = dict(line.split() for line in done.stdout.splitlines() if len(line.split()) == 2)
    if "built" not in found:
        raise ValueError((done.stderr or done.stdout).strip().splitlines()[-1:] or "no output")
    return {name: int(value) for name, value in found.items()}


def rows():
    names = ("heap, ROMFS", "heap, file system")
    try:
        if find_vm().bits != 32:
            return [not_measured(name, "the VM has 64 bits (%s)" % find_vm().why_not_32) for name in names]
    except VmMissing as error:
        return [not_measured(name, str(error)) for name in names]
    found = []
    files = _compiled()
    with tempfile.TemporaryDirectory() as folder:
        flash = Path(folder, "flash")
        rom = Path(folder, "image.romfs")
        rom.write_bytes(image(files))
        try:
            _provision(flash)
        except subprocess.CalledProcessError as error:
            return [not_measured(name, error.stderr.decode().strip().splitlines()[-1]) for name in names]
        for name, how, place, limit in ((names[0], "romfs", rom, LIVE_LIMIT), (names[1], "files", OUT, LITTLEFS_LIMIT)):
            try:
                result = _measure(how, place, flash)
            except (ValueError, subprocess.TimeoutExpired) as error:
                found.append(not_measured(name, str(error), "≤ %d" % limit))
                continue
            found.append(plain(name + ": modules imported", result["imported"], "B", "firmware and lib, .mpy -O3"))
            found.append(at_most(name + ": charger built", result["built"], "B", limit, "after collect, before any connection"))
            took_ms = (result["import_us"] + result["build_us"]) // 1000
            found.append(Row(name + ": import and build", took_ms, "ms", "≤ %d" % START_LIMIT_MS, took_ms <= START_LIMIT_MS,
                             "of VM time; the budget is to the first control tick"))
    found.append(not_measured("heap peak, all services connected", "no row drives the services on the VM yet", "≤ %d" % PEAK_LIMIT))
    return found
