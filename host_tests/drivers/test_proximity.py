"""Proximity pilot: the cable's resistor as the board's circuit shows it, and nothing in between while a plug moves."""

import unittest

from firmware.safety.io_image import Inputs
from firmware.safety.proximity_pilot import IMPOSSIBLE, NOT_PLUGGED, CableReader, rating_a_from_ohm
from host_tests.drivers.chip import Chip

PP = 35
CIRCUITS = ((1000, 3300, 1000000), (680, 3300, 1000000), (1000, 5000, 500000))    # pull-up, reference, divider


class TestProximity(unittest.TestCase):
    def proximity(self, circuit=CIRCUITS[0]):
        self.chip = Chip()
        self.addCleanup(self.chip.close)
        from firmware.drivers.proximity import ProximityInput
        self.circuit = circuit
        self.inputs = Inputs()
        return ProximityInput(PP, *circuit)

    def put(self, ohm, error_mv=0):
        pull_ohm, reference_mv, a_ppm = self.circuit
        uv = reference_mv * 1000 * ohm // (ohm + pull_ohm) * a_ppm // 1000000 + error_mv * 1000
        self.chip.hal.set_adc(PP, min(uv, 3300000))

    def rating(self, proximity, ticks=16):
        reader = CableReader(1)
        for _ in range(ticks):
            proximity.read(self.inputs, 0)
            reader.update(self.inputs.pp_ohm)
        return reader.rating_a

    def test_every_cable_is_known_on_every_circuit(self):
        for circuit in CIRCUITS:
            proximity = self.proximity(circuit)
            for ohm, rating_a in ((100, 63), (220, 32), (680, 20), (1500, 13), (1000000, NOT_PLUGGED), (20, IMPOSSIBLE)):
                self.put(ohm)
                self.assertEqual(self.rating(proximity), rating_a, (circuit, ohm))

    def test_resistor_is_right_within_three_percent(self):
        for circuit in CIRCUITS:
            proximity = self.proximity(circuit)
            for ohm in (140, 220, 330, 680, 1000, 1500, 2200):
                self.put(ohm)
                self.rating(proximity)
                self.assertTrue(abs(self.inputs.pp_ohm - ohm) * 100 <= 3 * ohm + 100, (circuit, ohm, self.inputs.pp_ohm))

    def test_tolerances_of_resistor_and_converter_together_change_no_rating_of_20_32_and_13_a(self):
        # resistor 3 %, converter 60 mV without calibration; 100 ohm at 75 reads as a short in the worst case: no current then
        proximity = self.proximity()
        for ohm, rating_a in ((220, 32), (680, 20), (1500, 13)):
            for worst in (ohm * 97 // 100, ohm * 103 // 100):
                for error_mv in (-60, 60):
                    self.put(worst, error_mv)
                    self.assertEqual(self.rating(proximity), rating_a, (worst, error_mv, self.inputs.pp_ohm))

    def test_saturated_converter_is_no_cable(self):
        proximity = self.proximity()
        self.chip.hal.set_adc(PP, 3050000)              # where an ESP32 ends
        self.assertEqual(self.rating(proximity), NOT_PLUGGED)

    def test_plug_that_slides_in_shows_no_other_cable(self):
        proximity = self.proximity()
        self.put(1000000)
        self.rating(proximity)
        seen = set()
        for tick in range(48):
            if tick == 3:
                self.put(680)                           # its contact touches
            elif tick == 5:
                self.put(1000000)
            elif tick == 6:
                self.put(220)
            proximity.read(self.inputs, 0)
            seen.add(rating_a_from_ohm(self.inputs.pp_ohm))
        self.assertEqual(seen, set((NOT_PLUGGED, 32)))

    def test_loose_contact_ends_as_an_impossible_cable(self):
        proximity = self.proximity()
        self.put(220)
        self.assertEqual(self.rating(proximity), 32)
        for tick in range(40):
            self.put(1000000 if tick % 3 else 220)
            proximity.read(self.inputs, 0)
        self.assertEqual(rating_a_from_ohm(self.inputs.pp_ohm), IMPOSSIBLE)

    def test_input_that_fails_is_impossible_until_a_whole_window_was_read(self):
        proximity = self.proximity()
        self.put(220)
        self.rating(proximity)
        proximity.fail(self.inputs)
        self.assertEqual(rating_a_from_ohm(self.inputs.pp_ohm), IMPOSSIBLE)
        for tick in range(8):
            proximity.read(self.inputs, 0)
            self.assertEqual(rating_a_from_ohm(self.inputs.pp_ohm), IMPOSSIBLE if tick < 7 else 32)


if __name__ == "__main__":
    unittest.main()
