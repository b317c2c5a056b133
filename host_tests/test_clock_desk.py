"""The wall clock's fact: who set it, and how long ago."""
import unittest

from host_tests.drivers.chip import Chip

UTC_S = 1795000000
DAY_S = 86400


class Records:
    """What the desk asks of the records: uptime, and somewhere to note a step."""

    def __init__(self):
        self.uptime_s = 5
        self.events = self
        self.noted = []

    def stamp(self):
        return 1, self.uptime_s, 0

    def clock_was_set(self):
        self.noted.append("set")

    def add(self, stamp, kind, code, value):
        self.noted.append((kind, code, value))


class ClockDeskTest(unittest.TestCase):
    def setUp(self):
        self.chip = Chip()
        self.addCleanup(self.chip.close)
        from firmware.clock_desk import ClockDesk
        self.records = self.app = Records()
        self.app.records = self.records
        self.connected = lambda: False
        self.desk = ClockDesk(self.app, self, None, self, {})

    def fault(self, name, present):
        raise AssertionError(name)

    def test_the_age_of_the_setting_goes_on_growing_when_the_ticks_begin_anew(self):
        """They do so every 12.4 days: a clock that nobody has set for weeks was said to be set a moment ago."""
        self.assertIsNone(self.desk.fact()["set_s"])
        self.desk.set(UTC_S, "web")
        self.assertEqual((self.records.noted[0], self.desk.fact()["source"]), ("set", "browser"))
        for days in (1, 12, 13, 40):
            self.records.uptime_s = 5 + days * DAY_S
            self.assertEqual(self.desk.fact()["set_s"], days * DAY_S)


if __name__ == "__main__":
    unittest.main()
