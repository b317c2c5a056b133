"""The only reader of clocks. ticks_ms and ticks_us are 30 bits wide; the wall clock may be unknown.

Logic elsewhere takes now_ms as an argument (firmware.safety.limits.elapsed_ms tells the difference across the wrap).
"""

from time import sleep_us, ticks_ms, ticks_us  # noqa: F401  re-exported: the one place that imports time

import machine
from micropython import const

from firmware import dates
from firmware.dates import date_from_utc, utc_from_date

_KNOWN_YEAR = const(2025)     # an RTC that shows less was never set: a device starts in 2000


def utc_s():
    """Unix seconds, or 0 while the clock is not set."""
    date = machine.RTC().datetime()       # (year, month, day, weekday, hour, minute, second, subseconds)
    if date[0] < _KNOWN_YEAR:
        return 0
    return utc_from_date(date[0], date[1], date[2], date[4], date[5], date[6])


def set_utc(seconds):
    """Set the wall clock to Unix seconds."""
    date = date_from_utc(seconds)
    machine.RTC().datetime((date[0], date[1], date[2], date[6], date[3], date[4], date[5], 0))


def rfc3339(utc_s):
    """As dates.rfc3339(): who has the clock may ask it."""
    return dates.rfc3339(utc_s)
