"""What the charger's radio and Ethernet socket see: access points of the neighbourhood, who is on its hotspot, the cable, and the
servers behind them."""

import struct

from tools.twin.sockets import WORLD

NAMES = {"pool.ntp.org": WORLD + "1", "time.cloudflare.com": WORLD + "2"}
NTP_PORT = 123
EPOCH_1900_S = 2_208_988_800
AT_HOME = {"home": {"key": "home-network", "rssi_dbm": -58}, "neighbour": {"key": "not-yours-to-know", "rssi_dbm": -79}}
NEW_POINT = {"key": None, "rssi_dbm": -60, "hidden": False, "dhcp": True, "on": True}


class Air:
    """show(hal air) hears of every change; utc_s() is the true time."""

    def __init__(self, show, utc_s=lambda: 0):
        self._show = show
        self._utc_s = utc_s
        self.ntp = "good"           # how the time servers answer
        self.points = {ssid: dict(NEW_POINT, **values) for ssid, values in AT_HOME.items()}
        self.clients = 0
        self.wire = "down"
        self.hotspot = False

    def set_point(self, values):
        """Checked values of the verb `ap`: one access point is new or changed; on false is switched off."""
        self._put(values)
        self.refresh()

    def _put(self, values):
        values = dict(values)
        ssid = values.pop("ssid")
        if values.get("key") == "":
            values["key"] = None
        self.points[ssid] = dict(self.points.get(ssid, NEW_POINT), **values)

    def set(self, values):
        """Checked values of the verb `network`: `aps` replaces all access points, at one moment: who stays is never missing."""
        if "aps" in values:
            self.points = {}
            for one in values["aps"]:
                self._put(one)
        self.clients = values.get("clients", self.clients)
        self.wire = values.get("wire", self.wire)
        self.ntp = values.get("ntp", self.ntp)
        self.refresh()

    def refresh(self):
        """Tell the board."""
        self._show({"aps": [[ssid, point["key"], point["rssi_dbm"], self._flags(point)]
                            for ssid, point in sorted(self.points.items()) if point["on"]],
                    "clients": self.clients, "wire": self.wire})

    @staticmethod
    def _flags(point):
        return ("hidden " if point["hidden"] else "") + ("" if point["dhcp"] else "silent")

    def open_hotspot(self, on):
        """The charger has opened or closed its hotspot; who was on a closed one is gone."""
        self.hotspot = bool(on)
        if not on and self.clients:
            self.clients = 0
            self.refresh()

    def state(self):
        """For the bench."""
        return {"aps": [dict(point, ssid=ssid) for ssid, point in sorted(self.points.items())], "clients": self.clients,
                "wire": self.wire, "hotspot": self.hotspot, "ntp": self.ntp}

    # what is behind the network

    def name(self, host):
        """The address of a server of the world; None for names that it does not know."""
        return NAMES.get(host)

    def datagram(self, data, address):
        """What a server answers, None: nothing."""
        if address[1] != NTP_PORT or self.ntp == "silent" or len(data) != 48:
            return None
        return ntp_answer(data, self._utc_s(), self.ntp)


def ntp_answer(question, utc_s, how="good"):
    """The answer of a time server to 48 bytes, good or bad in one of the ways of NTP."""
    if how == "old":
        utc_s = 1_000_000_000
    stratum, leap, mode, letters = 2, 0, 4, b"\x0a\0\0\1"
    if how.startswith("kiss"):
        stratum, letters = 0, how[5:].upper().encode()
    leap = 3 if how == "unsynchronised" else leap
    mode = 3 if how == "client" else mode
    origin = bytes(8) if how == "forged" else question[40:48]
    now = struct.pack(">II", (utc_s + EPOCH_1900_S) & 0xFFFFFFFF, 1 << 31)
    return bytes((leap << 6 | 4 << 3 | mode, stratum, 6, 0xEC)) + bytes(8) + letters + now + origin + now + now
