"""What a session costs: two rates and a weekly schedule, in whole hundredths of a cent, never in floats.

Energy that was drawn while the clock was not set waits and is priced when it is set; what still waits at the end costs the
first rate.
"""

from micropython import const

WEEK_MINUTES = const(10080)
_UNITS_PER_CENT = const(100000000)   # mWh times hundredths of a cent per kWh
_SLOT_S = const(900)
_SLOTS = const(64)                   # 16 hours without a clock; then the oldest costs the first rate
SPANS_FORM = "DAYS HH:MM-HH:MM, parted by commas, such as mo-fr 22:00-06:00, su 00:00-24:00"
_DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")


class Tariff:
    """price_1, price_2: hundredths of a cent per kWh. times: when the second rate holds: "mo-fr 22:00-06:00, sa-su 00:00-24:00"; ""
    for never. Raises ValueError that says what is wrong."""

    def __init__(self, price_1, price_2=0, times=""):
        self._prices = (price_1, price_2)
        self._spans = spans_from_text(times)

    def price(self, weekly_minute):
        """Hundredths of a cent per kWh at a minute of the local week; None (clock unknown): the first rate."""
        if weekly_minute is not None:
            for begin, end in self._spans:
                if begin <= weekly_minute < end:
                    return self._prices[1]
        return self._prices[0]


class Cost:
    """The cost of one session. zone: has weekly_minute(utc_s)."""

    def __init__(self, tariff, zone):
        self._tariff = tariff
        self._zone = zone
        self._units = 0
        self._waiting = []                  # [uptime_s, mWh] of what was drawn while the clock was unknown

    def add(self, mwh, uptime_s, utc_s):
        """So much more was drawn until now. utc_s 0: the clock is not set."""
        if mwh <= 0:
            return
        if not utc_s:
            self._wait(mwh, uptime_s)
            return
        if self._waiting:
            for then_s, waited_mwh in self._waiting:
                self._charge(waited_mwh, utc_s - (uptime_s - then_s))
            self._waiting = []
        self._charge(mwh, utc_s)

    def _wait(self, mwh, uptime_s):
        waiting = self._waiting
        if waiting and uptime_s - waiting[-1][0] < _SLOT_S:
            waiting[-1][1] += mwh
            return
        if len(waiting) >= _SLOTS:
            self._units += waiting.pop(0)[1] * self._tariff.price(None)
        waiting.append([uptime_s, mwh])

    def _charge(self, mwh, utc_s):
        self._units += mwh * self._tariff.price(self._zone.weekly_minute(utc_s))

    def cents(self):
        """Whole cents so far, rounded half up."""
        units = self._units
        for _, mwh in self._waiting:
            units += mwh * self._tariff.price(None)
        return (units + _UNITS_PER_CENT // 2) // _UNITS_PER_CENT


def spans_from_text(text):
    """[(begin, end)] in minutes of the week, from "mo-fr 22:00-06:00, su 00:00-24:00". A span that ends before it begins goes on
    into the next day. ValueError says what is wrong."""
    spans = []
    for part in text.lower().split(","):
        part = part.strip()
        if not part:
            continue
        days, _, times = part.partition(" ")
        first, _, last = days.partition("-")
        last = last or first
        begin, dash, end = times.strip().partition("-")
        if first not in _DAYS or last not in _DAYS or not dash:
            raise ValueError("%s: must be like mo-fr 22:00-06:00; days are %s" % (part, " ".join(_DAYS)))
        begin_m, end_m = _minutes(begin, part), _minutes(end, part)
        if begin_m == end_m:
            raise ValueError("%s: begins when it ends" % part)
        if end_m < begin_m:
            end_m += 1440
        day = _DAYS.index(first)
        while True:
            _add_span(spans, day * 1440 + begin_m, day * 1440 + end_m)
            if day == _DAYS.index(last):
                break
            day = (day + 1) % 7
    return spans


def _add_span(spans, begin, end):
    if end > WEEK_MINUTES:
        spans.append((0, end - WEEK_MINUTES))
        end = WEEK_MINUTES
    if begin < end:
        spans.append((begin, end))


def _minutes(text, part):
    hours, colon, minutes = text.strip().partition(":")
    for digits in (hours, minutes):
        for char in digits or "x":
            if not "0" <= char <= "9":
                raise ValueError("%s: a time is like 06:00" % part)
    value = int(hours) * 60 + int(minutes)
    if len(minutes) != 2 or int(minutes) > 59 or value > 1440:
        raise ValueError("%s: a time is from 00:00 to 24:00" % part)
    return value
