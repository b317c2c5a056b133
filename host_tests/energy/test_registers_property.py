# cpython only: hypothesis and fractions
import struct
import unittest
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.energy.registers import format_from_text, milli_from_registers

SCALES = st.tuples(st.integers(-100000, 100000).filter(bool), st.sampled_from((1, 1, 10, 100, 1000)) | st.integers(1, 100000))


def rounded(value):
    """Halves away from zero, by fractions."""
    whole = int(abs(value) + Fraction(1, 2))
    return whole if value >= 0 else -whole


def words_reversed(data):
    return b"".join(data[i:i + 2] for i in range(len(data) - 2, -2, -2))


def check(data, letter, fmt, scale):
    num, den = scale
    value = struct.unpack(">" + letter, data)[0]
    bits = 8 * len(data)
    if letter in "fd":
        missing = value != value or abs(value) >= 2.0 ** 63
    elif letter.isupper():
        missing = value == 2 ** bits - 1
    else:
        missing = value in (2 ** (bits - 1) - 1, -2 ** (bits - 1))
    wanted = None if missing else rounded(Fraction(value) * num * 1000 / den)
    assert milli_from_registers(data, 0, format_from_text(fmt), num, den) == wanted
    if len(data) > 2:
        assert milli_from_registers(words_reversed(data), 0, format_from_text(fmt + "_lo"), num, den) == wanted


class TestAgainstStruct(unittest.TestCase):
    @settings(deadline=None)
    @given(st.binary(min_size=4, max_size=4), SCALES)
    def test_f32(self, data, scale):
        check(data, "f", "f32", scale)

    @settings(deadline=None)
    @given(st.binary(min_size=8, max_size=8), SCALES)
    def test_f64(self, data, scale):
        check(data, "d", "f64", scale)

    @settings(deadline=None)
    @given(st.floats(width=32), SCALES)
    def test_f32_that_floats_like(self, value, scale):
        check(struct.pack(">f", value), "f", "f32", scale)

    @settings(deadline=None)
    @given(st.floats(), SCALES)
    def test_f64_that_floats_like(self, value, scale):
        check(struct.pack(">d", value), "d", "f64", scale)

    @settings(deadline=None)
    @given(st.binary(min_size=8, max_size=8), SCALES)
    def test_integers(self, data, scale):
        for letter, fmt, size in (("H", "u16", 2), ("h", "s16", 2), ("I", "u32", 4), ("i", "s32", 4), ("Q", "u64", 8),
                                  ("q", "s64", 8)):
            check(data[:size], letter, fmt, scale)

    def test_markers_of_missing_values(self):
        for size, letter in ((2, "H"), (4, "I"), (8, "Q")):
            for lead in (b"\xff", b"\x7f", b"\x80"):
                for data in (lead + b"\xff" * (size - 1), lead + bytes(size - 1)):
                    check(data, letter, "u%d" % (8 * size), (1, 1))
                    check(data, letter.lower(), "s%d" % (8 * size), (1, 1))
