"""How soon the coil is off when the vehicle leaves C, and how late the control tick runs, in real time with everything connected
(whole.py): on the native VM, and on one that valgrind slows to about a device's speed; and in virtual time (reaction_virtual.py).

The firmware is the one that ships but for three pauses of safety/limits.py (before closing again, between two offers, of the
pilot), which would make a hundred changes take a quarter of an hour. What is measured lies between the moment the change goes
out to the interpreter and the moment its coil pin goes low, by the interpreter's own clock (the two clocks agree to some 100 µs):
the trip through the link, sampling, debouncing, the tick. When the world hears of it does not count. Ticks are counted in the
interpreter by their whole milliseconds, those of charging as well as those between. A process that only sleeps on the same grid
shows meanwhile what the machine adds; all of it runs in real-time priority where the system lets us (precedence.py), and then what
is measured stays on one processor, of which another process tells when it stood still (stalls.py): such changes are told apart.
"""
import contextlib
import itertools
import json
import subprocess
import tempfile
import time

from tools.bench import precedence, reaction_virtual
from tools.bench.charger import Failed, built
from tools.bench.kept import figures, kept
from tools.bench.row import Row, at_most, not_measured, plain
from tools.bench.sleeper import Sleeper
from tools.bench.stalls import LEAST_MS, Stalls, undisturbed
from tools.bench.whole import CONNECTED, Whole
from tools.checks.mutants.progress import Progress
from tools.setup.vm import VmMissing, vm_command

PAUSES = {"RECLOSE_MS": 100, "OFFER_CHANGE_MS": 100, "PWM_PAUSE_MS": 100}
PHASES_MS = 37          # changes come at times that have nothing to do with the tick
TICK_S = 0.010
HEAP_KB = 640           # the twin's own 80 kB; a device's grows only where a collection frees too little (half a megabyte then)
READ_EVERY_S = 45       # so often the counts of ticks are fetched: each time a slowed interpreter is late by it
POWER_S = 15            # a contactor that has not come again by then counts as ended: the first recovery comes after 10 s
MOST_STOPS = 40         # from there on a run ends with what it has
FIRST_STOPS = 3         # so many without a change before them: something is wrong that plugging in anew does not mend
ENDED_FACTOR = 3        # a run that takes so many times what it should ends with what it has

# name -> (slowed?, limit of p99.9 in ms, limit of the longest in ms or None, seconds a change takes, changes and ticks of a short
# run, those of a long one)
RUNS = {
    "native VM": (False, 30, None, 2.5, (40, 10_000), (500, 100_000)),
    "slowed VM": (True, 45, 70, 3.5, (20, 7_000), (500, 100_000)),
}
VIRTUAL_CHANGES = (100, 2000)
VIRTUAL_LIMIT_MS = 50
LATE_MS = 100           # from there on a tick counts as very late: three of them stop the charge


def seconds(run, long):
    """What a run should take."""
    _, _, _, change_s, *sizes = RUNS[run]
    changes, ticks = sizes[long]
    return int(max(changes * change_s, ticks * TICK_S)) + 15


class _Watch:
    """When pilot changes went out and when the coil's pin went low, world time in µs. In the world's thread."""

    def __init__(self, charger):
        link = charger.twin.hal
        self.told, self.off = [], []
        self._pin = charger.twin.board["pins"]["contactor_1"]
        self._link, self._tell, self._output = link, link._tell, link.on_output
        link._tell, link.on_output = self._telling, self._hearing

    def _telling(self, line):
        if line.startswith("C "):
            self.told.append(self._link.clock.paced_now_us())
        self._tell(line)

    def _hearing(self, signal, key, value, t_us):
        if signal == "pin" and key == self._pin and not value:
            self.off.append(t_us)
        self._output(signal, key, value, t_us)

    def forget(self):
        self.told.clear()
        self.off.clear()


class _Ticks:
    """The counts of late ticks, fetched now and then: whole ms -> how many."""

    def __init__(self, charger):
        self.counts = {}
        self._charger = charger
        self._next_s = 0
        self.fetch()
        self.counts.clear()

    def fetch(self):
        if time.monotonic() < self._next_s:
            return
        charger, link = self._charger, self._charger.twin.hal
        charger.call(link.ask_latenesses)
        charger.wait_until(lambda: link.latenesses is not None, "the answer about the ticks")
        for ms, count in enumerate(link.latenesses):
            if count:
                self.counts[ms] = self.counts.get(ms, 0) + count
        self._next_s = time.monotonic() + READ_EVERY_S

    @property
    def total(self):
        return sum(self.counts.values())

    def all(self):
        return list(itertools.chain.from_iterable([ms] * count for ms, count in sorted(self.counts.items())))


def _change(charger, watch, number):
    """One change from C to B; how long until the coil's pin was low, in ms, None where it was low before; and when that was."""
    world = charger.twin.world
    charger.wait_until(lambda: world.trace.last("contacts") and world.ev.state == "C", "the contactor", POWER_S)
    time.sleep(0.3 + number * PHASES_MS % 100 / 1000)

    def leave():
        watch.forget()
        world.set_ev({"state": "B"})
    began_ns = time.monotonic_ns()
    charger.call(leave)
    charger.wait_until(lambda: not charger.coil(), "the coil's end")
    ended_ns = time.monotonic_ns()
    charger.wait_until(lambda: not world.trace.last("contacts"), "the open contactor")
    found = (watch.off[0] - watch.told[0]) / 1000 if watch.off and watch.told else None
    charger.call(lambda: world.set_ev({"state": "C"}))
    return found, (began_ns, ended_ns)


def _cause(charger):
    """Why no power flows, in the charger's own words."""
    status = json.loads(charger.ask("api/v1/status"))
    why = status["why_not_charging"] or {"code": "none"}
    words = [why["code"]] + [str(why[key]) for key in ("fault", "by") if key in why]
    return " ".join(words + [row["name"] for row in status["faults"] if row["name"] not in words])


def _story(charger, run, changes, most_ticks, limit_s):
    """{"changes": figures in ms, "ticks": the same, "odd": changes before which the coil was off already, "stops": how often the
    contactor did not come again and the vehicle was plugged in anew, "causes": {why: how often}, "saw": {}; of each change
    "took_ms" and "spans_ns" (begin, end)}"""
    progress, found, spans_ns, odd, number, causes, ended = Progress(), [], [], 0, 0, {}, ""
    charger.begin(120)
    watch, ticks = charger.call(lambda: _Watch(charger)), _Ticks(charger)
    end = time.monotonic() + limit_s
    while (len(found) < changes or ticks.total < most_ticks) and time.monotonic() < end:
        if len(found) < changes:
            try:
                took_ms, span_ns = _change(charger, watch, number)
            except Failed as error:
                cause = _cause(charger)
                causes[cause] = causes.get(cause, 0) + 1
                stops = sum(causes.values())
                if stops > FIRST_STOPS and not found:
                    raise Failed("%s (%s)" % (error, cause)) from error
                if stops > MOST_STOPS:
                    ended = str(error)
                    break
                charger.plug_in_again(120)
                continue
            number += 1
            if took_ms is None:
                odd += 1
            else:
                found.append(took_ms)
                spans_ns.append(span_ns)
        else:
            time.sleep(0.5)
        ticks.fetch()
        progress.show(run, len(found), changes, ", %d of %d ticks" % (ticks.total, most_ticks))
    progress.end()
    if not found or not ticks.total:
        raise Failed("no change in %d s" % limit_s)
    return {"changes": figures(found), "ticks": figures(ticks.all()), "odd": odd, "stops": sum(causes.values()),
            "took_ms": found, "spans_ns": spans_ns, "causes": causes, "ended": ended, "saw": charger.end(),
            "very_late": sum(count for ms, count in ticks.counts.items() if ms > LATE_MS)}


def slowness():
    """How many times slower the slowed interpreter is here and now."""
    loop = "import time\nt=time.ticks_us()\nfor n in range(20000):\n pass\nprint(time.ticks_diff(time.ticks_us(),t))"
    took_us = []
    for command in (vm_command(), vm_command(slowed=True)):
        done = subprocess.run([*_prefix(), *command, "-c", loop], capture_output=True, text=True, timeout=60)
        took_us.append(int(done.stdout))
    return took_us[1] // max(1, took_us[0])


def _prefix():
    return precedence.prefix() if precedence.allowed() else []


def measure(run, long, folder):
    """One of RUNS: what _story() found, with "jitter" of the machine and "slowness". Raises VmMissing, Failed."""
    slowed, _, _, _, *sizes = RUNS[run]
    first = precedence.allowed()
    extra = {"slowness": slowness()} if slowed else {}
    with contextlib.ExitStack() as meanwhile:
        prefix, beside, stalls = [], [], None
        if first:
            meanwhile.enter_context(precedence.of_this_thread())
            meanwhile.enter_context(precedence.without_limit())
            cpu = precedence.processor()
            prefix, beside, stalls = precedence.prefix(cpu), precedence.prefix(), Stalls(cpu)
        sleeper = Sleeper(beside)
        try:
            charger = Whole(HEAP_KB, folder, slowed, prefix=prefix)
            found = charger.play(lambda charger: _story(charger, run, *sizes[long], ENDED_FACTOR * seconds(run, long)))
        finally:
            jitter = sleeper.end()
            stood_still = stalls.end() if stalls else []
    took_ms, spans_ns = found.pop("took_ms"), found.pop("spans_ns")
    if stalls:
        free = [took_ms[place] for place in undisturbed(spans_ns, stood_still)]
        extra["undisturbed"] = figures(free) if free else None
        extra["stalls"] = {"count": len(stood_still), "max": max([ms for _, ms in stood_still], default=0)}
    return dict(found, jitter=jitter, first=first, **extra)


def all_runs(long):
    """{run: what was measured, or why it was not (text)}, with "virtual time"."""
    found = {}
    together_s = sum(seconds(run, long) for run in RUNS)
    print("reaction: about %d min in real time, then virtual time" % -(-together_s // 60), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        try:
            built(folder, **PAUSES)
        except (VmMissing, Failed) as error:
            return dict.fromkeys(RUNS, str(error))
        for run in RUNS:
            try:
                found[run] = measure(run, long, folder)
            except (VmMissing, Failed) as error:
                found[run] = str(error)
    try:
        found["virtual time"] = reaction_virtual.measure(VIRTUAL_CHANGES[long])
    except Failed as error:
        found["virtual time"] = str(error)
    return found


def rows(long=False, fresh=True):
    """fresh: measure now; else the figures that the last long run left, where there are any. long: the run that leaves them."""
    found, when = (None, "") if fresh else kept()
    if found is None:
        found = all_runs(long)
        when = ""
        if long:
            when = kept(found)[1]
    return [row for run, figures_ in found.items() for row in _rows(run, figures_, when)]


def _rows(run, found, when):
    limit, longest = (RUNS[run][1:3]) if run in RUNS else (VIRTUAL_LIMIT_MS, VIRTUAL_LIMIT_MS)
    name = "pilot change → coil off, " + run
    if isinstance(found, str):
        return [not_measured(name, found, "≤ %d ms p99.9" % limit)]
    changes, ticks = found["changes"], found["ticks"]
    note = "%d changes%s; %s" % (changes["count"], when, CONNECTED)
    if "slowness" in found:
        note += "; %d× slower" % found["slowness"]
    if found.get("ended"):
        note += "; then " + found["ended"]
    if found.get("odd"):
        note += "; %d more found the coil off already" % found["odd"]
    table = [plain(name + ", p50", changes["p50"], "ms", note), plain(name + ", p99", changes["p99"], "ms"),
             Row(name + ", p99.9", changes["p999"], "ms", "≤ %d" % limit, changes["p999"] <= limit, ""),
             at_most(name + ", max", changes["max"], "ms", longest) if longest else plain(name + ", max", changes["max"], "ms")]
    if found.get("undisturbed"):
        free = found["undisturbed"]
        note = "%d of them, during which the processor never stood still for %d ms" % (free["count"], LEAST_MS)
        table += [plain("%s, undisturbed, %s" % (name, which), free[key], "ms", note)
                  for which, key in (("p99.9", "p999"), ("max", "max"))]
    place = "tick late, %s, " % run
    note = "%d ticks%s" % (ticks["count"], when)
    table += [plain(place + which, ticks[key], "ms", note) for which, key in (("p50", "p50"), ("p99", "p99"), ("p99.9", "p999"))]
    table.append(at_most(place + "max", ticks["max"], "ms", LATE_MS, "%d above %d ms" % (found["very_late"], LATE_MS)))
    if "stops" in found:
        causes = ", ".join("%s %d×" % cause for cause in sorted(found.get("causes", {}).items()))
        table.append(at_most("charges that the charger ended, " + run, found["stops"], "", 0, causes or
                             "where the contactor does not come again the vehicle is plugged in anew"))
    if "stalls" in found:
        table.append(plain("the processor stood still, longest", found["stalls"]["max"], "ms",
                           "%d times for %d ms or longer: seen by a process that comes first there" % (
                               found["stalls"]["count"], LEAST_MS)))
    if "jitter" in found:
        jitter = found["jitter"]
        note = "%d sleeps beside it%s" % (jitter["count"], ", real-time priority" if found["first"] else "")
        table += [plain("a sleeper beside it, %s" % which, jitter[key], "ms", note)
                  for which, key in (("p99.9", "p999"), ("max", "max"))]
    return table
