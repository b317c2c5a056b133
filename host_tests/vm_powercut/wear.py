"""What the records cost the flash: programs and erases per operation, and the years until a block has seen its cycles."""

import subprocess
import sys
from pathlib import Path

from tools.setup.vm import vm_command, vm_environment

ON_VM = str(Path(__file__).with_name("wear_on_vm.py"))
ROOT = Path(__file__).resolve().parents[2]
HEAP_KB = 6144
ENDURANCE = 100_000  # erases per sector that the makers of serial NOR flash promise
PROMISED_YEARS = 10
# (days simulated, minutes per session, words)
LIVES = ((60, 90, "4 sessions of 90 minutes a day"), (60, 360, "4 sessions of 6 hours a day: it always charges"))


def _lines(*arguments):
    done = subprocess.run(vm_command(HEAP_KB) + [ON_VM, *map(str, arguments)], cwd=ROOT, env=vm_environment(),
                          capture_output=True, text=True, timeout=900)
    if done.returncode:
        raise RuntimeError("the VM failed: %s" % (done.stdout + done.stderr))
    return [line.split() for line in done.stdout.splitlines()]


def operations():
    """[(name, programs, erases, bytes)] per operation, on a 2 MB LittleFS with 3000 sessions."""
    rows = []
    for words in _lines("ops"):
        rows.append((" ".join(words[4:]), int(words[1]) / 100, int(words[2]) / 1000, int(words[3])))
    return rows


def heap():
    """dict: sessions on flash, idle_bytes and page_bytes of heap they hold, rows in that page."""
    return dict(zip(("sessions", "idle_bytes", "page_bytes", "rows"), [int(word) for word in _lines("heap")[-1][1:]]))


def live(days, minutes):
    """dict of a simulated life: programs, erases, blocks (that took part), worst (erases of the worst block), years."""
    words = [int(word) for word in _lines("days", days, minutes)[-1][1:]]
    found = dict(zip(("programs", "erases", "blocks", "worst", "sessions", "free_blocks"), words))
    # Taken straight from the worst block of the simulated days: LittleFS moves what it wears, so later is evener.
    found["years"] = ENDURANCE * days // (max(1, found["worst"]) * 365)
    return found


def report(out=sys.stdout):
    """Prints both tables; returns the fewest years."""
    print("\nflash operations (LittleFS 2 MB, 4 kB blocks)      programs   erases    bytes", file=out)
    for name, programs, erases, size in operations():
        print("%-50s %8.1f %8.3f %8d" % (name, programs, erases, size), file=out)
    years = []
    print("\nflash wear, %d erases per block promised" % ENDURANCE, file=out)
    for days, minutes, words in LIVES:
        life = live(days, minutes)
        years.append(life["years"])
        print("%s: %d programs and %d erases a day over %d blocks, worst block %d erases in %d days: %d years" % (
            words, life["programs"] // days, life["erases"] // days, life["blocks"], life["worst"], days, life["years"]),
            file=out)
        print("  (%d sessions kept, %d of 512 blocks free)" % (life["sessions"], life["free_blocks"]), file=out)
    held = heap()
    print("%d sessions hold %d bytes of heap while nobody looks, a page of %d of them %d" % (
        held["sessions"], held["idle_bytes"], held["rows"], held["page_bytes"]), file=out)
    print("promised: %d years" % PROMISED_YEARS, file=out)
    return min(years)
