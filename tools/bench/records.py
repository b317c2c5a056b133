"""Thousands of cards, sessions and curves on the 32-bit VM: heap while they are imported, looked up, filtered, exported."""
import subprocess
import tempfile

from tools.bench.row import ROOT, at_most, not_measured, plain
from tools.setup.vm import VmMissing, vm_command, vm_environment

CARDS = 5000
SESSIONS = 10000
LOOK_UP_US = 20000
HEAP_KB = 600


def measure(cards=CARDS, sessions=SESSIONS):
    """{name: number} of records_vm.py."""
    with tempfile.TemporaryDirectory() as folder:
        script = [str(ROOT / "tools/bench/records_vm.py"), str(cards), str(sessions), folder + "/flash"]
        done = subprocess.run(vm_command(heap_kb=HEAP_KB) + script, cwd=ROOT, env=vm_environment(), capture_output=True, text=True,
                              timeout=900)
    if done.returncode:
        raise ValueError((done.stderr or done.stdout).strip().splitlines()[-1])
    return {name: int(value) for name, value in [line.split() for line in done.stdout.splitlines()]}


def rows():
    try:
        found = measure()
    except (VmMissing, ValueError, subprocess.TimeoutExpired) as error:
        return [not_measured("records", str(error))]
    cards, sessions = "%d cards" % found["cards"], "%d sessions" % SESSIONS
    heap = [plain("heap, %s" % words, found[name + "_peak"], "B", "%d B stay; %d ms of the VM's time" % (
        found[name + "_left"], found[name + "_us"] // 1000)) for name, words in (
            ("import", cards + " imported"), ("look_ups", "400 look-ups of " + cards), ("cards_export", cards + " exported"),
            ("sessions_open", sessions + " opened"), ("sessions_export", sessions + " exported"),
            ("statement", "a month's statement of " + sessions), ("statement_csv", "the same as a file"),
            ("curve_night", "power curve of ten hours"), ("curve_kept", "a curve written"),
            ("curve_newest", "the newest curve found"), ("curve_oldest", "the oldest of 1100 found"),
            ("sessions_filter", "%d of %s by card" % (found["sessions_filter_lines"] - 1, sessions)))]
    return heap + [
        at_most("card look-up, slowest", found["look_up_most_us"], "µs", LOOK_UP_US, "of 400 in %s, mean %d µs" % (
            cards, found["look_up_mean_us"])),
        plain("card look-up, pages read", found["look_up_most_pages"], "pages", "of 512 B at most; %d reads of the file system" % (
            found["look_up_most_blocks"])),
        at_most("curve look-up, longest step", found["curve_oldest_step_us"], "µs", LOOK_UP_US, "after which others may run"),
    ]
