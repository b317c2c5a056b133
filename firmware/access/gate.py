"""What a card at the reader does: lets this plug-in charge, ends it, teaches, or nothing. The decision itself is authorization.py.

All power stays with the station: the gate only gives it commands, as everybody does.
"""

from firmware.access import authorization
from firmware.access.authorization import ACCEPT, ASK, REJECT, Situation
from firmware.access.card import ADMIN, hex_from_uid

_SOURCE = "card"
# reason of authorization.py -> the station's refusal, where it is another than "card_" and the reason
_REFUSALS = {"unknown_card": "card_unknown", "admin_card": "card_admin"}


class Gate:
    """station: the Station; store: CardStore; rules: authorization.Rules; utc_s(): the wall clock, 0 unknown; shown(result): lights
    and sounds, "read", "accepted", "refused"; note(code, uid): the event log.

    ask(uid): begins to ask the central or external system, whose word comes to answered(); None: there is none. online(): whether
    it can be reached. reserved_for: the UID (hex) of who booked.
    """

    def __init__(self, station, store, rules, utc_s, shown, note):
        self.rules = rules
        self.ask = None
        self.online = lambda: False
        self.cached = lambda uid: None
        self.timeout_ms = 10000
        self.reserved_for = ""
        self.teacher = None
        self._station = station
        self._store = store
        self._utc_s = utc_s
        self._shown = shown
        self._note = note
        self._asked = None             # UID that is being asked for
        self._asked_ms = 0

    def card(self, uid, now_ms):
        """A card (bytes) was held to the reader. (verdict, reason); verdict ASK: the answer comes later."""
        self._shown("read")
        text = hex_from_uid(uid)
        try:
            card = self._store.find(uid)
        except OSError:
            return self._refuse(text, "list_unreadable")
        valid = card is not None and authorization.why_invalid(self.rules, card, self._utc_s()) is None
        if self.teacher is not None and self.teacher.card(uid, card, now_ms, valid):
            return ACCEPT, "teaching"
        if self._asked is not None:
            return self._refuse(text, "busy") if self._asked != text else (ASK, "busy")
        if self._station.authorized and self._station.authorized_id:
            return self._second(text, card if valid else None)
        return self._first(text, card, now_ms)

    def _second(self, text, card):
        """Somebody charges here, or is about to. card: where the list has it and it is valid."""
        station = self._station
        if text == station.authorized_id:
            if station.stopped:
                return self._command(text, "start", "again")
            return self._command(text, "stop", "ended")
        if card is not None and card.kind == ADMIN:
            return self._command(text, "stop", "ended_by_admin")
        return self._refuse(text, "not_the_current_user")

    def _command(self, text, name, reason, source=_SOURCE):
        if self._station.command(name, {}, source)["result"] != "accepted":
            return self._refuse(text, "refused", source, True)
        self._shown("accepted")
        self._note("card_" + reason, text)
        return ACCEPT, reason

    def _first(self, text, card, now_ms):
        now = Situation(card, self.cached(text), self.online(), self.reserved_for, self._utc_s())
        verdict, reason = authorization.decide(self.rules, text, now)
        if verdict == ASK:
            if self.ask is None:
                return self._refuse(text, "offline")
            self._asked, self._asked_ms = text, now_ms
            self.ask(text)
            return verdict, reason
        if verdict == REJECT:
            return self._refuse(text, reason)
        return self._accept(text, reason)

    def _accept(self, text, reason, source=_SOURCE):
        if self._station.command("authorize", {"id": text}, source)["result"] != "accepted":     # out of service, a showroom
            return self._refuse(text, "refused", source, True)
        if self._station.stopped:
            self._station.command("start", {}, source)
        self._note("card_accepted", text + " " + reason)
        return ACCEPT, reason

    def unlock(self, name, command, now_ms):
        """A right PIN was typed in; name: whose ("PIN" or "guest"); command: "start" or "stop". None, or why it is refused."""
        station = self._station
        known = station.authorized_id if station.authorized else ""
        if command == "stop" and (known == name or known and name == "PIN"):
            verdict, reason = self._command(name, "stop", "ended", "pin")
        elif command == "stop" or known not in ("", name):
            verdict, reason = self._refuse(name, "not_the_current_user", "pin")
        elif self._asked is not None:
            verdict, reason = self._refuse(name, "busy", "pin")
        elif self.reserved_for:
            verdict, reason = self._refuse(name, "not_the_booker", "pin")
        else:
            verdict, reason = self._accept(name, "pin", "pin")
        return None if verdict == ACCEPT else station.last_refusal[0]

    def _refuse(self, text, reason, source=_SOURCE, said=False):
        """said: the station itself refused, and has said why."""
        self._shown("refused")
        if not said:
            self._station.refuse(_REFUSALS.get(reason, "card_" + reason), source)
        self._note("card_refused", text + " " + reason)
        return REJECT, reason

    def answered(self, uid, accepted, reason="central"):
        """The word of the system that was asked about the UID (hex). Ignored when it comes too late, or for another."""
        if uid != self._asked:
            return
        self._asked = None
        if accepted:
            self._accept(uid, reason)
        else:
            self._refuse(uid, "refused")

    def tick(self, now_ms):
        """What was asked and never answered is refused; teaching ends in time."""
        if self._asked is not None and (now_ms - self._asked_ms) & 0x3FFFFFFF > self.timeout_ms:
            text, self._asked = self._asked, None
            self._refuse(text, "no_answer")
        if self.teacher is not None:
            self.teacher.tick(now_ms)
