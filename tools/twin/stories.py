"""The scenarios as stories for people: what there is to choose from, and one at a time played on a twin that runs.

A file begins with a comment: a title up to the first full stop, what happens, then a paragraph with "Proves CH-4, CH-9: …". The
folder below host_tests/scenarios is its chapter.
"""

import re

from tools.twin.air import AT_HOME
from tools.twin.house import DEFAULT_AMBIENT_C, DEFAULT_LOAD_W, DEFAULT_VOLTAGE_V
from tools.twin.runner import ROOT, NotNow
from tools.twin.scenario import Play, read
from tools.twin.scenario_lines import Step
from tools.twin.verbs import FAULTS, INPUTS

FOLDER = ROOT / "host_tests" / "scenarios"
ON_THE_VM = "vm"
# in the order of a tour
CHAPTERS = ("everyday", "cars", "socket", "limits", "house", "inputs", "front", "cards", "network", "faults", "installer", "other")
FRESH = "Needs a charger that was just set up"
ROW = re.compile(r"\b(?:CH|AU)-\d+\b")
CALM = {"state": "auto", "plugged": False, "phases": 3, "max_current_a": 16, "diode": True, "soc": 0.4, "asleep": False,
        "stubborn": False, "simplified": False, "late_s": 0, "overdraw_percent": 0, "pilot_ohm": 0, "cable_a": 0,
        "battery_wh": 60_000}
CALM_US = 3_000_000             # the charger sees that the car has gone
FORGETS_US = 10_000_000         # and forgets what it had against it
STARTS_US = 60_000_000          # a charger that was switched off and on
LOOK_US = 100_000


class UnknownStory(KeyError):
    """There is no story of that name."""


def files():
    """All scenario files but those that run on MicroPython, in the order of CHAPTERS."""
    found = [path for path in FOLDER.rglob("*.scn") if path.relative_to(FOLDER).parts[0] != ON_THE_VM]
    order = {name: number for number, name in enumerate(CHAPTERS)}
    return sorted(found, key=lambda path: (order.get(path.parent.name, len(CHAPTERS)), path.name))


def story(path):
    """{"name", "chapter", "title", "text", "proves", "rows", "fresh"} of a file; `fresh`: it cannot be played on a charger that
    has lived already."""
    comment = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        comment.append(line[1:].strip())
    paragraphs = [part.strip() for part in " ".join(line or "\n" for line in comment).split("\n")]
    text = paragraphs[0] if paragraphs else ""
    proves = " ".join(part for part in paragraphs[1:] if part.startswith("Proves"))
    chapter = path.parent.name if path.parent.name in CHAPTERS else "other"
    title = re.split(r"(?<=[.:]) ", text, maxsplit=1)[0].rstrip(".:")
    return {"name": path.stem, "chapter": chapter, "title": title, "text": text, "proves": proves,
            "rows": list(dict.fromkeys(ROW.findall(proves))), "fresh": FRESH in " ".join(comment)}


def catalogue():
    """Every story, in the order of a tour."""
    return [story(path) for path in files()]


class Stories:
    """Plays stories on a live twin, one at a time. Everything here must be called in the clock's thread (`clock.call`)."""

    def __init__(self, twin):
        self._twin = twin
        self._play = None
        self._undo = {}
        self._power_up_s = 0    # when the twin's power-up was, in Unix seconds, by the wall clock before the story
        self.last = None        # {"name", "step", "steps", "line", "text", "running", "failure"} of the newest story

    def play(self, name, progress=None):
        """Make the world calm, then play a story step by step; at its end undo what it set and make the world calm again.

        progress(state) hears `last` at each line and at the end, in the clock's thread. Raises UnknownStory, NotNow while
        another one runs, ScenarioError where the file cannot be read."""
        if self._play is not None:
            raise NotNow(f"the story {self.last['name']} is being told: stop it first")
        path = {one.stem: one for one in files()}.get(name)
        if path is None:
            raise UnknownStory(name)
        if story(path)["fresh"]:
            raise NotNow(f"{name} needs a charger that was just set up: python -m tools.twin.scenario_suite {_shown(path)}")
        steps = read(path)
        tell = progress or (lambda state: None)
        self._undo = {}
        self._power_up_s = self._on_the_wall_s()
        self.last = {"name": name, "step": 0, "steps": len(steps), "line": 0, "text": "", "running": True, "failure": None}

        def step_begins(number, total, step):
            number -= 1                                 # the first one is ours
            self.last.update(step=max(0, number))
            if step is not None and step.where:
                self.last.update(line=int(step.where.rpartition(":")[2]), text=step.text)
            tell(self.last)

        def ended(failure):
            self.last.update(running=False, failure=failure)
            self._play = Play(self._twin, [Step("", "calm", _calm), Step("", "as before", self._as_before)], over)
            self._play.start()

        def over(failure):
            self._play = None
            if failure is not None and self.last["failure"] is None:
                self.last["failure"] = failure
            tell(self.last)

        self._play = Play(self._twin, [Step("", "calm", self._begin), *steps], ended, progress=step_begins, undo=self._undo)
        self._play.start()
        return self.last

    def stop(self):
        """Leave the running story; its end comes soon, as after a failure "stopped"."""
        if self._play is not None and self.last["running"]:
            self._play.stop()

    def _begin(self, play):
        """Calm, and a charger without a fault: one that stays for long, or until a power cycle, gets the power cycle."""
        yield from _calm(play)
        for waits_us in (FORGETS_US, STARTS_US):
            for _ in range(waits_us // LOOK_US):
                if self._is_quiet():
                    return
                yield LOOK_US
            if waits_us == FORGETS_US:
                play.order("reset", {"cause": "power"})

    def _is_quiet(self):
        try:
            return self._twin.facts("overview_state") == "Idle" and self._twin.facts("faults") == []
        except NotNow:
            return False

    def _on_the_wall_s(self):
        return self._twin.clock.utc_s() - self._twin.clock.now_us // 1_000_000

    def _as_before(self, play):
        moved_s = self._on_the_wall_s() - self._power_up_s
        if abs(moved_s) > 1:            # whole seconds: one is no move
            self._twin.set_utc(self._twin.clock.utc_s() - moved_s)
        if self._undo:
            needs_restart = any("R" in row[6] for row in _rows(self._undo))
            yield from play.set(dict(self._undo), "admin", None, needs_restart)


def _shown(path):
    """As one says it in the project's folder."""
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def _rows(keys):
    from firmware.settings import schema
    return [schema.find(key) for key in keys]


def _calm(play):
    """No car, no fault, a quiet house, the network as at home."""
    for name in FAULTS:
        play.order("fault", {"name": name, "on": False})
    for name in INPUTS:
        play.order("input", {"name": name, "on": False})
    play.order("house", {"load_w": list(DEFAULT_LOAD_W), "solar_w": 0, "voltage_v": list(DEFAULT_VOLTAGE_V),
                         "ambient_c": DEFAULT_AMBIENT_C})
    play.order("network", {"aps": [dict(point, ssid=ssid) for ssid, point in AT_HOME.items()], "clients": 0, "wire": "down",
                           "ntp": "good"})
    play.order("ev", CALM)
    yield CALM_US
