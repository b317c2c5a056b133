"""A user who does anything at any time: what is done next is drawn from one random generator, as plain data.

An act is (name, argument): ("ev", fields) ("house", fields) ("fault", (name, on)) ("button", (name, hold_ms)) ("input",
(name, on)) ("card", uid) ("reset", cause) ("utc", unix_s) ("command", (name, args)) ("settings", {key: value}) ("get", path)
("body", (method, path, bytes)) ("inner", (kind of soak_faults.py, arguments)) ("calm",
{}); a calm (soak_calm.py) has ("trial", as inner) besides. It happens after a pause, or so long after the next edge of a signal.
"""

import json

from firmware.charging.commands import COMMANDS, MAX_TEXT
from firmware.settings import schema
from tools.twin import cpython, soak_faults
from tools.twin.verbs import BUTTONS, EV_STATES, INPUTS

cpython.install()       # what provisions imports the firmware's storage, and that what only the shims have
try:
    from tools.twin.provision import SET_UP
finally:
    cpython.uninstall()

MS = 1000
S = 1_000_000
FAULTS = ("weld", "rcd_ac", "rcd_dc", "pe_lost", "diode", "cp_short", "contactor_stuck_open", "meter_silent",
          "home_meter_silent", "reader_dead", "over_temperature", "flash_full", "meter_babbling", "meter_slow",
          "meter_wrong_address")
METER_TYPES = ("eastron_sdm630", "abb_b23", "carlo_gavazzi_em340", "tq_em300", "generic", "none")
REGISTERS = ("", "voltage fc4 f32 1 0 2 4; current fc4 f32 1 6 8 10; power fc4 f32 1 0x34", "power f32 1")
SIGNALS = ("ev_state", "coil", "contacts", "duty_permille", "rcd_trip")
UTC_S = (1_735_689_600, 4_102_444_800)
PATHS = ("/api/v1/status", "/api/v1/facts", "/api/v1/commands", "/api/v1/settings", "/api/v1/settings/table", "/api/v1/meters",
         "/api/v1/none")
JUNK = (None, True, -1, 0, 7, 2 ** 31, 10 ** 20, 1.5, "", "6", "x" * 300, "\x00", "\ud800", [], [1], {}, {"a": [None]})
NORMAL_CAR = {"plugged": True, "state": "auto", "phases": 3, "max_current_a": 16, "diode": True, "soc": 0.2, "asleep": False,
              "stubborn": False, "simplified": False, "battery_wh": 60_000}
SANE = {row[0]: SET_UP.get(row[0], row[2]) for row in schema.SETTINGS if row[5][1] == "w"}
CEILINGS = ("app", "grid", "home", "tariff")


class User:
    """`rng`: a random.Random. `next(plugged)` draws (how long to wait, signal to wait for or None, act)."""

    def __init__(self, rng):
        self._rng = rng
        self._since_calm = 0
        self._on = set()            # faults that this user has switched on

    def next(self, plugged):
        """(pause_us, signal or None, act): the act comes after the pause; with a signal, so long after its next edge."""
        rng = self._rng
        self._since_calm += 1
        if self._since_calm > rng.randint(8, 50):
            self._since_calm = 0
            self._on.clear()
            return self._pause(), None, ("calm", {})
        act = self._act(plugged)
        if rng.random() < 0.25:
            return rng.randint(0, 400 * MS), rng.choice(SIGNALS), act
        return self._pause(), None, act

    def _pause(self):
        rng, dice = self._rng, self._rng.random()
        if dice < 0.15:
            return rng.randint(1, 200) * MS
        if dice < 0.65:
            return rng.randint(200, 6_000) * MS
        if dice < 0.97:
            return rng.randint(6, 40) * S
        return rng.randint(40, 1_500) * S

    def _act(self, plugged):
        rng = self._rng
        if not plugged and rng.random() < 0.5:
            return "ev", self._car() if rng.random() < 0.6 else dict(NORMAL_CAR, phases=rng.choice((1, 2, 3)))
        if self._on and rng.random() < 0.45:
            name = rng.choice(sorted(self._on))
            self._on.discard(name)
            return "fault", (name, False)
        acts = (self._unplug, self._ev, self._fault, self._house, self._press, self._contact, self._card, self._command,
                self._settings, self._request, self._reset, self._utc, self._inner)
        return rng.choices(acts, (16, 12, 14, 6, 4, 5, 2, 14, 8, 6, 6, 1, 9))[0]()

    # The world

    def _car(self):
        rng = self._rng
        return {"plugged": True, "state": rng.choices(EV_STATES, (60, 3, 8, 12, 6, 2, 2))[0], "phases": rng.choice((1, 2, 3, 3)),
                "max_current_a": rng.choice((6, 10, 13, 16, 16, 32, 63)), "diode": rng.random() < 0.93,
                "soc": rng.choice((0, 0.2, 0.5, 0.9, 0.995, 1)), "asleep": rng.random() < 0.1, "stubborn": rng.random() < 0.1,
                "simplified": rng.random() < 0.1, "battery_wh": rng.choice((1_000, 20_000, 60_000, 100_000))}

    def _unplug(self):
        return "ev", {"plugged": False}

    def _ev(self):
        values = self._car()
        names = self._rng.sample(sorted(set(values) - {"plugged"}), self._rng.randint(1, 2))
        return "ev", {name: values[name] for name in names}

    def _fault(self):
        name = self._rng.choices(FAULTS, [1 if name == "weld" else 3 for name in FAULTS])[0]    # only a power cycle ends a weld
        on = name not in self._on
        (self._on.add if on else self._on.discard)(name)
        return "fault", (name, on)

    def _house(self):
        rng = self._rng
        voltage = rng.choice((230, 230, 230, 207, 253, 155, 285, 0))
        return "house", {"load_w": [rng.randint(0, 6_000) for _ in range(3)], "solar_w": rng.randint(0, 10_000),
                         "voltage_v": [voltage if rng.random() < 0.8 else 230 for _ in range(3)]}

    def _press(self):
        return "button", (self._rng.choice(BUTTONS), self._rng.choice((50, 300, 2_500, 11_000)))

    def _contact(self):
        return "input", (self._rng.choice(INPUTS), self._rng.random() < 0.4)

    def _card(self):
        return "card", "%08X" % self._rng.getrandbits(32)

    def _reset(self):
        return "reset", self._rng.choice(("power", "power", "watchdog", "soft", "long_power"))

    def _utc(self):
        return "utc", self._rng.randint(*UTC_S)

    def _inner(self):
        return "inner", soak_faults.draw(self._rng)

    # What the charger is told

    def _command(self):
        rng = self._rng
        name, arguments = rng.choice(COMMANDS)[:2]
        if name == "restart" and rng.random() < 0.7:
            name, arguments = "start", ()
        args = {}
        for row in arguments:
            if row[4] or rng.random() < 0.5:
                args[row[0]] = self._argument(row) if rng.random() < 0.85 else rng.choice(JUNK)
        if rng.random() < 0.05:
            args[rng.choice(("x", "limit_ma", ""))] = rng.choice(JUNK)
        return "command", (name, args)

    def _argument(self, row):
        rng = self._rng
        name, kind, low, high = row[:4]
        if name == "source":
            return rng.choice(CEILINGS)
        if name == "limit_ma":
            return rng.choice((0, 5_999, 6_000, 10_000, 16_000, 32_000, 80_000))
        if kind == "int":
            return rng.choice((low, high, rng.randint(low, high)))
        if kind == "str":
            return "a" * rng.choice((low, 8, MAX_TEXT))
        if kind == "plan":
            return [[step * rng.randint(1, 900), rng.choice((0, 6_000, 16_000))] for step in range(rng.randint(0, low))]
        return rng.random() < 0.6 if kind == "bool" else rng.choice(low)

    def _settings(self):
        rng = self._rng
        changes = {}
        for row in rng.sample(schema.SETTINGS, rng.randint(1, 3)):
            changes[row[0]] = self._value(row) if rng.random() < 0.85 else rng.choice(JUNK)
        return "settings", changes

    def _value(self, row):
        rng, kind, allowed = self._rng, row[1], row[3]
        if kind == schema.INT:
            return rng.choice((allowed[0], allowed[1], rng.randint(*allowed), row[2]))
        if kind == schema.STR:
            some = {"meter.type": METER_TYPES, "meter.generic_registers": REGISTERS}.get(row[0], ())
            return rng.choice(some + ("x" * allowed[1],))
        return rng.choice(allowed)

    def _request(self):
        rng = self._rng
        if rng.random() < 0.6:
            return "get", rng.choice(PATHS)
        path = rng.choice(("/api/v1/settings", "/api/v1/commands/" + rng.choice(COMMANDS)[0], "/api/v1/commands/x"))
        text = json.dumps(rng.choice(JUNK))
        body = rng.choice((text, text[:-1], "{" * 40, "{\"x\": " + text + "}", "")).encode()
        return "body", ("PUT" if path.endswith("settings") else "POST", path, body)
