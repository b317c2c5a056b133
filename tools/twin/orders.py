"""Carrying out one checked order of the bench or of a scenario, in the clock's thread."""

from tools.twin.world import NOT_SIMULATED_YET

PARTS = {"ap": "network", "fault": "faults", "button": "buttons", "input": "inputs", "time": "utc_s", "reset": "powered"}
METER_FAULTS = ("meter_silent", "meter_babbling", "meter_slow", "meter_wrong_address")
RELAY_SENSOR = ("temperature_relay_adc",)
# what of the board sees it: one of these pins
SEEN_BY = {**dict.fromkeys(METER_FAULTS, ("rs485_rx",)), **dict.fromkeys(("over_temperature", "sensor_open"), RELAY_SENSOR),
           "pe_lost": ("pe_ok", "pe_pulses"), "rcd_ac": ("rcd_trip",), "rcd_dc": ("rcd_trip", "rdc_dd_trip"),
           "rcd_dead": ("rcd_test",), "lock_jammed": ("lock_1",), "pp_short": ("pp_adc",), "sensor_lost": ("temperature_onewire",),
           "coil_supply_live": ("coil_watchdog",)}


ACTS = {
    "ev": lambda twin, world, values: world.set_ev(values),
    "card": lambda twin, world, values: world.present_card(values["uid"]),
    "house": lambda twin, world, values: world.set_house(values),
    "fault": lambda twin, world, values: world.set_fault(values["name"], values["on"]),
    "ap": lambda twin, world, values: world.air.set_point(values),
    "network": lambda twin, world, values: world.air.set(values),
    "button": lambda twin, world, values: world.press_button(**values),
    "input": lambda twin, world, values: world.set_input(values["name"], values["on"]),
    "time": lambda twin, world, values: twin.set_utc(values["utc"]),
    "reset": lambda twin, world, values: world.reset(values["cause"]),
}


def note_on(board, verb, values):
    """Why an order will show nowhere: a sentence, or None."""
    if verb == "fault" and values["name"] in NOT_SIMULATED_YET:
        return "only noted: what this would break is not simulated yet"
    if verb == "card" or verb == "fault" and values["name"] == "reader_dead":
        reader = board.get("rfid")
        if reader and reader["bus"] != "uart":
            return "only noted: of card readers the one on a UART is simulated, %s has its on %s" % (board["name"], reader["bus"])
        return None if reader else "the board %s does not see this" % board["name"]
    if verb in ("input", "button"):
        pins = ("%s_%s" % (verb, values["name"]),)
    else:
        pins = SEEN_BY.get(values.get("name"), ()) if verb == "fault" else ()
    monitor = board.get("rcd") or {}
    blind = pins[:1] == ("rcd_trip",) and monitor.get("kind") == "one_line" and values["name"][4:] not in monitor["detects"]
    if blind or pins and all(board["pins"].get(pin) is None for pin in pins):
        return "the board %s does not see this" % board["name"]
    return None


def order(twin, verb, values):
    """Carry out one checked order. Returns what of the state it changed. Of `time` only utc is for here: the rest is the pace's.
    Raises NotNow."""
    world = twin.world
    ACTS[verb](twin, world, values)
    state = world.state()
    part = PARTS.get(verb, verb)
    answer = {"t_ms": state["t_ms"], part: state[part]}
    note = note_on(world.board, verb, values)
    if note is not None:
        answer["note"] = note
    return answer
