"""What a session costs, to the cent: across midnight, the change of the clocks, and a clock that is set in mid-session."""
import unittest

from firmware.dates import utc_from_text
from firmware.energy.tariff import Cost, Tariff, spans_from_text
from firmware.zone import Zone

BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"
DAY = 3200          # hundredths of a cent per kWh: 32 ct
NIGHT = 1850
NIGHTS = "mo-su 22:00-06:00"
KWH = 1000000       # mWh


def cents(units):
    """Rounded half up, of mWh times hundredths of a cent per kWh."""
    return (units + KWH * 50) // (KWH * 100)


class CostTest(unittest.TestCase):
    def cost(self, times=NIGHTS):
        return Cost(Tariff(DAY, NIGHT, times), Zone(BERLIN))

    def run_from(self, cost, begin, hours, mwh_per_hour=KWH, step_s=60):
        """Charge evenly from a moment on."""
        begin_s = utc_from_text(begin)
        steps = hours * 3600 // step_s
        for step in range(steps):
            cost.add(mwh_per_hour * step_s // 3600, step * step_s, begin_s + step * step_s)
        return cost.cents()

    def test_one_rate(self):
        self.assertEqual(self.run_from(self.cost(""), "2026-11-20T12:00:00Z", 3, 3600000), cents(3 * 3600000 * DAY))

    def test_across_the_changes_of_rate_and_midnight(self):
        # local time is UTC + 1: from 20:00 to 8:00 two hours of day, eight of night, two of day
        found = self.run_from(self.cost(), "2026-11-20T19:00:00Z", 12, 3600000)
        self.assertEqual(found, cents(4 * 3600000 * DAY + 8 * 3600000 * NIGHT))

    def test_the_night_in_which_the_clocks_change_has_seven_or_nine_hours(self):
        self.assertEqual(self.run_from(self.cost(), "2026-03-28T21:00:00Z", 23, 3600000),
                         cents(16 * 3600000 * DAY + 7 * 3600000 * NIGHT))
        self.assertEqual(self.run_from(self.cost(), "2026-10-24T20:00:00Z", 25, 3600000),
                         cents(16 * 3600000 * DAY + 9 * 3600000 * NIGHT))

    def test_a_clock_set_in_mid_session_prices_what_came_before(self):
        begin_s = utc_from_text("2026-11-20T19:00:00Z")
        with_clock, without = self.cost(), self.cost()
        for step in range(12 * 60):
            with_clock.add(60000, step * 60, begin_s + step * 60)
            without.add(60000, step * 60, 0 if step < 11 * 60 else begin_s + step * 60)
        self.assertEqual(without.cents(), with_clock.cents())

    def test_without_any_clock_all_costs_the_first_rate_also_after_days(self):
        cost = self.cost()
        for step in range(72 * 60):
            cost.add(60000, step * 60, 0)
        self.assertEqual(cost.cents(), cents(72 * 60 * 60000 * DAY))

    def test_cents_are_rounded_half_up_and_nothing_is_lost_in_small_steps(self):
        cost = self.cost("")
        for step in range(1562):
            cost.add(1, step, 1700000000 + step)
        self.assertEqual(cost.cents(), 0)
        cost.add(14063, 1563, 1700001563)              # 15625 mWh at 32 ct are half a cent
        self.assertEqual(cost.cents(), 1)

    def test_energy_that_falls_or_stands_still_costs_nothing(self):
        cost = self.cost("")
        cost.add(0, 0, 0)
        cost.add(-KWH, 0, 1700000000)
        self.assertEqual(cost.cents(), 0)


class TimesTest(unittest.TestCase):
    def test_days_and_times_become_minutes_of_the_week(self):
        self.assertEqual(spans_from_text(""), [])
        self.assertEqual(spans_from_text("mo 00:00-24:00"), [(0, 1440)])
        self.assertEqual(spans_from_text("mo-tu 22:00-06:00"), [(1320, 1800), (2760, 3240)])
        self.assertEqual(spans_from_text("su 22:00-06:00"), [(0, 360), (6 * 1440 + 1320, 10080)])
        self.assertEqual(sorted(spans_from_text("Sa-Mo 10:00-11:00 , we 00:00-00:30")),
                         [(600, 660), (2880, 2910), (5 * 1440 + 600, 5 * 1440 + 660), (6 * 1440 + 600, 6 * 1440 + 660)])

    def test_what_is_no_time_is_refused_and_named(self):
        for text in ("mo", "mo 10:00", "mon 10:00-11:00", "mo 10-11", "mo 25:00-26:00", "mo 10:60-11:00", "mo 10:00-10:00",
                     "mo 1x:00-11:00", "mo-xx 10:00-11:00", "10:00-11:00", "mo 24:01-05:00", "mo 10:0-11:00", "mo -1:00-11:00"):
            with self.assertRaises(ValueError) as caught:
                spans_from_text("tu 10:00-11:00," + text)
            self.assertIn(text, str(caught.exception))
