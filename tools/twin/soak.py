"""The whole firmware with a user who does anything, for many simulated hours: `python -m tools.twin.soak --help`.

A run is cut into chapters of some hours, each a charger of its own with a seed of its own: what breaks a rule is repeated by
`--seed` of its chapter. The rules are those of soak_watch.py and, from time to time, of soak_chapter.py: no task has died, ticks
are in time, memory is flat, the records hold the energy that the world's meter has seen, and a charger without faults charges by
itself.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

from tools.twin.clock import Halt
from tools.twin.soak_chapter import HOUR_US, Chapter
from tools.twin.soak_user import NORMAL_CAR, S

CHAPTER_H = 4


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
            if name in ("ev", "calm"):
                car.update(NORMAL_CAR if name == "calm" else argument)
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


def main(argv=None):
    """Returns 0 when every rule held, 1 when one was broken."""
    parser = argparse.ArgumentParser(prog="python -m tools.twin.soak", description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--hours", type=float, help="simulated hours (default: as many as fit)")
    parser.add_argument("--minutes", type=float, help="most real minutes (default 6; with --hours without bound)")
    parser.add_argument("--seed", type=int, default=1, help="of the first chapter (default 1)")
    args = parser.parse_args(argv)
    minutes = args.minutes or (6 if args.hours is None else 1e6)
    begin = time.monotonic()
    hours = args.hours or 1e6
    done, chapters, failure, counts = 0.0, 0, None, {}

    def out_of_time():
        return time.monotonic() - begin > minutes * 60

    progress = _progress(args.hours, minutes, begin, lambda: done)
    while done < hours and not out_of_time() and failure is None:
        chapter = Chapter(args.seed + chapters, min(CHAPTER_H, hours - done), tick=progress, out_of_time=out_of_time)
        failure = chapter.run()
        done += chapter.clock.now_us / HOUR_US
        chapters += 1
        for name, count in chapter.counts.items():
            counts[name] = counts.get(name, 0) + count
    worst = ", ".join("%s %.1f ms" % (rule, us / 1000) for rule, us in chapter.watch.worst_us.items())
    print("\n%.1f h simulated in %d chapters and %.0f s: %s" % (done, chapters, time.monotonic() - begin, ", ".join(
        "%s %d" % (name.replace("_", " "), count) for name, count in counts.items())))
    print("longest reactions of the last chapter: " + worst)
    if failure is not None:
        print(chapter.story())
        print("again: python -m tools.twin.soak --seed %d --hours %g" % (chapter.seed, CHAPTER_H))
        short = shorter(chapter)
        if short is not None:
            print("\nthe same in fewer acts: " + short.story())
    place = os.environ.get("MODE3_REPORT")
    if place:
        Path(place).write_text(json.dumps({"passed": int(done), "failed": int(failure is not None), "skips": []}))
    return 1 if failure is not None else 0


def _progress(hours, minutes, begin, done):
    """A bar on a terminal, a line per simulated hour otherwise."""
    shown = [0]

    def tick(chapter):
        now_h = done() + chapter.clock.now_us / HOUR_US
        share = max(now_h / hours if hours else 0, (time.monotonic() - begin) / 60 / minutes)
        if sys.stdout.isatty():
            bar = "#" * int(30 * min(1, share))
            print("\r[%-30s] %6.1f h  %d acts " % (bar, now_h, chapter.counts["acts"]), end="", flush=True)
        elif int(now_h) > shown[0]:
            shown[0] = int(now_h)
            print("%4d h simulated, %4.0f s, %d acts in this chapter, %d closings" % (
                shown[0], time.monotonic() - begin, chapter.counts["acts"], chapter.watch.closings), flush=True)
    return tick


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (KeyboardInterrupt, Halt):
        sys.exit(130)
