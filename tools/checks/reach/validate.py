"""The collapse held against reality: random concrete runs, every state of which must be one that the search has seen.

The core is the real one and ticks every 10 ms with its real countdowns. The world changes one or two inputs at a time and then
holds for a while, from one tick to longer than the longest countdown. The three slow watches are silent here. A state that the
search has not seen is an error of the abstraction and is shown with what led there.
"""
import random

from firmware.safety import limits
from firmware.safety.core import PHASE_NAMES
from tools.checks.reach.abstraction import FIELDS, INDEX, WELDED, Model
from tools.checks.reach.stages import PILOT_MV

HOLDS = (1, 1, 2, 3, 5, 8, 20, 60, 250, 700)      # ticks
LONG_HOLD = 3300                                 # 33 s: longer than every countdown
TICKS = 600                                      # of one run, unless it holds long


class Unseen(AssertionError):
    """A concrete state that the search did not reach."""


class _Run:
    """One concrete core in a random world of one variant."""

    def __init__(self, search, seed):
        self.random = random.Random(seed)
        self.search = search
        self.options = search.world.options
        self.model = Model(search.fitted, search.core_class, self.random.choice(self.options["starts"]))
        self.core = core = self.model.core
        core._started = 0
        self.now_ms = self.random.choice((0, 5000, limits.TICKS_MASK - 3000))
        self.coils = [0, 0]
        self.pilot, self.low_mv, self.bursts, self.alive = "A", -12000, 1, True
        self.lag = self.random.randrange(0, 6)      # ticks that the contacts need
        self.waiting = 0
        self.stuck = None
        self.lock_works = True
        self.long_left = 1 if self.random.random() < 0.25 else 0
        inputs, request = core.inputs, core.request
        inputs.pe_ok, inputs.rcd_tripped, inputs.rdc_dd_tripped, inputs.enable, inputs.upstream_tripped = 1, 0, 0, 1, 0
        inputs.lock_closed = 0 if core.fitted.lock else -1
        inputs.feedback_1 = 0 if core.fitted.feedback else -1
        inputs.feedback_2 = 0 if core.fitted.feedback and core.fitted.contactors == 2 else -1
        request.phases = self.options["phases"][-1]
        inputs.pp_ohm = self.options["cables"][0]
        self.log = []

    def change(self):
        """One or two inputs take another value; most of the time towards a charge, so that the runs come far."""
        pick, options, request, inputs = self.random, self.options, self.core.request, self.core.inputs
        if pick.random() < 0.5:
            request.available, request.offered_ma, self.alive = 1, 16000, True
            self.low_mv, self.bursts, self.stuck = -12000, 1, None
            self.lock_works, inputs.enable, inputs.pe_ok, inputs.rcd_tripped, inputs.rdc_dd_tripped = True, 1, 1, 0, 0
            inputs.pp_ohm = options["cables"][0]
            self.pilot = {"A": "B", "B": "C"}.get(self.pilot, pick.choice("ABC"))
            self.log.append("healthy, pilot %s" % self.pilot)
            return
        for _ in range(pick.choice((1, 1, 2))):
            what = pick.choice(("pilot", "pilot", "low", "bursts", "alive", "amount", "available", "enable", "feedback", "lock",
                                "protection", "protection", "order", "phases", "cable"))
            self.log.append(what)
            getattr(self, "_" + what)()

    def _pilot(self):
        letter = self.random.choice(self.options["pilots"])
        self.pilot = "undefined" if letter == "U" else letter
        self.log[-1] += " " + letter

    def _low(self):
        self.low_mv = self.random.choice((-12000, -5000))

    def _bursts(self):
        self.bursts = self.random.choice((0, 1, 1, 2))

    def _alive(self):
        self.alive = not self.alive

    def _amount(self):
        self.core.request.offered_ma = self.random.choice((0, 16000, 20000) if self.options["other_offers"] else (0, 16000))

    def _available(self):
        self.core.request.available ^= 1

    def _enable(self):
        self.core.inputs.enable ^= 1

    def _feedback(self):
        if self.options["feedback_faults"]:
            self.stuck = self.random.choice((None, 0, 1))

    def _lock(self):
        self.lock_works = not self.lock_works

    def _protection(self):
        """Turn one of the variant's causes over."""
        inputs = self.core.inputs
        listed = [cause for cause in self.options["protection"] if cause in ("pe", "rcd", "rdc", "upstream")]
        if not listed:
            return
        cause = self.random.choice(listed)
        self.log[-1] += " " + cause
        if cause == "pe":
            inputs.pe_ok ^= 1
        elif cause == "rcd":
            inputs.rcd_tripped ^= 1
        elif cause == "rdc":
            inputs.rdc_dd_tripped ^= 1
        else:
            inputs.upstream_tripped ^= 1

    def _order(self):
        if self.options["orders"]:
            name = self.random.choice(self.options["orders"]) + "_seq"
            setattr(self.core.request, name, getattr(self.core.request, name) + 1)
            self.log[-1] += " " + name

    def _phases(self):
        self.core.request.phases = self.random.choice(self.options["phases"])

    def _cable(self):
        self.core.inputs.pp_ohm = self.random.choice(self.options["cables"])

    def tick(self):
        """The world follows the outputs of the tick before, then the core ticks."""
        core, inputs, outputs = self.core, self.core.inputs, self.core.outputs
        coils = [outputs.coil_1, outputs.coil_2]
        if coils != self.coils:
            self.coils, self.waiting = coils, self.lag
        if core.fitted.feedback:
            if self.stuck is not None:
                inputs.feedback_1 = self.stuck
            elif self.waiting:
                self.waiting -= 1
            else:
                inputs.feedback_1 = outputs.coil_1
                if core.fitted.contactors == 2:
                    inputs.feedback_2 = outputs.coil_2
        if core.fitted.lock:
            inputs.lock_closed = outputs.lock_wanted if self.lock_works else 0
        rcd = inputs.rcd_tripped
        if outputs.rcd_test:
            inputs.rcd_tripped = 1
        inputs.guard_opened = int("plain" in self.options["protection"] and self.random.random() < 0.002)
        gap_ms = limits.TICK_MS
        if self.options["late"] and outputs.coil_1 and self.random.random() < 0.002:
            gap_ms = limits.TICK_LATE_MS + 10
        self._burst(inputs, outputs)
        if self.alive:
            core.request.seq = (core.request.seq + 1) & limits.TICKS_MASK
        self.now_ms = (self.now_ms + gap_ms) & limits.TICKS_MASK
        core.tick(self.now_ms)
        inputs.rcd_tripped = rcd

    def _burst(self, inputs, outputs):
        if not self.bursts or self.bursts == 2 and self.now_ms // 10 & 1:
            return
        inputs.cp_burst = (inputs.cp_burst + 1) & limits.TICKS_MASK
        inputs.cp_high_mv, inputs.cp_low_mv = PILOT_MV.get(self.pilot, 0), self.low_mv
        inputs.cp_high_reads, inputs.cp_low_reads = (10, 22) if 0 < outputs.pilot_high_ns < 1000000 else (32, 0)
        if self.pilot == "F":
            inputs.cp_high_reads, inputs.cp_low_reads, inputs.cp_low_mv = 0, 32, -12000

    def run(self):
        """Returns (ticks, keys); raises Unseen."""
        seen, ticks, keys = self.search.seen[0], 0, set()
        keep, weld, at_trips = self.model.keep_settled, WELDED, INDEX["trips"]
        while ticks < TICKS:
            self.change()
            hold = self.random.choice(HOLDS)
            if self.long_left and ticks > 200:
                hold, self.long_left = LONG_HOLD, 0
            for _ in range(hold):
                before = keep()
                self.tick()
                ticks += 1
                key = keep()
                if key not in seen:
                    raise Unseen("%s: after %s:\n  %s\n  %s" % (
                        self.search.result.name, ", ".join(self.log[-12:]), _shown(before), _shown(key, before)))
                keys.add(key)
                if key[at_trips] & weld and not self.options["beyond_weld"]:
                    return ticks, keys
        return ticks, keys


def _shown(key, before=None):
    words = ["%s %d" % (row[0], key[place]) for place, row in enumerate(FIELDS)
             if (key[place] if before is None else key[place] != before[place])]
    return "%s: %s" % (PHASE_NAMES[key[INDEX["phase"]]], ", ".join(words))


def validate(search, runs, seed=0):
    """`runs` random runs of the search's variant. Returns (ticks, different states met)."""
    ticks, met = 0, set()
    for number in range(runs):
        count, keys = _Run(search, "%s %d %d" % (search.result.name, seed, number)).run()
        ticks += count
        met |= keys
    return ticks, len(met)
