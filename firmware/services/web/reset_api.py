"""Factory reset over HTTP: tells what will go, then orders it; the restart that follows does it."""

import json

from firmware.services.web.reply import HttpError, Reply
from firmware.services.web.request import json_object
from firmware.services.web.roles import ADMIN

_PATH = "/api/v1/factory_reset"
_BODY = 256
# what stays whatever is ordered
_STAYS = ("firmware", "identity", "certificate", "life_totals", "starts", "updates")


class ResetApi:
    """Handlers. contents(): {what: bytes} of what is there; order(cards): orders it and the restart, False while a vehicle charges,
    OSError from the flash."""

    def __init__(self, contents, order):
        self._contents = contents
        self._order = order

    def routes(self):
        """The table's rows, for Routes."""
        return (
            ("GET", _PATH, ADMIN, self.tell, 0),
            ("POST", _PATH, ADMIN, self.reset, _BODY),
        )

    async def tell(self, request, rest):
        """What a reset takes away: {"clears": [{"what", "bytes"}], "keeps": [what]}; cards only where they are ordered to go."""
        found = self._contents()
        clears = [{"what": what, "bytes": found[what]} for what in sorted(found)]
        return Reply(json.dumps({"clears": clears, "keeps": list(_STAYS)}))

    async def reset(self, request, rest):
        """{"cards": true or false}: everything personal goes, cards too where true; then the charger restarts with its wizard. 409
        while a vehicle charges."""
        args = json_object(request.body)
        for key in sorted(args):
            if key != "cards":
                raise HttpError(422, "unknown_argument", "factory_reset takes no %s; allowed: cards" % key, key)
        if type(args.get("cards")) is not bool:
            raise HttpError(422, "bad_value", "cards must be true (they go) or false (they stay)", "cards")
        try:
            done = self._order(args["cards"])
        except OSError:
            raise HttpError(503, "flash_failed", "the flash cannot be written; nothing was reset")
        if not done:
            raise HttpError(409, "charging", "no factory reset while a vehicle charges")
        return Reply(json.dumps({"restarting": True}))
