"""`make bench`: the budget table as far as it exists, with the machine's own noise beside it. Writes build/bench.json.

A budget that is missed is shown, not a failed build: budgets are benchmarks, not timed tests.
"""
import argparse
import json
import sys

from tools.bench import heap, noise, simulation, size, tick
from tools.bench.row import ROOT, not_measured

GROUPS = {"size": size, "heap": heap, "tick": tick, "simulation": simulation, "noise": noise}
LATER = (  # rows of the budget table that nothing measures yet
    ("pilot change → coil off, native VM", "≤ 30 ms p99.9"),
    ("pilot change → coil off, VM in callgrind", "≤ 45 ms p99.9"),
    ("start to the page", "≤ 1 s"),
    ("API answer", "≤ 2 ms of VM CPU"),
    ("first view", "≤ 20 ms of VM CPU"),
    ("page, first view, gzip", "≤ 35 kB"),
    ("page, whole, gzip", "≤ 120 kB"),
    ("flash wear", "≥ 10 years"),
)


def show(rows):
    """Prints the table."""
    for row in rows:
        value = "" if row.value is None else "%s %s" % (format(row.value, ","), row.unit)
        mark = {True: "ok", False: "MISSED", None: ""}[row.good]
        print("%-42s %18s  %-22s %-6s %s" % (row.name, value, row.budget, mark, row.note), flush=True)


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    parser.add_argument("groups", nargs="*", metavar="GROUP", help="which rows: %s (default all)" % ", ".join(GROUPS))
    options = parser.parse_args(arguments)
    for name in options.groups:
        if name not in GROUPS:
            parser.error("unknown group %r; allowed: %s" % (name, ", ".join(GROUPS)))
    table = []
    for name, module in GROUPS.items():
        if not options.groups or name in options.groups:
            rows = module.rows()
            show(rows)
            table += rows
    if not options.groups:
        rows = [not_measured(name, "no benchmark yet", budget) for name, budget in LATER]
        show(rows)
        table += rows
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build/bench.json").write_text(json.dumps([row._asdict() for row in table], indent=1, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
