"""Every kind of contactor feedback, for one contactor and for two: what it means to the core, closed, open, welded, stuck."""

import gc
import unittest

from firmware.safety import trips
from host_tests.drivers.charge import Charge, twin_facts

# kind, contactors, active low
BOARDS = (("mirror", 1, True), ("mirror", 2, False), ("mirror_series", 2, False), ("aux_no", 1, False), ("aux_no", 2, True),
          ("load_pulses", 1, False), ("load_pulses", 2, False))


class TestKinds(unittest.TestCase):
    def charge(self, kind, contactors, inverted):
        facts = twin_facts()
        facts["contactor"] = {"count": contactors, "feedback": kind}
        facts["has"]["weld_feedback"] = kind not in ("none", "aux_no")
        if contactors == 1:
            facts["pins"]["contactor_2"] = facts["pins"]["contactor_feedback_2"] = None
        if kind == "mirror_series":
            facts["pins"]["contactor_feedback_2"] = None
        if kind == "none":
            facts["pins"]["contactor_feedback_1"] = facts["pins"]["contactor_feedback_2"] = None
        if inverted:
            facts["active_low"] = facts["active_low"] + ["contactor_feedback_1", "contactor_feedback_2"]
        return Charge(facts=facts)

    def each(self, without=False):
        """(name, charge) of every kind; without: and of a board that has no feedback."""
        for name in BOARDS + ((("none", 1, False),) if without else ()):
            charge = self.charge(*name)
            try:
                yield name, charge
            finally:
                charge.close()
            charge = None
            gc.collect()

    def play(self, charge, ticks):
        for _ in range(ticks):
            charge.step()

    def test_charge_closes_and_stays_closed(self):
        for name, charge in self.each(True):
            self.assertTrue(charge.run_until(lambda charge: charge.closed, 200), name)
            self.play(charge, 60)
            self.assertEqual((charge.closed, charge.core.trips, charge.named), (1, 0, False), name)

    def test_vehicle_that_leaves_is_no_fault(self):
        for name, charge in self.each(True):
            charge.run_until(lambda charge: charge.closed, 200)
            self.play(charge, 20)
            charge.core.request.available = 0
            self.assertTrue(charge.run_until(lambda charge: not charge.closed, 150), name)
            self.play(charge, 60)
            self.assertEqual((charge.closed, charge.core.trips), (0, 0), name)

    def test_weld_is_told_by_every_kind_and_never_without_feedback(self):
        for name, charge in self.each(True):
            charge.run_until(lambda charge: charge.closed, 200)
            charge.welded = True
            charge.core.request.available = 0
            self.play(charge, 120)
            self.assertEqual(charge.core.trips & trips.WELDED, 0 if name[0] == "none" else trips.WELDED, name)

    def test_contactor_that_does_not_close_is_told(self):
        for name, charge in self.each():
            charge.stuck_open = True
            charge.run_until(lambda charge: charge.core.outputs.coil_1, 200)
            self.play(charge, 30)
            self.assertEqual((charge.core.trips, charge.core.outputs.coil_1), (trips.NOT_CLOSED, 0), name)


if __name__ == "__main__":
    unittest.main()
