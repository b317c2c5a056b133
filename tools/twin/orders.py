"""Carrying out one checked order of the bench or of a scenario, in the clock's thread."""

from tools.twin.world import NOT_SIMULATED_YET

PARTS = {"fault": "faults", "button": "buttons", "input": "inputs", "time": "utc_s", "reset": "powered"}


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
    elif verb == "reset":
        world.reset(values["cause"])
    state = world.state()
    part = PARTS.get(verb, verb)
    answer = {"t_ms": state["t_ms"], part: state[part]}
    if verb == "fault" and values["name"] in NOT_SIMULATED_YET:
        answer["note"] = "only noted: what this would break is not simulated yet"
    return answer
