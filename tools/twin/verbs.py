"""What may be said to the world, once for bench and scenarios: every verb, its fields, what each field may be."""

import json
import re
from datetime import UTC, datetime

FAULTS = ("weld", "rcd_ac", "rcd_dc", "pe_lost", "diode", "cp_short", "contactor_stuck_open", "meter_silent",
          "home_meter_silent", "reader_dead", "over_temperature", "flash_full", "power_cut", "rcd_dead",
          "sensor_open", "lock_jammed", "pp_short", "coil_supply_live", "meter_babbling", "meter_slow", "meter_wrong_address",
          "sensor_lost")
NTP = ("good", "silent", "kiss_rate", "kiss_deny", "forged", "unsynchronised", "client", "old")     # how time servers answer
WIRES = ("down", "up", "silent")     # silent: a cable, and nobody who gives addresses
BUTTONS = ("service", "front")
INPUTS = ("enable", "limit", "delay", "dim", "upstream")
RESET_CAUSES = ("power", "watchdog", "soft")
EV_STATES = ("auto", "A", "B", "C", "D", "E", "F")
CABLES_A = (0, 13, 20, 32, 63)      # what the resistor at PP says; 0: nothing plugged into the socket, or a tethered cable
MOST_ADVANCE_S = 366 * 86_400


class BadValue(ValueError):
    """A value that is not allowed: `field` names the place (None: the whole thing), the message what is allowed."""

    def __init__(self, field, message):
        super().__init__(message)
        self.field = field


class Flag:
    """true or false."""

    allowed = "true or false"

    def check(self, value):
        if not isinstance(value, bool):
            raise ValueError
        return value

    def parse(self, word):
        words = {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False}
        if word not in words:
            raise ValueError
        return words[word]


class Number:
    """A number from `low` to `high`, whole where `whole`."""

    def __init__(self, low, high, whole=True):
        self.low, self.high, self.whole = low, high, whole
        self.allowed = f"a {'whole number' if whole else 'number'} from {low} to {high}"

    def check(self, value):
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not self.low <= value <= self.high:
            raise ValueError
        if self.whole:
            if value != int(value):
                raise ValueError
            return int(value)
        return value

    def parse(self, word):
        return self.check(float(word))


class Choice:
    """One of some words."""

    def __init__(self, words):
        self.words = words
        self.allowed = "one of " + ", ".join(words)

    def check(self, value):
        if value not in self.words or not isinstance(value, str):
            raise ValueError
        return value

    parse = check


class OneOf:
    """One of some whole numbers."""

    def __init__(self, numbers):
        self.numbers = numbers
        self.allowed = "one of " + ", ".join(str(number) for number in numbers)

    def check(self, value):
        if isinstance(value, bool) or value not in self.numbers:
            raise ValueError
        return int(value)

    def parse(self, word):
        return self.check(float(word))


class PerPhase:
    """Three numbers, for L1, L2, L3."""

    def __init__(self, low, high):
        self.one = Number(low, high, whole=False)
        self.allowed = f"three numbers from {low} to {high}, for L1, L2, L3"

    def check(self, value):
        if not isinstance(value, list) or len(value) != 3:
            raise ValueError
        return [self.one.check(one) for one in value]

    def parse(self, word):
        return self.check([float(one) for one in word.split(",")])


class CardUid:
    """The UID of a card in hexadecimal digits."""

    allowed = "4, 7, 8 or 10 bytes in hexadecimal digits, as 04A1B2C3D4E5F6"

    def check(self, value):
        if not isinstance(value, str) or not re.fullmatch(r"[0-9A-Fa-f]+", value) or len(value) not in (8, 14, 16, 20):
            raise ValueError
        return value.upper()

    parse = check


class Text:
    """Text of so many characters."""

    def __init__(self, fewest, most):
        self.fewest, self.most = fewest, most
        self.allowed = f"text of {fewest} to {most} characters"

    def check(self, value):
        if not isinstance(value, str) or not self.fewest <= len(value) <= self.most or not value.isprintable():
            raise ValueError
        return value

    parse = check


class Points:
    """A list of access points, each as the verb `ap` has it."""

    allowed = "a list of objects as the verb ap takes them"

    def check(self, value):
        if not isinstance(value, list) or len(value) > 20:
            raise ValueError
        return [checked("ap", one) for one in value]        # raises BadValue of its own

    def parse(self, word):
        return self.check(json.loads(word))


class Utc:
    """A point in time; the checked value is in Unix seconds."""

    allowed = "a time in UTC from 2000 to 2099, as 2026-11-20T12:00:00Z"

    def check(self, value):
        if not isinstance(value, str):
            raise ValueError
        when = datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        if not 2000 <= when.year <= 2099:
            raise ValueError
        return int(when.timestamp())

    parse = check


# verb: (fields, those that must be there, fields of which just one must be there)
VERBS = {
    "ev": ({"plugged": Flag(), "state": Choice(EV_STATES), "phases": Number(1, 3), "max_current_a": Number(0, 80),
            "diode": Flag(), "soc": Number(0, 1, whole=False), "asleep": Flag(), "stubborn": Flag(), "simplified": Flag(),
            "battery_wh": Number(1_000, 500_000), "late_s": Number(0, 600), "overdraw_percent": Number(0, 200),
            "pilot_ohm": Number(0, 1_000_000), "cable_a": OneOf(CABLES_A), "bcb": Number(0, 20)}, (), ()),
    "card": ({"uid": CardUid()}, ("uid",), ()),
    "house": ({"load_w": PerPhase(0, 100_000), "solar_w": Number(0, 100_000, whole=False),
               "voltage_v": PerPhase(0, 400), "ambient_c": Number(-40, 80)}, (), ()),
    "fault": ({"name": Choice(FAULTS), "on": Flag()}, ("name", "on"), ()),
    # `on` false switches an access point off; without DHCP who joins gets no address
    "ap": ({"ssid": Text(1, 32), "key": Text(0, 63), "rssi_dbm": Number(-100, 0), "hidden": Flag(), "dhcp": Flag(), "on": Flag()},
           ("ssid",), ()),
    "network": ({"aps": Points(), "clients": Number(0, 4), "wire": Choice(WIRES), "ntp": Choice(NTP)}, (), ()),
    "button": ({"name": Choice(BUTTONS), "hold_ms": Number(1, 60_000)}, ("name",), ()),
    "input": ({"name": Choice(INPUTS), "on": Flag()}, ("name", "on"), ()),
    "time": ({"advance_s": Number(0, MOST_ADVANCE_S, whole=False), "utc": Utc(), "speed": Number(0, 1_000_000, whole=False),
              "paused": Flag()}, (), ("advance_s", "utc", "speed", "paused")),
    "reset": ({"cause": Choice(RESET_CAUSES)}, ("cause",), ()),
}


def checked(verb, values, as_words=False):
    """The values of one order, checked against VERBS; with `as_words` they are still words as written in a scenario.
    Raises BadValue that names the field and what is allowed."""
    fields, needed, just_one = VERBS[verb]
    if not isinstance(values, dict):
        raise BadValue(None, f"{verb} wants an object with the fields {', '.join(fields)}")
    result = {}
    for name, value in values.items():
        kind = fields.get(name)
        if kind is None:
            raise BadValue(name, f"{verb} has no field {name}; allowed are {', '.join(fields)}")
        try:
            result[name] = kind.parse(value) if as_words else kind.check(value)
        except BadValue as exc:
            raise BadValue(name, f"{name}: {exc}") from None
        except (ValueError, TypeError, OverflowError):
            raise BadValue(name, f"{name} must be {kind.allowed}, not {value!r:.60}") from None
    for name in needed:
        if name not in result:
            raise BadValue(name, f"{verb} needs {name}: {fields[name].allowed}")
    if just_one and len(result) != 1:
        raise BadValue(None, f"{verb} wants just one of {', '.join(just_one)}")
    if not result:
        raise BadValue(None, f"{verb} wants at least one of {', '.join(fields)}")
    return result


def described():
    """The table as JSON, for pages made from it: {verb: {"fields": {name: what it may be}, "needed", "just_one"}}."""
    return {verb: {"fields": {name: _kind_described(kind) for name, kind in fields.items()}, "needed": list(needed),
                   "just_one": list(just_one)} for verb, (fields, needed, just_one) in VERBS.items()}


def _kind_described(kind):
    words = re.findall("[A-Z][a-z]*", type(kind).__name__)
    bounds = getattr(kind, "one", kind)
    found = {"kind": "_".join(words).lower(), "allowed": kind.allowed}
    found.update((name, getattr(bounds, name)) for name in ("low", "high", "whole", "words", "numbers") if hasattr(bounds, name))
    return found
