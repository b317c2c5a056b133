"""Register images of the meters that the charger knows, written down a second time and the other way round: a mistake on either
side shows. Runs on both interpreters (the unix VM's floats are double precision).

A map: (function codes, registers per read, words per value that must not be cut, ranges that answer zero where nothing is
measured, values). A value: (what, encoding, raw per V, A, W or Wh, addresses). What: U I W (of the phases), P E (totals),
EL (energy of the phases); with + or - behind it only what is drawn or fed back; a number is always that number.
"""
import struct


def f32(value):
    """IEEE 754 single."""
    return struct.pack(">f", value)


def f32_low(value):
    """IEEE 754 single, low word first."""
    data = f32(value)
    return data[2:] + data[:2]


def f64(value):
    """IEEE 754 double."""
    return struct.pack(">d", value)


def u16(value):
    """Unsigned 16 bits, at its end stops."""
    return struct.pack(">H", max(0, min(0xFFFE, int(value + 0.5))))


def i16(value):
    """Signed 16 bits."""
    return struct.pack(">h", _whole(value))


def u32(value):
    """Unsigned 32 bits, wraps."""
    return struct.pack(">I", _whole(value) % (1 << 32))


def i32(value):
    """Signed 32 bits."""
    return struct.pack(">i", _whole(value))


def i32_low(value):
    """Signed 32 bits, low word first."""
    data = i32(value)
    return data[2:] + data[:2]


def u64(value):
    """Unsigned 64 bits."""
    return struct.pack(">Q", _whole(value))


def i64(value):
    """Signed 64 bits."""
    return struct.pack(">q", _whole(value))


def _whole(value):
    return int(value + 0.5) if value >= 0 else -int(0.5 - value)


# What a meter sends where it has no value.
NOTHING = ((f32, b"\x7f\xc0\0\0"), (f32_low, b"\0\0\x7f\xc0"), (f64, b"\x7f\xf8\0\0\0\0\0\0"), (u16, b"\xff\xff"),
           (i16, b"\x7f\xff"), (u32, b"\xff" * 4), (i32, b"\x7f\xff\xff\xff"), (i32_low, b"\xff\xff\x7f\xff"), (u64, b"\xff" * 8),
           (i64, b"\x80\0\0\0\0\0\0\0"))

_EASTRON_3 = (("U", f32, 1, (0, 2, 4)), ("I", f32, 1, (6, 8, 10)), ("W", f32, 1, (12, 14, 16)), ("P", f32, 1, (52,)),
              (50, f32, 1, (70,)), ("E", f32, 0.001, (72,)), ("E-", f32, 0, (74,)))
_EASTRON_L = (("EL", f32, 0.001, (346, 348, 350)),)
_EASTRON_1 = ((4,), 80, 2, ((0, 90),), (("U", f32, 1, (0,)), ("I", f32, 1, (6,)), ("P", f32, 1, (12,)), (50, f32, 1, (70,)),
                                        ("E", f32, 0.001, (72,))))
_ABB = (("U", u32, 10, (23296, 23298, 23300)), ("U", u32, 17.3205, (23302, 23304, 23306)), ("I", u32, 100, (23308, 23310, 23312)),
        (0, u32, 1, (23314,)), ("P", i32, 100, (23316,)), ("W", i32, 100, (23318, 23320, 23322)), (5000, u16, 1, (23340,)),
        ("E", u64, 0.1, (20480,)), (0, u64, 1, (20484,)), ("EL", u64, 0.1, (21600, 21604, 21608)))
_GAVAZZI_UIP = (("U", i32_low, 10, (0, 2, 4)), ("I", i32_low, 1000, (12, 14, 16)), ("W", i32_low, 10, (18, 20, 22)),
                ("P", i32_low, 10, (40,)))
_EM340 = _GAVAZZI_UIP + (("E", i32_low, 0.01, (52,)), ("EL", i32_low, 0.01, (64, 66, 68)))
_TQ_PHASES = (("W+", u32, 10, (40, 80, 120)), ("W-", u32, 10, (42, 82, 122)), ("I", u32, 1000, (60, 100, 140)),
              ("U", u32, 1000, (62, 102, 142)))

MAPS = {
    "abb_b23": ((3,), 125, 1, (), _ABB),
    "abb_m1m": ((3,), 125, 1, ((23296, 23340),), (
        ("U", u32, 10, (23298, 23300, 23302)), ("I", u32, 100, (23312, 23314, 23316)), ("P", i32, 100, (23322,)),
        ("W", i32, 100, (23324, 23326, 23328)), ("E", u64, 0.1, (20482,)))),
    "bernecker_mpm3pm": ((3,), 125, 1, ((0, 60),), (
        ("E", u32, 0.1, (2,)), (0, u32, 1, (4,)), ("U", u32, 10, (8, 10, 12)), ("I", u32, 100, (14, 16, 18)),
        ("W", i32, 100, (20, 22, 24)), ("P", i32, 100, (38,)))),
    "bg_ds100": ((3,), 125, 1, ((1024, 1080),), (
        ("U", u32, 1000, (1024, 1026, 1028)), ("I", u32, 1000, (1040, 1042, 1044)), ("W", i32, 1, (1050, 1052, 1054)),
        ("P", i32, 1, (1056,)), ("E", u32, 0.1, (270,)), ("EL", u32, 0.1, (1290, 1390, 1490)))),
    "bg_ws100": ((3,), 125, 1, ((256, 300),), (
        ("U", u32, 1000, (256,)), ("I", u32, 1000, (258,)), ("P", i32, 1, (260,)), ("E", u32, 0.1, (270,)))),
    "carlo_gavazzi_em111": ((3, 4), 50, 1, ((0, 50),), (
        ("U", i32_low, 10, (0,)), ("I", i32_low, 1000, (2,)), ("P", i32_low, 10, (4,)), ("E", i32_low, 0.01, (16,)))),
    "carlo_gavazzi_em24": ((3, 4), 11, 1, (), _GAVAZZI_UIP + (
        ("E", i32_low, 0.01, (66,)), ("EL", i32_low, 0.01, (70, 72, 74)))),
    "carlo_gavazzi_em24_e1": ((4,), 11, 1, (), _EM340),
    "carlo_gavazzi_em340": ((3, 4), 50, 1, ((0, 80),), _EM340),
    "chint_ddsu666": ((3,), 125, 1, (), (
        ("U", f32, 1, (8192,)), ("I", f32, 1, (8194,)), ("P", f32, 0.001, (8196,)), ("E", f32, 0.001, (16384,)))),
    "chint_dtsu666": ((3,), 125, 1, (), (
        ("U", f32, 10, (8198, 8200, 8202)), ("I", f32, 1000, (8204, 8206, 8208)), ("P", f32, 10, (8210,)),
        ("W", f32, 10, (8212, 8214, 8216)), ("E", f32, 0.001, (4126,)), ("EL", f32, 0.001, (4128, 4130, 4132)))),
    "dzg_dvh4013": ((3,), 125, 1, (), (
        ("P+", u32, 10, (0,)), ("P-", u32, 10, (2,)), ("U", u32, 100, (4, 6, 8)), ("I", u32, 1000, (10, 12, 14)),
        ("E", u32, 1, (16384,)), ("EL", u32, 1, (16416, 16448, 16480)))),
    "eastron_sdm120": _EASTRON_1,
    "eastron_sdm230": _EASTRON_1,
    "eastron_sdm54": ((4,), 80, 2, ((0, 90),), _EASTRON_3 + _EASTRON_L),
    "eastron_sdm630": ((4,), 80, 2, ((0, 90),), _EASTRON_3 + _EASTRON_L),
    "eastron_sdm72d_v1": ((4,), 80, 2, ((0, 90),), _EASTRON_3[3:]),
    "eastron_sdm72d_v2": ((4,), 80, 2, ((0, 90),), _EASTRON_3),
    "eltako_dsz15d": ((4,), 125, 1, ((0, 80),), (
        ("U", u32, 100, (0, 2, 4)), ("I", u32, 100, (6, 8, 10)), ("W", i32, 1, (12, 14, 16)), ("P", i32, 1, (52,)),
        ("E", u32, 0.1, (72,)))),
    "finder_7m24": ((4,), 125, 1, ((2500, 2600),), (
        ("U", f32, 1, (2500,)), ("I", f32, 1, (2516,)), ("P", f32, 1, (2536,)), ("E", f32, 1, (2752,)))),
    "finder_7m38": ((4,), 125, 1, ((2500, 2600),), (
        ("U", f32, 1, (2500, 2502, 2504)), ("I", f32, 1, (2516, 2518, 2520)), ("W", f32, 1, (2530, 2532, 2534)),
        ("P", f32, 1, (2536,)), ("E", f32, 1, (2752,)))),
    "gossen_em238x": ((3, 4), 125, 1, ((0, 13), (100, 109), (200, 213), (300, 410)), (
        ("U", i16, 10, (4, 5, 6)), (-1, i16, 1, (12,)), ("I", i16, 100, (100, 101, 102)), (-2, i16, 1, (108,)),
        ("W", i16, 1, (200, 201, 202)), ("P", i16, 1, (203,)), (0, i16, 1, (212,)), ("E", u32, 0.1, (300,)), (10, u32, 1, (408,)))),
    "herholdt_ecsem113": ((3,), 125, 1, (), (
        ("W", i32, 100, (4151, 4153, 4155)), ("P", i64, 100, (4157,)), ("E", i64, 10, (4131,)))),
    "inepro_pro380": ((3,), 125, 1, ((20480, 20520), (24576, 24620)), (
        ("U", f32, 1, (20482, 20484, 20486)), ("I", f32, 1, (20492, 20494, 20496)), ("P", f32, 0.001, (20498,)),
        ("W", f32, 0.001, (20500, 20502, 20504)), ("E", f32, 0.001, (24588,)), ("EL", f32, 0.001, (24594, 24596, 24598)))),
    "janitza_b23": ((3, 4), 125, 1, ((19000, 19090),), (
        ("U", f32, 1, (19000, 19002, 19004)), ("I", f32, 1, (19012, 19014, 19016)), ("W", f32, 1, (19020, 19022, 19024)),
        ("P", f32, 1, (19026,)), ("EL", f32, 1, (19062, 19064, 19066)), ("E", f32, 1, (19068,)))),
    "lovato_dmg610": ((4,), 125, 1, ((1, 80),), (
        ("U", u32, 100, (1, 3, 5)), ("I", u32, 10000, (7, 9, 11)), ("W", i32, 100, (19, 21, 23)), ("P", i32, 100, (57,)),
        ("E", u64, 0.1, (6943,)))),
    "orno_we504": ((3,), 125, 1, ((0, 9),), (
        ("U", u16, 10, (0,)), ("I", u16, 10, (1,)), ("P", u16, 1, (3,)), ("E", u32, 1, (7,)))),
    "orno_we514": ((3,), 125, 1, ((304, 352),), (
        ("U", u16, 100, (305,)), ("I", u32, 1000, (313,)), ("P", u32, 1, (320,)), ("E", u32, 0.1, (40960,)))),
    "orno_we516": ((3,), 125, 1, (), (
        ("U", f32, 1, (14, 16, 18)), (50, f32, 1, (20,)), ("I", f32, 1, (22, 24, 26)), ("P", f32, 0.001, (28,)),
        ("W", f32, 0.001, (30, 32, 34)), ("E", f32, 0.001, (264,)), ("EL", f32, 0.001, (266, 268, 270)))),
    "orno_we525": ((4,), 125, 1, ((256, 300),), (
        ("U", i32, 1000, (256,)), ("I", i32, 1000, (258,)), ("P", i32, 1, (260,)), ("E", i32, 0.1, (270,)))),
    "phoenix_eem350": ((4,), 11, 1, (), _GAVAZZI_UIP + (("E", i32_low, 0.01, (62,)),)),
    "saia_ale3": ((3,), 125, 1, ((20, 60),), (
        ("E", u32, 0.1, (27,)), ("U", u16, 1, (35, 40, 45)), ("I", u16, 10, (36, 41, 46)), ("W", u16, 0.1, (37, 42, 47)),
        ("P", u16, 0.1, (50,)))),
    "schneider_iem2155": ((3,), 125, 1, (), (("I", f32, 1, (2999,)), ("U", f32, 1, (3027,)), ("P", f32, 0.001, (3059,)))),
    "schneider_iem3155": ((3,), 125, 1, ((2999, 3110),), (
        ("I", f32, 1, (2999, 3001, 3003)), ("U", f32, 1, (3027, 3029, 3031)), ("W", f32, 0.001, (3053, 3055, 3057)),
        ("P", f32, 0.001, (3059,)), ("E", i64, 1, (3203,)), ("EL", i64, 1, (3517, 3521, 3525)))),
    "siemens_pac1600": ((4,), 125, 1, ((1, 60),), (
        ("U", u32, 100, (1, 3, 5)), ("I", u32, 10000, (7, 9, 11)), ("P", i32, 100, (57,)), ("E", u32, 1, (6687,)))),
    "siemens_pac2200": ((3, 4), 80, 1, ((1, 80), (801, 930)), (
        ("U", f32, 1, (1, 3, 5)), ("I", f32, 1, (13, 15, 17)), ("W", f32, 1, (25, 27, 29)), ("P", f32, 1, (65,)),
        ("E", f64, 1, (801,)), ("EL", f64, 1, (841, 881, 921)))),
    "solaredge_mtr3y": ((4,), 125, 1, (), (
        ("E", f32_low, 0.001, (1002,)), ("P", f32_low, 1, (1008,)), ("W", f32_low, 1, (1010, 1012, 1014)),
        ("U", f32_low, 1, (1018, 1020, 1022)), ("EL", f32_low, 0.001, (1106, 1108, 1110)), ("I", f32_low, 1, (1162, 1164, 1166)))),
    "tq_em300": ((3,), 125, 1, ((0, 150),), (("P+", u32, 10, (0,)), ("P-", u32, 10, (2,))) + _TQ_PHASES + (
        ("E", u64, 10, (512,)), ("EL", u64, 10, (592, 672, 752)))),
}


def image(name, readings, has_values=True, dense=True):
    """{address: two bytes} of one meter. readings: as of meter.ModbusMeter. has_values False: everything says "not available";
    dense False: registers without a value do not exist."""
    words = {}
    _, _, _, zeros, values = MAPS[name]
    for first, end in zeros if dense else ():
        for register in range(first, end):
            words[register] = b"\0\0"
    for what, encode, per_unit, addresses in values:
        for value, address in zip(_values(what, readings), addresses):
            if has_values:
                data = encode(value * per_unit)
            else:
                data = [nothing for other, nothing in NOTHING if other is encode][0]
            for i in range(0, len(data), 2):
                words[address + i // 2] = data[i:i + 2]
    return words


def _values(what, readings):
    if not isinstance(what, str):
        return (what,)
    if what == "U":
        return [mv / 1000 for mv in readings.voltage_mv]
    if what == "I":
        return [ma / 1000 for ma in readings.current_ma]
    if what == "E":
        return (readings.energy_wh,)
    if what == "EL":
        return list(getattr(readings, "energy_phases_wh", None) or [readings.energy_wh / 3] * 3)
    values = _phase_watts(readings) if what[0] == "W" else (readings.power_w,)
    if what[1:] == "+":
        return [max(0, value) for value in values]
    if what[1:] == "-":
        return [max(0, -value) for value in values]
    return values


def _phase_watts(readings):
    """Watts of each phase: as given, or from U·I when the readings have only a total."""
    given = getattr(readings, "power_phases_w", None)
    if given is not None:
        return list(given)
    return [mv * ma / 1e6 for mv, ma in zip(readings.voltage_mv, readings.current_ma)]
