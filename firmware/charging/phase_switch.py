"""Another number of phases during a charge (CH-14). The core stops in order, keeps the contactor open for its pause, and closes
what is wanted then; this only knows that it is under way, and whether the vehicle must be woken after it.

Some vehicles take the pause for the end of the charge. Where the pilot can be interrupted that looks like a plug pulled and
put back; where it cannot, state F does it. The core does either when it is ordered and the vehicle has not asked for 30 s.
"""

from micropython import const

from firmware.safety import control_pilot as cp
from firmware.safety.core import OFFERING

ASLEEP_AFTER_MS = const(25000)     # offered again for so long, and the vehicle does not ask


class PhaseSwitch:
    """wakes: a vehicle that sleeps through it is woken. under_way: begun, and not closed again."""

    def __init__(self):
        self.wakes = True
        self.under_way = False
        self._offered_ms = 0

    def begin(self):
        """The charge is broken off for it."""
        self.under_way = True
        self._offered_ms = 0

    def end(self):
        """Power flows again, or the vehicle has gone."""
        self.under_way = False

    def tick(self, gap_ms, core):
        """True once: the wake order is due."""
        if not self.under_way or core.phase != OFFERING or core.pilot.state != cp.B or self._offered_ms > ASLEEP_AFTER_MS:
            return False
        self._offered_ms += min(gap_ms, ASLEEP_AFTER_MS)
        return self.wakes and self._offered_ms > ASLEEP_AFTER_MS
