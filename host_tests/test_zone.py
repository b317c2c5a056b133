"""Local time with summer time, at the second of each change."""
import unittest

from firmware.dates import utc_from_text
from firmware.zone import Zone

BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"


class ZoneTest(unittest.TestCase):
    def check(self, text, moments):
        zone = Zone(text)
        for moment, hours in moments:
            utc_s = utc_from_text(moment)
            self.assertEqual(zone.offset_s(utc_s), int(hours * 2) * 1800, moment)

    def test_middle_europe_changes_at_one_utc(self):
        self.check(BERLIN, (
            ("2026-01-01T00:00:00Z", 1), ("2026-03-29T00:59:59Z", 1), ("2026-03-29T01:00:00Z", 2), ("2026-07-01T00:00:00Z", 2),
            ("2026-10-25T00:59:59Z", 2), ("2026-10-25T01:00:00Z", 1), ("2027-03-28T00:59:59Z", 1), ("2027-03-28T01:00:00Z", 2),
            ("2028-10-29T00:59:59Z", 2), ("2028-10-29T01:00:00Z", 1), ("2026-12-31T23:59:59Z", 1)))

    def test_the_south_has_summer_across_the_new_year(self):
        self.check("AEST-10AEDT,M10.1.0,M4.1.0/3", (
            ("2026-01-01T00:00:00Z", 11), ("2026-04-04T15:59:59Z", 11), ("2026-04-04T16:00:00Z", 10), ("2026-07-01T00:00:00Z", 10),
            ("2026-10-03T15:59:59Z", 10), ("2026-10-03T16:00:00Z", 11), ("2026-12-31T20:00:00Z", 11)))

    def test_west_of_greenwich_and_half_hours(self):
        self.check("EST5EDT,M3.2.0,M11.1.0", (
            ("2026-03-08T06:59:59Z", -5), ("2026-03-08T07:00:00Z", -4), ("2026-11-01T05:59:59Z", -4), ("2026-11-01T06:00:00Z", -5)))
        self.check("<+0530>-5:30", (("2026-03-08T06:59:59Z", 5.5), ("2026-09-08T06:59:59Z", 5.5)))
        self.check("LHST-10:30LHDT-11,M10.1.0,M4.1.0", (("2026-01-01T00:00:00Z", 11), ("2026-07-01T00:00:00Z", 10.5)))
        self.check("UTC0", (("2026-07-01T00:00:00Z", 0),))

    def test_the_week_begins_on_monday_local_time(self):
        zone = Zone(BERLIN)
        self.assertEqual(zone.weekly_minute(utc_from_text("2026-11-22T23:00:00Z")), 0)          # a Sunday in UTC
        self.assertEqual(zone.weekly_minute(utc_from_text("2026-11-22T22:59:59Z")), 7 * 1440 - 1)
        self.assertEqual(zone.weekly_minute(utc_from_text("2026-07-01T12:30:00Z")), 2 * 1440 + 14 * 60 + 30)

    def test_what_is_no_time_zone_is_refused_with_its_place(self):
        for text in ("", "CE-1", "CET", "CET-1CEST", "CET-25", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
                     "CET-1CEST,M3.6.0,M10.5.0",
                     "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J60,J300", "Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3x", "CET-1:60",
                     "CET-1CEST,M0.1.0,M10.5.0", "<+01-1"):
            with self.assertRaises(ValueError, msg=text):
                Zone(text)
