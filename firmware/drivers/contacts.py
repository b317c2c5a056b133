"""External contacts that ask for something: less current, a later start. Read now and then, not by the control tick."""

import machine


class Contacts:
    """facts: of the board; errors: {driver: how often it raised}, shared with the board's."""

    def __init__(self, facts, errors):
        self._facts = facts
        self._errors = errors
        self._pins = {}          # name -> (pin, level that means the signal)

    def use(self, name, kind):
        """Read pins.input_<name>. kind: "off" (not wired), "normally_open" (closed = signal) or "normally_closed" (open =
        signal, so that a broken wire asks too). A board without the pin reads nothing."""
        gpio = self._facts["pins"]["input_" + name]
        if gpio is None or kind == "off":
            return
        low = "input_" + name in self._facts["active_low"]
        try:
            pin = machine.Pin(gpio, machine.Pin.IN, machine.Pin.PULL_UP if low else None)
        except Exception:                    # whatever a driver raises
            pin = None
            self._failed(name)
        self._pins[name] = pin, 1 if low == (kind == "normally_closed") else 0

    def _failed(self, name):
        self._errors["input_" + name] = self._errors.get("input_" + name, 0) + 1

    def signal(self, name):
        """True while the contact asks, also where it cannot be read: unknown is no permission. None: not used."""
        found = self._pins.get(name)
        if found is None:
            return None
        try:
            return found[0].value() == found[1]
        except Exception:
            self._failed(name)
            return True
