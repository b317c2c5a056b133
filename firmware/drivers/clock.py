"""The only reader of clocks. ticks_ms and ticks_us are 30 bits wide; the wall clock may be unknown.

Logic elsewhere takes now_ms as an argument (firmware.safety.limits.elapsed_ms tells the difference across the wrap).
"""

from time import sleep_us, ticks_ms, ticks_us  # noqa: F401  re-exported: the one place that imports time

import machine
from micropython import const

_DAYS_1970_TO_2000 = const(10957)
_KNOWN_YEAR = const(2025)     # an RTC that shows less was never set: a device starts in 2000
_DAYS_BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)


def utc_from_date(year, month, day, hour, minute, second):
    """Unix seconds of a UTC date, 2000-2099."""
    years = year - 2000
    days = _DAYS_1970_TO_2000 + years * 365 + (years + 3) // 4 + _DAYS_BEFORE_MONTH[month - 1] + day - 1
    if month > 2 and year % 4 == 0:
        days += 1
    return ((days * 24 + hour) * 60 + minute) * 60 + second


def date_from_utc(utc_s):
    """(year, month, day, hour, minute, second, weekday with Monday = 0) of Unix seconds, 2000-2099."""
    minutes, second = divmod(utc_s, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    weekday = (days + 3) % 7              # 1970-01-01 was a Thursday
    days -= _DAYS_1970_TO_2000
    year = 2000 + days // 1461 * 4        # 1461 days: four years that begin with a leap year
    days %= 1461
    if days >= 366:
        year += 1 + (days - 366) // 365
        days = (days - 366) % 365
    month = 12
    while True:
        first = _DAYS_BEFORE_MONTH[month - 1] + (1 if month > 2 and year % 4 == 0 else 0)
        if days >= first:
            return year, month, days - first + 1, hour, minute, second, weekday
        month -= 1


def rfc3339(utc_s):
    """"2026-11-20T12:00:00Z", or None when unknown (0)."""
    if not utc_s:
        return None
    return "%04d-%02d-%02dT%02d:%02d:%02dZ" % date_from_utc(utc_s)[:6]


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
