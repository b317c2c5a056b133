"""docs/pilot.md and its two pictures from the figures of the last judgement of the pilot's sampling.

`python -m tools.docs.pilot` writes them, `--check` fails when one is stale. The figures are those of docs/pilot.json, which
`python -m tools.pilot --write` makes: a million bursts a circuit are not run again for a check.
"""
import json
import sys

from tools.checks.source import ROOT
from tools.docs.made import run
from tools.docs.texts import Words
from tools.pilot import circuits
from tools.pilot.__main__ import BAD, OTHERS
from tools.twin.waveform import Circuit, Wave

PAGE = ROOT / "docs" / "pilot.md"
FIGURES = ROOT / "docs" / "pilot.json"
COMB = ROOT / "docs" / "pilot_comb.svg"
MARGINS = ROOT / "docs" / "pilot_margins.svg"
KINDS = Words("tools/docs/pilot.py, KINDS", {
    "full_range": "whole range", "positive_comparator": "positive half and comparator", "peak_detector": "peak detectors",
})
SWEEPS = {"noise_mv": "noise of the converter, 1 σ, mV at its pin", "hum_mv": "50 Hz on the line, mV",
          "spikes_permille": "reads in 1000 hit by a spike of up to 4 V"}

INTRO = """# Reading the pilot

Made by `python -m tools.docs.pilot` from the code and the last judgement; edit those, not this page.

The firmware's samplers (`firmware/drivers/pilot_sampler.py`) and the safety core's reader (`control_pilot.py`) look at waveforms:
driver with its rise time, 1 kΩ, capacities of line and vehicle, R2/R3 and diode, divider with the capacitor at the pin, converter
with offset, gain, bow, floor, the range above which it bends, noise and steps of 1 mV, 50 Hz and spikes on the line, PWM and ticks
that are not in step, reads that take their time and now and then an interrupt's. `tools/twin/waveform.py` is the circuit,
`tools/pilot/circuits.py` its tolerances with their sources, `python -m tools.pilot` the judgement, part of `make proof`.

![A pilot of 10 % duty in state C, and where 32 reads fall](pilot_comb.svg)

A burst is 32 one-shot reads, 103 µs apart: ten of them are a period and a third of a stride, so that three sweeps interleave, and a
plateau of 100 µs is hit at every phase, also with the frequency off by 0.5 %. Reads that take longer than the stride make it 116
or 129 µs. The start of a burst moves by 9 µs from one to the next, because pilot and ticks come from one crystal. The reads are
sorted; those above −1.5 V belong to the high plateau, those below to the low one. Of six or more the one at 3/8 from the outside
counts, of fewer the outermost two, where they agree within 0.5 V; a plateau that shows itself less well is no evidence in this
burst.

## What holds

| | |
|---|---|"""

HOW = """
Half of the chargers have every part at one end of its tolerance or the other, the other half anywhere within; each with a vehicle
of its own, one duty of 10 to 90 % in steps of 0.5 %, and all states, with PWM and steady, changing at any moment. Disturbances:
6 mV noise (1 σ) of the converter, 100 mV of 50 Hz, 2 reads in 1000 hit by a spike of up to 4 V. *Wrong* counts ticks in which the
debounced state was neither the vehicle's nor, before its change was seen, the one before, and states that were never seen. *Raw*
counts single bursts in a million: they do no harm as long as no two in a row agree. *Diode*: ticks with a healthy vehicle's diode
called lost, or a shorted one's not called lost after three bursts. *Margin*: the least distance of a mean reading from the ends of
its state's window; below zero there are chargers and vehicles that are both legal and do not understand each other.
"""

CALIBRATION = """
## Which boards must be calibrated

A divider for the whole range shifts and shrinks 24 V into the converter's range: 1 % resistors, 3.3 V ±2 % and the converter's
±60 mV together are more than the distance of a legal level from the next window. With `cp.calibration` in the board's facts, two
or more points `[adc_mv, cp_mv]` measured on this very board, our circuits hold; those of esp32-evse and SmartEVSE, whose converters
see the ends of the range badly, very nearly. A board without says so: `cp_calibration` stands among
what it lacks, and the page shows it.

| circuit | boards | points |
|---|---|---|"""

POINTS = {circuits.RAILS: "steady −12 V and steady +12 V, no vehicle",
          circuits.SHORT: "pilot shorted to PE, and steady +12 V: −12 V lies below what the ESP32's converter can read",
          circuits.PLUG: "pilot shorted to PE, test plug in C and in B, and +12 V: +12 V lies above what the converter can read",
          (): "none needed"}

LATENCY = """
## How soon a change is seen

Ticks (10 ms) from the first burst that began after the change to the debounced state: of half of the changes, of 99 %, the most.
Into C and D the reader waits 460 ms by intent (pulses of a vehicle that wakes), so there the second burst that reads the new
level is given. Two are the least: two bursts must agree.
"""

BREAKS = """
## Where it breaks

One disturbance at a time grows, the others stay; chargers anywhere within their tolerances. Wrong ticks, and after them states
that were never seen, in 1000 ticks; in brackets bursts in 1000 that read wrong or between the windows, and such that gave no
evidence. A dot: nothing at all.
"""

NOT_CLAIMED = """
## What is not claimed

- Waveforms are computed, not measured. Floor, bend and drift of the converters (`tools/pilot/circuits.py`) are assumptions from
  data sheets and published measurements; a bench must confirm them.
- A change of state is a step; ringing on the line is not in the model, spikes are single reads.
- Above 63 A (90 % duty) the low plateau is too short for 32 reads; boards end there.
- Peak detectors follow a falling level with 0.1 s: a pilot shorted to PE shows as no evidence, passing levels, and after about
  0.25 s as E. The direction that opens the contactor, up from C, is seen as soon as with a comb.
"""


def _cell(value):
    return str(value) if value else "·"


def _million(count, bursts):
    return "%d" % (count * 1_000_000 // bursts) if count else "·"


def summary(rows):
    """What the judgement comes to, in three lines."""
    held = [row for row in rows if row["must_hold"]]
    good = [row for row in held if not any(row["counts"].get(name) for name in BAD)]
    bursts = sum(row["counts"]["bursts"] for row in held)
    yield "| Circuits that have to hold | %d of %d do, in %d bursts together |" % (len(good), len(held), bursts)
    combs = [row for row in held if circuits.named(row["circuit"]).kind != circuits.PEAK]
    worst = max(max(spread[2] for change, spread in row["latency"].items() if change[1] not in "CD") for row in combs)
    part = max(max(spread[1] for change, spread in row["latency"].items() if change[1] not in "CD") for row in combs)
    yield "| A change of state, comb and comparator | 99 %% within %d ticks, all within %d |" % (part, worst)
    peaks = [row for row in held if circuits.named(row["circuit"]).kind == circuits.PEAK]
    up = max(max(spread[2] for change, spread in row["latency"].items() if change in ("CB", "BA", "DA", "EA")) for row in peaks)
    yield "| The same, peak detectors, upwards | all within %d ticks |" % up
    broken = [row for row in rows if not row["must_hold"] and any(row["counts"].get(name) for name in BAD)]
    yield "| Circuits that do not hold | %s |" % ", ".join(
        "%s%s" % (row["circuit"], " calibrated" if row["calibrated"] else " as built") for row in broken)
    for row in rows:
        if row["calibrated"] and row["circuit"] in OTHERS:
            bad = sum(row["counts"].get(name, 0) for name in BAD)
            yield "| %s, a board of others, calibrated | late, or the diode called lost, in %d of %d bursts |" % (
                row["circuit"], bad, row["counts"]["bursts"])


def table(rows):
    """One line a circuit, as built and calibrated."""
    yield "| circuit | sensing | | bursts | wrong | never seen | raw wrong | raw between | no evidence | diode | margin, mV |"
    yield "|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    for row in rows:
        counts = row["counts"]
        circuit = circuits.named(row["circuit"])
        bursts = counts["bursts"]
        diode = sum(counts.get(name, 0) for name in BAD if "diode" in name)
        margin = min(row["margin_mv"].items(), key=lambda item: item[1])
        state = "calibrated" if row["calibrated"] else "as built"
        yield "| %s | %s | %s | %d | %s | %s | %s | %s | %s | %s | %d (%s) |" % (
            "**%s**" % circuit.name if row["must_hold"] else circuit.name, KINDS[circuit.kind], state, bursts,
            _cell(counts.get("wrong")), _cell(counts.get("never seen")), _million(counts.get("raw wrong"), bursts),
            _million(counts.get("raw undefined"), bursts), _million(counts.get("no evidence"), bursts), _cell(diode),
            margin[1], margin[0])
    yield ""
    yield "Circuits: %s." % "; ".join("%s %s" % (row.name, row.note) for row in circuits.CIRCUITS)


def calibration_rows():
    """Circuits of our boards and how they are calibrated."""
    for row in circuits.CIRCUITS:
        if row.boards or row.points in (circuits.SHORT, circuits.PLUG):
            yield "| %s | %s | %s |" % (row.name, ", ".join(row.boards.split()) or "–", POINTS[row.points])


def latency_rows(rows):
    """Changes of state, one line a circuit that must hold."""
    changes = ("AB", "BA", "BC", "CB", "BD", "DC", "DA", "BE", "EA", "AF")
    yield "| circuit | %s |" % " | ".join("%s→%s" % tuple(change) for change in changes)
    yield "|---|" + "---|" * len(changes)
    for row in rows:
        if row["must_hold"]:
            cells = []
            for change in changes:
                spread = (row["raw_latency"] if change[1] in "CD" else row["latency"]).get(change)
                cells.append("%d, %d, %d" % tuple(spread) if spread else "")
            yield "| %s | %s |" % (row["circuit"], " | ".join(cells))


def sweep_rows(sweeps):
    """Disturbances, one table each."""
    for value, what in SWEEPS.items():
        levels = sorted({row["level"] for row in sweeps if row["value"] == value})
        yield ""
        yield "**%s**" % (what[:1].upper() + what[1:])
        yield ""
        yield "| circuit | %s |" % " | ".join(str(level) for level in levels)
        yield "|---|" + "---|" * len(levels)
        for name in dict.fromkeys(row["circuit"] for row in sweeps):
            cells = []
            for level in levels:
                wanted = name, value, level
                counts = next(row["counts"] for row in sweeps if (row["circuit"], row["value"], row["level"]) == wanted)
                cells.append(_broken(counts))
            yield "| %s | %s |" % (name, " | ".join(cells))


def _broken(counts):
    bursts = counts["bursts"]
    wrong, never = counts.get("wrong", 0), counts.get("never seen", 0)
    raw = counts.get("raw wrong", 0) + counts.get("raw undefined", 0)
    blind = counts.get("no evidence", 0)
    if not (wrong or never or raw or blind):
        return "·"
    head = "%s" % _permille(wrong, bursts) + (", %d never" % never if never else "") if wrong or never else "·"
    return "%s (%s, %s)" % (head, _permille(raw, bursts), _permille(blind, bursts))


def _permille(count, bursts):
    if not count:
        return "0"
    return "<1" if count * 1000 < bursts else "%d" % (count * 1000 // bursts)


# -- pictures ------------------------------------------------------------------------------------------------------------------
def _svg(width, height, parts):
    return ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="11">\n'
            '<rect width="%d" height="%d" fill="#fff"/>\n' % (width, height, width, height)) + "\n".join(parts) + "\n</svg>\n"


def comb_picture():
    """One period of 10 % duty in state C: the line, the converter's pin scaled back to it, and the 32 reads of a burst."""
    row = circuits.named("P1b")
    circuit = Circuit(circuits.charger(row, circuits.Pick(None, "nominal")))
    wave = Wave(circuit, [0, 1000, 100])
    wave.set_levels(*circuit.levels_mv("C"))
    read_uv = wave.reader()
    width, height, left, top = 760, 300, 50, 20

    def x(t_us):
        return left + t_us * (width - left - 20) // 1000

    def y(mv):
        return top + (13_000 - mv) * (height - top - 40) // 26_000
    line = " ".join("%d,%d" % (x(t), y(wave.line_mv(t % 1000))) for t in range(0, 1000))
    pin = " ".join("%d,%d" % (x(t), y((read_uv(t % 1000) / 1000 - circuit.shift_mv) / circuit.share)) for t in range(0, 1000))
    parts = ['<line x1="%d" x2="%d" y1="%d" y2="%d" stroke="#ddd"/><text x="4" y="%d">%+d V</text>'
             % (left, width - 20, y(mv), y(mv), y(mv) + 4, mv // 1000) for mv in (12_000, 9_000, 6_000, 3_000, 0, -12_000)]
    parts += ['<text x="%d" y="%d" text-anchor="middle">%d µs</text>' % (x(t), height - 12, t) for t in range(0, 1001, 100)]
    parts.append('<polyline points="%s" fill="none" stroke="#888" stroke-width="1.5"/>' % line)
    parts.append('<polyline points="%s" fill="none" stroke="#1769aa" stroke-width="1" stroke-dasharray="3 2"/>' % pin)
    colours = "#c62828", "#2e7d32", "#f9a825", "#6a1b9a"
    for number in range(32):
        t_us = (37 + 103 * number) % 1000
        sweep = (37 + 103 * number) // 1000
        parts.append('<circle cx="%d" cy="%d" r="3.5" fill="%s"/>' % (
            x(t_us), y((read_uv(t_us) / 1000 - circuit.shift_mv) / circuit.share), colours[sweep]))
    parts.append('<text x="%d" y="40" fill="#555">grey: the line; blue: behind divider and capacitor; dots: 32 reads in three '
                 'sweeps and a bit</text>' % (x(150)))
    return _svg(width, height, parts)


def margin_picture(rows):
    """Least margin of each circuit, as built and calibrated."""
    names = list(dict.fromkeys(row["circuit"] for row in rows))
    width, left, high = 760, 150, 34
    low_mv, top_mv = -1500, 900

    def x(mv):
        return left + (max(low_mv, min(top_mv, mv)) - low_mv) * (width - left - 60) // (top_mv - low_mv)
    height = 40 + high * len(names) + 20
    parts = ['<line x1="%d" x2="%d" y1="25" y2="%d" stroke="%s"/><text x="%d" y="18" text-anchor="middle">%+.1f V</text>'
             % (x(mv), x(mv), height - 15, "#000" if mv == 0 else "#ddd", x(mv), mv / 1000)
             for mv in range(low_mv, top_mv + 1, 300)]
    for place, name in enumerate(names):
        y = 34 + place * high
        parts.append('<text x="%d" y="%d" text-anchor="end">%s</text>' % (left - 8, y + 16, name))
        for row in rows:
            if row["circuit"] == name:
                mv = min(row["margin_mv"].values())
                colour = "#2e7d32" if mv > 0 else "#c62828"
                begin, end = sorted((x(0), x(mv)))
                offset = 13 if row["calibrated"] else 0
                parts.append('<rect x="%d" y="%d" width="%d" height="11" fill="%s" fill-opacity="%s"/><text x="%d" y="%d" '
                             'font-size="9" fill="#333">%s %+d mV</text>' % (
                                 begin, y + offset, max(1, end - begin), colour, "1" if row["calibrated"] else "0.5",
                                 (x(0) + 4 if mv <= 0 else end + 4), y + offset + 9,
                                 "calibrated" if row["calibrated"] else "as built", mv))
    return _svg(width, height, parts)


def made():
    """{path: text} of the page and its pictures."""
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    rows, sweeps = figures["rows"], figures["sweeps"]
    lines = [INTRO, *summary(rows), HOW, "![Least margins](pilot_margins.svg)", "", *table(rows), CALIBRATION, *calibration_rows(),
             LATENCY, *latency_rows(rows), BREAKS.rstrip(), *sweep_rows(sweeps), NOT_CLAIMED.rstrip()]
    return {PAGE: "\n".join(lines) + "\n", COMB: comb_picture(), MARGINS: margin_picture(rows)}


if __name__ == "__main__":
    sys.exit(run("pilot", __doc__, made))
