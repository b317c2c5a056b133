"""Reads scenario files: each line becomes a Step that knows what to do on a twin. The forms stand at the top of scenario.py."""

import json
from pathlib import Path

from tools.twin.clock import VirtualClock
from tools.twin.scenario_words import ROLES, duration_us, edge_of, tail_of, times_of, value_of, words_of
from tools.twin.trace import SIGNALS
from tools.twin.verbs import RESET_CAUSES, VERBS, checked
from tools.twin.world import World

WORDS = ("plug", "unplug", "ev", "card", "house", "ap", "network", "fault", "button", "input", "time", "wait", "advance", "set",
         "command", "call", "expect", "reboot", "include")
COMPARE = {
    "is": lambda seen, wanted: seen == wanted,
    "is not": lambda seen, wanted: seen != wanted,
    "<": lambda seen, wanted: seen < wanted,
    "<=": lambda seen, wanted: seen <= wanted,
    ">": lambda seen, wanted: seen > wanted,
    ">=": lambda seen, wanted: seen >= wanted,
    "has": lambda seen, wanted: _has(seen, wanted),
    "lacks": lambda seen, wanted: not _has(seen, wanted),
}
ORDERED = ("<", "<=", ">", ">=")
ALIASES = {"==": "is", "!=": "is not"}
METHODS = ("GET", "PUT", "POST", "DELETE")
ALWAYS_POSSIBLE = ("bad_value", "missing_argument", "unknown_argument", "forbidden")
SETTING_REFUSALS = ("bad_value", "read_only", "unknown_setting")
BOARD_FILE = Path(__file__).resolve().parents[2] / "board_configs" / "twin.json"


class ScenarioError(Exception):
    """A line that cannot be understood: file:line, what is wrong, what is allowed."""


class Step:
    """One line that was understood: `act(play)` is a generator of waits."""

    def __init__(self, where, text, act):
        self.where, self.text, self.act = where, text, act


def _has(seen, wanted):
    if isinstance(seen, dict):
        return wanted in seen
    return any(wanted in one.values() if isinstance(one, dict) else wanted == one for one in seen)


def read(path):
    """The steps of a scenario file. Raises ScenarioError; nothing has happened then."""
    steps = Reader().read(Path(path), ())
    if not steps:
        raise ScenarioError(f"{path}: there is no step in it")
    return steps


class Reader:
    """Understands lines; knows what the charger and the world have."""

    def __init__(self):
        from firmware.charging import commands, facts
        from firmware.settings import schema
        self._facts = facts.NAMES
        self._commands = commands
        self._schema = schema
        clock = VirtualClock()
        self._template = World(clock, None, json.loads(BOARD_FILE.read_text())).state()
        clock.close()

    def read(self, path, including):
        """The steps of one file, which those of `including` include."""
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as exc:
            reason = exc.strerror if isinstance(exc, OSError) else "not UTF-8 text"
            raise ScenarioError(f"{path}: {reason}") from None
        steps = []
        for number, text in enumerate(lines, 1):
            where = f"{path}:{number}"
            try:
                words = words_of(text.strip())
                if words and words[0] == "include":
                    steps += self._include(path, words[1:], including)
                elif words:
                    steps.append(Step(where, text.strip(), self._step(words)))
            except ValueError as exc:
                raise ScenarioError(f"{where}: {exc}") from None
        return steps

    def _include(self, path, rest, including):
        if len(rest) != 1:
            raise ValueError("include wants one file")
        file = path.parent / rest[0]
        chain = (*including, path.resolve())
        try:
            whole, there = file.resolve(), file.is_file()
        except (OSError, RuntimeError) as exc:        # a name that is too long, a circle of links
            raise ValueError(f"there is no file {file.name:.60}: {exc.__class__.__name__}") from None
        if whole in chain:
            raise ValueError(f"{file.name} includes itself")
        if not there:
            raise ValueError(f"there is no file {file}")
        return self.read(file, chain)

    def _step(self, words):
        verb, rest = words[0], words[1:]
        if verb not in WORDS:
            raise ValueError(f"there is no verb {verb}; allowed are {', '.join(WORDS)}")
        return getattr(self, "_" + verb)(rest)

    # The world's verbs

    def _order(self, verb, values):
        values = checked(verb, values, as_words=True)

        def act(play):
            play.order(verb, values)
            yield from ()
        return act

    def _pairs(self, verb, rest, fields=None):
        values = {}
        for word in rest:
            name, equals, value = word.partition("=")
            if not equals:
                fields = VERBS[verb][0] if fields is None else fields
                raise ValueError(f"{verb} wants field=value, not {word}; fields are {', '.join(fields) or 'none'}")
            if name in values:
                raise ValueError(f"{name} is said twice")
            values[name] = value
        return values

    def _plug(self, rest):
        values = self._pairs("ev", rest)
        if "plugged" in values:
            raise ValueError("plug plugs in by itself: leave plugged out")
        return self._order("ev", dict(values, plugged="true"))

    def _unplug(self, rest):
        if rest:
            raise ValueError("unplug stands alone")
        return self._order("ev", {"plugged": "false"})

    def _ev(self, rest):
        return self._order("ev", self._pairs("ev", rest))

    def _house(self, rest):
        return self._order("house", self._pairs("house", rest))

    def _ap(self, rest):
        if not rest or "=" in rest[0]:
            raise ValueError("ap wants the network's name first, as ap home rssi_dbm=-60 on=true")
        return self._order("ap", dict(self._pairs("ap", rest[1:]), ssid=rest[0]))

    def _network(self, rest):
        return self._order("network", self._pairs("network", rest))

    def _card(self, rest):
        if len(rest) != 1:
            raise ValueError("card wants the card's UID")
        return self._order("card", {"uid": rest[0]})

    def _switch(self, verb, rest):
        if len(rest) != 2:
            raise ValueError(f"{verb} wants a name and on or off; names are {', '.join(VERBS[verb][0]['name'].words)}")
        return self._order(verb, {"name": rest[0], "on": rest[1]})

    def _fault(self, rest):
        return self._switch("fault", rest)

    def _input(self, rest):
        return self._switch("input", rest)

    def _button(self, rest):
        values = {"name": rest[0] if rest else ""}
        if len(rest) > 1:
            if rest[1] != "for":
                raise ValueError("a button is pressed: button NAME for 2 s")
            values["hold_ms"] = str(duration_us(rest[2:], "button NAME for") // 1000)
        return self._order("button", values)

    def _time(self, rest):
        if len(rest) != 1:
            raise ValueError("time wants a time in UTC, as 2026-11-20T12:00:00Z")
        return self._order("time", {"utc": rest[0]})

    def _reboot(self, rest):
        if len(rest) > 1:
            raise ValueError(f"reboot wants one of {', '.join(RESET_CAUSES)}, or nothing for power")
        return self._order("reset", {"cause": rest[0] if rest else "power"})

    def _wait(self, rest):
        us = duration_us(rest, "wait")

        def act(play):
            yield us
        return act

    def _advance(self, rest):
        us = duration_us(rest, "advance")
        return lambda play: play.advance(us)

    # What people ask of the charger

    def _set(self, rest):
        form = "set KEY VALUE, then: as user, refused CODE"
        rest, role, refused = tail_of(rest, form, ("as", "refused"))
        if not rest or len(rest) % 2:
            raise ValueError(form)
        if refused is not None and refused not in SETTING_REFUSALS:
            raise ValueError(f"a setting is not refused with {refused}; reasons are {', '.join(SETTING_REFUSALS)}")
        values, restart = {}, False
        for key, word in zip(rest[::2], rest[1::2], strict=True):
            if key in values:
                raise ValueError(f"{key} is said twice")
            row = self._schema.find(key)
            if row is None and refused != "unknown_setting":
                keys = ", ".join(one[0] for one in self._schema.SETTINGS)
                raise ValueError(f"there is no setting {key}; settings are {keys}")
            value = word if row is not None and row[1] == self._schema.STR and word != "null" else value_of(word)
            if refused is None and value is not None and not self._schema.is_allowed(row, value):
                raise ValueError(f"{key} must be {self._schema.allowed_text(row)}, not {word}")
            values[key] = value
            restart = restart or row is not None and "R" in row[6]
        return lambda play: play.set(values, ROLES[role or "admin"], refused, restart)

    def _command(self, rest):
        form = "command NAME field=value … or a JSON object, then: as user, from SOURCE, refused REASON"
        if not rest:
            raise ValueError(form)
        name = rest[0]
        rest, role, source, refused = tail_of(rest[1:], form, ("as", "from", "refused"))
        commands = self._commands
        try:
            row = commands.row_of(name)
            if rest and rest[0].startswith("{"):
                values = json.loads(rest[0])
                if len(rest) > 1:
                    raise ValueError(form)
            else:
                values = self._typed(row, self._pairs("command", rest, [arg[0] for arg in row[1]]))
            if refused not in ALWAYS_POSSIBLE:
                commands.check_arguments(name, values)
        except commands.CommandError as exc:
            raise ValueError(exc.message) from None
        reasons = tuple(dict.fromkeys((*row[3], *commands.EVERYWHERE, *ALWAYS_POSSIBLE)))
        if refused is not None and refused not in reasons:
            raise ValueError(f"{name} is not refused with {refused}; reasons are {', '.join(reasons)}")
        if source is not None and role is not None:
            raise ValueError("a command comes from a source, or from a user of the page: not both")
        return lambda play: play.command(name, values, ROLES[role or "admin"], source, refused)

    def _call(self, rest):
        form = "call METHOD /api/v1/PATH and a JSON object or nothing, then: as user, refused CODE"
        rest, role, refused = tail_of(rest, form, ("as", "refused"))
        if len(rest) not in (2, 3) or rest[0] not in METHODS or not rest[1].startswith("/api/v1/"):
            raise ValueError(form)
        values = value_of(rest[2]) if len(rest) == 3 else {}
        if not isinstance(values, dict):
            raise ValueError(f"{rest[2]:.40} is no JSON object; {form}")
        return lambda play: play.call(rest[0], rest[1], values, ROLES[role or "admin"], refused)

    def _typed(self, row, pairs):
        kinds = {arg[0]: arg[1] for arg in row[1]}
        return {name: word if kinds.get(name) == "str" else value_of(word) for name, word in pairs.items()}

    # What must be seen

    def _expect(self, rest):
        if rest and rest[0] == "trace":
            return self._expect_trace(rest[1:])
        form = "expect charger.FACT or world.VALUE, then one of " + ", ".join(COMPARE) + ", a value, and within or for a time"
        if len(rest) < 3:
            raise ValueError(form)
        key = rest[0]
        self._check_key(key)
        op = rest[1]
        rest = rest[2:]
        if op == "is" and rest[0] == "not" and len(rest) > 1:
            op, rest = "is not", rest[1:]
        op = ALIASES.get(op, op)
        if op not in COMPARE:
            raise ValueError(f"{op} compares nothing; {form}")
        wanted = value_of(rest[0])
        if op in ORDERED and (isinstance(wanted, bool) or not isinstance(wanted, (int, float))):
            raise ValueError(f"{op} wants a number, not {rest[0]}")
        times = times_of(rest[1:], ("within", "for"), form)
        return lambda play: play.expect(key, op, wanted, times["within"], times["for"])

    def _expect_trace(self, rest):
        form = ("expect trace SIGNAL VALUE within 50 ms of SIGNAL VALUE, or SIGNAL VALUE then SIGNAL VALUE after 10 ms within "
                "50 ms then …, or no SIGNAL VALUE since SIGNAL VALUE; signals are " + ", ".join(SIGNALS))
        if rest[:1] == ["no"]:
            if len(rest) != 6 or rest[3] != "since":
                raise ValueError(form)
            never, since = edge_of(rest[1:3]), edge_of(rest[4:6])
            return lambda play: play.expect_none(never, since)
        if "then" in rest:
            return self._expect_order(rest, form)
        if len(rest) not in (7, 8) or rest[2] != "within" or rest[-3] != "of":
            raise ValueError(form)
        limit_us = duration_us(rest[3:-3], "within")
        chain = ((edge_of(rest[-2:]), 0, 0), (edge_of(rest[:2]), 0, limit_us))
        return lambda play: play.expect_chain(chain)

    def _expect_order(self, rest, form):
        chain, part = [], []
        for word in (*rest, "then"):
            if word != "then":
                part.append(word)
                continue
            if len(part) < 2:
                raise ValueError(form)
            times = times_of(part[2:], ("after", "within"), form)
            if chain and not times["within"]:
                raise ValueError(f"{part[0]} {part[1]} needs within and a time; {form}")
            chain.append((edge_of(part[:2]), times["after"], times["within"]))
            part = []
        return lambda play: play.expect_chain(tuple(chain))

    def _check_key(self, key):
        place, _, path = key.partition(".")
        if place == "charger":
            fact = path.partition(".")[0]
            if fact not in self._facts:
                raise ValueError(f"{key}: the charger has no fact {fact or '(none)'}; facts are {', '.join(self._facts)}")
        elif place == "world":
            value = self._template
            for name in path.split("."):
                if value is None or isinstance(value, list):        # what will be there is not known yet
                    break
                if not isinstance(value, dict):
                    raise ValueError(f"{key}: there is nothing below, no {name}")
                if name not in value:
                    raise ValueError(f"{key}: there is no {name}; allowed are {', '.join(value)}")
                value = value[name]
        else:
            raise ValueError(f"{key} is neither charger.… nor world.…")
