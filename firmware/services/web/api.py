"""The JSON interface: one table of routes over station and settings."""
import asyncio

from micropython import const

from firmware.charging.commands import COMMANDS, EVERYWHERE, CommandError, row_of
from firmware.charging.facts import FACTS, NAMES
from firmware.charging.refusals import words_of
from firmware.energy import catalogue
from firmware.services.web.live import Live
from firmware.services.web.reply import HttpError, Reply, in_order, json_list_pieces, json_pieces
from firmware.services.web.request import MAX_BODY, json_object
from firmware.services.web.roles import ADMIN, CONTROL, PUBLIC, READ, allows
from firmware.settings.store import SettingError

_COMMAND_BODY = const(2048)                # bytes; the longest command is far shorter
_WHILE_POWER_FLOWS = const(4096)           # bytes of changed settings: reading a certificate takes longer than the loop may wait
_LONGEST_WHILE_POWER_FLOWS = const(512)    # characters of one


class Api:
    """Handlers. station: charging.station.Station; settings: settings.store.Store.

    on_error(where, error) is told about failures that no answer can carry.
    """

    def __init__(self, station, settings, on_error, may_write=lambda: True):
        self._station = station
        self._may_write = may_write       # flash stalls the VM: while power flows, settings wait in RAM
        self._settings = settings
        self._live = Live(station, on_error, self._role_to_look)

    def routes(self):
        """The table's rows, for Routes."""
        looking = self._role_to_look
        return (
            ("GET", "/api/v1/status", looking, self.status, 0),
            ("GET", "/api/v1/stream", looking, self._live.handle, 0),
            ("GET", "/api/v1/facts", PUBLIC, self.facts, 0),
            ("GET", "/api/v1/commands", PUBLIC, self.commands, 0),
            ("POST", "/api/v1/commands/*", CONTROL, self.command, _COMMAND_BODY),
            ("GET", "/api/v1/settings", READ, self.settings, 0),
            ("PUT", "/api/v1/settings", CONTROL, self.change_settings, MAX_BODY),
            ("GET", "/api/v1/settings/table", READ, self.settings_table, 0),
            ("GET", "/api/v1/meters", READ, self.meters, 0),
        )

    def _role_to_look(self):
        return PUBLIC if self._settings.get("status.public") else READ

    async def status(self, request, rest):
        """Every fact, taken at one moment."""
        return Reply(json_pieces(in_order(NAMES, self._station.facts(personal=request.role != PUBLIC))))

    async def facts(self, request, rest):
        """The table of facts itself."""
        return Reply(json_list_pieces("facts", _fact_rows()))

    async def commands(self, request, rest):
        """The table of commands itself."""
        return Reply(json_list_pieces("commands", _command_rows()))

    async def command(self, request, rest):
        """Give the station a command: 200 accepted, 409 refused with the reason, 404 unknown, 422 bad argument."""
        args = json_object(request.body)
        try:
            needed = row_of(rest)[2]
            if not allows(request.role, needed):
                raise HttpError(403, "forbidden", "needs the role " + needed)
            result = self._station.command(rest, args, request.source)
        except CommandError as error:
            raise HttpError(404 if error.code == "unknown_command" else 422, error.code, error.message, error.field)
        if result["result"] != "accepted":
            allowed = "; allowed: " + ", ".join(result["allowed"]) if "allowed" in result else ""
            raise HttpError(409, result["reason"], "the charger refuses %s: %s%s" % (rest, words_of(result["reason"]), allowed))
        return Reply(json_pieces(result.items()))

    async def settings(self, request, rest):
        """Keys and values that the role may see; a secret is null."""
        return Reply(json_pieces(self._values(request)))

    def _values(self, request):
        for row in self._settings.describe(_settings_role(request)):
            yield row["key"], row["value"]

    async def settings_table(self, request, rest):
        """The settings with type, range, unit, and whether the role may write them."""
        return Reply(json_list_pieces("settings", self._settings.describe(_settings_role(request))))

    async def meters(self, request, rest):
        """The meters that meter.type may name: models, what they measure, evidence for their registers, line as shipped."""
        return Reply(json_list_pieces("meters", catalogue.table()))

    async def change_settings(self, request, rest):
        """Change settings, all or nothing; 422 names the one that cannot be. Answers as GET does, and "applied": the changed keys
        that act now, "restart_needed": those that act after a restart."""
        self._must_be_small(len(request.body), _WHILE_POWER_FLOWS, None)
        values = json_object(request.body)
        for key in values:
            self._must_be_small(len(values[key]) if isinstance(values[key], str) else 0, _LONGEST_WHILE_POWER_FLOWS, key)
        try:
            changed = await self._change(values, _settings_role(request))
        except SettingError as error:
            raise HttpError(403 if error.code == "read_only" else 422, error.code, str(error), error.key,
                            rule=error.rule if error.code == "bad_value" else None)
        except OSError:
            raise HttpError(503, "flash_failed", "the flash cannot be written; nothing was changed")
        return Reply(json_pieces(self._values_and_effect(request, sorted(changed))))

    def _must_be_small(self, size, most, key):
        if size > most and not self._may_write():
            raise HttpError(409, "charging", "more than %d bytes cannot be taken while power flows, or in a showroom" % most, key)

    async def _change(self, values, role):
        """What changed; others run after each setting that was looked at."""
        while True:
            for plan in self._settings.planning(values, role):
                if plan is None:
                    await asyncio.sleep_ms(0)
            if self._settings.commit(plan, self._may_write()):
                return plan.changed        # else somebody changed settings meanwhile, and it is looked at anew

    def _values_and_effect(self, request, changed):
        waiting = self._settings.restart_needed
        yield from self._values(request)
        yield "applied", [key for key in changed if key not in waiting]
        yield "restart_needed", [key for key in changed if key in waiting]


def _settings_role(request):
    """The settings know two roles."""
    return "admin" if allows(request.role, ADMIN) else "user"


def _fact_rows():
    for name, unit, kind, null_means, doc in FACTS:
        yield {"name": name, "unit": unit, "type": kind, "null_means": null_means, "doc": doc}


def _command_rows():
    for name, arguments, role, refusals, doc in COMMANDS:
        yield {"name": name, "arguments": [_argument(row) for row in arguments], "role": role,
               "refusals": list(refusals) + [reason for reason in EVERYWHERE if reason not in refusals], "doc": doc}


def _argument(row):
    name, kind, low, high, required = row
    described = {"name": name, "type": kind, "required": required}
    if kind == "choice":
        described["choices"] = list(low)
    elif kind == "plan":
        described["most_steps"], described["highest"] = low, high
    elif kind in ("int", "str"):
        described["lowest" if kind == "int" else "shortest"] = low
        described["highest" if kind == "int" else "longest"] = high
    return described
