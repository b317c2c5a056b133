"""Numbers on command lines: what is out of range is refused with what is allowed."""
import math


def at_least(lowest, kind=int):
    """A `type` for argparse: a number from `lowest` up."""
    def number(word):
        value = kind(word)
        if not math.isfinite(value) or value < lowest:
            raise ValueError
        return value
    number.__name__ = "number (%s or more)" % lowest
    return number
