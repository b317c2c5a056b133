"""What this machine itself adds to every time measured: jitter of sleeping, spread of a fixed loop."""
import time

from tools.bench.row import plain

SLEEPS = 200
LOOPS = 60


def percentile(values, permille):
    """The value below which so many permille of the sorted values lie."""
    return sorted(values)[min(len(values) - 1, len(values) * permille // 1000)]


def rows():
    late_us = []
    for _ in range(SLEEPS):
        start = time.perf_counter_ns()
        time.sleep(0.010)
        late_us.append((time.perf_counter_ns() - start) // 1000 - 10_000)
    work_us = []
    for _ in range(LOOPS):
        start = time.perf_counter_ns()
        total = 0
        for number in range(50_000):
            total += number
        work_us.append((time.perf_counter_ns() - start) // 1000)
    base = min(work_us)
    note = "a 10 ms sleep, %d times" % SLEEPS
    return [
        plain("machine: sleep late p50", percentile(late_us, 500), "µs", note),
        plain("machine: sleep late p99", percentile(late_us, 990), "µs", note),
        plain("machine: sleep late max", max(late_us), "µs", note),
        plain("machine: fixed loop slower p50", (percentile(work_us, 500) - base) * 100 // base, "%", "than its best %d µs" % base),
        plain("machine: fixed loop slower max", (max(work_us) - base) * 100 // base, "%", "of %d loops" % LOOPS),
    ]
