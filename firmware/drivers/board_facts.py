"""Board facts: one JSON file a board, the same names in each. Loaded and checked before any driver is built."""

import json

# function name -> must it be fitted
PINS = {
    "cp_pwm": True, "cp_adc": True, "contactor_1": True,
    "cp_disconnect": False, "pp_adc": False, "contactor_2": False, "contactor_feedback_1": False,
    "contactor_feedback_2": False, "coil_watchdog": False, "rcd_trip": False, "rdc_dd_trip": False, "rcd_test": False,
    "pe_ok": False, "lock_1": False, "lock_2": False, "lock_feedback": False, "temperature_relay_adc": False,
    "temperature_interior_adc": False, "rs485_tx": False, "rs485_rx": False, "rs485_de": False, "led_strip": False,
    "buzzer": False, "button_service": False, "button_front": False, "input_enable": False, "input_limit": False,
    "input_delay": False, "input_dim": False, "input_upstream": False,
}
CAPABILITIES = ("coil_watchdog", "weld_feedback", "pe_monitor", "rcd_test", "cp_disconnect", "phase_switching", "lock",
                "rtc_battery", "psram")
CHIPS = ("twin", "esp32", "esp32s3")
HIGHEST_GPIO = {"twin": 63, "esp32": 39, "esp32s3": 48}
SENSING = ("full_range", "positive_comparator", "peak")


class BoardError(Exception):
    """Board facts that cannot be used: the place and what is allowed."""

    def __init__(self, place, allowed):
        super().__init__("board facts: %s: %s" % (place, allowed))
        self.place = place


def _need(facts, key, kind, allowed):
    value = facts.get(key)
    if not isinstance(value, kind) or isinstance(value, bool) and kind is int:
        raise BoardError(key, allowed)
    return value


def _check_pins(pins, chip):
    for name in PINS:
        if name not in pins:
            raise BoardError("pins.%s" % name, "missing; give a GPIO number, or null where the board has none")
    used = {}
    for name in sorted(pins):
        gpio = pins[name]
        if name not in PINS:
            raise BoardError("pins.%s" % name, "unknown; allowed: %s" % ", ".join(sorted(PINS)))
        if gpio is None:
            if PINS[name]:
                raise BoardError("pins.%s" % name, "must be fitted")
            continue
        if isinstance(gpio, bool) or not isinstance(gpio, int) or not 0 <= gpio <= HIGHEST_GPIO[chip]:
            raise BoardError("pins.%s" % name, "must be a GPIO number from 0 to %d, or null" % HIGHEST_GPIO[chip])
        if gpio in used:
            raise BoardError("pins.%s" % name, "GPIO %d is already used by pins.%s" % (gpio, used[gpio]))
        used[gpio] = name


def check(facts):
    """Raise BoardError for the first thing that is wrong; return the facts."""
    if not isinstance(facts, dict):
        raise BoardError("file", "must be a JSON object")
    if facts.get("format") != 1:
        raise BoardError("format", "must be 1")
    _need(facts, "name", str, "must be the board's name")
    if facts.get("chip") not in CHIPS:
        raise BoardError("chip", "must be one of %s" % ", ".join(CHIPS))
    _check_pins(_need(facts, "pins", dict, "must be an object of function: GPIO"), facts["chip"])
    for name in _need(facts, "active_low", list, "must be a list of pin names"):
        if name not in PINS:
            raise BoardError("active_low", "%s is not a pin name" % name)
    pilot = _need(facts, "cp", dict, "must be an object")
    if pilot.get("sensing") not in SENSING:
        raise BoardError("cp.sensing", "must be one of %s" % ", ".join(SENSING))
    for key, low, high in (("a_ppm", 10000, 500000), ("b_uv", 0, 3000000)):
        value = pilot.get(key)
        if not isinstance(value, int) or not low <= value <= high:
            raise BoardError("cp.%s" % key, "must be a whole number from %d to %d" % (low, high))
    has = _need(facts, "has", dict, "must be an object of capability: true or false")
    for name in CAPABILITIES:
        if not isinstance(has.get(name), bool):
            raise BoardError("has.%s" % name, "must be true or false")
    ratings = _need(facts, "limits", dict, "must be an object")
    if ratings.get("phases") not in (1, 3):
        raise BoardError("limits.phases", "must be 1 or 3")
    if not isinstance(ratings.get("max_current_a"), int) or not 6 <= ratings["max_current_a"] <= 63:
        raise BoardError("limits.max_current_a", "must be a whole number from 6 to 63")
    if has["weld_feedback"] and facts["pins"]["contactor_feedback_1"] is None:
        raise BoardError("has.weld_feedback", "needs pins.contactor_feedback_1")
    if has["rcd_test"] and (facts["pins"]["rcd_test"] is None or facts["pins"]["rcd_trip"] is None):
        raise BoardError("has.rcd_test", "needs pins.rcd_test and pins.rcd_trip")
    if has["phase_switching"] and facts["pins"]["contactor_2"] is None:
        raise BoardError("has.phase_switching", "needs pins.contactor_2")
    return facts


def load(path):
    """Read and check a board file; raises BoardError (also where the file is missing or is not JSON)."""
    try:
        with open(path) as file:
            text = file.read()
    except OSError:
        raise BoardError(path, "cannot be read") from None
    try:
        facts = json.loads(text)
    except ValueError:
        raise BoardError(path, "is not JSON") from None
    return check(facts)


def lacks(facts):
    """Capabilities that the board does not have, for the page."""
    return [name for name in CAPABILITIES if not facts["has"][name]]
