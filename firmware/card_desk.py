"""Everything about cards in one place: the list, the gate that judges a card, teaching, and the reader where the board has one."""

import asyncio

from micropython import const

from firmware.access.attempts import Attempts
from firmware.access.authorization import Rules
from firmware.access.cards import CardStore
from firmware.access.gate import Gate, uid_of
from firmware.access.teaching import Teacher
from firmware.drivers import clock
from firmware.storage import files

_TIDY_MS = const(5000)
_STEP_MS = const(20)


class CardDesk:
    """note(code, detail): the event log; on_error(where, error). show(result) is set once the front panel is there."""

    def __init__(self, facts, prefix, station, settings, contactor_open, note, on_error, serial=None):
        self._station = station
        self._serial = serial
        self._settings = settings
        self._contactor_open = contactor_open
        self._note = note
        self._on_error = on_error
        self.show = lambda result: None
        self._prefix = prefix
        self._remote = None
        self.cache = None              # what a central system said: only where there is one
        self.cards = CardStore(prefix)
        self.attempts = Attempts(prefix + "attempts", contactor_open)
        self.gate = Gate(station, self.cards, Rules(), clock.utc_s, self._show, note)
        self.gate.teacher = self.teacher = Teacher(self.cards, self._may_teach, self._show, note, self._flag)
        self.reservation = None        # few chargers are ever reserved
        if files.exists(prefix + "reservation.0") or files.exists(prefix + "reservation.1"):
            self._reservations()
        station.subscribe(self._heard, "accounts")
        station.on("reserve", lambda args, source: self._reservations().reserve(args, source))
        station.on("cancel_reservation", lambda args: self._reservations().cancel(args))
        station.on("clear_cache", self._clear_cache)
        self.reader = None
        if facts.get("rfid"):
            from firmware.drivers.card_reader import reader_from_board
            self.reader = reader_from_board(facts, self._wants_cards)
            station.on("teach", self._teach)

    def tasks(self):
        """Rows of the table of tasks."""
        rows = (("card list", lambda beat: self._tidy(), False, 0),)
        if self.reader is not None:
            rows += (("cards", lambda beat: self.reader.run(self._hear), False, 0),)
        return rows

    def attach(self, remote):
        """There is a central or external system to ask: an access.remote.Remote. None: there is none any more."""
        self._remote = remote
        self.gate.attach(remote)
        self.apply(self._settings.get)

    def apply(self, get):
        """Settings that act at once."""
        mode, gate, central = get("access.mode"), self.gate, self._remote is not None
        gate.pin_asked = get("access.pin")
        self._station.accounts = (get("access.account_1"), get("access.account_2"))
        self._station.account = self._chosen(get)
        if mode == "off" and gate.pin_asked:
            mode = "local"             # with nothing but a PIN, cards are what the list says: without one, none
        self._station.free = mode == "off" and not central
        gate.rules = Rules(mode, get("access.csms_order"), get("access.csms_offline"),
                           self._serial or get("station.name"), central)
        gate.rules.free_offline = mode == "remote" and get("access.csms_offline") == "free_charging" and (
            get("access.csms_order") != "only_local")
        gate.default_id = get("access.default_id") if gate.rules.free_offline or mode == "off" and central else ""
        gate.wait_at_most(get("access.timeout_s") * 1000)
        if self.cache is None and (central or mode == "remote"):
            self._open_cache()

    def _reservations(self):
        if self.reservation is None:
            from firmware.access.reservation import Reservation
            self.reservation = Reservation(self._prefix + "reservation", self._station, clock.utc_s, clock.rfc3339, self._note)
            try:
                self.reservation.load()
            except OSError as error:
                self._on_error("reservation", error)
        return self.reservation

    def about(self, uid):
        """What a session's record tells beside who authorised it: (name on the card, station, kind of outlet)."""
        get = self._settings.get
        number, card = uid_of(uid), None   # None: a PIN, an id that is no card's
        try:
            if number is not None:
                card = self.cards.find(number)
        except OSError:                    # a flash that cannot be read
            card = None
        return card.name if card is not None else "", get("station.name") or self._serial or "", get("installation.cable")

    def reserved(self):
        """Fact "reservation"."""
        return None if self.reservation is None else self.reservation.fact()

    def _chosen(self, get):
        choice = get("access.account")
        return "" if choice == "none" else get("access." + choice)

    def _heard(self, event, data):
        """The account that was chosen stays for the next session, also after a restart."""
        if event != "command" or data["command"] != "account" or data["answer"]["result"] != "accepted":
            return
        station, settings = self._station, self._settings
        if station.demo is None and station.account != self._chosen(settings.get):
            accounts = station.accounts
            choice = "none" if not station.account else "account_%d" % (1 + accounts.index(station.account))
            settings.set_many({"access.account": choice}, save=self._contactor_open())

    def _open_cache(self):
        from firmware.access.cache import Cache  # most chargers have no central system: no heap for the others
        self.cache = Cache(self._prefix, clock.utc_s)
        self.gate.cached, self.gate.learned = self.cache.status, self.cache.learn

    def _clear_cache(self):
        if self.cache is None:
            self._open_cache()
        self.cache.clear()

    def tick(self, now_ms):
        """Every 100 ms."""
        self.gate.tick(now_ms)
        if self.reservation is not None:
            self.reservation.tick(now_ms)

    def save(self):
        """Write what waited for an open contactor; True when there was something. OSError from the flash."""
        saved = self.attempts.save()
        return self.reservation is not None and self.reservation.save() or saved

    async def _tidy(self):
        """Task: list and cache, a page at a time and only while no power flows."""
        while True:
            await asyncio.sleep_ms(_TIDY_MS)
            await self.cards.tidy(self._contactor_open, self._rest)
            if self.cache is not None and self._contactor_open():
                await self.cache.keep(self._contactor_open, self._rest)

    async def _rest(self):
        await asyncio.sleep_ms(_STEP_MS)

    def failing(self):
        """The reader does not answer."""
        return self.reader is not None and self.reader.failure is not None

    def clear(self):
        """The service button's long press: the list is emptied, and the next card within a minute becomes the master card. True
        when it is done: not while a vehicle is plugged in or the flash must not be touched."""
        if not self._may_teach() or self.cards.busy:
            return False
        try:
            self.cards.clear()
        except OSError as error:
            self._on_error("clear_cards", error)
            return False
        self._note("cards_cleared", "button")
        return self.teacher.start("master", clock.ticks_ms())

    def _wants_cards(self):
        """The reader asks for cards only where one can do something."""
        return self.gate.rules.mode != "off" or self.teacher.mode != "off" or self._station.reserved_for != ""

    def _hear(self, uid):
        self.gate.card(uid, clock.ticks_ms())

    def _show(self, result):
        self.show(result)

    def _teach(self, mode):
        """Command "teach_cards": None, or why not."""
        if mode != "off" and self._remote is not None:
            return "central_list"
        return None if self.teacher.start(mode, clock.ticks_ms()) else "vehicle_plugged"

    def _may_teach(self):
        return self._remote is None and not self._station.vehicle_plugged() and self._contactor_open()

    def _flag(self, on):
        if on:
            self._station.flags.set("teaching", "card")
        else:
            self._station.flags.clear("teaching")
