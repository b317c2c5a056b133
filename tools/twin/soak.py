"""The whole firmware with a user who does anything, for many simulated hours: `python -m tools.twin.soak --help`.

A run is cut into chapters of some hours, each a charger of its own with a seed of its own, so that they may run side by side: what
breaks a rule is repeated by `--seed` of its chapter. The rules are those of soak_watch.py and, from time to time, of
soak_chapter.py: no task has died, ticks are in time, memory is flat, the records hold the energy that the world's meter has seen, a
charger without faults charges by itself; and of soak_trial.py: what fails inside the charger takes no power away that need not go,
the charger comes back in time, and its log tells why.
"""

import argparse
import json
import multiprocessing
import os
import sys
import time
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from pathlib import Path

from tools.checks.arguments import at_least
from tools.checks.report import report
from tools.checks.source import ROOT
from tools.setup.vm import VmMissing, find_vm
from tools.twin.clock import Halt
from tools.twin.soak_chapter import HOUR_US, Chapter
from tools.twin.soak_life import live, verdict
from tools.twin.soak_user import NORMAL_CAR, S

CHAPTER_H = 4
LIFE_SHARE = 3          # one in so many hours is the life of one charger that is never switched off
LIFE_LEAST_H = 6        # shorter runs have none
VM_LIFE_H = 2           # and one on MicroPython, beside the hours asked for
LOOK_S = 2
PROOFS = ("failing devices", "power cuts", "power cuts in updates")     # stages whose counts docs/reliability.md tells
RESERVE_S = 60          # of the time that a suite has left: for the report, and the stages' own
AUDITS_FROM_H = 4       # of random users: from then on the energy must have been compared so often
AUDIT_EACH_H = 3
DEVICES_FROM_H = 24     # and a device call that raised must have taken the power away, and the log told why
_shared = None          # of a worker: (virtual seconds of each chapter, real time at which to stop)


def shorter(chapter, most_s=60):
    """The chapter of the fewest last acts that break the same rule, None when none of some tries does in time. What came before
    is folded into how the world stood then."""
    begin = time.monotonic()
    for count in (1, 2, 4, 8, 16, 32):
        acts = chapter.acts[-count:]
        if count >= len(chapter.acts) or time.monotonic() - begin > most_s:
            return None
        car, house, on = {}, {}, {}
        for _, (name, argument) in chapter.acts[:-count]:
            if name in ("ev", "calm", "trial"):
                car.update(argument if name == "ev" else NORMAL_CAR)
            elif name == "house":
                house.update(argument)
            elif name in ("fault", "input"):
                on[name, argument[0]] = argument[1]
        before = [("ev", car)] if car else []
        before += [("house", house)] if house else []
        before += [(name, (what, True)) for (name, what), switched in on.items() if switched]
        shift_us = acts[0][0] - 40 * S
        story = [(5 * S, act) for act in before] + [(t_us - shift_us, act) for t_us, act in acts]
        again = Chapter(chapter.seed, (chapter.failed_us - shift_us + 10 * S) / HOUR_US, story,
                        out_of_time=lambda: time.monotonic() - begin > most_s)
        failure = again.run()
        if failure is not None and failure.rule == chapter.failure.rule:
            return again
    return None


def _worker(shared, until_s):
    global _shared          # until_s counts as time.monotonic(), one for all processes: time.time() is the twin's while it runs
    _shared = shared, until_s


def play(place, seed, hours):
    """One chapter, in a worker: what is to be told of it, as plain data."""
    shared, until_s = _shared

    def tick(chapter):
        shared[place] = int(chapter.clock.now_us / S)
    begin = time.monotonic()
    chapter = Chapter(seed, hours, tick=tick, out_of_time=lambda: time.monotonic() > until_s)
    failure = chapter.run()
    told = chapter.figures()
    told["real_s"] = round(time.monotonic() - begin, 1)
    told["story"] = None
    if failure is not None:
        lines = [chapter.story(), "again: python -m tools.twin.soak --seed %d --hours %g" % (seed, CHAPTER_H)]
        short = shorter(chapter)
        if short is not None:
            lines.append("\nthe same in fewer acts: " + short.story())
        told["story"] = "\n".join(lines)
    return told


def play_life(place, seed, hours, vm):
    """One life (soak_life.py), in a worker: what it tells; "story" where something did not hold."""
    shared, until_s = _shared

    def tick(life):
        shared[place] = 0 if vm else int(life.twin.clock.now_us / S)
    begin = time.monotonic()
    told = live(hours, seed, vm, tick, lambda: time.monotonic() > until_s)
    told["real_s"] = round(time.monotonic() - begin, 1)
    told["story"] = None
    if told["wrong"]:
        told["story"] = "\n".join(["a life on %s: %s" % (told["on"], told["wrong"]), *told["printed"],
                                   "again: python -m tools.twin.soak_life --seed %d --hours %g%s" % (
                                       seed, hours, " --vm" if vm else "")])
    return told


def pieces(hours, seed):
    """[(function, its arguments but the place)]: the lives first, as they are the longest, then the chapters."""
    lives = []
    if hours >= LIFE_LEAST_H:
        life_h = int(hours // LIFE_SHARE)
        lives.append((play_life, (seed, life_h, False)))
        hours -= life_h
        try:
            find_vm()
            lives.append((play_life, (seed, VM_LIFE_H, True)))
        except VmMissing as error:
            print("no life on MicroPython: %s" % error)
    return lives + [(play, (seed + number, min(CHAPTER_H, hours - done)))
                    for number, done in enumerate(range(0, -int(-hours // 1), CHAPTER_H))]


def chapters(hours, first_seed, jobs, minutes):
    """Plays the pieces, some side by side, until one breaks a rule or the time is up. Returns what they told, in their order."""
    spawn = multiprocessing.get_context("spawn")
    begin = time.monotonic()
    plan = pieces(hours, first_seed)
    shared = spawn.Array("q", len(plan), lock=False)
    told = {}
    pool = ProcessPoolExecutor(jobs, mp_context=spawn, initializer=_worker, initargs=(shared, begin + minutes * 60),
                               max_tasks_per_child=1)
    with pool:
        waiting = {pool.submit(fn, place, *arguments): place for place, (fn, arguments) in enumerate(plan)}
        progress = _progress(hours, minutes, begin, shared)
        while waiting:
            done = wait(waiting, LOOK_S, FIRST_COMPLETED)[0]
            progress()
            for future in done:
                place = waiting.pop(future)
                told[place] = future.result()
            if any(row["story"] for row in told.values()) or time.monotonic() - begin > minutes * 60:
                for future in list(waiting):
                    if future.cancel():
                        waiting.pop(future)
    progress(True)
    return [told[place] for place in sorted(told)]


def vacuous(sums):
    """What a run was too long not to have looked at: texts, none where all was."""
    hours = sums["hours"] - sum(life["hours"] for life in sums["lives"] if life["on"] == "CPython")
    missing = []
    if hours >= AUDITS_FROM_H and sums["counts"].get("audits", 0) * AUDIT_EACH_H < hours:
        missing.append("in %.1f h the records' energy was compared with the world's %d times, it must be once in %d h" % (
            hours, sums["counts"].get("audits", 0), AUDIT_EACH_H))
    devices = sums["faults"].get("device call raises", {"opened": 0, "told": 0})
    if hours >= DEVICES_FROM_H and not (devices["opened"] and devices["told"]):
        missing.append("in %.1f h device calls that raised took the power away %d times, told by the log %d times" % (
            hours, devices["opened"], devices["told"]))
    return missing


def summed(told):
    """The figures of several chapters as one, and the lives."""
    together = {"hours": 0, "chapters": 0, "counts": {}, "faults": {}, "worst_ms": {}, "memory": [], "lives": []}
    for row in told:
        if "samples" in row:
            together["lives"].append({name: row[name] for name in ("on", "hours", "samples", "per_day", "counts")})
            if row["on"] == "CPython":
                together["hours"] = round(together["hours"] + row["hours"], 2)
            continue
        together["chapters"] += 1
        together["hours"] = round(together["hours"] + row["hours"], 2)
        together["memory"].append(row["memory"])
        for name, count in row["counts"].items():
            together["counts"][name] = together["counts"].get(name, 0) + count
        for rule, ms in row["worst_ms"].items():
            together["worst_ms"][rule] = max(together["worst_ms"].get(rule, 0), ms)
        for kind, counts in row["faults"].items():
            sums = together["faults"].setdefault(kind, dict.fromkeys(counts, 0))
            for name, count in counts.items():
                sums[name] = max(sums[name], count) if name == "longest_s" else sums[name] + count
    return together


def main(argv=None):
    """Returns 0 when every rule held, 1 when one was broken."""
    parser = argparse.ArgumentParser(prog="python -m tools.twin.soak", description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--hours", type=at_least(0.01, float), default=None, help="simulated hours (default: as many as fit)")
    parser.add_argument("--minutes", type=at_least(0.01, float),
                        help="most real minutes (default 6, with --hours what a suite has left)")
    parser.add_argument("--seed", type=int, default=1, help="of the first chapter (default 1)")
    parser.add_argument("--jobs", type=at_least(1), default=1, help="chapters side by side (default 1)")
    parser.add_argument("--write", metavar="FILE", help="keep the figures as JSON (docs/reliability.json)")
    args = parser.parse_args(argv)
    if args.write and not Path(args.write).resolve().parent.is_dir():
        parser.error("--write %s: there is no such folder" % args.write)
    minutes = min(args.minutes or (6 if args.hours is None else 1e6), _minutes_left())
    hours = args.hours or 1_000
    begin = time.monotonic()
    told = chapters(hours, args.seed, args.jobs, minutes)
    sums = summed(told)
    broken = [row["story"] for row in told if row["story"]]
    broken += vacuous(sums) if not broken else []
    if not told:
        broken.append("the time was up before anything was played")
    counts = ", ".join("%s %d" % (name.replace("_", " "), count) for name, count in sums["counts"].items())
    print("\n%.1f h simulated in %d chapters and %.0f s: %s" % (sums["hours"], sums["chapters"], time.monotonic() - begin, counts))
    print("longest reactions: " + ", ".join("%s %.1f ms" % row for row in sums["worst_ms"].items()))
    for kind, counts in sorted(sums["faults"].items()):
        print("  %-22s %4d, %4d judged, %4d took the power away, back after %5.1f s at most" % (
            kind, counts["begun"], counts["trials"], counts["opened"], counts["longest_s"]))
    for life in sums["lives"]:
        print("a life of %.1f h on %s: %s bytes held, %s bytes more a day: %s" % (
            life["hours"], life["on"], life["samples"][-1][1] if life["samples"] else "?",
            "not known how many" if life["per_day"] is None else "%+d ± %d" % tuple(life["per_day"]),
            verdict(life["samples"])))
    if args.hours and not broken and sums["hours"] < args.hours - 0.05:
        print("the time was up: %.1f of %g h" % (sums["hours"], args.hours))
    for story in broken:
        print(story)
    if args.write and not broken:
        sums["seconds"] = round(time.monotonic() - begin)
        sums["proofs"] = _other_proofs(Path(args.write))
        Path(args.write).write_text(json.dumps(sums, sort_keys=True) + "\n", encoding="utf-8")
    report(int(sums["hours"]), len(broken))
    return 1 if broken else 0


def _other_proofs(place):
    """{stage: how many cases it had} of the last `make proof`; what it did not run stays as it was."""
    known = json.loads(place.read_text(encoding="utf-8")).get("proofs", {}) if place.exists() else {}
    for name in PROOFS:
        report_file = ROOT / "build" / "reports" / (name.replace(" ", "_") + ".json")
        if report_file.exists():
            known[name] = json.loads(report_file.read_text())["passed"]
    return known


def _minutes_left():
    left_s = os.environ.get("MODE3_LEFT_S")
    return max(0.5, (int(left_s) - RESERVE_S) / 60) if left_s else 1e6


def _progress(hours, minutes, begin, shared):
    """A bar on a terminal, a line per some simulated hours otherwise."""
    shown = [0]

    def tick(last=False):
        now_h = sum(shared) / 3600
        share = max(now_h / hours, (time.monotonic() - begin) / 60 / minutes)
        if sys.stdout.isatty():
            print("\r[%-30s] %6.1f h of %g " % ("#" * int(30 * min(1, share)), now_h, hours), end="", flush=True)
        elif int(now_h) >= shown[0] + 3 or last:
            shown[0] = int(now_h)
            print("%5.1f h simulated, %4.0f s" % (now_h, time.monotonic() - begin), flush=True)
    return tick


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (KeyboardInterrupt, Halt):
        sys.exit(130)
