"""docs/faults.md from the fault registry and the page's English texts.

`python -m tools.docs.faults` writes the page, `--check` fails when it is stale.
"""
import sys

from tools.checks.source import ROOT
from tools.twin import cpython

if not cpython.installations():
    cpython.install()

from firmware.charging import faults  # MicroPython's modules had to be there first
from firmware.safety import trips
from tools.docs import texts as page_texts
from tools.docs.made import run
from tools.docs.texts import Words

PAGE = ROOT / "docs" / "faults.md"

SEVERITIES = ("warning", "error", "latched")
OPENS = {"trip": "now", "stop": "asks first", "not": "–"}
PILOTS = {"12": "+12 V", "F": "F", "-": "–"}
CLEARED = Words("tools/docs/faults.py, CLEARED", {
    "unplug,clear,retry": "unplugging, the command `clear`, a retry", "unplug": "unplugging", "power_cycle": "a power cut only",
    "cause": "its cause going", "restart": "a restart", "time": "a minute",
})

INTRO = """# What can go wrong

Made by `python -m tools.docs.faults` from `firmware/charging/faults.py` and the page's English texts; edit those, not this page.

Every fault has a beginning and an end in the event log, under its name and with its code. An *active* fault lasts as long as its
cause (or until somebody clears it); a *passive* one has happened, and is shown for a minute, or until the next start. A start ends
whatever was active when power went: faults that are still there begin again, under the new start's number.

Several at once: all are shown, the light shows the gravest. Codes up to 8007 are those of a well-known wallbox, 9xxx are ours.

- *severity*: a **warning** lets the charge go on; an **error** ends it and recovers; a **latched** one stays until somebody acts.
- *opens*: **now** takes power away in the same tick; **asks first** gives the vehicle 6 s to stop drawing. **–**: stays closed.
- *retries*: cleared by itself so often in one plug-in, after 10 s, 30 s, 1, 2 and 5 minutes, if the cause is gone.
- *reset*: the fault outlives a reset that is no power cut.
"""


def _light(code):
    if not code:
        return "–"
    segments = blinks = None
    if "*" in code:
        code, blinks = code.split("*")
    if ":" in code:
        code, segments = code.split(":")
    where = ", segments %s" % " and ".join(segments) if segments else ""
    return "%s%s, %s" % (code, where, "steady" if blinks is None else "%s blink%s, pause" % (blinks, "" if blinks == "1" else "s"))


def fault_rows(texts):
    """The table for people: what, what to do, what it looks like."""
    yield "| code | name | what it says | what to do | light |"
    yield "|---|---|---|---|---|"
    for row in faults.FAULTS:
        name = row[faults.NAME]
        yield "| %d | `%s` | %s | %s | %s |" % (row[faults.CODE], name, texts["fault." + name],
                                               texts["fault.%s.advice" % name], _light(row[faults.LIGHT]))


def behaviour_rows():
    """The table for integrators: what it does, what others call it."""
    yield "| name | severity | kind | opens | pilot after | retries | ended by | reset | trip | OCPP 1.6 | MREC | status bit |"
    yield "|---|---|---|---|---|---|---|---|---|---|---|---|"
    for row in faults.FAULTS:
        bit = row[faults.TRIP]
        yield "| `%s` | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |" % (
            row[faults.NAME], SEVERITIES[row[faults.SEVERITY]], row[faults.KIND], OPENS[row[faults.OPENS]],
            PILOTS[row[faults.PILOT]], row[faults.RETRIES] or "–", CLEARED[row[faults.CLEARED]],
            "yes" if row[faults.SURVIVES] else "–", trips.NAMES[bit.bit_length() - 1] if bit else "–", row[faults.OCPP],
            row[faults.MREC] or "–", row[faults.STATUS])


def light_rows():
    """What the blinks mean."""
    yield "| light | where to look |"
    yield "|---|---|"
    for code, meaning in faults.LIGHTS:
        yield "| %s | %s |" % (_light(code), meaning)


def status_rows():
    """The status word."""
    yield "| bit | name | set by |"
    yield "|---|---|---|"
    for place, (name, missing) in enumerate(faults.STATUS_BITS):
        names = ", ".join("`%s`" % row[faults.NAME] for row in faults.FAULTS if row[faults.STATUS] == name)
        yield "| %d | `%s` | %s |" % (place, name, names or "nothing yet: " + missing)


def page():
    """The whole page as text."""
    lines = [INTRO, *fault_rows(page_texts.read("en")), "", "## What each does, and what others call it", "", *behaviour_rows(), "",
             "## Blinks of the light", "", "All four segments, or the three plain lights of a board without a strip.", "",
             *light_rows(), "", "## Status word", "",
             "For supervision systems that read bits. A bit is set while one of its faults is there.", "", *status_rows()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(run("faults", __doc__, lambda: {PAGE: page()}))
