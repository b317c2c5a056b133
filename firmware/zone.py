"""Local time: a time zone with its summer time, from the POSIX TZ text that routers and Linux use.

"CET-1CEST,M3.5.0,M10.5.0/3": name, hours west of UTC, name in summer, when it begins and ends: Mmonth.week.weekday (week 5 = the
last one, weekday 0 = Sunday), at 2:00 local time unless /time says otherwise.
"""

from micropython import const

from firmware.dates import date_from_utc, utc_from_date

_HOUR_S = const(3600)
_DAY_S = const(86400)
ZONE_FORM = "a time zone in POSIX form, such as UTC0 or CET-1CEST,M3.5.0,M10.5.0/3"


class Zone:
    """Raises ValueError for a text that is none. "UTC0" is UTC."""

    def __init__(self, text):
        reader = _Reader(text)
        reader.name()
        self.standard_s = -reader.time()          # POSIX counts westwards
        self.summer_s = self.standard_s
        self._rules = None
        if not reader.at_end():
            reader.name()
            self.summer_s = self.standard_s + _HOUR_S
            if not reader.at_end() and reader.peek() != ",":
                self.summer_s = -reader.time()
            self._rules = (reader.rule(), reader.rule())
            if not reader.at_end():
                raise ValueError("a time zone ends after the second rule")
        self._year = 0
        self._from_s = self._to_s = 0

    def offset_s(self, utc_s):
        """Seconds that local time is ahead of UTC at Unix time utc_s."""
        if self._rules is None:
            return self.standard_s
        year = date_from_utc(utc_s + self.standard_s)[0]
        if year != self._year:
            self._year = year
            self._from_s = _moment(year, self._rules[0]) - self.standard_s
            self._to_s = _moment(year, self._rules[1]) - self.summer_s
        if self._from_s <= self._to_s:
            summer = self._from_s <= utc_s < self._to_s
        else:                                     # the south: summer goes across the new year
            summer = not self._to_s <= utc_s < self._from_s
        return self.summer_s if summer else self.standard_s

    def weekly_minute(self, utc_s):
        """Minute of the local week: Monday 0:00 is 0, Sunday 23:59 is 10079."""
        date = date_from_utc(utc_s + self.offset_s(utc_s))
        return (date[6] * 24 + date[3]) * 60 + date[4]


class _Reader:
    """Walks through the text."""

    def __init__(self, text):
        self._text = text
        self._at = 0

    def at_end(self):
        return self._at >= len(self._text)

    def peek(self):
        return self._text[self._at] if not self.at_end() else ""

    def _take(self, char):
        if self.peek() != char:
            raise ValueError("a time zone needs %s at place %d" % (char, self._at + 1))
        self._at += 1

    def name(self):
        start = self._at
        if self.peek() == "<":                    # "<+0330>-3:30"
            while not self.at_end() and self.peek() != ">":
                self._at += 1
            self._take(">")
        else:
            while self.peek().isalpha():
                self._at += 1
        if self._at - start < 3:
            raise ValueError("a time zone's name has three letters or more, at place %d" % (start + 1))

    def number(self, most):
        start = self._at
        value = 0
        while "0" <= self.peek() <= "9":
            value = value * 10 + int(self.peek())
            self._at += 1
            if value > most:
                break
        if start == self._at or value > most:
            raise ValueError("a time zone needs a number up to %d at place %d" % (most, start + 1))
        return value

    def time(self):
        """[+-]hours[:minutes[:seconds]] in seconds."""
        sign = 1
        if self.peek() in ("+", "-"):
            sign = -1 if self.peek() == "-" else 1
            self._at += 1
        seconds = self.number(24) * _HOUR_S
        for unit_s in (60, 1):
            if self.peek() != ":":
                break
            self._at += 1
            seconds += self.number(59) * unit_s
        return sign * seconds

    def rule(self):
        """(month, week, weekday, seconds of the day)."""
        self._take(",")
        self._take("M")
        month = self.number(12)
        self._take(".")
        week = self.number(5)
        self._take(".")
        weekday = self.number(6)
        if month < 1 or week < 1:
            raise ValueError("a time zone's rule has months 1 to 12 and weeks 1 to 5")
        at_s = 2 * _HOUR_S
        if self.peek() == "/":
            self._at += 1
            at_s = self.time()
        return month, week, weekday, at_s


def _moment(year, rule):
    """Local seconds (as if they were UTC) of a rule in a year."""
    month, week, weekday, at_s = rule
    first_s = utc_from_date(year, month, 1, 0, 0, 0)
    begins = (date_from_utc(first_s)[6] + 1) % 7          # ours has Monday 0, POSIX Sunday 0
    day = (weekday - begins) % 7 + (week - 1) * 7
    while date_from_utc(first_s + day * _DAY_S)[1] != month:
        day -= 7                                          # week 5 of a month with four
    return first_s + day * _DAY_S + at_s
