import unittest

from tools.twin.meter import FAULTS, ModbusMeter, Quantities, with_crc


def frame(text):
    return with_crc(bytes.fromhex(text.replace(" ", "")))


class TestModbusMeter(unittest.TestCase):
    def setUp(self):
        self.readings = Quantities((230100, 231200, 229900), (16040, -15970, 0), 11050, 123456)
        self.sdm = ModbusMeter(self.readings)
        self.abb = ModbusMeter(self.readings, "abb_b23", 5)
        self.gavazzi = ModbusMeter(self.readings, "carlo_gavazzi_em340", 7)

    def test_crc_as_the_protocols_documents_print_it(self):
        self.assertEqual(frame("11 03 006B 0003")[-2:], bytes.fromhex("7687"))
        self.assertEqual(frame("01 04 0000 0002")[-2:], bytes.fromhex("71CB"))

    def test_eastron_voltage_and_energy_bits(self):
        self.assertEqual(self.sdm.request(frame("02 04 0000 0002")), frame("02 04 04 4366 199A"))
        # 123.456 kWh
        self.assertEqual(self.sdm.request(frame("02 04 0048 0002")), frame("02 04 04 42F6 E979"))

    def test_abb_integers(self):
        self.assertEqual(self.abb.request(frame("05 03 5B00 0002")), frame("05 03 04 0000 08FD"))
        self.assertEqual(self.abb.request(frame("05 03 5B14 0002")), frame("05 03 04 0010 DC68"))
        self.assertEqual(self.abb.request(frame("05 03 5000 0004")), frame("05 03 08 0000 0000 0000 303A"))

    def test_carlo_gavazzi_sends_the_low_word_first(self):
        self.assertEqual(self.gavazzi.request(frame("07 04 000C 0004")), frame("07 04 08 3EA8 0000 C19E FFFF"))
        self.assertEqual(self.gavazzi.request(frame("07 03 0028 0002")), frame("07 03 04 AFA4 0001"))

    def test_readings_are_taken_at_the_moment_of_the_request(self):
        before = self.sdm.request(frame("02 04 0048 0002"))
        self.readings.energy_wh += 1
        self.assertNotEqual(self.sdm.request(frame("02 04 0048 0002")), before)

    def test_others_broken_frames_and_broadcasts_get_silence(self):
        good = frame("02 04 0000 0002")
        for bad in (frame("03 04 0000 0002"), frame("00 04 0000 0002"), good[:-1], good + b"\x55", b"", b"\x02",
                    good[:-1] + bytes((good[-1] ^ 1,)), bytes((good[0] ^ 4,)) + good[1:]):
            self.assertIsNone(self.sdm.request(bad))
        self.assertEqual(self.sdm.requests, 0)

    def test_what_it_does_not_have_is_an_exception(self):
        for asked, answer in (("02 03 0000 0002", "02 83 01"), ("02 06 0000 0001", "02 86 01"),
                              ("02 04 0000 0000", "02 84 03"), ("02 04 0000 0051", "02 84 03"),
                              ("02 04 0001 0002", "02 84 02"), ("02 04 0000 0003", "02 84 02"),
                              ("02 04 0100 0002", "02 84 02"), ("02 04 0058 0004", "02 84 02"),
                              ("02 04 00", "02 84 03")):
            self.assertEqual(self.sdm.request(frame(asked)), frame(answer), asked)
        self.assertEqual(self.gavazzi.request(frame("07 04 0000 0033")), frame("07 84 03"))
        self.assertEqual(self.abb.request(frame("05 04 5B00 0002")), frame("05 84 01"))
        self.assertEqual(self.abb.request(frame("05 03 5B30 0002")), frame("05 83 02"))

    def test_faults(self):
        asked = frame("02 04 0000 0002")
        good = self.sdm.request(asked)
        self.assertEqual(self.sdm.delay_ms, 0)
        answers = {}
        for fault in FAULTS:
            self.sdm.fault = fault
            answers[fault] = self.sdm.request(asked)
        self.assertIsNone(answers["silent"])
        self.assertEqual(answers["slow"], good)
        self.assertEqual(answers["crc"][:-1], good[:-1])
        self.assertNotEqual(answers["crc"], good)
        self.assertEqual(answers["truncated"], good[:len(good) // 2])
        self.assertEqual(answers["exception"], frame("02 84 04"))
        self.assertEqual(answers["not_available"], frame("02 04 04 7FC0 0000"))
        self.assertNotEqual(answers["babble"][:3], good[:3])
        self.sdm.fault = "slow"
        self.assertGreater(self.sdm.delay_ms, 1000)

    def test_unknown_names_are_refused(self):
        with self.assertRaises(ValueError):
            ModbusMeter(self.readings, "sdm631")
        self.sdm.fault = "tired"
        with self.assertRaises(ValueError):
            self.sdm.request(frame("02 04 0000 0002"))


if __name__ == "__main__":
    unittest.main()
