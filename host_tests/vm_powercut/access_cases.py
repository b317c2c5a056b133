"""PINs, reservations, cards and what a central system said, cut. See cases.py."""
import asyncio

from firmware.access.attempts import Attempts
from firmware.access.cache import Cache
from firmware.access.card import Card
from firmware.access.cards import CardStore
from firmware.access.cards_csv import CardImport
from firmware.access.pins import Pins
from firmware.access.reservation import Reservation
from firmware.charging.flags import Flags
from host_tests.vm_powercut.ground import FOLDER, expect


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


def uid_of(number):
    return bytes((4, 1, number >> 8, number & 255))


class CardEdits:
    """Cards added, changed and removed one by one, with a compaction in between: each edit whole or not at all."""

    def prepare(self):
        store = CardStore(FOLDER)
        for number in range(40):
            store.add(Card(uid_of(number), "card %d" % number))

    def operate(self, acknowledge):
        store = CardStore(FOLDER)
        for step in range(1, 7):
            if step == 3:
                for _ in store._map.compact():
                    continue
            elif step % 2:
                store.remove(uid_of(step))
            else:
                store.add(Card(uid_of(100 + step), "new %d" % step))
            acknowledge(step)

    def known(self, steps):
        names = dict([(uid_of(number), "card %d" % number) for number in range(40)])
        for step in range(1, steps + 1):
            if step % 2 and step != 3:
                del names[uid_of(step)]
            elif step % 2 == 0:
                names[uid_of(100 + step)] = "new %d" % step
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
        store.add(Card(uid_of(999), "on"))
        expect(CardStore(FOLDER).find(uid_of(999)).name == "on", "it cannot be written any more")


class CardsImported:
    """A list of 120 cards takes the place of another, which has edits: all of the one or all of the other."""

    def csv(self):
        return b"uid;name\n" + b"".join([b"0402%04X;n%d\n" % (number * 7 % 120, number) for number in range(120)])

    def prepare(self):
        store = CardStore(FOLDER)
        for number in range(60):
            store.add(Card(uid_of(number), "old"))

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
        store.add(Card(uid_of(999), "on"))
        expect(CardStore(FOLDER).find(uid_of(999)).name == "on", "it cannot be written any more")
