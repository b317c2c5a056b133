"""`python -m tools.checks.mutate`: does a test notice every small fault that can be planted in the safety core?

Every mutant of firmware/safety/ (mutants/operators.py) is compiled in memory and given to the tests that reach its line, the
quick and narrow ones first, until one fails. A mutant that no test notices fails the run, unless
tools/checks/equivalent_mutants.txt lists it with its reason; a listed one that is noticed, or is no mutant any more, fails it
too. What is known is kept in .cache/mutants and holds as long as the core, the test that noticed and the tool are the same;
after a change the test that noticed last time is asked first.

--limit-s bounds the run: what does not fit is left, the choice changes with the tree, and the last line says how much was tried.
"""
import argparse
import ast
import json
import os
import random
import re
import select
import sys
import time
from collections import Counter, defaultdict, namedtuple
from pathlib import Path

from tools.checks.mutants import runner
from tools.checks.mutants.operators import mutants_of, mutated
from tools.checks.mutants.progress import Progress
from tools.checks.report import report
from tools.checks.source import ROOT

LISTED = "tools/checks/equivalent_mutants.txt"
CACHE = ".cache/mutants"
SAVE_EVERY_S = 20
END_S = 30              # of the time that is left for a whole suite: to bring what runs to its end
QUICK_S = 0.01          # a test that takes less is asked before one that says the name

Totals = namedtuple("Totals", "mutants known tried noticed listed survivors stale")


class Cache:
    """Two JSON files: what the tests reach, and what became of each mutant."""

    def __init__(self, folder, scratch):
        self.folder = folder
        self.reach = {} if scratch else self._load("reach.json")
        self.results = {} if scratch else self._load("results.json")
        self.saved = time.monotonic()

    def _load(self, name):
        try:
            return json.loads((self.folder / name).read_text())
        except (OSError, ValueError):
            return {}

    def save(self, at_least_s=0):
        """Writes both, each in one step."""
        if time.monotonic() - self.saved < at_least_s:
            return
        self.saved = time.monotonic()
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, value in (("reach.json", self.reach), ("results.json", self.results)):
            (self.folder / (name + ".new")).write_text(json.dumps(value))
            os.replace(self.folder / (name + ".new"), self.folder / name)


def read_list(file):
    """{mutant key: reason} from blocks of "path function", "- line", "+ mutated line" (pairs may repeat), "why: reason"."""
    listed = {}
    if not file.exists():
        return listed
    text = "\n".join(line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    for block in re.split(r"\n\s*\n", text):
        place, old, keys, reason = "", "", [], ""
        for line in block.strip().splitlines():
            if line.startswith("- "):
                old = line[2:].strip()
            elif line.startswith("+ "):
                keys.append("%s | %s | %s" % (place, old, line[2:].strip()))
            elif line.startswith("why: "):
                reason = line[5:].strip()
            elif reason:
                reason += " " + line.strip()
            else:
                place = line.strip()
        if keys and not reason:
            raise SystemExit("%s: no reason (why: …) for %s" % (file, keys[0]))
        for key in keys:
            if key in listed:
                raise SystemExit("%s: listed twice: %s" % (file, key))
            listed[key] = reason
    return listed


class Reach:
    """Which tests reach which line, and how long each takes."""

    def __init__(self, tree, data):
        self.tree = tree
        self.seconds = data["seconds"]
        self.lines = {path: {int(line): names for line, names in lines.items()} for path, lines in data["lines"].items()}
        self.width = Counter(name for lines in self.lines.values() for names in lines.values() for name in names)
        self.mentions = defaultdict(list)       # name -> [(path, line)] where the core says it
        for path in tree.core:
            for node in ast.walk(ast.parse(tree.text[path])):
                name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else None
                if name:
                    self.mentions[name].append((path, node.lineno))

    def _order(self, names):
        return sorted(names, key=lambda name: ((self.seconds[name] + 0.002) * (self.width[name] + 20), name))

    def tests(self, mutant):
        """Ids of the tests that can notice a mutant, the most promising first. What runs when a module is imported concerns
        every test: first those that reach a line that says the name."""
        if mutant.where:
            by_line = self.lines[mutant.path]
            return self._order({name for line in range(mutant.first, mutant.last + 1) for name in by_line.get(line, ())})
        near = set()
        for name in re.findall(r"\w+", mutant.old)[:1]:
            for path, line in self.mentions[name]:
                near.update(self.lines[path].get(line, ()))
        quick = {name for name in self.seconds if self.seconds[name] < QUICK_S}
        return [name for group in (near & quick, quick - near, near - quick, set(self.seconds) - near - quick)
                for name in self._order(group)]


class Run:
    """One run over the mutants of a tree."""

    def __init__(self, root, files=(), scratch=False, jobs=2, limit_s=None):
        self.tree = runner.Tree(root)
        self.jobs, self.limit_s, self.began = jobs, limit_s, time.monotonic()
        self.cache = Cache(root / CACHE, scratch)
        self.listed = read_list(root / LISTED)
        self.progress = Progress()
        self.mutants, self.functions = [], {}
        for path in self.tree.core:
            if not files or path in files or Path(path).name in files:
                self.mutants += mutants_of(path, self.tree.text[path])
        self.all_files = not files
        self.shown = set()
        self.recent = defaultdict(list)     # (path, where) -> tests that noticed a fault there, the last first

    def _learn(self):
        """What the tests reach, from the cache or anew. False when a test fails already without a fault."""
        if self.cache.reach.get("digest") != self.tree.digest:
            data = runner.record(self.tree, self.progress)
            self.progress.end()
            if data is None:
                raise SystemExit("the tests of the safety core could not be run")
            self.cache.reach = dict(data, digest=self.tree.digest)
            self.cache.save()
        for name, text in self.cache.reach["failed"].items():
            print("%s fails without any fault planted:\n%s" % (name, text))
        self.reach = Reach(self.tree, self.cache.reach)
        return not self.cache.reach["failed"]

    def _stamp(self, name):
        """What must not have changed for a result to hold: the core, the tool and the test; for a survivor all tests."""
        file = None if name is None else name.partition("::")[0]
        if file not in self.tree.text:
            return self.tree.digest
        return runner.digest(self.tree.core_digest, self.tree.rig, self.tree.tool, self.tree.text[file])

    def _known(self, mutant):
        result = self.cache.results.get(mutant.key)
        return result is not None and result["stamp"] == self._stamp(result["by"])

    def _queue(self):
        """Mutants still to be tried. In a bounded run: those never seen first, then one of each function after the other."""
        waiting = [mutant for mutant in self.mutants if not self._known(mutant)]
        if self.limit_s is None:
            return waiting
        random.Random(self.tree.digest).shuffle(waiting)
        turn, rank = Counter(), {}
        for mutant in waiting:
            turn[mutant.path, mutant.where] += 1
            new = mutant.key not in self.cache.results
            rank[mutant.key] = (mutant.key in self.listed, not new, turn[mutant.path, mutant.where])
        return sorted(waiting, key=lambda mutant: rank[mutant.key])

    def _plan(self, mutant):
        """[(test, CPU seconds allowed)] in the order in which they are asked."""
        names = self.reach.tests(mutant)
        before = self.cache.results.get(mutant.key, {}).get("by")
        first = [name for name in [before] + self.recent[mutant.path, mutant.where][:4] if name in names]
        names = list(dict.fromkeys(first + names))
        return [(name, 0.5 + 8 * self.reach.seconds[name]) for name in names
                if self.reach.seconds[name] <= runner.LONGEST_TEST_S]

    def _settle(self, mutant, noticed, by):
        self.cache.results[mutant.key] = {"by": by, "stamp": self._stamp(by)}
        if noticed and by != "time":
            recent = self.recent[mutant.path, mutant.where]
            if by in recent:
                recent.remove(by)
            recent.insert(0, by)
        if not noticed and mutant.key not in self.listed:
            self.progress.end()
            self.show_survivor(mutant)

    def show_survivor(self, mutant):
        """Prints a fault that no test notices, once."""
        if mutant.key not in self.shown:
            self.shown.add(mutant.key)
            print("SURVIVOR %s:%d %s, reached by %d tests\n- %s\n+ %s" % (
                mutant.path, mutant.first, mutant.where or "-", len(self.reach.tests(mutant)), mutant.old, mutant.new), flush=True)

    def _try(self, queue):
        """Tries mutants, `jobs` at a time, until all are done or the time is up. Returns how many."""
        running, done, survived = {}, 0, 0
        queue = queue[::-1]
        total = len(queue)
        while queue or running:
            late = self.limit_s is not None and time.monotonic() - self.began > self.limit_s
            while queue and len(running) < self.jobs and not late:
                mutant = queue.pop()
                code = compile(mutated(self.tree.text[mutant.path], mutant), str(self.tree.root / mutant.path), "exec",
                               dont_inherit=True)
                plan = self._plan(mutant)
                pid, pipe = runner.start_mutant(self.tree, mutant.path, code, plan)
                running[pipe] = (pid, mutant, plan)
            if late:
                for pipe, (pid, _, _) in running.items():
                    runner.abandon(pid, pipe)
                break
            for pipe in select.select(list(running), [], [], 1)[0]:
                pid, mutant, plan = running.pop(pipe)
                noticed, by = runner.outcome_of(pid, pipe, plan)
                self._settle(mutant, noticed, by)
                done += 1
                survived += not noticed
            self.progress.show("mutants", done, total, ", %d survived" % survived if survived else "")
            self.cache.save(SAVE_EVERY_S)
        self.progress.end()
        return done

    def run(self):
        """Runs and prints; returns Totals, or None when the tests fail by themselves."""
        if not self._learn():
            return None
        queue = self._queue()
        known = len(self.mutants) - len(queue)
        try:
            tried = self._try(queue)
        finally:
            self.cache.save()
        return self._judge(known, tried)

    def _judge(self, known, tried):
        keys = {mutant.key for mutant in self.mutants}
        settled = {mutant.key: self.cache.results[mutant.key]["by"] for mutant in self.mutants if self._known(mutant)}
        survivors = [mutant for mutant in self.mutants if mutant.key in settled and settled[mutant.key] is None]
        unlisted = [mutant for mutant in survivors if mutant.key not in self.listed]
        paths = {mutant.path for mutant in self.mutants}
        stale = []
        for key in self.listed:
            if key not in keys and (self.all_files or key.partition(" ")[0] in paths):
                stale.append("%s: no such mutant any more: %s" % (LISTED, key))
            elif settled.get(key) is not None:
                stale.append("%s: a test notices it (%s), so it is not equivalent: %s" % (LISTED, settled[key], key))
        return Totals(len(self.mutants), known, tried, len(settled) - len(survivors), len(survivors) - len(unlisted), unlisted,
                      stale)


def tell(run, totals):
    """Prints what came out; returns the exit status."""
    for mutant in totals.survivors:
        run.show_survivor(mutant)
    for text in totals.stale:
        print(text)
    for name, seconds in sorted(run.reach.seconds.items()):
        if seconds > runner.LONGEST_TEST_S:
            print("left out, takes %d s: %s" % (seconds, name))
    settled = totals.known + totals.tried
    print("%d mutants: %d settled (%d now, %d known from before), %d noticed, %d listed as equivalent, %d survivors, %.0f s" % (
        totals.mutants, settled, totals.tried, totals.known, totals.noticed, totals.listed, len(totals.survivors),
        time.monotonic() - run.began))
    if settled < totals.mutants:
        print("%d of %d mutants (%d %%) did not fit in %d s: `make proof` tries all" % (
            totals.mutants - settled, totals.mutants, -(100 * (settled - totals.mutants) // totals.mutants), run.limit_s))
    return 1 if totals.survivors or totals.stale else 0


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scratch", action="store_true", help="believe nothing in the cache")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time (2)")
    parser.add_argument("--file", action="append", default=[], help="only this file of the core (may be given several times)")
    parser.add_argument("--limit-s", type=float, help="stop starting mutants after so many seconds")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    runner.prepare(options.root)
    limit_s = options.limit_s
    if limit_s is not None and "MODE3_LEFT_S" in os.environ:
        limit_s = min(limit_s, max(1, int(os.environ["MODE3_LEFT_S"]) - END_S))     # of a suite that must end in time
    run = Run(options.root, options.file, options.scratch, options.jobs, limit_s)
    if not run.mutants:
        parser.error("no mutant: is there such a file in %s?" % runner.CODE)
    totals = run.run()
    if totals is None:
        return 1
    status = tell(run, totals)
    report(totals.noticed + totals.listed, len(totals.survivors) + len(totals.stale))
    return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("stopped; what was settled is kept")
        sys.exit(130)
