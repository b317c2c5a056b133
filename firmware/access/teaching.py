"""Teaching cards at the reader: with the master card, or in a mode that the page starts. Only while no vehicle is plugged in."""

from micropython import const

from firmware.access import card as cards
from firmware.access.card import Card, CardError

MASTER_MS = const(5000)        # from the master to the new card, and from that to the master again
PAGE_MS = const(30000)         # a mode that the page started, from the last card on
NEW_MASTER_MS = const(60000)   # after the service button cleared the list
MODES = ("off", "add", "remove", "master")


class Teacher:
    """store: CardStore; may_teach(): no vehicle, the flash may be written; shown(result) and note(code, uid) as in gate.py;
    flag(on): the station's flag "teaching"."""

    def __init__(self, store, may_teach, shown, note, flag):
        self.mode = "off"
        self._store = store
        self._may_teach = may_teach
        self._shown = shown
        self._note = note
        self._flag = flag
        self._left_ms = 0
        self._last_ms = 0
        self._master = None            # UID of the master card that began
        self._new = None               # UID that waits for the master to confirm
        self._search = None            # for the master card that there is, which gives way; None: it is known

    def start(self, mode, now_ms):
        """"add", "remove" or "master" (the next card becomes the master), or "off". False while a vehicle is plugged in."""
        if mode not in MODES:
            raise ValueError("mode must be one of " + ", ".join(MODES))
        if mode != "off" and not self._may_teach():
            return False
        self.mode = mode
        self._wait(NEW_MASTER_MS if mode == "master" else PAGE_MS, now_ms)
        self._flag(mode != "off")
        self._master = self._new = None
        self._search = self._store.look_for_master() if mode == "master" else None
        self._step()
        return True

    def _step(self):
        """The search goes on a little."""
        try:
            if self._search is not None:
                next(self._search)
        except (StopIteration, OSError):
            self._search = None        # done; or the flash fails, as the card will be told

    def left_s(self):
        """Seconds that the mode goes on when no card comes; 0 without one."""
        return 0 if self.mode == "off" else (self._left_ms + 999) // 1000

    def _wait(self, ms, now_ms):
        self._left_ms, self._last_ms = ms, now_ms

    def tick(self, now_ms):
        """Modes and waits end; a vehicle ends them at once."""
        gone_ms = (now_ms - self._last_ms) & 0x3FFFFFFF
        self._last_ms = now_ms
        self._left_ms = max(0, self._left_ms - gone_ms)
        if self._left_ms == 0 or not self._may_teach():
            if self.mode != "off":
                self.start("off", now_ms)
            self._master = self._new = None
        self._step()

    def card(self, uid, card, now_ms, valid=True):
        """True when the card was taken for teaching; `card`: what the list knows of it, or None; valid: not blocked, not expired,
        and for this station, or it is no master here."""
        self.tick(now_ms)
        if not self._may_teach():
            return False
        if self.mode != "off":
            self._take(uid, card, now_ms)
            return True
        if self._master is None:
            if card is not None and card.master and valid:
                self._master = uid
                self._wait(MASTER_MS, now_ms)
            return False               # it may charge: whether it teaches, the next card shows
        return self._with_master(uid, card, now_ms)

    def _with_master(self, uid, card, now_ms):
        if self._new is None:
            if uid == self._master:
                self._master = None
                return False
            if card is not None:
                self._master = None
                self._done(False, "card_known", uid)
                return True
            self._new = uid
            self._wait(MASTER_MS, now_ms)
            return True
        new, self._new = self._new, None
        if uid == self._master:
            self._try(new, lambda: self._store.add(Card(new)), "card_taught")
        else:
            self._done(False, "not_confirmed", new)
        self._master = None
        return True

    def _take(self, uid, card, now_ms):
        self._wait(PAGE_MS, now_ms)
        if self.mode == "remove":
            self._try(uid, lambda: self._store.remove(uid), "card_removed")
        elif self.mode == "add":
            self._try(uid, lambda: self._store.add(Card(uid)), "card_taught")
        elif self._search is not None:
            self._done(False, "not_taught", uid, "busy")        # held out again in a moment it is taken
        else:
            self._try(uid, lambda: self._make_master(uid, card), "master_taught")
            self.start("off", now_ms)

    def _make_master(self, uid, card):
        if card is None:
            self._store.add(Card(uid, master=True))
        else:
            card.master = True
            self._store.change(card)

    def _try(self, uid, work, code):
        if self._store.busy:               # written anew in the background: for a moment, and then the card is held out again
            self._done(False, "not_taught", uid, "busy")
            return
        try:
            work()
        except CardError as error:
            self._done(False, "not_taught", uid, error.message)
        except OSError:
            self._done(False, "flash", uid)
        else:
            self._done(True, code, uid)

    def _done(self, good, code, uid, detail=""):
        self._shown("accepted" if good else "refused")
        self._note(code, cards.hex_from_uid(uid) + (" " + detail if detail else ""))
