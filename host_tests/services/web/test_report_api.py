"""The maintenance report: what a technician asks for, no secrets, no persons, nobody's markup."""
import json

from firmware.charging.facts import FACTS
from firmware.services.web.events_api import EventsApi
from firmware.services.web.report_api import ReportApi, words
from firmware.services.web.roles import ADMIN, CONTROL, READ
from firmware.settings.store import Store
from host_tests.services.web.harness import ApiTest, StrictStation
from host_tests.services.web.kept import BERLIN, Records
from host_tests.storage.scratch import Scratch


class ReportApiTest(ApiTest):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)
        self.records = Records(self.scratch.folder)
        self.role = ADMIN
        self.store = Store()
        self.facts = StrictStation().facts(personal=False)
        self.facts.update({
            "serial": "M3-1", "station_name": "Ann's box", "version": "0.1.0", "utc": None,
            "board": {"name": "<twin>", "lacks": ["pe_monitor"], "socket": False, "failing": []},
            "faults": [{"code": "F05", "name": "rcd_tripped", "severity": "error", "kind": "active", "since": None,
                        "status": "residual_current"}],
            "tasks": [{"name": "web", "critical": False, "restarts": 2, "last_error": "OSError: <28>"}],
            "ceilings": [{"source": "cable", "limit_ma": 32000}, {"source": "user", "limit_ma": 16000}]})
        with open(self.scratch.folder + "board.json", "w") as file:
            json.dump({"format": 1, "pins": {"cp_pwm": 33, "led_red": None}}, file)
        events = EventsApi(self.records, lambda: BERLIN, lambda: True)
        self.api = ReportApi(self.records, events.rows, lambda: dict(self.facts), self.store, self.scratch.folder,
                             {"ntp": "OSError: 5"})

    def options(self):
        return {"role_of": lambda request: self.role}

    async def text(self, server):
        answer = await server.call("GET", "/api/v1/report")
        self.assertIn('filename="report-M31.html"', answer.headers["content-disposition"])
        return answer.body.decode()

    def test_it_has_what_a_technician_asks_for(self):
        self.store.set_many({"installation.fuse_a": 17})
        self.records.events.add((1, 100, 0), "boot", "power_on")
        self.records.fill(3)

        async def test(server):
            text = await self.text(server)
            for part in ("M3-1", "0.1.0", "&lt;twin&gt;", "<td>F05</td><td>rcd_tripped</td>", "residual_current</td><td>set</td>",
                         "pe_monitor", "cp_pwm 33", '<th scope="row">installation.fuse_a</th><td>17 A</td>',
                         "limit_ma 32000, source cable\nlimit_ma 16000, source user",
                         "OSError: &lt;28&gt;", "failure in ntp", "3 kept, newest 3", "event_3</td>", "&lt;b&gt;&amp;",
                         "start 1 + 100 s</td><td>boot</td><td>power_on", "(default)", "central system"):
                self.assertIn(part, text)
            for tag in ("table", "tbody", "tr", "td", "th", "p", "h2", "body", "html"):
                self.assertEqual(text.count("<" + tag + ">") + text.count("<" + tag + " "), text.count("</" + tag + ">"), tag)
            self.assertNotIn("led_red", text)
            self.assertNotIn("<b>", text)
        self.with_server(test)

    def test_it_tells_of_every_fact_but_those_of_persons(self):
        async def test(server):
            text = await self.text(server)
            for row in FACTS:
                if row[0] not in ("station_name", "account", "last_refusal", "flags", "board", "faults", "tasks"):
                    self.assertIn('<th scope="row">%s</th>' % row[0], text)
        self.with_server(test)

    def test_it_tells_neither_secrets_nor_persons(self):
        self.store.set_many({"station.name": "Ann's box"})
        self.records.events.add((1, 100, 0), "security", "card_refused", None, "04A1B2C3 unknown")
        self.records.debug.start(self.records.stamp(), 5)
        self.records.debug.note(self.records.stamp(), "seen", "what only an installer sees")
        self.records.fill(2)

        async def test(server):
            for role in (ADMIN, CONTROL):
                self.role = role
                text = await self.text(server)
                self.assertIn("card_refused", text)
                for secret in ("Ann", "04A1B2C3", "what only"):
                    self.assertNotIn(secret, text)
                for row in self.store.describe(None):
                    if row["class"] in ("secret", "personal"):
                        self.assertNotIn(row["key"], text)
            self.role = READ
            self.assertEqual((await server.call("GET", "/api/v1/report")).status, 403)
        self.with_server(test)

    def test_a_board_file_that_cannot_be_read_is_told(self):
        with open(self.scratch.folder + "board.json", "w") as file:
            file.write("nothing of the kind")

        async def test(server):
            self.assertIn("cannot be read", await self.text(server))
        self.with_server(test)

    def test_facts_are_written_for_people(self):
        self.assertEqual(words({"b": 1, "a": [True, None]}), "a yes, –, b 1")
        self.assertEqual((words({"b": None, "a": 0}), words({"b": None})), ("a 0", "–"))
        self.assertEqual(words([{"a": 1}, {"a": 2}]), "a 1\na 2")
        self.assertEqual((words([]), words(""), words(0), words(False)), ("–", "–", "0", "no"))
