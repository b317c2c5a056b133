"""Before all others: what is measured against the clock on a machine that others use too runs in real-time priority, where the
system lets it (Linux, as root). Otherwise a tail says how busy the machine was, not how fast the firmware is."""
import contextlib
import os
import shutil
import subprocess
from pathlib import Path

PRIORITY = 10
# Linux halts for 50 ms of each second what takes 95 % of a processor in real-time priority: a slowed charger does, while it charges
LIMIT = Path("/proc/sys/kernel/sched_rt_runtime_us")
MEASURED = 11           # above all that only keeps it busy: among equals nobody gives way, and a page's client would hold it up
WATCHING = 12           # who only sees whether the processor runs at all


def allowed():
    """True where the system lets us."""
    command = prefix()
    return bool(command) and subprocess.run([*command, "true"], capture_output=True).returncode == 0


def prefix(cpu=None):
    """What a command line must begin with, [] where there is no such tool. cpu: it stays on this processor."""
    tool, pin = shutil.which("chrt"), shutil.which("taskset")
    if not tool:
        return []
    return [*([pin, "-c", str(cpu)] if pin and cpu is not None else []), tool, "-f", str(MEASURED)]


def first_of_all():
    """The calling process comes before what is measured: it must sleep nearly always."""
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(WATCHING))


def processor():
    """The one to keep what is measured on."""
    return min(os.sched_getaffinity(0))


@contextlib.contextmanager
def of_this_thread():
    """The calling thread comes first, and so do those that it starts meanwhile."""
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    try:
        yield
    finally:
        os.sched_setscheduler(0, *before)


@contextlib.contextmanager
def without_limit():
    """Meanwhile real time has no LIMIT, on the whole machine; where the system does not let us, that is said."""
    before = None
    try:
        found = LIMIT.read_text()
        LIMIT.write_text("-1")
        before = found
    except OSError as error:
        print("what takes all of a processor is halted for 50 ms now and then (%s): tails are longer" % error, flush=True)
    try:
        yield
    finally:
        if before is not None:
            LIMIT.write_text(before)
