"""What the machine alone does to a 10 ms grid: `python -m tools.bench.sleeper`, until its input ends; then the latenesses as JSON.

It wakes, notes how late it is and sleeps until the next time: all that a control tick does before it begins.
"""
import json
import subprocess
import sys
import threading
import time

from tools.bench.kept import figures
from tools.bench.row import ROOT

PERIOD_NS = 10_000_000


class Sleeper:
    """Such a process, beside a measurement. prefix: what its command begins with."""

    def __init__(self, prefix=()):
        self._process = subprocess.Popen([*prefix, sys.executable, "-m", "tools.bench.sleeper"], cwd=ROOT, stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE)

    def end(self):
        """{"p50", "p99", "p999", "max"} in ms, and how many ("count")."""
        return json.loads(self._process.communicate()[0])


def main():
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    due, late_ms = time.monotonic_ns() + PERIOD_NS, []
    while not ended.is_set():
        time.sleep(max(0, due - time.monotonic_ns()) / 1e9)
        late_ms.append((time.monotonic_ns() - due) / 1e6)
        due += (int(late_ms[-1] * 1e6) // PERIOD_NS + 1) * PERIOD_NS
    print(json.dumps(figures(late_ms)))


if __name__ == "__main__":
    main()
