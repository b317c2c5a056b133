"""Carrying out one checked order of the bench or of a scenario, in the clock's thread."""

from tools.twin.world import NOT_SIMULATED_YET

PARTS = {"ap": "network", "fault": "faults", "button": "buttons", "input": "inputs", "time": "utc_s", "reset": "powered"}
# what of the board sees it: one of these pins
SEEN_BY = {"pe_lost": ("pe_ok", "pe_pulses"), "rcd_ac": ("rcd_trip",), "rcd_dc": ("rcd_trip", "rdc_dd_trip"),
           "rcd_dead": ("rcd_test",), "lock_jammed": ("lock_1",), "pp_short": ("pp_adc",), "sensor_lost": ("temperature_onewire",),
           "coil_supply_live": ("coil_watchdog",)}


def note_on(board, verb, values):
    """Why an order will show nowhere: a sentence, or None."""
    if verb == "fault" and values["name"] in NOT_SIMULATED_YET:
        return "only noted: what this would break is not simulated yet"
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
    """Carry out one checked order. Returns what of the state it changed. `time` with advance_s is not for here, it takes
    time. Raises NotNow."""
    world = twin.world
    if verb == "ev":
        world.set_ev(values)
    elif verb == "card":
        world.present_card(values["uid"])
    elif verb == "house":
        world.set_house(values)
    elif verb == "fault":
        world.set_fault(values["name"], values["on"])
    elif verb == "button":
        world.press_button(**values)
    elif verb == "input":
        world.set_input(values["name"], values["on"])
    elif verb == "time":
        twin.set_utc(values["utc"])
    elif verb == "ap":
        world.air.set_point(values)
    elif verb == "network":
        world.air.set(values)
    elif verb == "reset":
        world.reset(values["cause"])
    state = world.state()
    part = PARTS.get(verb, verb)
    answer = {"t_ms": state["t_ms"], part: state[part]}
    note = note_on(world.board, verb, values)
    if note is not None:
        answer["note"] = note
    return answer
