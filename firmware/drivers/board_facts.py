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
NOT_THERE = {"twin": (), "esp32": (20, 24, 28, 29, 30, 31), "esp32s3": (22, 23, 24, 25)}
INPUT_ONLY = {"twin": (34, 35, 36, 37, 38, 39), "esp32": (34, 35, 36, 37, 38, 39), "esp32s3": ()}
OUTPUTS = ("cp_pwm", "cp_disconnect", "contactor_1", "contactor_2", "coil_watchdog", "rcd_test", "lock_1", "lock_2", "rs485_tx",
           "rs485_de", "led_strip", "buzzer")
# capability -> pins that it cannot do without
NEEDS = {
    "coil_watchdog": ("coil_watchdog",), "weld_feedback": ("contactor_feedback_1",), "pe_monitor": ("pe_ok",),
    "rcd_test": ("rcd_test", "rcd_trip"), "cp_disconnect": ("cp_disconnect",), "phase_switching": ("contactor_2",),
    "lock": ("lock_1", "lock_feedback"), "rtc_battery": (), "psram": (),
}
SENSING = ("full_range", "positive_comparator", "peak")


class BoardError(Exception):
    """Board facts that cannot be used: the place and what is allowed."""

    def __init__(self, place, allowed):
        super().__init__("board facts: %s: %s" % (place, allowed))
        self.place = place


def _need(facts, key, kind, allowed):
    value = facts.get(key)
    if not isinstance(value, kind):
        raise BoardError(key, allowed)
    return value


def _is_int(value, low, high):
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _check_pins(pins, chip):
    for name in sorted(PINS):
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
        if not _is_int(gpio, 0, HIGHEST_GPIO[chip]):
            raise BoardError("pins.%s" % name, "must be a GPIO number from 0 to %d, or null" % HIGHEST_GPIO[chip])
        if gpio in NOT_THERE[chip]:
            raise BoardError("pins.%s" % name, "the chip %s has no GPIO %d" % (chip, gpio))
        if name in OUTPUTS and gpio in INPUT_ONLY[chip]:
            raise BoardError("pins.%s" % name, "GPIO %d can only be an input" % gpio)
        if gpio in used:
            raise BoardError("pins.%s" % name, "GPIO %d is already used by pins.%s" % (gpio, used[gpio]))
        used[gpio] = name


def check(facts):
    """Raise BoardError for the first thing that is wrong; return the facts."""
    if not isinstance(facts, dict):
        raise BoardError("file", "must be a JSON object")
    if not _is_int(facts.get("format"), 1, 1):
        raise BoardError("format", "must be 1")
    _need(facts, "name", str, "must be the board's name")
    if facts.get("chip") not in CHIPS:
        raise BoardError("chip", "must be one of %s" % ", ".join(CHIPS))
    _check_pins(_need(facts, "pins", dict, "must be an object of function: GPIO"), facts["chip"])
    for name in _need(facts, "active_low", list, "must be a list of pin names"):
        if not isinstance(name, str) or name not in PINS:
            raise BoardError("active_low", "%s is not a pin name" % (name,))
    pilot = _need(facts, "cp", dict, "must be an object")
    if pilot.get("sensing") not in SENSING:
        raise BoardError("cp.sensing", "must be one of %s" % ", ".join(SENSING))
    for key, low, high in (("a_ppm", 10000, 500000), ("b_uv", 0, 3000000)):
        if not _is_int(pilot.get(key), low, high):
            raise BoardError("cp.%s" % key, "must be a whole number from %d to %d" % (low, high))
    if not isinstance(pilot.get("pwm_invert"), bool):
        raise BoardError("cp.pwm_invert", "must be true or false")
    if facts["pins"]["rs485_tx"] is not None:
        bus = facts.get("rs485")
        if not isinstance(bus, dict) or not _is_int(bus.get("uart"), 0, 2):
            raise BoardError("rs485.uart", "must be a whole number from 0 to 2 where pins.rs485_tx is fitted")
        if facts["pins"]["rs485_rx"] is None:
            raise BoardError("pins.rs485_rx", "must be fitted where pins.rs485_tx is")
    has = _need(facts, "has", dict, "must be an object of capability: true or false")
    for name in CAPABILITIES:
        if not isinstance(has.get(name), bool):
            raise BoardError("has.%s" % name, "must be true or false")
    ratings = _need(facts, "limits", dict, "must be an object")
    if not _is_int(ratings.get("phases"), 1, 3) or ratings["phases"] == 2:
        raise BoardError("limits.phases", "must be 1 or 3")
    if not _is_int(ratings.get("max_current_a"), 6, 63):
        raise BoardError("limits.max_current_a", "must be a whole number from 6 to 63")
    for name in CAPABILITIES:
        for pin in NEEDS[name]:
            if has[name] and facts["pins"][pin] is None:
                raise BoardError("has.%s" % name, "needs pins.%s" % pin)
    return facts


def load(path):
    """Read and check a board file; raises BoardError (also where the file is missing or is not JSON)."""
    try:
        with open(path) as file:
            text = file.read()
    except OSError:
        raise BoardError(path, "cannot be read") from None
    except ValueError:
        raise BoardError(path, "is not JSON") from None      # not even UTF-8
    try:
        facts = json.loads(text)
    except ValueError:
        raise BoardError(path, "is not JSON") from None
    if text.count("{") != text.count("}") or text.count("[") != text.count("]"):
        raise BoardError(path, "is not JSON")      # MicroPython's parser lets missing brackets at the end pass
    pins_text = text[text.find('"pins"'):]
    pins_text = pins_text[:pins_text.find("}")]
    for name in PINS:
        if len(pins_text.split('"%s"' % name)) > 2:
            raise BoardError("pins.%s" % name, "stands there twice")   # a parser would keep the last one silently
    return check(facts)


def lacks(facts):
    """Capabilities that the board does not have, for the page."""
    return [name for name in CAPABILITIES if not facts["has"][name]]
