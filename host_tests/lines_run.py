"""How much Python runs in a call: for what must not take a step per character of a long text."""
import sys

CAN_COUNT = hasattr(sys, "settrace")      # not on the VM


def lines_run(call):
    """How many lines of Python call() runs."""
    count = [0]

    def trace(frame, event, arg):
        count[0] += event == "line"
        return trace
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count[0]
