"""What the energy side last knew: it writes the values, the station reads them."""


class Reading:
    """None = not known."""

    def __init__(self):
        self.source = None             # "meter", "estimate" or None
        self.voltage_mv = (None, None, None)
        self.current_ma = (None, None, None)
        self.power_w = None
        self.power_phases_w = self.energy_phases_wh = (None, None, None)
        self.energy_wh = None          # register
        self.ahead_wh = 0              # of energy_wh: reckoned too high while the meter was lost, not caught up with yet
        self.unread_wh = 0             # of counted_mwh: reckoned, the register has not told it (yet)
        self.estimated = False         # part of the session's energy is reckoned, and no register has confirmed it yet
        self.counted_mwh = 0           # energy since start, from the register or reckoned; never falls
        self.phases_used = None
        self.readings = 0              # counts what the meter itself said; the estimate does not count
        self.asked_ms = 0              # when the latest of them was asked for
