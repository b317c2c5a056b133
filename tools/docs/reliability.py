"""docs/reliability.md and its picture from the figures of the last soak.

`python -m tools.docs.reliability` writes them, `--check` fails when one is stale. The figures are those of docs/reliability.json,
which `python -m tools.twin.soak --hours 72 --jobs 2 --write docs/reliability.json` makes: days are not simulated again for a check.
"""
import json
import sys

from tools.checks.source import ROOT
from tools.docs.made import run
from tools.twin.soak_faults import KINDS
from tools.twin.soak_life import verdict

PAGE = ROOT / "docs" / "reliability.md"
FIGURES = ROOT / "docs" / "reliability.json"
PICTURE = ROOT / "docs" / "reliability_heap.svg"
WIDTH, HEIGHT, LEFT, TOP = 720, 240, 64, 24
COLOURS = {"CPython": "#1565c0", "MicroPython": "#2e7d32"}

INTRO = """# What happens when everything goes wrong

Made by `python -m tools.docs.reliability` from the table of faults (`tools/twin/soak_faults.py`) and the last soak; edit those, not
this page. [docs/safety.md](safety.md) has what is proved of the safety core alone.

The whole firmware, boot.py with it, lives in a simulated world (`tools/twin/`) in virtual time. Random users plug, unplug, command
and set anything; vehicles, contactors, mains and meters break; inside, tasks are killed, raise or hog, device calls raise, flash
fails, clocks jump. All along what the world's contacts do is compared with what they may do (`tools/twin/soak_watch.py`), never
with what the firmware says of itself. Now and then all trouble is taken away, and the charger must charge. It is part of
`make proof`; a failure is told by its seed and by the fewest last acts that repeat it.
"""

RULES = """
## What must hold

- The coil is off 50 ms after the pilot left C or D, 20 ms after a residual-current trip or a lost earth, 80 ms after the vehicle's
  diode was lost; after a residual-current trip it stays off until the vehicle was unplugged, resets or not; it never goes on over
  welded contacts. Where flash holds the interpreter, a task hogs the loop or pins do not obey, the times are longer by as much.
- No more is offered than fuse, cable, user and board allow; the duty is steady or 10 to 97 %.
- Ten minutes after the last trouble it charges by itself, or after what its fault table asks of a person.
- No task has died that nobody killed, no call of the API fails, ticks are in time, the sessions' records hold the energy that the
  world's meter has seen.
- What fails inside takes no power away that need not go; where power went, or the fault asks for it, the event log tells why.
"""

KINDS_HEAD = """
## What fails inside, one at a time, while it charges

*Began*: together with those amidst random users. *Judged*: while it charged in peace, so that power, log and time to come back
could be judged. *Back after*: the longest time from the fault's end to power, all tasks running again; the bound is the table's.

| fault | began | judged | power went | asked for a person | back after, s | bound, s | power may go | log tells, where power went |
|---|---:|---:|---:|---:|---:|---:|---|---|"""

HEAP = """
## Heap

One charger is never switched off: a vehicle each quarter of an hour, requests, MQTT, one trouble of the world outside in each. In
the same quiet moment of every round, after a collection, the heap is looked at: on MicroPython's 32-bit VM what its collector
counts (the twin's own with it), on CPython what can be reached from the App (the twin's own left out). Growth is the slope of a
line through all rounds but the first two, times 24 h, with its standard error; the soak fails where it is surely more than 2 %,
and where a long life cannot tell.

![Heap held by the hour](reliability_heap.svg)

| on | hours | rounds | vehicles charged | MQTT messages | held at the end | growth a day | |
|---|---:|---:|---:|---:|---:|---:|---|"""

NOT_CLAIMED = """
## What is not claimed

The world is computed: no relay bounces here as yours does, no supply sags, no radio is noisy. A task that hogs the loop does so in
the simulation's Python, not in C. `python -m tools.twin.soak --hours N --seed S` runs other lives than those above.
"""


def summary(figures):
    """Rows of the first table."""
    counts, faults = figures["counts"], figures["faults"]
    begun = sum(row["begun"] for row in faults.values())
    lives_h = sum(life["hours"] for life in figures["lives"] if life["on"] == "CPython")
    rows = [
        ("virtual time", "%.1f h: %d chapters of random users, %.1f h; one charger never switched off, %.1f h" % (
            figures["hours"], figures["chapters"], figures["hours"] - lives_h, lives_h)),
        ("rules broken", "0"),
        ("acts of users and world", counts["acts"]), ("calls and commands", counts["calls"]),
        ("starts", counts["boots"]), ("closings of the contactor", counts["closings"]),
        ("residual-current trips that locked", counts["trips_locked"]),
        ("faults inside", "%d of %d kinds, %d of them judged one by one" % (
            begun, len(faults), sum(row["trials"] for row in faults.values()))),
        ("calms: charges by itself after trouble", "%d, a person was needed in %d" % (counts["calms"], counts["humans"])),
        ("energy of the records compared with the world's", "%d times; %d times not, as the meter itself had failed" % (
            counts["audits"], counts["loose_audits"])),
        ("longest until the coil was off", ", ".join("%s %.1f ms" % row for row in sorted(figures["worst_ms"].items()))),
    ]
    for name, what in (("failing devices", "device calls of a charge's first seconds that failed, each in a run of its own"),
                       ("power cuts", "points at which power was cut in the sweep of the flash formats"),
                       ("power cuts in updates", "points at which power was cut during an update")):
        if name in figures.get("proofs", {}):
            rows.append((what, figures["proofs"][name]))
    return ["", "| | |", "|---|---|"] + ["| %s | %s |" % row for row in rows]


def kinds(figures):
    """A row for each kind of fault."""
    lines = []
    for kind in KINDS:
        row = figures["faults"].get(kind.name, {"begun": 0, "trials": 0, "opened": 0, "asked": 0, "longest_s": 0})
        tells = sorted({"%s" % told[1] for told in kind.tells if told[0] != "boot"})
        if any(told[0] == "boot" for told in kind.tells):
            tells.append("the start that follows")
        lines.append("| %s | %d | %d | %d | %d | %.0f | %d | %s | %s |" % (
            kind.name, row["begun"], row["trials"], row["opened"], row["asked"], row["longest_s"], kind.bound_s,
            "no" if kind.keeps else "yes", ", ".join(tells) or "-"))
    return lines


def heap_rows(figures):
    """A row for each life."""
    return ["| %s | %.1f | %d | %d | %d | %s B | %s | %s |" % (
        life["on"], life["hours"], life["counts"]["rounds"], life["counts"]["charged"], life["counts"]["published"],
        "{:,}".format(life["samples"][-1][1]) if life["samples"] else "?",
        "?" if life["per_day"] is None else "{:+,} ± {:,} B".format(*life["per_day"]), verdict(life["samples"]))
        for life in figures["lives"]]


def picture(figures):
    """The heap of each life by the hour, in percent of its first quiet moment."""
    lives = [life for life in figures["lives"] if life["samples"]]
    hours = max([life["samples"][-1][0] for life in lives] or [1])
    right, bottom = WIDTH - 20, HEIGHT - 40

    def place(hour, percent):
        return "%d,%d" % (LEFT + hour * (right - LEFT) / hours, bottom - (percent - 90) * (bottom - TOP) / 20)
    parts = []
    for percent in (90, 95, 100, 105, 110):
        x_y = place(0, percent).split(",")
        parts.append('<line x1="%d" x2="%d" y1="%s" y2="%s" stroke="#ddd"/><text x="%d" y="%d" text-anchor="end">%d %%</text>' % (
            LEFT, right, x_y[1], x_y[1], LEFT - 6, int(x_y[1]) + 4, percent))
    for number, life in enumerate(lives):
        base = life["samples"][min(2, len(life["samples"]) - 1)][1]
        colour = COLOURS[life["on"]]
        points = " ".join(place(hour, max(90, min(110, 100 * held / base))) for hour, held in life["samples"])
        parts.append('<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>' % (points, colour))
        parts.append('<text x="%d" y="16" fill="%s">%s, %.1f h, 100 %% = %s B</text>' % (
            LEFT + number * 320, colour, life["on"], life["hours"], "{:,}".format(base)))
    parts.append('<text x="%d" y="%d">0 h</text><text x="%d" y="%d" text-anchor="end">%.0f h</text>' % (
        LEFT, HEIGHT - 18, right, HEIGHT - 18, hours))
    return ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">'
            '<rect width="100%%" height="100%%" fill="#fff"/>%s</svg>\n' % (WIDTH, HEIGHT, "".join(parts)))


def made():
    """{path: text} of the page and its picture."""
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    lines = [INTRO.rstrip(), *summary(figures), RULES.rstrip(), KINDS_HEAD, *kinds(figures), HEAP, *heap_rows(figures),
             NOT_CLAIMED.rstrip()]
    return {PAGE: "\n".join(lines) + "\n", PICTURE: picture(figures)}


if __name__ == "__main__":
    sys.exit(run("reliability", __doc__, made))
