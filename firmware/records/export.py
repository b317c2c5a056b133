"""Past sessions for people and programs: chosen, one at a time, as JSON rows and as CSV that a spreadsheet opens."""

from firmware.csv_lines import line_from_cells
from firmware.dates import date_from_utc, rfc3339, utc_from_text

COLUMNS = ("number", "station", "connector", "connector_type", "transaction_id", "uid", "user", "account", "phases", "start", "end",
           "duration_s", "charging_s", "energy_kwh", "meter_start_kwh", "meter_stop_kwh", "cost", "estimated", "end_reason",
           "comment")
_DAY_S = 86400


class Choice:
    """Which sessions. from_utc, to_utc: Unix seconds between which one began (0: any; one whose time is unknown only where both
    are); uid, account: "" for any; before: only numbers below it (0: all)."""

    def __init__(self, from_utc=0, to_utc=0, uid="", account="", before=0):
        self.from_utc = from_utc
        self.to_utc = to_utc
        self.uid = uid
        self.account = account
        self.before = before

    def takes(self, session):
        """True for a session dict that is wanted."""
        if self.before and session["number"] >= self.before:
            return False
        if self.uid and session["uid"] != self.uid or self.account and session["account"] != self.account:
            return False
        start_utc = session["start"][2]
        if not start_utc:
            return not self.from_utc and not self.to_utc
        return start_utc >= self.from_utc and (not self.to_utc or start_utc < self.to_utc)


def as_json(session):
    """A session dict for the API."""
    row = dict(session)
    row["start"], row["end"] = rfc3339(session["start"][2]), rfc3339(session["end"][2])
    return row


def csv_lines(sessions, choice, zone, separator=";", decimal=","):
    """Yields the CSV a line (bytes) at a time, and b"" for each session that is left out, so that others may run meanwhile. Times
    are local, as a spreadsheet reads them. decimal: the sign in kWh and money."""
    yield b"\xef\xbb\xbf" + line_from_cells(COLUMNS, separator).encode() + b"\r\n"
    for session in sessions:
        yield _line(session, zone, separator, decimal) if choice.takes(session) else b""


def _line(session, zone, separator, decimal):
    row = {
        "start": local_time(session["start"][2], zone), "end": local_time(session["end"][2], zone),
        "energy_kwh": fixed(session["energy_wh"], 3, decimal), "cost": fixed(session["cost_cents"], 2, decimal),
        "meter_start_kwh": fixed(session["meter_start_wh"], 3, decimal),
        "meter_stop_kwh": fixed(session["meter_stop_wh"], 3, decimal), "estimated": "yes" if session["estimated"] else "no",
        "phases": str(session["phases"] or ""),
    }
    return line_from_cells([row[name] if name in row else str(session[name]) for name in COLUMNS], separator).encode() + b"\r\n"


def fixed(value, digits, decimal="."):
    """"12.345" of 12345 with three digits; "" of None."""
    if value is None:
        return ""
    unit = 10 ** digits
    return "%d%s%s" % (value // unit, decimal, str(unit + value % unit)[1:])


def local_time(utc_s, zone):
    """"2026-11-20 13:00:00" in local time, "" when unknown."""
    if not utc_s:
        return ""
    return "%04d-%02d-%02d %02d:%02d:%02d" % date_from_utc(utc_s + zone.offset_s(utc_s))[:6]


def month_from_text(text, zone):
    """(from_utc, to_utc) of a local month "2026-11". ValueError."""
    begin_s = utc_from_text(text + "-01") if len(text) == 7 else None
    if begin_s is None:
        raise ValueError("a month is like 2026-11")
    next_s = begin_s + 31 * _DAY_S
    next_s -= (date_from_utc(next_s)[2] - 1) * _DAY_S
    return _utc(begin_s, zone), _utc(next_s, zone)


def day_from_text(text, zone, later=0):
    """Unix seconds at which a local day "2026-11-20" begins, or one some days later. ValueError."""
    local_s = utc_from_text(text) if len(text) == 10 else None
    if local_s is None:
        raise ValueError("a day is like 2026-11-20")
    return _utc(local_s + later * _DAY_S, zone)


def _utc(local_s, zone):
    """Unix seconds of a local midnight: no zone changes its clocks then."""
    return local_s - zone.offset_s(local_s - zone.standard_s)


class Totals:
    """Energy and cost of sessions by card, for a month's statement. At most `most` cards; further ones are counted together."""

    def __init__(self, most=300):
        self._most = most
        self.rows = {}             # uid -> [sessions, energy_wh, cost_cents, estimated sessions, user]

    def add(self, session):
        """One more session."""
        uid = session["uid"]
        if uid not in self.rows and len(self.rows) >= self._most:
            uid = "*"
        row = self.rows.get(uid)
        if row is None:
            row = self.rows[uid] = [0, 0, 0, 0, session["user"]]
        row[0] += 1
        row[1] += session["energy_wh"]
        row[2] += session["cost_cents"] or 0
        row[3] += 1 if session["estimated"] else 0
