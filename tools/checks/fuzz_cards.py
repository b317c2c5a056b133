"""Fuzzing of the card list: foreign CSV files, and its own files damaged. Targets as in fuzz_targets.py."""

from firmware.access.card import CardError, from_row
from firmware.access.cards import CardStore
from firmware.access.cards_csv import CardImport, lines
from firmware.csv_lines import CsvError
from firmware.storage.crc import crc32
from firmware.storage.sorted_file import PAGE_BYTES
from tools.checks.fuzz import TOKENS, mutated, need
from tools.checks.fuzz_base import OnFiles, Target

HEAD = b"uid;name;type;master;state;expires;stations\r\n"
GOOD = (
    HEAD + b"04:A1:B2:C3;Ann;user;no;accepted;2027-03-31;\r\n04A1B2C4;\"B;\"\"ob\";vip;yes;blocked;;box1 box2\r\n",
    b"\xef\xbb\xbfuid,name\n04A1B2C3D4E5F6,'=x\n04A1B2C3D4E5F6A7,J\xc3\xbcrgen\n",
    b"UID\tType\r04-A1-B2-C3\tadmin\r01020304\t\r",
    b"name;uid\n" + b"".join(b"n%d;%08X\n" % (number, number * 7919 % 4000) for number in range(120)),
)


def _text(store):
    return b"".join(lines(store))


class CardsCsv(OnFiles):
    """A CSV file becomes the whole list, or a CsvError that names a line of it and the list as it was; what it becomes is exported
    and imported again as it is."""

    name = "cards_csv"
    names = ()
    tokens = TOKENS + (b";", b",", b"\t", b'"', b'""', b"\r\n", b"\r", b"\n", b"'", b"=", b"uid", b"master", b"yes", b"04A1B2C3",
                       b"2027-02-29", b"\xef\xbb\xbf", b"\xff\xfe", b"x" * 600)

    def __init__(self):
        super().__init__()
        self.seeds = GOOD
        self.store = CardStore(self.folder)
        self.load(GOOD[0])

    make = Target.make

    def load(self, data, piece=97):
        loading = CardImport(self.store, self.folder)
        try:
            for at in range(0, len(data), piece):
                loading.feed(data[at:at + piece])
            for _ in loading.finish():
                continue
        except CsvError:
            loading.abort()
            raise

    def run(self, data):
        before = _text(self.store)
        try:
            self.load(data, 1 + len(data) % 200)
        except CsvError as error:
            most = 1 + data.count(b"\n") + data.count(b"\r")
            need(1 <= error.line <= most and error.message, "line %s of %d: %s" % (error.line, most, error.message))
            need(_text(self.store) == before, "half an import")
            return
        after = _text(self.store)
        need(self.store.count() <= data.count(b"\n") + data.count(b"\r") + 1, "more cards than lines")
        self.load(after)
        need(_text(self.store) == after, "it does not come back as it was")


class CardFiles(OnFiles):
    """The list's files damaged: a card is found as it was or not at all, and the list can be written on."""

    name = "card_files"
    names = ("cards", "cards.edits")

    def __init__(self):
        super().__init__()
        store = CardStore(self.folder)
        loading = CardImport(store, self.folder)
        loading.feed(GOOD[3])
        for _ in loading.finish():
            continue
        for card in list(store.cards())[:3]:
            card.name = "changed"
            store.change(card)
        self.known = {card.uid: {card.row(), from_row(card.uid, card.row()).row()} for card in store.cards()}
        for card in list(store.cards())[:3]:
            self.known[card.uid].add(card.row())
        self.seeds = (self.kept(),)
        for number in range(120):           # the rows of before the change
            uid = (number * 7919 % 4000).to_bytes(4, "big")
            card = store.find(uid)
            card.name = "n%d" % number
            self.known[uid].add(card.row())
        self.uids = sorted(self.known)

    def damaged(self, rng, part):
        if rng.random() < 0.3 and len(part) > PAGE_BYTES:          # whole pages at the wrong place
            pages = [part[at:at + PAGE_BYTES] for at in range(0, len(part), PAGE_BYTES)]
            pages[rng.randrange(len(pages))] = rng.choice(pages)
            return b"".join(pages)
        return mutated(rng, part)

    def run(self, data):
        self.lay(data)
        store = CardStore(self.folder)
        picked = crc32(data)
        for uid in self.uids[picked % 10::10]:
            rows = self.known[uid]
            card = store.find(uid)
            need(card is None or card.row() in rows, "another card under %s" % uid.hex())
        listed = list(store.cards())
        need(all(card.uid in self.known for card in listed), "a card that never was")
        try:
            card = store.find(bytes(4)) or listed[0] if listed else None
            if card is not None:
                card.name = "on"
                store.change(card)
                need(CardStore(self.folder).find(card.uid).name == "on", "it cannot be written any more")
        except (CardError, ValueError):
            pass  # listed by a damaged file out of order: known to be there, not to be found
        store.clear()
        need(list(store.cards()) == [] and store.count() == 0, "clear leaves something")


TARGETS = (CardsCsv, CardFiles)
