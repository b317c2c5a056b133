"""The network, wired: what its services need of the charger, in its words, and the routes of its API."""

from firmware.drivers import clock, radio
from firmware.on_demand import OnDemand
from firmware.services.network.portal import DNS_PORT, Portal
from firmware.services.network.service import NetworkService
from firmware.services.network.ssdp import DESCRIPTION, PORT, Finder
from firmware.services.web.roles import PUBLIC, READ
from firmware.version import VERSION


def rows(app):
    """Of the table of routes."""
    def network_api():
        from firmware.services.web.network_api import NetworkApi
        return NetworkApi(app.online.network, app.settings, app.may_save, clock.ticks_ms)
    return ((None, "/api/v1/network*", READ, OnDemand(network_api, ("firmware.services.web.network_api",)), 0),
            ("GET", DESCRIPTION, PUBLIC, app.online.finder.describe, 0))


def service(app, facts, workers):
    """The task that keeps the charger reachable. facts: the board's."""
    def hotspot():
        """(name, key), as the label says."""
        return app.identity.get("ssid") or app.serial or "Mode3", app.identity.get("hotspot_key")
    wire = None
    if facts.get("ethernet"):
        from firmware.drivers.ethernet import from_board  # most boards have none: no heap for them
        wire = from_board(facts)
    made = NetworkService(radio.Radio(), radio.scan, wire, workers, clock.ticks_ms, hotspot,
                          "mode3-" + (app.serial or "charger").lower(),
                          Tell(app))
    app.settings.guard("network.hotspot", made.refuse_hotspot)
    return made


def portal(app, network, services):
    """Who leads guests of the hotspot to our page. services: what the board's facts say of a twin."""
    return Portal(lambda: network.manager.hotspot, services.get("hotspot_ip", radio.Radio.HOTSPOT_IP), app.note_error,
                  services.get("dns_port", DNS_PORT), services.get("http_port", 80))


def finder(app, network, services):
    """Who answers searches by SSDP."""
    def names():
        return app.serial or "", app.settings.get("station.name")
    return Finder(network.ip, names, VERSION, app.note_error, services.get("ssdp_port", PORT), services.get("http_port", 80))


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
