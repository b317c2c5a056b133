"""A charger's application as small as can be, around the real updates: says whether its slot is whole, updates itself, confirms.

On flash beside the slots: `url` (the server; missing: does not update), `data/`.
"""
import asyncio

import machine

from firmware.drivers import reset_marker, slot_pointer
from firmware.services.ota import manifest, slot_files
from firmware.services.updates import Updates
from firmware.storage import files
from firmware.version import VERSION


class Charger:
    """What update_desk.UpdateDesk lends: nothing is plugged in, no power flows, no clock is set."""

    version, family, boot, moduli = VERSION, "esp32", 0, None

    def __init__(self, root):
        self.root = root
        self.slot = slot_pointer.running(root)
        self.rolled_back = False

    def ticks_ms(self):
        return 0

    def utc_s(self):
        return 0

    def may_write(self):
        return True

    def obstacle(self):
        return None

    def on_trial(self):
        return not slot_pointer.read(self.root)["confirmed"]

    def other_is_whole(self):
        return slot_pointer.is_whole(self.root, "b" if self.slot == "a" else "a")

    def activate(self):
        slot_pointer.activate(self.root, "b" if self.slot == "a" else "a")

    def restart(self, reason):
        reset_marker.mark(reason)
        machine.reset()

    def minute_of_day(self):
        return None

    def random(self, below):
        return 0

    def show(self, on):
        self.shown = on

    def note(self, result, version, detail):
        print("NOTE", result, version, detail)

    def error(self, where, error):
        print("ERROR", where, error)


async def damage(base):
    """Path of the first file of a slot that is not as its manifest says; None: it is whole."""
    for size, digest, path in manifest.entries(base + "/manifest"):
        if not await slot_files.holds(base + "/" + path, size, digest):
            return path
    return None


async def inline(fn, *args):
    """In place of a thread: addresses here are numbers."""
    return fn(*args)


async def update(root, charger, url):
    """One press of "install"."""
    updates = Updates(root, charger, inline)
    values = {"update.url": url, "update.mode": "off", "update.hour": 0}
    updates.apply(lambda key: values[key])
    updates.settle()
    if charger.on_trial():
        slot_pointer.confirm(root)
        print("CONFIRMED", VERSION)
        await updates.step()
    elif url:
        updates.install()
        await updates.step()
        print("STAYS", updates.fact()["reason"], updates.fact()["detail"])
    machine.reset()


def run(root):
    charger = Charger(root)
    found = asyncio.run(damage(root + charger.slot))
    print("APP %s %s %s" % (charger.slot, VERSION, found or "whole"))
    url = ""
    if files.exists(root + "url"):
        with open(root + "url") as file:
            url = file.read()
    files.make_folders(root + "data")
    asyncio.run(update(root, charger, url))
