"""Trip bits: why the core took power away. The fault registry (charging/faults.py) tells the world what each means.

Each bit: set where, opens how, pilot after, cleared by. A bit stays until its clearing condition holds *and* its cause is gone.
"""

from micropython import const

# name = bit                       set by                          pilot after   cleared by
RCD_AC = const(1 << 0)            # monitor's 30 mA line            F             unplug (no retry)
RDC_DD = const(1 << 1)            # monitor's 6 mA DC line          F             unplug (no retry)
RCD_TEST = const(1 << 2)          # self-test: no answer / no release  +12 V      clear, unplug
WELDED = const(1 << 3)            # feedback closed with the coil off  F          power cycle
NOT_CLOSED = const(1 << 4)        # feedback open with the coil on  +12 V         clear, unplug
PE_LOST = const(1 << 5)           # protective earth missing        +12 V         cause gone and clear, unplug
DIODE = const(1 << 6)             # low plateau not -12 V           +12 V         clear, unplug
PILOT_SHORT = const(1 << 7)       # state E                         +12 V         clear, unplug
PILOT_UNDEFINED = const(1 << 8)   # between the windows             +12 V         clear, unplug
PILOT_STALE = const(1 << 9)       # no pilot reading                +12 V         clear, unplug
VENTILATION = const(1 << 10)      # state D where not ventilated    +12 V         clear, unplug
TICK_LATE = const(1 << 11)        # the core was not called in time +12 V         clear, unplug
GUARD = const(1 << 12)            # the timer guard switched off    +12 V         clear, unplug
LOCK = const(1 << 13)             # the socket lock did not close   +12 V         clear, unplug

RESIDUAL = const(RCD_AC | RDC_DD)
PILOT_F = const(RCD_AC | RDC_DD | WELDED)          # state F; all others steady +12 V
POWER_CYCLE = const(WELDED)                        # never cleared while running
UNPLUG_ONLY = const(RCD_AC | RDC_DD)               # never re-close in the same connection

NAMES = ("rcd_ac", "rdc_dd", "rcd_test", "welded", "not_closed", "pe_lost", "diode", "pilot_short", "pilot_undefined",
         "pilot_stale", "ventilation", "tick_late", "guard", "lock")   # bit number -> name
