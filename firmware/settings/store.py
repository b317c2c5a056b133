"""The values of the settings: those that differ from the default, in RAM and in one atomically replaced file.

The file is JSON {"schema": 1, "values": {key: value}} inside a `storage.atomic_file`. Keys this firmware does not know
and values it does not allow are kept aside and written back unchanged, so that going back to older firmware and
forward again loses nothing; they act as if they were not there.

Modules never get the store: the wiring hands them values and subscribes them to changes.
"""

import json
import sys

from firmware.settings import migrations as history
from firmware.settings import schema

FILE_KIND = 1
FILE_VERSION = 1


class SettingError(Exception):
    """A setting that was refused; str() is one sentence.

    key; value (None for a secret); allowed: what would do; code "bad_value", "unknown_setting" or "read_only"; rule: what a bad
    value goes against, the table's "range", a "guard" of this charger or a "rule" between settings."""

    def __init__(self, key, value, allowed, code="bad_value", rule="range"):
        self.key = key
        self.rule = rule
        self.value = value
        self.allowed = allowed
        self.code = code
        super().__init__("%s: %s is refused; %s" % (key, _shown(value), _REASONS[code] % allowed))


_REASONS = {
    "bad_value": "allowed is %s",
    "unknown_setting": "there is no such setting, allowed is %s",
    "read_only": "allowed is %s",
}


def _shown(value):
    text = "the value" if value is None else json.dumps(value) if type(value) in (str, bool, int) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _can_be_written(key, value):
    """Half a surrogate pair can be read, but not written: it would make every later save fail."""
    try:
        _to_json({key: value}).encode()
    except (ValueError, RuntimeError):
        return False
    return True


def _to_json(value):
    # The VM's json does not join escaped surrogate pairs, so CPython must write characters as they are.
    if sys.implementation.name == "micropython":
        return json.dumps(value)
    return json.dumps(value, ensure_ascii=False)


def _forget_sent_secrets(values, changes, changed):
    """A password is not sent to another place, or as another, than it was given for: schema.SENT_SECRETS."""
    for secret, places in schema.SENT_SECRETS:
        if secret in values and secret not in changes and [place for place in places if place in changed]:
            changed[secret] = schema.find(secret)[2]
            del values[secret]


class Plan:
    """What planning() came to: changed {key: new value}, and what commit() needs."""

    def __init__(self, before, values, aside, changed):
        self.before = before
        self.values = values
        self.aside = aside
        self.changed = changed


class Store:
    """`file`: an AtomicFile of FILE_KIND and FILE_VERSION, or None (values live in RAM only)."""

    def __init__(self, file=None, migrations=history.MIGRATIONS):
        self._file = file
        self._migrations = migrations
        self._values = {}
        self._aside = {}
        self._schema = len(migrations) + 1
        self._listeners = []
        self._defaults = None  # of what was asked for since somebody listens: asking for many again must not hog the loop
        self._guards = []
        self.dirty = False  # changed since it was last written
        self.load_report = []  # sentences about what was wrong with the file, empty when all is well
        self._at_start = {}  # key -> value when this start began, of what was changed since and acts after a restart only
        self.restart_needed = []  # keys of those that are different now

    def load(self):
        """Read the file. Never raises for what is in it: a damaged one falls back to the generation before it, then
        to defaults, and `load_report` says so. Returns "current", "previous" or "none" (defaults)."""
        self._values, self._aside, self.load_report = {}, {}, []
        payload, _, source, damage = self._file.read()
        if damage:
            self.load_report.append(damage)
        if payload is None:
            return source
        stored = self._parse(payload)
        if stored is None:
            return "none"
        for key, value in stored.items():
            row = schema.find(key)
            if not _can_be_written(key, value):
                self.load_report.append("a key or value that is no text was dropped")
            elif row is None:
                self._aside[key] = value
                self.load_report.append("%s is unknown to this firmware and kept aside" % key)
            elif not schema.is_allowed(row, value):
                self._aside[key] = value
                self.load_report.append("%s; the default is used" % self._refusal(row, value))
            elif value != row[2]:
                self._values[key] = value
        for holds, places in schema.RULES:
            for key, allowed in places:
                if key in self._values and not holds(self.get):
                    self.load_report.append("%s; the default is used" % SettingError(key, self.get(key), allowed))
                    self._aside[key] = self._values.pop(key)
        return source

    def _parse(self, payload):
        try:
            document = json.loads(payload.decode())
            number, values = document["schema"], document["values"]
            if type(number) is not int or number < 1 or type(values) is not dict:
                raise ValueError
        except (ValueError, KeyError, TypeError, RuntimeError):     # the last: nested deeper than the interpreter goes
            self.load_report.append("the settings file is whole but holds no settings; the defaults are used")
            return None
        self._schema = history.migrate(values, number, self._migrations)
        if number < self._schema:
            self.load_report.append("settings brought from schema %d to %d" % (number, self._schema))
            self.dirty = True
        return values

    def save(self, most_bytes=None):
        """Write the file now; False when it would be larger than most_bytes: then nothing is done. OSError when the flash fails:
        the values stay in RAM and `dirty` stays true."""
        if not self._write(self._values, self._aside, most_bytes):
            return False
        self.dirty = False
        return True

    def _write(self, values, aside, most_bytes=None):
        if self._file is not None:
            merged = dict(aside)
            merged.update(values)
            data = _to_json({"schema": self._schema, "values": merged}).encode()
            if most_bytes is not None and len(data) > most_bytes:
                return False
            self._file.write(data)
        return True

    def get(self, key):
        """A setting's value. KeyError when there is none of that name."""
        if key in self._values:
            return self._values[key]
        defaults = self._defaults
        if defaults is not None and key in defaults:
            return defaults[key]
        row = schema.find(key)
        if row is None:
            raise KeyError(key)
        if defaults is not None:
            defaults[key] = row[2]
        return row[2]

    def value_of(self, row):
        """The value of a row of the table, without looking for it."""
        return self._values.get(row[0], row[2])

    def set_many(self, changes, role=None, save=True):
        """Change several settings {key: value}, all or none; a value of None goes back to the default.

        `role` "user" or "admin" limits what may be changed (None: the firmware itself). With save=False the file is
        left for a later `save()`, for a moment when flash may not be written. Returns the dict of what changed.
        SettingError names the first one refused; OSError when the flash fails. In both cases nothing was changed."""
        plan = None
        for step in self.planning(changes, role):
            plan = step
        self.commit(plan, save)
        return plan.changed

    def planning(self, changes, role=None):
        """The same in two steps, for many settings at once: a generator of None after each key, so that others can run, and of a
        Plan at last, whose `changed` tells what commit() would change. Raises SettingError as set_many does; changes nothing."""
        before = self._values
        values, aside, changed = dict(before), dict(self._aside), {}
        for key in sorted(changes):
            yield None
            value = changes[key]
            row = schema.find(key)
            if row is None or not schema.may_read(row, role):
                if row is not None:
                    value = self._hide(row, value)
                raise SettingError(key, value, "a key of the settings' list", "unknown_setting")
            if not schema.may_write(row, role):
                raise SettingError(key, self._hide(row, value), "only reading for the role %s" % role, "read_only")
            if value is None:
                value = row[2]
            elif not schema.is_allowed(row, value):
                raise self._refusal(row, value)
            self._ask_guards(key, value)
            aside.pop(key, None)
            if value != values.get(key, row[2]):
                changed[key] = value
            if value == row[2]:
                values.pop(key, None)
            else:
                values[key] = value
        if role is not None:
            _forget_sent_secrets(values, changes, changed)
        self._check_rules(values, changes)
        yield Plan(before, values, aside, changed)

    def commit(self, plan, save=True):
        """Carry a plan out; False when settings were changed since it was made: then nothing was done. OSError when the flash
        fails; then neither."""
        if plan.before is not self._values:
            return False
        if plan.changed or len(plan.aside) != len(self._aside) or (save and self.dirty):
            if save:
                self._write(plan.values, plan.aside)
            self._values, self._aside = plan.values, plan.aside
            self.dirty = not save
            self._tell(plan.changed, plan.before)
        return True

    def guard(self, key, refuse):
        """What this charger allows beyond the table: refuse(value) is None, or the text of what is allowed instead."""
        self._guards.append((key, refuse))

    def _ask_guards(self, key, value):
        for guarded, refuse in self._guards:
            if guarded == key:
                allowed = refuse(value)
                if allowed is not None:
                    raise SettingError(key, self._hide(schema.find(key), value), allowed, "bad_value", "guard")

    def _check_rules(self, values, changes):
        def get(key):
            return values[key] if key in values else schema.find(key)[2]

        for holds, places in schema.RULES:
            to_blame = [place for place in places if place[0] in changes]     # what was not touched holds as before
            if to_blame and not holds(get):
                key, allowed = to_blame[0]
                raise SettingError(key, get(key), allowed, "bad_value", "rule")

    def reset(self, keep=(schema.IDENTITY,)):
        """Factory reset: everything back to its default but the classes in `keep`; what was kept aside goes too."""
        before = self._values
        values = {}
        for key, value in before.items():
            if schema.kind_of(schema.find(key)) in keep:
                values[key] = value
        self._write(values, {})
        self._values, self._aside, self.dirty = values, {}, False
        self._tell({key: self.get(key) for key in before if key not in values}, before)

    def revert(self):
        """Forget what was changed and not saved: back to the file. The listeners hear what that changes."""
        before = self._values
        self.load()
        self.dirty = False
        self._tell({key: self.get(key) for key in set(before) | set(self._values)
                    if before.get(key, schema.find(key)[2]) != self.get(key)}, before)

    def subscribe(self, prefix, listener):
        """listener({key: value}) after settings whose key begins with `prefix` changed, and were saved if asked."""
        self._listeners.append((prefix, listener))
        if self._defaults is None:
            self._defaults = {}

    def _note_restart(self, changed, before):
        for key in changed:
            row = schema.find(key)
            if "R" in row[6] and key not in self._at_start:
                self._at_start[key] = before.get(key, row[2])
        self.restart_needed = sorted([key for key, value in self._at_start.items() if value != self.get(key)])

    def _tell(self, changed, before):
        self._note_restart(changed, before)
        failure = None
        for prefix, listener in self._listeners:
            part = {key: value for key, value in changed.items() if key.startswith(prefix)}
            if part:
                try:
                    listener(part)
                except Exception as error:  # the others must hear of it too; the first failure is raised after them
                    failure = failure or error
        if failure is not None:
            raise failure

    def describe(self, role):
        """Yields one dict per setting that `role` ("user", "admin"; None: all) may see, in the order of the table; those that
        exist only in other countries than general.country are left out while they are not set. Keys: key, type, value,
        default, is_set, min/max or min_length/max_length or choices, unit, writable, restart, class, help. A secret's value and
        default are None; is_set tells whether there is one."""
        country = self.get("general.country")
        for row in schema.SETTINGS:
            if schema.may_read(row, role) and (row[0] in self._values or self._exists_in(country, row[0])):
                yield self._describe(row, role)

    def _exists_in(self, country, key):
        places = schema.countries(key)
        return not places or country in places or country == "other"

    def _describe(self, row, role):
        key, kind, default, allowed, unit, _, flags = row
        secret = "s" in flags
        entry = {
            "key": key,
            "type": kind,
            "value": None if secret else self._values.get(key, default),
            "default": None if secret else default,
            "is_set": key in self._values,
            "unit": unit or None,
            "writable": schema.may_write(row, role),
            "restart": "R" in flags,
            "class": schema.kind_of(row),
            "help": "help." + key,
        }
        if kind == schema.INT:
            entry["min"], entry["max"] = allowed
        elif kind == schema.STR:
            entry["min_length"], entry["max_length"] = allowed
        elif kind == schema.CHOICE:
            entry["choices"] = list(allowed)
        return entry

    def _hide(self, row, value):
        return None if "s" in row[6] else value

    def _refusal(self, row, value):
        return SettingError(row[0], self._hide(row, value), schema.allowed_text(row))
