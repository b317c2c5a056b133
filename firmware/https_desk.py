"""HTTPS in one place: the second door where the owner wants one and the board can afford it, and the API for its certificate."""

from firmware.drivers import clock
from firmware.on_demand import OnDemand
from firmware.services.web.roles import ADMIN

HTTPS_PORT = 443


class HttpsDesk:
    """A part of the wiring. services: of the board's facts; https_port moves the door. state: "off", "on" or why it is not."""

    def __init__(self, app, services):
        self._app = app
        self._port = services.get("https_port", HTTPS_PORT)
        self._door = None
        self.state = "off"
        if app.settings.get("web.https"):
            self._open()

    def _open(self):
        from firmware.services.web import certificates, https
        app = self._app
        certificate, key, _ = certificates.pair(app.root)
        if certificate is None:
            self.state = "there is no certificate: it comes with provisioning, or is imported"
            return
        try:
            self._door = https.Door(https.context_from(certificate, key, self._scratch()), app.contactor_open, clock.ticks_ms)
            self.state = "on"
        except (ImportError, OSError, ValueError) as error:
            self.state = "the certificate cannot be used (%s)" % error
            app.note_error("https", error)

    def _scratch(self):
        return self._app.root + "data/tls.pem"

    def plain_wanted(self):
        """HTTP has to be served: it is set, there is no other way in, or a phone comes through the hotspot."""
        return self._door is None or self._app.settings.get("web.http") or self._app.online.network.manager.hotspot

    def tasks(self, server):
        """Rows of the table of tasks."""
        if self._door is None:
            return ()
        return (("web https", lambda beat: server.run_secure(self._port, self._door), False, 0),)

    def rows(self):
        """The table's rows, for Routes."""
        load = OnDemand(self._api, ("firmware.services.web.certificates", "firmware.services.web.certificate_api"))
        return ((None, "/api/v1/certificate", ADMIN, load, 0),)

    def _api(self):
        from firmware.services.web.certificate_api import CertificateApi
        app = self._app
        return CertificateApi(app.root, self._try, lambda: self.state, app.contactor_open, app.note_security)

    def _try(self, certificate, key):
        """What TLS thinks of a pair; ValueError or OSError when it cannot be used."""
        from firmware.services.web import https
        https.context_from(certificate, key, self._scratch())
