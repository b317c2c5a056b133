"""One tick in five stages, and what the world may do in each: the search branches in each stage and keeps each state once.

The stages are the statements of SafetyCore.tick() itself, cut where STARTS says. Because a stage depends only on the state that
the one before left, the search meets every combination of the choices of all five, without running each of them.
"""
import ast
import inspect
import itertools
import textwrap

from firmware.safety import control_pilot as cp
from firmware.safety.core import CLOSING, OFFERING, OPENING, SELFTEST, STOPPING, WAKING
from tools.checks.reach.abstraction import INDEX, Model

# the call with which each stage but the first begins
STARTS = ("_read", "_protect", "_take_orders", "_step")
STAGE_NAMES = ("time passes", "pilot and vehicle", "protection", "orders", "request and outputs")

# countdowns that the first stage counts: place, field, and whether it is alive when `alive(key)`
_COUNTED = (
    ("core._phase_left_ms", "phase_left"), ("core._reclose_left_ms", "reclose"),
    ("core._switch_left_ms", "switch"), ("core._wake_left_ms", "wake_left"), ("driver.settle_left_ms", "settle"),
    ("driver.pause_left_ms", "pause"), ("driver.offer_left_ms", "offer_left"), ("driver.fault_left_ms", "fault_left"),
    ("monitor.quiet_left_ms", "quiet"), ("lock.left_ms", "lock_left"),
)
ENDS = {field: place for place, field in _COUNTED}
ENDS.update({"enter": "pilot.enter_left_ms", "stale": "pilot.stale_left_ms", "undefined": "pilot.undefined_left_ms",
             "left_1": "contactors.left_1_ms", "left_2": "contactors.left_2_ms", "test_left": "monitor.left_ms"})

PILOT_MV = {"A": 12000, "B": 9000, "C": 6000, "D": 3000, "E": 0, "undefined": 7500}


class Choice:
    """What the world does in one stage: text for a trace, statements over the live objects."""

    def __init__(self, text, *statements):
        self.text = text
        self.statements = statements

    def __add__(self, other):
        return Choice(", ".join(part for part in (self.text, other.text) if part), *(self.statements + other.statements))


QUIET = Choice("")


def end(field):
    """This countdown ends now."""
    return Choice("%s ends" % field, "%s = NOW_MS" % ENDS[field])


def subsets(fields, most):
    """Nothing ends, or up to `most` of these end together."""
    found = []
    for size in range(min(most, len(fields)) + 1):
        for chosen in itertools.combinations(fields, size):
            choice = QUIET
            for field in chosen:
                choice = choice + end(field)
            found.append(choice)
    return found


def product(*groups):
    """Every combination of one of each."""
    found = [QUIET]
    for group in groups:
        found = [one + other for one in found for other in group]
    return found


def _burst(text, high_mv, low_mv, high_reads, low_reads):
    return Choice(text, "inputs.cp_burst = pilot._burst + 1", "inputs.cp_high_mv = %d" % high_mv, "inputs.cp_low_mv = %d" % low_mv,
                  "inputs.cp_high_reads = %d" % high_reads, "inputs.cp_low_reads = %d" % low_reads)


NO_BURST = Choice("no burst", "inputs.cp_burst = pilot._burst")
_STEADY = [_burst("pilot " + name, mv, -12000, 32, 0) for name, mv in PILOT_MV.items()]
_STEADY.append(_burst("pilot F", 0, -12000, 0, 32))
_PWM = []
for _name, _mv in PILOT_MV.items():
    _PWM.append(_burst("pilot %s, low good" % _name, _mv, -12000, 10, 22))
    _PWM.append(_burst("pilot %s, low bad" % _name, _mv, -5000, 10, 22))
_PWM.append(_burst("pilot C, low missing", PILOT_MV["C"], -12000, 32, 0))
_PWM.append(_burst("pilot low only", 0, -12000, 0, 32))
# "some offer" was the one that is permitted: an offer that does not change
_SAME = "driver.offered_ma = core.offered_ma = max(core._permitted_ma(), 6000) if driver.offered_ma else 0"
CABLES = (("none", -1), ("cable 32 A", 220), ("cable 13 A", 1500), ("cable short", 10), ("no cable", 5000))

DEFAULT = {
    "most_ends": 2,            # countdowns that may end in one tick
    "late": True,              # ticks that come too late
    "pilots": "ABCDEFU",       # raw values
    "protection": ("plain", "pe"),     # causes beside those of the pilot, the contactors and the lock
    "orders": (),              # of clear, selftest, wake, unlock
    "phases": (3,),            # in the request
    "cables": (-1,),           # Ω of the proximity input
    "other_offers": True,      # the request may ask for another offer than the one that stands
    "feedback_faults": True,
    "starts": ((0, 0),),       # (trips that survived a reset, 1: no power-on) of each start
    "beyond_weld": False,      # False: a welded state is checked and not left; the weld variant leaves it
}


class World:
    """The choices of each stage for one variant. `options`: see DEFAULT."""

    def __init__(self, model, options):
        unknown = set(options) - set(DEFAULT)
        if unknown:
            raise ValueError("unknown options %s; allowed: %s" % (sorted(unknown), sorted(DEFAULT)))
        self.model = model
        self.fitted = model.core.fitted
        self.options = dict(DEFAULT, **options)
        self._cache = [{} for _ in STAGE_NAMES]
        self.runs = _compiled_stages(model)
        self.plan = self._plan(self.runs)    # (name, choices(key) -> [(text, apply)], run, keep)

    def _plan(self, runs):
        keep, last = self.model.keep, self.model.keep_settled
        time, pilot, protection, orders, request = runs
        plan = [(STAGE_NAMES[0], self._time, time, keep), (STAGE_NAMES[1], self._pilot, pilot, keep)]
        if self.options["orders"]:
            plan += [(STAGE_NAMES[2], self._protection, protection, keep),
                     (STAGE_NAMES[3], self._orders, orders, self.model.keep_judged)]
        else:                               # without a choice there is nothing to keep in between
            def both():
                protection()
                orders()
            plan.append((STAGE_NAMES[2], self._protection, both, self.model.keep_judged))
        plan.append((STAGE_NAMES[4], self._request, request, last))
        return plan

    def _made(self, stage, name, make):
        cache = self._cache[stage]
        if name not in cache:
            cache[name] = [(choice.text, self._apply(choice)) for choice in make()]
        return cache[name]

    def _apply(self, choice):
        statements = "\n    ".join(choice.statements) or "pass"
        return self.model.compiled("apply", "", statements)

    # ---- time passes: which countdowns end, whether the tick is late, the lock

    def _time(self, key):
        running = tuple(field for _place, field in _COUNTED if key[INDEX[field]] and self._counts(field, key))
        late = self.options["late"] and key[INDEX["coil_1"]]        # without power it is only a longer time
        return self._made(0, (running, late), lambda: self._make_time(running, late))

    def _counts(self, field, key):
        phase = key[INDEX["phase"]]
        if field == "wake_left":
            return phase == OFFERING and key[INDEX["state"]] == cp.B
        if field == "lock_left":
            return self.fitted.lock and key[INDEX["lock_wanted"]]
        if field == "quiet":
            return not key[INDEX["rcd_test"]]
        if field == "phase_left":
            return phase in (STOPPING, WAKING, CLOSING, OPENING)
        return True

    def _make_time(self, running, late):
        ends = subsets(running, self.options["most_ends"])
        if not self.fitted.lock:
            locks = [QUIET]
        else:
            locks = [Choice("lock closed", "inputs.lock_closed = 1"), Choice("lock open", "inputs.lock_closed = 0")]
        found = product(ends, locks)
        if "lock_left" in running:          # it only counts while the lock is open
            found = [choice for choice in found if "lock_left ends" not in choice.text or "lock open" in choice.text]
        if late:
            late = Choice("tick late", "core._tick_ms = LATE_TICK_MS")
            if "settle" in running:         # shorter than the gap
                late = late + end("settle")
            found += product([late], subsets([field for field in running if field != "settle"], 1), locks)
        return found

    # ---- the pilot

    def _pilot(self, key):
        judged = key[INDEX["pwm_on"]] and not key[INDEX["settle"]]
        running = []
        if key[INDEX["enter"]] and key[INDEX["raw"]] in (cp.C, cp.D):
            running.append("enter")
        if key[INDEX["undefined"]]:
            running.append("undefined")
        name = (bool(judged), tuple(running), key[INDEX["phase"]] == WAKING, key[INDEX["late"]])
        return self._made(1, name, lambda: self._make_pilot(*name))

    def _make_pilot(self, judged, running, waking, late):
        bursts = [choice for choice in (_PWM if judged else _STEADY) if self._may_pilot(choice.text)]
        silent = [NO_BURST + end("stale")] if late else [NO_BURST, NO_BURST + end("stale")]
        bursts = silent + ([burst + end("stale") for burst in bursts] if late else bursts)
        if waking:
            bursts = [NO_BURST] + bursts[len(silent):][:1]        # what is read says nothing
        cables = [Choice(_cable_text(ohm), "inputs.pp_ohm = %d" % ohm) for ohm in self.options["cables"]]
        seqs = [Choice("", "core._seq = request.seq - 1"),
                Choice("request dead", "core._seq = request.seq", "core._alive_left_ms = 0")]
        return product(bursts, subsets(running, 2), cables, seqs)

    def _may_pilot(self, text):
        name = text.split(",")[0].split(" ")[1]
        return (name[0].upper() if name != "low" else "F") in self.options["pilots"]

    # ---- protection

    def _protection(self, key):
        name = (key[INDEX["coil_1"]], key[INDEX["coil_2"]], key[INDEX["left_1"]], key[INDEX["left_2"]],
                key[INDEX["phase"]] == SELFTEST)
        return self._made(2, name, lambda: self._make_protection(*name))

    def _make_protection(self, coil_1, coil_2, left_1, left_2, testing):
        listed = self.options["protection"]
        causes = [QUIET]
        if "plain" in listed:
            causes.append(Choice("guard opened", "inputs.guard_opened = 1"))
        if "current" in listed:
            causes.append(Choice("over-current", "current.answer = True"))
        if "upstream" in listed:
            causes.append(Choice("upstream tripped", "inputs.upstream_tripped = 1"))
        if "pe" in listed:
            causes.append(Choice("PE lost", "inputs.pe_ok = 0"))
        if "rcd" in listed or testing and self.fitted.rcd_test:
            causes.append(Choice("residual current", "inputs.rcd_tripped = 1"))
        if "rdc" in listed:
            causes.append(Choice("DC residual current", "inputs.rdc_dd_tripped = 1"))
        if "supply" in listed:
            causes.append(Choice("supply voltage outside", "supply.answer = True"))
        if "temperature" in listed:
            causes += [Choice("warm", "temperature.level = 1"), Choice("too hot", "temperature.level = 4")]
        if "sensor" in listed:
            causes.append(Choice("temperature sensor failed", "temperature.failed = True"))
        base = Choice("", "inputs.pe_ok = 1", "inputs.rcd_tripped = 0", "inputs.rdc_dd_tripped = 0", "temperature.level = 0",
                      "temperature.failed = False")
        causes = [base + cause for cause in causes]
        if not self.fitted.feedback:
            return product(causes, [Choice("", "inputs.feedback_1 = -1", "inputs.feedback_2 = -1")])
        first = self._feedback("1", coil_1, left_1)
        second = self._feedback("2", coil_2, left_2) if self.fitted.contactors == 2 else [Choice("", "inputs.feedback_2 = -1")]
        found = product(causes, first[:2], second[:2])      # contacts need their time
        if self.options["feedback_faults"]:
            found += [choice for choice in product(causes[:2], first, second) if "ends" in choice.text]
            found += product(causes[:1], [Choice("no feedback", "inputs.feedback_1 = -1")], second[:1])
        return found

    @staticmethod
    def _feedback(which, coil, left):
        agree = Choice("", "inputs.feedback_%s = %d" % (which, coil))
        other = Choice("feedback %s %s" % (which, "open" if coil else "closed"), "inputs.feedback_%s = %d" % (which, 1 - coil))
        return [agree, other] + ([other + end("left_" + which)] if left else [])

    # ---- orders

    def _orders(self, key):
        return self._made(3, None, self._make_orders)

    def _make_orders(self):
        return [QUIET] + [Choice("order: " + order, "request.%s_seq = 1" % order) for order in self.options["orders"]]

    # ---- request

    def _request(self, key):
        testing = bool(key[INDEX["phase"]] == SELFTEST and key[INDEX["test_left"]])
        return self._made(4, testing, lambda: self._make_request(testing))

    def _make_request(self, testing):
        available = Choice("", "request.available = 1")
        wants = [available + Choice("16 A", "request.offered_ma = OFFER_MA", _SAME),
                 available + Choice("0 A", "request.offered_ma = 0"),
                 available + Choice("16 A, not enabled", "request.offered_ma = OFFER_MA", _SAME, "inputs.enable = 0"),
                 Choice("not available", "request.available = 0", "request.offered_ma = OFFER_MA", _SAME)]
        if self.options["other_offers"]:
            wants.append(available + Choice("20 A", "request.offered_ma = 20000"))
        phases = [Choice("" if len(self.options["phases"]) == 1 else "%d phases" % number, "request.phases = %d" % number)
                  for number in self.options["phases"]]
        return product(wants, phases, subsets(("test_left",) if testing else (), 1))


def _cable_text(ohm):
    for text, other_ohm in CABLES:
        if other_ohm == ohm:
            return "" if ohm == -1 else text
    return "%d Ω" % ohm


def _compiled_stages(model):
    """The statements of the core's tick(), as functions without arguments that share gap_ms."""
    core = model.core
    text = textwrap.dedent(inspect.getsource(type(core).tick))
    body = ast.parse(text).body[0].body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    groups, wanted = [[]], list(STARTS)
    for statement in body:
        called = ast.unparse(statement)
        if wanted and called.startswith("self.%s(" % wanted[0]):
            wanted.pop(0)
            groups.append([])
        groups[-1].append(statement)
    if wanted:
        raise ValueError("tick() does not call %s on its own any more: mend STARTS" % ", ".join(wanted))
    space = dict(inspect.getmodule(inspect.unwrap(type(core).tick)).__dict__, self=core, now_ms=Model.NOW_MS, gap_ms=Model.NOW_MS)
    names = sorted({node.id for statement in body for node in ast.walk(statement)
                    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)})
    found = []
    for number, group in enumerate(groups):
        lines = ["global " + ", ".join(names)] if names else []
        if number:                      # the gap lasts through the tick; later stages start from a kept state
            lines.append("gap_ms = %d if self._tick_ms else NOW" % Model.LATE_GAP_MS)
        lines += [ast.unparse(statement) for statement in group]
        if not number:                  # from here on it says whether this tick is late
            lines.append("self._tick_ms = 1 if gap_ms > NOW else 0")
        space["NOW"] = Model.NOW_MS
        exec("def stage_%d():\n%s" % (number, textwrap.indent("\n".join(lines), "    ")), space)
        found.append(space["stage_%d" % number])
    return tuple(found)

