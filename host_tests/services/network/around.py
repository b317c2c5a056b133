"""A neighbourhood for the network manager: access points, a cable and guests, as the drivers would show them, second by second."""
from firmware.services.network.manager import Manager, Seen

JOIN_MS = 2000
STEP_MS = 500
MASK = 0x3FFFFFFF


class Around:
    """points: {name: (key, hidden, DHCP answers)}; those that are listed are in reach. Carries out the manager's orders."""

    def __init__(self, points=None, start_ms=0, has_wire=False):
        self.points = points or {}
        self.now_ms = start_ms
        self.passed_ms = 0
        self.seen = Seen()
        self.seen.wire = "down" if has_wire else None
        self.notes = []
        self.manager = Manager(lambda code, detail: self.notes.append((code, detail)))
        self.joined = None           # (name, key, address, since) of what was ordered
        self.linked = False
        self.failed = None
        self.clients = 0
        self.wire = "down"
        self.wire_address = None
        self.orders = []             # all, with the second in which they came
        self.scans = True            # the radio's scans come to an end
        self.on_air = False          # the hotspot
        self.refuses = False         # the radio does not open it

    def know(self, *networks, address=None, fallback=("169.254.77.3",)):
        self.manager.set_networks([row if len(row) == 3 else row + (False,) for row in networks], address, fallback)

    def step(self):
        """Half a second: look, then carry out what is ordered."""
        self.now_ms = (self.now_ms + STEP_MS) & MASK
        self.passed_ms += STEP_MS
        self._look()
        for _ in range(6):
            order = self.manager.tick(self.now_ms, self.seen)
            if order is None:
                return
            self.orders.append((self.passed_ms // 1000, order))
            self._do(order)

    def run(self, seconds):
        for _ in range(seconds * 1000 // STEP_MS):
            self.step()

    def until(self, test, seconds):
        """Seconds until test() holds; None when it does not within so many."""
        for n in range(seconds * 1000 // STEP_MS):
            if test():
                return n * STEP_MS // 1000
            self.step()
        return None

    def _look(self):
        seen = self.seen
        seen.clients = self.clients if self.manager.hotspot else 0
        seen.hotspot = self.on_air
        seen.ip = seen.rssi_dbm = None
        seen.station = "idle"
        if self.joined is not None:
            name, key, address, since = self.joined
            point = self.points.get(name)
            if self.failed is None and self.passed_ms - since >= JOIN_MS:
                if point is None:
                    self.failed = "failed" if self.linked else "not_found"
                elif point[0] != key:
                    self.failed = "wrong_key"
                else:
                    self.linked = True
            if self.failed is not None:
                seen.station = self.failed
            elif not self.linked:
                seen.station = "joining"
            elif not point[2] and address is None:
                seen.station, seen.rssi_dbm = "no_address", -60
            else:
                seen.station, seen.rssi_dbm, seen.ip = "up", -60, "10.0.0.9" if address is None else address[0]
        if seen.wire is not None:
            seen.wire = self.wire
            if self.wire == "no_address" and self.wire_address is not None:
                seen.wire = "up"
            seen.wire_ip = "10.0.0.8" if seen.wire == "up" else None

    def _do(self, order):
        what = order[0]
        if what == "scan" and self.scans:
            self.manager.scanned(self.now_ms, [name for name, point in self.points.items() if not point[1]])
        elif what == "join":
            self.joined, self.linked, self.failed = (order[1], order[2], order[4], self.passed_ms), False, None
        elif what == "leave":
            self.joined = None
        elif what == "hotspot":
            self.clients = self.clients if order[1] else 0
            self.on_air = order[1] and not self.refuses
        elif what == "wire":
            self.wire_address = order[1]

    def count(self, what):
        """How often something was ordered."""
        return len([order for _, order in self.orders if order[0] == what])
