"""The local list: every card known here. A look-up reads a few pages of flash; nothing is in RAM while nobody looks."""

from micropython import const

from firmware.access import card as cards
from firmware.access.card import CardError
from firmware.storage.inline_file import InlineFile
from firmware.storage.sorted_map import SortedMap

CARDS_KIND = const(7)
MASTER_KIND = const(45)
MAX_CARDS = const(5000)
_BREATH = const(16)          # rows between two turns of the others


class CardStore:
    """Owns `prefix`cards, `prefix`cards.edits and `prefix`cards.master, which names the master card: a hint, the list is the truth.
    OSError from the flash goes to the caller; nothing is half done then."""

    def __init__(self, prefix):
        self._map = SortedMap(prefix + "cards", CARDS_KIND)
        self._hint = InlineFile(prefix + "cards.master", MASTER_KIND)
        self._master = None            # UID of the master card; b"": there is none; None: see the hint
        self.busy = False              # True, or "tidy": somebody writes the whole list anew

    @property
    def reads(self):
        """Pages read since the start."""
        return self._map.reads

    @property
    def damaged(self):
        """Pages found damaged since the start: their cards are unknown, so refused."""
        return self._map.damaged

    def count(self):
        """Cards there are."""
        return self._map.count()

    def find(self, uid):
        """The Card of a UID (bytes), None when it is unknown."""
        row = self._map.get(uid)
        return None if row is None else cards.from_row(uid, row)

    def add(self, card):
        """A new card. CardError when it is there already, or no more fit."""
        if self._map.get(card.uid) is not None:
            raise CardError("uid", "the card %s is there already" % cards.hex_from_uid(card.uid))
        if self.count() >= MAX_CARDS:
            raise CardError("uid", "there are %d cards; that is the most" % MAX_CARDS)
        self._put(card)

    def change(self, card):
        """Replace what is known of a card. CardError when it is unknown."""
        if self._map.get(card.uid) is None:
            raise CardError("uid", "there is no card %s" % cards.hex_from_uid(card.uid))
        self._put(card)

    def _put(self, card):
        if card.master:
            now = self.find(card.uid)
            before = self.master() if now is None or not now.master else None
            if before is not None:     # there is one master card: the newest
                before.master = False
                self._map.put(before.uid, before.row())
        self._map.put(card.uid, card.row())
        if card.master:
            self._remember(card.uid)

    def _remember(self, uid):
        self._master = uid
        try:
            if self._hint.read()[0] != uid:
                self._hint.write(uid)
        except OSError:
            return                     # the list says it too: it is searched

    def remove(self, uid):
        """Forget a card. CardError when it is unknown."""
        if not self._map.remove(uid):
            raise CardError("uid", "there is no card %s" % cards.hex_from_uid(uid))

    def clear(self):
        """Forget all cards."""
        self._master = None
        self._map.clear()

    def cards(self, after=b""):
        """Yields every Card with a UID above `after`, ascending."""
        for uid, row in self._map.items(after):
            card = cards.from_row(uid, row)
            if card is not None:
                yield card

    def master(self):
        """The master card, None when there is none. Reads the whole list where look_for_master() was not done before."""
        for _ in self.look_for_master():
            continue
        return self._known() or None

    def _known(self):
        """The master card, None when there is none; False: nobody knows without a search."""
        uid = self._master
        if uid is None:
            try:
                uid = self._hint.read()[0]
            except OSError:
                return False
        elif not uid:
            return None
        card = self.find(uid) if uid else None
        return card if card is not None and card.master else False

    def look_for_master(self):
        """Generator, some rows at a time, so that others run in between: then a card is made the master at once. There is nothing
        to do where the hint is right."""
        while self._known() is False:
            changes, rows, found = self._map.changes, 0, b""
            for uid, row in self._map.items():
                if cards.is_master(row) and cards.from_row(uid, row) is not None:
                    found = bytes(uid)
                    break
                rows += 1
                if rows % _BREATH == 0:
                    yield
                    if changes != self._map.changes:
                        break          # from the beginning: the rows may lie elsewhere now
            if changes == self._map.changes:
                self._master = found
                if found:
                    self._remember(found)
                return

    def change_kind(self, uids, kind):
        """Give many cards another type: generator, one card after the other, so that others run in between. CardError before the
        first is changed when one of them is unknown."""
        for uid in uids:
            if self._map.get(uid) is None:
                raise CardError("uid", "there is no card %s" % cards.hex_from_uid(uid))
            yield
        for uid in uids:
            card = self.find(uid)
            if card is not None and card.kind != kind:
                card.kind = kind
                self._map.put(uid, card.row())
            yield
            if self._map.is_long():
                yield from self._map.compact()

    async def tidy(self, may_write, rest):
        """Write the edits into the list when there are many, a page at a time and only while may_write(); `await rest()` between
        the pages."""
        if self._map.is_long() and not self.busy and may_write():
            self.busy = "tidy"             # soon over: who waits a moment may write
            steps = self._map.compact()
            try:
                for _ in steps:
                    await rest()
                    if not may_write():
                        break
            finally:
                steps.close()
                self.busy = False

    def replace(self, rows):
        """Generator: (uid, row) ascending take the place of all cards, at its end and all at once."""
        try:
            yield from self._map.replace(rows)
        finally:
            self._master = None        # the new list may have another
