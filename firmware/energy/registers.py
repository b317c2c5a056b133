"""Numbers out of Modbus registers: big-endian 16-bit words become exact integers, never floats.

A format is a text: `u16 s16 u32 s32 u64 s64 f32 f64`, with `_lo` behind it when the least significant word comes first
(`s32_lo`). Floating point registers are taken apart by their bits (IEEE 754), because the ESP32 computes in single
precision and a meter above 16 777 kWh would lose watt-hours.
"""
from micropython import const

_FORMATS = ("u16", "s16", "u32", "s32", "u64", "s64", "f32", "f64")
_UNSIGNED = const(0)
_SIGNED = const(1)
_FLOAT = const(2)

# A float of this size or more is nonsense for a meter; the bound also keeps the shifts small.
_LARGEST_EXPONENT = 63
_SMALLEST_EXPONENT = -200


def format_from_text(text):
    """A format as one small integer, for what is below. ValueError names those that exist."""
    if text[:3] not in _FORMATS or text[3:] not in ("", "_lo") or text[1:] == "16_lo":
        raise ValueError("format %r is not one of %s (_lo behind it: low word first)" % (text, " ".join(_FORMATS)))
    return "usf".index(text[0]) << 4 | (8 if text[3:] else 0) | int(text[1:3]) // 16


def words_of(fmt):
    """16-bit registers of a format."""
    return fmt & 7


def is_float(fmt):
    """True for f32 and f64."""
    return fmt >> 4 == _FLOAT


def is_signed(fmt):
    """True for s16, s32 and s64."""
    return fmt >> 4 == _SIGNED


def milli_from_registers(data, offset, fmt, num, den):
    """The value at byte `offset` of `data` times num/den, in thousandths; None when the meter says "not available".

    fmt comes from format_from_text(). Halves are rounded away from zero. Not available are: NaN, infinity and absurd floats,
    unsigned all ones, and the largest and smallest signed value (ABB sends FFFF… and 7FFF…, Schneider 8000…).
    """
    kind = fmt >> 4
    words = fmt & 7
    if fmt & 15 == 2:
        raw = data[offset] << 24 | data[offset + 1] << 16 | data[offset + 2] << 8 | data[offset + 3]
    else:
        raw = _raw(data, offset, words, fmt & 8)
    if kind == _FLOAT:
        return _milli_from_float_bits(raw, words, num, den)
    bits = 16 * words
    if kind == _UNSIGNED:
        if raw == (1 << bits) - 1:
            return None
    else:
        half = 1 << (bits - 1)
        if raw == half or raw == half - 1:
            return None
        if raw > half:
            raw -= 1 << bits
    return divide_rounded(raw * num * 1000, den)


def divide_rounded(num, den):
    """num / den as an integer, halves away from zero; den > 0."""
    if num < 0:
        return -((2 * -num + den) // (2 * den))
    return (2 * num + den) // (2 * den)


def _raw(data, offset, words, low_word_first):
    raw = 0
    for i in range(words):
        at = offset + 2 * (words - 1 - i if low_word_first else i)
        raw = raw << 16 | data[at] << 8 | data[at + 1]
    return raw


def _milli_from_float_bits(raw, words, num, den):
    if words == 2:
        fraction_bits, bias, exponent_mask = 23, 127, 0xFF
    else:
        fraction_bits, bias, exponent_mask = 52, 1023, 0x7FF
    negative = raw >> (16 * words - 1)
    exponent = raw >> fraction_bits & exponent_mask
    mantissa = raw & (1 << fraction_bits) - 1
    if exponent == exponent_mask:
        return None  # NaN or infinity
    if exponent == 0:
        exponent = 1  # subnormal: no hidden one
    else:
        mantissa |= 1 << fraction_bits
    exponent -= bias
    if exponent >= _LARGEST_EXPONENT:
        return None
    if exponent < _SMALLEST_EXPONENT:
        return 0
    shift = exponent - fraction_bits
    value = mantissa * (num * 1000)
    if negative:
        value = -value
    if shift >= 0:
        return divide_rounded(value << shift, den)
    if den == 1:  # most meters: a shift instead of a division; + half, and for negative values half less an ulp
        return (value + (1 << -shift - 1) - (value < 0)) >> -shift
    return divide_rounded(value, den << -shift)
