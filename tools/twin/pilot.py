"""The control pilot line: generator, 1 kohm source, what the car hangs on it.

Resistances and levels are those of IEC 61851-1: 2.74 kohm in B, 882 ohm in C, 246 ohm in D, +-12 V, a diode of 0.7 V.
"""

SUPPLY_MV = 12_000
SOURCE_OHM = 1_000
DIODE_MV = 700
EV_OHM = {"B": 2_740, "C": 882, "D": 246}
FREQUENCY_HZ = (980, 1_020)


def levels_mv(ev_state, diode=True, pilot_ohm=0):
    """(high_mv, low_mv) at the EVSE's terminal for what hangs on the line: "A" open, "B" "C" "D" a car, "E" a short
    to PE, "F" a line that some foreign source holds at -12 V. Without its diode the car loads both half-waves. `pilot_ohm`:
    another resistance than the state's, 0 for the state's."""
    if ev_state == "E":
        return 0, 0
    if ev_state == "F":
        return -SUPPLY_MV, -SUPPLY_MV
    ohm = EV_OHM.get(ev_state)
    if ohm is None:
        return SUPPLY_MV, -SUPPLY_MV
    ohm = pilot_ohm or ohm
    if not diode:
        level_mv = SUPPLY_MV * ohm // (ohm + SOURCE_OHM)
        return level_mv, -level_mv
    return DIODE_MV + (SUPPLY_MV - DIODE_MV) * ohm // (ohm + SOURCE_OHM), -SUPPLY_MV


def offer_ma_from_duty(duty_ppm, frequency_hz=1000):
    """The current a car may draw by the standard's table for vehicles, 0 for "no charging". `duty_ppm` is the high
    share of the period in millionths; a frequency outside 980..1020 Hz means nothing to a car."""
    if not FREQUENCY_HZ[0] <= frequency_hz <= FREQUENCY_HZ[1]:
        return 0
    if duty_ppm < 80_000 or duty_ppm > 970_000:
        return 0                    # also 3..7 %: that asks for digital communication, which this car has not
    if duty_ppm < 100_000:
        return 6_000
    if duty_ppm <= 850_000:
        return (duty_ppm * 60 + 500) // 1000
    if duty_ppm <= 960_000:
        return ((duty_ppm - 640_000) * 250 + 500) // 1000
    return 80_000


class Generator:
    """What the firmware's pin makes of the pilot. Not driven, the board's pull-up holds it high: steady +12 V."""

    def __init__(self, inverted=False):
        self._inverted = inverted
        self.frequency_hz = 0
        self.duty_ppm = 1_000_000
        self.supplied = True

    def pwm(self, value):
        """`value` is (freq_hz, duty_ns), or None when the PWM was taken off the pin, which then floats."""
        if value is None:
            self.release()
            return
        frequency_hz, duty_ns = value
        duty_ppm = min(1_000_000, (duty_ns * frequency_hz + 500) // 1000)
        self._set(frequency_hz, duty_ppm)

    def level(self, level):
        """The pin is a plain output; None lets go of it."""
        if level is None:
            self.release()
        else:
            self._set(0, 1_000_000 if level else 0)

    def release(self):
        """Nobody drives the pin: the board's pull makes it steady +12 V."""
        self.frequency_hz, self.duty_ppm = 0, 1_000_000

    def _set(self, frequency_hz, duty_ppm):
        if self._inverted:
            duty_ppm = 1_000_000 - duty_ppm
        self.frequency_hz = frequency_hz if 0 < duty_ppm < 1_000_000 else 0
        self.duty_ppm = duty_ppm

    @property
    def duty_permille(self):
        """0 = steady -12 V, 1000 = steady +12 V."""
        return (self.duty_ppm + 500) // 1000
