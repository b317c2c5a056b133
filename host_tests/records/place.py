"""One boot of a charger with its records, in virtual time over a folder that outlives it; a flash that counts and refuses."""
import unittest

from firmware.charging.station import Station
from firmware.records.keeper import Keeper
from firmware.safety.core import CLOSED
from firmware.storage import atomic_file, inline_file, segment_log
from host_tests.safety.rig import Rig
from host_tests.storage.scratch import Scratch

UTC = 1795000000
STORES = (atomic_file, inline_file, segment_log)


class Clock:
    """The keeper's clock on the rig's time."""

    def __init__(self, rig, utc_s=0):
        self.rig = rig
        self.utc_start_s = utc_s

    def ticks_ms(self):
        return self.rig.now_ms

    def utc_s(self):
        return self.utc_start_s + self.rig.elapsed_ms // 1000 if self.utc_start_s else 0

    def rfc3339(self, utc_s):
        return "utc %d" % utc_s if utc_s else None


class Place:
    """One boot: core, station and keeper in virtual time over a folder that outlives it."""

    def __init__(self, folder, start="power_on", utc_s=0, start_ms=0):
        self.rig = Rig(start_ms)
        self.rig.renew = False
        self.core = self.rig.core
        self.clock = Clock(self.rig, utc_s)
        self.keeper = Keeper(folder, self.clock, start)
        self.station = Station(self.core, self.keeper.stamp, self.keeper.show_time, True, False, start_ms)
        self.station.ceilings.own("installation", 16000)
        self.keeper.follow(self.station, lambda: self.core.outputs.coil_1 == 0)
        self.watch = None

    def run(self, ms):
        for _ in range(ms // 10):
            self.rig.step()
            if self.rig.elapsed_ms % 100 == 0:
                self.station.tick(self.rig.now_ms)
            if self.rig.elapsed_ms % 1000 == 0:
                self.keeper.step()
            if self.watch is not None:
                self.watch()
        return self

    def meter(self, energy_wh, source="meter"):
        reading = self.station.reading
        if reading.energy_wh is not None and energy_wh is not None:
            reading.counted_mwh += (energy_wh - reading.energy_wh) * 1000
        reading.source, reading.energy_wh = source, energy_wh
        return self

    def charge(self):
        self.run(300)
        self.rig.vehicle = "B"
        self.run(2000)
        self.rig.vehicle = "C"
        for _ in range(3000):
            if self.core.phase == CLOSED:
                return self
            self.run(10)
        raise RuntimeError("no charge: phase %d trips %d held %s" % (self.core.phase, self.core.trips, self.station.held))

    def unplug(self):
        self.rig.vehicle = "A"
        return self.run(2000)

    def sessions(self):
        return self.keeper.sessions.page(0, 20, self.keeper.stamper.references())

    def events(self):
        return [(row["kind"], row["code"]) for row in self.keeper.events.page(0, 100, {})]


class Flash:
    """Counts what is opened for writing, and refuses it when told to."""

    def __init__(self):
        self.failing = False
        self.writes = []
        for module in STORES:
            module.open = self.open

    def open(self, path, mode="r", *more):
        if mode != "r" and mode != "rb":
            self.writes.append(path)
            if self.failing:
                raise OSError(28)
        return open(path, mode, *more)

    def close(self):
        for module in STORES:
            del module.open


class KeeperTest(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.folder = self.scratch.folder + "data/"
        self.flash = Flash()
        self.addCleanup(self.scratch.close)
        self.addCleanup(self.flash.close)

    def boot(self, **how):
        return Place(self.folder, **how)
