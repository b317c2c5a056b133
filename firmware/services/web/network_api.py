"""The network over HTTP: how the charger is reached, scans, and the known networks. Keys go in and never come out."""

import json

from micropython import const

from firmware.services.network.known import MOST, KnownError, changed, networks_from_text, text_from_networks
from firmware.services.web.reply import HttpError, Reply, json_pieces
from firmware.services.web.request import json_object, unescaped
from firmware.services.web.roles import CONTROL, READ
from firmware.settings.store import SettingError

_BODY = const(512)
_PATH = "/api/v1/network"


class NetworkApi:
    """service: services.network.service.NetworkService; settings: the Store; may_save(): the flash may be touched."""

    def __init__(self, service, settings, may_save, now_ms):
        self._service = service
        self._settings = settings
        self._may_save = may_save
        self._now_ms = now_ms

    def routes(self):
        """The table's rows, for Routes."""
        return (
            ("GET", _PATH, READ, self.state, 0),
            ("POST", _PATH + "/scan", CONTROL, self.scan, 0),
            ("GET", _PATH + "/scan", CONTROL, self.found, 0),
            ("GET", _PATH + "/known", CONTROL, self.known, 0),
            ("PUT", _PATH + "/known/*", CONTROL, self.put, _BODY),
            ("DELETE", _PATH + "/known/*", CONTROL, self.forget, 0),
        )

    async def state(self, request, rest):
        """The fact `network`."""
        return Reply(json_pieces(self._service.state().items()))

    async def scan(self, request, rest):
        """Look for networks: GET .../scan has them some seconds later."""
        self._service.scan_wanted = True
        return Reply('{"scanning": true}')

    async def found(self, request, rest):
        """{"scanning", "age_s": of the list, null while there is none, "networks": strongest first}."""
        service = self._service
        since = service.scanned_ms
        age_s = None if since is None else ((self._now_ms() - since) & 0x3FFFFFFF) // 1000
        return Reply(self._found_pieces(service, age_s))

    def _found_pieces(self, service, age_s):
        yield '{"scanning": %s, "age_s": %s, "networks": [' % (json.dumps(service.scan_wanted), json.dumps(age_s))
        comma = ""
        shown = []
        for name, rssi_dbm, channel, security, hidden in service.networks:
            if name and name in shown:      # one name, several access points: the strongest stands for all
                continue
            shown.append(name)
            yield comma + json.dumps({"ssid": name or None, "rssi_dbm": rssi_dbm, "channel": channel, "security": security,
                                      "hidden": hidden, "known": name in service.known_names})
            comma = ", "
        yield "]}"

    async def known(self, request, rest):
        """{"known": [{"ssid", "hidden", "has_key", "joined"}], "most"}: in the order in which they are tried."""
        rows = [{"ssid": row[0], "hidden": row[2], "has_key": row[1] != "", "joined": self._joined(row[0])}
                for row in self._networks()]
        return Reply(json.dumps({"known": rows, "most": MOST}))

    def _joined(self, ssid):
        manager = self._service.manager
        return manager.state == "wifi" and manager.ssid == ssid

    async def put(self, request, rest):
        """Add or change a network: {"key", "hidden", "priority": 0 is tried first}. It is tried at once where none is there."""
        values = json_object(request.body)
        ssid = self._ssid(rest)
        try:
            self._keep(changed(self._networks(), ssid, values))
        except KnownError as error:
            raise HttpError(422, "bad_value", error.message, error.field)
        if not self._service.connected():
            self._service.manager.retry()
        return await self.known(request, "")

    async def forget(self, request, rest):
        """Forget a network."""
        networks, ssid = self._networks(), self._ssid(rest)
        left = [row for row in networks if row[0] != ssid]
        if len(left) == len(networks):
            raise HttpError(404, "unknown_network", "this network is not known")
        self._keep(left)
        return await self.known(request, "")

    def _ssid(self, rest):
        try:
            return unescaped(rest)
        except ValueError:
            raise HttpError(400, "bad_request", "the network's name is not well escaped")

    def _networks(self):
        try:
            return networks_from_text(self._settings.get("network.known"))
        except KnownError:
            return []

    def _keep(self, networks):
        try:
            self._settings.set_many({"network.known": text_from_networks(networks)}, save=self._may_save())
        except SettingError:
            raise HttpError(422, "bad_value", "these networks have no room: forget one first", "ssid")
        except OSError:
            raise HttpError(503, "flash_failed", "the flash cannot be written; nothing was changed")
