"""Past sessions, events and the report over HTTP: chosen, paged, streamed."""
import unittest

from firmware.dates import utc_from_text
from firmware.records.event_log import EventLog
from firmware.records.session_log import SessionLog
from firmware.records.stamp import Stamper
from firmware.services.web.records_api import RecordsApi
from firmware.services.web.roles import PUBLIC
from firmware.settings.store import Store
from firmware.zone import Zone
from host_tests.services.web.harness import Server, run
from host_tests.storage.scratch import Scratch

BERLIN = Zone("CET-1CEST,M3.5.0,M10.5.0/3")
FIRST_S = utc_from_text("2026-10-25T12:00:00Z")


class Records:
    """The log and event files, as the keeper has them."""

    def __init__(self, folder):
        self.stamper = Stamper(folder)
        self.stamper.start()
        self.sessions = SessionLog(folder)
        self.sessions.start()
        self.events = EventLog(folder + "events")

    def stamp(self):
        return 1, 5000, FIRST_S + 30 * 86400

    def fill(self, count):
        """A session a day."""
        for number in range(1, count + 1):
            utc_s = FIRST_S + (number - 1) * 86400
            self.sessions.begin((1, 100, utc_s), 1000, "04A1B2C3" if number % 2 else "99887766", 3, user="Ann", account="Work")
            self.sessions.end((1, 200, utc_s + 100), 1000 * number, 90, "unplugged", 1000 + 1000 * number, 10 * number)
            self.events.add((1, 100, utc_s), "info", "event_%d" % number, number, "<b>&")
        self.events.flush(True)


class RecordsTest(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.records = Records(self.scratch.folder)
        self.facts = {"serial": "M3-1", "station_name": "<Garage>", "version": "0.1.0", "utc": None, "faults": []}
        self.store = Store()
        self.api = RecordsApi(self.records, lambda: BERLIN, lambda: self.facts, self.store)

    def tearDown(self):
        self.scratch.close()

    def with_server(self, test, **options):
        async def main():
            async with Server(rows=self.api.routes(), **options) as server:
                await test(server)
                self.assertEqual(server.errors, [])
        run(main())

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
                          "days=0", "before=-1"):
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

    def test_totals_are_per_card(self):
        async def test(server):
            found = (await server.call("GET", "/api/v1/sessions/totals?month=2026-11")).json()["cards"]
            self.assertEqual(found, [
                {"uid": "04A1B2C3", "user": "Ann", "sessions": 1, "energy_wh": 9000, "cost_cents": 90, "estimated": 0},
                {"uid": "99887766", "user": "Ann", "sessions": 2, "energy_wh": 18000, "cost_cents": 180, "estimated": 0}])
        self.records.fill(10)
        self.with_server(test)

    def test_events_are_paged_and_filtered(self):
        async def test(server):
            page = (await server.call("GET", "/api/v1/events?limit=3")).json()["events"]
            self.assertEqual([row["code"] for row in page], ["event_9", "event_8", "event_7"])
            page = (await server.call("GET", "/api/v1/events?limit=3&before=%d" % page[-1]["seq"])).json()["events"]
            self.assertEqual([(row["code"], row["value"]) for row in page], [("event_6", 6), ("event_5", 5), ("event_4", 4)])
            self.assertEqual((await server.call("GET", "/api/v1/events?kind=fault")).json()["events"], [])
        self.records.fill(9)
        self.with_server(test)

    def test_the_report_has_facts_plain_settings_and_events_and_no_markup_of_others(self):
        self.store.set_many({"station.name": "Ann's box", "installation.fuse_a": 17})

        async def test(server):
            text = (await server.call("GET", "/api/v1/report")).body.decode()
            self.assertIn("&lt;Garage&gt;", text)
            self.assertIn("<td>installation.fuse_a</td><td>17</td>", text)
            self.assertIn("event_3 3 &lt;b&gt;&amp;", text)
            self.assertNotIn("Ann's box", text)
            self.assertNotIn("<b>", text)
            self.assertEqual(text.count("<table>"), text.count("</table>"))
        self.records.fill(3)
        self.with_server(test)

    def test_nobody_unknown_sees_records(self):
        async def test(server):
            for path in ("sessions", "sessions.csv", "sessions/totals", "events", "report"):
                self.assertEqual((await server.call("GET", "/api/v1/" + path)).status, 401)
        self.with_server(test, role_of=lambda request: PUBLIC)
