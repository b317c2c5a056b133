"""Runs on the VM under callgrind: brings the core into a state, then ticks N times. See tick.py. Arguments: state, N."""
import sys

from firmware.safety.core import CLOSED, IDLE, OFFERING, OPENING
from host_tests.safety.rig import TICK_MS, Rig


def _trip(rig):
    """From here each tick sees PE lost and the monitor tripped while power flows: the first one opens."""
    rig.to_closed()
    rig.core.inputs.pe_ok = 0
    rig.core.inputs.rcd_tripped = 1


def _whole_board(rig):
    """Every reading there is, so that a fresh one of each can come in one tick."""
    inputs = rig.core.inputs
    inputs.supply_1_mv = inputs.supply_2_mv = inputs.supply_3_mv = 230000
    inputs.meter_seq += 1
    _temperatures(inputs, 20)


def _temperatures(inputs, celsius):
    inputs.temperature_seq += 1
    inputs.temperature_0_c = inputs.temperature_1_c = inputs.temperature_2_c = celsius
    inputs.temperature_3_c = inputs.temperature_4_c = celsius


def _closed_all_fresh(rig):
    _whole_board(rig)
    rig.to_closed()


def _trip_all(rig):
    """Everything is wrong at once: the tick that opens also climbs all derating levels and judges a fresh meter."""
    _closed_all_fresh(rig)
    inputs = rig.core.inputs
    inputs.pe_ok, inputs.rcd_tripped, inputs.rdc_dd_tripped, inputs.upstream_tripped, inputs.guard_opened = 0, 1, 1, 1, 1
    inputs.supply_1_mv = 100000


WHOLE = {"contactors": 2, "lock": 1, "rcd_test": 1, "ventilated": 1, "cp_disconnect": 1}
# a new reading of everything in each tick: tick_paths.py finds no longer one
BURSTING = ("closed, all fresh", "tripping, all fresh")

# state: clock at the start, preparation, the phase before and after the ticks
STATES = {
    "idle": (0, lambda rig: rig.run(200), IDLE, IDLE),
    "offering": (0, Rig.to_offering, OFFERING, OFFERING),
    "closed": (0, Rig.to_closed, CLOSED, CLOSED),
    "closed, late clock": ((1 << 30) - 5000, Rig.to_closed, CLOSED, CLOSED),
    "tripping": (0, _trip, CLOSED, OPENING),
    "closed, all fresh": (0, _closed_all_fresh, CLOSED, CLOSED),
    "tripping, all fresh": (0, _trip_all, CLOSED, OPENING),
}


def main(state, count):
    start_ms, prepare, before, after = STATES[state]
    rig = Rig(start_ms, **(WHOLE if state in BURSTING else {}))
    prepare(rig)
    core = rig.core
    if core.phase != before:
        raise RuntimeError("%s: the core is in phase %d before the ticks" % (state, core.phase))
    inputs, request = core.inputs, core.request
    now_ms, bursting = rig.now_ms, state in BURSTING
    # up through the levels and down again; the cables' limit is 90 °C, the relay's 75
    hot, cold = (110, 110) if state == "tripping, all fresh" else (74, 20)
    for _ in range(count):
        now_ms = (now_ms + TICK_MS) & 0x3FFFFFFF
        inputs.cp_burst = (inputs.cp_burst + 1) & 0x3FFFFFFF
        request.seq = (request.seq + 1) & 0x3FFFFFFF
        if bursting:        # in place: what this costs is counted with the tick
            inputs.meter_seq += 1
            inputs.drawn_ma = 16000
            inputs.temperature_seq += 1
            inputs.temperature_0_c = inputs.temperature_1_c = inputs.temperature_2_c = hot
            inputs.temperature_3_c = inputs.temperature_4_c = hot
            hot, cold = cold, hot
        core.tick(now_ms)
    if count and core.phase != after:
        raise RuntimeError("%s: the core is in phase %d after the ticks, trips %d" % (state, core.phase, core.trips))


main(sys.argv[1], int(sys.argv[2]))
