"""What helps to find a fault, in one JSON file without secrets and without persons: downloaded, or sent to an address."""

import gc
import json

from firmware.dates import rfc3339
from firmware.services.http_client import put
from firmware.services.http_failure import HttpFailure
from firmware.services.web.reply import JSON_TYPE, HttpError, Reply
from firmware.services.web.request import json_object
from firmware.services.web.roles import ADMIN

_PATH = "/api/v1/diagnostics"
_BODY = 512
_EVENTS = 300
FORMAT = "mode3-diagnostics 1"


class DiagnosticsApi:
    """Handlers. facts(): {fact: value} without persons; settings: the Store; records: records.keeper.Keeper; more(): {name: value}
    of what else is worth knowing; to_thread: of services/worker.py; note(code, detail): for the event log."""

    def __init__(self, facts, settings, records, more, to_thread, note):
        self._facts = facts
        self._settings = settings
        self._records = records
        self._more = more
        self._to_thread = to_thread
        self._note = note

    def routes(self):
        """The table's rows, for Routes."""
        return (
            ("GET", _PATH, ADMIN, self.download, 0),
            ("POST", _PATH + "/upload", ADMIN, self.upload, -_BODY),
        )

    async def download(self, request, rest):
        """The file."""
        return Reply(self._pieces(), headers=(("Content-Disposition", 'attachment; filename="diagnostics.json"'),))

    async def upload(self, request, rest):
        """{"url": "http://…"}: send it there by PUT. 422 for an address that is none, 409 with the reason of a failure."""
        body = b""
        while True:
            piece = await request.read()
            if not piece:
                break
            body += piece
        url = json_object(body).get("url")
        if not isinstance(url, str):
            raise HttpError(422, "bad_value", "url must be an http address", "url")
        try:
            status = await put(url, self._to_thread, JSON_TYPE, self._pieces())
        except HttpFailure as failure:
            bad = failure.code == "bad_address"
            raise HttpError(422 if bad else 409, failure.code, "not sent: " + str(failure), "url" if bad else None)
        self._note("diagnostics_sent", url.partition("?")[0][:60])
        return Reply(json.dumps({"result": "sent", "status": status}))

    def _pieces(self):
        yield '{"format": "%s"' % FORMAT
        for name, value in self._more().items():
            yield ", %s: %s" % (json.dumps(name), json.dumps(value))
        if hasattr(gc, "mem_free"):
            gc.collect()
            yield ', "heap": {"used": %d, "free": %d}' % (gc.mem_alloc(), gc.mem_free())
        yield ', "facts": '
        facts = self._facts()
        facts["station_name"] = None
        yield from _object(facts.items())
        yield ', "settings": '
        yield from _object(self._plain())
        yield ', "events": ['
        given = 0
        for event in self._records.events.newest_first(self._records.stamper.references()):
            event["utc"] = rfc3339(event.pop("utc_s"))
            if event["kind"] in ("security", "debug"):       # names and addresses of whoever logged in
                event["detail"] = None
            yield (", " if given else "") + json.dumps(event)
            yield ""
            given += 1
            if given == _EVENTS:
                break
        yield "]}\n"

    def _plain(self):
        """Settings that say nothing about persons, and no secrets."""
        for row in self._settings.describe("admin"):
            if row["class"] == "plain":
                yield row["key"], row["value"]


def _object(pairs):
    comma = "{"
    for name, value in pairs:
        yield "%s%s: %s" % (comma, json.dumps(name), json.dumps(value))
        comma = ", "
    yield "{}" if comma == "{" else "}"
