"""When the heap is collected: often, so that what lives stays together at its beginning.

Left alone, MicroPython collects when the heap is full. What lives for long is then strewn over all of it, between garbage: of 120 kB
that were free no block had two. A device's heap would grow for want of such a block, and each growth makes collecting longer: with
a heap of 4 MB in PSRAM it holds the loop for a tenth of a second.
"""
import gc

_LEAST = 48 * 1024      # bytes that are allocated between two collections, at least;
_PART = 4               # a part of what lives: a larger heap takes longer to look through


def settle():
    """Collects now, and from now on early enough. To be called when much has been built. On CPython nothing is done."""
    if hasattr(gc, "threshold"):
        gc.collect()
        gc.threshold(max(_LEAST, gc.mem_alloc() // _PART))
