"""Decides how the charger is reached: cable, a known Wi-Fi network, or its own hotspot. Pure: looks and scans in, orders out.

The cable comes first, then the known networks that a scan shows, in the owner's order, then hidden ones, which can only be
tried. Where none takes us in, the hotspot opens and stays open while somebody uses it; the known networks are tried again with
growing waits.
A network that works is never left for a better one.
"""

from micropython import const

_MASK = const(0x3FFFFFFF)
_SETTLE_MS = const(1000)      # until then the radio may still tell how the attempt before went
_JOIN_MS = const(30000)       # longest attempt
_DHCP_MS = const(12000)       # joined for so long without an address: no DHCP server answers
_SCAN_MS = const(20000)       # a scan takes about two seconds
_LOST_MS = const(10000)       # the radio reconnects by itself within that
_WIRE_LOST_MS = const(3000)
_FIRST_WAIT_MS = const(10000)     # between two rounds of attempts, doubled up to
_LONGEST_WAIT_MS = const(60000)
_BUSY_WAIT_MS = const(300000)     # while somebody uses the hotspot: an attempt may move its channel under his feet
_KEEP_MS = const(30000)       # the hotspot stays open for so long after the network is there,
_LINGER_MS = const(60000)     # and for so long after its last client
_AGAIN_MS = const(30000)      # a hotspot that the radio did not open or close is ordered again
_DHCP_AGAIN_MS = const(300000)    # on the fall-back address: ask for a better one, with doubled waits up to
_DHCP_LONGEST_MS = const(3600000)
MISSING_MS = const(60000)     # known networks, and none of them for so long: worth a fault

IDLE, WAITING, SCANNING, JOINING, UP, WIRED = "idle", "waiting", "scanning", "joining", "wifi", "ethernet"
FAILURES = ("wrong_key", "not_found", "failed")


class Seen:
    """What the interfaces show at one look."""

    def __init__(self):
        self.station = "idle"     # idle, joining, no_address (joined, DHCP is silent), wrong_key, not_found, failed, up
        self.ip = None
        self.rssi_dbm = None
        self.clients = 0          # who is on the hotspot
        self.hotspot = None       # whether it is open; None: nobody knows
        self.wire = None          # None: the board has no Ethernet; down, no_address, up
        self.wire_ip = None


class Manager:
    """note(code, detail) hears of what the event log should keep.

    tick() gives one order at a time, or None: ("scan",), whose result comes by scanned() · ("join", ssid, key, hidden, address) ·
    ("leave",) · ("hotspot", True or False) · ("wire", address). An address is None for DHCP or (ip, mask, gateway, dns).
    """

    def __init__(self, note=lambda code, detail: None):
        self._note = note
        self.known = ()           # (ssid, key, hidden), the owner's order
        self.hotspot_mode = "auto"    # auto, always, off: off is not obeyed where nothing else could ever lead in
        self.address = None       # for Wi-Fi and cable
        self.fallback = None      # address where no DHCP server answers, None: none
        self.state = IDLE
        self.hotspot = False      # it was ordered open
        self.ssid = None          # joined, or being joined
        self.reason = None        # why the newest attempt failed: one of FAILURES, no_address, timeout; None after success
        self.fell_back = False    # the fall-back address is in use
        self.failed_rounds = 0
        self._since_ms = 0        # of the state
        self._wait_ms = 0
        self._tries = []          # indices of known, the next one last
        self._orders = []
        self._now = True          # the next round begins without waiting
        self._bad_ms = None       # since when station or wire is in trouble
        self._wire_ms = None
        self._asked_fallback = False
        self._dhcp_ms = _DHCP_AGAIN_MS
        self._gone_ms = None      # since when there is no network though one is known
        self._client_ms = 0       # when the hotspot had its last client
        self._ordered_ms = 0      # when it was ordered open or closed

    # what others ask

    def connected(self):
        """A network is there: cable or Wi-Fi."""
        return self.state in (UP, WIRED)

    def mode(self):
        """For people: ethernet, wifi, connecting, lost (known networks, none in reach), hotspot, or off."""
        if self.connected():
            return self.state
        if self.known:
            return "lost" if self.failed_rounds else "connecting"
        return "hotspot" if self.hotspot else "off"

    def light(self):
        """The connection light: connected, connecting, lost, reachable (the hotspot alone), None."""
        mode = self.mode()
        if self.connected():
            return "connected"
        return mode if self.known else "reachable" if self.hotspot else None

    def missing(self, now_ms):
        """A network is known, and for a minute none has been there."""
        return self._gone_ms is not None and _since(now_ms, self._gone_ms) > MISSING_MS

    # what others tell

    def set_networks(self, known, address, fallback):
        """The owner's networks and addresses. What is in use and unchanged stays in use; anything new is tried at once."""
        known = tuple([tuple(row) for row in known])
        if known == self.known and address == self.address and fallback == self.fallback:
            return
        kept = address == self.address and [row for row in known if row[0] == self.ssid and row in self.known]
        self.known, self.address, self.fallback = known, address, fallback
        self._tries = []
        self._now = True
        self._wire_ms = None
        if self.state == WIRED:
            self._orders.append(("wire", address))
        elif self.state in (UP, JOINING) and not (kept and self.state == UP):
            self._give_up(None)
        elif self.state == SCANNING:
            self.state = WAITING        # its result speaks of the networks before
        if not known:
            self._gone_ms = None

    def retry(self):
        """Somebody wants it now: the next round begins at once, also while the hotspot is in use."""
        self._now = True
        self._wait_ms = 0

    def scanned(self, now_ms, names):
        """The names that a scan has shown, strongest first; any scan counts, also one that somebody else wanted."""
        if self.state != SCANNING:
            return
        tries = [index for index, row in enumerate(self.known) if not row[2] and row[0] in names]
        tries += [index for index, row in enumerate(self.known) if row[2]]
        tries.reverse()
        self._tries = tries
        self._next(now_ms)

    # the machine

    def tick(self, now_ms, seen):
        """The next order, or None when nothing is to be done now."""
        self._wire(now_ms, seen)
        if self.state != WIRED:
            self._station(now_ms, seen)
        if self.connected() or not self.known:
            self._gone_ms = None
        elif self._gone_ms is None:
            self._gone_ms = now_ms
        elif self.missing(now_ms):
            self._gone_ms = now_ms - MISSING_MS - 1 & _MASK      # the ticks begin again after 12 days: it stays missing
        if seen.clients:
            self._client_ms = now_ms
        wanted = self._wants_hotspot(now_ms, seen)
        if wanted != self.hotspot:
            self.hotspot = wanted
            self._client_ms = now_ms
            self._order_hotspot(now_ms)
            self._note("hotspot_opened" if wanted else "hotspot_closed", "")
        elif seen.hotspot is not None and seen.hotspot != wanted and _since(now_ms, self._ordered_ms) > _AGAIN_MS:
            self._order_hotspot(now_ms)
        return self._orders.pop(0) if self._orders else None

    def _order_hotspot(self, now_ms):
        self._ordered_ms = now_ms
        self._orders.append(("hotspot", self.hotspot))

    def _enter(self, state, now_ms):
        self.state = state
        self._since_ms = now_ms
        self._bad_ms = None

    def _wire(self, now_ms, seen):
        if seen.wire == "up":
            self._bad_ms = None if self.state == WIRED else self._bad_ms
            if self.state != WIRED:
                if self.state in (UP, JOINING):
                    self._orders.append(("leave",))
                self._enter(WIRED, now_ms)
                self._settle()
                self.ssid = None
                self._note("ethernet", seen.wire_ip or "")
        elif self.state == WIRED:
            if self._bad_ms is None:
                self._bad_ms = now_ms
            elif _since(now_ms, self._bad_ms) > _WIRE_LOST_MS:
                self._note("ethernet_lost", "")
                self._wait(now_ms, 0)
        if seen.wire != "no_address":
            self._wire_ms = None
        elif self._wire_ms is None:
            self._wire_ms = now_ms
            self._asked_fallback = False
        elif not self._asked_fallback and self.address is None and self.fallback and _since(now_ms, self._wire_ms) > _DHCP_MS:
            self._asked_fallback = True
            self._orders.append(("wire", self.fallback))

    def _station(self, now_ms, seen):
        if not self.known:
            if self.state != IDLE:
                if self.state in (UP, JOINING):
                    self._orders.append(("leave",))
                self._enter(IDLE, now_ms)
                self.ssid, self.reason, self.failed_rounds = None, None, 0
            return
        if self.state == IDLE:
            self._wait(now_ms, 0)
        if self.state == WAITING:
            wait_ms = max(self._wait_ms, _BUSY_WAIT_MS) if seen.clients else self._wait_ms
            if self._now or _since(now_ms, self._since_ms) >= wait_ms:
                self._now = False
                self._enter(SCANNING, now_ms)
                self._orders.append(("scan",))
        elif self.state == SCANNING:
            if _since(now_ms, self._since_ms) > _SCAN_MS:
                self.scanned(now_ms, ())
        elif self.state == JOINING:
            self._joining(now_ms, seen)
        else:
            self._up(now_ms, seen)

    def _joining(self, now_ms, seen):
        passed_ms = _since(now_ms, self._since_ms)
        if seen.station == "up" and passed_ms >= _SETTLE_MS:
            self._enter(UP, now_ms)
            self._settle()
            self._note("joined", self.ssid)
            return
        if seen.station != "no_address":
            self._bad_ms = None
        elif self._bad_ms is None:
            self._bad_ms = now_ms
        elif _since(now_ms, self._bad_ms) > _DHCP_MS:
            if self.address is None and self.fallback and not self.fell_back:
                self._join(now_ms, self.fallback)
            else:
                self._give_up("no_address")
                self._next(now_ms)
            return
        if seen.station in FAILURES and passed_ms >= _SETTLE_MS or passed_ms > _JOIN_MS:
            self._give_up(seen.station if seen.station in FAILURES else "timeout")
            self._next(now_ms)

    def _up(self, now_ms, seen):
        if seen.station == "up":
            self._bad_ms = None
            if self.fell_back and _since(now_ms, self._since_ms) > self._dhcp_ms:
                self._dhcp_ms = min(self._dhcp_ms * 2, _DHCP_LONGEST_MS)
                self._join(now_ms, None)
        elif self._bad_ms is None:
            self._bad_ms = now_ms
        elif _since(now_ms, self._bad_ms) > _LOST_MS:
            self._note("lost", self.ssid)
            self._give_up("lost")
            self._wait(now_ms, 0)

    def _settle(self):
        self.reason = None
        self.failed_rounds = 0
        self._tries = []

    def _wait(self, now_ms, wait_ms):
        self._enter(WAITING, now_ms)
        self._wait_ms = wait_ms
        self.ssid = None

    def _give_up(self, reason):
        """Ends an attempt or a connection."""
        self._orders.append(("leave",))
        if reason in ("wrong_key", "no_address") and reason != self.reason:
            self._note(reason, self.ssid)
        self.reason = reason
        if reason is None:
            self.state = WAITING
            self.ssid = None

    def _next(self, now_ms):
        """The next network of this round; after the last one, wait."""
        if self._tries:
            row = self.known[self._tries.pop()]
            self.ssid = row[0]
            self._dhcp_ms = _DHCP_AGAIN_MS
            self._join(now_ms, self.address)
            return
        self.failed_rounds += 1
        if self.reason is None or self.reason == "lost":
            self.reason = "not_found"
        wait_ms = _FIRST_WAIT_MS << min(self.failed_rounds - 1, 3)
        self._wait(now_ms, min(wait_ms, _LONGEST_WAIT_MS))

    def _join(self, now_ms, address):
        for row in self.known:
            if row[0] == self.ssid:
                self.fell_back = address is not None and address == self.fallback and self.address is None
                self._enter(JOINING, now_ms)
                self._orders.append(("join", row[0], row[1], row[2], address))
                return

    def _wants_hotspot(self, now_ms, seen):
        if self.hotspot_mode == "always" or not self.known and self.state != WIRED:
            return True
        if self.hotspot_mode == "off":
            return False
        if not self.connected():
            return self.hotspot or self.failed_rounds > 0
        return self.hotspot and (_since(now_ms, self._since_ms) < _KEEP_MS or seen.clients > 0 or
                                 _since(now_ms, self._client_ms) < _LINGER_MS)


def _since(now_ms, then_ms):
    return (now_ms - then_ms) & _MASK
