"""Storage's primitives and the settings, cut. See cases.py."""
import os

from firmware.settings.store import FILE_KIND, FILE_VERSION, Store
from firmware.storage.atomic_file import AtomicFile
from firmware.storage.inline_file import InlineFile
from firmware.storage.segment_log import SegmentLog
from host_tests.vm_powercut.ground import FOLDER, expect


class AtomicReplace:
    """A file of 600 bytes replaced four times."""

    def payload(self, number):
        return bytes([number]) * (600 + number)

    def file(self):
        return AtomicFile(FOLDER + "thing", 9)

    def prepare(self):
        for number in (1, 2):
            self.file().write(self.payload(number))

    def operate(self, acknowledge):
        file = self.file()
        for number in (3, 4, 5, 6):
            file.write(self.payload(number))
            acknowledge(number)

    def check(self, done):
        done = done or 2
        payload, generation, source, damage = self.file().read()
        expect(source == "current" and damage == "", "source %s, damage %s" % (source, damage))
        expect(generation in (done, done + 1), "generation %d after %d was written" % (generation, done))
        expect(payload == self.payload(generation), "generation %d holds something else" % generation)
        expect(self.file().write(b"on") == generation + 1, "generations do not go on")
        expect(self.file().read()[:3] == (b"on", generation + 1, "current"), "it cannot be written any more")


class SettingsChange:
    """Two settings changed together, three times: both or none."""

    def store(self):
        store = Store(AtomicFile(FOLDER + "settings", FILE_KIND, FILE_VERSION))
        store.load()
        return store

    def prepare(self):
        self.store().set_many({"installation.fuse_a": 20, "charging.max_current_a": 20})

    def operate(self, acknowledge):
        store = self.store()
        for ampere in (21, 22, 23):
            store.set_many({"installation.fuse_a": ampere, "charging.max_current_a": ampere})
            acknowledge(ampere)

    def check(self, done):
        store = self.store()
        done = done or 20
        fuse_a, max_a = store.get("installation.fuse_a"), store.get("charging.max_current_a")
        expect(fuse_a == max_a and fuse_a in (done, done + 1), "%d and %d A after %d" % (fuse_a, max_a, done))
        expect(store.load_report == [], "report: %s" % store.load_report)
        store.set_many({"installation.fuse_a": 32})
        expect(self.store().get("installation.fuse_a") == 32, "it cannot be written any more")


class InlineReplace:
    """A tiny file replaced 100 times among others, while LittleFS compacts its folder and moves it to other blocks."""

    REPLACES = 100
    BEFORE = 4400  # the folder's blocks have seen so many writes that LittleFS is about to move it

    def payload(self, number):
        return b"%08d" % number * 5

    def file(self):
        return InlineFile(FOLDER + "tiny", 9)

    def prepare(self):
        for number in range(6):
            with open(FOLDER + "other%d" % number, "wb") as other:
                other.write(bytes(50 * number))
        file = self.file()
        for number in range(1, self.BEFORE + 1):
            file.write(self.payload(number))

    def operate(self, acknowledge):
        file = self.file()
        for number in range(self.BEFORE + 1, self.BEFORE + self.REPLACES + 1):
            file.write(self.payload(number))
            acknowledge(number)

    def check(self, done):
        done = done or self.BEFORE
        payload, generation, damage = self.file().read()
        expect(damage == "", damage)
        expect(generation in (done, done + 1), "generation %d after %d was written" % (generation, done))
        expect(payload == self.payload(generation), "generation %d holds something else" % generation)
        for number in range(6):
            with open(FOLDER + "other%d" % number, "rb") as other:
                expect(other.read() == bytes(50 * number), "other file %d is damaged" % number)
        expect(self.file().write(b"on") == generation + 1, "generations do not go on")
        expect(self.file().read()[0] == b"on", "it cannot be written any more")


class LogAppend:
    """40 appends, some of them batches, over several segments of which the oldest are dropped."""

    SEGMENT = 1200
    KEEP = 20

    def log(self):
        return SegmentLog(FOLDER + "log", self.SEGMENT, 3, self.KEEP)

    def payload(self, seq):
        return b"%06d" % seq * (4 + seq % 9)

    def prepare(self):
        log = self.log()
        for seq in range(1, 41):
            log.append(1, 1, self.payload(seq))

    def operate(self, acknowledge):
        log = self.log()
        for turn in range(40):
            first = log.next_seq
            size = 1 + 4 * (turn % 3 == 2)
            log.append_many([(1, 1, self.payload(seq)) for seq in range(first, first + size)])
            acknowledge(log.next_seq - 1)

    def check(self, done):
        done = done or 40
        log = self.log()
        seqs = [row[0] for row in log.oldest_first()]
        expect(log.damage == [], "damage: %s" % log.damage)
        expect(seqs == list(range(seqs[0], seqs[-1] + 1)), "a hole in %s" % seqs)
        expect(seqs[-1] >= done, "record %d is lost" % done)
        expect(seqs[-1] <= done + 5, "record %d was never written" % seqs[-1])
        expect(len(seqs) >= self.KEEP, "only %d records are left" % len(seqs))
        for seq, _, _, payload in log.newest_first():
            expect(payload == self.payload(seq), "record %d holds something else" % seq)
        expect(log.append(1, 1, b"on") == seqs[-1] + 1, "numbers do not go on")
        expect(self.log().page(0, 1)[0][3] == b"on", "it cannot be written any more")


class Careless:
    """What not to do, so that the sweep is seen to find it: delete, then write anew; and a second file to match."""

    def prepare(self):
        self.put(1)

    def put(self, number):
        if number > 1:
            os.remove(FOLDER + "one")
        for name in ("one", "two"):
            with open(FOLDER + name, "wb") as file:
                file.write(bytes([number]) * 300)

    def operate(self, acknowledge):
        for number in (2, 3):
            self.put(number)
            acknowledge(number)

    def check(self, done):
        with open(FOLDER + "one", "rb") as one, open(FOLDER + "two", "rb") as two:
            expect(one.read() == two.read(), "the two files are of two minds")
