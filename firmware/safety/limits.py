"""Every number of the safety core: value, unit, where it comes from.

Evidence: [T] the standard's table as several public implementations give it, [P] good practice of named products,
[GK] general knowledge not seen in a source, [own] our own engineering choice. The standards themselves were not at hand:
before a conformity test each [GK] value must be held against the text. Clauses are those of IEC 61851-1 annex A.
"""

from micropython import const

TICKS_MASK = const(0x3FFFFFFF)    # ticks_ms is 30 bits wide on the 32-bit VM; differences are masked so that none allocates

# --- control pilot, voltages at the terminal, mV. Thresholds half-way between neighbours of table A.4 [T]
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
CP_UNDEFINED_MS = const(500)      # between the windows for so long is a pilot fault (sequence 12 allows 3 s) [own]
CP_ENTER_C_MS = const(460)        # B->C, 450-500 ms: BCB pulses of the vehicle last 200-400 ms (sequence 11) [T]
CP_CHANGE_BURSTS = const(2)       # every other change: two equal bursts, 20 ms (sequences 2.2, 8: coil off within 50 ms) [own]
DIODE_GOOD_BURSTS = const(5)      # good low plateaus wanted before the contactor closes (sequence D) [own]
DIODE_LOST_BURSTS = const(3)      # bursts in a row without a good low plateau are a lost diode [own]
PWM_SETTLE_MS = const(20)         # the burst that straddles a change of the pilot's form is not judged [own]

# --- pilot generator, table A.7 [T]
PILOT_STEADY_HIGH_NS = const(1000000)  # +12 V steady: the whole period of 1 kHz
PILOT_STEADY_LOW_NS = const(0)    # -12 V steady: state F
OFFER_MIN_MA = const(6000)        # 10 % duty; less is never offered, nor is 5 %
OFFER_MAX_MA = const(80000)       # 96 % duty
OFFER_KNEE_MA = const(51000)      # above: I = (D - 64 %) x 2.5 A
OFFER_CHANGE_MS = const(5000)     # changes are at least so far apart while energised (sequence 6) [T]
PWM_PAUSE_MS = const(3000)        # PWM that went off stays off (X1) for at least this (sequence X) [T]
PWM_PAUSE_EF_MS = const(4000)     # the same after E or F (sequence X) [T]
SIMPLIFIED_MA = const(10000)      # vehicle without S2: at most 10 A (sequence 1.2) [T]

# --- vehicle asleep (sequence W, A.5.3)
WAKE_AFTER_MS = const(30000)      # PWM on and still B [T]
WAKE_MS = const(4000)             # pilot interrupted for [T]
WAKE_SETTLE_MS = const(50)        # the pilot is back, but its relay may still travel: nothing is read yet [own]

# --- contactor
CONTACTOR_FEEDBACK_MS = const(200)  # feedback follows the coil within this, both ways (mirror contacts 100 ms, allow 200) [P]
RECLOSE_MS = const(5000)          # after C ended (sequence P) [P]
RECLOSE_DEF_MS = const(30000)     # after D, E or F (sequence P) [P]
PHASE_SWITCH_MS = const(10000)    # contactor open before another number of phases is closed [P]

# --- socket lock
LOCK_MS = const(1500)             # the lock closes within this: C2 -> closed must fit 3 s (sequence 4) [own]

# --- orderly stop (sequence 10)
STOP_WAIT_MS = const(6000)        # the vehicle has its time to open S2; not opened under load before [T]
HEARTBEAT_MS = const(2000)        # the request record's seq must move within this [own]
FAULT_HOLD_MS = const(1000)       # state F lasts at least 300 ms (sequence F) [T]; ours with margin [own]

# --- tick
TICK_MS = const(10)
TICK_LATE_MS = const(150)         # a gap longer than this while energised: nobody watched; open [own]
GAP_MAX_MS = const(60000)         # a longer gap counts as this: longer than every countdown, and no sum grows past 31 bits

# --- residual-current monitor's test
RCD_TEST_TRIP_MS = const(500)     # the trip line must answer the test within this [own; monitors answer in 30-300 ms]
RCD_TEST_RELEASE_MS = const(2000)  # and be healthy again within this after the test ends [own]

# --- supply voltage (fault 8002) [P]
SUPPLY_LOW_MV = const(160000)
SUPPLY_HIGH_MV = const(280000)
SUPPLY_READINGS = const(2)        # fresh readings in a row outside [own]
SUPPLY_SILENT_MS = const(30000)   # no reading for so long: what was outside is forgotten once nobody is plugged in [own]
SUPPLY_PRESENT_MV = const(30000)  # in a one-phase installation a phase below this is not connected [own]

# --- current above the offer (fault 4003); the grades are installer settings, their defaults in io_image.Fitted
OFFER_MEMORY_MS = const(6000)     # the vehicle has 5 s to follow a falling offer (sequence 6), and one for the meter [T]
READING_GAP_MS = const(5000)      # readings further apart than this do not advance a grade by more [own]

# --- temperature: per sensor (first derating step, limit, resume), °C [P, own]. 0 MCU, 1 relay, 2 interior, 3 and 4 supply cable
TEMPERATURE_SENSORS = const(5)
TEMPERATURE_LIMITS = ((80, 95, 80), (60, 75, 60), (60, 75, 60), (75, 90, 75), (75, 90, 75))
TEMPERATURE_LEVELS = const(4)     # three equal steps from the first to the limit: 75 %, 50 %, 6 A; the fourth stops
TEMPERATURE_HYSTERESIS_C = const(3)   # a level is left this much below where it began
TEMPERATURE_STALE_MS = const(30000)   # a fitted sensor that says nothing for so long has failed [own]


def count_down(left_ms, gap_ms):
    """What is left of a time after gap_ms more have gone; 0 when it is over. Cannot wrap, however long it stands at 0."""
    return max(left_ms - gap_ms, 0)


def elapsed_ms(now_ms, then_ms):
    """Milliseconds from then to now, across the clock's wrap at 2**30; valid up to 6.2 days."""
    return (now_ms - then_ms) & TICKS_MASK
