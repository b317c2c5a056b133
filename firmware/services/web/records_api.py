"""Past sessions, events, the month's totals and the maintenance report over HTTP: always streamed, never built in RAM."""

import json

from micropython import const

from firmware.dates import rfc3339
from firmware.records import export
from firmware.records.export import Choice, Totals
from firmware.services.web.reply import HttpError, Reply, json_list_pieces
from firmware.services.web.roles import ADMIN, CONTROL, READ, allows

_PAGE = const(50)
_MOST = const(200)
_CSV = "text/csv; charset=utf-8"
_SEPARATORS = {"": ";", "semicolon": ";", "comma": ",", "tab": "\t"}
_SIGNS = {"": ",", "comma": ",", "point": "."}
_LAST_90_S = const(7776000)


class RecordsApi:
    """Handlers. records: records.keeper.Keeper; zone(): the zone.Zone of now; facts(): all facts, for the report."""

    def __init__(self, records, zone, facts, settings):
        self._records = records
        self._zone = zone
        self._facts = facts
        self._settings = settings

    def routes(self):
        """The table's rows, for Routes."""
        return (
            ("GET", "/api/v1/sessions", READ, self.sessions, 0),
            ("GET", "/api/v1/sessions.csv", READ, self.sessions_csv, 0),
            ("GET", "/api/v1/sessions/totals", READ, self.totals, 0),
            ("GET", "/api/v1/events", READ, self.events, 0),
            ("GET", "/api/v1/report", CONTROL, self.report, 0),
        )

    def _newest_first(self):
        return self._records.sessions.newest_first(self._records.stamper.references())

    def _choice(self, args):
        """?from=2026-11-01&to=2026-11-30 (local days, both included) or month=2026-11 or days=90; uid=, account=, before=."""
        zone = self._zone()
        from_utc = to_utc = 0
        try:
            if args.get("month"):
                from_utc, to_utc = export.month_from_text(args["month"], zone)
            if args.get("from"):
                from_utc = export.day_from_text(args["from"], zone)
            if args.get("to"):
                to_utc = export.day_from_text(args["to"], zone) + 86400
        except ValueError as error:
            raise HttpError(422, "bad_value", str(error), "month" if args.get("month") else "from")
        if args.get("days"):
            days = whole(args, "days", 1, 36500, 90)
            now_s = self._records.stamp()[2]
            from_utc = max(0, now_s - days * 86400)
        return Choice(from_utc, to_utc, args.get("uid", ""), args.get("account", ""), whole(args, "before", 0, 0xFFFFFFFF, 0))

    async def sessions(self, request, rest):
        """A page of past sessions, newest first: {"sessions": […], "next": number to give as `before`, or null}."""
        choice = self._choice(request.args)
        return Reply(self._session_pieces(choice, whole(request.args, "limit", 1, _MOST, _PAGE)))

    def _session_pieces(self, choice, limit):
        yield '{"sessions": ['
        given, last = 0, None
        for session in self._newest_first():
            if not choice.takes(session):
                yield ""
                continue
            if given == limit:
                break
            yield ("" if not given else ", ") + json.dumps(export.as_json(session))
            given += 1
            last = session["number"]
        else:
            last = None
        yield '], "next": %s}' % json.dumps(last)

    async def sessions_csv(self, request, rest):
        """All chosen sessions as CSV. ?separator=semicolon|comma|tab&decimal=comma|point."""
        args = request.args
        separator = _one_of(_SEPARATORS, args, "separator")
        decimal = _one_of(_SIGNS, args, "decimal")
        lines = export.csv_lines(self._newest_first(), self._choice(args), self._zone(), separator, decimal)
        return Reply(lines, kind=_CSV, headers=(("Content-Disposition", 'attachment; filename="sessions.csv"'),))

    async def totals(self, request, rest):
        """Energy and cost by card of a month (?month=2026-11) or of any other choice."""
        choice = self._choice(request.args)
        return Reply(self._total_pieces(choice))

    def _total_pieces(self, choice):
        totals = Totals()
        for session in self._newest_first():
            if choice.takes(session):
                totals.add(session)
            yield ""
        yield from json_list_pieces("cards", _total_rows(totals))

    async def events(self, request, rest):
        """A page of the event log, newest first; ?limit=&before= (the number of an event)&kind=."""
        limit = whole(request.args, "limit", 1, _MOST, _PAGE)
        before = whole(request.args, "before", 0, 0xFFFFFFFF, 0)
        return Reply(json_list_pieces("events", self._event_rows(limit, before or None, request.args.get("kind", ""))))

    def _event_rows(self, limit, before, kind):
        given = 0
        for event in self._records.events.newest_first(self._records.stamper.references(), before):
            if kind and event["kind"] != kind:
                yield None
                continue
            event["utc"] = rfc3339(event.pop("utc_s"))
            yield event
            given += 1
            if given == limit:
                return

    async def report(self, request, rest):
        """The maintenance report: one HTML file without secrets and without persons."""
        return Reply(self._report_pieces("admin" if allows(request.role, ADMIN) else "user"), kind="text/html; charset=utf-8",
                     headers=(("Content-Disposition", 'attachment; filename="report.html"'),))

    def _report_pieces(self, role):
        facts = self._facts()
        yield _REPORT_HEAD % (_escaped(facts.get("station_name") or "Mode3"), _escaped(facts.get("serial") or ""),
                              _escaped(facts.get("version") or ""), _escaped(facts.get("utc") or "clock not set"))
        yield "<h2>Facts</h2><table>"
        for name in sorted(facts):
            yield _row(name, json.dumps(facts[name]))
        yield "</table><h2>Settings</h2><table>"
        for row in self._settings.describe(role):
            if row["class"] == "plain":
                yield _row(row["key"], json.dumps(row["value"]))
        yield "</table><h2>Newest events</h2><table>"
        for event in self._event_rows(_MOST, None, ""):
            yield _row(event["utc"] or "start %d + %d s" % (event["boot"], event["uptime_s"]), "%s %s %s %s" % (
                event["kind"], event["code"], "" if event["value"] is None else event["value"], event["detail"]))
        yield "</table></body></html>\n"


_REPORT_HEAD = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Maintenance report</title><style>
body{font:14px sans-serif;margin:2em}table{border-collapse:collapse}td{border:1px solid #999;padding:2px 6px;vertical-align:top;
overflow-wrap:anywhere}h1 small{font-weight:normal}</style></head><body>
<h1>%s <small>%s</small></h1><p>Mode3 %s, %s</p>"""


def _row(name, value):
    return "<tr><td>%s</td><td>%s</td></tr>\n" % (_escaped(name), _escaped(value))


def _escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _total_rows(totals):
    for uid in sorted(totals.rows):
        count, energy_wh, cost_cents, estimated, user = totals.rows[uid]
        yield {"uid": uid, "user": user, "sessions": count, "energy_wh": energy_wh, "cost_cents": cost_cents,
               "estimated": estimated}


def _one_of(choices, args, name):
    value = args.get(name, "")
    if value not in choices:
        raise HttpError(422, "bad_value", "%s must be one of %s" % (name, ", ".join(sorted([key for key in choices if key]))), name)
    return choices[value]


def whole(args, name, lowest, highest, default):
    """The whole number of a query's argument. Raises HttpError 422."""
    text = args.get(name, "")
    if not text:
        return default
    value = int(text) if text.isdigit() and len(text) <= 10 else -1
    if not lowest <= value <= highest:
        raise HttpError(422, "bad_value", "%s must be a whole number from %d to %d" % (name, lowest, highest), name)
    return value
