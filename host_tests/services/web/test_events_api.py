"""The event log over HTTP: pages, file, deletion, debug level, and what a role may see."""
from firmware.services.web.events_api import EventsApi
from firmware.services.web.roles import ADMIN, CONTROL, PUBLIC, READ
from host_tests.services.web.harness import ApiTest
from host_tests.services.web.kept import BERLIN, FIRST_S, Records
from host_tests.storage.scratch import Scratch

PATH = "/api/v1/events"


class EventsApiTest(ApiTest):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)
        self.records = Records(self.scratch.folder)
        self.role = ADMIN
        self.may_write = True
        self.api = EventsApi(self.records, lambda: BERLIN, lambda: self.may_write)

    def options(self):
        return {"role_of": lambda request: self.role}

    def test_events_are_paged_and_filtered(self):
        async def test(server):
            codes, before = [], ""
            while True:
                page = (await server.call("GET", PATH + "?limit=4" + before)).json()
                codes += [(row["code"], row["value"]) for row in page["events"]]
                if page["next"] is None:
                    break
                before = "&before=%d" % page["next"]
            self.assertEqual(codes, [("event_%d" % number, number) for number in range(9, 0, -1)])
            self.assertEqual(page["events"][0]["utc"], "2026-10-25T12:00:00Z")
            self.assertEqual((await server.call("GET", PATH + "?kind=fault")).json(),
                             {"debug_left_s": 0, "events": [], "next": None})
            self.assertEqual((await server.call("GET", PATH + "?limit=0")).status, 422)
        self.records.fill(9)
        self.with_server(test)

    def test_only_an_installer_sees_details_of_security_and_debug_events(self):
        stamp = self.records.stamp()
        self.records.debug.start(stamp, 5)
        self.records.debug.note(stamp, "seen", "Charging")
        self.records.events.add(stamp, "security", "card_refused", 7, "04A1B2C3 unknown")
        self.records.flush()

        async def test(server):
            rows = (await server.call("GET", PATH)).json()["events"]
            self.assertEqual([(row["code"], row["value"], row["detail"]) for row in rows],
                             [("card_refused", 7, "04A1B2C3 unknown"), ("seen", None, "Charging")])
            for role in (READ, CONTROL):
                self.role = role
                rows = (await server.call("GET", PATH)).json()["events"]
                self.assertEqual([(row["code"], row["value"], row["detail"]) for row in rows], [("card_refused", None, "")])
                self.assertNotIn("04A1B2C3", (await server.call("GET", PATH + ".csv")).body.decode())
            self.role = PUBLIC
            for path in (PATH, PATH + ".csv"):
                self.assertEqual((await server.call("GET", path)).status, 401)
        self.with_server(test)

    def test_the_file_has_local_times_and_every_event(self):
        async def test(server):
            answer = await server.call("GET", PATH + ".csv?separator=comma")
            self.assertIn('filename="events.csv"', answer.headers["content-disposition"])
            lines = answer.body.decode().split("\r\n")
            self.assertEqual(len(lines), 11)
            self.assertEqual(lines[0], "\ufeffnumber,time,start,uptime_s,kind,code,value,detail")
            self.assertEqual(lines[9], "1,2026-10-25 13:00:00,1,100,info,event_1,1,<b>&")
            self.assertEqual(len((await server.call("GET", PATH + ".csv?kind=fault")).body.decode().split("\r\n")), 2)
        self.records.fill(9)
        self.with_server(test)

    def test_deletion_is_the_first_event_of_the_new_log(self):
        async def test(server):
            self.may_write = False
            answer = await server.call("DELETE", PATH)
            self.assertEqual((answer.status, answer.json()["error"]["code"]), (409, "charging"))
            self.may_write = True
            self.role = CONTROL
            self.assertEqual((await server.call("DELETE", PATH)).status, 403)
            self.assertEqual(len(self.records.events.page(0, 99, {})), 9)
            self.role = ADMIN
            self.assertEqual((await server.call("DELETE", PATH)).status, 200)
            rows = self.records.events.page(0, 99, {})
            self.assertEqual([(row["seq"], row["kind"], row["code"], row["utc_s"]) for row in rows],
                             [(10, "security", "events_deleted", FIRST_S + 30 * 86400)])
        self.records.fill(9)
        self.with_server(test)

    def test_debug_ends_by_itself_by_command_and_by_its_own_measure(self):
        def tell(times=1):
            for _ in range(times):
                self.records.debug.note(self.records.stamp(), "x", "")
                self.records.flush()
            return len([row for row in self.records.events.newest_first({}) if row["kind"] == "debug"])

        async def test(server):
            self.assertEqual(tell(), 0)
            answer = await server.call("PUT", PATH + "/debug", {"minutes": 2})
            self.assertEqual(answer.json(), {"debug_left_s": 120})
            self.assertEqual(tell(), 1)
            self.records.uptime_s += 119
            self.assertEqual((await server.call("GET", PATH + "?limit=1")).json()["debug_left_s"], 1)
            self.assertEqual(tell(), 2)
            self.records.uptime_s += 1
            self.assertEqual(tell(), 2)
            self.assertEqual((await server.call("PUT", PATH + "/debug", {"minutes": 1})).json(), {"debug_left_s": 60})
            self.assertEqual((await server.call("PUT", PATH + "/debug", {"minutes": 0})).json(), {"debug_left_s": 0})
            self.assertEqual(tell(), 2)
            await server.call("PUT", PATH + "/debug", {"minutes": 240})
            self.assertEqual(tell(600), 502)
            self.assertEqual((await server.call("GET", PATH + "?limit=1")).json()["debug_left_s"], 0)
            for body in ({"minutes": -1}, {"minutes": 241}, {"minutes": True}, {"minutes": "5"}, {}, {"minutes": 1, "more": 1}):
                answer = await server.call("PUT", PATH + "/debug", body)
                self.assertEqual((answer.status, answer.json()["error"]["field"]), (422, "minutes"))
            self.role = CONTROL
            self.assertEqual((await server.call("PUT", PATH + "/debug", {"minutes": 1})).status, 403)
        self.with_server(test)

    def test_debug_leaves_room_in_the_queue_for_what_matters(self):
        stamp = self.records.stamp()
        self.records.debug.start(stamp, 5)
        for _ in range(100):
            self.records.debug.note(stamp, "x", "")
        self.assertEqual(self.records.events.waiting, 24)

    def test_a_glance_is_an_event_when_it_changes(self):
        stamp = self.records.stamp()
        self.records.debug.look(stamp, lambda: ("Idle", 1))
        self.records.debug.start(stamp, 5)
        for seen in (("Idle", 1), ("Idle", 1), ("Charging", 3), ("Idle", 1)):
            self.records.debug.look(stamp, lambda seen=seen: seen)
        self.records.flush()
        self.assertEqual([row["detail"] for row in self.records.events.page(0, 9, {})], ["Idle 1", "Charging 3", "Idle 1"])
