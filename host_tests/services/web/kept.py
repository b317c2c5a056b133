"""Records on a scratch folder, as the keeper has them, for the tests of their APIs."""

from firmware.dates import utc_from_text
from firmware.records.debug import Debug
from firmware.records.event_log import EventLog
from firmware.records.life_totals import LifeTotals
from firmware.records.session_log import SessionLog
from firmware.records.stamp import Stamper
from firmware.zone import Zone

BERLIN = Zone("CET-1CEST,M3.5.0,M10.5.0/3")
FIRST_S = utc_from_text("2026-10-25T12:00:00Z")


class Records:
    """The log and event files, as the keeper has them."""

    def __init__(self, folder):
        self.stamper = Stamper(folder)
        self.stamper.start()
        self.sessions = SessionLog(folder)
        self.sessions.start()
        self.events = EventLog(folder + "events")
        self.debug = Debug(self.events)
        self.life = LifeTotals(folder)
        self.failing, self.last_error = False, None
        self.uptime_s = 5000

    def stamp(self):
        return 1, self.uptime_s, FIRST_S + 30 * 86400

    def fill(self, count):
        """A session a day."""
        for number in range(1, count + 1):
            utc_s = FIRST_S + (number - 1) * 86400
            self.sessions.begin((1, 100, utc_s), 1000, "04A1B2C3" if number % 2 else "99887766", 3, user="Ann", account="Work")
            self.sessions.end((1, 200, utc_s + 100), 1000 * number, 90, "unplugged", 1000 + 1000 * number, 10 * number)
            self.events.add((1, 100, utc_s), "info", "event_%d" % number, number, "<b>&")
        self.flush()

    def flush(self):
        self.events.flush(True)
