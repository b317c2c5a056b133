"""Heap of the firmware on the 32-bit VM, module by module: from ROMFS (code stays in flash) and from the file system.

The table of names (qstrs) that the VM keeps is a line of its own: it grows by doubling, so one name too many costs 9 kB at once.
"""
import ast
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.bench.row import ROOT, at_most, not_measured, plain
from tools.setup.lib import read_lock
from tools.setup.mpy import OUT, compile_file, device_sources, write_application
from tools.setup.romfs import image
from tools.setup.vm import VmMissing, find_vm, vm_command

LIVE_LIMIT = 70 * 1024
LITTLEFS_LIMIT = 256 * 1024
SHOWN = 8                   # modules that are listed by name
SHIMS = ROOT / "tools/twin/shims"
BOOT_NAMES = 125            # that boot.py adds
POOL_FIRST, ENTRY = 20, 7   # the VM's tables of names: entries of the first, doubled each time; bytes an entry


def compiled():
    """{name: bytes} of all .mpy a device carries; they also stand in build/mpy."""
    files = dict(write_application())
    for package in read_lock(ROOT / "lib"):
        for name in package["files"]:
            target = OUT / Path(name).with_suffix(".mpy")
            target.parent.mkdir(parents=True, exist_ok=True)
            files[target.relative_to(OUT).as_posix()] = data = compile_file(ROOT / "lib" / name, name)
            target.write_bytes(data)
    return files


def provision(folder):
    """A flash as the twin hands it out, in a process of its own: it installs the twin's modules for CPython."""
    code = ("from tools.twin import cpython; cpython.install(); from tools.twin.provision import provision; "
            "provision(%r, {'http_host': '127.0.0.1', 'http_port': 0})" % str(folder))
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)


def in_order(texts):
    """Names of the modules {name: text} that are loaded at start, the application last: it loads what needs something of it."""
    wanted = {node.module for node in ast.parse(texts["firmware.app"]).body if isinstance(node, ast.ImportFrom)}
    alone = [name for name in sorted(wanted) if name in texts and "firmware" not in texts[name]]
    return ["asyncio", "json", "struct", "firmware.rows"] + alone + ["firmware.app"]


def pools(names):
    """Bytes of the VM's tables that hold so many names."""
    total, size = 0, POOL_FIRST
    while total < names:
        total += size
        size *= 2
    return total * ENTRY


def _run(*arguments):
    done = subprocess.run(vm_command(4096) + [str(ROOT / "tools/bench/heap_vm.py"), *map(str, arguments)],
                          capture_output=True, text=True, timeout=120)
    if done.returncode or "Error" in done.stderr:
        raise ValueError(((done.stderr or done.stdout).strip().splitlines() or ["no output"])[-1])
    names, found = [], []
    for line in done.stdout.splitlines():
        if line.startswith("qstr pool:"):
            names.append(int(line.split("n_qstr=")[1].split(",")[0]))
        elif len(line.split()) == 3:
            name, size, took_us = line.split()
            found.append([name, int(size), int(took_us)])
    return names, found


def _parts():
    """{name on the device: name} of the classes that the wiring builds."""
    short = {}
    device_sources(short=short)
    tree = ast.parse((ROOT / "firmware/app.py").read_text())
    names = [alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    return {short["firmware.app"].get(name, name): name for name in names if name.lower() != name != name.upper()
            and name != "Supervisor"}


def measure(place, flash):
    """dict: modules [(name, bytes)], names, tables (bytes of the tables of names), objects [(name, bytes)], built, import_us."""
    names, modules = _run("imports", SHIMS, place, *in_order(device_sources()))
    for index, row in enumerate(modules):
        row[1] -= pools(names[index + 1]) - pools(names[index])
    called = _parts()
    objects_names, objects = _run("objects", SHIMS, place, flash, *called)
    everything = {}
    for name, size, _ in objects:
        everything[called.get(name, name)] = everything.get(called.get(name, name), 0) + size
    built = everything.pop("all") - (pools(objects_names[-1]) - pools(objects_names[0]))
    shims = everything.pop("shims")
    new_names = objects_names[-1] - objects_names[0] + names[-1] - names[0]
    return {"modules": sorted(([row[0], row[1]] for row in modules), key=lambda row: -row[1]), "names": new_names,
            "tables": pools(new_names), "objects": sorted(everything.items(), key=lambda row: -row[1]), "built": built,
            "shims": shims, "all_names": objects_names[-1], "import_us": sum(row[2] for row in modules)}


def tables_of_the_twin(image_file):
    """Bytes by which the twin's own names make the VM's tables of names larger than the charger's names alone would."""
    with tempfile.TemporaryDirectory() as folder:
        provision(folder)
        heap = measure(image_file, folder)
    return pools(heap["all_names"] + BOOT_NAMES) - pools(heap["names"] + BOOT_NAMES)


def rows(table=False):
    """table: also every module and object, one row each."""
    places = (("ROMFS", LIVE_LIMIT), ("file system", LITTLEFS_LIMIT))
    try:
        if find_vm().bits != 32:
            return [not_measured("heap, " + name, "the VM has 64 bits (%s)" % find_vm().why_not_32) for name, _ in places]
    except VmMissing as error:
        return [not_measured("heap, " + name, str(error)) for name, _ in places]
    found = []
    with tempfile.TemporaryDirectory() as folder:
        flash, rom = Path(folder, "flash"), Path(folder, "image.romfs")
        rom.write_bytes(image(compiled()))
        try:
            provision(flash)
            for (name, limit), place in zip(places, (rom, OUT)):
                found += _told(name, limit, measure(place, flash), table and place == rom)
        except subprocess.CalledProcessError as error:
            found.append(not_measured("heap", error.stderr.decode().strip().splitlines()[-1]))
        except (ValueError, subprocess.TimeoutExpired) as error:
            found.append(not_measured("heap", str(error)))
    return found


def _told(name, limit, heap, table):
    modules = sum(size for _, size in heap["modules"])
    largest = ", ".join("%s %d" % (module.replace("firmware.", ""), size) for module, size in heap["modules"][:SHOWN])
    objects = ", ".join("%s %d" % row for row in heap["objects"][:SHOWN])
    found = [plain("heap, %s: modules" % name, modules, "B", "%d; %s" % (len(heap["modules"]), largest)),
             plain("heap, %s: table of names" % name, heap["tables"], "B", "%d names; the next step is at %d" % (
                 heap["names"], pools(heap["names"]) // ENTRY)),
             plain("heap, %s: objects" % name, heap["built"], "B", objects),
             at_most("heap, %s: charger built" % name, modules + heap["tables"] + heap["built"], "B", limit,
                     "sum of the three; without the twin's own %d B" % heap["shims"])]
    if table:
        found += [plain("  import %s" % module, size, "B") for module, size in heap["modules"]]
        found += [plain("  object %s" % thing, size, "B") for thing, size in heap["objects"]]
    return found
