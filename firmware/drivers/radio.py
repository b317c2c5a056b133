"""Wi-Fi: the station that joins networks and the hotspot, as stock MicroPython gives them.

Joining is left to the radio, which tells how it went; an attempt is given up after three tries of its own, as it tells a wrong key
only then. A scan takes two seconds and lets others run: it belongs into a worker.
"""

import network
from micropython import const

MOST_CLIENTS = const(4)
_RECONNECTS = const(2)        # tries after the first
_SECURITY = ("open", "wep", "wpa", "wpa2", "wpa/wpa2", "enterprise", "wpa3", "wpa2/wpa3")
_FAILURES = ((network.STAT_WRONG_PASSWORD, "wrong_key"), (network.STAT_NO_AP_FOUND, "not_found"), (15, "wrong_key"),
             (network.STAT_HANDSHAKE_TIMEOUT, "wrong_key"))      # 15: the 4-way handshake timed out, which a wrong key does


class Radio:
    """begin() before anything else. Methods raise OSError when the radio refuses."""

    HOTSPOT_IP = "192.168.4.1"    # what the port gives its hotspot, with a DHCP server behind it

    def __init__(self):
        self._station = None
        self._hotspot = None
        self._joining = False
        self._fixed = False

    def begin(self, name, country):
        """Start the station under a host name, which mDNS answers to; holds the interpreter up to half a second."""
        network.hostname(name)
        network.country(country)      # kept for ports that use it: the ESP32's does not
        self._hotspot = network.WLAN(network.AP_IF)
        self._station = network.WLAN(network.STA_IF)
        self._station.active(True)
        self._station.config(pm=network.WLAN.PM_NONE, reconnects=_RECONNECTS)     # power saving costs 0.1-0.3 s per answer

    def look(self, seen):
        """Fill in what network.manager.Seen has of Wi-Fi."""
        station = self._station
        seen.ip = seen.rssi_dbm = None
        seen.hotspot = self._hotspot.active()
        seen.clients = len(self._hotspot.status("stations")) if seen.hotspot else 0
        if not self._joining:
            seen.station = "idle"
            return
        try:
            seen.rssi_dbm = station.status("rssi")       # only one that is joined has it
        except OSError:
            seen.rssi_dbm = None
        if station.isconnected():
            seen.station = "up"
            seen.ip = station.ifconfig()[0]
        elif seen.rssi_dbm is not None:
            seen.station = "no_address"
        else:
            status = station.status()
            seen.station = "joining" if status in (network.STAT_CONNECTING, network.STAT_IDLE) else "failed"
            for code, word in _FAILURES:
                if status == code:
                    seen.station = word

    def join(self, ssid, key, address):
        """Begin to join. address: None for DHCP, or (ip, mask, gateway, dns)."""
        station = self._station
        if self._joining:
            self.leave()
        if address is not None:
            station.ifconfig(address)
        elif self._fixed:
            station.ifconfig("dhcp")          # raises where the DHCP client runs already
        self._fixed = address is not None
        self._joining = True
        station.connect(ssid, key or None)

    def leave(self):
        """Leave, or stop trying to join."""
        if self._joining:
            self._joining = False
            self._station.disconnect()

    def station(self):
        """What scan() takes."""
        return self._station

    def open_hotspot(self, ssid, key, channel):
        """Never open without its key: the network is named and locked before it is on the air."""
        self._hotspot.config(ssid=ssid, key=key, security=network.AUTH_WPA2_PSK, channel=channel, max_clients=MOST_CLIENTS)
        self._hotspot.active(True)

    def close_hotspot(self):
        """Who is on it loses it."""
        self._hotspot.active(False)


def scan(station):
    """[(name, dBm, channel, security in words, hidden)] of what is in reach, strongest first; a name that is no text is left out.
    Blocks for two seconds."""
    found = []
    for row in station.scan():
        try:
            name = row[0].decode()
        except ValueError:
            continue
        security = _SECURITY[row[4]] if row[4] < len(_SECURITY) else "other"
        found.append((name, row[3], row[2], security, bool(row[5]) or not name))
    found.sort(key=_strength)
    return found


def _strength(row):
    return -row[1]
