"""The pilot circuits that are judged, and how far their parts may be from what is printed on them.

Tolerances are those of IEC 61851-1 annex A for the pilot (generator +-12 V +-0.6 V, source 1 kohm +-3 %, vehicle resistors +-3 %,
diode 0.55 to 0.85 V, capacities as listed there), of the parts for the dividers (1 %, 3.3 V +-2 %, a reference 0.5 %), and of the
makers' data sheets for the converters: ESP32 +-60 mV from 150 to 2450 mV at 11 dB, ESP32-S3 +-50 mV to 2900 mV at 12 dB.
"""
from collections import namedtuple

from tools.twin.waveform import STEADY_US, Circuit, Wave

# name, kind of cp.sensing, chip, r1 r2 r3 kohm, reference (mV, tolerance), pin nF, buffered, calibrated by (states), boards, note,
# tolerance of the +-12 V
Row = namedtuple("Row", "name kind chip r1 r2 r3 reference pin_nf buffered points boards note rails", defaults=(0.05,))

V33 = 3300, 0.02
V25 = 2500, 0.005
RAILS = ("F", "A")              # calibrated at steady -12 V and steady +12 V, without a vehicle
SHORT = ("E", "A")              # pilot shorted to PE, and steady +12 V: where -12 V lies below what the converter can read
PLUG = ("E", "C", "B", "A")     # and with the loads of a test plug: where +12 V lies above it
FULL, POSITIVE, PEAK = "full_range", "positive_comparator", "peak_detector"

CIRCUITS = (
    Row("P1", FULL, "esp32", 220, 47, 36, V33, 0.33, False, RAILS, "", "220 k / 47 k / 36 k, 330 pF"),
    Row("P1b", FULL, "esp32", 100, 22, 16, V33, 0.47, False, RAILS, "twin", "100 k / 22 k / 16 k, 470 pF"),
    Row("P1c", FULL, "esp32", 100, 16, 18, V25, 0.47, False, RAILS, "", "100 k / 16 k to 2.5 V / 18 k, 470 pF"),
    Row("P2", FULL, "esp32", 11, 2.2, 1.8, V33, 4.7, True, RAILS, "", "buffered, 11 k / 2.2 k / 1.8 k, 4.7 nF"),
    Row("S3-1", FULL, "esp32s3", 100, 20, 24.9, V33, 0.47, False, RAILS, "", "100 k / 20 k / 24.9 k, 470 pF"),
    Row("esp32-evse", FULL, "esp32", 270, 68, 56, V33, 0.33, False, SHORT, "esp32-evse-devkitc",
        "270 k / 68 k / 56 k, 330 pF"),
    Row("esp32-evse, 1 nF", FULL, "esp32", 270, 68, 56, V33, 1.0, False, SHORT, "", "270 k / 68 k / 56 k, 1 nF"),
    Row("SmartEVSE v3", FULL, "esp32", 40.2, 10, 15, V33, 1.0, True, PLUG, "smartevse-v3 smartevse-v3.1",
        "buffered, 40.2 k / 10 k / 15 k, 1 nF, ±12 V within 2 %", 0.02),
    Row("SmartEVSE v3, 5 %", FULL, "esp32", 40.2, 10, 15, V33, 1.0, True, PLUG, "", "the same, ±12 V within 5 %"),
    Row("P3", POSITIVE, "esp32", 100, 0, 22, V33, 0.47, False, (), "esp32-wrover", "100 k / 22 k, 470 pF, comparator at -10.4 V"),
    Row("P3 low", POSITIVE, "esp32", 47, 0, 10, V33, 1.0, False, (), "", "47 k / 10 k, 1 nF, comparator at -10.4 V"),
    Row("S3-2", POSITIVE, "esp32s3", 100, 0, 27, V33, 0.22, False, (), "esp32-s3", "100 k / 27 k, 220 pF, comparator at -10.4 V"),
    Row("P1b peak", PEAK, "esp32", 100, 22, 16, V33, 100, True, RAILS, "", "peak detectors 22 nF / 4.7 M, then 100 k/22 k/16 k"),
    Row("S3-1 peak", PEAK, "esp32s3", 100, 20, 24.9, V33, 100, True, RAILS, "", "peak detectors, then 100 k / 20 k / 24.9 k"),
)

# converter: error from offset and gain at the ends, bow between them, both mV; floor; knee, share lost above it, end of the range
CONVERTERS = {
    "esp32": {"error_mv": 45, "bow_mv": 15, "floor_mv": (75, 150), "knee_mv": 2450, "knee_loss": (0.0, 0.1),
              "top_mv": (3100, 3200)},
    "esp32s3": {"error_mv": 40, "bow_mv": 10, "floor_mv": (0, 20), "knee_mv": 2900, "knee_loss": (0.0, 0.05),
                "top_mv": (3100, 3300)},
}
DRIFT_MV = 10            # of the converter and its reference since the calibration (temperature, supply); assumed
DRIFT_REFERENCE = 0.002  # of the divider's reference since then; assumed
METER = 0.005            # multimeter that calibrated it, of its reading


class Pick:
    """Chooses within tolerances: `how` is "corner" (each value at one of its ends), "even" (anywhere) or "nominal"."""

    def __init__(self, rng, how):
        self._rng = rng
        self.how = how

    def __call__(self, low, high):
        if self.how == "corner":
            return low if self._rng.random() < 0.5 else high
        if self.how == "even":
            return low + (high - low) * self._rng.random()
        return (low + high) / 2

    def around(self, value, share):
        return value * self(1 - share, 1 + share)


def nominal(row):
    """(a_ppm, b_uv) that the board file of this circuit holds. A divider to ground also loads the 1 kohm of the source."""
    to_ground = 1 / row.r3 + (1 / row.r2 if row.r2 else 0)
    total = to_ground + 1 / row.r1
    shift_mv = row.reference[0] / row.r2 / total if row.r2 else 0
    load = 1 if row.r2 or row.buffered else (row.r1 + row.r3) / (row.r1 + row.r3 + 1)
    return int(1e6 / row.r1 / total * load + 0.5), int(shift_mv * 1000 + 0.5)


def charger(row, pick):
    """Values of one charger with this circuit, for tools.twin.waveform.Circuit."""
    converter = CONVERTERS[row.chip]
    floor_mv = pick(*converter["floor_mv"])
    at_ends_mv = pick(-1, 1) * converter["error_mv"]
    gain_part = pick(0, 1)                         # of the error at the ends so much comes from the gain, which turns at 1300 mV
    return {
        "plus_mv": pick.around(12_000, row.rails), "minus_mv": -pick.around(12_000, row.rails),
        "source_kohm": pick.around(1.0, 0.03),
        "rise_us": pick(0.5, 2.5), "line_nf": pick(0.3, 3.1),
        "r1_kohm": pick.around(row.r1, 0.01), "r2_kohm": pick.around(row.r2, 0.01), "r3_kohm": pick.around(row.r3, 0.01),
        "reference_mv": pick.around(*row.reference), "pin_nf": pick.around(row.pin_nf, 0.1), "buffered": row.buffered,
        "clamp_mv": -250, "comparator_mv": pick(-10_860, -9_950),
        "hold_us": pick(85_000, 125_000), "detector_mv": pick(-20, 20),
        "offset_mv": at_ends_mv * (1 - gain_part), "gain": 1 + at_ends_mv * gain_part / 1150,
        "bow_mv": pick(-1, 1) * converter["bow_mv"],
        "floor_mv": floor_mv, "floor_read_mv": pick(0, floor_mv), "knee_mv": converter["knee_mv"],
        "knee_loss": pick(*converter["knee_loss"]), "top_mv": pick(*converter["top_mv"]),
    }


def vehicle(pick):
    """Values of one vehicle."""
    return {"b_kohm": pick.around(2.74, 0.03), "c_kohm": pick.around(1.3, 0.03), "d_kohm": pick.around(0.27, 0.03),
            "diode_mv": pick(550, 850), "vehicle_nf": pick(0.0, 2.4), "short_kohm": pick(0.0005, 0.05)}


def drifted(values, pick):
    """The same charger some time after its calibration."""
    return dict(values, drift_mv=pick(-DRIFT_MV, DRIFT_MV), reference_mv=pick.around(values["reference_mv"], DRIFT_REFERENCE))


def noise(level=1.0):
    """Disturbances: level 1 is what a charger must bear while nothing is wrong."""
    return {"noise_mv": 6 * level, "hum_mv": 100 * level, "spikes_permille": 2 * level, "spike_mv": 4000}


def calibration(row, values, rng):
    """[[adc_mv, cp_mv]] as commissioning gets them: steady levels, a multimeter at the terminal, the converter's mean."""
    # nobody plugs a vehicle in for this; the load of C is a test plug of good resistors
    circuit = Circuit(dict(values, b_kohm=2.74, c_kohm=1.3, diode_mv=700, short_kohm=0.0005, **noise(0.5)))
    points = []
    for state in row.points:
        pilot = [0, 1000, 0 if state == "F" else STEADY_US]
        wave = Wave(circuit, pilot, rng.getrandbits(30))
        high_mv, low_mv = circuit.levels_mv("A" if state == "F" else state)
        wave.set_levels(high_mv, low_mv)
        wave.steadied(0)
        look = wave.peak_reader(1 if state == "F" else 0) if row.kind == PEAK else wave.reader()
        uv = sorted(look(t_us * 617) for t_us in range(128))[64]
        true_mv = low_mv if state == "F" else high_mv
        points.append([uv // 1000, int(true_mv * (1 + rng.uniform(-METER, METER)))])
    return points


def facts(row, points=None):
    """The block "cp" of a board file with this circuit; points: of its calibration."""
    a_ppm, b_uv = nominal(row)
    pilot = {"sensing": row.kind, "a_ppm": a_ppm, "b_uv": b_uv, "pwm_invert": False}
    if row.kind == POSITIVE:
        pilot["comparator_mv"] = -10_400
    if points:
        pilot["calibration"] = points
    return pilot


def named(name):
    """The row of CIRCUITS with this name; raises ValueError with those there are."""
    for row in CIRCUITS:
        if row.name == name:
            return row
    raise ValueError("no pilot circuit %r; there are: %s" % (name, "; ".join(row.name for row in CIRCUITS)))
