"""The table of budgets as a page: docs/budgets.md, written by `python -m tools.bench --write-docs`."""
import platform

from tools.bench.row import ROOT

PLACE = ROOT / "docs/budgets.md"
HEAD = """# Budgets

Written by `python -m tools.bench --write-docs`; not to be edited. Measured on %s, %s; times depend on the
machine and on what else it did, its own jitter stands at the end. Heap and instructions are those of the 32-bit MicroPython VM and
do not. A budget is a benchmark, not a test: what is missed is shown.

| what | measured | budget | | conditions |
|---|---|---|---|---|
"""


def write(rows):
    """Writes the page."""
    lines = [HEAD % (platform.machine(), platform.system())]
    for row in rows:
        value = "" if row.value is None else "%s %s" % (format(row.value, ","), row.unit)
        mark = {True: "ok", False: "**missed**", None: ""}[row.good]
        lines.append("| %s | %s | %s | %s | %s |\n" % (row.name, value, row.budget, mark, row.note.replace("|", "/")))
    PLACE.write_text("".join(lines))
