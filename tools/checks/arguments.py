"""Words on command lines: numbers out of range are refused with what is allowed, paths may begin at home."""
import math
from pathlib import Path


def at_least(lowest, kind=int):
    """A `type` for argparse: a number from `lowest` up."""
    def number(word):
        value = kind(word)
        if not math.isfinite(value) or value < lowest:
            raise ValueError
        return value
    number.__name__ = "number (%s or more)" % lowest
    return number


def at_home(word):
    """A `type` for argparse: a file or folder. `make flash BOX=~/x` hands the ~ on, where the shell (zsh, dash) leaves it there."""
    return Path(word).expanduser()
