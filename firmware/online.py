"""What talks to the network beyond the page, in one place: each service is built here, has its task and hears of its settings.

A service is an object with tasks() (rows of the table of tasks), apply(get) (settings that act at once) and facts() (fact ->
provider).
"""

from firmware.drivers import clock, ethernet, radio
from firmware.identity import Identity
from firmware.services.network.service import NetworkService
from firmware.services.worker import Workers


class Online:
    """A part of the wiring: takes what the services need from the App. facts: the board's."""

    def __init__(self, app, facts):
        services = facts.get("services", {})
        self.workers = Workers(inline=services.get("workers") == "inline")     # a twin's time stands still for what blocks
        self._app = app
        self.network = NetworkService(radio.Radio(), radio.scan, ethernet.from_board(facts), self.workers, clock.ticks_ms,
                                      self._hotspot, Tell(app))
        app.settings.guard("network.hotspot", self.network.refuse_hotspot)
        self.services = (self.network,)

    def _hotspot(self):
        """(name, key), as the label says."""
        identity = Identity(self._app.root + "identity.json")
        identity.ensure()
        return identity.get("ssid") or self._app.settings.get("identity.serial") or "Mode3", identity.get("hotspot_key")

    def tasks(self):
        """Rows of the table of tasks."""
        rows = ()
        for service in self.services:
            rows += service.tasks()
        return rows

    def apply(self, get):
        """Hand each service its settings."""
        for service in self.services:
            service.apply(get)

    def facts(self):
        """{fact: provider} of all services."""
        found = {}
        for service in self.services:
            found.update(service.facts())
        return found


class Tell:
    """Where services leave what they notice."""

    def __init__(self, app):
        self._app = app
        self.error = app.note_error

    def note(self, code, detail):
        """For the event log; detail: a name or an address, at most 96 bytes."""
        records = self._app.records
        records.events.add(records.stamp(), "info", "network_" + code, None, detail)

    def fault(self, name, present):
        """Begin or end a fault of charging/faults.py."""
        faults = self._app.station.faults
        if present:
            faults.begin(name)
        else:
            faults.end(name)

    def light(self, word):
        """The connection light: of ui/view.py."""
        self._app.panel.view.connection = word
