# cpython only: the build runs on the host
"""The tick written out in full before compiling: calls go, what happens and in which order stays."""
import importlib.abc
import importlib.util
import random
import re
import sys
import unittest
from pathlib import Path

from firmware.safety.io_image import Fitted
from host_tests.safety.rig import Rig
from tools.setup.constants import inline

ROOT = Path(__file__).resolve().parents[2]
CORE = """
from firmware.safety.parts import Part, twice, steps
class SafetyCore:
    def __init__(self):
        self.log = []
        self.part = Part()
        self.other = Part()
    def say(self, what):
        self.log.append(what)
        return what
    def tick(self, now_ms):
%s
"""
PARTS = """
LIMIT = 3
TABLE = [5, 6]
def twice(x):
    return x + x
def steps(x):
    if x > LIMIT:
        return TABLE[0]
    return TABLE[1]
class Part:
    def __init__(self):
        self.left = 5
    def take(self, x):
        self.left = max(self.left - x, 0)
        if self.left == 0:
            return -1
        x += 1
        return x
    def find(self, x):
        while True:
            x += 1
            if x > 9:
                return x
    def both(self, x, y):
        return x > 1 and y
"""


def written(body, more="", parts=PARTS):
    """Sources of a small core, whose tick has this body, as the build makes them."""
    core = CORE % "\n".join("        " + line for line in body.splitlines()) + more
    return core, inline({"firmware.safety.core": core, "firmware.safety.parts": parts})["firmware.safety.core"]


def made(core, parts=PARTS):
    """A SafetyCore of these sources."""
    space = {}
    exec(parts, space)
    exec(re.sub(r"(?m)^from firmware.*$", "", core), space)
    return space["SafetyCore"]()


class Inlining(unittest.TestCase):
    def same(self, body, more="", nows=range(8)):
        """The written-out tick, which must do what the sources do; returns its text."""
        source, text = written(body, more)
        one, other = made(source), made(text)
        for now_ms in nows:
            self.assertEqual(one.tick(now_ms), other.tick(now_ms), (now_ms, text))
            self.assertEqual((one.log, vars(one.part), vars(one.other)), (other.log, vars(other.part), vars(other.other)))
        return text[text.index("def tick"):]

    def test_functions_of_one_expression_stand_in_place_of_their_calls(self):
        self.assertNotIn("twice(", self.same("return twice(now_ms) * twice(3)"))
        self.assertNotIn("both(", self.same("return self.part.both(now_ms, self.other.left) or self.part.both(2, now_ms)"))

    def test_what_does_something_is_done_once_also_where_its_result_is_used_twice(self):
        text = self.same("found = twice(self.say(now_ms))\nself.say(0)\nreturn found")
        self.assertEqual(text.count(".append("), 2)

    def test_a_method_called_once_stands_in_its_place_with_its_early_return(self):
        text = self.same("found = self.part.take(now_ms)\nreturn found, now_ms")
        self.assertNotIn("take", text)
        self.assertNotIn("max(", text)
        self.assertNotIn("steps(", self.same("if steps(now_ms) > 5:\n    self.say(now_ms)\nelse:\n    self.say(-1)"))

    def test_called_from_many_places_or_returning_out_of_a_loop_it_stays_a_call(self):
        many = "self.part.take(1)\n" * 9
        self.assertEqual(self.same(many + "return self.other.take(now_ms)").count(".take("), 10)
        self.assertNotIn(".take(", self.same("self.part.take(1)\nreturn self.other.take(now_ms)"))     # small, and only twice
        self.assertIn(".find(", self.same("return self.part.find(now_ms)"))

    def test_what_stays_a_call_is_written_out_too(self):
        text = written("return self.big(now_ms)", """
    def big(self, x):
        self.part.left = max(self.part.left - x, 0)
        return twice(self.part.left)
    def use(self):
        return self.big
""" + "".join("    def use_%d(self):\n        return self.big(%d)\n" % (number, number) for number in range(12)))[1]
        self.assertIn(".big(", text)
        self.assertNotIn("twice(", text)
        self.assertNotIn("max(", text)

    def test_a_countdown_that_is_over_costs_one_question(self):
        text = self.same("self.part.left = max(self.part.left - now_ms, 0)\nreturn self.part.left")
        self.assertIn("if the_part.left:", text)
        self.assertNotIn("if the_part.left:", self.same("self.part.left = max(now_ms - 3, 0)\nreturn self.part.left"))

    def test_numbers_that_stand_for_truth_are_asked_for_their_question(self):
        text = self.same("if self._there(now_ms) or not self._there(3):\n    return self._there(now_ms)\nreturn self.say(2)",
                         "    def _there(self, x):\n        return 1 if 2 <= x <= 5 else 0\n")
        self.assertEqual(text.count("1 if"), 1)

    def test_the_second_half_of_and_and_or_is_done_only_when_it_is_asked_for(self):
        text = self.same("return now_ms > 3 and self.part.take(now_ms)")
        self.assertNotIn("take", text)
        self.same("if now_ms == 2 or self.part.take(now_ms) == -1:\n    return self.say(1)\nreturn self.say(2)")
        self.same("if not (now_ms and self.part.take(1) and now_ms > 2):\n    return 7\nreturn self.part.left")

    def test_what_stands_before_a_call_is_worked_out_before_it(self):
        for body in ("return self.part.left + self.part.take(now_ms)", "return twice(self.part.left) + steps(now_ms)",
                     "return 1 if self.part.left < 3 else self.part.take(now_ms)", "self.part.left += self.part.take(1) and 0\n",
                     "return (self.part.left, self.part.take(now_ms))", "return now_ms < self.part.left < steps(now_ms)",
                     "while steps(now_ms) < self.part.left:\n    self.part.left -= 1\nreturn self.part.left"):
            self.same(body, nows=range(1, 5))

    def test_min_and_max_of_numbers_are_compared_in_place(self):
        text = self.same("return min(now_ms, 4), max(self.part.left, now_ms), max(self.say(1), 0), max(1, 2, now_ms)")
        self.assertNotIn("min(", text)
        self.assertEqual(text.count("max("), 2)

    def test_a_part_is_fetched_once_unless_somebody_exchanges_it(self):
        body = "self.part.left -= 1\nreturn self.part.left"
        self.assertEqual(self.same(body).count("self.part"), 1)
        self.assertEqual(self.same(body, "    def exchange(self):\n        self.part = Part()\n").count("self.part.left"), 2)

    def test_what_the_build_does_not_understand_stays_a_call(self):
        count = "    def _count(self, x):\n        n = 0\n        for i in (1, x):\n            n += i\n        return n\n"
        self.assertIn("._count(", self.same("return self._count(now_ms)", count))
        one = "    def _one(self, x, y=1):\n        return x + y\n"
        self.assertIn("._one(", self.same("return self._one(now_ms)", one))
        with self.assertRaises(ValueError):
            written("for i in range(3):\n    self.say(i)")

    def test_names_of_other_modules_come_along_and_two_meanings_are_refused(self):
        text = written("return steps(now_ms)")[1]
        self.assertIn("from firmware.safety.parts import TABLE", text)
        with self.assertRaises(ValueError):
            written("return steps(now_ms)", "TABLE = [7]\n")

    def test_methods_that_nobody_can_call_any_more_go(self):
        more = "    def _one(self, x):\n        self.say(x)\n        self.say(x)\n    def _two(self):\n        return 2\n"
        self.assertNotIn("_one", written("self._one(now_ms)", more)[1])
        self.assertIn("def _one", written("self._one(now_ms)", more + "    def __call__(self):\n        return self._one\n")[1])
        self.assertIn("def _one", written("self._one(now_ms)\nself.say('_one')", more)[1])


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
                ("phases", (1, 3)), ("pe_monitor", (0, 1)), ("cp_disconnect", (0, 1)), ("simplified", (0, 1)))}
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
            rig.rcd, rig.drawn_ma = int(pick.random() < 0.05), pick.choice((None, 0, 16000, 30000))
            core.request.offered_ma, core.request.phases = pick.choice((0, 6000, 16000, 60000)), pick.choice((1, 3, 3))
            rig.order(pick.choice(("clear", "clear", "clear", "unlock", "wake", "selftest")))
            for _ in range(pick.choice((2, 20, 60, 60))):
                rig.step(pick.choice((10,) * 40 + (0, 3, 200, 7000)))
