"""What the charger's radio and Ethernet socket see: access points of the neighbourhood, who is on its hotspot, the cable."""

AT_HOME = {"home": {"key": "home-network", "rssi_dbm": -58}, "neighbour": {"key": "not-yours-to-know", "rssi_dbm": -79}}
NEW_POINT = {"key": None, "rssi_dbm": -60, "hidden": False, "dhcp": True, "on": True}


class Air:
    """show(hal air) hears of every change."""

    def __init__(self, show):
        self._show = show
        self.points = {ssid: dict(NEW_POINT, **values) for ssid, values in AT_HOME.items()}
        self.clients = 0
        self.wire = "down"
        self.hotspot = False

    def set_point(self, values):
        """Checked values of the verb `ap`: one access point is new or changed; on false is switched off."""
        values = dict(values)
        ssid = values.pop("ssid")
        if values.get("key") == "":
            values["key"] = None
        self.points[ssid] = dict(self.points.get(ssid, NEW_POINT), **values)
        self.refresh()

    def set(self, values):
        """Checked values of the verb `network`: `aps` replaces all access points."""
        if "aps" in values:
            self.points = {}
            for one in values["aps"]:
                self.set_point(one)
        self.clients = values.get("clients", self.clients)
        self.wire = values.get("wire", self.wire)
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
                "wire": self.wire, "hotspot": self.hotspot}
