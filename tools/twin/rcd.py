"""Residual current monitor: two outputs (30 mA AC, 6 mA DC), healthy is low, and a test input that trips both."""

TEST_TRIP_US = 20_000
TEST_RELEASE_US = 100_000


class ResidualCurrentMonitor:
    """`on_change(rcd_tripped, rdc_dd_tripped)` is called when an output changes.

    The test input trips both outputs 20 ms after it went high and they release 100 ms after it went low. A real
    residual current trips its own output until the fault is taken away; the monitor itself does not latch.
    """

    def __init__(self, clock, on_change):
        self._clock = clock
        self._on_change = on_change
        self._pending = None
        self._testing = False
        self._test_level = 0
        self.dead = False
        self.fault_ac = False
        self.fault_dc = False
        self.rcd_tripped = False
        self.rdc_dd_tripped = False

    def test(self, level):
        """The level of the test input now."""
        if level == self._test_level:
            return
        self._test_level = level
        if self._pending is not None:
            self._clock.cancel(self._pending)
            self._pending = None
        if bool(level) != self._testing:
            self._pending = self._clock.after(TEST_TRIP_US if level else TEST_RELEASE_US, self._test_acts)

    def set_fault(self, ac=None, dc=None):
        """Let a residual current flow (True) or stop it (False); None leaves that kind as it is."""
        if ac is not None:
            self.fault_ac = ac
        if dc is not None:
            self.fault_dc = dc
        self._update()

    def set_dead(self, dead):
        """The monitor has lost its supply or its sensor: it trips no more, neither for a fault nor for the test."""
        self.dead = dead
        self._update()

    def _test_acts(self):
        self._pending = None
        self._testing = bool(self._test_level)
        self._update()

    def _update(self):
        rcd = not self.dead and (self.fault_ac or self._testing)
        rdc = not self.dead and (self.fault_dc or self._testing)
        if (rcd, rdc) != (self.rcd_tripped, self.rdc_dd_tripped):
            self.rcd_tripped, self.rdc_dd_tripped = rcd, rdc
            self._on_change(rcd, rdc)
