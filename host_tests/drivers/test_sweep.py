"""Whatever device call fails, and however: the contactor is open in time, the trouble has a name, and nothing travels.

A sample of the sweep: every device call there is, at its first and at its first under power. `python -m host_tests.drivers.sweep`
walks all of them.
"""

import sys
import unittest

from host_tests.drivers.charge import KINDS, Charge
from host_tests.drivers.sweep import ALL, DEAD, ONCE, TOLERATED, calls, run

EVERY = 1 if sys.implementation.name == "cpython" else 6       # the whole sample on CPython, some of it on MicroPython


class TestSweep(unittest.TestCase):
    def sample(self):
        """[(number, mode)]"""
        seen, with_power = calls()
        chosen, first, powered = [], set(), set()
        for number, name in seen:
            if name not in first:
                first.add(name)
                chosen.append((number, DEAD))
            if number >= with_power and name not in powered:
                powered.add(name)
                chosen += [(number, DEAD), (number, ONCE)]
        chosen += [(number, ALL) for number in (0, 20, with_power // 2, with_power - 1, len(seen) - 1)]
        self.assertGreater(len(first), 40)
        self.assertGreater(len(powered), 15)
        return chosen

    def test_sample_ends_with_an_open_contactor_a_name_and_nothing_that_travelled(self):
        wrong = []
        for place, (number, mode) in enumerate(self.sample()):
            if place % EVERY == 0:
                name, why = run(number, KINDS[place % 3], mode)
                if why is not None:
                    wrong.append("call %d, %s, %s: %s" % (number, name, mode, why))
        self.assertEqual(wrong, [])

    def test_driver_that_cannot_be_built_is_named_and_closes_nothing(self):
        for name, driver in (("Pin(25)", "contactor"), ("PWM(33)", "pilot_pwm"), ("ADC(36)", "pilot_sampler"),
                             ("Pin.irq(13)", "rcd_trip"), ("Pin(44)", "pe_ok"), ("ADC(35)", "proximity_pilot"),
                             ("Pin(40)", "lock"), ("Pin(43)", "coil_supply"), ("Pin(50)", "input_enable")):
            charge = Charge(lambda _number, call: OSError if call == name else None)
            self.addCleanup(charge.close)
            for _ in range(20):
                charge.step()
            self.assertEqual((list(charge.board.errors), charge.closed, charge.travelled), ([driver], 0, None), name)
            self.assertEqual(charge.board.write(charge.core.outputs), False)

    def test_sweep_itself_would_notice(self):
        # a good charge stays closed, and so does one with a call that is tolerated: what is asked of the others is asked in earnest
        charge = Charge()
        self.addCleanup(charge.close)
        self.assertTrue(charge.run_until(lambda charge: charge.closed, 200))
        for _ in range(60):
            charge.step()
        self.assertEqual((charge.closed, charge.named), (1, False))
        self.assertIn("ADC.read_uv(36)", TOLERATED)


if __name__ == "__main__":
    unittest.main()
