"""A month's charges for reimbursement, by card: a page to print and a CSV file. Streamed; RAM holds the sums by account."""

from firmware.csv_lines import line_from_cells
from firmware.dates import date_from_utc
from firmware.records import export
from firmware.records.export import Choice, fixed
from firmware.services.web import paper
from firmware.services.web.query import CSV, SEPARATORS, SIGNS, download, one_of
from firmware.services.web.reply import HttpError, Reply
from firmware.services.web.roles import READ

_PATH = "/api/v1/statement"
_MOST_SUMS = 40                # accounts and cards that have a sum of their own; further ones share one
_NUMBERS = (3, 6, 7)           # columns that are set right
_LANGUAGES = {"": "en", "en": "en", "de": "de", "fr": "fr"}
_COLUMNS = {
    "en": ("No.", "Start", "End", "Duration", "Card", "Account", "Energy in kWh", "Cost"),
    "de": ("Nr.", "Beginn", "Ende", "Dauer", "Karte", "Konto", "Energie in kWh", "Kosten"),
    "fr": ("N°", "Début", "Fin", "Durée", "Carte", "Compte", "Énergie en kWh", "Coût"),
}
_WORDS = {
    "en": {"title": "Charging statement %s", "station": "Charging station", "serial": "Serial number", "card": "Card",
           "all": "all cards",
           "made": "Made on", "sums": "Sums", "count": "Sessions", "total": "Total", "none": "without account", "others": "others",
           "nothing": "No session in this month.", "estimated": "≈ estimated: the meter was missing or silent, or power was cut.",
           "times": "Local time of the charging station; a session counts for the month in which it began."},
    "de": {"title": "Ladeabrechnung %s", "station": "Ladestation", "serial": "Seriennummer", "card": "Karte", "all": "alle Karten",
           "made": "Erstellt am", "sums": "Summen", "count": "Ladevorgänge", "total": "Gesamt", "none": "ohne Konto",
           "others": "übrige", "nothing": "Kein Ladevorgang in diesem Monat.",
           "estimated": "≈ geschätzt: Der Zähler fehlte oder schwieg, oder der Strom fiel aus.",
           "times": "Ortszeit der Ladestation; ein Ladevorgang zählt zu dem Monat, in dem er begann."},
    "fr": {"title": "Relevé de recharge %s", "station": "Borne de recharge", "serial": "Numéro de série", "card": "Carte",
           "all": "toutes les cartes", "made": "Établi le", "sums": "Totaux", "count": "Recharges", "total": "Total",
           "none": "sans compte", "others": "autres", "nothing": "Aucune recharge ce mois-ci.",
           "estimated": "≈ estimé : compteur absent ou muet, ou coupure de courant.",
           "times": "Heure locale de la borne ; une recharge compte pour le mois où elle a commencé."},
}


class StatementApi:
    """Handlers. records: records.keeper.Keeper; zone(): the zone.Zone of now; station(): (name, serial number, currency), "" where
    none."""

    def __init__(self, records, zone, station):
        self._records = records
        self._zone = zone
        self._station = station

    def routes(self):
        """The table's rows, for Routes."""
        return (
            ("GET", _PATH, READ, self.page, 0),
            ("GET", _PATH + ".csv", READ, self.csv, 0),
        )

    def _sessions(self, choice):
        for session in self._records.sessions.oldest_first(self._records.stamper.references()):
            yield session if choice.takes(session) else None

    def _asked(self, args):
        """(month "2026-11", Choice, language); without a month the present one. Raises HttpError."""
        zone = self._zone()
        month = args.get("month", "")
        if not month:
            now_s = self._records.stamp()[2]
            if not now_s:
                raise HttpError(422, "bad_value", "the clock is not set: name a month, like 2026-11", "month")
            month = "%04d-%02d" % date_from_utc(now_s + zone.offset_s(now_s))[:2]
        try:
            from_utc, to_utc = export.month_from_text(month, zone)
        except ValueError as error:
            raise HttpError(422, "bad_value", str(error), "month")
        return month, Choice(from_utc, to_utc, args.get("uid", ""), args.get("account", "")), one_of(_LANGUAGES, args, "lang")

    async def page(self, request, rest):
        """?month=2026-11&uid=&account=&lang=en|de|fr: A4 pages of HTML."""
        month, choice, lang = self._asked(request.args)
        return Reply(self._pieces(month, choice, lang), kind=paper.HTML, headers=paper.HEADERS, slow=True)

    def _pieces(self, month, choice, lang):
        words, zone = _WORDS[lang], self._zone()
        name, serial, currency = self._station()
        columns = _columns(lang, currency)
        decimal = "." if lang == "en" else ","
        lines = ["%s: %s" % (words["station"], name or "Mode3")]
        if serial:
            lines.append("%s: %s" % (words["serial"], serial))
        lines.append("%s: %s" % (words["card"], choice.uid or words["all"]))
        now_s = self._records.stamp()[2]
        if now_s:
            lines.append("%s %s" % (words["made"], _date(now_s, zone, lang)))
        yield from paper.head(lang, words["title"] % ("%s/%s" % (month[5:], month[:4])), lines)
        accounts, cards, total = {}, {}, [0, 0, 0, 0, ""]
        for session in self._sessions(choice):
            if session is None:
                yield ""
                continue
            if not total[0]:
                yield paper.table(columns, _NUMBERS)
            _add(accounts, session["account"], session, "")
            _add(cards, session["uid"], session, session["user"])
            _count(total, session)
            yield paper.row(_cells(session, zone, lang, decimal), _NUMBERS)
        if not total[0]:
            yield "<p>%s</p>" % paper.escaped(words["nothing"])
        else:
            yield paper.row(("", "", "", "", words["total"], "", _energy(total[1], total[3], decimal), _money(total, decimal)),
                            _NUMBERS, "sum") + paper.END_TABLE
            yield from _sums(words, columns, columns[5], accounts, words["none"], decimal)
            if not choice.uid:
                yield from _sums(words, columns, words["card"], cards, "–", decimal)
        yield '<p class="soft">%s %s</p>' % (paper.escaped(words["times"]), paper.escaped(words["estimated"]) if total[3] else "")
        yield paper.END

    async def csv(self, request, rest):
        """The same sessions as a file; ?separator=semicolon|comma|tab&decimal=comma|point beside what the page takes."""
        args = request.args
        month, choice, lang = self._asked(args)
        separator, decimal = one_of(SEPARATORS, args, "separator"), one_of(SIGNS, args, "decimal")
        return download(self._lines(choice, lang, separator, decimal), CSV, "statement-%s.csv" % month)

    def _lines(self, choice, lang, separator, decimal):
        name, serial, currency = self._station()
        columns = _columns(lang, currency)
        heads = columns[:5] + (_PERSON[lang],) + columns[5:] + (_ESTIMATED[lang], _WORDS[lang]["station"], _WORDS[lang]["serial"])
        yield b"\xef\xbb\xbf" + line_from_cells(heads, separator).encode() + b"\r\n"
        zone = self._zone()
        for session in self._sessions(choice):
            if session is None:
                yield b""
                continue
            yield line_from_cells((
                str(session["number"]), export.local_time(session["start"][2], zone), export.local_time(session["end"][2], zone),
                _duration(session["duration_s"]), session["uid"], session["user"], session["account"],
                fixed(session["energy_wh"], 3, decimal), fixed(session["cost_cents"], 2, decimal),
                "≈" if session["estimated"] else "", session["station"] or name, serial), separator).encode() + b"\r\n"


_PERSON = {"en": "Name", "de": "Name", "fr": "Nom"}
_ESTIMATED = {"en": "Estimated", "de": "Geschätzt", "fr": "Estimé"}


def _columns(lang, currency):
    columns = _COLUMNS[lang]
    return columns[:7] + (columns[7] + " (" + currency + ")" if currency else columns[7],)


def _add(sums, key, session, name):
    if key not in sums:
        if len(sums) >= _MOST_SUMS:
            key, name = None, ""
        if key not in sums:
            sums[key] = [0, 0, 0, 0, name]
    _count(sums[key], session)


def _count(total, session):
    """[sessions, energy_wh, cost_cents, estimated sessions, name]"""
    total[0] += 1
    total[1] += session["energy_wh"]
    total[2] += session["cost_cents"] or 0
    total[3] += 1 if session["estimated"] else 0


def _sums(words, columns, first, sums, unnamed, decimal):
    yield "<h2>%s: %s</h2>" % (paper.escaped(words["sums"]), paper.escaped(first))
    yield paper.table((first, words["count"], columns[6], columns[7]), (1, 2, 3))
    for key in sorted([key for key in sums if key is not None]) + [key for key in sums if key is None]:
        row = sums[key]
        named = words["others"] if key is None else ("%s %s" % (key or unnamed, row[4])).strip()
        yield paper.row((named, str(row[0]), _energy(row[1], row[3], decimal), _money(row, decimal)), (1, 2, 3))
    yield paper.END_TABLE


def _cells(session, zone, lang, decimal):
    person = session["user"]
    begin, end = _moment(session["start"][2], zone, lang), _moment(session["end"][2], zone, lang)
    if end[:10] == begin[:10]:
        end = end[11:] or end              # the same day: the time says it
    return (str(session["number"]), begin, end,
            _duration(session["duration_s"]), (session["uid"] + " " + person) if person else session["uid"] or "–",
            session["account"], _energy(session["energy_wh"], session["estimated"], decimal),
            fixed(session["cost_cents"], 2, decimal))


def _energy(energy_wh, estimated, decimal):
    return ("≈ " if estimated else "") + fixed(energy_wh, 3, decimal)


def _money(total, decimal):
    return fixed(total[2], 2, decimal) if total[2] else ""


def _duration(seconds):
    return "%d:%02d:%02d" % (seconds // 3600, seconds // 60 % 60, seconds % 60)


def _date(utc_s, zone, lang):
    year, month, day = date_from_utc(utc_s + zone.offset_s(utc_s))[:3]
    if lang == "en":
        return "%04d-%02d-%02d" % (year, month, day)
    return ("%02d.%02d.%04d" if lang == "de" else "%02d/%02d/%04d") % (day, month, year)


def _moment(utc_s, zone, lang):
    return _date(utc_s, zone, lang) + " %02d:%02d" % date_from_utc(utc_s + zone.offset_s(utc_s))[3:5] if utc_s else "–"
