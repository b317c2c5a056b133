"""When a processor stood still: `python -m tools.bench.stalls CPU`, until its input ends; then [[end in ns, ms], ...] as JSON.

It runs on the processor of what is measured and comes before it, so that whenever it is late neither could run: the machine was a
virtual one whose host had other things to do, or the kernel was busy. It takes about a hundredth of the processor.
"""
import os
import sys
import time

from tools.bench.beside import Beside, input_ended, tell
from tools.bench.precedence import first_of_all

EVERY_NS = 4_000_000
LEAST_MS = 5            # shorter ones are not told


class Stalls(Beside):
    """Such a process; end(): the times by time.monotonic_ns()."""

    def __init__(self, cpu):
        super().__init__("stalls", (cpu,))


def undisturbed(spans_ns, stalls):
    """Of [(begin, end)] the places of those during which the processor never stood still."""
    return [place for place, (begin, end) in enumerate(spans_ns)
            if not any(stop > begin and stop - ms * 1_000_000 < end for stop, ms in stalls)]


def main(cpu):
    os.sched_setaffinity(0, {int(cpu)})
    first_of_all()
    ended, found = input_ended(), []
    due = time.monotonic_ns() + EVERY_NS
    while not ended.is_set():
        time.sleep(max(0, due - time.monotonic_ns()) / 1e9)
        now = time.monotonic_ns()
        late_ms = (now - due) / 1e6
        if late_ms >= LEAST_MS:
            found.append((now, round(late_ms, 1)))
        due = max(due + EVERY_NS, now)
    tell(found)


if __name__ == "__main__":
    main(*sys.argv[1:])
