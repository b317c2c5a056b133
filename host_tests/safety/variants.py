"""The boards and starts of the clock that the tests of the core go through."""

import unittest

from firmware.safety import limits
from host_tests.safety.rig import Rig

WRAP = limits.TICKS_MASK + 1
STARTS = (0, WRAP - 700, WRAP - 2500, WRAP - 8000)    # the clock wraps in the self-test, before closing, under load
VARIANTS = (
    {},                                                       # two contactors, feedback, monitor's test, tethered
    {"contactors": 1, "phases": 1},
    {"lock": 1},
    {"contactors": 1, "feedback": 0},
    {"rcd_test": 0, "cp_disconnect": 1, "contactors": 2, "phases": 1},
    {"lock": 1, "feedback": 0, "rcd_test": 0, "contactors": 1, "phases": 1},
)


def begin(start_ms, fitted):
    """A rig; what it is gets printed, so that a failure shows on which board it was (a subTest cannot live in a generator)."""
    print("start_ms", start_ms, "fitted", fitted)
    return Rig(start_ms, **fitted)


class EachVariant(unittest.TestCase):
    """Runs its scenario on every board; the first from every start of the clock, the others from one each."""

    def rigs(self, **fitted):
        for index, variant in enumerate(VARIANTS):
            for start_ms in STARTS if index == 0 else (STARTS[index % len(STARTS)],):
                merged = dict(variant)
                merged.update(fitted)
                yield begin(start_ms, merged)

    def starts(self, **fitted):
        """One board from every start of the clock."""
        for start_ms in STARTS:
            yield begin(start_ms, fitted)
