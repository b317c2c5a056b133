"""The house behind the same connection: what it draws, what the roof gives, and the supply's voltage."""

DEFAULT_LOAD_W = (400, 250, 300)
DEFAULT_VOLTAGE_V = (230, 230, 230)
DEFAULT_AMBIENT_C = 22


class House:
    """Loads per phase in W, sun in W (a three-phase inverter: a third on each phase), voltage per phase in V."""

    def __init__(self):
        self.load_w = list(DEFAULT_LOAD_W)
        self.solar_w = 0
        self.voltage_v = list(DEFAULT_VOLTAGE_V)
        self.ambient_c = DEFAULT_AMBIENT_C

    def current_ma(self, phase):
        """The house's own current on `phase` 0..2, negative when the sun gives more than the house takes."""
        if not self.voltage_v[phase]:
            return 0
        return int((self.load_w[phase] - self.solar_w / 3) * 1000 / self.voltage_v[phase])

    def own_w(self):
        """What house and sun make together, without the charger; negative when energy is left over."""
        return sum(load for load, volts in zip(self.load_w, self.voltage_v, strict=True) if volts) - self.solar_w
