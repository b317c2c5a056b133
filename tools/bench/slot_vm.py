"""Runs on the VM: a 2 MB LittleFS with a charger's data as full as they get, and slots of files beside them. See slot.py.

    slot_vm.py LIST    LIST: a line "bytes path" for each file of a slot

A line is "what blocks": of the data, of the first slot and of the second, and what is then left.
"""
import os
import sys

from firmware.access.cards import CardStore
from firmware.access.cards_csv import CardImport
from firmware.records import curve_log
from firmware.records.event_log import EventLog
from firmware.records.life_totals import LifeTotals
from firmware.records.stamp import Stamper
from firmware.settings.store import FILE_KIND, FILE_VERSION, Store
from firmware.storage.atomic_file import AtomicFile
from host_tests.storage.ram_flash import RamFlash
from host_tests.vm_powercut.wear_on_vm import fill_log

BLOCKS = 512
BLOCK_BYTES = 4096
CARDS = 1200
EVENTS = 6000          # more than are kept
CURVES = 1400          # more than are kept
BIG_FILES = (8192, 6000, 4000, 4000, 2500)    # manifest of an update, certificates, board, boot.py's own
DATA = "/flash/data/"


class Flash(RamFlash):
    """Counts nothing and loses no power."""

    def writeblocks(self, block, buffer, offset=0):
        """LittleFS programs."""
        at = block * self.block_bytes + offset
        self.data[at:at + len(buffer)] = buffer


def used():
    """Blocks that are not free."""
    found = os.statvfs("/flash")
    return found[2] - found[3]


def fill_data():
    """What a charger keeps beside its slots."""
    os.mkdir("/flash/data")
    for number in range(len(BIG_FILES)):
        with open("/flash/data/file%d" % number, "wb") as file:
            file.write(bytes(BIG_FILES[number]))
    for folder in ("/flash/", "/flash/data/"):
        for number in range(6):
            with open("%ssmall%d" % (folder, number), "wb") as file:
                file.write(bytes(500))
    stamper = Stamper(DATA)
    stamper.start()
    LifeTotals(DATA).load()
    store = Store(AtomicFile(DATA + "settings", FILE_KIND, FILE_VERSION))
    store.load()
    for amperes in (10, 11):
        store.set_many({"installation.fuse_a": amperes, "station.name": "x" * 20})
    fill_log()
    events = EventLog(DATA + "events")
    for number in range(EVENTS):
        events.add((1, number, 1795000000), "info", "some_event_%d" % (number % 10), number, "mqtt")
        if number % 20 == 19:
            events.flush(True)
    watts = [number * 40 for number in range(240)]
    for number in range(CURVES):
        curve_log.append(DATA, number, 60, 128, watts)
    loading = CardImport(CardStore(DATA), DATA)
    loading.feed(b"uid;name;type\n")
    for number in range(CARDS):
        loading.feed(b"%08X;Person number %d;user\n" % (number * 2654435761 & 0xFFFFFFFF, number))
    for _ in loading.finish():
        continue


def fill_slot(slot, files):
    """Writes a slot as an update does: folders where they are wanted, files one after the other."""
    os.mkdir(slot)
    made = set()
    for size, path in files:
        folders = path.split("/")[:-1]
        for depth in range(1, len(folders) + 1):
            folder = slot + "/" + "/".join(folders[:depth])
            if folder not in made:
                made.add(folder)
                os.mkdir(folder)
        with open(slot + "/" + path, "wb") as file:
            while size:
                file.write(bytes(min(size, BLOCK_BYTES)))
                size -= min(size, BLOCK_BYTES)


def main(listed):
    flash = Flash(bytearray(BLOCKS * BLOCK_BYTES), BLOCK_BYTES)
    flash.erase_all()
    os.VfsLfs2.mkfs(flash)
    os.mount(os.VfsLfs2(flash), "/flash")
    with open(listed) as file:
        files = [(int(line.split()[0]), line.split()[1]) for line in file]
    fill_data()
    print("data", used())
    for slot in ("a", "b"):
        before = used()
        try:
            fill_slot("/flash/" + slot, files)
        except OSError as error:
            print("full", error.errno)
            return
        print(slot, used() - before)
    print("left", BLOCKS - used())


main(sys.argv[1])
