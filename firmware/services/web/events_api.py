"""The event log over HTTP: by pages, as a file, deleted, and more of it for a while. Only installers see security's details."""

import json

from micropython import const

from firmware.csv_lines import line_from_cells
from firmware.dates import rfc3339
from firmware.records.debug import MOST_MINUTES
from firmware.records.export import local_time
from firmware.services.web.query import CSV, SEPARATORS, download, one_of, whole
from firmware.services.web.reply import HttpError, Reply
from firmware.services.web.request import json_object
from firmware.services.web.roles import ADMIN, READ, allows

_PATH = "/api/v1/events"
_PAGE = const(50)
_MOST = const(200)
_BODY = const(64)
_COLUMNS = ("number", "time", "start", "uptime_s", "kind", "code", "value", "detail")


class EventsApi:
    """Handlers. records: records.keeper.Keeper; zone(): the zone.Zone of now; may_write(): no power flows, the flash may be
    touched."""

    def __init__(self, records, zone, may_write):
        self._records = records
        self._zone = zone
        self._may_write = may_write

    def routes(self):
        """The table's rows, for Routes."""
        return (
            ("GET", _PATH, READ, self.events, 0),
            ("GET", _PATH + ".csv", READ, self.events_csv, 0),
            ("DELETE", _PATH, ADMIN, self.clear, 0),
            ("PUT", _PATH + "/debug", ADMIN, self.debug, _BODY),
        )

    async def events(self, request, rest):
        """Newest first; ?limit=&before= (the number of an event)&kind= -> {"debug_left_s", "events": […], "next": number to give as
        `before`, or null}."""
        limit = whole(request.args, "limit", 1, _MOST, _PAGE)
        before = whole(request.args, "before", 0, 0xFFFFFFFF, 0)
        return Reply(self._pieces(self.rows(request.role, before, request.args.get("kind", "")), limit), slow=True)

    def _pieces(self, rows, limit):
        yield '{"debug_left_s": %d, "events": [' % self._records.debug.left_s(self._records.stamp())
        given, last = 0, None
        for event in rows:
            if event is None:
                yield ""
                continue
            if given == limit:
                break
            event["utc"] = rfc3339(event.pop("utc_s"))
            yield (", " if given else "") + json.dumps(event)
            given += 1
            last = event["seq"]
        else:
            last = None
        yield '], "next": %s}' % json.dumps(last)

    def rows(self, role, before=0, kind=""):
        """Yields the events that a role may see, downwards; None for each that is left out."""
        everything = allows(role, ADMIN)
        for event in self._records.events.newest_first(self._records.stamper.references(), before or None):
            if kind and event["kind"] != kind or event["kind"] == "debug" and not everything:
                yield None
                continue
            if event["kind"] == "security" and not everything:
                event["value"], event["detail"] = None, ""
            yield event

    async def events_csv(self, request, rest):
        """All of them; ?separator=semicolon|comma|tab&kind=."""
        separator = one_of(SEPARATORS, request.args, "separator")
        rows = self.rows(request.role, 0, request.args.get("kind", ""))
        return download(_csv_lines(rows, self._zone(), separator), CSV, "events.csv")

    async def clear(self, request, rest):
        """Delete all of it. The first event of the new log says so."""
        if not self._may_write():
            raise HttpError(409, "charging", "the event log cannot be deleted while power flows")
        records = self._records
        try:
            records.events.clear()
        except OSError:
            raise HttpError(503, "flash_failed", "the flash cannot be written")
        records.events.add(records.stamp(), "security", "events_deleted", None, "page")
        records.flush()
        return Reply("{}")

    async def debug(self, request, rest):
        """{"minutes"}: so long more is told; 0 ends it, and so does a restart."""
        values = json_object(request.body)
        minutes = values.get("minutes")
        if type(minutes) is not int or not 0 <= minutes <= MOST_MINUTES or len(values) != 1:
            raise HttpError(422, "bad_value", "minutes must be a whole number from 0 to %d" % MOST_MINUTES, "minutes")
        records = self._records
        stamp = records.stamp()
        records.debug.start(stamp, minutes)
        records.events.add(stamp, "info", "debug_on" if minutes else "debug_off", minutes, "page")
        return Reply(json.dumps({"debug_left_s": records.debug.left_s(stamp)}))


def _csv_lines(rows, zone, separator):
    yield b"\xef\xbb\xbf" + line_from_cells(_COLUMNS, separator).encode() + b"\r\n"
    for event in rows:
        if event is None:
            yield b""
            continue
        value = event["value"]
        yield line_from_cells((
            str(event["seq"]), local_time(event["utc_s"], zone), str(event["boot"]), str(event["uptime_s"]), event["kind"],
            event["code"], "" if value is None else str(value), event["detail"]), separator).encode() + b"\r\n"
