"""Coils and contacts between mains and car: what the coils' pins and their supply move, and what the board sees of it."""

from tools.twin.contactor import CoilSupply, Contactor


class Switchgear:
    """`set_input(name, on)` drives an input of the board; `on_contacts()` is called when a contact has moved."""

    def __init__(self, clock, board, trace, set_input, on_contacts):
        self._board = board
        self._trace = trace
        self._set_input = set_input
        self._on_contacts = on_contacts
        self._pins = [0, 0]
        self._supplied = True
        self._cut_off = False
        self.phases_closed = 0
        hold_ms = (board.get("coil_watchdog") or {"hold_ms": 0})["hold_ms"]
        self.coil_supply = CoilSupply(clock, hold_ms, self._coils_changed, fitted=board["pins"].get("coil_watchdog") is not None)
        self.contactors = [Contactor(clock, self._contacts_moved) for _ in range(board["contactor"]["count"])]

    def coil(self, number, value):
        """Level at the pin of contactor_1 (0) or contactor_2 (1); None: let go of, a pull-down holds it low."""
        self._pins[number] = value or 0
        self._coils_changed()

    def watchdog(self, value):
        """Level at the pin that keeps the coils' supply alive."""
        self.coil_supply.pin(value or 0)

    def supply(self, on):
        """The electronics' supply comes, or goes and takes all that hangs on it along."""
        self._supplied = on
        if not on:
            self._pins = [0, 0]
            self.coil_supply.cut()
            self._coils_changed()

    def cut_off(self, on):
        """A trip line discharges the charge pump by itself, or no more."""
        self._cut_off = on
        self._coils_changed()

    def show(self):
        """The board sees the contacts and the coils' supply anew."""
        self._show_contacts()
        self._show_supply()

    def state(self):
        """As the bench answers it."""
        contactors = self.contactors
        return {"commanded": any(self._pins), "coil": any(one.coil for one in contactors),
                "coil_supply": self.coil_supply.powered, "closed": any(one.closed for one in contactors),
                "phases_closed": self.phases_closed, "welded": any(one.welded for one in contactors),
                "stuck_open": any(one.stuck_open for one in contactors)}

    def _coils_changed(self, _powered=None):
        powered = self.coil_supply.powered and self._supplied and not self._cut_off
        for contactor, pin in zip(self.contactors, self._pins, strict=False):
            contactor.set_coil(bool(pin) and powered)
        self._trace.edge("coil", any(contactor.coil for contactor in self.contactors))
        self._show_supply()

    def _contacts_moved(self, _contactor):
        self._trace.edge("contacts", any(one.touching for one in self.contactors))
        first, last = self.contactors[0].closed, self.contactors[-1].closed
        if len(self.contactors) == 1:
            self.phases_closed = self._board["limits"]["phases"] if first else 0
        else:               # the neutral comes with contactor 1: the second one alone connects no circuit
            self.phases_closed = (1 + (2 if last else 0)) if first else 0
        self._show_contacts()
        self._on_contacts()

    def _show_contacts(self):
        kind = self._board["contactor"].get("feedback", "mirror")
        if kind == "mirror_series":          # normally closed contacts in series: "all open"
            self._set_input("contactor_feedback_1", any(one.touching for one in self.contactors))
        elif kind != "load_pulses":
            for number, contactor in enumerate(self.contactors, 1):
                self._set_input(f"contactor_feedback_{number}", contactor.touching)

    def _show_supply(self):
        self._set_input("coil_supply", self.coil_supply.powered and self._supplied)
