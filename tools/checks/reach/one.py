"""One variant, searched in a process of its own. (Where processes are spawned, what stands in a __main__ is not found there.)"""
import time

from tools.twin import cpython


def ready():
    """What a process does first: the core's module of MicroPython's is there before a variant is handed over."""
    if not cpython.installations():
        cpython.install()


def one(row, order, runs, limit_s):
    """Search, liveness and concrete runs of one variant. Returns (figures or None, text of what is broken or "")."""
    ready()
    from tools.checks.reach.rules import Broken
    from tools.checks.reach.search import Search
    from tools.checks.reach.validate import Unseen, validate
    from tools.checks.reach.worlds import check_liveness
    name, fitted, options = row
    began = time.process_time()
    search = Search(name, fitted, options, seed=order)
    try:
        result = search.run(limit_s)
        charged, welded = check_liveness(search)
        ticks, met = validate(search, runs) if runs and result.closed else (0, 0)
    except (Broken, Unseen) as broken:
        return None, str(broken)
    return {"name": name, "states": result.states, "between": result.between, "steps": result.steps, "depth": result.depth,
            "closed": result.closed, "charged": charged, "welded": welded, "ticks": ticks, "met": met,
            "seconds": round(time.process_time() - began, 1),
            "moves": sorted([before, after, count] for (before, after), count in result.moves.items())}, ""
