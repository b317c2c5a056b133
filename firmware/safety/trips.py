"""Trip bits: why the core took power away. The fault registry (charging/faults.py) tells the world what each means.

A bit is set by its cause, stays when the cause is gone, and goes with what its group says.
"""

from micropython import const

RCD_AC = const(1 << 0)            # the monitor's 30 mA line
RDC_DD = const(1 << 1)            # the monitor's 6 mA DC line
RCD_TEST = const(1 << 2)          # self-test: tripped before, no answer, or no release
WELDED = const(1 << 3)            # feedback closed with the coil off
NOT_CLOSED = const(1 << 4)        # feedback open with the coil on, or no feedback where it is fitted
PE_LOST = const(1 << 5)           # protective earth missing with a vehicle
DIODE = const(1 << 6)             # low plateau not -12 V
PILOT_SHORT = const(1 << 7)       # state E with a vehicle
PILOT_UNDEFINED = const(1 << 8)   # between the windows, or -12 V that we do not drive
PILOT_STALE = const(1 << 9)       # no pilot reading
VENTILATION = const(1 << 10)      # state D where not ventilated
TICK_LATE = const(1 << 11)        # the core was not called in time
GUARD = const(1 << 12)            # the timer guard switched off
LOCK = const(1 << 13)             # the socket lock did not close, or opened
SUPPLY = const(1 << 14)           # voltage outside 160-280 V
OVERCURRENT = const(1 << 15)      # the vehicle draws more than offered
TEMPERATURE = const(1 << 16)      # a sensor at its limit
SENSOR = const(1 << 17)           # a fitted temperature sensor failed
UPSTREAM = const(1 << 18)         # the upstream protection's contact
CABLE = const(1 << 19)            # a proximity resistor that no cable has

ALL = const((1 << 20) - 1)
RESIDUAL = const(RCD_AC | RDC_DD)
GRACEFUL = const(VENTILATION | SUPPLY | TEMPERATURE | SENSOR)   # request_stop(); all others open now
PILOT_F = const(RCD_AC | RDC_DD | WELDED)          # state F after; all others steady +12 V
POWER_CYCLE = const(WELDED)                        # never cleared while running
SURVIVING = const(RCD_AC | RDC_DD | WELDED)        # kept over a reset that is no power-on
UNPLUG_ONLY = const(RCD_AC | RDC_DD)               # never re-close in the same connection
SELF_CLEARING = const(TEMPERATURE | SENSOR)        # go with their cause (hysteresis lies in the cause)

NAMES = ("rcd_ac", "rdc_dd", "rcd_test", "welded", "not_closed", "pe_lost", "diode", "pilot_short", "pilot_undefined",
         "pilot_stale", "ventilation", "tick_late", "guard", "lock", "supply", "overcurrent", "temperature", "sensor",
         "upstream", "cable")   # bit number -> name
