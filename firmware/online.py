"""What talks to the network beyond the page, in one place: each service is built here, has its task and hears of its settings.

A service is an object with tasks() (rows of the table of tasks), apply(get) (settings that act at once) and facts() (fact ->
provider).
"""

from firmware import network_desk
from firmware.clock_desk import ClockDesk
from firmware.drivers import clock
from firmware.publication_desk import PublicationDesk
from firmware.services.mqtt_switch import MqttSwitch
from firmware.services.updates import Updates
from firmware.services.way_out import WayOut
from firmware.services.worker import Workers
from firmware.update_desk import UpdateDesk


class Online:
    """A part of the wiring: takes what the services need from the App. facts: the board's; what `services` says there is the
    twin's: inline_workers (in virtual time nothing blocks), mqtt_thread (in real time a broker may)."""

    def __init__(self, app, facts):
        services = facts.get("services", {})
        self.workers = Workers(inline=services.get("inline_workers", False))
        self._mqtt_workers = Workers(1) if services.get("mqtt_thread") else self.workers
        self._app = app
        self.update_desk = UpdateDesk(app, facts)
        self.way_out = WayOut(self.workers)
        self.updates = Updates(app.root, self.update_desk, self.way_out)
        self.network = network_desk.service(app, facts, self.workers)
        self.portal = network_desk.portal(app, self.network, services)
        self.finder = network_desk.finder(app, self.network, services)
        self.clock_desk = ClockDesk(app, self.network, self.workers.to_thread, network_desk.Tell(app), services)
        self.publisher, self.fault_mail = PublicationDesk(app).services(self.way_out)
        self._mqtt_switch = MqttSwitch(self._mqtt, app.contactor_open)
        self.services = (self.network, self.portal, self.finder, self.clock_desk, self.way_out, self.updates, self._mqtt_switch,
                         self.publisher, self.fault_mail)

    def _mqtt(self):
        from firmware.services.mqtt.service import Mqtt
        app = self._app
        return Mqtt(app.station, app.records, clock, self._mqtt_workers, app.root + "data/",
                    lambda: app.settings.get("identity.serial"), app.contactor_open, self.updates.install)

    async def leave(self):
        """A restart is near: whoever is connected takes its leave, within two seconds."""
        await self._mqtt_switch.leave()

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
