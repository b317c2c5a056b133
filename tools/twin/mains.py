"""The mains side of the charger: voltages under load, currents, and an energy counter that costs no events."""

LINE_MOHM = 150          # from the transformer to the charger, one conductor: a usual house connection
MW_US_PER_MWH = 3_600_000_000


class EnergyCounter:
    """Integrates power exactly, in integers, at the moments when the power changes or somebody reads it."""

    def __init__(self, clock, start_mwh=0):
        self._clock = clock
        self._since_us = clock.now_us
        self._power_mw = 0
        self._total_mw_us = self._told_mw_us = start_mwh * MW_US_PER_MWH

    def set_power_mw(self, power_mw):
        """The power from now on. Returns the energy since the last call of this, in mW us, whoever read the counter between."""
        self._advance()
        self._power_mw = power_mw
        added = self._total_mw_us - self._told_mw_us
        self._told_mw_us = self._total_mw_us
        return added

    @property
    def mwh(self):
        """Energy so far in mWh."""
        self._advance()
        return self._total_mw_us // MW_US_PER_MWH

    def _advance(self):
        now_us = self._clock.now_us
        self._total_mw_us += self._power_mw * (now_us - self._since_us)
        self._since_us = now_us


class Mains:
    """Voltages and currents of the charger's three conductors."""

    def __init__(self, clock, house, energy_mwh=0):
        self._house = house
        self.voltage_mv = [0, 0, 0]
        self.current_ma = [0, 0, 0]
        self.power_mw = 0
        self.alive = True
        self.energy = EnergyCounter(clock, energy_mwh)
        self.update([0, 0, 0])

    def update(self, ev_ma):
        """New currents of the car per phase, or a changed house. Returns the energy since the last call in mW us."""
        power_mw = 0
        for phase in (0, 1, 2):
            open_mv = self._house.voltage_v[phase] * 1000 if self.alive else 0
            current_ma = ev_ma[phase] if open_mv else 0
            load_ma = current_ma + self._house.current_ma(phase)
            voltage_mv = max(0, int(open_mv - load_ma * LINE_MOHM / 1000)) if open_mv else 0
            self.voltage_mv[phase] = voltage_mv
            self.current_ma[phase] = current_ma
            power_mw += voltage_mv * current_ma // 1000
        self.power_mw = power_mw
        return self.energy.set_power_mw(power_mw)


class MeterReadings:
    """What the charger's own meter would show; its register is in whole Wh, as meters count."""

    def __init__(self, mains):
        self._mains = mains

    @property
    def voltage_mv(self):
        return list(self._mains.voltage_mv)

    @property
    def current_ma(self):
        return list(self._mains.current_ma)

    @property
    def power_w(self):
        return (self._mains.power_mw + 500) // 1000

    @property
    def energy_wh(self):
        return self._mains.energy.mwh // 1000
