"""A core put by hand into one moment, to look at one of its steps by itself."""

from firmware.safety import control_pilot as cp
from firmware.safety.core import CLOSED, CLOSING, IDLE, OFFERING, OPENING, READY, SELFTEST, STOPPING, TRIPPED, WAKING, SafetyCore
from firmware.safety.io_image import Fitted
from firmware.safety.proximity_pilot import TETHERED

STATES = (cp.UNKNOWN, cp.A, cp.B, cp.C, cp.D, cp.E, cp.F)
PHASES = (IDLE, SELFTEST, READY, OFFERING, WAKING, CLOSING, CLOSED, STOPPING, OPENING, TRIPPED)


def healthy(**fitted):
    """A core whose inputs say that all is well, contactor open, in B, request alive."""
    fitted.setdefault("contactors", 2)
    core = SafetyCore(Fitted(**fitted))
    inputs, request = core.inputs, core.request
    inputs.feedback_1 = inputs.feedback_2 = 0
    inputs.rcd_tripped = inputs.rdc_dd_tripped = 0
    inputs.pe_ok = inputs.lock_closed = inputs.enable = 1
    inputs.upstream_tripped = 0
    request.available, request.offered_ma = 1, 16000
    core._started = 1
    core._alive_left_ms = 2000
    core.cable.rating_a = TETHERED
    core.pilot.state = core.pilot.raw = core._last_state = cp.B
    core.pilot.low_good = 5
    core.self_tested = 1
    core.phase = OFFERING
    return core


def energised(core, phase=CLOSED):
    """The same with both coils on and both contactors closed."""
    core.phase = phase
    core.outputs.coil_1 = core.outputs.coil_2 = 1
    core.inputs.feedback_1 = core.inputs.feedback_2 = 1
    core.pilot.state = core.pilot.raw = core._last_state = cp.C
    return core
