"""Everything about cards in one place: the list, the gate that judges a card, teaching, and the reader where the board has one."""

from firmware.access.attempts import Attempts
from firmware.access.authorization import Rules
from firmware.access.cards import CardStore
from firmware.access.gate import Gate
from firmware.access.teaching import Teacher
from firmware.drivers import clock
from firmware.drivers.card_reader import reader_from_board


class CardDesk:
    """note(code, detail): the event log; on_error(where, error). show(result) is set once the front panel is there."""

    def __init__(self, facts, prefix, station, settings, contactor_open, note, on_error):
        self._station = station
        self._settings = settings
        self._contactor_open = contactor_open
        self._note = note
        self._on_error = on_error
        self.show = lambda result: None
        self.cards = CardStore(prefix)
        self.attempts = Attempts(prefix + "attempts", contactor_open)
        self.gate = Gate(station, self.cards, Rules(), clock.utc_s, self._show, note)
        self.gate.teacher = self.teacher = Teacher(self.cards, self._may_teach, self._show, note, self._flag)
        self.reader = reader_from_board(facts, self._wants_cards)
        if self.reader is not None:
            station.on("teach", lambda mode: self.teacher.start(mode, clock.ticks_ms()))

    def tasks(self):
        """Rows of the table of tasks."""
        rows = (("card list", lambda beat: self.cards.tidy(self._contactor_open), False, 0),)
        if self.reader is not None:
            rows += (("cards", lambda beat: self.reader.run(self._hear), False, 0),)
        return rows

    def apply(self, get):
        """Settings that act at once."""
        mode, pin = get("access.mode"), get("access.pin")
        self._station.free = mode == "off" and not pin
        # with nothing but a PIN, cards are what the list says: without one, none
        self.gate.rules = Rules("local" if mode == "off" and pin else mode, get("access.csms_order"), get("access.csms_offline"),
                                get("identity.serial") or get("station.name"))
        self.gate.timeout_ms = get("access.timeout_s") * 1000

    def failing(self):
        """The reader does not answer."""
        return self.reader is not None and self.reader.failure is not None

    def clear(self):
        """The service button's long press: the list is emptied, and the next card within a minute becomes the master card. True
        when it is done: not while a vehicle is plugged in or the flash must not be touched."""
        if not self._may_teach():
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
        return self.gate.rules.mode != "off" or self.teacher.mode != "off"

    def _hear(self, uid):
        self.gate.card(uid, clock.ticks_ms())

    def _show(self, result):
        self.show(result)

    def _may_teach(self):
        return not self._station.vehicle_plugged() and self._contactor_open() and not self.cards.busy

    def _flag(self, on):
        if on:
            self._station.flags.set("teaching", "card")
        else:
            self._station.flags.clear("teaching")
