"""What external contacts ask for, as ceilings: a limit with its set point, a delayed start, the grid operator's dimming."""

from micropython import const

GRID_DIMMING_W = const(4200)     # what a controllable load may go on drawing: § 14a of the German energy law
DEBOUNCE_TICKS = const(3)        # equal readings in a row before one counts; 100 ms apart

# (contact, the ceiling that it makes, what the event log is told: "" nothing)
CONTACTS = (
    ("limit", "input_limit", ""),
    ("delay", "input_delay", ""),
    ("dim", "grid_dimming", "grid_dimming"),
)


class ExternalInputs:
    """signal(name): True, False, or None where the contact is not used. log(code, limit_ma, "start" or "end").

    limit_ma: the set point of the limit contact; phase_voltage_v: what dimming reckons with. Write both any time.
    """

    def __init__(self, station, signal, log):
        self.limit_ma = 0
        self.phase_voltage_v = 230
        self._station = station
        self._signal = signal
        self._log = log
        self._counts = {}            # contact -> equal readings in a row that differ from what holds
        self._caps_ma = {}           # contact -> cap in force

    def tick(self):
        """Every 100 ms, before the station's tick."""
        for name, ceiling, event in CONTACTS:
            signal = self._signal(name)
            if signal is not None:
                self._follow(name, ceiling, event, signal)

    def _follow(self, name, ceiling, event, signal):
        held_ma = self._caps_ma.get(name)
        if signal == (held_ma is not None):
            self._counts[name] = 0
        else:
            self._counts[name] = self._counts.get(name, 0) + 1
            if self._counts[name] < DEBOUNCE_TICKS:
                return
            self._counts[name] = 0
        cap_ma = self._cap_ma(name) if signal else None
        if cap_ma == held_ma:
            return
        self._caps_ma[name] = cap_ma
        if signal:
            self._station.ceilings.own(ceiling, cap_ma)
        else:
            self._station.ceilings.disown(ceiling)
        if event and (cap_ma is None or held_ma is None):
            self._log(event, held_ma if cap_ma is None else cap_ma, "end" if cap_ma is None else "start")

    def _cap_ma(self, name):
        """A contact that delays the start also suspends a charge that runs: nothing is offered while it asks."""
        if name == "limit":
            return self.limit_ma
        if name == "dim":
            return GRID_DIMMING_W * 1000 // (self.phase_voltage_v * self._station.phases)
        return 0
