"""The calendar: Unix seconds, dates and how they are written. UTC, the years 2000 to 2099."""

from micropython import const

_DAYS_1970_TO_2000 = const(10957)
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


def utc_from_text(text):
    """Unix seconds of "2027-03-31" (its beginning) or "2027-03-31T18:00:00Z" (Z may be left out); None when it is neither."""
    if len(text) not in (10, 19, 20) or text[4] != "-" or text[7] != "-":
        return None
    year, month, day = _number(text[:4]), _number(text[5:7]), _number(text[8:10])
    hour = minute = second = 0
    if len(text) > 10:
        if text[10] not in "T " or text[13] != ":" or text[16] != ":" or text[19:] not in ("", "Z"):
            return None
        hour, minute, second = _number(text[11:13]), _number(text[14:16]), _number(text[17:19])
    if not (2000 <= year <= 2099 and 1 <= month <= 12 and 0 <= hour <= 23 and 0 <= minute <= 59 and 0 <= second <= 59):
        return None
    utc_s = utc_from_date(year, month, day, hour, minute, second)
    return utc_s if date_from_utc(utc_s)[:3] == (year, month, day) else None     # 31 April is none


def _number(text):
    """The number that the text's digits make; -1 when it has anything else."""
    for char in text:
        if not "0" <= char <= "9":
            return -1
    return int(text)
