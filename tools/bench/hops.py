"""What the machine alone does to short waits: `python -m tools.bench.hops`, until its input ends; then as JSON the moments in which
it was slow, [[from, until]] in seconds of time.monotonic().

It waits in hops of 0.1 ms. On a virtual machine a hop may take a millisecond for a tenth of a second on end: a sleeper that only
wakes every 10 ms (sleeper.py) sees nothing of that, and whoever makes many system calls is late by it.
"""
import json
import subprocess
import sys
import threading
import time

from tools.bench.row import ROOT

HOP_S = 0.000_1
HOPS = 32           # looked at together, with a longer wait: 8 ms where nothing happens
SLOW_S = 0.015


class Hops:
    """Such a process, beside a measurement. prefix: what its command begins with."""

    def __init__(self, prefix=()):
        self._process = subprocess.Popen([*prefix, sys.executable, "-m", "tools.bench.hops"], cwd=ROOT, stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE)

    def end(self):
        """[(from, until)] in seconds of time.monotonic(): the machine was slow then, or stood still."""
        return [tuple(moment) for moment in json.loads(self._process.communicate()[0])]


def main():
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    slow, now = [], time.monotonic()
    while not ended.is_set():
        began = now
        for _ in range(HOPS):
            time.sleep(HOP_S)
        time.sleep(HOP_S * HOPS)    # it shall not be a load itself
        now = time.monotonic()
        if now - began > SLOW_S:
            slow.append((began, now))
    print(json.dumps(slow))


if __name__ == "__main__":
    main()
