"""The maintenance report: one HTML file with all that a technician asks for, without secrets and without persons. Streamed."""

import gc
import json
import os
import sys

from firmware.charging.faults import STATUS_BITS
from firmware.dates import rfc3339
from firmware.services.web import paper
from firmware.services.web.query import download
from firmware.services.web.roles import ADMIN, CONTROL, allows

_EVENTS = 200                  # newest, of all kinds
_UPDATES = 50                  # newest, of updates and starts
# what tells of persons, of the moment of asking alone, or stands elsewhere in the report
_LEFT_OUT = ("station_name", "account", "last_refusal", "flags", "board")
# heading, facts; the rest of the facts comes last
_SECTIONS = (
    ("Identity", ("serial", "version", "boot_number", "reset_cause", "uptime_s", "utc")),
    ("States", ("overview_state", "session_state", "cp_state", "ev_state", "contactor", "availability", "service_mode", "mode",
                "smart_state", "authorized", "step", "why_not_charging", "session")),
    ("Currents and power", ("offered_ma", "limit_ma", "limited_by", "limit_reason", "ceilings", "drawn_phases_ma",
                            "voltage_phases_v", "power_phases_w", "power_w", "phases", "phases_used", "energy_wh",
                            "energy_phases_wh", "meter_source", "meter_age_s", "meter_model", "meter_bus", "supply_present")),
    ("Life", ("life_energy_wh", "life_charging_s")),
    ("Network", ("network", "mqtt", "clock", "update", "restart_needed")),
)


class ReportApi:
    """Handlers. records: records.keeper.Keeper; events(role): rows as events_api gives them; facts(): all facts, without persons;
    settings: settings.store.Store; root: the folder of board.json; errors: where -> newest failure."""

    def __init__(self, records, events, facts, settings, root, errors):
        self._records = records
        self._events = events
        self._facts = facts
        self._settings = settings
        self._root = root
        self._errors = errors

    def routes(self):
        """The table's rows, for Routes."""
        return (("GET", "/api/v1/report", CONTROL, self.report, 0),)

    async def report(self, request, rest):
        """The file. An installer's has more settings than a user's."""
        facts = self._facts()
        role = "admin" if allows(request.role, ADMIN) else "user"
        serial = "".join([char for char in facts.get("serial") or "" if char.isalpha() and ord(char) < 128 or char.isdigit()])
        return download(self._pieces(facts, role), paper.HTML, "report%s.html" % ("-" + serial if serial else ""))

    def _pieces(self, facts, role):
        board = facts.get("board") or {}
        yield from paper.head("en", "Maintenance report", (
            "Charger %s, firmware %s, board %s" % (facts.get("serial") or "without serial number", facts.get("version"),
                                                   board.get("name")),
            "Made %s, start %s, %s s after it" % (facts.get("utc") or "while the clock is not set", facts.get("boot_number"),
                                                  facts.get("uptime_s"))))
        yield from self._now(facts)
        yield _title("Hardware configuration")
        for name in ("lacks", "socket", "failing"):
            yield paper.pair(name, words(board.get(name)), "warn" if name == "failing" and board.get(name) else "")
        yield from _board(self._root + "board.json")
        yield paper.END_TABLE
        yield _title("Settings of the role %s, without secrets and persons" % role)
        for row in self._settings.describe(role):
            if row["class"] == "plain":
                yield paper.pair(row["key"], words(row["value"]) + (" " + row["unit"] if row["unit"] else "") +
                                 ("" if row["is_set"] else " (default)"))
        yield paper.END_TABLE
        yield from self._machine()
        yield "<h2>Starts and updates</h2>"
        yield from self._log(_UPDATES, ("boot", "update"))
        yield "<h2>Newest events</h2>"
        yield from self._log(_EVENTS, ())
        yield "<h2>Messages of the central system</h2><p>This version has no connection to a central system.</p>"
        yield paper.END

    def _now(self, facts):
        """What the facts say at this moment."""
        yield "<h2>Active faults</h2>"
        faults = facts.pop("faults", None) or ()
        active = [fault.get("status") for fault in faults]
        if faults:
            yield paper.table(("Code", "Name", "Severity", "Kind", "Since", "Status bit"))
            for fault in faults:
                names = ("code", "name", "severity", "kind", "since", "status")
                yield paper.row([words(fault.get(name)) for name in names], (), "warn")
            yield paper.END_TABLE
        else:
            yield "<p>None.</p>"
        for title, names in _SECTIONS:
            yield _title(title)
            for name in names:
                if name in facts:
                    yield paper.pair(name, words(facts.pop(name)))
            yield paper.END_TABLE
        yield "<h2>Status bits</h2>" + paper.table(("Bit", "Name", "State"))
        number = 0
        for name, why in STATUS_BITS:
            state = "set" if name in active else "not raised: " + why if why else "–"
            yield paper.row((str(number), name, state), (), "warn" if name in active else "")
            number += 1
        yield paper.END_TABLE + "<h2>Tasks</h2>" + paper.table(("Task", "Critical", "Restarts", "Newest failure"))
        for task in facts.pop("tasks", None) or ():
            yield paper.row([words(task.get(name)) for name in ("name", "critical", "restarts", "last_error")], (),
                            "warn" if task.get("last_error") else "")
        yield paper.END_TABLE + _title("Further values")
        for name in sorted(facts):
            if name not in _LEFT_OUT:
                yield paper.pair(name, words(facts[name]))
        yield paper.END_TABLE

    def _machine(self):
        """Memory, flash, records, and what went wrong within."""
        records = self._records
        yield _title("Memory and records")
        yield paper.pair("interpreter", "%s %s on %s" % (sys.implementation.name, ".".join(
            [str(part) for part in tuple(getattr(sys.implementation, "version", ()))[:3]]), sys.platform))
        if hasattr(gc, "mem_free"):
            yield paper.pair("heap", "%d B free, %d B used" % (gc.mem_free(), gc.mem_alloc()))
        if hasattr(os, "statvfs"):
            disk = os.statvfs(self._root)
            yield paper.pair("flash", "%d kB free of %d kB" % (disk[1] * disk[3] // 1024, disk[1] * disk[2] // 1024))
        yield paper.pair("sessions", "%d kept, newest %d" % (records.sessions.count(), records.sessions.last_number()))
        yield paper.pair("events", "%d kept, %d wait" % (records.events.count(), records.events.waiting))
        if records.failing or records.last_error:
            yield paper.pair("flash failure", words(records.last_error), "warn")
        for line in [records.life.damage, records.stamper.damage, records.sessions.damage] + records.events.damage + (
                records.sessions.log_damage):
            if line:
                yield paper.pair("damage", line, "warn")
        for where in sorted(self._errors):
            yield paper.pair("failure in " + where, self._errors[where], "warn")
        yield paper.END_TABLE

    def _log(self, most, kinds):
        yield paper.table(("No.", "Time", "Kind", "Code", "Value", "Detail"), (0, 4))
        for event in self._events("control"):
            if event is None or kinds and event["kind"] not in kinds:
                yield ""
                continue
            yield paper.row((str(event["seq"]), rfc3339(event["utc_s"]) or "start %d + %d s" % (event["boot"], event["uptime_s"]),
                             event["kind"], event["code"], words(event["value"], ""), event["detail"]), (0, 4),
                            "warn" if event["kind"] in ("fault", "warning") else "")
            most -= 1
            if not most:
                break
        yield paper.END_TABLE


def _title(text):
    return "<h2>%s</h2>%s" % (paper.escaped(text), paper.table())


def _board(path):
    """The board's own file, a level deep."""
    try:
        with open(path) as file:
            facts = json.load(file)
    except (OSError, ValueError) as error:
        yield paper.pair("board.json", "cannot be read: %s" % error, "warn")
        return
    for name in sorted(facts):
        value = facts[name]
        if isinstance(value, dict):
            value = dict([(key, value[key]) for key in value if value[key] is not None])
        yield paper.pair(name, words(value))


def words(value, nothing="–"):
    """A fact for people: lists of objects a line each, and of an object what is known."""
    if value is None or value == [] or value == {} or value == "":
        return nothing
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(["%s %s" % (key, words(value[key])) for key in sorted(value) if value[key] is not None]) or nothing
    if isinstance(value, (list, tuple)):
        lines = [words(part) for part in value]
        return ("\n" if any([isinstance(part, dict) for part in value]) else ", ").join(lines)
    return str(value)
