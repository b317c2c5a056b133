"""The charger's socket: the resistor in the cable's plug at the proximity pilot, and the lock's motor.

Resistors are those of IEC 61851-1 annex B; the motor's travel is that of usual 12 V lock actuators (estimate).
"""

CABLE_OHM = {13: 1_500, 20: 680, 32: 220, 63: 100}
TRAVEL_US = 180_000


class Proximity:
    """What the ADC sees at PP. `facts`: {pull_up_ohm, reference_mv, divider_ppm} of the board."""

    def __init__(self, facts):
        self._facts = facts

    def uv(self, cable_a, shorted=False):
        """Microvolts at the pin; cable_a 0: nothing is plugged in."""
        reference_uv = self._facts["reference_mv"] * 1000
        ohm = 0 if shorted else CABLE_OHM.get(cable_a)
        if ohm is not None:
            reference_uv = reference_uv * ohm // (ohm + self._facts["pull_up_ohm"])
        return reference_uv * self._facts["divider_ppm"] // 1_000_000


class Lock:
    """A motor between two pins: lock_1 drives it to closed, lock_2 to open; a solenoid (`motor` False) is closed while lock_1
    drives. `on_move(closed)` is called when the feedback changes. A jammed lock stays where it is."""

    def __init__(self, clock, on_move, motor=True):
        self._clock = clock
        self._on_move = on_move
        self._motor = motor
        self._driven = [0, 0]
        self._event = None
        self.closed = False
        self.jammed = False

    def drive(self, number, level):
        """The level of lock_1 (0) or lock_2 (1) now: 1 drives."""
        self._driven[number] = level
        if self._event is not None:
            self._clock.cancel(self._event)
            self._event = None
        wanted = self._wanted()
        if wanted is not None and wanted != self.closed and not self.jammed:
            self._event = self._clock.after(TRAVEL_US, lambda: self._arrive(wanted))

    def _wanted(self):
        if not self._motor:
            return bool(self._driven[0])
        if self._driven[0] != self._driven[1]:
            return bool(self._driven[0])
        return None

    def _arrive(self, closed):
        self._event = None
        if not self.jammed:
            self.closed = closed
            self._on_move(closed)
