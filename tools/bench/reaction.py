"""How soon the coil is off when the vehicle leaves C, in real time, with the page, its stream and the meter busy: on the native VM,
and on one that callgrind slows to about a device's speed.

The firmware is the one that ships but for three pauses of safety/limits.py (before closing again, between two offers, of the
pilot), which would make a hundred changes take a quarter of an hour. What is measured lies between the moment the change goes
out to the interpreter and the moment its coil pin goes low, by the interpreter's own clock (the two clocks agree to some 100 µs):
the trip through the link, sampling, debouncing, the tick. When the world hears of it does not count.
"""
import json
import tempfile
import threading
import time

from tools.bench.charger import Charger, Failed, built
from tools.bench.noise import percentile
from tools.bench.row import Row, at_most, not_measured, plain
from tools.setup.vm import VmMissing

CHANGES = 100
LIMIT_MS = 30
PAUSES = {"RECLOSE_MS": 100, "OFFER_CHANGE_MS": 100, "PWM_PAUSE_MS": 100}
SLOWED_CHANGES = 30
SLOWED_LIMIT_MS, SLOWED_MOST_MS = 45, 70
LONGEST_S = 80          # of all changes together; with fewer done in that time the row says how many
PHASES_MS = 37          # changes come at times that have nothing to do with the tick


def _busy(charger, stop):
    """A page that asks and asks."""
    while not stop.is_set():
        try:
            charger.ask("api/v1/status")
        except Failed:
            continue
        stop.wait(0.2)


def _watch(charger, pin):
    """Lists that fill with (world time in µs) of pilot changes going out and of the coil pin going low."""
    link = charger.twin.hal
    told, off = [], []
    tell, output = link._tell, link.on_output

    def telling(line):
        if line.startswith("C "):
            told.append(link.clock.paced_now_us())
        tell(line)

    def hearing(signal, key, value, t_us):
        if signal == "pin" and key == pin and not value:
            off.append(t_us)
        output(signal, key, value, t_us)
    link._tell, link.on_output = telling, hearing
    return told, off


def _changes(charger, most=CHANGES):
    charger.wait_for_page()
    charger.charge()
    charger.open_stream()
    world, stop = charger.twin.world, threading.Event()
    threading.Thread(target=_busy, args=(charger, stop), daemon=True).start()
    told, off = charger.call(lambda: _watch(charger, charger.twin.board["pins"]["contactor_1"]))
    found, end = [], time.monotonic() + LONGEST_S
    try:
        while len(found) < most and time.monotonic() < end:
            charger.wait_until(lambda: world.trace.last("contacts"), "the contactor")
            time.sleep(0.3 + len(found) * PHASES_MS % 100 / 1000)
            told.clear()
            off.clear()
            charger.call(lambda: world.set_ev({"state": "B"}))
            charger.wait_until(lambda: not charger.coil(), "the coil's end")
            found.append(off[0] - told[0])
            charger.wait_until(lambda: not world.trace.last("contacts"), "the open contactor")
            charger.call(lambda: world.set_ev({"state": "C"}))
    finally:
        stop.set()
    return found, json.loads(charger.ask("api/v1/status"))["lateness_ms"]


def rows():
    with tempfile.TemporaryDirectory() as folder:
        try:
            built(folder, **PAUSES)
        except (VmMissing, Failed) as error:
            return [not_measured("pilot change → coil off", str(error), "≤ %d ms p99.9" % LIMIT_MS)]
        return _measured(folder, "native VM", CHANGES, LIMIT_MS, None) + _measured(
            folder, "VM in callgrind", SLOWED_CHANGES, SLOWED_LIMIT_MS, SLOWED_MOST_MS)


def _measured(folder, vm, most, limit_ms, longest_ms):
    name = "pilot change → coil off, " + vm
    try:
        found, lateness = Charger(4096, folder, slowed=longest_ms is not None).play(lambda charger: _changes(charger, most))
    except (VmMissing, Failed) as error:
        return [not_measured(name, str(error), "≤ %d ms p99.9" % limit_ms)]
    if not found:
        return [not_measured(name, "no change in %d s" % LONGEST_S, "≤ %d ms p99.9" % limit_ms)]
    note = "%d changes, page, stream and meter busy; pauses between closings shortened" % len(found)
    ms = [value / 1000 for value in found]
    p99, longest = percentile(ms, 990), round(max(ms), 1)
    return [plain(name + ", p50", round(percentile(ms, 500), 1), "ms", note),
            Row(name + ", p99", round(p99, 1), "ms", "≤ %d p99.9" % limit_ms, p99 <= limit_ms, note),
            at_most(name + ", max", longest, "ms", longest_ms, note) if longest_ms else plain(name + ", max", longest, "ms", note),
            plain("tick late, %s, p50" % vm, lateness["p50"], "ms", "the machine's own jitter stands below"),
            plain("tick late, %s, p99" % vm, lateness["p99"], "ms"),
            at_most("tick late, %s, max" % vm, lateness["max"], "ms", 100, "since the start, import and opening included")]
