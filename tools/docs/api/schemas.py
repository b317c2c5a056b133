"""JSON schemas (2020-12, as OpenAPI 3.1 has them) made from the charger's tables of facts, commands and settings."""
from tools.twin import cpython

if not cpython.installations():
    cpython.install()

from firmware.charging import commands, facts  # MicroPython's modules had to be there first
from firmware.settings import schema

TYPES = {"int": "integer", "bool": "boolean", "str": "string", "choice": "string", "list": "array", "object": "object"}
CHOICES = {
    "overview_state": facts.OVERVIEW_STATES, "ev_state": facts.EV_STATES, "session_state": facts.SESSION_STATES,
    "contactor": facts.CONTACTOR_STATES, "step": facts.STEPS, "service_mode": facts.SERVICE_MODES,
    "coil_watchdog": facts.COIL_WATCHDOG, "cp_state": tuple("ABCDEF"), "availability": ("operative", "inoperative"),
    "mode": ("immediate", "smart"),
}
# What an error's "rule" may be: of a setting (settings/store.py), then of a file (csv_lines.py, cards_csv.py, text_form.py)
RULES = ("range", "guard", "rule", "length", "encoding", "quotes", "cells", "columns", "twice", "charger", "form", "newer_version")


def obj(properties, required=None, **more):
    """An object with these properties, all of them there unless told otherwise, perhaps others that come with newer firmware."""
    required = list(properties if required is None else required)
    return dict({"type": "object", "properties": properties, "required": required}, **more)


def listed(items):
    """An array."""
    return {"type": "array", "items": items}


def or_null(one):
    """The same, or null."""
    if "enum" in one:
        return dict(one, type=[one["type"], "null"], enum=[*one["enum"], None])
    return dict(one, type=[one["type"], "null"])


def status():
    """GET /status: every fact."""
    properties = {}
    for name, unit, kind, null_means, doc in facts.FACTS:
        one = {"type": TYPES[kind]}
        if name in CHOICES:
            one["enum"] = list(CHOICES[name])
        if null_means:
            one = or_null(one)
        said = doc + (" (%s)" % unit if unit else "") + ("; null: " + null_means if null_means else "")
        properties[name] = dict(one, description=said)
    return obj(properties)


def argument(row):
    """The value of one argument of a command."""
    _, kind, low, high, _ = row
    if kind == "int":
        return {"type": "integer", "minimum": low, "maximum": high}
    if kind == "str":
        return {"type": "string", "minLength": low, "maxLength": high}
    if kind == "bool":
        return {"type": "boolean"}
    if kind == "plan":
        whole = {"type": "integer", "minimum": 0}
        pair = {"type": "array", "prefixItems": [dict(whole, maximum=commands.MAX_PLAN_S), dict(whole, maximum=high)],
                "items": False, "minItems": 2}
        return {"type": "array", "items": pair, "maxItems": low}
    return {"type": "integer" if type(low[0]) is int else "string", "enum": list(low)}


def command_body(row):
    """The arguments of a command. One that need not be there may be null."""
    properties = {arg[0]: argument(arg) if arg[4] else or_null(argument(arg)) for arg in row[1]}
    return obj(properties, [arg[0] for arg in row[1] if arg[4]], additionalProperties=False)


def setting(row):
    """The value of one setting; null sets it back."""
    _, kind, _, allowed, _, _, _ = row
    if kind == schema.BOOL:
        return {"type": "boolean"}
    if kind == schema.INT:
        return {"type": "integer", "minimum": allowed[0], "maximum": allowed[1]}
    if kind == schema.STR:
        return {"type": "string", "minLength": allowed[0], "maxLength": allowed[1]}
    return {"type": "integer" if type(allowed[0]) is int else "string", "enum": list(allowed)}


def settings(texts, for_change):
    """The settings by key: as they are told, or as they may be changed."""
    properties = {}
    for row in schema.SETTINGS:
        key, _, _, _, unit, access, flags = row
        if "w" not in access if for_change else access == "--":
            continue
        if for_change:
            properties[key] = or_null(setting(row))
            continue
        secret = schema.kind_of(row) == schema.SECRET
        said = texts["setting." + key] + (", in " + unit if unit else "") + ("; after a restart" if "R" in flags else "")
        properties[key] = {"type": "null" if secret else setting(row)["type"], "description": said}
    return obj(properties, (), **({"additionalProperties": False} if for_change else {}))


def setting_row():
    """A row of /settings/table."""
    value = {"type": ["boolean", "integer", "string", "null"]}
    number = {"type": "integer"}
    return obj({"key": {"type": "string"}, "type": {"enum": [schema.BOOL, schema.INT, schema.STR, schema.CHOICE]}, "value": value,
                "default": value, "is_set": {"type": "boolean"}, "unit": {"type": ["string", "null"]},
                "writable": {"type": "boolean"}, "restart": {"type": "boolean"},
                "class": {"enum": [schema.PLAIN, schema.PERSONAL, schema.SECRET, schema.IDENTITY]}, "help": {"type": "string"},
                "min": number, "max": number, "min_length": number, "max_length": number, "choices": {"type": "array"}},
               ("key", "type", "value", "default", "is_set", "unit", "writable", "restart", "class", "help"))
