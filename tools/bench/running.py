"""The charger as it ships while it charges with the page open: heap in use, the smallest heap it lives in, start, requests."""
import tempfile
import time
from pathlib import Path

from tools.bench import heap
from tools.bench.charger import FIRST_VIEW, Charger, Failed, built
from tools.bench.row import Row, at_most, not_measured, plain
from tools.setup.vm import VmMissing, find_vm

PEAK_LIMIT = 100 * 1024
LIVE_LIMIT = 70 * 1024
START_MS = 50
PAGE_MS = 1000
STEP_KB = 4             # of the bisection
QUIET_S = 2
ASKED = 100             # requests that are timed
VIEWS = 5
SERVICES = "meter, page and stream; Wi-Fi of the twin; MQTT off"


def _life(charger):
    """Start, look at the page, charge, look again: what a heap must be large enough for."""
    page_s = charger.wait_for_page()
    charger.log_in()
    charger.first_view()
    charger.charge()
    charger.open_stream()
    charger.first_view()
    for _ in range(5):
        charger.ask("api/v1/status")
        charger.ask("api/v1/settings/table")
    return page_s


def _measured(charger):
    found = {"page_ms": int(_life(charger) * 1000)}
    link, cpu_ns = charger.twin.hal, charger.twin.cpu_ns
    time.sleep(QUIET_S)
    found["live"] = charger.live_bytes()
    found["shims"] = link.heap_used_by_shims
    if cpu_ns() is not None:
        found["tick_us"] = (link.ticked_ns - link.began_ns) // 1000
        start, began = cpu_ns(), time.monotonic()
        time.sleep(QUIET_S)
        idle = (cpu_ns() - start) / (time.monotonic() - began)
        for name, ask, times in (("api_us", lambda: charger.ask("api/v1/status"), ASKED), ("view_us", charger.first_view, VIEWS)):
            start, began = cpu_ns(), time.monotonic()
            for _ in range(times):
                ask()
            found[name] = int(cpu_ns() - start - idle * (time.monotonic() - began)) // times // 1000
    return found


def smallest_kb(low, high, make, life):
    """The smallest heap in kB, ± STEP_KB, in which a charger lives: make(heap_kb) builds it, life is its story. `high` is believed
    to do."""
    def lives_in(heap_kb):
        charger = make(heap_kb)
        try:
            charger.play(life)
            return not charger.events
        except Failed:
            return False
    while high - low > STEP_KB:
        middle = (low + high) // 2
        low, high = (low, middle) if lives_in(middle) else (middle, high)
    return high


def rows():
    names = ("heap in use, charging, page open", "heap peak, charging, page open")
    try:
        if find_vm().bits != 32:
            return [not_measured(name, "the VM has 64 bits") for name in names]
        with tempfile.TemporaryDirectory() as folder:
            built(folder)
            found = Charger(4096, folder).play(_measured)
            # usable bytes of a heap are somewhat fewer than its size: a bit table per block
            low = found["live"] // 1024
            peak_kb = smallest_kb(low, low * 2, lambda heap_kb: Charger(heap_kb, folder), _life)
            found["shims"] += heap.tables_of_the_twin(Path(folder, "image.romfs"))
    except (VmMissing, Failed) as error:
        return [not_measured(name, str(error)) for name in names]
    live, peak = found["live"] - found["shims"], peak_kb * 1024 * 97 // 100 - found["shims"]
    table = [at_most(names[0], live, "B", LIVE_LIMIT, "after collect, boot.py with it; " + SERVICES),
             at_most(names[1], peak, "B", PEAK_LIMIT, "smallest heap that does it, ± %d kB; %s" % (STEP_KB, SERVICES))]
    if "tick_us" in found:
        table += [at_most("start: boot.py to the first control tick", found["tick_us"] // 1000, "ms", START_MS,
                          "VM's processor time"),
                  Row("API answer", found["api_us"], "µs", "≤ 2000", found["api_us"] <= 2000,
                      "status, VM's processor time, mean of %d" % ASKED),
                  Row("first view", found["view_us"], "µs", "≤ 20000", found["view_us"] <= 20000,
                      "%d files, VM's processor time, mean of %d" % (len(FIRST_VIEW), VIEWS))]
    else:
        table.append(not_measured("API answer", "this system does not tell a process's time finely enough", "≤ 2000"))
    table.append(at_most("start: process to the page served", found["page_ms"], "ms", PAGE_MS, "real time"))
    table.append(plain("the twin's own heap on the VM", found["shims"], "B", "subtracted above"))
    return table
