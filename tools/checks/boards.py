"""Every file of board_configs/ is checked as the charger itself would: `python -m tools.checks.boards`."""
import json
import sys
import tempfile
from pathlib import Path

from firmware.drivers.board_facts import BoardError, load
from tools.checks.source import ROOT

BOARDS = ROOT / "board_configs"


def names():
    """The boards that one can have: all but the simulated one."""
    return sorted(path.stem for path in BOARDS.glob("*.json") if path.stem != "twin")


def divider(cp):
    """(a_ppm, b_uv) that the resistors of a pilot's divider make: r1 from the pilot, r2 from reference_mv, r3 to ground.

    One to ground alone is not calibrated, and so its load on the 1 kohm of the pilot counts: 0.8 % (docs/pilot.md).
    """
    from_reference = 1 / cp["r2_ohm"] if "r2_ohm" in cp else 0
    sum_siemens = 1 / cp["r1_ohm"] + from_reference + 1 / cp["r3_ohm"]
    ohms = cp["r1_ohm"] + cp["r3_ohm"]
    load = 1 if from_reference else ohms / (ohms + 1000)
    return 1e6 / cp["r1_ohm"] / sum_siemens * load, 1000 * cp.get("reference_mv", 0) * from_reference / sum_siemens


def oddities(facts):
    """What the charger could live with, and a file of this tree may not have."""
    cp = facts["cp"]
    for name in ("r1_ohm", "r3_ohm"):
        if name not in cp:
            yield "cp.%s: missing; the divider's resistors are wanted here" % name
            return
    for name, wanted, got in zip(("a_ppm", "b_uv"), divider(cp), (cp["a_ppm"], cp["b_uv"]), strict=True):
        if abs(got - wanted) > wanted / 1000:
            yield "cp.%s: %d is not what the resistors make: %d" % (name, got, wanted)
    if facts["chip"] != "twin" and (cp.get("calibrated") or "calibration" in cp):
        yield "cp.calibrated: one board's measurement does not belong into the file of all"


def refusal(facts):
    """Why the charger would refuse these facts, None where it takes them."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "board.json")
        place.write_text(json.dumps(facts))
        try:
            load(str(place))
        except BoardError as error:
            return str(error)
    return None


def problems(folder=BOARDS, files="*.json"):
    """One line per board file that the charger would refuse; a name that is not the file's is refused too."""
    found = []
    for path in sorted(Path(folder).glob(files)):
        try:
            facts = load(str(path))
        except BoardError as error:
            found.append("%s: %s" % (path.name, error))
            continue
        found += ["%s: %s" % (path.name, odd) for odd in oddities(facts)]
        if facts["name"] != path.stem:
            found.append("%s: name: must be %s, as the file is called" % (path.name, path.stem))
    return found


if __name__ == "__main__":
    lines = problems()
    print("\n".join(lines))
    sys.exit(1 if lines else 0)
