"""Past sessions and their totals over HTTP: chosen, paged, streamed."""
from firmware.dates import utc_from_text
from firmware.services.web.records_api import RecordsApi
from firmware.services.web.roles import PUBLIC
from host_tests.services.web.harness import ApiTest
from host_tests.services.web.kept import BERLIN, Records
from host_tests.storage.scratch import Scratch


class RecordsTest(ApiTest):
    def setUp(self):
        self.scratch = Scratch()
        self.records = Records(self.scratch.folder)
        self.api = RecordsApi(self.records, lambda: BERLIN)

    def tearDown(self):
        self.scratch.close()

    def test_sessions_come_newest_first_page_by_page(self):
        async def test(server):
            numbers, before = [], ""
            while True:
                page = (await server.call("GET", "/api/v1/sessions?limit=4" + before)).json()
                numbers += [row["number"] for row in page["sessions"]]
                if page["next"] is None:
                    break
                before = "&before=%d" % page["next"]
            self.assertEqual(numbers, list(range(10, 0, -1)))
            row = page["sessions"][-1]
            self.assertEqual((row["start"], row["energy_wh"], row["cost_cents"], row["uid"], row["estimated"]),
                             ("2026-10-25T12:00:00Z", 1000, 10, "04A1B2C3", False))
            self.assertEqual((await server.call("GET", "/api/v1/sessions?limit=10")).json()["next"], None)
        self.records.fill(10)
        self.with_server(test)

    def test_sessions_are_chosen_by_local_day_month_card_and_account(self):
        async def test(server):
            for query, numbers in (
                    ("month=2026-10", [7, 6, 5, 4, 3, 2, 1]), ("month=2026-11", [10, 9, 8]),
                    ("from=2026-11-01&to=2026-11-02", [9, 8]),
                    ("uid=99887766", [10, 8, 6, 4, 2]), ("account=Private", []), ("days=22", [10, 9]),
                    ("days=90", list(range(10, 0, -1))),
                    ("month=2026-11&uid=99887766", [10, 8])):
                found = (await server.call("GET", "/api/v1/sessions?" + query)).json()["sessions"]
                self.assertEqual([row["number"] for row in found], numbers, query)
            for query in ("limit=0", "limit=201", "limit=x", "month=2026-13", "from=yesterday", "to=2026-02-30",
                          "days=0", "before=-1", "limit=%C2%B2", "days=%D9%A3"):
                answer = await server.call("GET", "/api/v1/sessions?" + query)
                self.assertEqual((answer.status, answer.json()["error"]["code"]), (422, "bad_value"), query)
        self.records.fill(10)
        self.with_server(test)

    def test_the_csv_has_all_that_are_chosen(self):
        async def test(server):
            answer = await server.call("GET", "/api/v1/sessions.csv?separator=tab&decimal=point&month=2026-11")
            lines = answer.body.decode().split("\r\n")
            self.assertEqual([line.split("\t")[0] for line in lines], ["\ufeffnumber", "10", "9", "8", ""])
            self.assertIn("\t10.000\t", lines[1])
            self.assertEqual((await server.call("GET", "/api/v1/sessions.csv?decimal=x")).status, 422)
        self.records.fill(10)
        self.with_server(test)

    def test_the_last_day_of_a_choice_ends_with_the_local_day_also_when_the_clocks_change(self):
        async def test(server):
            for query, numbers in (("from=2026-10-25&to=2026-10-25", [3, 2]), ("from=2026-10-25&to=2026-10-26", [4, 3, 2])):
                found = (await server.call("GET", "/api/v1/sessions?" + query)).json()["sessions"]
                self.assertEqual([row["number"] for row in found], numbers, query)
        for when in ("2026-10-24T21:59:59Z", "2026-10-24T22:00:00Z", "2026-10-25T22:59:59Z", "2026-10-25T23:00:00Z"):
            utc_s = utc_from_text(when)
            self.records.sessions.begin((1, 100, utc_s), None)
            self.records.sessions.end((1, 200, utc_s), 1, 1, "unplugged")
        self.with_server(test)

    def test_totals_are_per_card(self):
        async def test(server):
            found = (await server.call("GET", "/api/v1/sessions/totals?month=2026-11")).json()["cards"]
            self.assertEqual(found, [
                {"uid": "04A1B2C3", "user": "Ann", "sessions": 1, "energy_wh": 9000, "cost_cents": 90, "estimated": 0},
                {"uid": "99887766", "user": "Ann", "sessions": 2, "energy_wh": 18000, "cost_cents": 180, "estimated": 0}])
        self.records.fill(10)
        self.with_server(test)

    def test_nobody_unknown_sees_records(self):
        async def test(server):
            for path in ("sessions", "sessions.csv", "sessions/totals"):
                self.assertEqual((await server.call("GET", "/api/v1/" + path)).status, 401)
        self.with_server(test, role_of=lambda request: PUBLIC)
