"""What the machine alone does to a 10 ms grid: `python -m tools.bench.sleeper`, until its input ends; then the latenesses as JSON.

It wakes, notes how late it is and sleeps until the next time: all that a control tick does before it begins.
"""
import time

from tools.bench.beside import Beside, input_ended, tell
from tools.bench.kept import figures

PERIOD_NS = 10_000_000


class Sleeper(Beside):
    """Such a process, beside a measurement; end(): {"p50", "p99", "p999", "max"} in ms, and how many ("count").

    prefix: what its command begins with.
    """

    def __init__(self, prefix=()):
        super().__init__("sleeper", prefix=prefix)


def main():
    ended = input_ended()
    due, late_ms = time.monotonic_ns() + PERIOD_NS, []
    while not ended.is_set():
        time.sleep(max(0, due - time.monotonic_ns()) / 1e9)
        late_ms.append((time.monotonic_ns() - due) / 1e6)
        due += (int(late_ms[-1] * 1e6) // PERIOD_NS + 1) * PERIOD_NS
    tell(figures(late_ms))


if __name__ == "__main__":
    main()
