"""docs/lights.md from the tables of lights, melodies and buttons.

`python -m tools.docs.lights` writes the page, `--check` fails when it is stale.
"""
import sys

from tools.checks.source import ROOT
from tools.twin import cpython

if not cpython.installations():
    cpython.install()

from firmware.charging.faults import FAULTS, LIGHT, LIGHTS, NAME  # MicroPython's modules had to be there first
from firmware.ui import buttons, buzzer, lights
from tools.docs.made import run
from tools.docs.texts import Words

PAGE = ROOT / "docs" / "lights.md"
COLOURS = {"B": "blue", "G": "green", "O": "orange", "R": "red", "W": "white", ".": "dark"}
RHYTHMS = {lights.STEADY: "steady", lights.BLINK: "blinking, once a second", lights.SLOW: "blinking slowly, every 3 s",
           lights.FAST: "blinking fast", lights.WAIT: "a flash every 3 s"}
WHEN = Words("tools/docs/lights.py, WHEN", {
    "update": "new software is being installed", "starting": "starting", "error": "a fault without a light of its own",
    "accepted": "a card was accepted (2 s)", "refused": "a card was refused (2 s)", "teaching": "cards are being taught",
    "selftest": "self-test after plug-in", "charging": "charging", "commissioning": "commissioning mode",
    "unavailable": "out of service", "card_wanted": "a vehicle waits for a card",
    "not_authorized": "a vehicle waits for an authorisation that no card can give",
    "all_reached": "after the start: all is reached", "no_csms": "after the start: the central system is not reached",
    "no_manager": "after the start: the manager of the charging network is not reached",
    "reserved": "reserved", "ready": "idle, or authorised and waiting",
})
ACTIONS = Words("tools/docs/lights.py, ACTIONS", {
    None: "nothing",
    "restart": "restarts, a charge ends in order first",
    "clear_cards": "deletes all cards; the next card within 60 s becomes the master card; only with no vehicle plugged",
    "factory_reset": "a factory reset: all that is personal goes, the cards stay, then a restart; only while no vehicle charges",
    "stop_or_resume": "stops the charge, or resumes it (setting `charging.front_button`)",
})
HEAD = """# Lights, sounds and buttons

Made by `python -m tools.docs.lights` from `firmware/ui/` and the fault registry; not to be edited.

The status light has four segments, S1 to S4 from left to right. A strip of 4 n LEDs is four segments of n; with 4 n + 3 the last
three are the reader, connection and mode light. Boards with three plain LEDs show the colour of the last column in the same rhythm.

## Status light

The first row that holds is shown. A fault that stops charging comes before all but start and update; a warning interrupts the
others for the last two seconds of every six. What is active at the same time takes turns.

| when | S1 | S2 | S3 | S4 | | one light |
|---|---|---|---|---|---|---|
"""
SINGLES = """
## Single lights

| light | colour | meaning |
|---|---|---|
| reader | white, blinking | a card is wanted |
| | white | a card is being read |
| | green, red (2 s) | accepted, refused |
| | orange | cards are being taught |
| connection | white | the page can be reached |
| | green, blinking | connecting |
| | green | connected |
| | orange | connection lost |
| mode | blue | ready |
| | green | immediate charging |
| | white, blinking | smart charging |
| | orange | a fault of the charger's own |

## Standby

The lights dim after `standby.dim_after_min` and go off after `standby.off_after_min` minutes without use (0: never); with
`standby.sleep_mode` they go off as soon as a charge ends. A press, a card or a vehicle wakes them; a charge and a fault that stops
one keep them on. `lights.brightness_percent` is their brightness.
"""


def page():
    """The page's text."""
    text = HEAD
    for name, segments, rhythm, one in lights.STATUS:
        cells = [COLOURS[letter] for letter in segments]
        text += "| %s | %s | %s | %s |\n" % (WHEN[name], " | ".join(cells), RHYTHMS[rhythm], COLOURS[one])
    text += "\n## Faults\n\n| light | where to look | faults |\n|---|---|---|\n"
    for light, meaning in LIGHTS:
        colour, segments, count = lights.fault_look(light)
        said = COLOURS[colour] + ("" if segments == "1234" else ", " + " and ".join("S" + one for one in segments))
        said += ", steady" if not count else ", %d flash%s, pause" % (count, "" if count == 1 else "es")
        names = ", ".join("`%s`" % row[NAME] for row in FAULTS if row[LIGHT] == light)
        text += "| %s | %s | %s |\n" % (said, meaning, names or "–")
    text += SINGLES
    text += "\n## Sounds\n\n| sound | tones |\n|---|---|\n"
    for name, notes in buzzer.MELODIES:
        text += "| %s | %s |\n" % (name.replace("_", " "), ", ".join(
            "%d Hz %d ms" % note if note[0] else "pause %d ms" % note[1] for note in notes))
    text += "\n## Buttons\n\n| button | let go after | heard before | what it does |\n|---|---|---|---|\n"
    for button, table in (("service", buttons.SERVICE), ("front", buttons.FRONT)):
        for held_ms, beep, action in table:
            text += "| %s | %s | %s | %s |\n" % (button, "%d s" % (held_ms // 1000) if held_ms else "a short press",
                                                 (beep or "–").replace("_", " "), ACTIONS[action])
    return text + ("\nA button held for more than %d s counts as stuck: "
                   "nothing happens. What cannot be done now answers with falling tones.\n" % (buttons.STUCK_MS // 1000))


if __name__ == "__main__":
    sys.exit(run("lights", __doc__, lambda: {PAGE: page()}))
