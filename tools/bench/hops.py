"""What the machine alone does to short waits: `python -m tools.bench.hops`, until its input ends; then as JSON the moments in which
it was slow, [[from, until]] in seconds of time.monotonic().

It waits in hops of 0.1 ms. On a virtual machine a hop may take a millisecond for a tenth of a second on end: a sleeper that only
wakes every 10 ms (sleeper.py) sees nothing of that, and whoever makes many system calls is late by it.
"""
import time

from tools.bench.beside import Beside, input_ended, tell

HOP_S = 0.000_1
HOPS = 32           # looked at together, with a longer wait: 8 ms where nothing happens
SLOW_S = 0.015


class Hops(Beside):
    """Such a process, beside a measurement. prefix: what its command begins with."""

    def __init__(self, prefix=()):
        super().__init__("hops", prefix=prefix)

    def end(self):
        """[(from, until)] in seconds of time.monotonic(): the machine was slow then, or stood still."""
        return [tuple(moment) for moment in super().end()]


def main():
    ended = input_ended()
    slow, now = [], time.monotonic()
    while not ended.is_set():
        began = now
        for _ in range(HOPS):
            time.sleep(HOP_S)
        time.sleep(HOP_S * HOPS)    # it shall not be a load itself
        now = time.monotonic()
        if now - began > SLOW_S:
            slow.append((began, now))
    tell(slow)


if __name__ == "__main__":
    main()
