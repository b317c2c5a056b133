"""docs/safety.md from the code: the phases, the trips, the limits, what is proved how, and the last search's figures.

`python -m tools.docs.safety` writes the page, `--check` fails when it is stale. The figures are those of docs/safety_search.json,
which `python -m tools.checks.reach --write` makes.
"""
import json
import re
import sys

from tools.checks.source import ROOT
from tools.twin import cpython

if not cpython.installations():
    cpython.install()

from firmware.charging import faults  # MicroPython's modules had to be there first
from firmware.safety import trips
from firmware.safety.core import PHASE_NAMES
from tools.checks.reach.abstraction import CLASSES, NOT_KEPT, SETTLED
from tools.checks.reach.rules import RULES
from tools.docs.made import run

PAGE = ROOT / "docs" / "safety.md"
FIGURES = ROOT / "docs" / "safety_search.json"
SAFETY = ROOT / "firmware" / "safety"
NO_ROW = "none yet"        # a trip without a fault of its own

# why the core goes from one phase to another; the search says which of these moves exist, and a move without words here is an error
MOVES = {
    ("idle", "selftest"): "a vehicle is there: the residual-current monitor is tested, before PWM",
    ("idle", "ready"): "a vehicle is there that was tested in this plug-in",
    ("idle", "offering"): "a vehicle is there, tested in this plug-in; wanted, the PWM pause is over",
    ("selftest", "idle"): "the vehicle left",
    ("selftest", "ready"): "test passed, contactor shown open",
    ("ready", "idle"): "the vehicle left",
    ("ready", "selftest"): "a self-test was ordered",
    ("ready", "offering"): "wanted, and the PWM pause is over",
    ("offering", "idle"): "the vehicle left",
    ("offering", "ready"): "not wanted any more, or other phases are wanted, or unlock or self-test was ordered",
    ("offering", "selftest"): "a self-test was ordered",
    ("offering", "waking"): "wake-up ordered and B for 30 s",
    ("offering", "closing"): "C (or allowed D), diode seen, locked, shown open, PE, the pause since the last opening over: coil on",
    ("waking", "offering"): "4 s are over",
    ("waking", "ready"): "not wanted any more",
    ("waking", "selftest"): "a self-test was ordered",
    ("closing", "closed"): "every feedback shows closed (without feedback: 200 ms)",
    ("closing", "opening"): "the vehicle left C, not wanted any more, or a trip: coil off",
    ("closed", "stopping"): "not wanted any more, a graceful trip, unlock or self-test ordered: steady +12 V",
    ("closed", "opening"): "the vehicle left C or a trip: coil off",
    ("stopping", "opening"): "the vehicle opened S2, 6 s are over, or a trip: coil off",
    ("opening", "offering"): "shown open; the vehicle left C by itself and it is still wanted: PWM has stayed on",
    ("opening", "ready"): "shown open, vehicle there",
    ("opening", "idle"): "shown open, vehicle gone",
    ("opening", "tripped"): "shown open (without feedback: 200 ms), a trip is active",
    ("tripped", "idle"): "no trip is left and state F was held long enough",
}
EVERY_TRIP = ("idle", "selftest", "ready", "offering", "waking")

PROOFS = """| what | where | says |
|---|---|---|
| Tests of the standard's rows, at the limit and one tick beyond | `host_tests/safety/test_*.py` | each sentence holds in its case |
| Invariants over time | `host_tests/safety/invariants.py`, after each tick of every test | times are kept whatever happens |
| Properties | hypothesis over the rig: traces of inputs nobody chose | no trace found that breaks an invariant |
| Reachable states | `python -m tools.checks.reach` | no state and no step of the abstraction breaks a rule below |
| Coverage | `python -m tools.checks.coverage_safety` | every line and branch of `firmware/safety/` runs in a test |
| Mutation | `python -m tools.checks.mutate` | every small change turns a test red, or is listed with its reason |
| The same unit tests on MicroPython | `python -m host_tests.vm.run` | the interpreter of the device agrees |
| No allocation in a tick, its cost | `host_tests/safety/test_allocation.py`, `make bench` | the heap cannot hold up a tick |"""

NOT_CLAIMED = """- **Hardware.** Contactors, monitor, lock, supply and the pilot's circuit are taken at their word, as far as
  inputs go. What must not depend on software (residual-current cut-off, drop-out of a hung controller) is required of the board.
- **How fast a contactor opens.** The coil goes off within 50 ms of a change of the pilot; the contacts' own
  20 to 30 ms come on top and are not seen by the core before their feedback.
- **The standard's text.** Numbers marked [GK] below are general knowledge and were never held against the text; [P] is the
  practice of named products. A conformity test may ask for others.
- **Without feedback** nothing proves that a contactor is open or welded; the core then counts time.
- **What lies outside the core**: sampling of the pilot, drivers, the task that calls the tick, compiler and interpreter.

What the search leaves out:
- Times. A countdown is 0 or running; a running one may end at any tick. So the search meets more than can happen, and says nothing
  about how long anything takes: tests and invariants over time do.
- At most two countdowns that end in one and the same tick of `time passes` (in some variants one), beside those of pilot and
  contactors. Concrete runs are held against this.
- The request's heartbeat is alive or dead in each tick as the search chooses.
- Over-current, supply and temperature are one chosen answer each; how they come to it is tested apart. Offers are "none" or "some".
- Trips that the core treats alike are one class, so their number does not multiply the states.
- A variant changes the inputs of its row; what is not in it stays healthy. Causes beside pilot, contactors and lock come one at a
  time in a tick, but stay as trips together.
- Past a weld only the two variants "after a weld" go on; in the others a welded state is checked and not left."""


def comments_of(name):
    """{constant: comment} of a module's lines `NAME = const(…)   # comment`."""
    found = {}
    for line in (SAFETY / name).read_text(encoding="utf-8").splitlines():
        match = re.match(r"([A-Z][A-Z0-9_]*) = const\((.+?)\)\s*(?:#\s*(.*))?$", line)
        if match:
            found[match.group(1)] = (match.group(2), match.group(3) or "")
    return found


def _cell(text):
    return str(text).replace("|", "\\|")


def trip_rows():
    """One line a trip."""
    comments = comments_of("trips.py")
    yield "| bit | trip | cause | opens | pilot after | goes when the cause is gone and | fault |"
    yield "|---|---|---|---|---|---|---|"
    for place, name in enumerate(trips.NAMES):
        bit = 1 << place
        row = next((fault for fault in faults.FAULTS if fault[10] & bit), None)
        opens = "after asking the vehicle, at the latest in 7 s" if bit & trips.GRACEFUL else "now"
        pilot = "F" if bit & trips.PILOT_F else "+12 V"
        if bit & trips.POWER_CYCLE:
            goes = "never while running"
        elif bit & trips.SELF_CLEARING:
            goes = "at once (hysteresis lies in the cause)"
        elif bit & trips.UNPLUG_ONLY:
            goes = "the vehicle is unplugged"
        else:
            goes = "the vehicle is unplugged, or the clear order comes"
        yield "| %d | %s | %s | %s | %s | %s | %s |" % (place, name, _cell(comments[name.upper()][1]), opens, pilot, goes,
                                                      "%d %s" % row[:2] if row else NO_ROW)


def limit_rows():
    """The constants of limits.py with their sections, values and comments."""
    section = None
    for line in (SAFETY / "limits.py").read_text(encoding="utf-8").splitlines():
        if line.startswith("# --- "):
            section = line[6:].strip()
            yield ""
            yield "**%s**" % (section[:1].upper() + section[1:])
            yield ""
            yield "| name | value | why and where from |"
            yield "|---|---|---|"
            continue
        match = re.match(r"([A-Z][A-Z0-9_]*) = (?:const\()?(.+?)\)?\s*(?:#\s*(.*))?$", line)
        if match and section:
            value = match.group(2) + (")" if match.group(2).startswith("(") else "")
            yield "| `%s` | %s | %s |" % (match.group(1), value, _cell(match.group(3) or ""))


def chart(variants):
    """The phases and moves that the search has seen, as a chart; every move must have its words."""
    seen = {}
    for variant in variants:
        for before, after, count in variant["moves"]:
            move = (PHASE_NAMES[before], PHASE_NAMES[after])
            seen[move] = seen.get(move, 0) + count
    to_tripped = {move for move in seen if move[1] == "tripped" and move[0] in EVERY_TRIP}
    unknown = sorted(set(seen) - set(MOVES) - to_tripped)
    if unknown:
        raise SystemExit("the search saw moves that MOVES has no words for: %s" % ", ".join("%s -> %s" % move for move in unknown))
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> idle"]
    lines += ["    %s --> %s" % move for move in sorted(seen, key=lambda move: [PHASE_NAMES.index(name) for name in move])]
    lines += ["```", "", "| from | to | when |", "|---|---|---|"]
    lines += ["| %s | %s | %s |" % (move + (MOVES[move],)) for move in MOVES if move in seen]
    lines += ["| %s | tripped | a trip, or state F is still held |" % ", ".join(sorted((move[0] for move in to_tripped),
                                                                                     key=PHASE_NAMES.index))]
    never = [move for move in MOVES if move not in seen]
    if never:
        lines += ["", "In the code, but seen in no search: %s." % ", ".join("%s → %s" % move for move in never)]
    return lines


def figures(variants):
    """The last search."""
    yield "| variant | states | between stages | steps | depth, ticks | charge again | welded | ticks of concrete runs |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in variants:
        yield "| %s%s | %d | %d | %d | %d | %d | %d | %d |" % (
            row["name"], "" if row["closed"] else " (stopped by its limit)", row["states"], row["between"], row["steps"],
            row["depth"], row["charged"], row["welded"], row["ticks"])
    yield "| **together** | %d | %d | %d | %d | %d | %d | %d |" % tuple(
        (max if key == "depth" else sum)(row[key] for row in variants)
        for key in ("states", "between", "steps", "depth", "charged", "welded", "ticks"))


INTRO = """# The safety core

Made by `python -m tools.docs.safety` from the code and the last search; edit those, not this page.

`firmware/safety/` alone may close the contactor. It is called every 10 ms with what the drivers saw and with one request
record, and answers with the outputs. Nothing outside can close the contactor: it can only ask for a current.

## Phases

Moves that the search of reachable states has seen, with their conditions in words.
"""
TRIPS = """
## Trips

*Now*: the coil goes off in the tick that sees the cause. A vehicle that unplugs while charging opens too; that is no trip.
"""
SEARCH = """
## The search of reachable states

The real core runs from every state that it can reach, under every choice of its variant, until nothing new is found. A tick
is cut into five stages (time, pilot, protection, orders, request); every combination of their choices is met. A step is one
stage from one state under one choice. *Charge again*: from so many states a healthy world in which the vehicle leaves and
comes again ends with power; all the others are welded and never offer again. Concrete runs tick the same core with real
countdowns in random worlds: every state they met was one that the search had seen.
"""
LIMITS = """
## Limits

Evidence: [T] the standard's table as several public implementations give it, [P] practice of named products, [GK] general
knowledge not seen in a source, [own] our own choice. Clauses are those of IEC 61851-1 annex A."""


def not_kept():
    """What a state of the search does not hold."""
    names = ["`%s`" % name for name in SETTLED]
    for part, attributes in NOT_KEPT.items():
        names += ["`%s.%s`" % (part, name) for name, why in attributes.items() if why not in ("part", "fixed", "chosen anew")]
    return ", ".join(sorted(names))


def page():
    """The whole page as text."""
    variants = json.loads(FIGURES.read_text(encoding="utf-8"))["variants"]
    classes = "; ".join(", ".join(name for place, name in enumerate(trips.NAMES) if mask >> place & 1) for mask, _bit in CLASSES)
    lines = [INTRO, *chart(variants), TRIPS, *trip_rows(), "", "## What holds, and how it is proved", "", PROOFS, "",
             "Rules that the search holds against every state and every step:", ""]
    lines += ["- `%s` %s" % item for item in RULES.items()]
    lines += [SEARCH, *figures(variants), "", "Classes of trips: %s." % classes, "",
              "Kept as a fixed value, or not at all, as it is written before it is read again or nobody in the core reads it: %s."
              % not_kept(), "", "## What is not claimed", "", NOT_CLAIMED, LIMITS, *limit_rows()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(run("safety", __doc__, lambda: {PAGE: page()}))
