"""The blocks of a board file: circuit values and kinds of what is fitted. Pure: answers are None or (place, what is allowed)."""

# block, key, what it must be: "low..high", "true or false", or the words allowed; 1: must be there
_KEYS = (
    # pilot: adc_mv = cp_mv * a_ppm / 1e6 + b_uv / 1000, or "calibration": [[adc_mv, cp_mv], …] measured on this very board
    ("cp", "sensing", "full_range positive_comparator peak_detector", 1),
    ("cp", "a_ppm", "10000..500000", 1),
    ("cp", "b_uv", "0..3000000", 1),
    ("cp", "pwm_invert", "true or false", 1),
    ("cp", "calibrated", "true or false", 0),             # a_ppm and b_uv were measured on this very board
    ("cp", "comparator_mv", "-11400..-9400", 0),          # trip level of pins.cp_comparator
    ("cp", "sense_before_disconnect", "true or false", 0),   # with the pilot interrupted the sense sees: true +12 V, false 0
    ("cp", "r1_ohm", "1000..1000000", 0),                 # pilot to node; r2 to reference_mv, r3 to ground
    ("cp", "r2_ohm", "1000..1000000", 0),
    ("cp", "r3_ohm", "1000..1000000", 0),
    ("cp", "reference_mv", "1000..5000", 0),
    # proximity: adc_mv = pp_mv * divider_ppm / 1e6, pp_mv = reference_mv * R / (R + pull_up_ohm)
    ("pp", "pull_up_ohm", "100..10000", 1),
    ("pp", "reference_mv", "1000..12000", 1),
    ("pp", "divider_ppm", "100000..1000000", 1),
    # feedback: how contactor_feedback_1 (and _2) tell closed from open; 1 means closed, unless the pin is in active_low
    ("contactor", "count", "1..2", 1),
    ("contactor", "feedback", "none mirror mirror_series aux_no load_pulses", 1),
    ("contactor", "feedback_delay_ms", "0..1000", 0),
    ("coil_watchdog", "toggle_hz", "10..100", 1),
    ("coil_watchdog", "hold_ms", "100..2000", 1),
    # rcd: one_line: rcd_trip tells everything that the monitor sees; two_lines: rdc_dd_trip is the 6 mA DC line
    ("rcd", "kind", "one_line two_lines", 1),
    ("rcd", "detects", "dc ac ac_dc", 1),
    ("rcd", "valid_when_open", "true or false", 1),       # outputs mean something while the contactor is open
    ("rcd", "test_pulse_ms", "0..5000", 0),               # 0: held until the monitor trips
    ("rcd", "trip_within_ms", "10..5000", 0),
    ("rcd", "release_within_ms", "10..10000", 0),
    # lock_feedback: 1 means locked, unless it is in active_low
    ("lock", "kind", "motor solenoid", 1),
    ("lock", "pulse_ms", "50..3000", 1),
    ("lock", "pause_ms", "100..30000", 1),
    ("lock", "tries", "1..20", 0),
    ("led", "kind", "strip three", 1),
    ("led", "count", "1..64", 0),
    ("led", "order", "grb rgb grbw rgbw", 0),
    ("buzzer", "kind", "passive active", 1),              # passive: wants a frequency
    ("buzzer", "frequency_hz", "500..8000", 0),
    ("rs485", "uart", "1..2", 1),
    ("supply", "pulses_per_period", "1..2", 1),           # 1: half wave, 2: full wave
    ("supply", "pe_pulses_per_period", "1..2", 0),
    ("rfid", "kind", "mfrc522 pn532 pn5180", 1),
    ("rfid", "bus", "spi i2c uart", 1),
    ("rfid", "number", "0..2", 0),
    ("ethernet", "kind", "w5500 lan8720 rtl8201 ip101 dp83848 ksz8041 ksz8081", 1),
    ("ethernet", "phy_address", "0..31", 0),
    ("temperature", "circuit", "ntc_high ntc_low linear", 0),   # ntc_high: NTC to 3.3 V, pull_ohm to ground; ntc_low: swapped
    ("temperature", "beta", "2000..5000", 0),
    ("temperature", "r25_ohm", "1000..1000000", 0),
    ("temperature", "pull_ohm", "100..1000000", 0),
    ("temperature", "zero_mv", "0..3000", 0),             # linear: at 0 °C
    ("temperature", "uv_per_c", "-50000..50000", 0),
)
# block, pins of which one makes it necessary ("*": always)
_WHEN = (
    ("cp", "*"), ("contactor", "*"), ("pp", "pp_adc"), ("coil_watchdog", "coil_watchdog"), ("rcd", "rcd_trip rdc_dd_trip"),
    ("lock", "lock_1"), ("led", "led_strip led_red led_green led_blue"), ("rs485", "rs485_tx"),
    ("supply", "supply_1_pulses supply_2_pulses supply_3_pulses pe_pulses"), ("rfid", "rfid_cs rfid_tx"),
    ("ethernet", "ethernet_cs ethernet_mdc"), ("buzzer", ""),
    ("temperature", "temperature_relay_adc temperature_interior_adc temperature_supply_1_adc temperature_supply_2_adc "
                    "temperature_onewire"),
)
# block, key, value ("" any), pins that must then be fitted
_THEN = (
    ("cp", "sensing", "full_range", "cp_adc"),
    ("cp", "sensing", "positive_comparator", "cp_adc cp_comparator"),
    ("cp", "sensing", "peak_detector", "cp_high_adc cp_low_adc"),
    ("contactor", "count", 2, "contactor_2"),
    ("contactor", "feedback", "mirror", "contactor_feedback_1"),
    ("contactor", "feedback", "mirror_series", "contactor_feedback_1"),
    ("contactor", "feedback", "aux_no", "contactor_feedback_1"),
    ("contactor", "feedback", "load_pulses", "contactor_feedback_1"),
    ("rcd", "kind", "one_line", "rcd_trip"),
    ("rcd", "kind", "two_lines", "rcd_trip rdc_dd_trip"),
    ("led", "kind", "strip", "led_strip"),
    ("led", "kind", "three", "led_red led_green led_blue"),
    ("rs485", "uart", "", "rs485_tx rs485_rx"),
    ("rfid", "bus", "spi", "spi_sck spi_mosi spi_miso rfid_cs"),
    ("rfid", "kind", "pn5180", "spi_sck spi_mosi spi_miso rfid_cs rfid_irq rfid_reset"),
    ("rfid", "bus", "i2c", "i2c_sda i2c_scl"),
    ("rfid", "bus", "uart", "rfid_tx rfid_rx"),
    ("ethernet", "kind", "w5500", "spi_sck spi_mosi spi_miso ethernet_cs ethernet_irq"),
)
# block, key, value, key that must then be there too
_ALSO = (
    ("cp", "sensing", "positive_comparator", "comparator_mv"),
    ("led", "kind", "strip", "count"),
    ("led", "kind", "strip", "order"),
    ("temperature", "circuit", "ntc_high", "beta"),
    ("temperature", "circuit", "ntc_high", "r25_ohm"),
    ("temperature", "circuit", "ntc_high", "pull_ohm"),
    ("temperature", "circuit", "ntc_low", "beta"),
    ("temperature", "circuit", "ntc_low", "r25_ohm"),
    ("temperature", "circuit", "ntc_low", "pull_ohm"),
    ("temperature", "circuit", "linear", "zero_mv"),
    ("temperature", "circuit", "linear", "uv_per_c"),
)
# what the safety core gives contactor feedback and the monitor's test (safety/limits.py)
_FEEDBACK_MS = 200
_TRIP_MS = 500
_RELEASE_MS = 2000
PLACES = ("relay", "interior", "supply_1", "supply_2")


def _bad_value(value, what):
    """Text of what the value must be, or None."""
    if ".." in what:
        low, high = what.split("..")
        if isinstance(value, int) and not isinstance(value, bool) and int(low) <= value <= int(high):
            return None
        return "must be a whole number from %s to %s" % (low, high)
    if what == "true or false":
        return None if isinstance(value, bool) else "must be true or false"
    return None if isinstance(value, str) and value in what.split(" ") else "must be one of %s" % what.replace(" ", ", ")


def temperature_circuit(facts, place):
    """The circuit of the sensor at this place (one of PLACES): its own, or the one given for all."""
    block = facts["temperature"]
    return block.get(place, block)


def _what_else(name):
    """The block's keys with what they may be, for the message where it is missing."""
    return "; ".join(["%s: %s" % (key, what.replace(" ", ", ")) for block, key, what, must in _KEYS if block == name and must])


def _wrong_keys(blocks):
    """blocks: [(block name, place, object)]."""
    for name, key, what, must in _KEYS:
        for block, place, values in blocks:
            if block == name and (must or key in values):
                why = _bad_value(values.get(key), what)
                if why:
                    return "%s.%s" % (place, key), why
    for name, key, value, other in _ALSO:
        for block, place, values in blocks:
            if block == name and values.get(key) == value and other not in values:
                return "%s.%s" % (place, other), "missing; needed where %s is %s" % (key, value)
    return None


def _wrong_calibration(points):
    """What the measured points must be, or None when they are so."""
    why = "must be 2 to 8 pairs [adc_mv, cp_mv] of whole numbers, both rising, adc_mv from 0 to 3300, cp_mv from -15000 to 15000"
    if not isinstance(points, list) or not 2 <= len(points) <= 8:
        return why
    adc_mv, cp_mv = -1, -15001
    for point in points:
        if not isinstance(point, list) or len(point) != 2 or _bad_value(point[0], "%d..3300" % (adc_mv + 1)) \
                or _bad_value(point[1], "%d..15000" % (cp_mv + 1)):
            return why
        adc_mv, cp_mv = point
    return None


def wrong(facts):
    """The first block that cannot be used: (place, what is allowed); None when all are good. pins have been checked before."""
    pins = facts["pins"]
    blocks = []
    for name, needing in _WHEN:
        values = facts.get(name)
        if isinstance(values, dict):
            blocks.append((name, name, values))
            continue
        wanted = "*" if needing == "*" else ", ".join([pin for pin in needing.split(" ") if pin and pins[pin] is not None])
        if wanted or values is not None:
            return name, "must be an object%s%s" % ("" if wanted in ("", "*") else " where pins.%s is fitted" % wanted,
                                                     " of " + _what_else(name) if _what_else(name) else "")
    for place in PLACES:
        gpio = pins["temperature_%s_adc" % place]
        own = (facts.get("temperature") or {}).get(place)
        if own is not None and not isinstance(own, dict):
            return "temperature." + place, "must be an object"
        if own is not None:
            blocks.append(("temperature", "temperature." + place, own))
        if gpio is not None and "circuit" not in temperature_circuit(facts, place):
            return "temperature.circuit", "must be one of ntc_high, ntc_low, linear where pins.temperature_%s_adc is fitted" % place
    points = facts["cp"].get("calibration")
    why = None if points is None else _wrong_calibration(points)
    if why:
        return "cp.calibration", why
    return _wrong_keys(blocks) or _missing_pins(facts, blocks) or _contradiction(facts)


def _missing_pins(facts, blocks):
    for name, key, value, needed in _THEN:
        for block, place, values in blocks:
            if block == name and key in values and value in ("", values[key]):
                for pin in needed.split(" "):
                    if facts["pins"][pin] is None:
                        return "pins." + pin, "must be fitted where %s.%s is %s" % (place, key, values[key])
    return None


def _contradiction(facts):
    pins, has = facts["pins"], facts["has"]
    feedback = facts["contactor"]["feedback"]
    if (feedback == "none") != (pins["contactor_feedback_1"] is None):
        return "contactor.feedback", "must be none where pins.contactor_feedback_1 is null, and only there"
    if has["weld_feedback"] and feedback in ("none", "aux_no"):
        return "has.weld_feedback", "needs contactor.feedback mirror, mirror_series or load_pulses: others do not prove open poles"
    if pins["contactor_2"] is not None and facts["contactor"]["count"] != 2:
        return "contactor.count", "must be 2 where pins.contactor_2 is fitted"
    if facts["contactor"].get("feedback_delay_ms", 0) > _FEEDBACK_MS:
        return "contactor.feedback_delay_ms", "must be at most %d: later the contactor counts as stuck or welded" % _FEEDBACK_MS
    if has["rcd_test"] and not (facts["rcd"].get("trip_within_ms", 0) <= _TRIP_MS
                                and facts["rcd"].get("release_within_ms", 0) <= _RELEASE_MS):
        return "has.rcd_test", "must be false where the monitor takes longer than %d ms to trip or %d ms to release" % (
            _TRIP_MS, _RELEASE_MS)
    if pins["cp_disconnect"] is not None and "sense_before_disconnect" not in facts["cp"]:
        return "cp.sense_before_disconnect", "missing; must be true or false where pins.cp_disconnect is fitted"
    for place in PLACES:
        if pins["temperature_%s_adc" % place] is not None and temperature_circuit(facts, place).get("uv_per_c") == 0:
            return "temperature.uv_per_c", "must not be 0: the voltage has to change with the heat"
    if pins["rs485_tx"] is not None and (facts.get("rfid") or {}).get("bus") == "uart" \
            and facts["rfid"].get("number") == facts["rs485"]["uart"]:
        return "rfid.number", "must be another UART than rs485.uart"
    if facts.get("lock") and facts["lock"]["kind"] == "motor" and facts["lock"]["pause_ms"] < 8 * facts["lock"]["pulse_ms"]:
        return "lock.pause_ms", "must be at least eight times lock.pulse_ms: the motor has to cool"
    return None
