"""Runs on the VM: thousands of cards and sessions on a LittleFS; prints `name value` lines. Arguments: cards,
sessions, a file for the flash. Times are the process's own."""
import gc
import os
import sys
import time

from firmware.access.cards import CardStore
from firmware.access.cards_csv import CardImport, lines
from firmware.records import curve_log, export
from firmware.records.curve import Curve
from firmware.records.session_log import SessionLog
from firmware.records.session_record import SESSION_KIND, SESSION_VERSION, encode
from firmware.services.web.statement_api import StatementApi
from firmware.zone import Zone

BLOCKS = 1024          # 4 MB
LOOK_UPS = 400


class FileFlash:
    """Flash in a file of the host, outside the heap that is measured. Counts what is read."""

    def __init__(self, path):
        with open(path, "wb") as file:
            for _ in range(BLOCKS):
                file.write(b"\xff" * 4096)
        self._file = open(path, "r+b")
        self.reads = 0

    def readblocks(self, block, buffer, offset=0):
        """LittleFS reads."""
        self.reads += 1
        self._file.seek(block * 4096 + offset)
        self._file.readinto(buffer)

    def writeblocks(self, block, buffer, offset=0):
        """LittleFS programs."""
        self._file.seek(block * 4096 + offset)
        self._file.write(buffer)

    def ioctl(self, operation, argument):
        """LittleFS asks the size and erases."""
        if operation == 4:
            return BLOCKS
        if operation == 5:
            return 4096
        if operation == 6:
            self._file.seek(argument * 4096)
            self._file.write(b"\xff" * 4096)
        return 0


def now_us():
    """Processor time."""
    return int(time.clock() * 1000000)


class Meter:
    """Heap above what there was, collected after every 4 kB: what is alive, give or take those."""

    def __init__(self):
        gc.collect()
        self.base = gc.mem_alloc()
        self.peak = 0
        gc.threshold(4096)
        self.began_us = now_us()

    def look(self):
        self.peak = max(self.peak, gc.mem_alloc() - self.base)

    def end(self, name):
        us = now_us() - self.began_us
        gc.threshold(-1)
        gc.collect()
        print(name + "_us", us)
        print(name + "_peak", self.peak)
        print(name + "_left", gc.mem_alloc() - self.base)


def uid(number):
    return b"%08X" % (number * 2654435761 & 0xFFFFFFFF)


def session(number):
    """A finished session."""
    begin_s = 1700000000 + number * 3600
    return {"number": number + 1, "phases": 3, "estimated": False, "start": (1, 100, begin_s), "end": (1, 1900, begin_s + 1800),
            "duration_s": 1800, "charging_s": 1700, "energy_wh": 1000 + number, "cost_cents": number, "meter_start_wh": 1000,
            "meter_stop_wh": 2000 + number, "station": "M3-000001", "connector": "1", "connector_type": "cable",
            "transaction_id": "", "uid": uid(number % 50).decode(), "user": "Person %d" % number, "account": "",
            "end_reason": "unplugged", "comment": ""}


class Kept:
    """What the statement asks of the keeper."""

    def __init__(self, log, utc_s):
        self.sessions, self.stamper, self._utc_s = log, self, utc_s

    def references(self):
        return {}

    def stamp(self):
        return 1, 0, self._utc_s


def statement(log, zone, sessions):
    """The month's page and file of all cards, from the middle of all sessions."""
    api = StatementApi(Kept(log, 1700000000 + sessions // 2 * 3600), lambda: zone, lambda: ("Garage", "M3-000001", "EUR"))
    month, choice, lang = api._asked({})
    for name, pieces in (("statement", api._pieces(month, choice, lang)), ("statement_csv", api._lines(choice, lang, ";", ","))):
        meter = Meter()
        size = 0
        for piece in pieces:
            size += len(piece)
            meter.look()
        piece = pieces = None
        meter.end(name)
        print(name + "_bytes", size)


def curves():
    """A night's session, then as many ended ones as are kept, then the oldest of them looked for."""
    meter = Meter()
    curve = Curve(lambda *ended: curve_log.append("/flash/", *ended))
    curve.begin(1)
    for s in range(0, 36000, 4):
        curve.add(s, 11000 - s // 10)
        meter.look()
    meter.end("curve_night")
    watts = curve.points()
    for number in range(2, 1400):
        curve_log.append("/flash/", number, 0, curve.step_s, watts)
    meter = Meter()
    curve.end(1400)
    curve.flush(True)
    meter.look()
    meter.end("curve_kept")
    for name, number in (("curve_newest", 1400), ("curve_oldest", 300)):
        meter = Meter()
        most_us, begin_us = 0, now_us()
        for step in curve_log.find("/flash/", number):
            found = step
            meter.look()
            most_us = max(most_us, now_us() - begin_us)
            begin_us = now_us()
        print(name + "_points", len(found[3]))
        found = step = None
        meter.end(name)
        print(name + "_step_us", most_us)


def main(cards, sessions, image):
    flash = FileFlash(image)
    os.VfsLfs2.mkfs(flash)
    os.mount(os.VfsLfs2(flash), "/flash")
    store = CardStore("/flash/")
    meter = Meter()
    loading = CardImport(store, "/flash/")
    loading.feed(b"uid;name;type\n")
    for number in range(cards):
        loading.feed(b"%s;Person number %d;user\n" % (uid(number), number))
        meter.look()
    for _ in loading.finish():
        meter.look()
    loading = None
    meter.end("import")
    print("cards", store.count())

    meter = Meter()
    most_us = most_pages = most_blocks = 0
    total_us = 0
    for turn in range(LOOK_UPS):
        wanted = bytes([int(uid(turn * 37 % (cards + 100))[at:at + 2], 16) for at in (0, 2, 4, 6)])
        gc.collect()
        pages, blocks, begin_us = store.reads, flash.reads, now_us()
        found = store.find(wanted)
        us = now_us() - begin_us
        meter.look()
        if (found is None) != (turn * 37 % (cards + 100) >= cards):
            raise ValueError("look-up %d" % turn)
        total_us += us
        most_us, most_pages = max(most_us, us), max(most_pages, store.reads - pages)
        most_blocks = max(most_blocks, flash.reads - blocks)
    found = None
    meter.end("look_ups")
    print("look_up_mean_us", total_us // LOOK_UPS)
    print("look_up_most_us", most_us)
    print("look_up_most_pages", most_pages)
    print("look_up_most_blocks", most_blocks)

    meter = Meter()
    size = 0
    for line in lines(store):
        size += len(line)
        meter.look()
    line = None
    meter.end("cards_export")
    print("cards_export_bytes", size)

    log = SessionLog("/flash/", kept=sessions)
    for first in range(0, sessions, 100):       # straight into the log: what a session writes while it runs is no matter here
        log._log.append_many([(SESSION_KIND, SESSION_VERSION, encode(session(number))) for number in range(first, first + 100)])
    meter = Meter()
    log = SessionLog("/flash/", kept=sessions)
    log.start()
    meter.look()
    meter.end("sessions_open")
    zone = Zone("CET-1CEST,M3.5.0,M10.5.0/3")
    for name, choice in (("sessions_export", export.Choice()), ("sessions_filter", export.Choice(uid=uid(7).decode()))):
        meter = Meter()
        count = 0
        for line in export.csv_lines(log.newest_first({}), choice, zone):
            count += 1 if line else 0
            meter.look()
        line = None
        meter.end(name)
        print(name + "_lines", count)
    statement(log, zone, sessions)
    curves()
    print("flash_used_kb", (lambda stat: (stat[2] - stat[3]) * stat[1] // 1024)(os.statvfs("/flash")))


main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
