"""Optocouplers at the mains: pulses on an input while their conductor is alive, no event while it is not."""

MAINS_HZ = 50


class Optocoupler:
    """Pulses (low: the LED is lit) on the input that `put(level)` drives; one or two in a period."""

    def __init__(self, clock, put, per_period):
        self._clock = clock
        self._put = put
        self._half_us = 500_000 // (MAINS_HZ * per_period)
        self._event = None
        self._level = 1

    def see(self, alive):
        """The mains is there, or not."""
        if alive and self._event is None:
            self._event = self._clock.after(self._half_us, self._step)
        elif not alive and self._event is not None:
            self._clock.cancel(self._event)
            self._event = None
            self._level = 1
            self._put(1)

    def _step(self):
        self._event = self._clock.after(self._half_us, self._step)
        self._level = 1 - self._level
        self._put(self._level)

    def show(self):
        """A new board sees it as it is."""
        self._put(self._level)


class Optocouplers:
    """All that the board has: protective earth, supply of L1 to L3, the load's side of the contactors.

    put(name, level) drives an input; nothing is there on a board without them.
    """

    def __init__(self, clock, board, put):
        pins, facts = board["pins"], board.get("supply") or {}
        names = [("pe_pulses", "pe_pulses_per_period")]
        names += [(f"supply_{phase}_pulses", "pulses_per_period") for phase in (1, 2, 3)]
        if board["contactor"].get("feedback") == "load_pulses":
            names += [(f"contactor_feedback_{number}", "pulses_per_period") for number in (1, 2)]
        self._all = {name: Optocoupler(clock, lambda level, name=name: put(name, level), facts.get(key, 1))
                     for name, key in names if pins.get(name) is not None}

    def see(self, **alive):
        """Which of them has mains, by name; those that the board lacks are ignored."""
        for name, on in alive.items():
            if name in self._all:
                self._all[name].see(on)

    def show(self):
        """A new board sees them all."""
        for one in self._all.values():
            one.show()
