"""HTTP of cards, sessions, curves, events, statement and report: a part of the wiring. All of it is loaded on demand."""

from firmware.on_demand import OnDemand
from firmware.services.web.roles import CONTROL, READ


def rows(app):
    """The table's rows, for Routes."""
    def cards_api():
        from firmware.services.web.cards_api import CardsApi
        return CardsApi(app.cards, app.root + "data/", app.contactor_open, lambda what: app.note_security(what, "page"),
                        app.desk.teacher)

    def sessions_api():
        from firmware.services.web.records_api import RecordsApi
        return RecordsApi(app.records, lambda: app.zone)

    def curve_api():
        from firmware.services.web.curve_api import CurveApi
        return CurveApi(app.records.curve, app.root + "data/", lambda: app.station.session)

    def events_api():
        from firmware.services.web.events_api import EventsApi
        return EventsApi(app.records, lambda: app.zone, app.contactor_open)

    def statement_api():
        from firmware.services.web.statement_api import StatementApi
        get = app.settings.get
        return StatementApi(app.records, lambda: app.zone, lambda: (
            get("station.name"), app.station.fact("serial") or "", get("general.currency")))

    def report_api():
        from firmware.services.web.report_api import ReportApi
        return ReportApi(app.records, events_api().rows, lambda: app.station.facts(personal=False), app.settings, app.root,
                         app.errors)

    sessions = OnDemand(sessions_api, ("firmware.csv_lines", "firmware.records.export", "firmware.services.web.query",
                                       "firmware.services.web.session_choice", "firmware.services.web.records_api"))
    curves = OnDemand(curve_api, ("firmware.records.curve_log", "firmware.services.web.curve_api"))
    cards = OnDemand(cards_api, ("firmware.csv_lines", "firmware.services.web.query", "firmware.access.cards_csv",
                                 "firmware.services.web.cards_api"))
    events = OnDemand(events_api, ("firmware.csv_lines", "firmware.records.export", "firmware.services.web.query",
                                   "firmware.services.web.events_api"))
    statement = OnDemand(statement_api, ("firmware.csv_lines", "firmware.records.export", "firmware.services.web.query",
                                         "firmware.services.web.paper", "firmware.services.web.statement_api"))
    report = OnDemand(report_api, ("firmware.csv_lines", "firmware.records.export", "firmware.services.web.query",
                                   "firmware.services.web.paper", "firmware.services.web.events_api",
                                   "firmware.services.web.report_api"))
    return (
        (None, "/api/v1/cards*", CONTROL, cards, 0),
        (None, "/api/v1/sessions/totals", READ, sessions, 0),
        (None, "/api/v1/sessions/*", READ, curves, 0),
        (None, "/api/v1/sessions*", READ, sessions, 0),
        (None, "/api/v1/curve", READ, curves, 0),
        (None, "/api/v1/events*", READ, events, 0),
        (None, "/api/v1/statement*", READ, statement, 0),
        (None, "/api/v1/report", CONTROL, report, 0),
    )
