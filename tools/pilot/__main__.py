"""`python -m tools.pilot`: every pilot circuit judged on waveforms, in as many processes as there are cores.

Each is judged on bursts over duties from 10 to 90 % in steps of 0.5 %, all states and changes, half of the chargers with every part
at an end of its tolerance, the other half anywhere within. Circuits that hold (those of our boards, calibrated where they need it)
must do so without one wrong state, else the exit status is 1. --write keeps the figures for docs/pilot.md.
"""
import argparse
import json
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from tools.checks.arguments import at_least
from tools.checks.report import report
from tools.checks.source import ROOT
from tools.pilot import circuits
from tools.pilot.chunk import run_chunk

FIGURES = ROOT / "docs" / "pilot.json"
MANY = 1_000_000             # bursts of the circuit that stands for its kind of sensing
FAIR = 150_000               # of any other that has to hold
SOME = 20_000                # of those that need not
STAND_FOR = ("P1b", "P3", "P1b peak")
CHUNK = 40                   # chargers a job
# shown, not asked for: a capacity that swallows the plateau of 10 % duty; supplies at which A and B are one reading
NOT_HELD = ("esp32-evse, 1 nF", "SmartEVSE v3, 5 %")
# boards that others built, calibrated: their converters see the ends of the range badly. So many of a million bursts may be judged
# wrong, late or without a diode; what was found is shown, and called what it is: they do not hold
OTHERS = {"esp32-evse": 100, "SmartEVSE v3": 100}
BAD = ("wrong", "never seen", "diode wrongly lost", "lost diode not seen", "lost diode taken for good", "pilot lost")
# what is made stronger until it breaks: values of the circuit, levels
SWEEPS = (
    ("noise_mv", "noise of the converter, 1 sigma, mV", (6, 12, 20, 30, 45, 60, 90, 120)),
    ("hum_mv", "50 Hz on the line, mV", (100, 200, 400, 600, 800, 1000, 1500, 2000)),
    ("spikes_permille", "reads in 1000 hit by a spike of up to 4 V", (2, 10, 30, 60, 100, 150, 250, 400)),
)
SWEPT = (("P1b", True), ("SmartEVSE v3", True), ("P3", False), ("S3-2", False), ("P1b peak", True))
SWEEP_UNITS = 10


def must_hold(row, calibrated):
    """This circuit may not be wrong once."""
    return row.name not in NOT_HELD and row.name not in OTHERS and (calibrated or not row.points)


def planned(row, calibrated, many=MANY):
    """Bursts."""
    if not must_hold(row, calibrated) and not (calibrated and row.name in OTHERS):
        return min(many, SOME)
    return many if row.name in STAND_FOR else min(many, FAIR)


def _jobs(rows, many):
    # a charger takes about so many bursts
    for row in rows:
        for calibrated in ((False, True) if row.points else (False,)):
            each = 1000 if row.kind == circuits.PEAK else 470
            units = max(1, -(-planned(row, calibrated, many) // each))
            for first in range(0, units, CHUNK):
                numbers = tuple(range(first, min(first + CHUNK, units)))
                yield ("row", row.name, calibrated), row.name, calibrated, numbers, 1.0, None, True


def _sweep_jobs(units):
    for name, calibrated in SWEPT:
        for value, _what, levels in SWEEPS:
            for level in levels:
                yield ("sweep", name, value, level), name, calibrated, tuple(range(3, 3 + 5 * units, 5)), 1.0, {value: level}, False


def _spread(latency):
    """{change: [ticks of half of them, of 99 %, the most]}."""
    found = {}
    for (change, ticks), count in latency.items():
        found.setdefault(change, []).append((ticks, count))
    return {change: [_part(seen, 500), _part(seen, 990), max(seen)[0]] for change, seen in sorted(found.items())}


def _part(seen, permille):
    total = sum(count for _ticks, count in seen)
    sofar = 0
    for ticks, count in sorted(seen):
        sofar += count
        if sofar * 1000 >= total * permille:
            return ticks
    return 0


def judged(jobs, processes):
    """{key: (counts, latency, raw latency, margins)} of all jobs."""
    found = {}
    with ProcessPoolExecutor(processes) as pool:
        for key, count, latency, raw_latency, margins in pool.map(run_chunk, jobs):
            if key not in found:
                found[key] = (Counter(), Counter(), Counter(), {})
            have = found[key]
            have[0].update(count)
            have[1].update(latency)
            have[2].update(raw_latency)
            for state, margin_mv in margins.items():
                have[3][state] = min(have[3].get(state, margin_mv), margin_mv)
    return found


def rows_of(found):
    """The figures of the circuits, for JSON."""
    made = []
    for row in circuits.CIRCUITS:
        for calibrated in (False, True):
            if ("row", row.name, calibrated) in found:
                count, latency, raw_latency, margins = found["row", row.name, calibrated]
                made.append({
                    "circuit": row.name, "calibrated": calibrated, "must_hold": must_hold(row, calibrated),
                    "counts": dict(sorted(count.items())), "latency": _spread(latency), "raw_latency": _spread(raw_latency),
                    "margin_mv": dict(sorted(margins.items()))})
    return made


def sweeps_of(found):
    """The figures of the disturbances, for JSON."""
    return [{"circuit": key[1], "value": key[2], "level": key[3],
             "counts": {name: found[key][0][name] for name in ("bursts", "raw wrong", "raw undefined", "no evidence") + BAD
                        if found[key][0][name]}}
            for key in found if key[0] == "sweep"]


def failures(rows):
    """One line a circuit that must hold and does not, or one of others that is worse than it may be."""
    return ["%s%s: %s" % (row["circuit"], ", calibrated" if row["calibrated"] else "",
                          ", ".join("%s %d" % (name, row["counts"][name]) for name in BAD if row["counts"].get(name)))
            for row in rows if _fails(row)]


def _is_others(row):
    return row["calibrated"] and row["circuit"] in OTHERS


def _is_judged(row):
    """It could fail."""
    return row["must_hold"] or _is_others(row)


def _fails(row):
    bad, bursts = sum(row["counts"].get(name, 0) for name in BAD), row["counts"]["bursts"]
    if _is_others(row):
        return bad * 1_000_000 > OTHERS[row["circuit"]] * bursts
    return row["must_hold"] and bad > 0


def keep(rows, sweeps):
    """Write the figures; those of circuits that were not judged this time stay."""
    before = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.exists() else {"rows": [], "sweeps": []}
    new = {(row["circuit"], row["calibrated"]): row for row in before["rows"] + rows}
    order = [new[row.name, calibrated] for row in circuits.CIRCUITS for calibrated in (False, True)
             if (row.name, calibrated) in new]
    text = json.dumps({"rows": order, "sweeps": sweeps or before["sweeps"]}, separators=(",", ":"))
    FIGURES.write_text(text.replace('{"circuit"', '\n{"circuit"') + "\n", encoding="utf-8")


def show(rows):
    """One line a circuit."""
    for row in rows:
        counts = row["counts"]
        found = ", ".join("%s %d" % (name, counts[name]) for name in BAD if counts.get(name))
        print("%-18s %-11s %8d bursts, raw %5d wrong %6d undefined, %s" % (
            row["circuit"], "calibrated" if row["calibrated"] else "as built", counts["bursts"], counts.get("raw wrong", 0),
            counts.get("raw undefined", 0), found or "holds"))


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tools.pilot", description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("circuits", nargs="*", metavar="CIRCUIT", help="only these (default: all, and the disturbances)")
    parser.add_argument("--bursts", type=at_least(1), default=MANY, metavar="N",
                        help="about so many a circuit, in whole chargers of some hundred (default: at most %d)" % MANY)
    parser.add_argument("--jobs", type=at_least(1), default=os.cpu_count() or 1, metavar="N",
                        help="processes (default: one a core)")
    parser.add_argument("--write", action="store_true", help="keep the figures in docs/pilot.json")
    options = parser.parse_args(arguments)
    try:
        rows = [circuits.named(name) for name in dict.fromkeys(options.circuits)] or circuits.CIRCUITS
    except ValueError as error:
        parser.error(str(error))
    start = time.monotonic()
    jobs = list(_jobs(rows, options.bursts))
    if not options.circuits:
        jobs += _sweep_jobs(SWEEP_UNITS)
    found = judged(jobs, options.jobs)
    made = rows_of(found)
    show(made)
    wrong = failures(made)
    bursts = sum(have[0]["bursts"] for have in found.values())
    print("%d bursts in %.0f s" % (bursts, time.monotonic() - start))
    if options.write:
        keep(made, sweeps_of(found))
    report(sum(_is_judged(row) for row in made) - len(wrong), len(wrong))
    for line in wrong:
        print("does not hold: " + line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
