"""Past sessions as JSON and CSV: chosen by local time, card and account; figures to the last digit."""
import unittest

from firmware.dates import utc_from_text
from firmware.records import export
from firmware.records.export import Choice, Totals
from firmware.zone import Zone

BERLIN = Zone("CET-1CEST,M3.5.0,M10.5.0/3")


def session(number, start="2026-11-20T12:00:00Z", **fields):
    begin_s = utc_from_text(start) if start else 0
    found = {"number": number, "phases": 3, "estimated": False, "start": (7, 100, begin_s),
             "end": (7, 3700, begin_s + 3600 if start else 0), "duration_s": 3600, "charging_s": 3500, "energy_wh": 11045,
             "cost_cents": 353, "meter_start_wh": 1000000, "meter_stop_wh": 1011045, "station": "box1", "connector": "1",
             "connector_type": "cable", "transaction_id": "", "uid": "04A1B2C3", "user": "Ann", "account": "Work",
             "end_reason": "unplugged", "comment": ""}
    found.update(fields)
    return found


class ChoiceTest(unittest.TestCase):
    def test_date_card_account_and_number_choose(self):
        one = session(5)
        noon = one["start"][2]
        for choice, wanted in (
                (Choice(), True), (Choice(noon), True), (Choice(noon + 1), False), (Choice(0, noon), False),
                (Choice(0, noon + 1), True),
                (Choice(uid="04A1B2C3"), True), (Choice(uid="99"), False), (Choice(account="Work"), True),
                (Choice(account="Private"), False), (Choice(before=5), False), (Choice(before=6), True)):
            self.assertEqual(choice.takes(one), wanted)

    def test_a_session_whose_time_is_unknown_is_found_only_without_dates(self):
        unknown = session(5, None)
        self.assertTrue(Choice().takes(unknown))
        self.assertFalse(Choice(1).takes(unknown))
        self.assertFalse(Choice(0, 1).takes(unknown))


class CsvTest(unittest.TestCase):
    def lines(self, sessions, choice=None, **how):
        return [line.decode() for line in export.csv_lines(sessions, choice or Choice(), BERLIN, **how)]

    def test_a_session_is_one_line_with_local_time_and_exact_figures(self):
        head, line = self.lines([session(5)])
        self.assertEqual(head, "\ufeff" + ";".join(export.COLUMNS) + "\r\n")
        self.assertEqual(line, "5;box1;1;cable;;04A1B2C3;Ann;Work;3;2026-11-20 13:00:00;2026-11-20 14:00:00;3600;3500;11,045;"
                               "1000,000;1011,045;3,53;no;unplugged;\r\n")

    def test_separator_and_decimal_sign_are_a_choice(self):
        one = session(5, comment="a, b", energy_wh=5, cost_cents=None, meter_start_wh=None)
        line = self.lines([one], separator=",", decimal=".")[1]
        self.assertIn(',0.005,,1011.045,,no,unplugged,"a, b"\r\n', line)

    def test_texts_cannot_become_formulas(self):
        line = self.lines([session(5, user="=cmd|' /C calc'!A0", comment="+1")])[1]
        self.assertIn(";'=cmd", line)
        self.assertIn(";'+1\r\n", line)

    def test_sessions_left_out_give_way_to_others(self):
        self.assertEqual(self.lines([session(6), session(5), session(4)], Choice(before=6))[1], "")
        self.assertEqual(len(self.lines([session(number) for number in range(9)])), 10)

    def test_figures_keep_their_zeros(self):
        for value, digits, text in ((0, 2, "0.00"), (5, 2, "0.05"), (100, 2, "1.00"), (123456, 3, "123.456"), (None, 2, "")):
            self.assertEqual(export.fixed(value, digits), text)


class LocalTimeTest(unittest.TestCase):
    def test_a_month_is_the_local_one(self):
        for text, begin, end in (("2026-11", "2026-10-31T23:00:00Z", "2026-11-30T23:00:00Z"),
                                 ("2026-10", "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z"),
                                 ("2026-12", "2026-11-30T23:00:00Z", "2026-12-31T23:00:00Z"),
                                 ("2028-02", "2028-01-31T23:00:00Z", "2028-02-29T23:00:00Z")):
            self.assertEqual(export.month_from_text(text, BERLIN), (utc_from_text(begin), utc_from_text(end)))

    def test_a_day_is_the_local_one_also_when_the_clocks_change(self):
        for text, begin in (("2026-11-20", "2026-11-19T23:00:00Z"), ("2026-03-29", "2026-03-28T23:00:00Z"),
                            ("2026-03-30", "2026-03-29T22:00:00Z"), ("2026-10-25", "2026-10-24T22:00:00Z"),
                            ("2026-10-26", "2026-10-25T23:00:00Z")):
            self.assertEqual(export.day_from_text(text, BERLIN), utc_from_text(begin))

    def test_what_is_no_month_or_day_is_refused(self):
        for text in ("", "2026", "2026-13", "2026-1", "11-2026", "2026-11-01"):
            with self.assertRaises(ValueError):
                export.month_from_text(text, BERLIN)
        for text in ("", "2026-11", "2026-02-30", "20.11.2026", "2026-11-20T00:00:00Z"):
            with self.assertRaises(ValueError):
                export.day_from_text(text, BERLIN)


class TotalsTest(unittest.TestCase):
    def test_each_card_is_summed_and_ram_is_bounded(self):
        totals = Totals(2)
        for uid, energy_wh, cents in (("A", 10, 1), ("B", 20, None), ("A", 5, 2), ("C", 7, 3), ("D", 8, 4), ("B", 1, 1)):
            totals.add(session(1, uid=uid, energy_wh=energy_wh, cost_cents=cents, estimated=uid == "D", user=uid.lower()))
        self.assertEqual(totals.rows, {"A": [2, 15, 3, 0, "a"], "B": [2, 21, 1, 0, "b"], "*": [2, 15, 7, 1, "c"]})
