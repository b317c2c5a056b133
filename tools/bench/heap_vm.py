"""Runs on the VM: what the firmware's modules, and the objects of the built charger, take from the heap. See heap.py.

    imports SHIMS PLACE MODULE…    each module's import alone, in this order: what it needs comes before it
    objects SHIMS PLACE FLASH KIND…        everything imported, then the charger built: what each object of these classes takes

PLACE is a folder of .mpy files or a ROMFS image. A line is "what bytes"; between them stands qstr_info(), which tells the host how
many names the VM knows: their table grows by doubling, and whoever comes first would pay for all that follow.
"""
import gc
import sys
import time

import micropython


class _Bare:
    """`machine` and its kin for imports: has everything, costs nothing."""

    def __getattr__(self, name):
        return self

    def __call__(self, *args, **kwargs):
        return self


def _used():
    gc.collect()
    return gc.mem_alloc()


def _place(shims, place):
    if place.endswith(".romfs"):
        import vfs
        with open(place, "rb") as file:
            image = file.read()
        vfs.mount(vfs.VfsRom(image), "/rom")
        place = "/rom"
    here = __file__[:__file__.rfind("/tools/")]
    sys.path[:] = [".frozen", place] + shims + [here + "/lib"]      # the last for an image without what MicroPython's own brings


def imports(shims, place, *modules):
    for name in ("machine", "network", "esp32", "neopixel", "_onewire"):
        sys.modules[name] = _Bare()
    _place([], place)
    for name in modules:
        micropython.qstr_info()
        before = _used()
        start_us = time.ticks_us()
        __import__(name)
        took_us = time.ticks_diff(time.ticks_us(), start_us)
        print(name, _used() - before, took_us)
    micropython.qstr_info()


class Silence:
    """A world that says nothing and wants to hear nothing."""

    seen = [0]

    def poll(self, _=None):
        return None

    def send(self, text):
        return None


def _twin(shims, flash):
    """The twin's chip without a world: enough to build the charger. Returns the list whose item 0 counts what it makes."""
    import json
    sys.path[:] = [".frozen", shims[:shims.rfind("/")], shims]
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
    import _onewire  # noqa: F401  the twin's own, not to be counted
    import esp32
    import machine
    import neopixel
    import network
    made = [0]
    for module in (machine, esp32, network, neopixel):
        for name in dir(module):
            thing = getattr(module, name)
            if isinstance(thing, type) and hasattr(thing, "__init__"):
                try:
                    _count(thing, made)
                except (AttributeError, TypeError):
                    continue        # a built-in type
    return made


def _count(kind, made):
    inside = kind.__init__

    def __init__(self, *args, **kwargs):
        before = _used()
        inside(self, *args, **kwargs)
        made[0] += _used() - before
    kind.__init__ = __init__


def objects(shims, place, flash, *kinds):
    made = _twin(shims, flash)
    _place([shims], place)
    import firmware.app
    micropython.qstr_info()
    before, shims_before = _used(), made[0]
    steps = []

    def counted(name, kind):
        def build(*args, **kwargs):
            start, start_shims = _used(), made[0]
            thing = kind(*args, **kwargs)
            steps.append((name, _used() - start - made[0] + start_shims))
            return thing
        return build
    for name in kinds:
        kind = getattr(firmware.app, name, None)
        if isinstance(kind, type):
            setattr(firmware.app, name, counted(name, kind))
    start_us = time.ticks_us()
    app = firmware.app.App(flash + "/")
    took_us = time.ticks_diff(time.ticks_us(), start_us)
    after = _used()
    for name, size in steps:
        print(name, size, 0)
    print("all", after - before - made[0] + shims_before, took_us)
    print("shims", made[0] - shims_before, 0)
    micropython.qstr_info()
    return app


if sys.argv[1] == "imports":
    imports(*sys.argv[2:])
else:
    objects(*sys.argv[2:])
