"""The task that keeps the charger reachable: looks at radio and cable, lets the manager decide, and carries out what it orders."""

import asyncio

from micropython import const

from firmware.services.network.addresses import fallback_from, fixed_from, host_name
from firmware.services.network.known import KnownError, networks_from_text
from firmware.services.network.manager import JOINING, Manager, Seen

_LOOK_MS = const(1000)
_LOOK_JOINING_MS = const(250)
_MOST_ORDERS = const(6)       # per look
_MOST_SHOWN = const(24)       # networks of a scan that are kept for the page


class NetworkService:
    """radio: drivers.radio.Radio, scan(radio.station()) its scan; wire: drivers.ethernet.Ethernet or None; workers: a pool for what
    blocks; hotspot(): (name, key) of the hotspot; name: the host name where no setting has one. tell has note(code, detail) for the
    event log, error(where, error), fault(name, present) and light(word)."""

    def __init__(self, radio, scan, wire, workers, now_ms, hotspot, name, tell):
        self._radio = radio
        self._scan_now = scan
        self._wire = wire
        self._workers = workers
        self._now_ms = now_ms
        self._hotspot = hotspot
        self._tell = tell
        self.manager = Manager(tell.note)
        self.seen = Seen()
        self.networks = []            # of the newest scan: (name, dBm, channel, security, hidden), strongest first
        self.scanned_ms = None
        self.scan_wanted = False      # somebody waits for a scan
        self.known_names = ()
        self._channel = 1
        self._name = name
        self.host = ""
        self._country = "XX"
        self._light = None
        self._begun = False
        self.hotspot_ssid = ""

    # a service

    def tasks(self):
        """Rows of the table of tasks."""
        return (("network", lambda beat: self.run(), False, 0),)

    def apply(self, get):
        """Settings that act at once; the host name is taken at the start."""
        try:
            networks = networks_from_text(get("network.known")) if get("network.wifi") else []
        except KnownError as error:
            self._tell.error("network.known", error)
            networks = []
        self.known_names = tuple([row[0] for row in networks])
        manager = self.manager
        manager.hotspot_mode = get("network.hotspot")
        manager.set_networks(networks, fixed_from(get), fallback_from(get))
        self._channel = get("network.channel")
        self.host = self.host or host_name(get("network.hostname") or self._name) or "mode3"
        country = get("general.country")
        self._country = country if len(country) == 2 else "XX"

    def facts(self):
        """{fact: provider}."""
        return {"network": self.state}

    def state(self):
        """The fact `network`."""
        manager, seen = self.manager, self.seen
        wired = manager.state == "ethernet"
        return {"mode": manager.mode(), "ssid": None if wired else manager.ssid, "ip": self.ip(),
                "rssi_dbm": None if wired else seen.rssi_dbm, "reason": manager.reason, "host": self.host,
                "hotspot": {"open": manager.hotspot, "ssid": self.hotspot_ssid or None, "clients": seen.clients}}

    # what others ask

    def connected(self):
        """A network is there, beyond the hotspot."""
        return self.manager.connected()

    def ip(self):
        """The charger's address in the network; None where there is only the hotspot."""
        return self.seen.wire_ip if self.manager.state == "ethernet" else self.seen.ip if self.manager.connected() else None

    def addresses(self):
        """Ours, as text: in the network and on the hotspot; () while there is none."""
        found = (self.ip(),) if self.ip() else ()
        return found + (self._radio.HOTSPOT_IP,) if self.manager.hotspot else found

    def refuse_hotspot(self, mode):
        """None, or what network.hotspot may be now: who turns the only way in off has locked himself out."""
        if mode == "off" and not self.manager.connected():
            return "auto or always: it can be turned off only while a known network is there"
        return None

    # the task

    def start(self):
        """Before the control loop runs: starting the radio holds the interpreter up to half a second, and no tick shall be late for
        it. What goes wrong is tried again by run()."""
        try:
            self._radio.begin(self.host, self._country)
            self._begun = True
        except (OSError, RuntimeError) as error:
            self._tell.error("network", error)

    async def run(self):
        """Raises what the radio raises at its start; the supervisor tries again."""
        if not self._begun:
            await self._workers.to_thread(self._radio.begin, self.host, self._country)
            self._begun = True
        self.hotspot_ssid = self._hotspot()[0]
        if self._wire is not None:
            try:
                self._wire.begin()
            except (OSError, ValueError, RuntimeError) as error:
                self._tell.error("ethernet", error)
        manager = self.manager
        while True:
            try:
                await self.step()
            except (OSError, RuntimeError) as error:     # the port names what it does not know RuntimeError
                self._tell.error("network", error)
            await asyncio.sleep_ms(_LOOK_JOINING_MS if manager.state == JOINING else _LOOK_MS)

    async def step(self):
        """One look, and what follows from it."""
        manager = self.manager
        self._radio.look(self.seen)
        if self._wire is not None:
            self._wire.look(self.seen)
        for _ in range(_MOST_ORDERS):
            order = manager.tick(self._now_ms(), self.seen)      # the order before may have taken seconds
            if order is None:
                break
            await self._do(order)
        if self.scan_wanted and manager.state != JOINING:
            await self._scan()
        self._tell.fault("network_lost", manager.missing(self._now_ms()))
        light = manager.light()
        if light != self._light:
            self._light = light
            self._tell.light(light)

    async def _do(self, order):
        what = order[0]
        if what == "scan":
            await self._scan()
        elif what == "join":
            self._radio.join(order[1], order[2], order[4])
        elif what == "leave":
            self._radio.leave()
        elif what == "wire":
            if self._wire is not None:
                self._wire.use(order[1])
        elif order[1]:
            ssid, key = self._hotspot()
            if len(key) < 8:
                raise OSError("the hotspot has no key: it stays closed")
            await self._workers.to_thread(self._radio.open_hotspot, ssid, key, self._channel)
        else:
            self._radio.close_hotspot()

    async def _scan(self):
        self.scan_wanted = False
        found = []
        try:
            found = await self._workers.to_thread(self._scan_now, self._radio.station())
        finally:
            self.scanned_ms = self._now_ms()
            self.networks = found[:_MOST_SHOWN]
            self.manager.scanned(self.scanned_ms, [row[0] for row in found])
