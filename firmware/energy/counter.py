"""Energy that only grows, out of a meter's register that may wrap, be reset or fall silent, and of estimates meanwhile."""

# 63 A on three phases of 280 V, and the coarsest register step: more than that since the last reading is another meter.
LARGEST_POWER_MW = 53000000
SLACK_MWH = 1000000
MS_PER_HOUR = 3600000
SMALLEST_DECIMAL_MWH = 10000000000  # no meter shows fewer than five digits of kWh; a smaller number that falls was reset


class EnergyCounter:
    """`total_mwh` counts from 0 at construction, in mWh, and never falls.

    What was estimated while the register was silent is set against the register's advance when it is back, so nothing
    counts twice; when the estimate was too high, the total waits until the register has caught up.
    """

    def __init__(self):
        self.total_mwh = 0
        self.register_mwh = None  # as last read
        self.wraps = 0
        self.resets = 0  # readings that did not continue the one before: a reset or exchanged meter
        self._since_register_ms = 0
        self._estimated_mwh = 0  # since the register was read last, or still ahead of it
        self._rest = 0  # of the integration, in mW·ms

    def shown_mwh(self):
        """The register carried on by what was estimated since, in mWh: without a jump when the register is back. None while
        no register is known."""
        return None if self.register_mwh is None else self.register_mwh + self._estimated_mwh

    def advance(self, elapsed_ms):
        """Time goes on: bounds what the register may have gained."""
        self._since_register_ms += elapsed_ms

    def from_register(self, register_mwh, modulus_mwh=None):
        """A reading of the register; modulus_mwh: where its number wraps (None: only decimal counters are thought of)."""
        last = self.register_mwh
        self.register_mwh = register_mwh
        possible = SLACK_MWH + LARGEST_POWER_MW * self._since_register_ms // MS_PER_HOUR
        self._since_register_ms = 0
        if last is None:
            self._estimated_mwh = 0
            return
        gained = register_mwh - last
        if gained < 0:
            gained = self._gained_by_wrap(last, register_mwh, modulus_mwh, possible)
        if gained is None or gained > possible:
            self.resets += 1
            self._estimated_mwh = 0
            return
        known = min(gained, self._estimated_mwh)
        self._estimated_mwh -= known
        self.total_mwh += gained - known

    def from_power(self, power_mw, elapsed_ms, register_follows, at_most_mwh=None):
        """Integrate a power. register_follows: a register will tell the true value later (an estimate while lost, or between its
        steps). at_most_mwh: never get further ahead of the register than that; None: no bound."""
        work = max(0, power_mw) * elapsed_ms + self._rest
        mwh = work // MS_PER_HOUR
        self._rest = work % MS_PER_HOUR
        if at_most_mwh is not None:
            mwh = max(0, min(mwh, at_most_mwh - self._estimated_mwh))
        self.total_mwh += mwh
        if register_follows:
            self._estimated_mwh += mwh

    def _gained_by_wrap(self, last, register_mwh, modulus_mwh, possible):
        decimal = SMALLEST_DECIMAL_MWH
        while decimal <= last:
            decimal *= 10
        for modulus in (modulus_mwh, decimal):
            if modulus is not None and 0 <= modulus - last + register_mwh <= possible:
                self.wraps += 1
                return modulus - last + register_mwh
        return None
