"""The local list: every card known here. A look-up reads a few pages of flash; nothing is in RAM while nobody looks."""

from micropython import const

from firmware.access import card as cards
from firmware.access.card import CardError
from firmware.storage.sorted_map import SortedMap

CARDS_KIND = const(7)
MAX_CARDS = const(5000)


class CardStore:
    """Owns `prefix`cards and `prefix`cards.edits. OSError from the flash goes to the caller; nothing is half done then."""

    def __init__(self, prefix):
        self._map = SortedMap(prefix + "cards", CARDS_KIND)
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
            before = self.master()
            if before is not None and before.uid != card.uid:     # there is one master card: the newest
                before.master = False
                self._map.put(before.uid, before.row())
        self._map.put(card.uid, card.row())

    def remove(self, uid):
        """Forget a card. CardError when it is unknown."""
        if not self._map.remove(uid):
            raise CardError("uid", "there is no card %s" % cards.hex_from_uid(uid))

    def clear(self):
        """Forget all cards."""
        self._map.clear()

    def cards(self, after=b""):
        """Yields every Card with a UID above `after`, ascending."""
        for uid, row in self._map.items(after):
            card = cards.from_row(uid, row)
            if card is not None:
                yield card

    def master(self):
        """The master card, None when there is none. Reads the whole list."""
        for card in self.cards():
            if card.master:
                return card
        return None

    def change_kind(self, uids, kind):
        """Give many cards another type: generator, one card after the other, so that others run in between. CardError before the
        first is changed when one of them is unknown."""
        for uid in uids:
            if self._map.get(uid) is None:
                raise CardError("uid", "there is no card %s" % cards.hex_from_uid(uid))
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
        return self._map.replace(rows)
