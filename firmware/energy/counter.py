"""Energy that only grows, out of a meter's register that may wrap, be reset or fall silent, and of estimates meanwhile."""

# 63 A on three phases of 280 V, and the coarsest register step: more than that since the last reading is another meter.
LARGEST_POWER_MW = 53000000
SLACK_MWH = 1000000
MS_PER_HOUR = 3600000
SMALLEST_DECIMAL_MWH = 10000000000  # no meter shows fewer than five digits of kWh; a smaller number that falls was reset


class EnergyCounter:
    """`total_mwh` counts from 0 at construction, in mWh, and never falls.

    What was estimated while the register was silent is set against the register's advance when it is back, so nothing
    counts twice; when the estimate was too high, the total waits until the register has caught up. A session that begins
    meanwhile does not wait for what was estimated too high before it.
    """

    def __init__(self):
        self.total_mwh = 0
        self.register_mwh = None  # as last read
        self.wraps = 0
        self.resets = 0  # readings that did not continue the one before: a reset or exchanged meter
        self.guessed = False  # something in this session is estimated that no register will put right
        self._since_register_ms = 0
        self._estimated_mwh = 0  # the total is so far ahead of the register
        self._lost_mwh = 0  # of that: in the loss that lasts, since the register was read last
        self._before_mwh = 0  # of that: before the session began
        self._over_mwh = 0  # of that: too high for certain, found when the register was back
        self._between_mwh = 0  # the most that a coarse register may hide since its last step
        self._shown_mwh = 0
        self._rest = 0  # of the integration, in mW·ms

    def shown_mwh(self):
        """The register carried on by what was estimated since, in mWh: without a jump when the register is back, and never less
        than was shown before unless the register itself began again. None while no register is known."""
        if self.register_mwh is None:
            return None
        self._shown_mwh = max(self._shown_mwh, self.register_mwh + self._estimated_mwh)
        return self._shown_mwh

    def read_mwh(self):
        """The register, a coarse one carried on between its steps, without what a loss is known to have estimated too high: what
        the next session counts from. None while no register is known."""
        return None if self.register_mwh is None else self.register_mwh + self._estimated_mwh - self._too_high_mwh()

    def unread_mwh(self):
        """So much of the total is reckoned, and the register has not told it, or not yet."""
        return self._estimated_mwh

    def is_estimated(self):
        """Something in this session's energy is an estimate that the register did not confirm, or not yet."""
        return self.guessed or self._lost_mwh > self._before_mwh or self._too_high_mwh() > 0

    def begin_session(self):
        """From now on another session counts: what is known to be too high stays with those before. While the register is
        silent nobody knows it: then it is shared out when it is back."""
        too_high_mwh = self._too_high_mwh()
        self._estimated_mwh -= too_high_mwh
        self._over_mwh = 0
        self._before_mwh = self._lost_mwh
        self.guessed = False

    def advance(self, elapsed_ms):
        """Time goes on: bounds what the register may have gained."""
        self._since_register_ms += elapsed_ms

    def from_register(self, register_mwh, modulus_mwh=None, step_mwh=0):
        """A reading of the register; modulus_mwh: where its number wraps (None: only decimal counters are thought of); step_mwh:
        how coarse it counts."""
        last = self.register_mwh
        self.register_mwh = register_mwh
        possible = SLACK_MWH + LARGEST_POWER_MW * self._since_register_ms // MS_PER_HOUR
        self._since_register_ms = 0
        if last is None:
            self._start_afresh()
            return
        gained = register_mwh - last
        if gained < 0:
            gained = self._gained_by_wrap(last, register_mwh, modulus_mwh, possible)
        if gained is None or gained > possible:
            self.resets += 1
            self._start_afresh()
            self.guessed = True  # what flowed since the reading before is not known
            return
        known = min(gained, self._estimated_mwh)
        self._estimated_mwh -= known
        if self._lost_mwh:
            self.total_mwh += self._settle(gained, gained - known, step_mwh)
            return
        if gained:
            self._between_mwh = 0
        self._over_mwh = min(self._over_mwh, self._estimated_mwh)
        self.total_mwh += gained - known

    def from_power(self, power_mw, elapsed_ms, register_follows, at_most_mwh=None):
        """Integrate a power. register_follows: a register will tell the true value later (an estimate while lost, or between its
        steps). at_most_mwh: never get further ahead of the register than that; None: no bound."""
        work = max(0, power_mw) * elapsed_ms + self._rest
        mwh = work // MS_PER_HOUR
        self._rest = work % MS_PER_HOUR
        if at_most_mwh is not None:
            self._between_mwh = min(at_most_mwh, self._between_mwh + mwh)
            mwh = max(0, min(mwh, at_most_mwh - self._estimated_mwh))
        self.total_mwh += mwh
        if register_follows:
            self._estimated_mwh += mwh
            if at_most_mwh is None:
                self._lost_mwh += mwh

    def _too_high_mwh(self):
        return max(0, min(self._over_mwh, self._estimated_mwh - self._between_mwh))

    def _settle(self, gained, missing, step_mwh):
        """The register is back after a loss, has gained so much and tells missing mWh more than was estimated. Returns what of it
        is this session's: when one began during the loss, what was wrong is shared out as it was estimated."""
        lost, before = self._lost_mwh, self._before_mwh
        self._lost_mwh = self._before_mwh = 0
        # Where the register stands between two of its steps is unknown once it has made one unseen. To take it for the highest
        # counts nothing twice.
        self._between_mwh = step_mwh if gained else min(step_mwh, self._between_mwh + lost)
        over = max(0, self._estimated_mwh - self._between_mwh)
        earlier = over * before // lost
        self._estimated_mwh -= earlier
        self._over_mwh = over - earlier
        return missing - missing * before // lost

    def _start_afresh(self):
        """There is nothing to compare with: what was estimated stays as it is."""
        self.guessed = self.is_estimated()
        self._estimated_mwh = self._lost_mwh = self._before_mwh = self._over_mwh = self._between_mwh = self._shown_mwh = 0

    def _gained_by_wrap(self, last, register_mwh, modulus_mwh, possible):
        decimal = SMALLEST_DECIMAL_MWH
        while decimal <= last:
            decimal *= 10
        for modulus in (modulus_mwh, decimal):
            if modulus is not None and 0 <= modulus - last + register_mwh <= possible:
                self.wraps += 1
                self._shown_mwh = 0
                return modulus - last + register_mwh
        return None
