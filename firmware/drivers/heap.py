"""When the heap is collected: before it is full where it is large, so that what lives stays together at its beginning.

Left alone, MicroPython collects when the heap is full. What lives is then strewn over all of it, between garbage: of 230 kB
that were free no block had 15. A device's heap grows for want of one block, and twice the heap is longer to sweep.
"""
import gc

from micropython import const

# Bytes that are allocated between two collections. Each holds the loop, for a time that what lives decides, so they must be seldom:
# at 48 kB the slowed VM's median from the pilot's change to the coil off is 33 ms, at 128 kB 27, from 256 kB on 21 to 25.
_AFTER = const(262144)


def settle():
    """Collects now, and from now on in time. To be called when much has been built. On CPython nothing is done."""
    if hasattr(gc, "threshold"):
        gc.collect()
        gc.threshold(_AFTER)
