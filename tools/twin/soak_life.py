"""One charger that is never switched off: an ordinary life by the hour, and what it holds of the heap after each.

`python -m tools.twin.soak_life --hours 24`; with --vm on MicroPython's 32-bit VM. A round is a quarter of an hour: a vehicle comes,
is charged, somebody looks at the page's data, one thing outside fails for a while, the vehicle leaves. The heap is looked at in
the same quiet moment of each round, after a collection: on the VM what its collector counts; on CPython what can be reached from
the App, the twin's own left out.
"""

import argparse
import contextlib
import gc
import io
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path

from tools.checks.arguments import at_least
from tools.setup.vm import VmMissing
from tools.twin.ports import free_port
from tools.twin.runner import NotNow, Twin
from tools.twin.soak_broker import Broker
from tools.twin.soak_heap import reached

S = 1_000_000
ROUND_S = 900
LOOK_AT_S = 890                 # of a round: the vehicle has left four minutes ago
ANSWERS_S = 30
PATHS = ("/api/v1/status", "/api/v1/facts", "/api/v1/settings", "/api/v1/sessions", "/api/v1/events", "/api/v1/meters")
CAR = {"plugged": True, "state": "auto", "phases": 3, "max_current_a": 16, "diode": True, "battery_wh": 60_000, "soc": 0.2}
LEAST_ROUNDS = 6                # of the fit; in the first two rounds what is loaded for the first time counts as growth
ALLOWED_PERCENT = 2             # of growth a day, and this much besides
ALLOWED_BYTES = 2_000
LONG_ROUNDS = 32                # from then on the line must be sure enough
FLAT, GROWS, UNSURE, TOO_SHORT = "flat", "grows", "not sure enough", "too short to judge"


class Broken(Exception):
    """What did not hold in this life."""


class Life:
    """Plays on a twin of either interpreter, `rounds` long. heap(): bytes held now. samples: (hour, bytes)."""

    def __init__(self, twin, broker, rounds, seed, heap, tick=lambda life: None, out_of_time=lambda: False):
        self.twin, self._broker, self._heap = twin, broker, heap
        self._rng = random.Random(seed)
        self._rounds = rounds
        self._tick, self._out_of_time = tick, out_of_time
        self.samples = []
        self.wrong = None
        self.counts = {"rounds": 0, "requests": 0, "troubles": 0, "charged": 0}
        self._asked = []                # (path, when, box of its answer)
        twin.clock.at(twin.clock.now_us + 20 * S, lambda: self._guarded(self._round))

    def _at(self, seconds, fn, *args):
        self.twin.clock.after(int(seconds * S), lambda: self._guarded(fn, *args))

    def _guarded(self, fn, *args):
        if self.wrong is None:
            try:
                fn(*args)
            except (Broken, NotNow) as error:
                self.wrong = "%s, in hour %.1f" % (error, self.twin.clock.now_us / S / 3600)
                self.twin.end()

    def _round(self):
        rng, world = self._rng, self.twin.world
        if self.counts["rounds"] >= self._rounds or self._out_of_time():
            self.twin.end()
            return
        self.counts["rounds"] += 1
        self._at(30, world.set_ev, dict(CAR, phases=rng.choice((1, 3)), soc=rng.choice((0.2, 0.5))))
        self._at(150, self._must_charge)
        for _ in range(8):
            self._at(rng.uniform(10, 800), self._ask, rng.choice(PATHS))
        begin, undo = rng.choice(self._troubles())
        at_s = rng.uniform(160, 400)
        self._at(at_s, begin)
        self._at(at_s + rng.uniform(20, 140), undo)
        self.counts["troubles"] += 1
        self._at(rng.uniform(550, 640), world.set_ev, {"plugged": False})
        self._at(LOOK_AT_S, self._look)
        self._at(ROUND_S, self._round)

    def _troubles(self):
        """What fails outside, and how it ends."""
        world, air = self.twin.world, self.twin.world.air
        rows = [(lambda name=name: world.set_fault(name, True), lambda name=name: world.set_fault(name, False))
                for name in ("meter_silent", "meter_babbling", "meter_slow", "reader_dead", "flash_full")]
        rows.append((lambda: air.set({"ntp": "forged"}), lambda: air.set({"ntp": "good"})))
        home = [dict(point, ssid=ssid) for ssid, point in sorted(air.points.items())]
        rows.append((lambda: air.set({"aps": []}), lambda: air.set({"aps": home})))
        if self._broker is not None:
            rows += [(self._broker.stop, self._broker.start)] * 3
        return rows

    def _ask(self, path):
        self.counts["requests"] += 1
        self._asked.append((path, self.twin.clock.now_us, self.twin.visit("GET", path, "admin", None)))

    def _judge_answers(self):
        """Whatever fails outside, who asks is answered, and well."""
        for path, asked_us, box in self._asked:
            if box[0] is None and self.twin.clock.now_us - asked_us > ANSWERS_S * S:
                raise Broken("%s was not answered in %d s" % (path, ANSWERS_S))
            if box[0] is not None and box[0][0] != 200:
                raise Broken("%s was answered with %d: %.200s" % (path, *box[0]))
        self._asked = [row for row in self._asked if row[2][0] is None]

    def _must_charge(self):
        if not self.twin.world.mains.power_mw > 500_000:
            raise Broken("the vehicle is not charged")
        self.counts["charged"] += 1

    def _look(self):
        self._judge_answers()
        self.samples.append((round(self.twin.clock.now_us / S / 3600, 2), self._heap()))
        self._tick(self)


def growth(samples):
    """(bytes a day, its standard error) by least squares, of the samples but the first two; None while there are too few."""
    rows = samples[2:]
    if len(rows) < LEAST_ROUNDS:
        return None
    mean_h, mean_b = sum(row[0] for row in rows) / len(rows), sum(row[1] for row in rows) / len(rows)
    spread = sum((row[0] - mean_h) ** 2 for row in rows)
    slope = sum((row[0] - mean_h) * (row[1] - mean_b) for row in rows) / spread
    left = sum((row[1] - mean_b - slope * (row[0] - mean_h)) ** 2 for row in rows)
    return round(24 * slope), round(24 * (left / (len(rows) - 2) / spread) ** 0.5)


def verdict(samples):
    """FLAT: growth a day and two standard errors are within what is allowed. GROWS: surely more, also where the line lies three
    standard errors lower. UNSURE: a long life whose standard error alone is more than is allowed. TOO_SHORT: else."""
    found = growth(samples)
    if found is None:
        return TOO_SHORT
    allowed = ALLOWED_BYTES + samples[-1][1] * ALLOWED_PERCENT // 100
    if found[0] - 3 * found[1] > allowed:
        return GROWS
    if found[0] + 2 * found[1] <= allowed:
        return FLAT
    return UNSURE if len(samples) >= LONG_ROUNDS and found[1] > allowed else TOO_SHORT


def _held_here():
    app = getattr(sys.modules.get("firmware.app"), "current", None)
    if app is None:
        raise NotNow("the charger is not running")
    gc.collect()
    return sum(sys.getsizeof(one) for one in reached(app))


def live(hours, seed=1, vm=False, tick=lambda life: None, out_of_time=lambda: False):
    """Plays a life; returns what is told of it, as plain data: {"hours", "on", "samples", "per_day", "counts", "wrong"}."""
    rng = random.Random(seed)
    broker = Broker()
    broker.start()
    printed = io.StringIO()
    urandom, os.urandom = os.urandom, os.urandom if vm else rng.randbytes
    try:
        with tempfile.TemporaryDirectory(prefix="mode3-life-") as folder, contextlib.redirect_stderr(printed), \
                contextlib.redirect_stdout(printed):
            ends = []
            twin = _twin(Path(folder) / "flash", seed, vm, broker.port, ends.append)
            heap = _held_here if not vm else lambda: int(twin.hal.fact("heap"))
            try:
                life = Life(twin, broker, max(1, round(hours * 3600 / ROUND_S)), seed, heap, tick, out_of_time)
                how = twin.run()
            finally:
                twin.close()
    finally:
        os.urandom = urandom
        broker.stop()
    if how == "exit":
        raise KeyboardInterrupt
    wrong = life.wrong or (ends and ends[0]) or None
    per_day = growth(life.samples)
    heap_is = verdict(life.samples)
    if wrong is None and heap_is in (GROWS, UNSURE):
        wrong = "the heap: %s, %d (± %d) bytes more a day: %s" % (heap_is, *per_day, life.samples)
    return {"hours": round(twin.clock.now_us / S / 3600, 2), "on": "MicroPython" if vm else "CPython", "samples": life.samples,
            "per_day": per_day, "counts": dict(life.counts, published=broker.messages, connections=broker.connections),
            "wrong": wrong, "printed": printed.getvalue().splitlines()[-20:] if wrong else []}


def _twin(flash, seed, vm, mqtt_port, event):
    if not vm:
        return Twin(flash, free_port(), seed=seed, mqtt_port=mqtt_port, event=event)
    from tools.setup.vm import vm_command
    from tools.twin.vm_runner import HEAP_KB, VmTwin
    return VmTwin(flash, free_port(), vm_command(HEAP_KB), virtual=True, seed=seed, mqtt_port=mqtt_port, event=event)


def main(argv=None):
    """Returns 0 when the heap is flat and all was well, 1 when not, 2 when there is no MicroPython."""
    parser = argparse.ArgumentParser(prog="python -m tools.twin.soak_life", description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--hours", type=at_least(0.25, float), default=24, help="simulated hours (default 24)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--vm", action="store_true", help="on MicroPython's VM, in virtual time")
    args = parser.parse_args(argv)
    begin = time.monotonic()

    def tick(life):
        print("%5.1f h, %7.0f s: %d bytes" % (*life.samples[-1][:1], time.monotonic() - begin, life.samples[-1][1]),
              file=sys.__stdout__, flush=True)
    try:
        told = live(args.hours, args.seed, args.vm, tick)
    except VmMissing as error:
        print("--vm: %s" % error, file=sys.stderr)
        return 2
    print(json.dumps(told))
    return 1 if told["wrong"] else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
