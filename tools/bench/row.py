"""One line of the budget table."""
from collections import namedtuple
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# name: what; value: number or None; unit; budget: text of architecture's bound or ""; good: True, False or None (no bound, not
# measured); note: conditions, or why it was not measured.
Row = namedtuple("Row", "name value unit budget good note")


def at_most(name, value, unit, limit, note=""):
    """A row whose value must not exceed the limit."""
    return Row(name, value, unit, "≤ %d" % limit, value <= limit, note)


def at_least(name, value, unit, limit, note=""):
    """A row whose value must reach the limit."""
    return Row(name, value, unit, "≥ %d" % limit, value >= limit, note)


def plain(name, value, unit, note=""):
    """A row without a bound."""
    return Row(name, value, unit, "", None, note)


def not_measured(name, reason, budget=""):
    """A row that says why there is no number."""
    return Row(name, None, "", budget, None, "not measured: " + reason)
