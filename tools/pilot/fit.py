"""Gives the twin's board another pilot circuit, and the twin that circuit as a waveform."""
import random

from tools.pilot import circuits

HOW = ("nominal", "even", "corner")
# pins that the twin's board has for each kind; the peak detectors take the place of one temperature sensor
_PINS = {
    circuits.FULL: {},
    circuits.POSITIVE: {"cp_comparator": 23},
    circuits.PEAK: {"cp_adc": None, "cp_high_adc": 36, "cp_low_adc": 39, "temperature_interior_adc": None},
}


def check(text):
    """(row, how) of NAME or NAME:HOW, such as "P3:corner". Raises ValueError.

    HOW says where the parts lie in their tolerances: nominal (default), even or corner.
    """
    name, _colon, how = text.partition(":")
    row = circuits.named(name)
    if (how or "nominal") not in HOW:
        raise ValueError("%r: after the colon one of %s" % (text, ", ".join(HOW)))
    return row, how or "nominal"


def fit(board, text, seed=1):
    """(facts, values for Hal.use_wave) of the board with the circuit check() understands; seed picks in the tolerances.

    A circuit that has to be calibrated is, as its commissioning would.
    """
    row, how = check(text)
    rng = random.Random(seed)
    pick = circuits.Pick(rng, how)
    values = circuits.charger(row, pick)
    points = circuits.calibration(row, values, rng) if row.points else None
    pins = {} if board["cp"]["sensing"] == row.kind else _PINS[row.kind]
    active_low = [name for name in board["active_low"] if name != "cp_comparator"] + ["cp_comparator"]
    facts = dict(board, pins=dict(board["pins"], **pins), active_low=active_low)
    facts["cp"] = {name: value for name, value in board["cp"].items() if name not in ("calibrated", "r1_ohm", "r2_ohm", "r3_ohm",
                                                                                  "reference_mv")}
    facts["cp"].update(circuits.facts(row, points))
    if points:
        values = circuits.drifted(values, pick)
    return facts, dict(values, **circuits.vehicle(pick), **circuits.noise())
