import struct
import unittest

from firmware.energy.registers import divide_rounded, format_from_text, milli_from_registers


def decode(hex_text, fmt, num=1, den=1):
    return milli_from_registers(bytes.fromhex(hex_text.replace(" ", "")), 0, format_from_text(fmt), num, den)


class TestIntegers(unittest.TestCase):
    def test_known_words(self):
        for text, fmt, value in (
                ("08FC", "u16", 2300), ("FFFE", "u16", 65534), ("8001", "s16", -32767), ("FFFF", "s16", -1),
                ("0001 0002", "u32", 65538), ("0002 0001", "u32_lo", 65538), ("FFFF FFFE", "s32", -2),
                ("FFFE FFFF", "s32_lo", -2), ("0000 0001 0000 0000", "u64", 1 << 32),
                ("0000 0000 0001 0000", "u64_lo", 1 << 32), ("FFFF FFFF FFFF FFF6", "s64", -10)):
            with self.subTest(text + " " + fmt):
                self.assertEqual(decode(text, fmt), value * 1000)

    def test_scale_is_exact_and_rounds_halves_away_from_zero(self):
        self.assertEqual(decode("08FD", "u16", 1, 10), 230100)
        self.assertEqual(decode("0000 0005", "u32", 1, 10000), 1)  # 0.5 thousandths
        self.assertEqual(decode("0000 0004", "u32", 1, 10000), 0)
        self.assertEqual(decode("FFFF FFFB", "s32", 1, 10000), -1)
        self.assertEqual(decode("0000 0001", "u32", -1, 10), -100)
        self.assertEqual(decode("0011 2233 4455 6677", "u64", 10), 0x0011223344556677 * 10000)

    def test_what_the_meter_does_not_know_is_none(self):
        for text, fmt in (("FFFF", "u16"), ("FFFFFFFF", "u32"), ("FFFFFFFF", "u32_lo"), ("FFFFFFFFFFFFFFFF", "u64"),
                          ("7FFF", "s16"), ("8000", "s16"), ("7FFFFFFF", "s32"), ("FFFF7FFF", "s32_lo"),
                          ("7FFFFFFFFFFFFFFF", "s64"), ("8000000000000000", "s64")):
            with self.subTest(text + " " + fmt):
                self.assertIsNone(decode(text, fmt))

    def test_unknown_formats_are_refused_by_name(self):
        for fmt in ("", "u8", "u17", "f16", "u16_lo", "s16_lo", "u32_hi", "U32", "u32_lo_"):
            with self.subTest(fmt):
                with self.assertRaises(ValueError) as caught:
                    format_from_text(fmt)
                self.assertIn("u16 s16", str(caught.exception))

    def test_divide_rounded_is_symmetric(self):
        for num in range(-50, 51):
            self.assertEqual(divide_rounded(num, 7), -divide_rounded(-num, 7))
        self.assertEqual([divide_rounded(n, 4) for n in (1, 2, 3, 5, 6)], [0, 1, 1, 1, 2])


class TestFloats(unittest.TestCase):
    def test_known_bits(self):
        for text, fmt, milli in (
                ("4366 199A", "f32", 230100), ("199A 4366", "f32_lo", 230100), ("C1C8 0000", "f32", -25000),
                ("0000 0000", "f32", 0), ("8000 0000", "f32", 0), ("0000 0001", "f32", 0), ("3A83 126F", "f32", 1),
                ("4B80 0000", "f32", 16777216000), ("5EFF FFFF", "f32", 0x7FFFFF80 * (1 << 32) * 1000),
                ("419D 6F34 5400 0000", "f64", 123456789000), ("0000 5400 6F34 419D", "f64_lo", 123456789000),
                ("3F40 624D D2F1 A9FC", "f64", 1), ("3F40 0000 0000 0000", "f64", 0), ("BFE0 0000 0000 0000", "f64", -500)):
            with self.subTest(text):
                self.assertEqual(decode(text, fmt), milli)

    def test_float_halves_round_away_from_zero_with_and_without_a_divisor(self):
        for value, num, den, milli in ((0.0625, 1, 1, 63), (-0.0625, 1, 1, -63), (-0.1875, 1, 1, -188), (0.1875, 1, 1, 188),
                                       (-0.0625, 3, 3, -63), (0.625, 1, 10, 63), (-0.625, 1, 10, -63), (-0.0625, -1, 1, 63)):
            for fmt, letter in (("f32", ">f"), ("f64", ">d")):
                data = struct.pack(letter, value)
                self.assertEqual(milli_from_registers(data, 0, format_from_text(fmt), num, den), milli, (value, num, den))

    def test_kilowatt_hours_keep_every_bit(self):
        # 123456.789 kWh in single precision is 123456.7890625 kWh
        self.assertEqual(decode("47F1 2065", "f32", 1000), 123456789063)

    def test_nan_infinity_and_absurd_size_are_none(self):
        for text, fmt in (("7FC00000", "f32"), ("FFC00000", "f32"), ("7F800000", "f32"), ("FF800000", "f32"),
                          ("7F800001", "f32"), ("5F000000", "f32"), ("7F7FFFFF", "f32"), ("7FF8000000000000", "f64"),
                          ("7FF0000000000000", "f64"), ("FFF0000000000000", "f64"), ("43E0000000000000", "f64")):
            with self.subTest(text):
                self.assertIsNone(decode(text, fmt))

    def test_agrees_with_the_interpreters_own_floats(self):
        for tenths in range(-30000, 30000, 37):
            data = struct.pack(">d", tenths / 10)
            self.assertEqual(milli_from_registers(data, 0, format_from_text("f64"), 1, 1), tenths * 100)

    def test_offset_is_where_it_reads(self):
        data = b"\xff\xff" + struct.pack(">f", 2.5) + b"\xff\xff"
        self.assertEqual(milli_from_registers(data, 2, format_from_text("f32"), 1, 1), 2500)


if __name__ == "__main__":
    unittest.main()
