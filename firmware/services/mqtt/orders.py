"""Commands that come by MQTT: `…/cmd/<name>` with the arguments as a JSON object, answered on `…/result`."""

import json

from micropython import const

from firmware.charging.commands import CommandError, row_of

SOURCE = "mqtt"
MAX_PAYLOAD = const(2048)
MAX_REQUEST = const(64)         # characters of what is echoed
_MAX_MESSAGE = const(400)
ADMIN = "admin"

# Beside those of the table: one name for both ways, as a switch needs it. name, key, command for true, command for false.
SWITCHES = (("charging", "on", "start", "stop"),)


UPDATE = "update"               # {"install": true}: as the press on the page; needs an administrator


class Orders:
    """station: charging.station.Station. admin: commands that need an administrator are done too. install(): begin the update that
    there is; None, or the code of why not."""

    def __init__(self, station, install):
        self._station = station
        self._install = install
        self.admin = False

    def take(self, name, payload, retained):
        """Do a command; returns the answer as a dict: command, result (accepted, refused or error), and what else is known."""
        name = name[:MAX_REQUEST]
        answer = {"command": name}
        if retained:
            answer.update(_error("retained", None, "a command must not be retained: it would be done again at each connection"))
            return answer
        try:
            args = _arguments(payload)
        except CommandError as error:
            answer.update(_error(error.code, error.field, error.message))
            return answer
        request = args.pop("request", None)
        if isinstance(request, (str, int)) and len(str(request)) <= MAX_REQUEST:
            answer["request"] = request
        try:
            name, args = _plain(name, args)
            needed = ADMIN if name == UPDATE else row_of(name)[2]
            if needed == ADMIN and not self.admin:
                raise CommandError("forbidden", None, "%s needs an administrator: see the setting mqtt.admin" % name)
            answer.update(self._update(args) if name == UPDATE else self._station.command(name, args, SOURCE))
        except CommandError as error:
            answer.update(_error(error.code, error.field, error.message))
        return answer


    def _update(self, args):
        if args != {"install": True}:
            raise CommandError("bad_value", "install", "update needs install: true, and nothing else")
        reason = self._install() if self._station.sources.is_allowed(SOURCE) else "not_allowed"
        return {"result": "accepted"} if reason is None else {"result": "refused", "reason": reason}


def _error(code, field, message):
    return {"result": "error", "reason": code, "field": field and field[:MAX_REQUEST], "message": message[:_MAX_MESSAGE]}


def _arguments(payload):
    if len(payload) > MAX_PAYLOAD:
        raise CommandError("too_long", None, "a command may have %d bytes" % MAX_PAYLOAD)
    try:
        args = json.loads(payload.decode())
    except (ValueError, RuntimeError):          # RuntimeError: nested deeper than MicroPython's stack
        raise CommandError("bad_json", None, "the arguments must be a JSON object, {} where there are none")
    if not isinstance(args, dict):
        raise CommandError("bad_json", None, "the arguments must be a JSON object, {} where there are none")
    return args


def _plain(name, args):
    """A switch's name and value as a command of the table."""
    for switch, key, yes, no in SWITCHES:
        if name == switch:
            if not isinstance(args.get(key), bool) or len(args) != 1:
                raise CommandError("bad_value", key, "%s needs %s: true or false, and nothing else" % (name, key))
            return (yes if args[key] else no), {}
    return name, args
