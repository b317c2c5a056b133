"""Some chargers of a circuit, judged in a process of its own. (Where processes are spawned, what stands in a __main__ is not found
there.)"""
from collections import Counter

from tools.pilot import circuits, judge

DUTIES = tuple(range(100, 901, 5))
WITHOUT_DIODE = 5            # one charger in so many meets a vehicle without its diode, too
DIODE_STEPS = "ABCBDA"


def run_chunk(job):
    """Counts of some chargers: (key, counts, latency, raw latency, margins)."""
    key, name, calibrated, numbers, level, changed, both = job
    row = circuits.named(name)
    count, latency, raw_latency, margins = Counter(), Counter(), Counter(), {}
    for number in numbers:
        how = "corner" if both and number % 2 else "even"
        duty = DUTIES[number % len(DUTIES)]
        unit = judge.Unit(row, calibrated, how, duty, number, level, changed=changed).run()
        count += unit.count
        latency += unit.latency
        raw_latency += unit.raw_latency
        for state, margin_mv in unit.margin_mv.items():
            margins[state] = min(margins.get(state, margin_mv), margin_mv)
        if number % WITHOUT_DIODE == 0 and not changed:
            lost = judge.Unit(row, calibrated, how, duty, number, level, diode=False).run(DIODE_STEPS).count
            count.update({what: lost[what] for what in lost if "diode" in what})
    return key, count, latency, raw_latency, margins
