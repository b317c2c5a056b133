"""Publication and mails about faults, wired: what they need of the charger, in their words."""

from firmware.drivers import clock
from firmware.on_demand import OnDemand, forget
from firmware.services.publication.fault_mail import FaultMail
from firmware.services.publication.publisher import Publisher
from firmware.services.web.roles import CONTROL


def rows(app):
    """Of the table of routes."""
    def publication_api():
        from firmware.services.web.publication_api import PublicationApi
        return PublicationApi(app.online.publisher, app.online.fault_mail)
    return ((None, "/api/v1/publication*", CONTROL, OnDemand(
        publication_api, ("firmware.services.http_client", "firmware.services.web.publication_api")), 0),)


class PublicationDesk:
    """A part of the wiring: takes what it needs from the App."""

    utc_s = staticmethod(clock.utc_s)

    def __init__(self, app):
        self._app = app

    def services(self, to_thread):
        """(publisher, fault mail)"""
        mail = FaultMail(self, to_thread)
        self._app.station.subscribe(mail.hear, "fault mail")
        return Publisher(self._app.root + "data/publication", self, to_thread), mail

    def sessions(self):
        """Finished sessions, oldest first."""
        records = self._app.records
        return records.sessions.oldest_first(records.stamper.references())

    def csv(self, sessions):
        """The file's lines as bytes: as the page's export gives them."""
        from firmware.records import export
        forget(("firmware.records.export", "firmware.csv_lines"))
        return export.csv_lines(sessions, export.Choice(), self.zone())

    def zone(self):
        """The zone.Zone of now."""
        return self._app.zone

    def name(self):
        """What the charger is called."""
        return self._app.settings.get("station.name") or self._app.serial or "Mode3"

    def address(self):
        """Ours in the network, None while there is none."""
        return self._app.online.network.ip()

    def stamp(self):
        """(start, seconds since, UTC seconds or 0) of now."""
        return self._app.records.stamp()

    def when(self, stamp):
        """A stamp in local time, for people; what is known where the clock was not."""
        from firmware.records import export
        forget(("firmware.records.export", "firmware.csv_lines"))
        boot, uptime_s, utc_s = stamp
        return export.local_time(utc_s, self.zone()) or "start %d, second %d" % (boot, uptime_s)

    def may_write(self):
        """No power flows, so the flash may be touched."""
        return self._app.contactor_open()

    def note(self, code, detail):
        """Into the event log."""
        records = self._app.records
        records.events.add(records.stamp(), "info" if code == "published" else "warning", code, None, detail[:96])

    def error(self, where, error):
        """The flash refused."""
        self._app.note_error(where, error)
