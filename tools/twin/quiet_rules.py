"""What a control tick may reach and move, for quiet.py: a table of classes, and for what moves in them how it is compared and what
a tick does to it."""

# How an attribute enters the comparison, and what a tick does to it:
TIME = "time"            # ticks_ms: only its distance from now matters; written anew
COUNT = "count"          # how often: nobody looks at its value but for the wrap; the tick adds
BURST = "burst"          # the count of bursts: its two lowest bits are the dither
FOLLOWS = "follows"      # its distance from the count of bursts matters
FALLING = "falling"      # ms left, compared with 0 and nothing else far from 0; a tick takes its ms away, or sets it to a constant
RISING = "rising"        # ms since, capped at 5000; used only where a grade of over-current runs, and then no tick is quiet
SEQ = "seq"              # moves when somebody else has news; the tick only asks whether the one that follows it is equal
METER = "meter"          # of a reading: looked at only in a tick that has news of one
HEAT = "heat"            # the same of the temperatures, and while they grow stale
SCRATCH = "scratch"      # written before it is read in each tick
KEPT = "kept"            # changes in no quiet tick
# by class of the firmware: the rules of attributes that do not count exactly; "Record.attribute" follows that SEQ
CLASSES = {
    "Control": {}, "TickTimer": {"_beat_ms": TIME, "_due_ms": TIME}, "FirstTurn": {},
    "Lateness": {"_counts": COUNT, "_total": COUNT},
    "SafetyCore": {"_tick_ms": TIME, "_alive_left_ms": FALLING, "phase": KEPT, "trips": KEPT, "_last_state": KEPT,
                   "_seq": "Request.seq"},
    "Fitted": {}, "Inputs": {"cp_burst": BURST, "meter_seq": SEQ, "temperature_seq": SEQ, "meter_age_ms": METER,
                             "drawn_ma": METER, "supply_1_mv": METER, "supply_2_mv": METER, "supply_3_mv": METER,
                             "temperature_0_c": HEAT, "temperature_1_c": HEAT, "temperature_2_c": HEAT, "temperature_3_c": HEAT,
                             "temperature_4_c": HEAT},
    "Outputs": {"coil_1": KEPT, "rcd_test": KEPT}, "Request": {"seq": SEQ},
    "PilotReader": {"_burst": FOLLOWS, "state": KEPT}, "PilotDriver": {}, "CableReader": {}, "SocketLock": {},
    "ContactorWatch": {}, "MonitorTest": {}, "OfferMemory": {},
    "SupplyWatch": {"_silent_left_ms": FALLING, "_seq": "Inputs.meter_seq"},
    "CurrentWatch": {"_since_ms": RISING, "_seq": "Inputs.meter_seq"},
    "TemperatureWatch": {"_stale_left_ms": FALLING, "_seq": "Inputs.temperature_seq"},
    "Board": {}, "Contactor": {}, "PilotPwm": {}, "CombSampler": {"_uv": SCRATCH}, "Scale": {},
    "TripLine": {}, "ResidualMonitor": {}, "LevelInput": {}, "ContactFeedback": {}, "CoilSupply": {"_tick_ms": TIME},
}
# what each tick calls, by class: somebody may have replaced it
FUNCTIONS = (("Control", "step"), ("SafetyCore", "tick"), ("TickTimer", "wait"), ("Board", "read"), ("Board", "write"))
