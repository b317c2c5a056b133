"""Breadth first through every state that a core can reach, stage by stage."""
import gc
import random
import time

from firmware.safety.core import PHASE_NAMES, SafetyCore
from tools.checks.reach.abstraction import INDEX, WELDED, Model
from tools.checks.reach.rules import Broken, rules_of
from tools.checks.reach.stages import World


class Result:
    """Of one variant: states between ticks, states between stages, steps (state x choices of a stage), depth in ticks, seconds of
    processor time."""

    def __init__(self, name):
        self.name = name
        self.states = 0
        self.between = 0
        self.steps = 0
        self.depth = 0
        self.seconds = 0.0
        self.closed = False        # nothing is left to visit
        self.moves = {}            # (phase before, phase after) -> how many steps


class Search:
    """One variant. After run(), `seen[0]` holds all states between ticks (key -> (key before, text) back to the start)."""

    def __init__(self, name, fitted, options, core_class=SafetyCore, seed=None):
        self.fitted, self.core_class = fitted, core_class
        self.model = Model(fitted, core_class)
        self.world = World(self.model, options)
        self.rules = rules_of(self.model)
        self.result = Result(name)
        self.plan = self.world.plan
        self.seen = [{} for _ in self.plan]
        self._random = random.Random(seed) if seed is not None else None
        self.starts = [Model(fitted, core_class, start).keep_settled() for start in self.world.options["starts"]]

    def run(self, limit_s=600):
        """Visit everything, or as much as limit_s allows. Raises Broken with the shortest trace when a rule does not hold."""
        collecting = gc.isenabled()
        gc.disable()               # nothing here is a cycle, and there are millions of small tuples to look through
        try:
            return self._visit(limit_s)
        finally:
            if collecting:
                gc.enable()

    def _visit(self, limit_s):
        began = time.process_time()
        seen, result = self.seen, self.result
        frontier = list(dict.fromkeys(self.starts))
        seen[0].update((key, None) for key in frontier)
        while frontier:
            for stage in range(len(self.plan)):
                if self._random:
                    self._random.shuffle(frontier)
                frontier = self._stage(stage, frontier)
            result.depth += 1
            if time.process_time() - began > limit_s:
                break
        result.closed = not frontier
        result.states = len(seen[0])
        result.between = sum(len(keys) for keys in seen[1:])
        result.seconds = time.process_time() - began
        return result

    def _stage(self, stage, frontier):
        name, choices, run, keep = self.plan[stage]
        last = stage == len(self.plan) - 1
        known = self.seen[0 if last else stage + 1]
        restore, rule, core = self.model.restore, self.rules[name], self.model.core
        moves = self.result.moves
        shuffled = self._random
        found, steps, phase_at = [], 0, INDEX["phase"]
        trips_at, stop = INDEX["trips"], 0 if self.world.options["beyond_weld"] else WELDED
        for key in frontier:
            each = choices(key)
            if shuffled:
                each = shuffled.sample(each, len(each))
            steps += len(each)
            before = key[phase_at]
            for text, apply in each:
                restore(key)
                apply()
                run()
                broken = rule(key)
                if broken:
                    raise Broken(broken, self.trace(stage, key, text), self.describe())
                new = keep()
                if core.phase != before:
                    move = (before, core.phase)
                    moves[move] = moves.get(move, 0) + 1
                if new not in known:
                    known[new] = (key, text)
                    if not (last and new[trips_at] & stop):
                        found.append(new)
        self.result.steps += steps
        return found

    def trace(self, stage, key, text):
        """What the world did from the start, one line a tick."""
        parts = [text]
        lines = []                 # the last tick first
        while True:
            origin = self.seen[stage][key]
            if stage == 0:
                lines.append((PHASE_NAMES[key[INDEX["phase"]]], [part for part in reversed(parts) if part]))
                parts = []
                if origin is None:
                    break
            key, text = origin
            parts.append(text)
            stage = (stage or len(self.plan)) - 1
        return ["%-9s %s" % (phase, ", ".join(parts) or "-") for phase, parts in reversed(lines)]

    def describe(self):
        """Where the core stands now."""
        core = self.model.core
        return "phase %s, trips %s, state %d, coil %d" % (PHASE_NAMES[core.phase], core.trips, core.pilot.state,
                                                          core.outputs.coil_1)
