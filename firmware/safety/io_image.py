"""The flat records between the drivers, the core and the charging logic. Plain integers: no allocation when written.

Tri-state inputs: 1 yes, 0 no, NOT_FITTED where the board has none. Unknown is never taken for healthy.
"""

from micropython import const

NOT_FITTED = const(-1)
NO_TEMPERATURE = const(-1000)   # °C of a sensor that is not fitted
BROKEN = const(-999)            # °C of a fitted sensor that cannot be read


class Inputs:
    """What the drivers saw; written before each tick."""

    def __init__(self):
        self.cp_burst = 0          # counts bursts, so that the core tells a new one from an old one
        self.cp_high_mv = 0        # high plateau at the CP terminal
        self.cp_low_mv = 0         # low plateau
        self.cp_high_reads = 0     # reads that hit it; 0 = not seen
        self.cp_low_reads = 0
        self.pp_ohm = NOT_FITTED   # proximity resistor of a socket's cable; NOT_FITTED = tethered cable
        self.feedback_1 = NOT_FITTED   # contactor 1: 0 = all poles open, 1 = closed
        self.feedback_2 = NOT_FITTED
        self.rcd_tripped = NOT_FITTED      # 30 mA line
        self.rdc_dd_tripped = NOT_FITTED   # 6 mA DC line
        self.pe_ok = NOT_FITTED
        self.lock_closed = NOT_FITTED
        self.enable = NOT_FITTED           # external enable contact: 0 takes power away gracefully
        self.upstream_tripped = NOT_FITTED  # contact of the upstream protection
        self.guard_opened = 0      # 1: the timer's guard took the coil away since the last tick
        self.meter_seq = 0         # counts readings of the meter; the next three belong to it
        self.meter_age_ms = 0      # of the reading when it was handed in
        self.drawn_ma = 0          # highest phase
        self.supply_1_mv = NOT_FITTED
        self.supply_2_mv = NOT_FITTED
        self.supply_3_mv = NOT_FITTED
        self.temperature_seq = 0   # counts readings of the five
        self.temperature_0_c = NO_TEMPERATURE   # MCU
        self.temperature_1_c = NO_TEMPERATURE   # relay
        self.temperature_2_c = NO_TEMPERATURE   # interior
        self.temperature_3_c = NO_TEMPERATURE   # supply cable
        self.temperature_4_c = NO_TEMPERATURE   # supply cable


class Outputs:
    """What the drivers shall do; read after each tick."""

    def __init__(self):
        self.pilot_high_ns = 1000000   # of 1 000 000: full = steady +12 V, 0 = steady -12 V (state F)
        self.coil_1 = 0
        self.coil_2 = 0
        self.coil_watchdog = 0     # level of the charge pump's pin: toggles each tick on which the coil may have power
        self.rcd_test = 0
        self.lock_wanted = 0
        self.cp_disconnect = 0


class Request:
    """The one way in. There is no field that closes the contactor."""

    def __init__(self):
        self.available = 0     # 1: this plug-in is authorised and wanted; 0 also unlocks
        self.offered_ma = 0    # what may be offered; below 6000 nothing is
        self.phases = 3        # 1 or 3; a change opens the contactor, pauses and closes again
        self.seq = 0           # heartbeat: moves with every renewal; when it stands still, power is taken away gracefully
        self.unlock_seq = 0    # an increment is an order
        self.clear_seq = 0
        self.wake_seq = 0
        self.selftest_seq = 0


class Fitted:
    """What the board has and the installation allows; fixed at start."""

    def __init__(self, contactors=1, feedback=1, rcd_test=0, lock=0, socket=0, ventilated=0, phases=3, pe_monitor=1,
                 cp_disconnect=0, simplified=1, over_allowance_ma=500, over_percents=(10, 25, 70),
                 over_times_ms=(1010000, 5000, 1000)):
        self.contactors = contactors   # 1, or 2 where L2/L3 have their own
        self.feedback = feedback       # 1: contactor feedback is there
        self.rcd_test = rcd_test       # 1: the monitor can be tested
        self.lock = lock               # 1: socket lock
        self.socket = socket           # 1: socket outlet: the cable's proximity resistor must be read; 0: tethered cable
        self.ventilated = ventilated   # 1: state D may be energised
        self.phases = phases           # of the installation: 1 or 3
        self.pe_monitor = pe_monitor   # 0: an installer turned it off (IT grid)
        self.cp_disconnect = cp_disconnect  # 1: the pilot can be interrupted; else state F wakes
        self.simplified = simplified   # 1: vehicles without S2 may charge at 10 A
        self.over_allowance_ma = over_allowance_ma   # added to each grade: meter error and rounding at 6 A [P]
        self.over_percents = over_percents           # three grades of current above the offer [P]
        self.over_times_ms = over_times_ms           # how long each may last [P]
