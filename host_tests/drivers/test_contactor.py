"""Coils off from the first moment; feedback as the board wires it; off() from anywhere."""

import unittest

from firmware.safety.io_image import NOT_FITTED, Inputs, Outputs
from host_tests.drivers.chip import Chip, board_facts

COIL_1, COIL_2, WATCHDOG, FEEDBACK_1, FEEDBACK_2 = 25, 26, 27, 32, 37


class TestContactor(unittest.TestCase):
    def contactor(self, active_low=(), **pins):
        self.chip = Chip()
        self.addCleanup(self.chip.close)
        self.pins = board_facts()["pins"]
        self.pins.update(pins)
        from firmware.drivers.contactor import Contactor
        return Contactor(self.pins, active_low)

    def level(self, gpio):
        return self.chip.hal.driven.get(gpio)

    def test_coils_are_off_from_the_first_moment(self):
        self.contactor()
        self.assertEqual([self.level(gpio) for gpio in (COIL_1, COIL_2, WATCHDOG)], [0, 0, 0])
        self.contactor(("contactor_1", "contactor_2"))
        self.assertEqual([self.level(gpio) for gpio in (COIL_1, COIL_2)], [1, 1])
        for gpio in (COIL_1, COIL_2):                  # no edge before: driven once only
            self.assertEqual(len(self.chip.hal.history.get(gpio)), 1)

    def test_outputs_are_followed(self):
        for inverted in (0, 1):
            contactor = self.contactor(("contactor_1", "contactor_2") if inverted else ())
            outputs = Outputs()
            for coil_1, coil_2, watchdog in ((1, 0, 1), (1, 1, 0), (0, 1, 1), (0, 0, 0)):
                outputs.coil_1, outputs.coil_2, outputs.coil_watchdog = coil_1, coil_2, watchdog
                contactor.write(outputs)
                self.assertEqual([self.level(COIL_1) ^ inverted, self.level(COIL_2) ^ inverted, self.level(WATCHDOG)],
                                 [coil_1, coil_2, watchdog])
                self.assertEqual(contactor.closed, coil_1 | coil_2)

    def test_off_takes_both_coils_and_says_so(self):
        for inverted in (0, 1):
            contactor = self.contactor(("contactor_1", "contactor_2") if inverted else ())
            outputs = Outputs()
            outputs.coil_1 = outputs.coil_2 = 1
            contactor.write(outputs)
            contactor.off()
            self.assertEqual([self.level(COIL_1), self.level(COIL_2)], [inverted, inverted])
            self.assertEqual(contactor.closed, 0)

    def test_feedback_is_read_as_the_board_wires_it(self):
        for active_low in ((), ("contactor_feedback_1",), ("contactor_feedback_2",)):
            contactor = self.contactor(active_low)
            inputs = Inputs()
            for one in (0, 1):
                for two in (0, 1):
                    self.chip.hal.set_pin(FEEDBACK_1, one)
                    self.chip.hal.set_pin(FEEDBACK_2, two)
                    contactor.read(inputs)
                    self.assertEqual(inputs.feedback_1, one ^ (1 if "contactor_feedback_1" in active_low else 0))
                    self.assertEqual(inputs.feedback_2, two ^ (1 if "contactor_feedback_2" in active_low else 0))

    def test_board_with_one_coil_and_nothing_else_works(self):
        contactor = self.contactor((), contactor_2=None, coil_watchdog=None, contactor_feedback_1=None,
                                   contactor_feedback_2=None)
        inputs, outputs = Inputs(), Outputs()
        contactor.read(inputs)
        self.assertEqual((inputs.feedback_1, inputs.feedback_2), (NOT_FITTED, NOT_FITTED))
        outputs.coil_1 = outputs.coil_watchdog = 1
        contactor.write(outputs)
        self.assertEqual((self.level(COIL_1), self.level(WATCHDOG)), (1, None))
        contactor.off()
        self.assertEqual(self.level(COIL_1), 0)


if __name__ == "__main__":
    unittest.main()
