"""Everything HTTP in one place: the routes of all APIs, those that are loaded on demand too, the page's files and the server."""

from firmware import network_desk, publication_desk, records_desk, update_desk
from firmware.drivers import clock
from firmware.https_desk import HttpsDesk
from firmware.on_demand import OnDemand
from firmware.services.web.api import Api
from firmware.services.web.hosts import Hosts
from firmware.services.web.login_desk import LoginDesk
from firmware.services.web.roles import PUBLIC
from firmware.services.web.routes import Routes
from firmware.services.web.server import WebServer
from firmware.services.web.static import StaticFiles
from firmware.settings_desk import groups as settings_groups
from firmware.version import VERSION

_LOGIN = ("login", "logout", "session", "password", "recover", "tokens*")


class WebDesk:
    """A part of the wiring: takes what it serves from the App. facts: the board's; they may change where the server listens."""

    def __init__(self, app, facts):
        self._app = app
        services = facts.get("services", {})
        api = Api(app.station, app.settings, app.note_error, app.may_save)
        pages = self._pages = StaticFiles(_page_folder(app.root), VERSION)
        login = OnDemand(self._login_api, ("firmware.services.web.login_api",))
        self.login = LoginDesk(app.identity, app.root + "data/passwords", lambda: app.records.stamp()[1], app.contactor_open,
                               app.station.logged_in)
        if self.login.credentials.damage:
            app.note_security("passwords_damaged", self.login.credentials.damage)
        app.records.also_flush(self.login.credentials.flush)
        self.https = HttpsDesk(app, services)
        pins = OnDemand(self._pins_api, ("firmware.access.pins", "firmware.services.web.pins_api"))
        login_rows = tuple([(None, "/api/v1/" + path, PUBLIC, login, 0) for path in _LOGIN])
        wired = (records_desk.rows(app) + update_desk.rows(app) + network_desk.rows(app) + publication_desk.rows(app) +
                 self.https.rows())
        self.routes = Routes(api.routes() + settings_groups(app) + login_rows + wired + (
            (None, "/api/v1/pin*", PUBLIC, pins, 0),
            (None, "/api/v1/puk", PUBLIC, pins, 0),
            ("GET", "/api/v1/openapi.json", PUBLIC, self._describe, 0),
            ("GET", "/*", PUBLIC, pages.handle, 0),
        ))
        self.server = WebServer(self.routes, services.get("http_host", "0.0.0.0"), services.get("http_port", 80),
                                self.login.sessions.role_of, app.note_error)
        self.server.hosts = Hosts(self._host_names, app.online.network.addresses)
        self.server.hosts.captive = app.online.portal.lead
        self.server.plain_wanted = self.https.plain_wanted

    def tasks(self):
        """Rows of the table of tasks."""
        return (("web", lambda beat: self.server.run(), False, 0),) + self.https.tasks(self.server)

    async def _describe(self, request, rest):
        """This description of the API, as OpenAPI 3.1. It is made with the firmware and lies beside the page."""
        return await self._pages.handle(request, "api/openapi.json")

    def _host_names(self):
        serial = (self._app.serial or "").lower()
        names = self._app.settings.get("station.name").lower(), serial, "mode3-" + serial, self._app.online.network.host.lower()
        return [name for name in names if name]

    def _login_api(self):
        from firmware.services.web.login_api import LoginApi
        return LoginApi(self.login, self._app.note_security)

    def _pins_api(self):
        from firmware.access.pins import Pins
        from firmware.services.web.pins_api import PinsApi
        app = self._app
        pins = Pins(app.root + "data/", app.desk.attempts, lambda: app.identity.get("puk"), app.contactor_open)
        return PinsApi(pins, app.gate, lambda: app.settings.get("access.pin"), app.contactor_open, clock.ticks_ms,
                       app.note_security)


def _page_folder(root):
    """The page lies beside this file: in the slot, or in the development tree."""
    here = __file__[:__file__.rfind("/")] if "/" in __file__ else root
    return here + "/page"
