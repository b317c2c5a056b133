# cpython only: the build runs on the host
"""The tick written out in full before compiling: calls go, what happens and in which order stays."""
import re
import unittest

from tools.setup.constants import inline

CORE = """
from firmware.safety.parts import Part, twice, steps
from firmware.safety.limits import count_down
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
LIMITS = """
def count_down(left_ms, gap_ms):
    return max(left_ms - gap_ms, 0)
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
    modules = {"firmware.safety.core": core, "firmware.safety.parts": parts, "firmware.safety.limits": LIMITS}
    return core, inline(modules)["firmware.safety.core"]


def made(core, parts=PARTS):
    """A SafetyCore of these sources."""
    space = {}
    exec(LIMITS + parts, space)
    exec(re.sub(r"(?m)^from firmware.*$", "", core), space)
    return space["SafetyCore"]()


class Inlining(unittest.TestCase):
    def same(self, body, more="", nows=range(8), parts=""):
        """The written-out tick, which must do what the sources do; returns its text."""
        source, text = written(body, more, PARTS + parts)
        one, other = made(source, PARTS + parts), made(text, PARTS + parts)
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
        text = self.same("self.part.left = count_down(self.part.left, now_ms)\nreturn self.part.left")
        self.assertIn("if the_part.left:", text)
        self.assertNotIn("if the_part.left:", self.same("self.part.left = count_down(now_ms, 3)\nreturn self.part.left"))

    def test_a_number_that_is_compared_with_nothing_is_asked_for_itself(self):
        text = self.same("if self.part.left == 0:\n    return 1\nif self.part.left != 0 and now_ms == 0:\n    return 2\nreturn 3",
                         nows=(0, 5))
        self.assertIn("if not self.part.left:", text.replace("the_part", "self.part"))
        self.assertNotIn("== 0", text)

    def test_only_a_countdown_of_the_limits_that_sets_one_thing_is_left_out_at_zero(self):
        for gap in ("now_ms", "-now_ms"):           # what anybody else subtracts may be negative
            text = self.same("self.part.left = max(self.part.left - %s, 0)\nreturn self.part.left" % gap, nows=(5, 3, 0, 4))
            self.assertNotIn("if the_part.left:", text)
        for targets in ("self.part.left = self.other.left", "self.other.left = self.part.left"):
            self.same("self.other.left = now_ms\n%s = count_down(self.part.left, 3)\nreturn self.other.left" % targets)
            self.same("self.part.left = now_ms\n%s = count_down(self.other.left, 3)\nreturn self.other.left" % targets)

    def test_what_is_returned_to_nobody_is_worked_out_all_the_same(self):
        for returned in ("self.log.append(x)", "self.say(x) and self.say(-x)", "1 + twice(self.say(x))", "min(self.say(x), 3)", "x",
                         "self.part.take(x)"):
            for body in ("return %s", "if x > 3:\n            return %s\n        self.log.append(0)"):
                self.same("self._do(now_ms)\nself._do(2)", "    def _do(self, x):\n        %s\n" % (body % returned))
        for failing in ("TABLE[x]", "4 // (2 - x)"):
            self.assertRaises((IndexError, ZeroDivisionError), made(written("self.part.get(now_ms)", parts=PARTS + (
                "    def get(self, x):\n        self.left = x\n        return %s\n" % failing))[1]).tick, 2)

    def test_a_function_of_nothing_leaves_a_statement_that_does_nothing(self):
        more = "    def _no(self):\n        pass\n    def _doc(self):\n        'nothing'\n"
        for name in ("_no", "_doc"):
            self.same("if now_ms > 2:\n    self.%s()\nwhile now_ms > 5:\n    now_ms -= 1\n    self.%s()\nreturn now_ms" % (
                name, name), more)
            self.same("return self.%s()" % name, more)
        self.same("self._no()", more)

    def test_a_return_of_nothing_gives_none(self):
        self.same("return self._one(), self.say(2)", "    def _one(self):\n        return\n")
        more = "    def _some(self, x):\n        if x > 3:\n            return\n        return self.say(x)\n"
        self.assertNotIn("_some", self.same("found = self._some(now_ms)\nreturn found, now_ms", more))

    def test_what_calls_itself_stays_a_call(self):
        more = "    def _sum(self, x):\n        if x <= 0:\n            return 0\n        return x + self._sum(x - 1)\n"
        self.assertIn("._sum(", self.same("found = self._sum(now_ms)\nreturn found", more))
        more = ("    def _even(self, x):\n        return self._odd(x - 1) if x else 1\n"
                "    def _odd(self, x):\n        return self._even(x - 1) if x else 0\n")
        self.same("return self._even(now_ms) + self._odd(now_ms)", more)
        self.same("self.say(now_ms)\nif now_ms > 2:\n    return self.tick(now_ms - 1)\nreturn now_ms")

    def test_names_that_the_build_makes_itself_are_refused(self):
        for body, more, parts in (
                ("x1 = now_ms\nreturn twice(x1)", "", ""), ("the_part = 3\nreturn the_part", "", ""),
                ("return now_ms", "    def _do(self, x):\n        p3 = x\n        return p3\n", ""),
                ("return x12[0] + now_ms", "x12 = [1]\n", ""),
                ("return now_ms", "", "def x2():\n    return 2\n"), ("max = now_ms\nreturn max", "", ""),
                ("self = 4\nreturn self", "", ""),
                ("return min(now_ms, 3)", "from firmware.safety.limits import count_down as min\n", "")):
            with self.subTest(body), self.assertRaisesRegex(
                    ValueError, "firmware.safety.(core|parts) line .* the name (x|p|the_|max|min|self)"):
                written(body, more, PARTS + parts)
        self.same("x1a, px, then = now_ms, 2, 3\nreturn twice(x1a) + px + then")

    def test_two_parts_that_would_have_one_name_and_two_classes_of_one_name_are_refused(self):
        made_of = "    def __init__(self):\n        self.%s = Part()\n"
        core = ("from firmware.safety.parts import Part, Box\nclass SafetyCore:\n"
                "    def __init__(self):\n        self.box = Box()\n"
                "        self.box_part = Part()\n    def tick(self, now_ms):\n"
                "        self.box.part.left = self.box_part.left\n        self.box_part.left = self.box.part.left\n")
        with self.assertRaisesRegex(ValueError, "the_box_part"):
            inline({"firmware.safety.core": core, "firmware.safety.parts": PARTS + "class Box:\n" + made_of % "part"})
        with self.assertRaisesRegex(ValueError, "class Part"):
            written("return now_ms", "class Part:\n    pass\n")

    def test_a_name_of_the_tick_that_a_function_means_otherwise_is_refused(self):
        for name in ("TABLE", "LIMIT_"):
            with self.assertRaisesRegex(ValueError, "%s of other means something else in tick" % name):
                written("%s = (now_ms,)\nother(3)\nreturn %s" % (name, name), """
LIMIT_ = [4]
TABLE = [5]
def other(x):
    return LIMIT_[0] + TABLE[0] + x
""", PARTS.replace("TABLE", "ROWS"))
        self.same("steps = self.part.take\nreturn steps(now_ms)")           # no function of that name any more

    def test_arguments_and_decorators_that_only_an_interpreter_understands_stay_a_call(self):
        for head, call in (("@staticmethod\n    def _do(x)", "_do(now_ms)"), ("def _do(self, x, *rest)", "_do(now_ms, 2)"),
                           ("def _do(self, *rest, x=2)", "_do(now_ms)"), ("def _do(self, x, **rest)", "_do(now_ms)"),
                           ("def _do(self, x, /)", "_do(now_ms)"), ("@classmethod\n    def _do(self, x)", "_do(now_ms)")):
            self.assertIn("._do(", self.same("found = self.%s\nreturn found" % call, "    %s:\n        return x + 1\n" % head))
        for call in ("self._do(now_ms, 3)", "self._do()", "twice()", "twice(1, 2)"):
            text = written("return " + call, "    def _do(self, x):\n        return x + 1\n")[1]
            with self.assertRaises(TypeError):
                made(text).tick(1)

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

    def test_a_part_that_the_constructor_may_make_otherwise_is_not_known(self):
        other = "class Other:\n    def __init__(self):\n        self.left = 7\n    def take(self, x):\n        return 99\n"
        for how in ("if self.log == []:\n            self.part = Other()", "self.part, self.more = Other(), 1",
                    "while self.part.left == 5:\n            self.part = Other()", "self.part = Other()"):
            core = (CORE % "        return self.part.take(now_ms)").replace("import Part", "import Other, Part").replace(
                "    def say", "        %s\n    def say" % how)
            modules = {"firmware.safety.core": core, "firmware.safety.parts": PARTS + other}
            text = inline(modules)["firmware.safety.core"]
            self.assertIn(".part.take(", text)
            self.assertEqual(made(text, PARTS + other).tick(1), 99)

    def test_a_part_that_a_function_exchanges_is_not_known(self):
        self.assertIn(".part.take(", self.same("return self.part.take(now_ms)", "def exchange(core):\n    core.part = None\n"))

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
