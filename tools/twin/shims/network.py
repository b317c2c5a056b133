"""`network`: a radio whose access points are the world's, and a cable; the sockets behind them are the host's.

The station behaves as the port's does: joining takes about a second and is tried again as often as `reconnects` says (0 or less:
for ever, and then status() tells of no failure, only of connecting); an address comes by DHCP, where somebody answers, or is fixed.
"""
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
PHY_LAN8720 = 1
PHY_IP101 = 2
PHY_RTL8201 = 3
PHY_DP83848 = 4
PHY_KSZ8041 = 5
PHY_KSZ8081 = 6
PHY_W5500 = 11
ETH_INITIALIZED = 0
ETH_STARTED = 1
ETH_STOPPED = 2
ETH_CONNECTED = 3
ETH_DISCONNECTED = 4
ETH_GOT_IP = 5

_CONNECT_US = 1_000_000  # scan, authentication and DHCP take about that
_WEAKEST_DBM = -90  # what is weaker shows in a scan at times, but lets nobody in
_NONE = ("0.0.0.0",) * 4
_LEASE = ("127.0.0.1", "255.0.0.0", "127.0.0.1", "127.0.0.1")
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


def _flags(point):
    return point[2] if len(point) > 2 else ""


class _Address:
    """What ifconfig() says and takes: a fixed address, or DHCP."""

    def __init__(self):
        self.fixed = None
        self.taken = _NONE

    def set(self, value):
        if value == "dhcp":
            if self.fixed is None:
                raise RuntimeError("Wifi Unknown Error 0x5005")  # the DHCP client runs already
            self.fixed = None
        elif isinstance(value, str):
            raise ValueError("invalid arguments")
        elif len(value) != 4:
            raise ValueError("requested length 4 but object has length %d" % len(value))
        else:
            self.fixed = tuple(value)
        self.taken = _NONE

    def lease(self, silent):
        """True when there is an address now."""
        if self.fixed is None and silent:
            return False
        self.taken = self.fixed or _LEASE
        return True


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
        self._ssid = ""
        self._wanted = None
        self._phase = None  # None: nothing is asked for or all tries failed; "trying", "joined" (no address yet), "up"
        self._reason = 0
        self._tries = 0
        self._since_us = 0
        self._address = _Address()
        self._config = {"pm": WLAN.PM_PERFORMANCE, "reconnects": -1, "txpower": 20, "channel": 1, "hidden": False,
                        "max_clients": 4, "security": 0, "key": "", "mac": bytes([2, 0x4D, 0x33, 0, 0, interface])}

    def active(self, *x):
        if x and bool(x[0]) != self._active:
            if x[0]:
                _port.hold(_costs.WLAN_MODE_US if _port.radio_on else _costs.WLAN_ACTIVE_US)
            self._active = bool(x[0])
            if not self._active:
                self._drop()
            elif self._if == WLAN.IF_AP:
                self._address.taken = ("192.168.4.1", "255.255.255.0", "192.168.4.1", "192.168.4.1")
            _port.radio_on = any(i._active for i in _interfaces.values())
            if self._if == WLAN.IF_AP:
                _hal.hotspot = [self._ssid, self._config["key"]] if self._active else None
                _hal.on_hotspot()
        return self._active

    def _drop(self):
        self._phase = None
        self._reason = 0
        self._wanted = None
        self._address.taken = _NONE

    def _need(self):
        if not self._active:
            raise OSError("Wifi Not Started")

    def connect(self, ssid=None, key=None, *, bssid=None):
        """Begins to connect and returns at once; status() tells how it went about a second later."""
        self._need()
        if self._if != WLAN.IF_STA:
            raise OSError("STA required")
        if self._phase is not None:
            raise OSError("Wifi Internal Error")  # it is connecting or connected: disconnect() first
        if ssid is not None:
            self._wanted = (ssid, key)
        if self._wanted is None:
            raise OSError("Wifi Invalid Argument")
        self._ssid = self._wanted[0]
        self._tries = 0
        self._try()

    def _try(self):
        self._since_us = _hal.clock.now_us
        self._phase = "trying"

    def disconnect(self):
        self._need()
        self._drop()

    def _fail(self, reason):
        self._reason = reason
        self._address.taken = _NONE
        self._tries += 1
        if 0 < self._config["reconnects"] <= self._tries:
            self._phase = None
        else:
            self._try()

    def _look(self):
        """What the air holds now decides how far the station is."""
        if self._phase is None:
            return
        point = _hal.networks.get(self._ssid)
        if point is not None and point[1] < _WEAKEST_DBM:
            point = None
        if self._phase == "trying":
            if _port.elapsed_us(self._since_us) < _CONNECT_US:
                return
            if point is None:
                return self._fail(STAT_NO_AP_FOUND)
            if point[0] is not None and point[0] != self._wanted[1]:
                return self._fail(STAT_WRONG_PASSWORD)
            self._phase = "joined"
        if point is None:
            self._fail(STAT_BEACON_TIMEOUT)
        elif self._phase == "joined" and self._address.lease("silent" in _flags(point)):
            self._phase = "up"
            self._reason = 0

    def status(self, *what):
        self._look()
        if not what:
            if self._if == WLAN.IF_AP:
                return None
            if self._phase == "up":
                return STAT_GOT_IP
            return STAT_CONNECTING if self._phase else self._reason or STAT_IDLE
        if what[0] == "rssi":
            if self._phase not in ("joined", "up"):
                raise OSError("Wifi Not Connected")
            return _hal.networks[self._ssid][1]
        if what[0] == "stations":
            if self._if != WLAN.IF_AP:
                raise OSError("AP required")
            return [(bytes([2, 0, 0, 0, 0, n]),) for n in range(_hal.hotspot_clients)] if self._active else []
        raise ValueError("unknown status param")

    def isconnected(self):
        if self._if == WLAN.IF_AP:
            return bool(self.status("stations"))
        self._look()
        return self._phase == "up"

    def scan(self):
        """(ssid, bssid, channel, rssi, security, hidden) of what is in reach. Takes two seconds on the device, in which other
        threads run: it belongs into a worker, and costs the loop nothing there; while the station connects it finds nothing."""
        self._need()
        self._look()
        _port.hold(_costs.WLAN_SCAN_US)
        if self._phase == "trying":
            return []
        return [(b"" if "hidden" in _flags(_hal.networks[name]) else name.encode(), b"\x02\0\0\0\0\1", 1, _hal.networks[name][1],
                 0 if _hal.networks[name][0] is None else 3, False) for name in sorted(_hal.networks)]

    def ifconfig(self, *x):
        if not x:
            self._look()
            return self._address.taken
        self._address.set(x[0])
        if self._phase == "up":
            self._phase = "joined"

    def config(self, *what, **kw):
        if what:
            if kw or len(what) != 1:
                raise TypeError("can query only one param")
            if what[0] in ("ssid", "essid"):
                return self._ssid
            if what[0] not in self._config or what[0] == "key":
                raise ValueError("unknown config param")
            return self._config[what[0]]
        for name in kw:
            if name in ("ssid", "essid"):
                self._ssid = kw[name]
            elif name == "authmode":
                self._config["security"] = kw[name]
            elif name == "password":
                self._config["key"] = kw[name]
            elif name in self._config:
                self._config[name] = kw[name]
            else:
                raise ValueError("unknown config param")
        if self._if == WLAN.IF_AP and self._config["security"] and len(self._config["key"]) < 8:
            raise OSError("Wifi Invalid Password")


class LAN:
    """The cable. Its PHY always answers; what hangs at the other end is the world's."""

    def __init__(self, interface=0, *, phy_type, phy_addr, mdc=None, mdio=None, power=None, ref_clk=None, ref_clk_mode=None,
                 spi=None, cs=None, int=None):
        if phy_type < PHY_W5500 and (mdc is None or mdio is None) or phy_type == PHY_W5500 and (spi is None or cs is None):
            raise ValueError("missing pins")
        self._active = False
        self._address = _Address()

    def active(self, *x):
        if x:
            self._active = bool(x[0])
        return self._active

    def status(self, *x):
        if not self._active:
            return ETH_INITIALIZED
        if _hal.wire == "down":
            self._address.taken = _NONE
            return ETH_DISCONNECTED
        return ETH_GOT_IP if self._address.lease(_hal.wire == "silent") else ETH_CONNECTED

    def isconnected(self):
        return self.status() == ETH_GOT_IP

    def ifconfig(self, *x):
        if not x:
            self.status()
            return self._address.taken
        self._address.set(x[0])


_interfaces = {}
