"""The month's statement: right sessions, right sums, escaped, in three languages."""
import hashlib
from binascii import b2a_base64

from firmware.dates import utc_from_text
from firmware.services.web import paper, statement_api
from firmware.services.web.roles import PUBLIC
from firmware.services.web.statement_api import StatementApi
from host_tests.services.web.harness import ApiTest
from host_tests.services.web.kept import BERLIN, Records
from host_tests.storage.scratch import Scratch

PATH = "/api/v1/statement"


class StatementApiTest(ApiTest):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)
        self.records = Records(self.scratch.folder)
        self.api = StatementApi(self.records, lambda: BERLIN, lambda: ("<Garage>", "M3-1", "EUR"))

    def session(self, when, energy_wh, cost_cents=None, uid="04A1B2C3", user="Ann", account="Work", meter_wh=1000):
        utc_s = utc_from_text(when)
        self.records.sessions.begin((1, 100, utc_s), meter_wh, uid, 3, user=user, account=account)
        self.records.sessions.end((1, 4000, utc_s + 3900), energy_wh, 90, "unplugged", None, cost_cents)

    def fill(self):
        self.session("2026-10-31T22:59:00Z", 5000, 100)                     # 23:59 local: of October
        self.session("2026-10-31T23:00:00Z", 1500, 55)                      # of November
        self.session("2026-11-05T12:00:00Z", 2250, 80, "99887766", "B<o>b", "")
        self.session("2026-11-07T12:00:00Z", 500, 20, "04A1B2C3", "Ann", "<i>")
        self.session("2026-11-30T22:59:59Z", 10000, 345, "04A1B2C3", "Ann", "Work", None)     # without a meter
        self.session("2026-11-30T23:00:00Z", 7777, 700)                     # of December

    def test_it_has_the_months_sessions_and_their_sums(self):
        async def test(server):
            text = (await server.call("GET", PATH + "?month=2026-11&lang=en")).body.decode()
            for row in ("<td class=\"n\">1.500</td><td class=\"n\">0.55</td>",
                        "<td>2</td><td>2026-11-01 00:00</td><td>01:05</td><td class=\"n\">1:05:00</td>"
                        "<td>04A1B2C3 Ann</td><td>Work</td>",
                        "<td class=\"n\">≈ 10.000</td><td class=\"n\">3.45</td>",
                        "<td>2026-11-30 23:59</td><td>2026-12-01 01:04</td>",
                        "<td>Total</td><td></td><td class=\"n\">≈ 14.250</td><td class=\"n\">5.00</td>",
                        "<td>Work</td><td class=\"n\">2</td><td class=\"n\">≈ 11.500</td><td class=\"n\">4.00</td>",
                        "<td>without account</td><td class=\"n\">1</td><td class=\"n\">2.250</td><td class=\"n\">0.80</td>",
                        "<td>04A1B2C3 Ann</td><td class=\"n\">3</td><td class=\"n\">≈ 12.000</td><td class=\"n\">4.20</td>",
                        "&lt;Garage&gt;", "M3-1", "Cost (EUR)", "B&lt;o&gt;b", "&lt;i&gt;", "estimated"):
                self.assertIn(row, text)
            for other in ("5.000", "7.777", "<o>", "<Garage", "<i>"):
                self.assertNotIn(other, text)
            for tag in ("table", "tbody", "thead", "tr", "td", "p", "h2", "body", "html"):
                self.assertEqual(text.count("<" + tag + ">") + text.count("<" + tag + " "), text.count("</" + tag + ">"), tag)
        self.fill()
        self.with_server(test)

    def test_one_cards_statement_has_no_other_card(self):
        async def test(server):
            text = (await server.call("GET", PATH + "?month=2026-11&uid=99887766&lang=de")).body.decode()
            self.assertIn("99887766 B&lt;o&gt;b", text)
            self.assertIn("05.11.2026 13:00", text)
            self.assertIn("2,250", text)
            self.assertIn("Ladeabrechnung 11/2026", text)
            self.assertNotIn("04A1B2C3", text)
            self.assertNotIn("geschätzt", text)
        self.fill()
        self.with_server(test)

    def test_the_file_has_the_same_sessions(self):
        async def test(server):
            answer = await server.call("GET", PATH + ".csv?month=2026-11&uid=99887766&lang=fr&decimal=point")
            self.assertIn("statement-2026-11.csv", answer.headers["content-disposition"])
            lines = answer.body.decode().split("\r\n")
            self.assertEqual(len(lines), 3)
            self.assertTrue(lines[0].startswith("\ufeffN°;Début;Fin;Durée;Carte;Nom;Compte;"))
            self.assertEqual(lines[1], "3;2026-11-05 13:00:00;2026-11-05 14:05:00;1:05:00;99887766;B<o>b;;2.250;0.80;;"
                             "<Garage>;M3-1")
        self.fill()
        self.with_server(test)

    def test_without_a_month_it_is_the_present_one_and_an_empty_one_says_so(self):
        async def test(server):
            text = (await server.call("GET", PATH)).body.decode()       # now: 24 November
            self.assertIn("statement 11/2026", text)
            self.assertIn("No session in this month", text)
            for query in ("?month=2026-13", "?month=now", "?lang=xx", "?month=2026-1"):
                self.assertEqual((await server.call("GET", PATH + query)).status, 422, query)
            self.records.stamp = lambda: (1, 5000, 0)
            answer = await server.call("GET", PATH)
            self.assertEqual((answer.status, answer.json()["error"]["field"]), (422, "month"))
        self.with_server(test)

    def test_sums_are_bounded(self):
        async def test(server):
            text = (await server.call("GET", PATH + "?month=2026-11")).body.decode()
            self.assertIn("<td>others</td><td class=\"n\">8</td>", text)
            self.assertEqual(text.count("Z00"), 48 + 40)
        for number in range(48):
            self.session("2026-11-05T12:00:00Z", 1000, None, "Z00%02d" % number, "")
        self.with_server(test)

    def test_every_language_has_every_word(self):
        for table in (statement_api._WORDS, statement_api._COLUMNS, statement_api._PERSON, statement_api._ESTIMATED):
            self.assertEqual(sorted(table), ["de", "en", "fr"])
            self.assertEqual(len(set([len(table[lang]) for lang in table if not isinstance(table[lang], str)] or [0])), 1)
        self.assertEqual(sorted(statement_api._WORDS["en"]), sorted(statement_api._WORDS["de"]))
        self.assertEqual(sorted(statement_api._WORDS["en"]), sorted(statement_api._WORDS["fr"]))

    def test_the_policy_allows_its_own_look_and_nothing_else(self):
        async def test(server):
            answer = await server.call("GET", PATH + "?month=2026-11")
            text = answer.body.decode()
            style = text[text.index("<style>") + 7:text.index("</style>")]
            digest = b2a_base64(hashlib.sha256(style.encode()).digest()).decode().strip()
            self.assertEqual(paper.STYLE_HASH, "sha256-" + digest)
            policy = answer.headers["content-security-policy"]
            self.assertIn("default-src 'none'; style-src '%s';" % paper.STYLE_HASH, policy)
            self.assertNotIn("script", policy)
        self.with_server(test)

    def test_nobody_unknown_sees_it(self):
        async def test(server):
            for path in (PATH, PATH + ".csv"):
                self.assertEqual((await server.call("GET", path)).status, 401)
        self.with_server(test, role_of=lambda request: PUBLIC)
