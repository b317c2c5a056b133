"""What is cut, and what must hold afterwards. Runs on the VM, on a LittleFS mounted at FOLDER.

A case is a class with prepare() (the history before), operate(acknowledge) (what the cut falls into; it calls acknowledge(n)
after each step that the firmware regards as done) and check(done): done is the last n acknowledged. check() runs in a fresh VM
on the image as the cut left it, raises AssertionError with a sentence, and must be able to go on writing.
"""

import asyncio
import os

from firmware import factory_reset
from firmware.access.attempts import Attempts
from firmware.access.cache import Cache
from firmware.access.card import Card
from firmware.access.cards import CardStore
from firmware.access.cards_csv import CardImport
from firmware.access.pins import Pins
from firmware.access.reservation import Reservation
from firmware.charging.flags import Flags
from firmware.records import curve_log
from firmware.records.life_totals import LifeTotals
from firmware.records.session_log import SessionLog
from firmware.records.stamp import Stamper
from firmware.settings.store import FILE_KIND, FILE_VERSION, Store
from firmware.storage.atomic_file import AtomicFile
from firmware.storage.inline_file import InlineFile
from firmware.storage.segment_log import SegmentLog

FOLDER = "/flash/"


def expect(holds, text):
    """AssertionError with the text unless it holds."""
    if not holds:
        raise AssertionError(text)


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


class AccessChange:
    """What access keeps: wrong PINs counted, a PIN changed, a reservation made and cancelled, the central system's words."""

    PIN, GUEST = "1234", "9876"

    def parts(self):
        self.attempts = Attempts(FOLDER + "attempts", lambda: True)
        self.station = _Reserved()
        self.reservation = Reservation(FOLDER + "reservation", self.station, lambda: 1800000000, str, lambda code, detail: None)
        self.reservation.load()
        self.cache = Cache(FOLDER, lambda: 1800000000)
        return Pins(FOLDER, self.attempts, lambda: "", lambda: True)

    def keep(self, *tokens):
        for token in tokens:
            self.cache.learn(token, "accepted", 0)
        asyncio.run(self.cache.keep(lambda: True, _rest))

    def prepare(self):
        asyncio.run(self.parts().set(self.PIN, ""))
        self.attempts.begin(0, 0)
        for first in (0, 25):                     # RAM holds 32
            self.keep(*["KNOWN%02d" % number for number in range(first, first + 25)])

    def operate(self, acknowledge):
        pins = self.parts()
        self.attempts.begin(0, 0)
        acknowledge(1)
        self.reservation.reserve({"id": "ANN", "for_s": 600}, "web")
        self.reservation.save()
        acknowledge(2)
        self.keep("NEW")
        acknowledge(3)
        self.reservation.cancel({})
        self.reservation.save()
        acknowledge(4)
        asyncio.run(pins.set(None, self.GUEST))
        acknowledge(5)

    def check(self, done):
        done = done or 0
        pins = self.parts()
        found = pins.which()
        expect(found["PIN"], "the PIN is gone")
        expect(found["guest"] or done < 5, "the guest's PIN is lost")
        wrong = self.attempts.wrong(0, 0)
        expect(wrong in ((1, 2), (2,), (2,), (2,), (2, 0), (0,))[done], "%d wrong PINs after step %d" % (wrong, done))
        reserved = self.station.reserved_for
        expect(reserved in (("",), ("", "ANN"), ("ANN",), ("ANN", ""), ("",), ("",))[done],
               "reserved for %r after step %d" % (reserved, done))
        expect(self.cache.status("NEW") or done < 3, "what the central system said is lost")
        for number in range(50):
            expect(self.cache.status("KNOWN%02d" % number), "KNOWN%02d is lost" % number)
        asyncio.run(pins.set("4321", ""))
        expect(self.attempts.wrong(0, 0) == 0 and asyncio.run(pins.check("4321", 0)) == "PIN", "PINs cannot be changed any more")


class _Reserved:
    """As much of a station as a reservation needs."""

    def __init__(self):
        self.reserved_for = ""
        self.flags = Flags()


async def _rest():
    await asyncio.sleep_ms(0)


class BootNumber:
    """The boot counter: no number twice."""

    def prepare(self):
        Stamper(FOLDER).start()

    def operate(self, acknowledge):
        for _ in range(5):
            acknowledge(Stamper(FOLDER).start())

    def check(self, done):
        expect(Stamper(FOLDER).start() > (done or 1), "a boot number twice")


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


class _Charger:
    """What the firmware does at boot with its records."""

    def __init__(self, meter_wh=None):
        self.life = LifeTotals(FOLDER)
        self.life.load()
        self.sessions = SessionLog(FOLDER, kept=4, segment_bytes=600)
        self.sessions.start(self.life.last_session)
        self.stamper = Stamper(FOLDER)
        self.stamper.start()
        self.finished = self.sessions.close_unfinished(meter_wh)
        self.life.catch_up(self.sessions)
        self.life.flush(True)

    def charge(self, energy_wh, meter_wh, acknowledge=None):
        """A session with three minutes' progress; energy_wh per minute."""
        register_wh = meter_wh
        number = self.sessions.begin(self.stamper.at(100), meter_wh, "04A1B2C3", 3)
        done = 1
        if acknowledge:
            acknowledge(done)
        for minute in (1, 2, 3):
            self.sessions.progress(self.stamper.at(100 + 60 * minute), energy_wh * minute, 60 * minute)
            done += 1
            if acknowledge:
                acknowledge(done)
        if meter_wh is not None:
            register_wh = meter_wh + 3 * energy_wh + 7
        row = self.sessions.end(self.stamper.at(290), 3 * energy_wh + 7, 190, "ev_gone", register_wh)
        if acknowledge:
            acknowledge(5)
        self.life.add_session(row)
        self.life.flush(True)
        if acknowledge:
            acknowledge(6)
        return number


class Session:
    """A whole session without a meter: begin, three minutes, end, life totals. At most a minute of energy is lost."""

    METER_WH = None
    BEFORE = 6

    def prepare(self):
        charger = _Charger()
        for number in range(1, self.BEFORE + 1):
            expect(charger.charge(10 * number, None) == number, "numbering")

    def operate(self, acknowledge):
        _Charger().charge(500, self.METER_WH, acknowledge)

    def register_wh(self, done):
        """What the meter says at the next boot: the energy of the minutes that passed, and 400 Wh of the last."""
        return None

    def check_energy(self, row, done):
        minutes = max(0, min(done, 4) - 1)
        expect(row["estimated"], "an estimate that is not marked")
        expect(500 * minutes <= row["energy_wh"] <= 500 * (minutes + 1), "%d Wh after minute %d" % (
            row["energy_wh"], minutes))

    def check(self, done):
        done = done or 0
        charger = _Charger(self.register_wh(done))
        rows = charger.sessions.page(0, 99, {})
        numbers = [row["number"] for row in rows]
        ours = self.BEFORE + 1
        expect(numbers == list(range(numbers[0], numbers[-1] - 1, -1)), "sessions %s" % numbers)
        expect(len(numbers) >= 4, "only sessions %s are left" % numbers)
        expect(numbers[0] == ours or (numbers[0] == ours - 1 and done == 0), "sessions %s after step %d" % (numbers, done))
        for row in rows:
            if row["number"] < ours:
                expect(row["energy_wh"] == 30 * row["number"] + 7 and row["end_reason"] == "ev_gone", "earlier %s" % row)
            else:
                expect(row["uid"] == "04A1B2C3" and row["phases"] == 3 and row["start"][:2] == (2, 100), "start of %s" % row)
                if row["end_reason"] == "ev_gone":
                    expect(done >= 4 and row["energy_wh"] == 1507, "finished %s" % row)
                else:
                    expect(row["end_reason"] == "power_cut" and done <= 4, "cut %s" % row)
                    self.check_energy(row, done)
        life = charger.life
        earlier_wh = sum([30 * number + 7 for number in range(1, ours)])
        ours_wh = sum([row["energy_wh"] for row in rows if row["number"] == ours])
        expect(life.energy_wh == earlier_wh + ours_wh, "life has %d Wh, sessions %d" % (life.energy_wh, earlier_wh + ours_wh))
        expect(life.sessions == numbers[0], "life has %d sessions of %d" % (life.sessions, numbers[0]))
        expect(charger.stamper.boot >= 2, "boot number %d" % charger.stamper.boot)
        expect(charger.charge(1, None) == numbers[0] + 1, "the next session's number")
        again = _Charger()
        expect(again.finished is None and again.sessions.last_number() == numbers[0] + 1, "the next session is not there")


class SessionWithMeter(Session):
    """The same with a meter: nothing is lost, energy is register - start."""

    METER_WH = 100000

    def register_wh(self, done):
        return self.METER_WH + (500 * (max(done, 1) - 1) + 400 if 1 <= done <= 4 else 1507 if done > 4 else 0)

    def check_energy(self, row, done):
        if done >= 1:
            expect(row["energy_wh"] == self.register_wh(done) - self.METER_WH and not row["estimated"], "energy of %s" % row)
        else:
            expect(row["energy_wh"] == 0, "energy of %s" % row)


class Recovery:
    """A cut in a session, and another cut while the next boot finishes its record: it is counted exactly once."""

    def prepare(self):
        charger = _Charger()
        for number in range(1, 7):
            charger.charge(10 * number, None)
        charger.sessions.begin(charger.stamper.at(300), None, "04A1B2C3")
        charger.sessions.progress(charger.stamper.at(360), 250, 60)

    def operate(self, acknowledge):
        _Charger()
        acknowledge(1)

    def check(self, done):
        charger = _Charger()
        rows = charger.sessions.page(0, 3, {})
        expect([row["number"] for row in rows] == [7, 6, 5], "sessions %s" % [row["number"] for row in rows])
        expect(rows[0]["energy_wh"] == 250 and rows[0]["end_reason"] == "power_cut", "finished as %s" % rows[0])
        expect(charger.life.sessions == 7, "life has %d sessions" % charger.life.sessions)
        expect(charger.life.energy_wh == sum([30 * number + 7 for number in range(1, 7)]) + 250, "life has %d Wh" % (
            charger.life.energy_wh))
        expect(charger.stamper.boot >= 2 + (done or 0), "boot number %d" % charger.stamper.boot)


def _uid(number):
    return bytes((4, 1, number >> 8, number & 255))


class CardEdits:
    """Cards added, changed and removed one by one, with a compaction in between: each edit whole or not at all."""

    def prepare(self):
        store = CardStore(FOLDER)
        for number in range(40):
            store.add(Card(_uid(number), "card %d" % number))

    def operate(self, acknowledge):
        store = CardStore(FOLDER)
        for step in range(1, 7):
            if step == 3:
                for _ in store._map.compact():
                    continue
            elif step % 2:
                store.remove(_uid(step))
            else:
                store.add(Card(_uid(100 + step), "new %d" % step))
            acknowledge(step)

    def known(self, steps):
        names = dict([(_uid(number), "card %d" % number) for number in range(40)])
        for step in range(1, steps + 1):
            if step % 2 and step != 3:
                del names[_uid(step)]
            elif step % 2 == 0:
                names[_uid(100 + step)] = "new %d" % step
        return names

    def check(self, done):
        done = done or 0
        store = CardStore(FOLDER)
        names = dict([(card.uid, card.name) for card in store.cards()])
        expect(store.damaged == 0, "%d damaged pages" % store.damaged)
        expect(names in (self.known(done), self.known(min(done + 1, 6))), "%d cards after edit %d" % (len(names), done))
        expect(store.count() == len(names), "it counts %d cards, there are %d" % (store.count(), len(names)))
        for uid in names:
            expect(store.find(uid) is not None, "a card is not found")
        store.add(Card(_uid(999), "on"))
        expect(CardStore(FOLDER).find(_uid(999)).name == "on", "it cannot be written any more")


class CardsImported:
    """A list of 120 cards takes the place of another, which has edits: all of the one or all of the other."""

    def csv(self):
        return b"uid;name\n" + b"".join([b"0402%04X;n%d\n" % (number * 7 % 120, number) for number in range(120)])

    def prepare(self):
        store = CardStore(FOLDER)
        for number in range(60):
            store.add(Card(_uid(number), "old"))

    def operate(self, acknowledge):
        loading = CardImport(CardStore(FOLDER), FOLDER)
        loading.feed(self.csv())
        for _ in loading.finish():
            continue
        acknowledge(1)

    def check(self, done):
        store = CardStore(FOLDER)
        names = [card.name for card in store.cards()]
        old = names == ["old"] * 60 and not done
        new = len(names) == 120 and "old" not in names
        expect(old or new, "%d cards, %d of the old ones" % (len(names), names.count("old")))
        expect(store.count() == len(names) and store.damaged == 0, "count %d, damaged %d" % (store.count(), store.damaged))
        CardImport(store, FOLDER).feed(self.csv())
        store.add(Card(_uid(999), "on"))
        expect(CardStore(FOLDER).find(_uid(999)).name == "on", "it cannot be written any more")


class Curves:
    """Curves of sessions that ended, while the log with few points begins a segment and the other drops its oldest: no earlier one
    is lost, and the newest is there or not."""

    BEFORE = 233
    LAST = 241

    def points(self, number):
        return [(number * 40 + at * 7) % 11000 for at in range(240)]

    def prepare(self):
        for number in range(1, self.BEFORE):
            curve_log.append(FOLDER, number, number, 2, self.points(number))

    def operate(self, acknowledge):
        for number in range(self.BEFORE, self.LAST + 1):
            curve_log.append(FOLDER, number, number, 2, self.points(number))
            acknowledge(number)

    def expect_curve(self, number, points=240):
        found = ([None] + list(curve_log.find(FOLDER, number)))[-1]
        expect(found is not None, "the curve of session %d is lost" % number)
        number_there, from_s, step_s, watts = found
        expect((number_there, from_s) == (number, number), "it holds another: %d, %d s" % (number_there, from_s))
        expect(len(watts) in (240, 40) and len(watts) >= points, "%d points" % len(watts))
        expect(step_s * len(watts) == 480, "%d points of %d s" % (len(watts), step_s))
        if len(watts) == 240:
            wrong = [at for at, watt in enumerate(self.points(number)) if abs(watt - watts[at]) > 25]
            expect(not wrong, "points %s of %d are wrong" % (wrong[:5], number))

    def check(self, done):
        done = done or self.BEFORE - 1
        for number in (1, 40, 61):
            self.expect_curve(number, 40)
        for number in (64, 200) + tuple(range(done - 3, done + 1)):
            self.expect_curve(number)
        expect(not any(curve_log.find(FOLDER, done + 2)), "a curve that nobody wrote")
        curve_log.append(FOLDER, self.LAST + 1, self.LAST + 1, 2, self.points(self.LAST + 1))
        self.expect_curve(self.LAST + 1)
        self.expect_curve(done)


class FactoryReset:
    """A factory reset that is cut: the next start finishes it, or it was never ordered."""

    def store(self):
        store = Store(AtomicFile(FOLDER + "settings", FILE_KIND, FILE_VERSION))
        store.load()
        return store

    def names(self):
        return sorted(os.listdir(FOLDER[:-1]))

    def prepare(self):
        charger = _Charger()
        for number in range(1, 4):
            charger.charge(10 * number, None)
        CardStore(FOLDER).add(Card(_uid(1), "Ann"))
        for name in ("Ann", "Ben"):
            self.store().set_many({"identity.serial": "M3-1", "station.name": name, "general.setup_done": True})
        for name in ("passwords", "passwords.old", "pins", "mqtt_queue", "whatever"):
            with open(FOLDER + name, "wb") as file:
                file.write(b"personal" * 40)

    def operate(self, acknowledge):
        factory_reset.order(FOLDER, True, "page")
        acknowledge(1)
        factory_reset.finish(FOLDER)
        acknowledge(2)

    def check(self, done):
        ordered = factory_reset.MARKER in self.names()
        expect(ordered or done != 1 or not self.store().get("station.name"), "an order was lost")
        if not done and not ordered:
            expect(self.store().get("station.name") == "Ben" and "whatever" in self.names(), "something went without an order")
            return
        if ordered:
            expect(factory_reset.finish(FOLDER) == "page", "who ordered it is lost")
        store = self.store()
        expect(store.load_report == [], "report: %s" % store.load_report)
        expect((store.get("identity.serial"), store.get("station.name"), store.get("general.setup_done")) == ("M3-1", "", False),
               "settings are left")
        left = [name for name in self.names() if name.split(".")[0] not in ("settings", "life", "boot", "boots")]
        expect(left == [] and "settings.old" not in self.names(), "left: %s" % left)
        charger = _Charger()
        expect(charger.life.sessions == 3 and charger.charge(1, None) == 4, "life totals or numbers began anew")


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


CASES = (
    ("atomic_replace", AtomicReplace),
    ("settings_change", SettingsChange),
    ("inline_replace", InlineReplace),
    ("access_change", AccessChange),
    ("boot_number", BootNumber),
    ("log_append", LogAppend),
    ("session", Session),
    ("session_with_meter", SessionWithMeter),
    ("recovery", Recovery),
    ("card_edits", CardEdits),
    ("cards_imported", CardsImported),
    ("curves", Curves),
    ("factory_reset", FactoryReset),
)


def find(name):
    """A new object of the case; "careless" is the one that must fail."""
    if name == "careless":
        return Careless()
    for known, case in CASES:
        if known == name:
            return case()
    raise ValueError("no case is called " + name)
