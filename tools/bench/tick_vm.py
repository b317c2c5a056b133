"""Runs on the VM under callgrind: brings the core into a state, then ticks N times. See tick.py. Arguments: state, N."""
import sys

from firmware.safety.core import CLOSED, IDLE, OFFERING, OPENING
from host_tests.safety.rig import TICK_MS, Rig


def _trip(rig):
    """From here each tick sees PE lost and the monitor tripped while power flows: the first one opens."""
    rig.to_closed()
    rig.core.inputs.pe_ok = 0
    rig.core.inputs.rcd_tripped = 1


# state: clock at the start, preparation, the phase before and after the ticks
STATES = {
    "idle": (0, lambda rig: rig.run(200), IDLE, IDLE),
    "offering": (0, Rig.to_offering, OFFERING, OFFERING),
    "closed": (0, Rig.to_closed, CLOSED, CLOSED),
    "closed, late clock": ((1 << 30) - 5000, Rig.to_closed, CLOSED, CLOSED),
    "tripping": (0, _trip, CLOSED, OPENING),
}


def main(state, count):
    start_ms, prepare, before, after = STATES[state]
    rig = Rig(start_ms)
    prepare(rig)
    core = rig.core
    if core.phase != before:
        raise RuntimeError("%s: the core is in phase %d before the ticks" % (state, core.phase))
    inputs, request = core.inputs, core.request
    now_ms = rig.now_ms
    for _ in range(count):
        now_ms = (now_ms + TICK_MS) & 0x3FFFFFFF
        inputs.cp_burst = (inputs.cp_burst + 1) & 0x3FFFFFFF
        request.seq = (request.seq + 1) & 0x3FFFFFFF
        core.tick(now_ms)
    if count and core.phase != after:
        raise RuntimeError("%s: the core is in phase %d after the ticks, trips %d" % (state, core.phase, core.trips))


main(sys.argv[1], int(sys.argv[2]))
