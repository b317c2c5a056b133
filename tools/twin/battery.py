"""The car's battery: what it holds, what it still accepts, when to look again."""

MW_US_PER_WH = 3_600_000_000_000
EFFICIENCY_PERMILLE = 900       # mains to battery, with the car's own consumption (estimate)
TAPER_FROM_PERMILLE = 800       # above, a lithium battery accepts less and less: from one time its capacity per hour ...
TAPER_TO_PERMILLE = 50          # ... down to a twentieth of it when full (estimate: constant voltage phase of usual cells)
NOMINAL_V = 230
LOOK_US = 20_000_000            # so often the limit is reckoned anew while it falls


class Battery:
    """Energy in integers, so that hours of charging add up to the last mWh."""

    def __init__(self, capacity_wh=60_000, soc=0.4):
        self.capacity_wh = capacity_wh
        self.soc = soc

    @property
    def soc(self):
        """State of charge, 0..1."""
        return self._stored_mw_us / (self.capacity_wh * MW_US_PER_WH)

    @soc.setter
    def soc(self, soc):
        self._stored_mw_us = int(soc * 1_000_000) * self.capacity_wh * (MW_US_PER_WH // 1_000_000)

    def resize(self, capacity_wh):
        """Another battery, as full as this one."""
        soc = self.soc
        self.capacity_wh = capacity_wh
        self.soc = soc

    @property
    def full(self):
        return self._stored_mw_us >= self.capacity_wh * MW_US_PER_WH

    def take(self, energy_mw_us):
        """Energy from the mains."""
        self._stored_mw_us += energy_mw_us * EFFICIENCY_PERMILLE // 1000

    def accepts_ma(self, phases):
        """The highest current per phase at the mains that the battery still takes."""
        permille = self._stored_mw_us * 1000 // (self.capacity_wh * MW_US_PER_WH)
        above = max(0, permille - TAPER_FROM_PERMILLE)
        rate = 1000 - above * (1000 - TAPER_TO_PERMILLE) // (1000 - TAPER_FROM_PERMILLE)
        watts = self.capacity_wh * rate // EFFICIENCY_PERMILLE
        return watts * 1000 // (NOMINAL_V * max(1, phases))

    def look_after_us(self, power_mw):
        """When something will have changed at this power: full, or a lower limit; None when nothing will."""
        if power_mw <= 0 or self.full:
            return None
        rest_mw_us = self.capacity_wh * MW_US_PER_WH - self._stored_mw_us
        rest_us = rest_mw_us * 1000 // (EFFICIENCY_PERMILLE * power_mw) + 1
        taper_mw_us = rest_mw_us - self.capacity_wh * MW_US_PER_WH * (1000 - TAPER_FROM_PERMILLE) // 1000
        if taper_mw_us > 0:
            return taper_mw_us * 1000 // (EFFICIENCY_PERMILLE * power_mw) + 1
        return min(rest_us, LOOK_US)
