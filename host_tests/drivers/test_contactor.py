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
                contactor.write(outputs, outputs.coil_watchdog)
                self.assertEqual([self.level(COIL_1) ^ inverted, self.level(COIL_2) ^ inverted, self.level(WATCHDOG)],
                                 [coil_1, coil_2, watchdog])
                self.assertEqual(contactor.closed, coil_1 | coil_2)

    def test_off_takes_both_coils_and_says_so(self):
        for inverted in (0, 1):
            contactor = self.contactor(("contactor_1", "contactor_2") if inverted else ())
            outputs = Outputs()
            outputs.coil_1 = outputs.coil_2 = 1
            contactor.write(outputs, outputs.coil_watchdog)
            contactor.off()
            self.assertEqual([self.level(COIL_1), self.level(COIL_2)], [inverted, inverted])
            self.assertEqual(contactor.closed, 0)

    def test_coil_that_does_not_let_go_stops_the_pump_for_good(self):
        contactor = self.contactor()
        outputs = Outputs()
        outputs.coil_1 = 1
        contactor.write(outputs, 1)
        pin, contactor._coil_1 = contactor._coil_1, Dead()
        self.assertEqual(contactor.deaf, 0)
        contactor.off()                                # raises nothing: the guard calls it in the timer's callback
        self.assertEqual((contactor.closed, contactor.deaf), (0, 1))
        for tick in range(4):
            with self.assertRaises(OSError):
                contactor.write(outputs, tick & 1)
        self.assertEqual(self.level(WATCHDOG), 1)      # as it stood: no edge any more
        contactor._coil_1 = pin
        with self.assertRaises(OSError):
            contactor.write(outputs, 0)
        self.assertEqual((self.level(COIL_1), self.level(WATCHDOG)), (0, 1))    # and it is tried again in each tick
        self.assertEqual(contactor.deaf, 0)

    def test_either_coil_that_does_not_let_go_is_told(self):
        for name in ("_coil_1", "_coil_2"):
            contactor = self.contactor()
            setattr(contactor, name, Dead())
            contactor.off()
            self.assertEqual(contactor.deaf, 1, name)

    def test_board_with_one_coil_and_nothing_else_works(self):
        contactor = self.contactor((), contactor_2=None, coil_watchdog=None, contactor_feedback_1=None,
                                   contactor_feedback_2=None)
        outputs = Outputs()
        outputs.coil_1 = outputs.coil_watchdog = 1
        contactor.write(outputs, outputs.coil_watchdog)
        self.assertEqual((self.level(COIL_1), self.level(WATCHDOG)), (1, None))
        contactor.off()
        self.assertEqual(self.level(COIL_1), 0)


class TestFeedback(unittest.TestCase):
    def feedback(self, name, *values):
        self.chip = Chip()
        self.addCleanup(self.chip.close)
        from firmware.drivers import contactor
        self.inputs = Inputs()
        return getattr(contactor, name)(*values)

    def seen(self, feedback, one, two=None):
        self.chip.hal.set_pin(FEEDBACK_1, one)
        self.chip.hal.set_pin(FEEDBACK_2, two)
        feedback.read(self.inputs, 0)
        return self.inputs.feedback_1, self.inputs.feedback_2

    def test_contacts_are_read_as_the_board_wires_them(self):
        for open_1 in (0, 1):
            for open_2 in (0, 1):
                feedback = self.feedback("ContactFeedback", FEEDBACK_1, open_1, FEEDBACK_2, open_2, True)
                for one in (0, 1):
                    for two in (0, 1):
                        self.assertEqual(self.seen(feedback, one, two), (one ^ open_1, two ^ open_2))

    def test_series_of_mirror_contacts_leaves_the_second_feedback_out(self):
        feedback = self.feedback("ContactFeedback", FEEDBACK_1, 0, None, 0, True)
        self.assertEqual([self.seen(feedback, level) for level in (0, 1)], [(0, NOT_FITTED), (1, NOT_FITTED)])

    def test_broken_wire_of_a_mirror_contact_is_a_closed_contactor_and_of_another_contact_an_open_one(self):
        for mirror, shown in ((True, 1), (False, 0)):
            for open_level in (0, 1):
                feedback = self.feedback("ContactFeedback", FEEDBACK_1, open_level, FEEDBACK_2, open_level, mirror)
                self.assertEqual(self.seen(feedback, None), (shown, shown))

    def test_feedback_that_fails_is_believed_by_nobody(self):
        for feedback in (self.feedback("ContactFeedback", FEEDBACK_1, 0, FEEDBACK_2, 0, True),
                         self.feedback("LoadFeedback", FEEDBACK_1, FEEDBACK_2, 50)):
            self.inputs.feedback_1 = 0
            feedback.fail(self.inputs)
            self.assertEqual(self.inputs.feedback_1, NOT_FITTED)

    def test_load_side_pulses_say_closed_within_50_ms_and_open_within_80(self):
        for nominal_hz in (50, 100):
            feedback = self.feedback("LoadFeedback", FEEDBACK_1, None, nominal_hz)
            now_ms, told = 0, []
            for tick in range(60):
                feedback.read(self.inputs, now_ms)
                told.append(self.inputs.feedback_1)
                for step in range(10):
                    if 20 <= tick < 40 and (now_ms + step) % (1000 // nominal_hz) == 0:
                        self.chip.hal.set_pin(FEEDBACK_1, 0)
                        self.chip.hal.set_pin(FEEDBACK_1, 1)
                        self.chip.run_ms(1)                   # the interrupt's callback runs
                now_ms += 10
            self.assertEqual(told[:20], [0] * 20)
            self.assertEqual(told[25:40], [1] * 15, nominal_hz)
            self.assertEqual(told[48:], [0] * 12, nominal_hz)


class Dead:
    """A pin that raises."""

    def value(self, *level):
        raise OSError(5)


if __name__ == "__main__":
    unittest.main()
