"""Smart charging: a low current until a plan arrives; then the plan, or the week's windows; without either, at once (CH-19)."""

from micropython import const

DAY_MIN = const(1440)
WEEK_MIN = const(10080)
MAX_WINDOWS = const(14)
WINDOWS_FORM = "DAYS HH:MM-HH:MM AMPERE, parted by semicolons, such as 1-5 22:00-06:00 16; 6,7 00:00-24:00 11 (1 is Monday)"

STATES = ("off", "waiting", "plan", "schedule", "fallback")


def windows_from_text(text):
    """[(bit per day, first minute of the day, minutes, limit_ma)]; ValueError where it is not WINDOWS_FORM."""
    windows = []
    for part in text.split(";"):
        words = part.split()
        if not words:
            continue
        if len(words) != 3:
            raise ValueError("three words a window")
        begin, _, end = words[1].partition("-")
        first, last = _minute(begin), _minute(end)
        ampere = int(words[2])
        if not (ampere == 0 or 6 <= ampere <= 63) or first == DAY_MIN or first == last:
            raise ValueError("0 or 6 to 63 A, and a window has a length")
        windows.append((_days(words[0]), first, last - first if last > first else last - first + DAY_MIN, ampere * 1000))
    if len(windows) > MAX_WINDOWS:
        raise ValueError("too many windows")
    return windows


def _minute(text):
    hours, colon, minutes = text.partition(":")
    minute = int(hours) * 60 + int(minutes)
    if not colon or len(minutes) != 2 or not 0 <= int(minutes) < 60 or not 0 <= minute <= DAY_MIN:
        raise ValueError("a time is 00:00 to 24:00")
    return minute


def _days(text):
    days = 0
    for part in text.split(","):
        first, dash, last = part.partition("-")
        first, last = int(first), int(last if dash else first)
        if not 1 <= first <= last <= 7:
            raise ValueError("days are 1 to 7")
        for day in range(first - 1, last):
            days |= 1 << day
    return days


def at_minute(windows, minute):
    """(limit_ma, minutes until a window begins or ends). Outside of all windows: 0. The first that fits rules."""
    limit_ma, left = None, WEEK_MIN
    for days, first, length, window_ma in windows:
        for day in range(7):
            if days >> day & 1:
                since = (minute - day * DAY_MIN - first) % WEEK_MIN
                if since < length and limit_ma is None:
                    limit_ma = window_ma
                left = min(left, length - since if since < length else WEEK_MIN - since)
    return limit_ma or 0, left


class SmartCharging:
    """Tells a cap while the mode is smart. local_minutes(): minute_of_week, or None while nobody knows the time."""

    def __init__(self):
        self.start_ma = 6000          # until a plan arrives
        self.wait_ms = 300000         # so long; then charging is immediate. 0: not at all
        self._windows = []
        self._minute = None           # of the week, for which _now holds
        self._now = None
        self.local_minutes = lambda: None
        self.state = "off"
        self._waited_ms = 0
        self._plan = None             # [(start_ms, limit_ma)], counted from when it came
        self._plan_by = ""            # who gave it
        self._plan_ms = 0             # its age
        self._plan_valid_ms = 0

    def follow(self, windows):
        """These windows of windows_from_text() rule the week; none: there is no schedule."""
        self._windows = windows
        self._minute = None

    def set_plan(self, steps, valid_s, by=""):
        """Follow [(start_s, limit_ma)] from now on for valid_s; an empty one takes the plan away. by: who says so. ValueError when
        it is none."""
        plan, last_s = [], -1
        for start_s, limit_ma in steps:
            if not last_s < start_s < valid_s:
                raise ValueError("steps must come in order and within valid_s")
            last_s = start_s
            plan.append((start_s * 1000, limit_ma))
        self._plan = plan or None
        self._plan_by = by
        self._plan_ms = 0
        self._plan_valid_ms = valid_s * 1000
        self._waited_ms = 0

    def clear_of(self, allowed):
        """Take away the plan of who may not speak any more: allowed(by) is false."""
        if self._plan is not None and not allowed(self._plan_by):
            self._plan = None
            self._waited_ms = 0

    def new_session(self):
        """A vehicle came, or somebody chose smart charging: waiting begins anew."""
        self._waited_ms = 0

    def tick(self, gap_ms, wanted):
        """(limit_ma, reason) or None where nothing is capped. wanted: the mode is smart and a vehicle is there."""
        if self._plan is not None:
            self._plan_ms += gap_ms
            if self._plan_ms >= self._plan_valid_ms:
                self._plan = None
                self._waited_ms = 0
        if not wanted:
            self.state = "off"
            self._waited_ms = 0
            return None
        if self._plan is not None and self._plan_ms >= self._plan[0][0]:
            return self._follow_plan()
        minute = self.local_minutes() if self._plan is None and self._windows else None
        if minute is not None:
            self.state = "schedule"
            if minute != self._minute:           # the table is walked once a minute
                self._minute, self._now = minute, at_minute(self._windows, minute)
            limit_ma, left_min = self._now
            return limit_ma, {"code": "schedule" if limit_ma else "schedule_pause", "left_s": left_min * 60}
        if self._plan is None:
            self._waited_ms = min(self._waited_ms + gap_ms, self.wait_ms)
            if self._waited_ms >= self.wait_ms:
                self.state = "fallback"
                return None
        self.state = "waiting"
        left_ms = self._plan[0][0] - self._plan_ms if self._plan else self.wait_ms - self._waited_ms
        return self.start_ma, {"code": "smart_start", "left_s": left_ms // 1000}

    def _follow_plan(self):
        self.state = "plan"
        limit_ma, until_ms = 0, self._plan_valid_ms
        for start_ms, step_ma in self._plan:
            if start_ms > self._plan_ms:
                until_ms = start_ms
                break
            limit_ma = step_ma
        return limit_ma, {"code": "plan" if limit_ma else "plan_pause", "left_s": (until_ms - self._plan_ms) // 1000}
