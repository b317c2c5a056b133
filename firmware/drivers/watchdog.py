"""The hardware watchdog: resets the chip when the supervisor stops feeding it."""

import machine
from micropython import const

TIMEOUT_MS = const(8000)
_STRETCHED_MS = const(3600000)    # it cannot be stopped once started, but it can be made slow: for the REPL


class Watchdog:
    """Armed when built."""

    def __init__(self):
        self._wdt = machine.WDT(timeout=TIMEOUT_MS)

    def feed(self):
        """Everything is well for another eight seconds."""
        self._wdt.feed()

    def stretch(self):
        """An hour for whoever works at the console."""
        self._wdt = machine.WDT(timeout=_STRETCHED_MS)

    def reset_now(self):
        """Restart the chip at once. Does not return."""
        machine.reset()
