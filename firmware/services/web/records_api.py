"""Past sessions and a month's totals over HTTP: always streamed, never built in RAM."""

import json

from micropython import const

from firmware.records import export
from firmware.records.export import Totals
from firmware.services.web.query import CSV, SEPARATORS, SIGNS, download, one_of, whole
from firmware.services.web.reply import Reply, json_list_pieces
from firmware.services.web.roles import READ
from firmware.services.web.session_choice import sessions_chosen

_PAGE = const(50)
_MOST = const(200)


class RecordsApi:
    """Handlers. records: records.keeper.Keeper; zone(): the zone.Zone of now."""

    def __init__(self, records, zone):
        self._records = records
        self._zone = zone

    def routes(self):
        """The table's rows, for Routes."""
        return (
            ("GET", "/api/v1/sessions", READ, self.sessions, 0),
            ("GET", "/api/v1/sessions.csv", READ, self.sessions_csv, 0),
            ("GET", "/api/v1/sessions/totals", READ, self.totals, 0),
        )

    def _newest_first(self, before=0):
        return self._records.sessions.newest_first(self._records.stamper.references(), before)

    def _choice(self, args):
        return sessions_chosen(args, self._zone(), self._records.stamp()[2])

    async def sessions(self, request, rest):
        """A page of past sessions, newest first: {"sessions": […], "next": number to give as `before`, or null}."""
        choice = self._choice(request.args)
        return Reply(self._session_pieces(choice, whole(request.args, "limit", 1, _MOST, _PAGE)), slow=True)

    def _session_pieces(self, choice, limit):
        yield '{"sessions": ['
        given, last = 0, None
        for session in self._newest_first(choice.before):
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
        separator = one_of(SEPARATORS, args, "separator")
        decimal = one_of(SIGNS, args, "decimal")
        return download(export.csv_lines(self._newest_first(), self._choice(args), self._zone(), separator, decimal), CSV,
                        "sessions.csv")

    async def totals(self, request, rest):
        """Energy and cost by card of a month (?month=2026-11) or of any other choice."""
        choice = self._choice(request.args)
        return Reply(self._total_pieces(choice), slow=True)

    def _total_pieces(self, choice):
        totals = Totals()
        for session in self._newest_first():
            if choice.takes(session):
                totals.add(session)
            yield ""
        yield from json_list_pieces("cards", _total_rows(totals))


def _total_rows(totals):
    for uid in sorted(totals.rows):
        count, energy_wh, cost_cents, estimated, user = totals.rows[uid]
        yield {"uid": uid, "user": user, "sessions": count, "energy_wh": energy_wh, "cost_cents": cost_cents,
               "estimated": estimated}
