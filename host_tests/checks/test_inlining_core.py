# cpython only: the build runs on the host
"""The safety core as the build writes it, held against the sources tick by tick in random worlds."""
import importlib.abc
import importlib.util
import random
import sys
import unittest
from pathlib import Path

from firmware.safety.io_image import Fitted
from host_tests.safety.rig import Rig
from tools.setup.constants import inline

ROOT = Path(__file__).resolve().parents[2]


class _Written(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """The safety core as the build writes it, under another package's name."""

    def __init__(self):
        sources = {"firmware.safety." + path.stem: path.read_text() for path in (ROOT / "firmware/safety").glob("*.py")}
        self.texts = {name.replace("firmware", "written", 1): text.replace("firmware.safety", "written.safety")
                      for name, text in inline(sources).items()}

    def find_spec(self, name, path=None, target=None):
        if name in self.texts or name in ("written", "written.safety"):
            return importlib.util.spec_from_loader(name, self, is_package=name not in self.texts)
        return None

    def exec_module(self, module):
        if module.__name__ in self.texts:
            exec(self.texts[module.__name__], vars(module))


def values(thing):
    """All that an object and its parts hold, in order: names are other ones as built."""
    return [values(value) if hasattr(value, "__dict__") else repr(value) for name, value in vars(thing).items()
            if name != "tick"]      # which the test puts there


class Core(unittest.TestCase):
    LIVES, STEPS = 12, 14

    def setUp(self):
        self.finder = _Written()
        sys.meta_path.insert(0, self.finder)

    def tearDown(self):
        sys.meta_path.remove(self.finder)
        for name in [name for name in sys.modules if name.split(".")[0] == "written"]:
            del sys.modules[name]

    def test_the_written_core_lives_as_the_sources_say_in_random_worlds(self):
        core = importlib.import_module("written.safety.core")
        seen = set()
        for seed in range(self.LIVES):
            pick = random.Random(seed)
            fitted = {name: pick.choice(allowed) for name, allowed in (
                ("contactors", (1, 2)), ("feedback", (0, 1, 1)), ("lock", (0, 1)), ("rcd_test", (0, 1)), ("ventilated", (0, 1)),
                ("phases", (1, 3)), ("pe_monitor", (0, 1)), ("cp_disconnect", (0, 1)), ("simplified", (0, 1)),
                ("socket", (0, 1)))}
            self._live(Rig(pick.choice((0, (1 << 30) - 9000)), **fitted), core.SafetyCore(Fitted(**fitted)), pick, seen)
        self.assertGreater(len(seen), 60)

    def _live(self, rig, twin, pick, seen):
        """One random life; the twin is told the same and must be the same after every tick."""
        core, real = rig.core, rig.core.tick

        def both(now_ms):
            if pick.random() < 0.005:
                setattr(core.inputs, pick.choice(("pe_ok", "enable", "upstream_tripped", "guard_opened")), pick.choice((0, 1)))
            if pick.random() < 0.01:
                core.inputs.pe_ok, core.inputs.enable, core.inputs.upstream_tripped, core.inputs.guard_opened = 1, 1, 0, 0
            if pick.random() < 0.05:
                rig.read_temperature(pick.randrange(5), pick.choice((20, 20, 66, 72, 88, 110, -999)))
            vars(twin.inputs).update(vars(core.inputs))
            vars(twin.request).update(vars(core.request))
            real(now_ms)
            twin.tick(now_ms)
            if values(core) != values(twin):
                self.fail("%s\n%s" % (values(core), values(twin)))
            seen.add((core.phase, core.trips, core.pilot.state))

        core.tick, rig.invariants.check = both, lambda: None
        rig.allow()
        for _ in range(self.STEPS):
            rig.vehicle = pick.choice("ABBCCCCDE")
            rig.diode, rig.low_seen, rig.renew = pick.random() > 0.05, pick.random() > 0.05, pick.random() > 0.05
            if core.fitted.socket:
                core.inputs.pp_ohm = pick.choice((220, 220, 220, 100, 680, 1500, 30, 100000))
            rig.rcd, rig.drawn_ma = int(pick.random() < 0.05), pick.choice((None, 0, 16000, 30000))
            core.request.offered_ma, core.request.phases = pick.choice((0, 6000, 16000, 60000)), pick.choice((1, 3, 3))
            rig.order(pick.choice(("clear", "clear", "clear", "unlock", "wake", "selftest")))
            for _ in range(pick.choice((2, 20, 60, 60))):
                rig.step(pick.choice((10,) * 40 + (0, 3, 200, 7000)))
