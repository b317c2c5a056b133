"""A meter's map as it is polled: where each value stands in which answer. Made by meter_types.py, from the table or a setting."""
from micropython import const

VOLTAGE = const(0)      # places in the values: a quantity's place + 0 for L1 or the total, + 1 for L2, + 2 for L3
CURRENT = const(3)
POWER_PHASES = const(6)
ENERGY_PHASES = const(9)
POWER = const(12)
ENERGY = const(15)
PLACES = const(18)
POWER_OF_TEN = const(1)
FACTOR = const(2)


class MeterMap:
    """name: of the table, or generic · models, evidence: for people · places: what it measures · reads: (function, start, count,
    items, rare), items: (place, byte offset, format, num, den, by); by: 0, or where in the same answer a register stands that
    scales too (byte offset × 4 + kind). rare: nothing in it that must be known every second.
    has_holes: reads across registers that the meter may not have · modulus_mwh: where the energy register wraps (None: not known)
    · step_mwh: how coarse it counts (0: fine, or not known).
    """

    def __init__(self, name, models, evidence, places, reads, has_holes, modulus_mwh, step_mwh):
        self.name = name
        self.models = models
        self.evidence = evidence
        self.places = places
        self.reads = reads
        self.has_holes = has_holes
        self.modulus_mwh = modulus_mwh
        self.step_mwh = step_mwh

    def measures(self, place):
        """True when the map has a register for this quantity."""
        return place in self.places


def scaled_by(data, by, num, den):
    """(num, den) times what the register says that `by` of an item names; None where it says nonsense."""
    at = by >> 2
    if by & 3 == FACTOR:
        return num * (data[at] << 24 | data[at + 1] << 16 | data[at + 2] << 8 | data[at + 3]), den
    power = data[at] << 8 | data[at + 1]
    if power & 0x8000:
        power -= 0x10000
    if not -12 <= power <= 12:
        return None
    return (num * 10 ** power, den) if power >= 0 else (num, den * 10 ** -power)
