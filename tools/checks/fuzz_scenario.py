"""Fuzzing of scenario files. Targets as in fuzz_targets.py."""

from pathlib import Path

from tools.checks.fuzz import TOKENS, mutated, need, packed
from tools.checks.fuzz_base import OnFiles
from tools.checks.source import ROOT
from tools.twin import scenario, scenario_lines


class Scenario(OnFiles):
    """Steps, or a ScenarioError that names the line."""

    name = "scenario"
    names = ("a.scn",)

    def __init__(self):
        super().__init__()
        lines = [line.strip() for line in scenario.__doc__.splitlines() if line.startswith("    ")]
        texts = ["\n".join(line.partition("   ")[0] for line in lines if not line.startswith("include"))]
        texts += [path.read_text() for path in sorted((ROOT / "host_tests" / "scenarios").rglob("*.scn"))]
        texts += ["include a.scn", "include b.scn\nwait 1 s"]
        self.seeds = tuple(packed([text.encode()]) for text in texts)
        self._reader = scenario_lines.Reader()

    def damaged(self, rng, part):
        tokens = TOKENS + (b" ", b"is", b"within", b"1e9 h", b"=", b"include ", b"expect world.ev.", b"[" * 4000, b"x" * 300, b"'",
                           b"nan s")
        return mutated(rng, part, tokens)

    def run(self, data):
        self.lay(data)
        try:
            steps = self._reader.read(Path(self.folder + "a.scn"), ())
        except scenario.ScenarioError as error:
            need(self.folder in str(error), "it does not say where: %s" % error)
            return
        need(all(callable(step.act) for step in steps), "a step that cannot be done")


TARGETS = (Scenario,)
