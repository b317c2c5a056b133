"""python -m tools.checks.reach: every reachable state of the safety core, variant by variant.

--order N takes inputs and states in another order (the counts must not change), --all adds the long variants and every board,
--write keeps the figures for docs/safety.md.
"""
import argparse
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from tools.checks.reach.one import one, ready
from tools.checks.report import report
from tools.checks.source import ROOT

FIGURES = ROOT / "docs" / "safety_search.json"


def _run_all(rows, options):
    if options.jobs == 1:
        for row in rows:
            yield row, one(row, options.order, options.runs, options.limit)
        return
    with ProcessPoolExecutor(options.jobs, initializer=ready) as pool:
        waiting = [(row, pool.submit(one, row, options.order, options.runs, options.limit)) for row in rows]
        for row, future in waiting:
            yield row, future.result()


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tools.checks.reach", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="also the long variants and every board")
    parser.add_argument("--variant", metavar="WORDS", help="only variants whose name holds this")
    parser.add_argument("--order", type=int, metavar="N", help="shuffle the order of inputs and states with this seed")
    parser.add_argument("--runs", type=int, default=50, metavar="N", help="concrete runs of each variant (50)")
    parser.add_argument("--limit", type=float, default=150, metavar="S", help="seconds of processor time for one variant (150)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="variants at the same time (1)")
    parser.add_argument("--write", action="store_true", help="keep the figures in docs/safety_search.json")
    options = parser.parse_args(arguments)
    ready()
    from tools.checks.reach.variants import ALL, TEST
    rows = [row for row in (ALL if options.all else TEST) if not options.variant or options.variant in row[0]]
    if not rows:
        parser.error("no variant has %r in its name; there are: %s" % (options.variant, ", ".join(row[0] for row in ALL)))
    began = time.monotonic()
    figures, failed = [], 0
    print("%-58s %8s %9s %9s %5s %6s %8s" % ("variant", "states", "between", "steps", "depth", "s", "runs' t."), flush=True)
    for row, (found, broken) in _run_all(rows, options):
        if broken:
            failed += 1
            print("%s: BROKEN\n%s" % (row[0], broken), flush=True)
            continue
        figures.append(found)
        print("%(name)-58s %(states)8d %(between)9d %(steps)9d %(depth)5d %(seconds)6.1f %(ticks)8d" % found
              + ("" if found["closed"] else "  NOT CLOSED: stopped by --limit"), flush=True)
    total = [sum(row[key] for row in figures) for key in ("states", "between", "steps")]
    print("%-58s %8d %9d %9d %5d %6.1f %8d" % ("together", *total, max([row["depth"] for row in figures], default=0),
                                               sum(row["seconds"] for row in figures), sum(row["ticks"] for row in figures)))
    print("%d variants closed, %d stopped by the limit, %d broken; %.0f s by the clock" % (
        sum(row["closed"] for row in figures), sum(not row["closed"] for row in figures), failed, time.monotonic() - began))
    if options.write and not failed:
        FIGURES.write_text(json.dumps({"variants": figures}, indent=1) + "\n", encoding="utf-8")
    bounded = sum(not row["closed"] for row in figures)
    skips = [[row["name"], "not closed within %d s: %d states, depth %d" % (options.limit, row["states"], row["depth"])]
             for row in figures if not row["closed"]] if options.all else []
    report(len(figures) - bounded, failed + (0 if options.all else bounded), skips)
    return 1 if failed or bounded and not options.all else 0


if __name__ == "__main__":
    sys.exit(main())
