"""A station and its core in virtual time, a vehicle at the plug."""
from firmware.charging.station import Station
from firmware.safety import limits
from firmware.safety.core import CLOSED
from host_tests.safety.rig import Rig

WRAP = limits.TICKS_MASK + 1
STARTS = (0, 987654, WRAP - 3000)


class Place:
    """A station and its core in virtual time: the core ticks every 10 ms, the station every 100."""

    def __init__(self, start_ms=0, **fitted):
        self.rig = Rig(start_ms, **fitted)
        self.rig.renew = False               # the station's heartbeat is what counts
        self.core = self.rig.core
        self.station = Station(self.core, self.stamp, lambda stamp: "at %d" % stamp[1], True, False, start_ms)
        self.station.ceilings.own("installation", 16000)
        self.station.reading.source = "estimate"
        self.heard = []
        self.station.subscribe(lambda event, data: self.heard.append((event, data)))
        self.alive = True

    def stamp(self):
        return 7, self.rig.elapsed_ms // 1000, 0

    def run(self, ms):
        for _ in range(ms // 10):
            self.rig.step()
            if self.alive and self.rig.elapsed_ms % 100 == 0:
                self.station.tick(self.rig.now_ms)
        return self

    def until(self, holds, at_most_ms=30000):
        for _ in range(at_most_ms // 10):
            if holds():
                return True
            self.run(10)
        return False

    def plug(self):
        self.run(300)
        self.rig.vehicle = "B"
        return self.run(2000)

    def charge(self):
        self.plug()
        self.rig.vehicle = "C"
        if not self.until(lambda: self.core.phase == CLOSED):
            raise RuntimeError("no charge: phase %d trips %d" % (self.core.phase, self.core.trips))
        return self.run(1000)

    def events(self, *names):
        return [event for event, _ in self.heard if event in names]

    def fact(self, name):
        return self.station.fact(name)
