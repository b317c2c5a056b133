"""What Home Assistant 2025 takes in a discovery message of the device form: its rules as tables, for what we send.

From its documentation of MQTT discovery, of the platforms, and of device classes (facts, no code).
"""
import json
import re

DEVICE_KEYS = {"ids": list, "cns": list, "name": str, "mf": str, "mdl": str, "mdl_id": str, "sn": str, "sw": str, "hw": str,
               "cu": str, "sa": str, "via_device": str}
ORIGIN_KEYS = {"name", "sw", "url"}
TOP_KEYS = {"dev", "o", "cmps", "avty_t", "avty", "avty_mode", "stat_t", "cmd_t", "qos", "e", "pl_avail", "pl_not_avail"}
ANYWHERE = {"p", "uniq_id", "name", "obj_id", "ent_cat", "ic", "en", "dev_cla", "json_attr_t", "json_attr_tpl", "avty_t", "qos",
            "pl_avail", "pl_not_avail"}

# platform -> (fields that must be there, those that may)
PLATFORMS = {
    "sensor": ({"stat_t"}, {"val_tpl", "stat_cla", "unit_of_meas", "sug_dsp_prc", "exp_aft", "ops", "frc_upd", "lrst_v_tpl"}),
    "binary_sensor": ({"stat_t"}, {"val_tpl", "pl_on", "pl_off", "off_dly", "exp_aft", "frc_upd"}),
    "number": ({"cmd_t"}, {"stat_t", "val_tpl", "cmd_tpl", "min", "max", "step", "mode", "unit_of_meas", "opt", "ret", "pl_rst"}),
    "select": ({"cmd_t", "ops"}, {"stat_t", "val_tpl", "cmd_tpl", "opt", "ret"}),
    "switch": ({"cmd_t"}, {"stat_t", "val_tpl", "pl_on", "pl_off", "stat_on", "stat_off", "cmd_tpl", "opt", "ret"}),
    "button": ({"cmd_t"}, {"pl_prs", "cmd_tpl", "ret"}),
    "update": (set(), {"stat_t", "val_tpl", "l_ver_t", "l_ver_tpl", "cmd_t", "pl_inst", "ret", "rel_s", "rel_u", "ent_pic", "tit"}),
}
CATEGORIES = {"config", "diagnostic"}

# device class -> units; None where a class has none
SENSOR_UNITS = {
    "current": {"A", "mA"}, "voltage": {"V", "mV", "µV", "kV", "MV"}, "power": {"W", "kW", "mW", "MW", "GW", "TW"},
    "energy": {"Wh", "kWh", "MWh", "GWh", "TWh", "mWh", "J", "kJ", "MJ", "GJ", "cal", "kcal", "Mcal", "Gcal"},
    "temperature": {"°C", "°F", "K"}, "duration": {"d", "h", "min", "s", "ms", "µs"}, "enum": None, "timestamp": None,
    "signal_strength": {"dB", "dBm"}, "frequency": {"Hz", "kHz", "MHz", "GHz"}, "power_factor": {"%", None},
    "battery": {"%"}, "monetary": None,
}
STATE_CLASSES = {"measurement", "total", "total_increasing"}
# device class -> the state classes that long-term statistics take
STATISTICS = {"energy": {"total", "total_increasing"}, "current": {"measurement"}, "voltage": {"measurement"},
              "power": {"measurement"}, "temperature": {"measurement"}, "duration": {"measurement", "total", "total_increasing"},
              "enum": set(), "signal_strength": {"measurement"}}
BINARY_CLASSES = {
    "battery", "battery_charging", "carbon_monoxide", "cold", "connectivity", "door", "garage_door", "gas", "heat", "light", "lock",
    "moisture", "motion", "moving", "occupancy", "opening", "plug", "power", "presence", "problem", "running", "safety", "smoke",
    "sound", "tamper", "update", "vibration", "window"}
OTHER_CLASSES = {"switch": {"outlet", "switch"}, "button": {"identify", "restart", "update"}, "update": {"firmware"},
                 "number": set(SENSOR_UNITS), "select": set()}
NO_CONFIG_CATEGORY = {"sensor", "binary_sensor"}        # a sensor cannot be a setting


def problems(text):
    """Everything Home Assistant would refuse or warn of in a discovery message; a list of sentences."""
    found = []
    message = json.loads(text)
    _keys(found, "message", message, TOP_KEYS, {"dev", "o", "cmps"})
    device = message["dev"]
    _keys(found, "dev", device, set(DEVICE_KEYS), set())
    found += ["dev.%s is no %s" % (key, kind.__name__) for key, kind in DEVICE_KEYS.items()
              if key in device and not isinstance(device[key], kind)]
    if not device.get("ids") and not device.get("cns"):
        found.append("dev has neither ids nor cns")
    _keys(found, "o", message["o"], ORIGIN_KEYS, {"name"})
    seen = set()
    for key, part in message["cmps"].items():
        if not re.fullmatch(r"[a-zA-Z0-9_-]+", key):
            found.append("%s: the key has other characters than letters, digits, _ and -" % key)
        if set(part) == {"p"}:
            continue                            # takes an entity away
        found += ["%s: %s" % (key, sentence) for sentence in _component(part, message)]
        if part.get("uniq_id") in seen:
            found.append("%s: uniq_id is another's" % key)
        seen.add(part.get("uniq_id"))
    return found


def _keys(found, place, value, known, needed):
    found += ["%s: unknown field %s" % (place, key) for key in sorted(set(value) - known)]
    found += ["%s: %s is missing" % (place, key) for key in sorted(needed - set(value))]


def _component(part, message):
    found = []
    platform = part.get("p")
    if platform not in PLATFORMS:
        return ["unknown platform %s" % platform]
    needed, more = PLATFORMS[platform]
    _keys(found, platform, {**{key: message[key] for key in ("stat_t", "cmd_t") if key in message}, **part},
          ANYWHERE | needed | more, needed | {"p", "uniq_id", "name"})
    if part.get("ent_cat", "config") not in CATEGORIES or part.get("ent_cat") == "config" and platform in NO_CONFIG_CATEGORY:
        found.append("ent_cat %s" % part["ent_cat"])
    for topic in ("stat_t", "cmd_t", "json_attr_t"):
        if topic in part and re.search(r"[+#\s]", part[topic]):
            found.append("%s has a wildcard or a space" % topic)
    return found + {"sensor": _sensor, "binary_sensor": _binary, "number": _number, "select": _select}.get(platform, _other)(part)


def _sensor(part):
    kind, unit, state = part.get("dev_cla"), part.get("unit_of_meas"), part.get("stat_cla")
    found = []
    if kind is None:
        return ["unit without class"] if unit and not state else []
    if kind not in SENSOR_UNITS:
        return ["unknown device class %s" % kind]
    if SENSOR_UNITS[kind] is None and unit or SENSOR_UNITS[kind] and unit not in SENSOR_UNITS[kind]:
        found.append("unit %s of %s" % (unit, kind))
    if state is not None and (state not in STATE_CLASSES or state not in STATISTICS[kind]):
        found.append("state class %s of %s" % (state, kind))
    if (kind == "enum") != ("ops" in part):
        found.append("ops belong to enum and only there")
    return found


def _binary(part):
    return [] if part.get("dev_cla") in BINARY_CLASSES | {None} else ["unknown device class %s" % part["dev_cla"]]


def _number(part):
    found = _other(part)
    if not part.get("min", 1) < part.get("max", 100):
        found.append("min is not below max")
    if part.get("step", 1) < 0.001:
        found.append("step")
    if part.get("mode", "auto") not in ("auto", "box", "slider"):
        found.append("mode")
    if part.get("dev_cla") and part.get("unit_of_meas") not in SENSOR_UNITS[part["dev_cla"]]:
        found.append("unit")
    return found


def _select(part):
    return _other(part) + ([] if part["ops"] and all(isinstance(option, str) for option in part["ops"]) else ["ops are no texts"])


def _other(part):
    kind = part.get("dev_cla")
    return [] if kind is None or kind in OTHER_CLASSES[part["p"]] else ["unknown device class %s" % kind]


def dashboard_energy(message):
    """Keys of the sensors that the energy dashboard takes as a device's consumption."""
    return [key for key, part in json.loads(message)["cmps"].items()
            if part.get("dev_cla") == "energy" and part.get("stat_cla") in ("total", "total_increasing")
            and part.get("unit_of_meas") in SENSOR_UNITS["energy"]]
