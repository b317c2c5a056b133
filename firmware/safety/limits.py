"""Every number of the safety core: value, unit, where it comes from.

Evidence: [T] the standard's table as several public implementations give it, [P] good practice of named products,
[GK] general knowledge not seen in a source, [own] our own engineering choice. The standards themselves were not at hand:
before a conformity test each [GK] value must be held against the text.
"""

from micropython import const

TICKS_MASK = const(0x3FFFFFFF)    # ticks_ms is 30 bits wide on the 32-bit VM; differences are masked so that none allocates

# --- control pilot, voltages at the terminal, mV (IEC 61851-1 table A.4 windows; thresholds half-way between neighbours) [T]
CP_A_B_MV = const(10500)
CP_B_C_MV = const(7500)
CP_C_D_MV = const(4500)
CP_D_E_MV = const(1500)
CP_GAP_MV = const(300)            # half width of the undefined gap around each threshold: hysteresis, A.4.11 [P]
CP_MAX_MV = const(13500)          # above: no pilot of ours reads so much (12.6 V plus measuring error) [own]
CP_E_LOW_MV = const(-1300)        # window E is +-1 V [T] plus the gap
CP_F_HIGH_MV = const(-10500)      # window F is -13...-11 V [T] plus measuring error
CP_F_LOW_MV = const(-13500)
DIODE_LOW_MV = const(-10000)      # low plateau above this: no diode. Good diode <= -11.4 V, shorted >= -9.38 V [T, computed]

# --- pilot timing
CP_STALE_MS = const(80)           # no usable burst for so long is a lost pilot: four idle bursts [own]
CP_UNDEFINED_MS = const(500)      # between the windows for so long is a pilot fault (12: E within 3 s) [own]
CP_ENTER_C_MS = const(460)        # B->C, 450-500 ms: BCB pulses of the vehicle last 200-400 ms (sequence 11) [T]
CP_CHANGE_BURSTS = const(2)       # every other change: two equal bursts, 20 ms (sequences 2.2, 8: coil off within 50 ms) [own]
DIODE_GOOD_BURSTS = const(5)      # good low plateaus wanted before the contactor closes [own]
DIODE_LOST_BURSTS = const(3)      # bursts in a row without a good low plateau are a lost diode [own]
PWM_SETTLE_MS = const(20)         # the burst that straddles a change of the pilot's form is not judged [own]

# --- pilot generator (IEC 61851-1 table A.7) [T]
PILOT_PERIOD_NS = const(1000000)  # 1 kHz
PILOT_STEADY_HIGH_NS = const(1000000)  # +12 V steady
PILOT_STEADY_LOW_NS = const(0)    # -12 V steady: state F
OFFER_MIN_MA = const(6000)        # 10 % duty; less is never offered, nor is 5 %
OFFER_MAX_MA = const(80000)       # 96 % duty
OFFER_KNEE_MA = const(51000)      # above: I = (D - 64 %) x 2.5 A
OFFER_CHANGE_MS = const(5000)     # rising changes are at least so far apart while energised (sequence 6) [T]

# --- contactor
CONTACTOR_FEEDBACK_MS = const(200)  # feedback follows the coil within this, both ways (mirror contacts 100 ms, allow 200) [P]
RECLOSE_MS = const(5000)          # after C ended (sequence P) [P]
RECLOSE_DEF_MS = const(30000)     # after D, E or F (sequence P) [P]

# --- orderly stop (sequence 10)
STOP_WAIT_MS = const(6000)        # the vehicle has its time to open S2; not opened under load before [T]
HEARTBEAT_MS = const(2000)        # the request record's seq must move within this [own]
FAULT_HOLD_MS = const(1000)       # state F lasts at least 300 ms (table A.5) [T]; ours with margin [own]

# --- tick
TICK_MS = const(10)
TICK_LATE_MS = const(150)         # a gap this long while energised: nobody watched; open [own]

# --- residual-current monitor's test
RCD_TEST_TRIP_MS = const(500)     # the trip line must answer the test within this [own; monitors answer in 30-300 ms]
RCD_TEST_RELEASE_MS = const(2000)  # and be healthy again within this after the test ends [own]


def elapsed_ms(now_ms, then_ms):
    """Milliseconds from then to now, across the clock's wrap at 2**30; valid up to 6.2 days."""
    return (now_ms - then_ms) & TICKS_MASK
