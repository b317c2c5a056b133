"""`make bench`: the budget table, with the machine's own noise beside it. Writes build/bench.json.

A budget that is missed is shown, not a failed build: budgets are benchmarks, not timed tests. --write-docs also writes the table
into docs/budgets.md. Latencies take their time: the whole table shows those of the last `reaction --long` (docs/latency.json, which
that run writes), with its date; `reaction` alone measures a few now.
"""
import argparse
import json
import sys
import time

from tools.bench import (
    connected,
    docs,
    heap,
    imports,
    meter,
    noise,
    page,
    reaction,
    records,
    running,
    simulation,
    size,
    slot,
    tick,
    wear,
)
from tools.bench.kept import PLACE
from tools.bench.row import ROOT

GROUPS = {"size": size, "slot": slot, "page": page, "heap": heap, "running": running, "connected": connected, "tick": tick,
          "imports": imports, "meter": meter, "reaction": reaction, "records": records, "wear": wear, "simulation": simulation,
          "noise": noise}


def show(rows):
    """Prints the table."""
    for row in rows:
        value = "" if row.value is None else "%s %s" % (format(row.value, ","), row.unit)
        mark = {True: "ok", False: "MISSED", None: ""}[row.good]
        print("%-42s %18s  %-22s %-6s %s" % (row.name, value, row.budget, mark, row.note), flush=True)


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    parser.add_argument("groups", nargs="*", metavar="GROUP", help="which rows: %s (default all)" % ", ".join(GROUPS))
    parser.add_argument("--write-docs", action="store_true", help="also write docs/budgets.md; only with all rows")
    parser.add_argument("--long", action="store_true", help="reaction: 500 changes and 100 000 ticks (%d min), kept in %s" % (
        sum(reaction.seconds(run, True) for run in reaction.RUNS) // 60, PLACE.relative_to(ROOT)))
    options = parser.parse_args(arguments)
    if options.long and "reaction" not in options.groups:
        parser.error("--long is for the group reaction: python -m tools.bench reaction --long")
    if options.write_docs and options.groups:
        parser.error("--write-docs needs all rows: leave the groups out")
    for name in options.groups:
        if name not in GROUPS:
            parser.error("unknown group %r; allowed: %s" % (name, ", ".join(GROUPS)))
    table = []
    for name, module in GROUPS.items():
        if not options.groups or name in options.groups:
            began = time.monotonic()
            rows = module.rows(options.long, bool(options.groups)) if module is reaction else module.rows()
            show(rows)
            print("-- %s, %d s" % (name, time.monotonic() - began), flush=True)
            table += rows
    if options.write_docs:
        docs.write(table)
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build/bench.json").write_text(json.dumps([row._asdict() for row in table], indent=1, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
