"""`network`: a radio whose access points are the world's; the sockets behind it are the host's."""
import _twin

_port = _twin.port
_hal = _port.hal
_costs = _twin.costs

STA_IF = 0
AP_IF = 1
MODE_11B = 1
MODE_11G = 2
MODE_11N = 4
AUTH_OPEN = 0
AUTH_WEP = 1
AUTH_WPA_PSK = 2
AUTH_WPA2_PSK = 3
AUTH_WPA_WPA2_PSK = 4
AUTH_WPA3_PSK = 6
AUTH_WPA2_WPA3_PSK = 7
STAT_IDLE = 1000
STAT_CONNECTING = 1001
STAT_GOT_IP = 1010
STAT_BEACON_TIMEOUT = 200
STAT_NO_AP_FOUND = 201
STAT_WRONG_PASSWORD = 202
STAT_ASSOC_FAIL = 203
STAT_HANDSHAKE_TIMEOUT = 204

_CONNECT_US = 1_000_000  # scan, authentication and DHCP take about that
_names = {"hostname": "mpy-esp32s3" if _hal.chip == "esp32s3" else "mpy-esp32", "country": "XX"}


def hostname(*x):
    """The name on the network and of the mDNS answer; at most 32 characters."""
    if not x:
        return _names["hostname"]
    if not isinstance(x[0], str) or len(x[0]) > 32:
        raise ValueError("name too long")
    _names["hostname"] = x[0]


def country(*x):
    if not x:
        return _names["country"]
    if not isinstance(x[0], str) or len(x[0]) != 2:
        raise ValueError("invalid country")
    _names["country"] = x[0]


class WLAN:
    """One of the two interfaces; every WLAN(i) speaks of the same one."""

    IF_STA = 0
    IF_AP = 1
    SEC_OPEN = 0
    SEC_WPA2 = 3
    PM_NONE = 0
    PM_PERFORMANCE = 1
    PM_POWERSAVE = 2

    def __new__(cls, interface=0):
        if interface not in (0, 1):
            raise ValueError("invalid WLAN interface identifier")
        if interface not in _interfaces:
            self = object.__new__(cls)
            self._begin(interface)
            _interfaces[interface] = self
        return _interfaces[interface]

    def _begin(self, interface):
        self._if = interface
        self._active = False
        self._status = STAT_IDLE
        self._ssid = ""
        self._wanted = None
        self._clients = []
        self._config = {"pm": WLAN.PM_PERFORMANCE, "reconnects": -1, "txpower": 20, "channel": 1, "hidden": False,
                        "max_clients": 4, "security": 0, "password": "", "mac": bytes([2, 0x4D, 0x33, 0, 0, interface])}
        self._if_config = ("0.0.0.0",) * 4

    def active(self, *x):
        if x and bool(x[0]) != self._active:
            if x[0]:
                _port.hold(_costs.WLAN_ACTIVE_US)
            self._active = bool(x[0])
            if not self._active:
                self._drop()
            elif self._if == WLAN.IF_AP:
                self._if_config = ("192.168.4.1", "255.255.255.0", "192.168.4.1", "192.168.4.1")
            _port.radio_on = any(i._active for i in _interfaces.values())
        return self._active

    def _drop(self):
        self._status = STAT_IDLE
        self._wanted = None
        self._if_config = ("0.0.0.0",) * 4

    def _need(self):
        if not self._active:
            raise OSError("Wifi Not Started")

    def connect(self, ssid=None, key=None, *, bssid=None):
        """Begins to connect and returns at once; status() tells how it went about a second later."""
        self._need()
        if self._if != WLAN.IF_STA:
            raise OSError("STA required")
        if ssid is not None:
            self._wanted = (ssid, key)
        if self._wanted is None:
            raise OSError("Wifi Invalid Argument")
        self._ssid = self._wanted[0]
        self._since_us = _hal.clock.now_us
        self._status = STAT_CONNECTING

    def disconnect(self):
        self._need()
        self._drop()

    def _look(self):
        """The radio retries for ever by itself: what the air holds now decides."""
        if self._wanted is None or self._status == STAT_IDLE:
            return self._status
        point = _hal.networks.get(self._ssid)
        if point is None:
            if self._status == STAT_GOT_IP:
                self._status = STAT_BEACON_TIMEOUT
                self._if_config = ("0.0.0.0",) * 4
            elif self._status == STAT_CONNECTING and self._passed():
                self._status = STAT_NO_AP_FOUND
        elif point[0] is not None and point[0] != self._wanted[1]:
            if self._passed():
                self._status = STAT_WRONG_PASSWORD
        elif self._status in (STAT_NO_AP_FOUND, STAT_WRONG_PASSWORD, STAT_BEACON_TIMEOUT):
            self._status = STAT_CONNECTING
            self._since_us = _hal.clock.now_us
        elif self._status == STAT_CONNECTING and self._passed():
            self._status = STAT_GOT_IP
            self._if_config = ("127.0.0.1", "255.0.0.0", "127.0.0.1", "127.0.0.1")
        return self._status

    def _passed(self):
        return _port.elapsed_us(self._since_us) >= _CONNECT_US

    def status(self, *what):
        if not what:
            return self._look()
        if what[0] == "rssi":
            if self._look() != STAT_GOT_IP:
                raise OSError("Wifi Not Connected")
            return _hal.networks[self._ssid][1]
        if what[0] == "stations":
            return list(self._clients)
        raise ValueError("unknown status param")

    def isconnected(self):
        if self._if == WLAN.IF_AP:
            return bool(self._clients)
        return self._look() == STAT_GOT_IP

    def scan(self):
        """(ssid, bssid, channel, rssi, security, hidden) of what is in reach; takes two seconds on the device."""
        self._need()
        _port.hold(2_000_000)
        return [(name.encode(), b"\x02\0\0\0\0\1", 1, _hal.networks[name][1], 0 if _hal.networks[name][0] is None else 3, False)
                for name in sorted(_hal.networks)]

    def ifconfig(self, *x):
        if not x:
            self._look()
            return self._if_config
        if len(x[0]) != 4:
            raise ValueError("requested length 4 but object has length %d" % len(x[0]))
        self._if_config = tuple(x[0])

    def config(self, *what, **kw):
        if what:
            if kw or len(what) != 1:
                raise TypeError("can query only one param")
            if what[0] in ("ssid", "essid"):
                return self._ssid
            if what[0] not in self._config:
                raise ValueError("unknown config param")
            return self._config[what[0]]
        for name in kw:
            if name in ("ssid", "essid"):
                self._ssid = kw[name]
            elif name == "authmode":
                self._config["security"] = kw[name]
            elif name == "key":
                self._config["password"] = kw[name]
            elif name in self._config:
                self._config[name] = kw[name]
            else:
                raise ValueError("unknown config param")


_interfaces = {}
