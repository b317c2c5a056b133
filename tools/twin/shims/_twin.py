"""Where the shims find the twin: whoever starts the firmware sets these two before `machine` is imported."""
port = None  # the interpreter's side: time, timers, sampling
costs = None  # the table of device costs
