"""How many times real time the twin simulates one charger, idle and charging, in virtual time with device costs.

Half an hour each, so that the start (0.3 s of the host's time) is not what is measured."""
import tempfile
import time
from pathlib import Path

from tools.bench.row import at_least, not_measured

LIMIT = 1000
STORIES = (
    ("idle", "wait 2 s\nadvance 30 min\n"),
    ("charging", "wait 2 s\nplug phases=3 max_current_a=16 soc=0.2\nexpect world.contactor.closed is true within 10 s\n"
                 "advance 30 min\nexpect world.contactor.closed is true\n"),
)


def rows():
    try:
        from tools.twin.scenario import read
        from tools.twin.scenario_suite import play
    except ImportError as error:
        return [not_measured("simulation", str(error), "≥ %d" % LIMIT)]
    found = []
    for name, text in STORIES:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "story.scn")
            file.write_text(text)
            start, cpu = time.perf_counter(), time.process_time()
            failure, simulated_s, _ = play(read(file))
            took_s, cpu_s = time.perf_counter() - start, time.process_time() - cpu
        if failure:
            found.append(not_measured("simulation, " + name, str(failure), "≥ %d" % LIMIT))
        else:
            found.append(at_least("simulation, " + name, int(simulated_s / took_s), "× real time", LIMIT,
                                  "%.0f s in %.1f s, %.1f s of the processor's" % (simulated_s, took_s, cpu_s)))
    return found
