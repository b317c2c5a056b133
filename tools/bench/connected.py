"""Heap of the charger as it ships while it charges with everything connected (whole.py): in use, and the smallest it lives in."""
import shutil
import tempfile
import time
from pathlib import Path

from tools.bench import heap
from tools.bench.charger import Failed, built
from tools.bench.row import at_most, not_measured
from tools.bench.running import LIVE_LIMIT, PEAK_LIMIT, STEP_KB, smallest_kb
from tools.bench.whole import CONNECTED, Whole
from tools.build.application import application
from tools.setup.folder import write_files
from tools.setup.vm import VmMissing, find_vm

NAMES = ("heap in use, everything connected", "heap peak, everything connected",
         "heap in use, everything connected, .mpy from the file system")
BUSY_S = 10             # all of them meanwhile: documents to the broker, polls of the meter, refused cards, a curve's point


def _life(charger):
    """What a heap must be large enough for."""
    charger.begin()
    charger.first_view()
    time.sleep(BUSY_S)
    charger.first_view()
    if not charger.coil():
        raise Failed("it no longer charges")
    return charger.end()


def _measured(charger):
    """(bytes in use after a collection, those of the twin's own side)"""
    charger.begin()
    charger.first_view()
    time.sleep(BUSY_S)
    live = charger.live_bytes()
    charger.end()
    return live, charger.twin.hal.heap_used_by_shims


def _from_files(folder):
    """Bytes in use where the application lies on the flash's file system."""
    with tempfile.TemporaryDirectory() as side:
        shutil.copytree(folder, side, dirs_exist_ok=True)
        Path(side, "image.romfs").unlink()
        charger = Whole(4096, side)
        write_files(charger.flash, application())
        live, shims = charger.play(_measured)
    return live - shims


def rows():
    try:
        if find_vm().bits != 32:
            return [not_measured(name, "the VM has 64 bits") for name in NAMES]
        with tempfile.TemporaryDirectory() as folder:
            built(folder)
            live, shims = Whole(4096, folder).play(_measured)
            low = live // 1024
            peak_kb = smallest_kb(low, low * 2, lambda heap_kb: Whole(heap_kb, folder), _life)
            names = heap.tables_of_the_twin(Path(folder, "image.romfs"))
            files = _from_files(folder) - names
    except (VmMissing, Failed) as error:
        return [not_measured(name, str(error)) for name in NAMES]
    # usable bytes of a heap are somewhat fewer than its size: a bit table per block
    peak = peak_kb * 1024 * 97 // 100
    return [at_most(NAMES[0], live - shims - names, "B", LIVE_LIMIT, "after collect, charging; " + CONNECTED),
            at_most(NAMES[1], peak - shims - names, "B", PEAK_LIMIT, "smallest heap that does it, ± %d kB" % STEP_KB),
            at_most(NAMES[2], files, "B", heap.LITTLEFS_LIMIT, "after collect, charging")]
