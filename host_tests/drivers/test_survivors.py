"""Trips that a reset must not end, in RTC memory behind the reset marker."""

import unittest

from host_tests.drivers.chip import Chip


class TestSurvivors(unittest.TestCase):
    def setUp(self):
        self.chip = Chip()
        from firmware.drivers import reset_marker, survivors
        self.marker, self.survivors = reset_marker, survivors

    def tearDown(self):
        self.chip.close()

    def test_bits_are_read_back_and_the_marker_beside_them_stays(self):
        self.assertEqual(self.survivors.read(), 0)
        self.marker.mark("update")
        self.survivors.keep(0b1011)
        self.assertEqual(self.survivors.read(), 0b1011)
        self.assertEqual(self.marker.read()["reason"], "update")
        self.marker.mark("command")
        self.assertEqual(self.survivors.read(), 0b1011)
        self.survivors.keep(0)
        self.assertEqual(self.survivors.read(), 0)

    def test_damaged_block_is_none(self):
        import machine
        self.survivors.keep(3)
        for index in range(self.marker.LENGTH, self.marker.LENGTH + 12):
            data = bytearray(machine.RTC().memory())
            data[index] ^= 4
            machine.RTC().memory(bytes(data))
            self.assertEqual(self.survivors.read(), 0)
            data[index] ^= 4
            machine.RTC().memory(bytes(data))
        self.assertEqual(self.survivors.read(), 3)


if __name__ == "__main__":
    unittest.main()
