"""`micropython` for CPython. The heap calls do nothing here: CPython has no heap to lock; the real VM's tests prove allocation."""
import _twin


def const(x):
    return x


def opt_level(*x):
    return 0 if not x else None


def alloc_emergency_exception_buf(size):
    """Does nothing: CPython's interrupts can allocate."""


def heap_lock():
    """Does nothing on CPython."""


def heap_unlock():
    """Does nothing on CPython; the lock's depth is always 0."""
    return 0


def kbd_intr(char):
    """Does nothing: Ctrl-C is the host's."""


def schedule(fn, arg):
    """Queues fn(arg); raises RuntimeError when eight wait already."""
    if not _twin.port.schedule(fn, arg):
        raise RuntimeError("schedule queue full")
