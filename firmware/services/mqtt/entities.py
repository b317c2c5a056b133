"""What Home Assistant shall show of a charger: one table, streamed as one discovery message when it is wanted.

A row: key, platform, name, what the charger must have ("" for all; see Device), document its value comes from ("" for none), the
value in it (a field, or a template), and further fields of the discovery message as JSON text; @ stands for the topics' beginning.
Keys are promises: Home Assistant knows an entity by serial number and key.
"""

import json

from firmware.charging.facts import OVERVIEW_STATES
from firmware.charging.faults import FAULTS, STATUS

_ENERGY = '"dev_cla":"energy","stat_cla":"total_increasing","unit_of_meas":"Wh","sug_dsp_prc":0'
_CURRENT = '"dev_cla":"current","stat_cla":"measurement","unit_of_meas":"A","sug_dsp_prc":1'
_VOLTAGE = '"dev_cla":"voltage","stat_cla":"measurement","unit_of_meas":"V"'
_TEMPERATURE = '"dev_cla":"temperature","stat_cla":"measurement","unit_of_meas":"°C","ent_cat":"diagnostic"'
_DURATION = '"dev_cla":"duration","unit_of_meas":"s"'
_DIAGNOSTIC = '"ent_cat":"diagnostic"'
_OURS = "home_assistant"        # name of the ceiling that the number sets
_AMPERE = "{{ value_json.%s / 1000 if value_json.%s is not none else None }}"
_PHASE = "{{ value_json.%s[%d]%s if value_json.%s and value_json.%s[%d] is not none else None }}"


def _ampere(field):
    return _AMPERE % (field, field)


def _phase(field, place, scale=""):
    return _PHASE % (field, place, scale, field, field, place)


ENTITIES = (
    ("state", "sensor", "State", "", "status", "overview_state",
     '"dev_cla":"enum","ops":%s' % json.dumps(list(OVERVIEW_STATES))),
    ("why_not_charging", "sensor", "Why no power flows", "", "status",
     "{{ value_json.why_not_charging.code if value_json.why_not_charging else 'charging' }}", ""),
    ("limited_by", "sensor", "Limited by", "", "status", "limited_by", _DIAGNOSTIC),
    ("offered_current", "sensor", "Offered current", "", "status", _ampere("offered_ma"), _CURRENT),
    ("allowed_current", "sensor", "Allowed current", "", "status", _ampere("limit_ma"), _CURRENT + ',"ent_cat":"diagnostic"'),
    ("power", "sensor", "Power", "", "meter", "power_w", '"dev_cla":"power","stat_cla":"measurement","unit_of_meas":"W"'),
    ("energy", "sensor", "Energy", "", "meter", "life_energy_wh", _ENERGY),
    ("meter_register", "sensor", "Meter register", "", "meter", "energy_wh", _ENERGY + ',"ent_cat":"diagnostic"'),
    ("session_energy", "sensor", "Session energy", "", "session",
     "{{ value_json.session.energy_wh if value_json.session else 0 }}", _ENERGY),
    ("session_duration", "sensor", "Session duration", "", "session",
     "{{ value_json.session.duration_s if value_json.session else 0 }}", _DURATION),
    ("session_charging", "sensor", "Session charging time", "", "session",
     "{{ value_json.session.charging_s if value_json.session else 0 }}", _DURATION),
    ("current_l1", "sensor", "Current L1", "", "meter", _phase("drawn_phases_ma", 0, " / 1000"), _CURRENT),
    ("current_l2", "sensor", "Current L2", "three_phases", "meter", _phase("drawn_phases_ma", 1, " / 1000"), _CURRENT),
    ("current_l3", "sensor", "Current L3", "three_phases", "meter", _phase("drawn_phases_ma", 2, " / 1000"), _CURRENT),
    ("voltage_l1", "sensor", "Voltage L1", "", "meter", _phase("voltage_phases_v", 0), _VOLTAGE),
    ("voltage_l2", "sensor", "Voltage L2", "three_phases", "meter", _phase("voltage_phases_v", 1), _VOLTAGE),
    ("voltage_l3", "sensor", "Voltage L3", "three_phases", "meter", _phase("voltage_phases_v", 2), _VOLTAGE),
    ("temperature_mcu", "sensor", "Temperature of the processor", "", "diagnostics", "{{ value_json.temperatures.mcu }}",
     _TEMPERATURE),
    ("temperature_interior", "sensor", "Temperature inside", "", "diagnostics", "{{ value_json.temperatures.interior }}",
     _TEMPERATURE),
    ("signal", "sensor", "Wi-Fi signal", "", "diagnostics", "{{ value_json.network.rssi_dbm if value_json.network else None }}",
     '"dev_cla":"signal_strength","stat_cla":"measurement","unit_of_meas":"dBm","ent_cat":"diagnostic"'),
    ("uptime", "sensor", "Uptime", "", "diagnostics", "uptime_s", _DURATION + ',"ent_cat":"diagnostic","en":false'),
    ("reset_cause", "sensor", "Why it started last", "", "diagnostics", "reset_cause", _DIAGNOSTIC),
    ("plugged", "binary_sensor", "Vehicle plugged", "", "status",
     "{{ 'ON' if value_json.cp_state in ['B', 'C', 'D'] else 'OFF' }}", '"dev_cla":"plug"'),
    ("charging", "binary_sensor", "Charging", "", "status",
     "{{ 'ON' if value_json.session_state == 'charging' else 'OFF' }}", '"dev_cla":"battery_charging"'),
    ("problem", "binary_sensor", "Problem", "", "faults",
     "{{ 'ON' if value_json.faults | rejectattr('severity', 'eq', 'warning') | list else 'OFF' }}",
     '"dev_cla":"problem","json_attr_t":"@faults"'),
    ("current_limit", "number", "Current limit", "", "status",
     "{{ ((value_json.ceilings | selectattr('source', 'eq', '%s') | map(attribute='limit_ma') | list + [value_json.limit_ma])"
     " | first / 1000) | round(0) | int }}" % _OURS,
     '"cmd_t":"@cmd/set_ceiling","cmd_tpl":"{\\"source\\": \\"%s\\", \\"limit_ma\\": {{ (value * 1000) | int }}}",'
     '"min":0,"max":%%d,"step":1,"mode":"slider","dev_cla":"current","unit_of_meas":"A"' % _OURS),
    ("mode", "select", "Mode", "", "status", "mode",
     '"cmd_t":"@cmd/mode","cmd_tpl":"{\\"mode\\": \\"{{ value }}\\"}","ops":["immediate","smart"]'),
    ("phases", "select", "Phases", "phase_switching", "status", "phases",
     '"cmd_t":"@cmd/phases","cmd_tpl":"{\\"phases\\": {{ value }}}","ops":["1","3"]'),
    ("charging_enabled", "switch", "Charging", "", "status",
     "{{ 'OFF' if value_json.session_state == 'stopped' else 'ON' }}",
     '"cmd_t":"@cmd/charging","pl_on":"{\\"on\\": true}","pl_off":"{\\"on\\": false}","stat_on":"ON","stat_off":"OFF"'),
    ("available", "switch", "In service", "", "status", "{{ 'ON' if value_json.availability == 'operative' else 'OFF' }}",
     '"cmd_t":"@cmd/availability","pl_on":"{\\"operative\\": true}","pl_off":"{\\"operative\\": false}","stat_on":"ON",'
     '"stat_off":"OFF","ent_cat":"config"'),
    ("authorize", "button", "Authorize", "", "", "", '"cmd_t":"@cmd/authorize","pl_prs":"{}"'),
    ("clear", "button", "Clear faults", "", "", "", '"cmd_t":"@cmd/clear","pl_prs":"{}","ent_cat":"config"'),
    ("unlock", "button", "Unlock the socket", "lock", "", "", '"cmd_t":"@cmd/unlock","pl_prs":"{}"'),
    ("restart", "button", "Restart", "", "", "",
     '"cmd_t":"@cmd/restart","pl_prs":"{}","dev_cla":"restart","ent_cat":"config"'),
    ("firmware", "update", "Firmware", "", "status",
     "{% set update = value_json['update'] or {} %}{{ {'installed_version': value_json.version, 'latest_version': "
     "update.get('version') or value_json.version, 'in_progress': update.get('state') in ['downloading', 'restarting'], "
     "'update_percentage': update.get('progress_percent')} | to_json }}",        # value_json.update would be the method of a dict
     '"dev_cla":"firmware","ent_cat":"diagnostic"'),
)
INSTALL = ',"cmd_t":"@cmd/update","pl_inst":"{\\"install\\": true}"'


class Device:
    """What the message says of the device beside its entities. has: of three_phases, phase_switching, lock, admin."""

    def __init__(self, serial, name, version, base, url, most_a, has):
        self.serial = serial
        self.name = name
        self.version = version
        self.base = base
        self.url = url
        self.most_a = most_a
        self.has = has


def faults_told():
    """(key, words) of the kinds of fault that have a binary sensor each: the status bits of the table of faults."""
    found = []
    for row in FAULTS:
        if row[STATUS] not in found:
            found.append(row[STATUS])
    return [("fault_" + status, status) for status in found]


def pieces(device):
    """Yields the discovery message of Home Assistant's device form."""
    about = {"ids": ["mode3-" + device.serial], "name": device.name, "mf": "Mode3", "mdl": "Mode3", "sn": device.serial,
             "sw": device.version}
    if device.url:
        about["cu"] = device.url
    yield '{"dev":%s,"o":{"name":"Mode3","sw":%s},"avty_t":%s,"qos":1,"cmps":{' % (
        json.dumps(about), json.dumps(device.version), json.dumps(device.base + "online"))
    comma = ""
    for row in ENTITIES:
        yield comma + '"%s":%s' % (row[0], component(row, device))
        comma = ","
    for key, status in faults_told():
        template = "{{ 'ON' if value_json.faults | selectattr('status', 'eq', '%s') | list else 'OFF' }}" % status
        words = status[0].upper() + status[1:].replace("_", " ")
        yield comma + '"%s":%s' % (key, component((key, "binary_sensor", words, "", "faults", template,
                                                   '"dev_cla":"problem","ent_cat":"diagnostic"'), device))
    yield "}}"


def component(row, device):
    """JSON text of one entity; one that the board lacks is told to Home Assistant to be removed."""
    key, platform, name, needs, document, value, more = row
    if needs and needs not in device.has:
        return '{"p":"%s"}' % platform
    text = '{"p":"%s","uniq_id":%s,"name":%s' % (platform, json.dumps("mode3-%s-%s" % (device.serial, key)), json.dumps(name))
    if document:
        template = value if value.startswith("{") else "{{ value_json.%s }}" % value
        text += ',"stat_t":%s,"val_tpl":%s' % (json.dumps(device.base + document), json.dumps(template))
    if platform == "number":
        more = more % device.most_a
    elif platform == "update" and "admin" in device.has:
        more += INSTALL
    if more:
        text += "," + more.replace("@", device.base)
    return text + "}"
