"""The card list over HTTP: look, add, change, delete, and CSV both ways. An import is taken a piece at a time."""

import asyncio
import json

from micropython import const

from firmware.access import card as cards
from firmware.access import cards_csv
from firmware.access.card import Card, CardError
from firmware.csv_lines import CsvError
from firmware.services.web.query import CSV, SEPARATORS, download, one_of, whole
from firmware.services.web.reply import HttpError, Reply, json_pieces
from firmware.services.web.request import json_object
from firmware.services.web.roles import CONTROL

_BODY = const(1024)
_MANY_BODY = const(8192)
_LARGEST_CSV = const(900000)   # 5000 lines of 180 bytes
_PATIENCE_MS = const(5000)
_LOOK_MS = const(50)
_PATH = "/api/v1/cards"
_FIELDS = ("uid", "name", "type", "master", "state", "expires", "stations")


class CardsApi:
    """Handlers. store: access.cards.CardStore; prefix: the data folder, where an import is sorted; may_write(): no power flows, the
    flash may be touched. on_change(what): for the event log. teacher: access.teaching.Teacher."""

    def __init__(self, store, prefix, may_write, on_change, teacher):
        self._teacher = teacher
        self._store = store
        self._prefix = prefix
        self._may_write = may_write
        self._on_change = on_change

    def routes(self):
        """The table's rows, for Routes."""
        return (
            ("GET", _PATH, CONTROL, self.list, 0),
            ("POST", _PATH, CONTROL, self.add, _BODY),
            ("DELETE", _PATH, CONTROL, self.clear, 0),
            ("GET", _PATH + ".csv", CONTROL, self.export, 0),
            ("PUT", _PATH + ".csv", CONTROL, self.load, -_LARGEST_CSV),
            ("POST", _PATH + "/type", CONTROL, self.change_type, _MANY_BODY),
            ("GET", _PATH + "/*", CONTROL, self.one, 0),
            ("PUT", _PATH + "/*", CONTROL, self.change, _BODY),
            ("DELETE", _PATH + "/*", CONTROL, self.remove, 0),
        )

    def _must_be_open(self):
        if not self._may_write():
            raise HttpError(409, "charging", "the card list cannot be changed while power flows")

    async def _must_write(self):
        for _ in range(_PATIENCE_MS // _LOOK_MS):
            if self._store.busy != "tidy":
                break
            await asyncio.sleep_ms(_LOOK_MS)
        self._must_be_open()
        if self._store.busy:
            raise HttpError(409, "busy", "the card list is being changed already")

    def _done(self, what):
        self._on_change(what)

    async def list(self, request, rest):
        """?limit=&after=UID&text=&type= -> {"count", "teaching": {"mode", "left_s"}, "cards", "next": UID to give as
        `after`, or null}."""
        args = request.args
        limit = whole(args, "limit", 1, 200, 50)
        try:
            after = cards.uid_from_text(args["after"]) if args.get("after") else b""
            kind = cards.kind_from_text(args["type"]) if args.get("type") else None
        except CardError as error:
            raise _refused(error)
        return Reply(self._pieces(limit, after, args.get("text", "").lower(), kind))

    def _pieces(self, limit, after, text, kind):
        yield '{"count": %d, "teaching": {"mode": "%s", "left_s": %d}, "cards": [' % (
            self._store.count(), self._teacher.mode, self._teacher.left_s())
        given, last = 0, None
        for card in self._store.cards(after):
            if kind is not None and card.kind != kind or text and not matches(card, text):
                yield ""
                continue
            if given == limit:
                break
            yield (", " if given else "") + json.dumps(as_json(card))
            given += 1
            last = cards.hex_from_uid(card.uid)
        else:
            last = None
        yield '], "next": %s}' % json.dumps(last)

    def _uid(self, text):
        try:
            return cards.uid_from_text(text)
        except CardError as error:
            raise _refused(error)

    async def one(self, request, rest):
        """One card."""
        card = self._store.find(self._uid(rest))
        if card is None:
            raise HttpError(404, "unknown_card", "there is no card " + rest)
        return Reply(json_pieces(as_json(card).items()))

    async def add(self, request, rest):
        """A new card; 422 names the field that cannot be, 409 when it is there already."""
        values = json_object(request.body)
        await self._must_write()
        try:
            card = from_json(values, None)
            if self._store.find(card.uid) is not None:
                raise HttpError(409, "card_exists", "the card is there already", "uid")
            if card.master:
                await self._run(self._store.look_for_master())
            self._store.add(card)
        except CardError as error:
            raise _refused(error)
        except OSError:
            raise _flash_failed()
        self._done("card_added")
        return Reply(json_pieces(as_json(card).items()))

    async def change(self, request, rest):
        """Change the fields that are given."""
        values = json_object(request.body)
        await self._must_write()
        card = self._store.find(self._uid(rest))
        if card is None:
            raise HttpError(404, "unknown_card", "there is no card " + rest)
        try:
            was_master = card.master
            card = from_json(values, card)
            if card.master and not was_master:
                await self._run(self._store.look_for_master())
            self._store.change(card)
        except CardError as error:
            raise _refused(error)
        except OSError:
            raise _flash_failed()
        self._done("card_changed")
        return Reply(json_pieces(as_json(card).items()))

    async def remove(self, request, rest):
        """Forget one card."""
        await self._must_write()
        try:
            self._store.remove(self._uid(rest))
        except CardError:
            raise HttpError(404, "unknown_card", "there is no card " + rest)
        except OSError:
            raise _flash_failed()
        self._done("card_removed")
        return Reply("{}")

    async def clear(self, request, rest):
        """Forget all cards."""
        await self._must_write()
        try:
            self._store.clear()
        except OSError:
            raise _flash_failed()
        self._done("cards_cleared")
        return Reply("{}")

    async def change_type(self, request, rest):
        """{"uids": […], "type"}: many cards, or none of them; where a charge begins meanwhile the rest stay as they were (409)."""
        values = json_object(request.body)
        uids = values.get("uids")
        if not isinstance(uids, list) or not isinstance(values.get("type"), str):
            raise HttpError(422, "bad_value", "uids must be a list of UIDs, type one of " + ", ".join(cards.KINDS), "uids")
        await self._must_write()
        try:
            wanted = [cards.uid_from_text(str(uid)) for uid in uids]
            await self._run(self._store.change_kind(wanted, cards.kind_from_text(values["type"])))
        except CardError as error:
            raise _refused(error)
        except OSError:
            raise _flash_failed()
        self._done("cards_changed")
        return Reply(json.dumps({"changed": len(wanted)}))

    async def export(self, request, rest):
        """The whole list as CSV; ?separator=semicolon|comma|tab."""
        return download(cards_csv.lines(self._store, one_of(SEPARATORS, request.args, "separator")), CSV, "cards.csv")

    async def load(self, request, rest):
        """A CSV file takes the list's place, when all of it is good; else 422 names line and field and nothing changes."""
        await self._must_write()
        try:
            loading = cards_csv.CardImport(self._store, self._prefix)      # tidies up what a power cut left
        except OSError:
            raise _flash_failed()
        self._store.busy = True
        try:
            while True:
                piece = await request.read()
                if not piece:
                    break
                self._must_be_open()       # a vehicle may have begun to charge meanwhile
                loading.feed(piece)
                await asyncio.sleep_ms(0)
            self._must_be_open()
            for _ in loading.finish():
                await asyncio.sleep_ms(0)
                self._must_be_open()
        except CsvError as error:
            message = "line %d%s: %s" % (error.line, "" if error.field is None else ", " + error.field, error.message)
            raise HttpError(422, "bad_csv", message, error.field, rule=error.rule)
        except OSError:
            raise _flash_failed()
        finally:
            self._store.busy = False
            if self._may_write():          # else its files go with the next import
                loading.abort()            # whatever ended it, also a client that went: its files go
        self._done("cards_imported")
        return Reply(json.dumps({"cards": loading.count}))

    async def _run(self, steps):
        self._store.busy = True
        try:
            for _ in steps:
                await asyncio.sleep_ms(0)
                self._must_be_open()
        finally:
            self._store.busy = False


def matches(card, text):
    """True when the text (lower case) is in the card's name or UID."""
    return text in card.name.lower() or text in cards.hex_from_uid(card.uid).lower()


def as_json(card):
    """A Card for the API."""
    return {"uid": cards.hex_from_uid(card.uid), "name": card.name, "type": cards.KINDS[card.kind], "master": card.master,
            "state": "blocked" if card.blocked else "accepted", "expires": card.expires() or None,
            "stations": card.stations.split(" ") if card.stations else []}


def from_json(values, card):
    """The Card that an API object describes; `card`: the one it changes, or None for a new one. CardError."""
    for name in values:
        if name not in _FIELDS:
            raise CardError(name, "unknown field %s; allowed: %s" % (name, ", ".join(_FIELDS)))
    if card is None:
        card = Card(cards.uid_from_text(_text(values, "uid", "")))
    elif cards.uid_from_text(_text(values, "uid", cards.hex_from_uid(card.uid))) != card.uid:
        raise CardError("uid", "a card's uid cannot be changed")
    if "name" in values:
        card.name = cards.name_from_text(_text(values, "name", ""))
    if "type" in values:
        card.kind = cards.kind_from_text(_text(values, "type", ""))
    if "master" in values:
        if not isinstance(values["master"], bool):
            raise CardError("master", "must be true or false")
        card.master = values["master"]
    if "state" in values:
        if values["state"] not in ("accepted", "blocked"):
            raise CardError("state", "must be accepted or blocked")
        card.blocked = values["state"] == "blocked"
    if "expires" in values:
        card.expires_utc, card.whole_day = cards.expiry_from_text(_text(values, "expires", ""))
    if "stations" in values:
        stations = values["stations"]
        if not isinstance(stations, list):
            raise CardError("stations", "must be a list of serial numbers or names")
        card.stations = cards.stations_from_text(" ".join([str(station) for station in stations]))
    return card


def _text(values, name, default):
    value = values.get(name)
    if value is None:
        return default
    if not isinstance(value, str):
        raise CardError(name, "must be text")
    return value


def _refused(error):
    return HttpError(422, "bad_value", error.message, error.field)


def _flash_failed():
    return HttpError(503, "flash_failed", "the flash cannot be written; nothing was changed")
