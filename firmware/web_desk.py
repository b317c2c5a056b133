"""Everything HTTP in one place: the routes of all APIs, those that are loaded on demand too, the page's files and the server."""

from firmware.drivers import clock
from firmware.on_demand import OnDemand
from firmware.services.web.api import Api
from firmware.services.web.roles import ADMIN, PUBLIC, READ, role_on_loopback
from firmware.services.web.routes import Routes
from firmware.services.web.server import WebServer
from firmware.services.web.static import StaticFiles
from firmware.version import VERSION


class WebDesk:
    """A part of the wiring: takes what it serves from the App. facts: the board's; they may change where the server listens."""

    def __init__(self, app, facts):
        self._app = app
        services = facts.get("services", {})
        api = Api(app.station, app.settings, app.note_error, app.may_save)
        pages = StaticFiles(_page_folder(app.root), VERSION)
        cards = OnDemand(self._cards_api, (
            "firmware.services.web.cards_api", "firmware.services.web.records_api", "firmware.access.cards_csv",
            "firmware.records.export", "firmware.csv_lines")).rows
        records = OnDemand(self._records_api, (
            "firmware.services.web.records_api", "firmware.records.export", "firmware.csv_lines")).rows
        network = OnDemand(self._network_api, ("firmware.services.web.network_api",)).rows
        self.routes = Routes(api.routes() + (
            (None, "/api/v1/cards*", ADMIN, cards, 0),
            (None, "/api/v1/sessions*", READ, records, 0),
            (None, "/api/v1/events*", READ, records, 0),
            (None, "/api/v1/report", ADMIN, records, 0),
            (None, "/api/v1/network*", READ, network, 0),
            ("GET", "/*", PUBLIC, pages.handle, 0),
        ))
        self.server = WebServer(self.routes, services.get("http_host", "0.0.0.0"), services.get("http_port", 80), role_on_loopback,
                                app.note_error)

    def _cards_api(self):
        from firmware.services.web.cards_api import CardsApi
        app = self._app
        return CardsApi(app.cards, app.root + "data/", app.contactor_open, lambda what: app.note_security(what, "page"))

    def _network_api(self):
        from firmware.services.web.network_api import NetworkApi
        app = self._app
        return NetworkApi(app.online.network, app.settings, app.may_save, clock.ticks_ms)

    def _records_api(self):
        from firmware.services.web.records_api import RecordsApi
        app = self._app
        return RecordsApi(app.records, lambda: app.zone, lambda: app.station.facts(personal=False), app.settings)


def _page_folder(root):
    """The page lies beside this file: in the slot, or in the development tree."""
    here = __file__[:__file__.rfind("/")] if "/" in __file__ else root
    return here + "/page"
