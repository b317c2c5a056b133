"""What a card at the reader does: lets this plug-in charge, ends it, teaches, or nothing. The decision itself is authorization.py.

All power stays with the station: the gate only gives it commands, as everybody does.
"""

from firmware.access import authorization
from firmware.access.authorization import ACCEPT, ASK, REJECT, Situation
from firmware.access.card import ADMIN, VIP, hex_from_uid, uid_from_text
from firmware.charging.card_ids import canonical, card_digits

_SOURCE = "card"
PINS = ("PIN", "guest")        # ids of sessions that a PIN began: the owner's, the guest's
# reason of authorization.py -> the station's refusal, where it is another than "card_" and the reason
_REFUSALS = {"unknown_card": "card_unknown", "admin_card": "card_admin"}


class Gate:
    """station: the Station; store: CardStore; rules: authorization.Rules; utc_s(): the wall clock, 0 unknown; shown(result): lights
    and sounds, "read", "accepted", "refused"; note(code, uid): the event log.

    cached(id): what the central system said of it, see cache.py. pin_asked: a PIN is asked for here. default_id: with access off,
    what the central system is asked about; "" asks nothing. What few chargers need is built when it is: later, an Afterwards.
    """

    def __init__(self, station, store, rules, utc_s, shown, note):
        self.rules = rules
        self.cached = lambda token: None
        self.learned = lambda token, status, expires_utc: None
        self.pin_asked = False
        self.default_id = ""
        self.teacher = None
        self.later = None
        self._question = None          # to the central system; None: there has never been one
        self._remote = None
        self._timeout_ms = 10000
        self._station = station
        self._store = store
        self._utc_s = utc_s
        self._shown = shown
        self._note = note

    def attach(self, remote):
        """Ask this Remote from now on; None: there is nobody to ask."""
        self._remote = remote
        if self._question is None:
            from firmware.access.remote import Question
            self._question = Question(self._station, self._learn)
        self._afterwards()
        for question in (self._question, self.later.question):
            question.drop()
            question.remote = remote
        self.wait_at_most(self._timeout_ms)

    def wait_at_most(self, timeout_ms):
        """So long the central system may take to answer."""
        self._timeout_ms = timeout_ms
        if self._question is not None:
            self._question.timeout_ms = self.later.question.timeout_ms = timeout_ms

    def resume(self, token):
        """The charge of this id was interrupted by a power cut: it goes on where it would be let in today."""
        self._afterwards().resume(token)

    def _afterwards(self):
        if self.later is None:
            from firmware.access.afterwards import Afterwards
            self.later = Afterwards(self, self._station, self._learn, self._note)
            self.later.question.remote = self._remote
        return self.later

    def asking(self):
        """The id that the central system is being asked about for the vehicle that waits; None: none."""
        return None if self._question is None else self._question.token

    def _learn(self, token, status, expires_utc):
        self.learned(token, status, expires_utc)

    # ---- at the reader

    def card(self, uid, now_ms):
        """A card (bytes) was held to the reader. (verdict, reason); verdict ASK: the answer comes later."""
        self._shown("read")
        text = hex_from_uid(uid)
        try:
            card = self._store.find(uid)
        except OSError:
            return self.refuse(text, "list_unreadable")
        valid = card is not None and authorization.why_invalid(self.rules, card, self._utc_s()) is None
        if self.teacher is not None and self.teacher.card(uid, card, now_ms, valid):
            return ACCEPT, "teaching"
        asked = self.asking()
        if asked is not None:
            return self.refuse(text, "busy") if asked != text else (ASK, "busy")
        if self._station.authorized and self._station.authorized_id:
            return self._second(text, card, valid, now_ms)
        return self._first(text, card, now_ms)

    def _second(self, text, card, valid, now_ms):
        """Somebody charges here, or is about to. card: where the list has it; valid: it is worth something here and now."""
        station = self._station
        if text == station.authorized_id:
            if not station.stopped:
                return self._command(text, "stop", "ended")
            if self._is_released():
                return self._command(text, "start", "again")
            return self._first(text, card, now_ms, accept=self._accept_again)
        if valid and card.kind == ADMIN:
            return self._command(text, "stop", "ended_by_admin")
        return self.refuse(text, "not_the_current_user")

    def _command(self, text, name, reason, source=_SOURCE):
        if self._station.command(name, {}, source)["result"] != "accepted":
            return self.refuse(text, "refused", source, True)
        self._shown("accepted")
        self._note("card_" + reason, text)
        return ACCEPT, reason

    # ---- who may charge

    def judge(self, token, now_ms, source, quiet=()):
        """As if its card were held to the reader, for an id (text) that was not: the reason, or "accepted". What is refused for
        a reason of `quiet` is told nobody."""
        if token in PINS:
            return self._accept(token, "pin", source)[1] if self.pin_asked else self.refuse(token, "refused", source)[1]
        token = canonical(token)       # the default id as the owner typed it, a record's of older firmware
        uid = uid_of(token)
        if self._is_released() or uid is None and token != self.default_id:
            return self._accept(token, "by_order", source)[1]     # no card: somebody with the right to said so
        try:
            card = None if uid is None else self._store.find(uid)
        except OSError:
            return self.refuse(token, "list_unreadable", source)[1]
        return self._first(token, card, now_ms, source, quiet)[1]

    def _is_released(self):
        """Who charges was let in by a command, and there is nobody to ask again."""
        return self.rules.mode == "external" and self._remote is None

    def _first(self, text, card, now_ms, source=_SOURCE, quiet=(), accept=None):
        accept = accept or self._accept
        online = self._question is not None and self._question.online()
        now = Situation(card, self.cached(text), online, self._station.reserved_for, self._utc_s())
        verdict, reason = authorization.decide(self.rules, text, now)
        if verdict == ASK:
            self._question.ask(text, now_ms, lambda reason: self._answered(text, reason, source, _is_vip(card), accept))
            return verdict, reason
        if verdict == REJECT:
            return (REJECT, reason) if reason in quiet else self.refuse(text, reason, source)
        return accept(text, reason, source, _is_vip(card))

    def _answered(self, text, reason, source, vip, accept):
        if reason is None:
            accept(text, "central", source, vip)
        else:
            self.refuse(text, reason, source)

    def _accept(self, text, reason, source=_SOURCE, vip=False):
        if self._station.command("authorize", {"id": text}, source)["result"] != "accepted":     # out of service, a showroom
            return self.refuse(text, "refused", source, True)
        if self._station.stopped:
            self._station.command("start", {}, source)
        if vip:
            self._station.flags.set("vip", source)
        else:
            self._station.flags.clear("vip")
        if reason == "verify_later":
            self._afterwards().verify(text)
        self._note("card_accepted", text + " " + reason)
        return ACCEPT, reason

    def _accept_again(self, text, reason, source, _vip):
        """Who stopped the charge goes on with it: a card that was blocked or deleted meanwhile does not come so far."""
        if reason == "verify_later":
            self._afterwards().verify(text)
        return self._command(text, "start", "again", source)

    def refuse(self, text, reason, source=_SOURCE, said=False):
        """Show, keep and log that an id was refused. said: the station itself refused, and has said why."""
        self._shown("refused")
        if not said:
            self._station.refuse(_REFUSALS.get(reason, "card_" + reason), source)
        self._note("card_refused", text + " " + reason)
        return REJECT, reason

    # ---- a PIN

    def unlock(self, name, command):
        """A right PIN was typed in; name: whose, one of PINS; command: "start" or "stop". None, or why it is refused."""
        station = self._station
        known = station.authorized_id if station.authorized else ""
        if command == "stop" and (known == name or name == "PIN" and (known or station.session is not None)):
            verdict, _ = self._command(name, "stop", "ended", "pin")
        elif command == "stop" or known not in ("", name):
            verdict, _ = self.refuse(name, "not_the_current_user", "pin")
        elif self.asking() is not None:
            verdict, _ = self.refuse(name, "busy", "pin")
        elif station.reserved_for:
            verdict, _ = self.refuse(name, "not_the_booker", "pin")
        else:
            verdict, _ = self._accept(name, "pin", "pin")
        return None if verdict == ACCEPT else station.last_refusal[0]

    def tick(self, now_ms):
        """Every 100 ms: what was asked and never answered is refused, what concerns a vehicle that has gone is forgotten; teaching
        ends in time."""
        if not self._station.authorized and self._station.flags.has("vip"):
            self._station.flags.clear("vip")
        text = self.asking()
        if text is not None and self._question.tick(now_ms):
            self._note("card_dropped", text)
        if self.later is not None or self.default_id:
            self._afterwards().tick(now_ms)
        if self.teacher is not None:
            self.teacher.tick(now_ms)


def _is_vip(card):
    return card is not None and card.kind == VIP


def uid_of(token):
    """The UID (bytes) that an id (text) may be; None for one that is no card's."""
    digits = card_digits(token)
    return None if digits is None else uid_from_text(digits)
