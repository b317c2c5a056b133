"""The socket's lock: closed before power, open only when the contactor is shown open."""

from firmware.safety import limits
from firmware.safety.limits import count_down


class SocketLock:
    """Only where one is fitted; else it never objects."""

    def __init__(self, fitted):
        self._fitted = fitted.lock
        self.ordered_open = 0       # 1: the unlock order came in this plug-in
        self.left_ms = limits.LOCK_MS   # until the lock must have closed

    def start(self, inputs, outputs):
        """Begin now: a lock that is not shown open stays as it is until the contactor is shown open."""
        outputs.lock_wanted = 1 if self._fitted and inputs.lock_closed != 0 else 0

    def count_down(self, gap_ms, inputs, outputs):
        """So much time has gone."""
        if outputs.lock_wanted and inputs.lock_closed != 1:
            self.left_ms = count_down(self.left_ms, gap_ms)
        else:
            self.left_ms = limits.LOCK_MS

    def failed(self, inputs, energised):
        """It did not close in time, or is not closed while power flows."""
        return self._fitted and (self.left_ms == 0 or energised and inputs.lock_closed != 1)

    def closed(self, inputs):
        """Power may flow as far as the lock is concerned."""
        return not self._fitted or inputs.lock_closed == 1

    def drive(self, outputs, offering, may_open):
        """Locked from the first offer on. may_open: contactor shown open, and nobody needs the lock any more."""
        if not self._fitted:
            return
        if offering:
            outputs.lock_wanted = 1
        elif may_open:
            outputs.lock_wanted = 0
