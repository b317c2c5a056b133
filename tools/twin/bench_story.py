"""Stories on the live twin: the scenario files of one folder, told line by line while the bench shows where they are.

A file's first comment line is its title, the following ones (up to the first line that is none) say what it shows. The story
begins in a tidy world: no car, no fault, usual loads, and a charger that is idle, restarted if need be.
"""

from pathlib import Path

from tools.twin.ev import ASKS
from tools.twin.house import DEFAULT_LOAD_W, DEFAULT_VOLTAGE_V
from tools.twin.orders import order
from tools.twin.runner import NotNow
from tools.twin.scenario import Play, Step, read

FOLDER = Path(__file__).with_name("scenarios")
NEW_CAR = {"plugged": False, "state": ASKS[0], "phases": 3, "max_current_a": 16, "diode": True, "asleep": False,
           "stubborn": False, "simplified": False, "soc": 0.4, "battery_wh": 60_000}
USUAL_HOUSE = {"load_w": list(DEFAULT_LOAD_W), "solar_w": 0, "voltage_v": list(DEFAULT_VOLTAGE_V)}
LOOK_US = 100_000
GETS_IDLE_US = 10_000_000       # after the car has gone; who needs longer gets a power cycle
STARTS_US = 30_000_000


class Story:
    """One file: name, title, about, lines as written, and its steps."""

    def __init__(self, path):
        self.name = path.stem
        self.lines = path.read_text(encoding="utf-8").splitlines()
        head = []
        for line in self.lines:
            if not line.startswith("#"):
                break
            head.append(line.lstrip("# "))
        self.title = head[0] if head else self.name
        self.about = " ".join(head[1:]).strip()
        self.steps = read(path)

    def as_json(self):
        return {"name": self.name, "title": self.title, "about": self.about, "lines": self.lines}


def stories(folder=FOLDER):
    """All stories of a folder, by name. Raises ScenarioError."""
    return [Story(path) for path in sorted(folder.glob("*.scn"))]


class Teller:
    """Tells one story at a time. All methods are for the clock's thread."""

    def __init__(self, twin, told=None):
        self._twin = twin
        self._told = stories() if told is None else told
        self._play = None
        self._now = None

    def table(self):
        """What can be told, as JSON."""
        return [story.as_json() for story in self._told]

    @property
    def now(self):
        """The story under way or told last: name, line (0 = tidying up), how (running, passed, failed, stopped), failure,
        t_ms of each line's begin. None before the first."""
        return self._now

    def start(self, name):
        """Tell a story from its beginning; one under way ends. Raises KeyError for a name that is not in table()."""
        found = [story for story in self._told if story.name == name]
        if not found:
            raise KeyError(name)
        self.stop()
        now = self._now = {"name": name, "line": 0, "how": "running", "failure": None,
                           "t_ms": {"0": self._twin.clock.now_us // 1000}}

        def done(failure):
            now["how"], now["failure"] = ("passed", None) if failure is None else ("failed", failure)

        steps = [Step("tidy up", "tidy up", self._tidy)]
        steps += [self._followed(step, now) for step in found[0].steps]
        self._play = Play(self._twin, steps, done)
        self._play.start()

    def stop(self):
        """End the story under way; the world stays as it is."""
        if self._play is not None and self._now["how"] == "running":
            self._play.stop()
            self._now["how"] = "stopped"

    def _followed(self, step, now):
        number = int(step.where.rpartition(":")[2])

        def act(play):
            now["line"] = number
            now["t_ms"][str(number)] = self._twin.clock.now_us // 1000
            yield from step.act(play)
        return Step(step.where, step.text, act)

    def _tidy(self, play):
        world, clock = self._twin.world, self._twin.clock
        for name, on in list(world.faults.items()):
            if on:
                world.set_fault(name, False)
        for name, on in list(world.inputs.items()):
            if on:
                world.set_input(name, False)
        order(self._twin, "ev", dict(NEW_CAR))
        order(self._twin, "house", dict(USUAL_HOUSE))
        for limit_us in (GETS_IDLE_US, STARTS_US):
            end_us = clock.now_us + limit_us
            while clock.now_us < end_us:
                yield LOOK_US
                if self._is_idle():
                    return
            if limit_us is GETS_IDLE_US:
                world.reset("power")

    def _is_idle(self):
        try:
            facts = self._twin.all_facts()
        except NotNow:
            return False
        return facts["overview_state"] == "Idle" and not facts["faults"] and facts["cp_state"] == "A"
