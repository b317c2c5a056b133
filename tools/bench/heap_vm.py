"""Runs on the VM: what the firmware's modules, and the built charger, take from the heap. See heap.py.

Arguments: the repository, where the .mpy lie ("files FOLDER" or "romfs IMAGE"), the provisioned flash folder.
The twin's own side (shims, hal) is loaded first and so not counted.
"""
import gc
import json
import sys
import time


class Silence:
    """A world that says nothing and wants to hear nothing."""

    def poll(self, _=None):
        return None

    def send(self, text):
        return None


def _twin(root, flash):
    """The twin's chip without a world: enough to import and build."""
    sys.path[:] = [".frozen", root + "/tools/twin", root + "/tools/twin/shims"]
    import _twin
    import costs
    import hal
    import vm_port
    with open(flash + "/board.json") as file:
        board = json.load(file)
    chip = hal.Hal(board, vm_port.VmClock(), lambda *change: None)
    chip.history_length = 0
    _twin.costs = costs
    _twin.port = vm_port.VmPort(Silence(), chip, 0)
    import esp32  # noqa: F401
    import machine  # noqa: F401
    import network  # noqa: F401


def main(root, how, place, flash):
    _twin(root, flash)
    if how == "romfs":
        import vfs
        with open(place, "rb") as file:
            image = file.read()
        vfs.mount(vfs.VfsRom(image), "/rom")
        place = "/rom"
    sys.path[:] = [".frozen", place, root + "/tools/twin/shims"]
    import asyncio  # noqa: F401  (frozen, but its names and classes count as the firmware's)
    gc.collect()
    before = gc.mem_alloc()
    start_us = time.ticks_us()
    import firmware.app
    took_us = time.ticks_diff(time.ticks_us(), start_us)
    gc.collect()
    print("imported", gc.mem_alloc() - before)
    print("import_us", took_us)
    start_us = time.ticks_us()
    app = firmware.app.App(flash + "/")
    print("build_us", time.ticks_diff(time.ticks_us(), start_us))
    gc.collect()
    print("built", gc.mem_alloc() - before)
    return app


main(*sys.argv[1:])
