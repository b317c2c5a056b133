"""PIN, guest PIN and PUK over HTTP: whoever knows a PIN starts and stops a charge from the page without a card."""

import json

from firmware.access.pins import PinError
from firmware.charging.refusals import words_of
from firmware.services.web.reply import HttpError, Reply
from firmware.services.web.request import json_object, must_be_ours
from firmware.services.web.roles import CONTROL, PUBLIC

_BODY = 256
# code of PinError -> HTTP status; "bad_value" is 422
_STATUS = {"no_pin": 409, "no_puk": 409, "wrong_pin": 403, "wrong_puk": 403, "locked": 403, "wait": 429,
           "charging": 409}
_COMMANDS = ("start", "stop")


class PinsApi:
    """Handlers. pins: access.pins.Pins; gate: access.gate.Gate; asked(): a PIN is asked for here; may_write(): no power flows;
    now_ms(): the clock; note(code, detail): the event log."""

    def __init__(self, pins, gate, asked, may_write, now_ms, note):
        self._pins = pins
        self._gate = gate
        self._asked = asked
        self._may_write = may_write
        self._now_ms = now_ms
        self._note = note

    def routes(self):
        """The table's rows, for Routes."""
        return (
            ("GET", "/api/v1/pin", PUBLIC, self.state, 0),
            ("POST", "/api/v1/pin", PUBLIC, self.unlock, _BODY),
            ("POST", "/api/v1/puk", PUBLIC, self.use_puk, _BODY),
            ("GET", "/api/v1/pins", CONTROL, self.which, 0),
            ("PUT", "/api/v1/pins", CONTROL, self.set, _BODY),
        )

    async def state(self, request, rest):
        """{"asked", "wait_s": until a PIN may be tried, null when too many were wrong}."""
        return Reply(json.dumps({"asked": self._asked(), "wait_s": self._pins.left_s(self._now_ms())}))

    async def unlock(self, request, rest):
        """{"pin", "command": "start" (if none) or "stop"} -> {"result", "id"}. 403 wrong_pin or locked, 429 wait, 409 pin_off,
        no_pin, or why the charger refuses."""
        values = json_object(request.body)
        command = values.get("command", "start")
        if command not in _COMMANDS:
            raise HttpError(422, "bad_value", "command must be one of " + ", ".join(_COMMANDS), "command")
        pin = _text(values, "pin")
        must_be_ours(request)
        if not self._asked():
            raise HttpError(409, "pin_off", "this charger asks for no PIN (setting access.pin)")
        whose = await self._judged(self._pins.check(pin, self._now_ms()))
        reason = self._gate.unlock(whose, command)
        if reason is not None:
            raise HttpError(409, reason, "the charger refuses: " + words_of(reason))
        return Reply(json.dumps({"result": "accepted", "id": whose}))

    async def use_puk(self, request, rest):
        """{"puk", "new_pin"}: the label's PUK replaces a forgotten PIN."""
        values = json_object(request.body)
        puk, new_pin = _text(values, "puk"), _text(values, "new_pin")
        must_be_ours(request)
        self._must_write()
        await self._judged(self._pins.use_puk(puk, new_pin, self._now_ms()))
        self._note("puk_used", "page")
        return Reply("{}")

    async def which(self, request, rest):
        """{"pin": whether one is set, "guest_pin": whether one is set}."""
        found = self._pins.which()
        return Reply(json.dumps({"pin": found["PIN"], "guest_pin": found["guest"]}))

    async def set(self, request, rest):
        """{"pin", "guest_pin"}: new ones; null takes one away, what is not given stays. Also ends a lock after wrong guesses."""
        values = json_object(request.body)
        for name in values:
            if name not in ("pin", "guest_pin"):
                raise HttpError(422, "bad_value", "unknown field %s; allowed: pin, guest_pin" % name, name)
        pin, guest_pin = [_text(values, name) if values.get(name) is not None else "" if name in values else None
                          for name in ("pin", "guest_pin")]
        self._must_write()
        await self._judged(self._pins.set(pin, guest_pin))
        self._note("pins_changed", "page")
        return await self.which(request, rest)

    def _must_write(self):
        if not self._may_write():
            raise HttpError(409, "charging", "PINs cannot be changed while power flows")

    async def _judged(self, work):
        try:
            return await work
        except PinError as error:
            if error.code in ("wrong_pin", "wrong_puk", "locked"):
                self._note(error.code, "page")
            headers = () if error.left_s is None else (("Retry-After", str(error.left_s)),)
            raise HttpError(_STATUS.get(error.code, 422), error.code, error.message, error.field, headers)
        except OSError:
            raise HttpError(503, "flash_failed", "the flash cannot be written; nothing was changed")


def _text(values, name):
    value = values.get(name)
    if not isinstance(value, str) or len(value) > 64:
        raise HttpError(422, "bad_value", name + " must be text", name)
    return value
