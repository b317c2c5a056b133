# cpython only: holds the date arithmetic against datetime
"""Dates from 2000 to 2099 are those of the calendar."""

import unittest
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from host_tests.drivers.chip import Chip

FIRST = datetime(2000, 1, 1, tzinfo=UTC)
LAST = datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)


class TestDates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.chip = Chip()
        from firmware.drivers import clock
        cls.clock = clock

    @classmethod
    def tearDownClass(cls):
        cls.chip.close()

    def check(self, moment):
        utc_s = int(moment.timestamp())
        parts = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
        self.assertEqual(self.clock.date_from_utc(utc_s), parts + (moment.weekday(),))
        self.assertEqual(self.clock.utc_from_date(*parts), utc_s)
        self.assertEqual(self.clock.rfc3339(utc_s), moment.strftime("%Y-%m-%dT%H:%M:%SZ"))

    def test_every_day_of_the_century(self):
        moment = FIRST
        while moment <= LAST:
            self.check(moment)
            moment += timedelta(days=1)

    @given(st.integers(int(FIRST.timestamp()), int(LAST.timestamp())))
    def test_every_second(self, utc_s):
        self.check(datetime.fromtimestamp(utc_s, UTC))
