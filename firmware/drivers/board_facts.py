"""Board facts: one JSON file a board, the same names in each. Loaded and checked before any driver is built.

What a pin of a chip can do is in board_pins.py, circuits and kinds in board_blocks.py.
"""

import json

from firmware.drivers import board_blocks, board_pins
from firmware.drivers.board_pins import CHIPS

# function, use of the pin, 1: must be fitted. Uses: pilot; resting: an output that must be off from the reset on; output; both:
# open drain; analogue; input; edges: an input with interrupts or counted pulses; contact: to ground, pulled up inside; rmii, clock:
# of the ESP32's Ethernet
PINS = (
    ("cp_pwm", "pilot", 1),
    ("cp_adc", "analogue", 0),                  # full_range, positive_comparator
    ("cp_comparator", "edges", 0),              # 1 while the pilot is below cp.comparator_mv (active_low: 0)
    ("cp_high_adc", "analogue", 0),             # peak_detector
    ("cp_low_adc", "analogue", 0),
    ("cp_disconnect", "output", 0),
    ("pp_adc", "analogue", 0),
    ("contactor_1", "resting", 1),
    ("contactor_2", "resting", 0),
    ("contactor_feedback_1", "input", 0),
    ("contactor_feedback_2", "input", 0),
    ("coil_watchdog", "resting", 0),
    ("coil_supply", "input", 0),                # 1 while the watchdog lets the coils have power
    ("rcd_trip", "edges", 0),
    ("rdc_dd_trip", "edges", 0),
    ("rcd_test", "resting", 0),
    ("pe_ok", "input", 0),                      # a level: 1 = protective earth is there
    ("pe_pulses", "edges", 0),                  # opto-coupler between L1 and PE
    ("supply_1_pulses", "edges", 0),            # opto-couplers between phase and neutral
    ("supply_2_pulses", "edges", 0),
    ("supply_3_pulses", "edges", 0),
    ("lock_1", "resting", 0),                   # motor: locks; solenoid: holds
    ("lock_2", "resting", 0),                   # motor: unlocks
    ("lock_feedback", "input", 0),
    ("temperature_relay_adc", "analogue", 0),
    ("temperature_interior_adc", "analogue", 0),
    ("temperature_supply_1_adc", "analogue", 0),
    ("temperature_supply_2_adc", "analogue", 0),
    ("temperature_onewire", "both", 0),         # bus of DS18B20
    ("rs485_tx", "output", 0),
    ("rs485_rx", "input", 0),
    ("rs485_de", "output", 0),                  # null: the transceiver finds its direction itself
    ("i2c_sda", "both", 0),
    ("i2c_scl", "both", 0),
    ("spi_sck", "output", 0),
    ("spi_mosi", "output", 0),
    ("spi_miso", "input", 0),
    ("rfid_cs", "output", 0),
    ("rfid_reset", "output", 0),
    ("rfid_irq", "edges", 0),                   # of a PN5180: its BUSY line
    ("rfid_tx", "output", 0),
    ("rfid_rx", "input", 0),
    ("ethernet_cs", "output", 0),
    ("ethernet_irq", "edges", 0),
    ("ethernet_reset", "output", 0),
    ("ethernet_mdc", "rmii", 0),
    ("ethernet_mdio", "rmii", 0),
    ("ethernet_clock", "clock", 0),
    ("ethernet_power", "output", 0),
    ("led_strip", "output", 0),
    ("led_red", "output", 0),
    ("led_green", "output", 0),
    ("led_blue", "output", 0),
    ("buzzer", "output", 0),
    ("button_service", "contact", 0),
    ("button_front", "contact", 0),
    ("input_enable", "contact", 0),
    ("input_limit", "contact", 0),
    ("input_delay", "contact", 0),
    ("input_dim", "contact", 0),
    ("input_upstream", "contact", 0),
)
# what stands in "has", and the pins of which it needs all ("a|b": one of them)
CAPABILITIES = (
    ("coil_watchdog", "coil_watchdog"),
    ("weld_feedback", "contactor_feedback_1"),
    ("pe_monitor", "pe_ok|pe_pulses"),
    ("rcd_test", "rcd_test rcd_trip"),
    ("cp_disconnect", "cp_disconnect"),
    ("phase_switching", "contactor_2"),
    ("lock", "lock_1 lock_feedback"),
    ("rtc_battery", ""),
    ("psram", ""),
    ("rcd_cutoff", "rcd_trip"),       # a residual-current trip takes the coil's power away without the processor
)
# what a board lacks as its pins and blocks tell, beside the capabilities
TOLD_BY_PINS = ("rcd_monitor", "dc_monitor", "proximity", "temperature", "supply_sense", "cp_calibration", "stock_build",
                "coil_watchdog_test")


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


def _check_names(facts, pins):
    """Every function is named, none is unknown; lists of names hold names."""
    missing = []
    known = {}
    for name, _use, must in PINS:
        known[name] = must
        if name not in pins:
            missing.append(name)
    if missing:
        raise BoardError("pins.%s" % min(missing), "missing; give a GPIO number, or null where the board has none")
    for name in sorted(pins):
        if name not in known:
            raise BoardError("pins.%s" % name, "unknown; allowed: %s" % ", ".join(sorted(known)))
        if pins[name] is None and known[name]:
            raise BoardError("pins.%s" % name, "must be fitted")
    for key in ("active_low", "external_pull"):
        names = facts.get(key, None if key == "active_low" else [])
        if not isinstance(names, list):
            raise BoardError(key, "must be a list of pin names")
        for name in names:
            if not isinstance(name, str) or name not in known:
                raise BoardError(key, "%s is not a pin name" % (name,))


def _check_pins(facts, pins, chip):
    """Every GPIO is there, free and able; its place in the file is named."""
    module = facts.get("module")
    if chip != "twin" and module not in board_pins.modules(chip):
        raise BoardError("module", "must be one of %s" % ", ".join(board_pins.modules(chip)))
    used = {}
    for place, gpio in _places(facts, pins):
        why = board_pins.no_gpio(chip, module, gpio)
        if why is None and gpio in used:
            why = "GPIO %d is already used by %s" % (gpio, used[gpio])
        if why:
            raise BoardError(place, why)
        used[gpio] = place
    pulled = facts.get("external_pull", ())
    for name, use, _must in PINS:
        if pins[name] is not None:
            why = board_pins.cannot(chip, pins[name], use, name in facts["active_low"], name in pulled)
            if why:
                raise BoardError("pins.%s" % name, why)


def _places(facts, pins):
    """[(place in the file, GPIO)] of everything that takes a pin: functions, "other" (not ours to drive), "spare"."""
    found = [("pins.%s" % name, pins[name]) for name in sorted(pins) if pins[name] is not None]
    other, spare = facts.get("other", {}), facts.get("spare", [])
    if not isinstance(other, dict):
        raise BoardError("other", "must be an object of what hangs there: GPIO")
    if not isinstance(spare, list):
        raise BoardError("spare", "must be a list of GPIO numbers")
    if pins["ethernet_mdc"] is not None and facts["chip"] == "esp32":
        found += [("ethernet's data lines", gpio) for gpio in board_pins.RMII]
    return found + [("other.%s" % name, other[name]) for name in sorted(other)] + [("spare", gpio) for gpio in spare]


def _check_capabilities(facts, pins):
    has = _need(facts, "has", dict, "must be an object of capability: true or false")
    for name, needed in CAPABILITIES:
        if not isinstance(has.get(name), bool):
            raise BoardError("has.%s" % name, "must be true or false")
        for choice in needed.split(" "):
            if has[name] and choice and not [pin for pin in choice.split("|") if pins[pin] is not None]:
                raise BoardError("has.%s" % name, "needs pins.%s" % choice.replace("|", " or pins."))
    if facts["chip"] != "twin" and has["psram"] != board_pins.MODULES[facts["module"]][2]:
        raise BoardError("has.psram", "must be %s with the module %s" % ("false" if has["psram"] else "true", facts["module"]))


def check(facts):
    """Raise BoardError for the first thing that is wrong; return the facts."""
    if not isinstance(facts, dict):
        raise BoardError("file", "must be a JSON object")
    if not _is_int(facts.get("format"), 1, 1):
        raise BoardError("format", "must be 1")
    _need(facts, "name", str, "must be the board's name")
    if facts.get("chip") not in CHIPS:
        raise BoardError("chip", "must be one of %s" % ", ".join(CHIPS))
    pins = _need(facts, "pins", dict, "must be an object of function: GPIO")
    _check_names(facts, pins)
    _check_pins(facts, pins, facts["chip"])
    _check_capabilities(facts, pins)
    found = board_blocks.wrong(facts)
    if found:
        raise BoardError(found[0], found[1])
    ratings = _need(facts, "limits", dict, "must be an object")
    if not _is_int(ratings.get("phases"), 1, 3) or ratings["phases"] == 2:
        raise BoardError("limits.phases", "must be 1 or 3")
    if not _is_int(ratings.get("max_current_a"), 6, 63):
        raise BoardError("limits.max_current_a", "must be a whole number from 6 to 63")
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
    for name, _use, _must in PINS:
        if pins_text.count('"%s"' % name) > 1:
            raise BoardError("pins.%s" % name, "stands there twice")   # a parser would keep the last one silently
    check(facts)
    facts.pop("notes", None)                       # for people who read the file; no heap for them
    return facts


def lacks(facts):
    """Names of what the board does not have, for the page: of CAPABILITIES and TOLD_BY_PINS."""
    pins, has = facts["pins"], facts["has"]
    found = [name for name, _needed in CAPABILITIES if not has[name]]
    monitor = pins["rcd_trip"] is not None or pins["rdc_dd_trip"] is not None
    told = (monitor, monitor and "dc" in facts["rcd"]["detects"], pins["pp_adc"] is not None,
            bool([name for name in pins if name.startswith("temperature_") and pins[name] is not None]),
            bool([name for name in pins if name.startswith("supply_") and pins[name] is not None]),
            facts["cp"]["sensing"] == "positive_comparator" or facts["cp"].get("calibrated") or "calibration" in facts["cp"],
            has["psram"],
            pins["coil_supply"] is not None)
    return found + [TOLD_BY_PINS[place] for place in range(len(told)) if not told[place]]
