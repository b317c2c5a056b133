"""The board: what cannot be read is not healthy, what cannot be written opens, and safe() is safe."""

import unittest

from firmware.safety.io_image import NOT_FITTED, Inputs, Outputs
from host_tests.drivers.chip import Chip, board_facts

RCD_TRIP, RDC_DD_TRIP, PE_OK, RCD_TEST, CP_DISCONNECT, COIL_1, COIL_2 = 13, 38, 44, 4, 22, 25, 26
FEEDBACK_1 = 32


class Broken:
    """A pin or converter that the chip refuses."""

    def value(self, *level):
        raise OSError(5)

    def read_uv(self):
        raise OSError(5)


class TestBoard(unittest.TestCase):
    def board(self, change=None):
        facts = board_facts()
        if change is not None:
            change(facts)
        self.chip = Chip(facts)
        self.addCleanup(self.chip.close)
        from firmware.drivers.board import Board
        self.inputs, self.outputs = Inputs(), Outputs()
        return Board(facts)

    def level(self, gpio):
        return self.chip.hal.driven.get(gpio)

    def test_inputs_are_read_as_the_board_wires_them(self):
        for inverted in (0, 1):
            def change(facts):
                if inverted:
                    facts["active_low"] = ["rcd_trip", "rdc_dd_trip", "pe_ok"]
            board = self.board(change)
            for level in (0, 1):
                for gpio in (RCD_TRIP, RDC_DD_TRIP, PE_OK):
                    self.chip.hal.set_pin(gpio, level)
                board.read(self.inputs, 1)
                found = (self.inputs.rcd_tripped, self.inputs.rdc_dd_tripped, self.inputs.pe_ok)
                self.assertEqual(found, (level ^ inverted,) * 3)
            self.assertEqual((self.inputs.lock_closed, self.inputs.pp_ohm), (NOT_FITTED, NOT_FITTED))   # tethered

    def test_outputs_are_written_as_the_board_wires_them(self):
        for inverted in (0, 1):
            def change(facts):
                if inverted:
                    facts["active_low"] = ["rcd_test", "cp_disconnect", "contactor_1"]
            board = self.board(change)
            self.assertEqual([self.level(gpio) for gpio in (RCD_TEST, CP_DISCONNECT, COIL_1)], [inverted] * 3)
            for level in (1, 0, 1):
                self.outputs.rcd_test = self.outputs.cp_disconnect = self.outputs.coil_1 = level
                board.write(self.outputs)
                self.assertEqual([self.level(gpio) for gpio in (RCD_TEST, CP_DISCONNECT, COIL_1)], [level ^ inverted] * 3)
            board.safe()
            self.assertEqual([self.level(gpio) for gpio in (RCD_TEST, CP_DISCONNECT, COIL_1)], [inverted] * 3)

    def test_pilot_is_sampled_each_tick_when_asked_and_else_every_second(self):
        board = self.board()
        counts = []
        for sample_pilot in (1, 1, 1, 0, 0, 0, 0, 1, 0, 0):
            board.read(self.inputs, sample_pilot)
            counts.append(self.inputs.cp_burst)
        self.assertEqual(counts, [1, 2, 3, 3, 4, 4, 5, 6, 6, 7])

    def break_pin(self, gpio):
        """From now on this pin raises; returns how to mend it."""
        import machine
        real = machine.Pin.value

        def value(pin, *level):
            if pin._n == gpio:
                raise OSError(5)
            return real(pin, *level)
        machine.Pin.value = value

        def mend():
            machine.Pin.value = real
        self.addCleanup(mend)
        return mend

    def test_input_that_cannot_be_read_is_unhealthy_and_named_and_the_others_are_read(self):
        for gpio, name, attribute, bad in ((PE_OK, "pe_ok", "pe_ok", 0), (RCD_TRIP, "residual_monitor", "rcd_tripped", 1),
                                           (FEEDBACK_1, "contactor_feedback", "feedback_1", NOT_FITTED)):
            board = self.board()
            for pin, level in ((PE_OK, 1), (RCD_TRIP, 0), (RDC_DD_TRIP, 0), (FEEDBACK_1, 0)):
                self.chip.hal.set_pin(pin, level)
            board.read(self.inputs, 1)
            healthy = (self.inputs.rcd_tripped, self.inputs.pe_ok, self.inputs.feedback_1)
            self.assertEqual(healthy, (0, 1, 0))
            mend = self.break_pin(gpio)
            board.read(self.inputs, 1)
            self.assertEqual(getattr(self.inputs, attribute), bad)
            self.assertEqual(board.errors, {name: 1})
            mend()
            board.read(self.inputs, 1)
            self.assertEqual((self.inputs.rcd_tripped, self.inputs.pe_ok, self.inputs.feedback_1), healthy)

    def test_line_that_nobody_drives_is_unhealthy(self):
        board = self.board()
        for gpio in (RCD_TRIP, RDC_DD_TRIP, PE_OK, FEEDBACK_1):
            self.chip.hal.set_pin(gpio, None)
        board.read(self.inputs, 1)
        inputs = self.inputs
        self.assertEqual((inputs.rcd_tripped, inputs.rdc_dd_tripped, inputs.pe_ok, inputs.feedback_1), (1, 1, 0, 1))

    def test_sampler_that_fails_gives_no_burst_and_is_named(self):
        board = self.board()
        board._sampler._adc = Broken()
        for _ in range(3):
            board.read(self.inputs, 1)
        self.assertEqual((self.inputs.cp_burst, board.errors), (0, {"pilot_sampler": 3}))

    def test_output_that_cannot_be_written_opens_the_coils(self):
        board = self.board()
        self.break_pin(RCD_TEST)
        self.outputs.coil_1 = self.outputs.coil_2 = 1
        board.write(self.outputs)
        self.assertEqual((self.level(COIL_1), self.level(COIL_2), board.errors), (0, 0, {"residual_monitor": 1}))

    def test_safe_means_coils_off_and_steady_12_v(self):
        board = self.board()
        self.outputs.coil_1 = self.outputs.coil_2 = 1
        self.outputs.pilot_high_ns = 266666
        board.write(self.outputs)
        board.safe()
        self.assertEqual((self.level(COIL_1), self.level(COIL_2), self.chip.hal.pwm_high_ns(33)), (0, 0, 1000000))

    def test_board_of_one_phase_never_offers_three_whatever_the_installation_is_set_to(self):
        """The default setting is three phases: a one-phase board without a meter reckoned three times the energy."""
        from firmware.safety.io_image import Fitted
        for board_phases, set_to, fitted in ((1, 3, 1), (1, 1, 1), (3, 3, 3), (3, 1, 1)):
            board = self.board(lambda facts, phases=board_phases: facts["limits"].update({"phases": phases}))
            self.assertEqual(board.complete(Fitted(phases=set_to)).phases, fitted)

    def test_mains_are_told_as_the_newest_look_found_them_however_seldom_somebody_asks(self):
        """Who asked found what had happened since the last one who asked: nothing at first, and mains that were long gone."""
        board = self.board(lambda facts: facts["pins"].update({"supply_1_pulses": 35, "pe_pulses": None}))
        for pulses, present in ((50, 1), (50, 1), (0, 1), (0, 0), (0, 0), (50, 1)):     # a second each, lost at once
            for _ in range(pulses or 1):
                self.chip.run_ms(1000 // (pulses or 1))
                if pulses or present:
                    self.chip.hal.set_pin(35, 0)
                    self.chip.hal.set_pin(35, 1)
            self.chip.run_ms(1)
            board.look()
            self.assertEqual(board.supply_present(), [present, None, None])
            self.assertEqual(board.supply_present(), [present, None, None])

    def test_board_with_nothing_optional_is_built_and_runs(self):
        def change(facts):
            from firmware.drivers.board_facts import PINS
            for name, _use, must in PINS:
                if not must and name != "cp_adc":
                    facts["pins"][name] = None
        board = self.board(change)
        board.read(self.inputs, 1)
        self.outputs.coil_1 = self.outputs.rcd_test = 1
        board.write(self.outputs)
        self.assertEqual((self.level(COIL_1), self.inputs.pe_ok, board.errors), (1, NOT_FITTED, {}))


if __name__ == "__main__":
    unittest.main()
