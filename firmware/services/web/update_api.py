"""Updates over HTTP: what there is, check and install by a press, a bundle uploaded."""

import json

from firmware.dates import rfc3339
from firmware.services.ota.record import log
from firmware.services.web.reply import HttpError, Reply, json_pieces
from firmware.services.web.request import MAX_UPLOAD, json_object
from firmware.services.web.roles import ADMIN, READ

_PATH = "/api/v1/update"
_BODY = 256


class UpdateApi:
    """Handlers. updates: services.updates.Updates; version: that runs."""

    def __init__(self, updates, version):
        self._updates = updates
        self._version = version

    def routes(self):
        """The table's rows, for Routes."""
        return (
            ("GET", _PATH, READ, self.state, 0),
            ("POST", _PATH + "/check", ADMIN, self.check, _BODY),
            ("POST", _PATH + "/install", ADMIN, self.install, _BODY),
            ("PUT", _PATH + "/bundle", ADMIN, self.bundle, -MAX_UPLOAD),
        )

    async def state(self, request, rest):
        """The fact `update` with the running version ("running") and the update log, newest first."""
        found = self._updates.fact()
        found["running"] = self._version
        found["log"] = [{"utc": rfc3339(entry["utc_s"]), "version": entry["version"], "result": entry["result"],
                         "detail": entry["detail"]} for entry in log(self._updates.root)]
        return Reply(json_pieces(found.items()))

    def _pressed(self, code):
        if code is not None:
            raise HttpError(409, code, "no update now: " + code)
        return Reply(json.dumps({"result": "accepted"}))

    async def check(self, request, rest):
        """Ask the server; the fact `update` tells what it said."""
        return self._pressed(self._updates.check())

    async def install(self, request, rest):
        """Fetch and install; {"downgrade": true} lets an older version in, or one that did not come up before."""
        return self._pressed(self._updates.install(_downgrade(json_object(request.body).get("downgrade", False))))

    async def bundle(self, request, rest):
        """A bundle as `make release` writes it; afterwards it waits to be installed. ?downgrade=true as above."""
        downgrade = _downgrade(request.args.get("downgrade", "false") == "true")
        try:
            await self._updates.upload(request.read, downgrade)
        except HttpError:
            raise
        except OSError:
            raise HttpError(503, "flash_failed", "the flash cannot be written; what runs goes on running")
        except Exception as error:
            if not hasattr(error, "code"):
                raise
            raise HttpError(409 if error.code in ("vehicle", "busy", "no_slots", "showroom", "on_trial") else 422, error.code,
                            str(error))
        return await self.state(request, rest)


def _downgrade(value):
    if not isinstance(value, bool):
        raise HttpError(422, "bad_value", "downgrade must be true or false", "downgrade")
    return value
