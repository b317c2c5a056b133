"""Coil supply and contactors: power reaches a coil only while the control task keeps toggling the watchdog pin.

Numbers: a charge pump fed with 50 Hz needs 6 edges to arm and holds its coil supply about 600 ms after the last
edge (board facts). The contacts travel 20 ms to close and 15 ms to open, usual for a 40 A relay with a fast
flyback path. Closing they bounce for 2 ms (estimate: 1 to 5 ms in data sheets); a car's charger rides through that.
"""

ARM_EDGES = 6
CLOSE_TRAVEL_US = 20_000
OPEN_TRAVEL_US = 15_000
BOUNCES_US = (700, 600, 500, 200)       # touching, apart, touching, apart; then they stay


class CoilSupply:
    """The charge pump. `on_change(powered)` is called when the coils' supply comes or goes."""

    def __init__(self, clock, hold_ms, on_change, fitted=True):
        self._clock = clock
        self._hold_us = hold_ms * 1000
        self._on_change = on_change
        self._fitted = fitted
        self._bridged = False
        self._edges = 0
        self._last_edge_us = 0
        self._level = 0
        self._check = None
        self.powered = not fitted

    def pin(self, level):
        """The watchdog pin's level now. A level that does not change is no edge and feeds nothing."""
        if level == self._level:
            return
        self._level = level
        if not self._fitted:
            return
        now_us = self._clock.now_us
        if now_us - self._last_edge_us >= self._hold_us:
            self._edges = 0
        self._last_edge_us = now_us
        if self.powered:
            return
        self._edges += 1
        if self._edges >= ARM_EDGES:
            self.powered = True
            # One event per hold time, not one per edge: it looks when the last edge was and waits for the rest.
            self._check = self._clock.at(now_us + self._hold_us, self._expire)
            self._on_change(True)

    def bridge(self, bridged):
        """The pump's transistor conducts for ever: the supply is there whatever the pin does. Else it is as it was built."""
        self._bridged = bridged
        if bridged:
            self._set(True)
        elif self._fitted:
            self._edges = 0
            self._set(False)

    def cut(self):
        """The mains is gone: the pump is empty at once."""
        self._level = 0
        self._edges = 0
        self._set(not self._fitted)

    def _expire(self):
        self._check = None
        deadline_us = self._last_edge_us + self._hold_us
        if self._clock.now_us < deadline_us:
            self._check = self._clock.at(deadline_us, self._expire)
            return
        self._edges = 0
        self._set(False)

    def _set(self, powered):
        powered = powered or self._bridged
        if self._check is not None:
            self._clock.cancel(self._check)
            self._check = None
        if powered != self.powered:
            self.powered = powered
            self._on_change(powered)


class Contactor:
    """One contactor with its travel times and its two faults. `on_move(contactor)` is called when contacts move.

    `touching` is what the mirror contact and a scope see, bounces and all; `closed` is the circuit as a load sees it."""

    def __init__(self, clock, on_move):
        self._clock = clock
        self._on_move = on_move
        self._travel = None
        self.coil = False
        self.closed = False
        self.touching = False
        self.welded = False
        self.stuck_open = False

    def set_coil(self, energised):
        """Power at the coil. A coil that changes its mind during the travel turns the contacts back."""
        if energised == self.coil:
            return
        self.coil = energised
        self._follow()

    def set_welded(self, welded):
        """Welded contacts are closed whatever the coil says; a weld that is cleared follows the coil again."""
        self.welded = welded
        if welded:
            self._stop_travel()
            self._move(True)
        else:
            self._follow()

    def set_stuck_open(self, stuck):
        """The armature is blocked in the open position (a weld, if there is one as well, wins)."""
        self.stuck_open = stuck
        if stuck and not self.welded:
            self._stop_travel()
            self._move(False)
        else:
            self._follow()

    def _follow(self):
        self._stop_travel()
        if self.welded or (self.stuck_open and self.coil) or self.coil == self.closed:
            return
        travel_us = CLOSE_TRAVEL_US if self.coil else OPEN_TRAVEL_US
        self._travel = self._clock.after(travel_us, self._arrive)

    def _arrive(self):
        self._travel = None
        self._move(self.coil)
        if self.coil:
            self._travel = self._clock.after(BOUNCES_US[0], lambda: self._bounce(1))

    def _bounce(self, number):
        """Contacts that have just closed bounce; `number` of BOUNCES_US begins."""
        self.touching = number % 2 == 0
        last = number == len(BOUNCES_US)
        self._travel = None if last else self._clock.after(BOUNCES_US[number], lambda: self._bounce(number + 1))
        self._on_move(self)

    def _stop_travel(self):
        if self._travel is not None:
            self._clock.cancel(self._travel)
            self._travel = None
            self.touching = self.closed

    def _move(self, closed):
        if closed != self.closed or closed != self.touching:
            self.closed = self.touching = closed
            self._on_move(self)
