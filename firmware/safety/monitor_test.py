"""Test of the residual-current monitor, before anything is offered: it must be healthy, trip on the test, and come back."""

from micropython import const

from firmware.safety import limits
from firmware.safety.limits import count_down

RUNNING = const(0)
PASSED = const(1)
FAILED = const(2)

_BEFORE = const(0)
_TESTING = const(1)
_RELEASING = const(2)


class MonitorTest:
    """begin(), then step() each tick until it answers PASSED or FAILED."""

    def __init__(self):
        self._stage = _BEFORE
        self.left_ms = 0
        self.quiet_left_ms = 0     # the lines may still answer a test that was broken off

    def count_down(self, gap_ms, outputs):
        """So much time has gone. A test that was on keeps the lines out of judgement until they had time to release."""
        if outputs.rcd_test:
            self.quiet_left_ms = limits.RCD_TEST_RELEASE_MS
        else:
            self.quiet_left_ms = count_down(self.quiet_left_ms, gap_ms)

    def begin(self):
        """Start anew."""
        self._stage = _BEFORE
        self.left_ms = 0

    def step(self, gap_ms, inputs, outputs):
        """One tick; drives outputs.rcd_test."""
        self.left_ms = count_down(self.left_ms, gap_ms)
        tripped = inputs.rcd_tripped
        if self._stage == _BEFORE:
            if tripped != 0 or inputs.rdc_dd_tripped == 1:
                if self.quiet_left_ms:
                    return RUNNING                  # our own test before this one
                return FAILED                       # tripped (or unknown) before the test: it would prove nothing
            outputs.rcd_test = 1
            self._stage = _TESTING
            self.left_ms = limits.RCD_TEST_TRIP_MS
        elif self._stage == _TESTING:
            if tripped == 1:
                outputs.rcd_test = 0
                self._stage = _RELEASING
                self.left_ms = limits.RCD_TEST_RELEASE_MS
            elif self.left_ms == 0:
                return FAILED
        elif tripped == 0 and inputs.rdc_dd_tripped != 1:
            self.quiet_left_ms = 0
            return PASSED
        elif self.left_ms == 0:
            return FAILED
        return RUNNING
