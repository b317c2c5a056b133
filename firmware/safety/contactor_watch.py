"""Contactor supervision: each feedback must follow its coil."""

from firmware.safety import limits, trips
from firmware.safety.io_image import NOT_FITTED
from firmware.safety.limits import count_down


class ContactorWatch:
    """One or two contactors with mirror contacts (0 = all poles open). A mismatch may last CONTACTOR_FEEDBACK_MS."""

    def __init__(self, fitted):
        self._two = fitted.contactors == 2
        self.left_1_ms = limits.CONTACTOR_FEEDBACK_MS
        self.left_2_ms = limits.CONTACTOR_FEEDBACK_MS

    def restart(self):
        """The coils change: the contacts have their whole time again."""
        self.left_1_ms = limits.CONTACTOR_FEEDBACK_MS
        self.left_2_ms = limits.CONTACTOR_FEEDBACK_MS

    def update(self, gap_ms, inputs, outputs):
        """The trip bits whose cause holds now: WELDED, NOT_CLOSED."""
        found = 0
        if inputs.feedback_1 == outputs.coil_1:
            self.left_1_ms = limits.CONTACTOR_FEEDBACK_MS
        else:
            self.left_1_ms = count_down(self.left_1_ms, gap_ms)
            if self.left_1_ms == 0:
                found = _cause(inputs.feedback_1)
        if not self._two or inputs.feedback_2 == NOT_FITTED or inputs.feedback_2 == outputs.coil_2:
            self.left_2_ms = limits.CONTACTOR_FEEDBACK_MS
        else:
            self.left_2_ms = count_down(self.left_2_ms, gap_ms)
            if self.left_2_ms == 0:
                found |= _cause(inputs.feedback_2)
        return found

    def shown_closed(self, inputs, outputs):
        """Every feedback says what the coils say, and the first is closed."""
        return inputs.feedback_1 == 1 and (not self._two or inputs.feedback_2 == NOT_FITTED
                                           or inputs.feedback_2 == outputs.coil_2)

    def shown_open(self, inputs):
        """Every feedback says open."""
        return inputs.feedback_1 == 0 and inputs.feedback_2 != 1


def _cause(feedback):
    """Closed though the coil is off: welded. Open though it is on, or no feedback at all: not closed."""
    return trips.WELDED if feedback == 1 else trips.NOT_CLOSED
