"""The VM's side of wear.py: a 2 MB LittleFS, the firmware's files on it, and the days of a charger's life.

    ops                     programs, erases and bytes of each operation of storage/ and records/
    heap                    bytes of heap that 3000 sessions hold
    days DAYS MINUTES       DAYS days with four sessions of MINUTES minutes: the flash's erases, block by block
"""

import gc
import os
import sys

from firmware.records import curve_log
from firmware.records.event_log import EventLog
from firmware.records.life_totals import LifeTotals
from firmware.records.session_log import SessionLog
from firmware.records.stamp import Stamper
from firmware.settings.store import FILE_KIND, FILE_VERSION, Store
from firmware.storage.atomic_file import AtomicFile
from firmware.storage.inline_file import InlineFile
from firmware.storage.segment_log import SegmentLog
from host_tests.storage.ram_flash import RamFlash

BLOCKS = 512
STATIC_KB = 700  # two slots of the application, the page, certificates: blocks that never take part in the wear
DATA = "/flash/data/"


class FastFlash(RamFlash):
    """Without the power and the check of every bit, which other tests do."""

    def writeblocks(self, block, buffer, offset=0):
        """LittleFS programs."""
        at = block * self.block_bytes + offset
        self.data[at:at + len(buffer)] = buffer
        self.programs += 1
        self.programmed_bytes += len(buffer)


def mount():
    """A new 2 MB flash with the static files."""
    flash = FastFlash(bytearray(BLOCKS * 4096))
    flash.erase_all()
    os.VfsLfs2.mkfs(flash)
    os.mount(os.VfsLfs2(flash), "/flash")
    os.mkdir("/flash/data")
    os.mkdir("/flash/a")
    for number in range(STATIC_KB // 20):
        with open("/flash/a/module%02d" % number, "wb") as file:
            for _ in range(20):
                file.write(bytes(1024))
    flash.reset_counts()
    return flash


def measure(flash, name, times, work):
    """Prints: name, programs ×100, erases ×1000, bytes, each per operation."""
    work(0)
    flash.reset_counts()
    for number in range(1, times + 1):
        work(number)
    print("op", flash.programs * 100 // times, flash.erases * 1000 // times, flash.programmed_bytes // times, name)


def operations():
    """Each kind of write, in a folder as full as it will be."""
    flash = mount()
    fill_log()
    stamp = (1, 100, 1795000000)
    inline = InlineFile(DATA + "tiny", 9)
    measure(flash, "inline file, 50 B", 500, lambda number: inline.write(bytes(50)))
    for size in (600, 4000):
        atomic = AtomicFile(DATA + "atomic", 9)
        measure(flash, "atomic file, %d B" % size, 60, lambda number, size=size, atomic=atomic: atomic.write(bytes(size)))
    log = SegmentLog(DATA + "log")
    measure(flash, "log, one record of 64 B", 300, lambda number: log.append(1, 1, bytes(50)))
    ten = [(1, 1, bytes(50))] * 10
    measure(flash, "log, ten records of 64 B in one write", 100, lambda number: log.append_many(ten))
    store = Store(AtomicFile(DATA + "settings", FILE_KIND, FILE_VERSION))
    store.load()
    measure(flash, "one setting changed", 60,
            lambda number: store.set_many({"installation.fuse_a": 10 + number % 2}))
    sessions = SessionLog(DATA)
    sessions.start()
    begun = []

    def begin(_number):
        # An unended session is given up, so that only the beginning is measured.
        sessions.current = None
        begun.append(sessions.begin(stamp, 1000, "04A1B2C3D4E5F6", 3, "", "1", "tethered", "", "work"))

    measure(flash, "session begins", 60, begin)

    def end(_number):
        sessions.current = dict(kept)
        sessions.end(stamp, 7400, 3600, "unplugged", 8400)

    kept = dict(sessions.current)
    measure(flash, "session ends", 100, end)
    uptime = [1000]
    sessions.current = dict(kept)

    def progress(_number):
        uptime[0] += 60
        sessions.progress((1, uptime[0], 0), 1000, 60)

    measure(flash, "a minute's progress", 500, progress)
    points = [number * 40 for number in range(240)]
    measure(flash, "a session's power curve", 60, lambda number: curve_log.append(DATA, number + 1, 60, 128, points))


def fill_log():
    """A log as full as it gets: the promised 3000 sessions and their events."""
    sessions = SessionLog(DATA)
    sessions.start()
    sessions.begin((1, 100, 0), 1000, "04A1B2C3D4E5F6", 3, "", "1", "tethered", "", "work")
    row = sessions.end((1, 3700, 1795000000), 7400, 3600, "unplugged", 8400)
    from firmware.records import session_record

    payload = session_record.encode(row)
    for _ in range(160):
        sessions._log.append_many([(1, 1, payload)] * 20)
    return sessions.count()


def days(count, minutes):
    """Four sessions a day, each with its curve and ten events, one reboot and one settings change a week."""
    flash = mount()
    kept = fill_log()
    flash.reset_counts()
    stamper, events, life, sessions = Stamper(DATA), EventLog(DATA + "events"), LifeTotals(DATA), SessionLog(DATA)
    life.load()
    sessions.start()
    store = Store(AtomicFile(DATA + "settings", FILE_KIND, FILE_VERSION))
    store.load()
    uptime_s = 0
    points = [number * 40 for number in range(240)]
    for day in range(count):
        if day % 7 == 0:
            stamper.start()
            stamper.set_utc(1795000000 + day * 86400, uptime_s % 86400)
            store.set_many({"installation.fuse_a": 10 + day % 5})
        for _ in range(4):
            sessions.begin(stamper.at(uptime_s), 1000, "04A1B2C3D4E5F6", 3, "", "1", "tethered", "", "work")
            life.count_cycle()
            for minute in range(minutes):
                uptime_s += 60
                sessions.progress(stamper.at(uptime_s), 100 * minute, 60 * minute)
            number = sessions.current["number"]
            life.add_session(sessions.end(stamper.at(uptime_s), 7400, 3600, "unplugged", 8400))
            curve_log.append(DATA, number, 60, 2 + minutes // 4, points)
            for number in range(10):
                events.add(stamper.at(uptime_s), "info", "some_event_%d" % number, number, "mqtt")
            life.flush()
            events.flush(True)
            stamper.flush(True)
    wear = sorted(flash.wear)
    used = [erases for erases in wear if erases]
    print("days", flash.programs, flash.erases, len(used), wear[-1], kept, os.statvfs("/flash")[3])


def heap():
    """Heap that 3000 sessions hold while nobody looks, and a page of twenty from their middle."""
    mount()
    fill_log()
    SessionLog(DATA).page(0, 1, {})  # whatever is made once and stays
    gc.collect()
    empty = gc.mem_alloc()
    sessions = SessionLog(DATA)
    sessions.start()
    gc.collect()
    idle = gc.mem_alloc()
    page = sessions.page(1500, 20, {})
    gc.collect()
    print("heap", sessions.count(), idle - empty, gc.mem_alloc() - idle, len(page))


def main(argv):
    """See above."""
    if argv[1] == "ops":
        operations()
    elif argv[1] == "heap":
        heap()
    else:
        days(int(argv[2]), int(argv[3]))


if __name__ == "__main__":
    main(sys.argv)
