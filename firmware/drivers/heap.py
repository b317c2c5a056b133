"""When the heap is collected: early, so that what lives stays together at its beginning.

Left alone, MicroPython collects when the heap is full. What lives is then strewn over all of it, between garbage: of 230 kB
that were free no block had 15. A device's heap grows for want of one block, and twice the heap is longer to sweep. How long a
collection holds the loop depends on what lives, more than on how often it comes.
"""
import gc

from micropython import const

_LEAST = const(49152)   # bytes that are allocated between two collections, at least
_PART = const(4)        # or so large a part of what lives: what takes longer to look through is looked through more seldom


def settle():
    """Collects now, and from now on early enough. To be called when much has been built. On CPython nothing is done."""
    if hasattr(gc, "threshold"):
        gc.collect()
        gc.threshold(max(_LEAST, gc.mem_alloc() // _PART))
