"""The card list over HTTP: every call, every refusal, and an import that a client breaks off."""
import asyncio

from firmware.access import cards_csv
from firmware.access.cards import CardStore
from firmware.access.teaching import Teacher
from firmware.services.web.cards_api import CardsApi
from firmware.services.web.roles import READ
from host_tests.services.web.harness import ApiTest
from host_tests.storage.scratch import Scratch

UID = "04A1B2C3"
ANN = {"uid": UID, "name": "Ann", "type": "vip", "master": False, "state": "accepted", "expires": "2027-03-31",
       "stations": ["box1"]}


class CardsTest(ApiTest):
    def setUp(self):
        self.scratch = Scratch()
        self.store = CardStore(self.scratch.folder)
        self.changes = []
        self.open = True
        self.api = CardsApi(self.store, self.scratch.folder, lambda: self.open, self.changes.append,
                            Teacher(self.store, lambda: True, lambda shown: None, lambda code, uid: None, lambda on: None))

    def tearDown(self):
        self.scratch.close()

    async def put_csv(self, server, data):
        head = b"PUT /api/v1/cards.csv HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % len(data)
        return await server.raw(head + data)

    def test_a_card_is_added_seen_changed_and_removed(self):
        async def test(server):
            self.assertEqual((await server.call("POST", "/api/v1/cards", ANN)).json(), ANN)
            self.assertEqual((await server.call("GET", "/api/v1/cards/" + UID)).json(), ANN)
            answer = await server.call("PUT", "/api/v1/cards/04:A1:B2:C3", {"state": "blocked", "expires": None})
            self.assertEqual(answer.json(), dict(ANN, state="blocked", expires=None))
            listed = (await server.call("GET", "/api/v1/cards")).json()
            self.assertEqual(listed, {"count": 1, "teaching": {"mode": "off", "left_s": 0}, "cards": [answer.json()], "next": None})
            self.assertEqual((await server.call("DELETE", "/api/v1/cards/" + UID)).status, 200)
            self.assertEqual((await server.call("GET", "/api/v1/cards/" + UID)).status, 404)
            self.assertEqual(self.changes, ["card_added", "card_changed", "card_removed"])
        self.with_server(test)

    def test_what_cannot_be_is_refused_with_its_field_and_changes_nothing(self):
        async def test(server):
            await server.call("POST", "/api/v1/cards", ANN)
            for method, path, body, status, field in (
                    ("POST", "", ANN, 409, "uid"), ("POST", "", {}, 422, "uid"), ("POST", "", {"uid": 5}, 422, "uid"),
                    ("POST", "", {"uid": "99999999", "boss": 1}, 422, "boss"),
                    ("POST", "", {"uid": "99999999", "type": "boss"}, 422, "type"),
                    ("POST", "", {"uid": "99999999", "master": 1}, 422, "master"),
                    ("POST", "", {"uid": "99999999", "state": True}, 422, "state"),
                    ("POST", "", {"uid": "99999999", "expires": "tomorrow"}, 422, "expires"),
                    ("POST", "", {"uid": "99999999", "stations": "box1"}, 422, "stations"),
                    ("PUT", "/" + UID, {"uid": "99999999"}, 422, "uid"), ("PUT", "/99999999", {}, 404, None),
                    ("PUT", "/nothing", {}, 422, "uid"), ("DELETE", "/99999999", None, 404, None),
                    ("POST", "/type", {"uids": [UID, "99999999"], "type": "user"}, 422, "uid"),
                    ("POST", "/type", {"uids": [UID], "type": "boss"}, 422, "type"),
                    ("POST", "/type", {"uids": UID, "type": "user"}, 422, "uids"),
                    ("GET", "?limit=0", None, 422, "limit"), ("GET", "?after=x", None, 422, "uid"),
                    ("GET", ".csv?separator=x", None, 422, "separator")):
                answer = await server.call(method, "/api/v1/cards" + path, body)
                self.assertEqual((answer.status, answer.json()["error"]["field"]), (status, field), "%s %s" % (path, body))
                self.assertEqual((await server.call("GET", "/api/v1/cards")).json()["cards"], [ANN])
        self.with_server(test)

    def test_pages_go_on_where_the_last_ended_and_are_filtered(self):
        async def test(server):
            lines = [b"%08X;n%d;%s" % (number * 16, number, (b"user", b"vip")[number % 2]) for number in range(120)]
            self.assertEqual((await self.put_csv(server, b"uid;name;type\n" + b"\n".join(lines))).json(), {"cards": 120})
            seen, after = [], ""
            while True:
                page = (await server.call("GET", "/api/v1/cards?limit=50" + after)).json()
                seen += [card["name"] for card in page["cards"]]
                if page["next"] is None:
                    break
                after = "&after=" + page["next"]
            self.assertEqual((seen, page["count"]), (["n%d" % number for number in range(120)], 120))
            page = (await server.call("GET", "/api/v1/cards?type=vip&text=N11")).json()
            self.assertEqual([card["name"] for card in page["cards"]], ["n11", "n111", "n113", "n115", "n117", "n119"])
            await server.call("POST", "/api/v1/cards/type", {"uids": ["00000000", "00000010"], "type": "admin"})
            self.assertEqual(len((await server.call("GET", "/api/v1/cards?type=admin")).json()["cards"]), 2)
        self.with_server(test)

    def test_csv_goes_out_and_comes_back(self):
        async def test(server):
            await server.call("POST", "/api/v1/cards", ANN)
            answer = await server.call("GET", "/api/v1/cards.csv?separator=comma")
            self.assertEqual(answer.headers["content-type"], "text/csv; charset=utf-8")
            self.assertIn("cards.csv", answer.headers["content-disposition"])
            await server.call("DELETE", "/api/v1/cards")
            self.assertEqual((await self.put_csv(server, answer.body)).json(), {"cards": 1})
            self.assertEqual((await server.call("GET", "/api/v1/cards")).json()["cards"], [ANN])
        self.with_server(test)

    def test_a_bad_file_is_refused_with_its_line_and_the_list_stays(self):
        async def test(server):
            await server.call("POST", "/api/v1/cards", ANN)
            answer = await self.put_csv(server, b"uid;name\n99999999;x\n9999;y\n")
            self.assertEqual(answer.status, 422)
            self.assertIn("line 3, uid: must have 4", answer.json()["error"]["message"])
            self.assertEqual((await server.call("GET", "/api/v1/cards")).json()["cards"], [ANN])
        self.with_server(test)

    def test_an_import_that_its_client_breaks_off_leaves_the_list_and_no_files(self):
        async def test(server):
            await server.call("POST", "/api/v1/cards", ANN)
            for stop in ("close", "stand still"):
                client = await server.client()
                await client.send(b"PUT /api/v1/cards.csv HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 90000\r\n\r\nuid\n")
                await client.send(b"".join([b"%08X\n" % number for number in range(200)]))
                await asyncio.sleep_ms(100)
                second = await self.put_csv(server, b"uid\n")
                self.assertEqual((second.status, second.json()["error"]["code"]), (409, "busy"))
                if stop == "close":
                    await client.close()
                else:
                    self.assertIn(b" 408 ", await client.rest())
                await asyncio.sleep_ms(100)
                self.assertEqual((await server.call("GET", "/api/v1/cards")).json()["cards"], [ANN])
                self.assertEqual([name for name in self.scratch.names() if "run" in name or "new" in name], [])
            self.assertEqual((await self.put_csv(server, b"uid\n99999999")).json(), {"cards": 1})
        self.with_server(test)

    def test_nothing_is_written_while_power_flows(self):
        async def test(server):
            await server.call("POST", "/api/v1/cards", ANN)
            self.open = False
            for method, path, body in (("POST", "", ANN), ("PUT", "/" + UID, {}), ("DELETE", "/" + UID, None), ("DELETE", "", None),
                                       ("POST", "/type", {"uids": [UID], "type": "user"})):
                answer = await server.call(method, "/api/v1/cards" + path, body)
                self.assertEqual((answer.status, answer.json()["error"]["code"]), (409, "charging"))
            self.assertEqual((await self.put_csv(server, b"uid\n99999999")).status, 409)
            self.assertEqual((await server.call("GET", "/api/v1/cards/" + UID)).json(), ANN)
        self.with_server(test)

    def test_a_change_under_way_stops_as_soon_as_power_flows(self):
        async def test(server):
            await server.call("POST", "/api/v1/cards", ANN)
            client = await server.client()
            await client.send(b"PUT /api/v1/cards.csv HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 90000\r\n\r\nuid\n")
            await client.send(b"".join([b"%08X\n" % number for number in range(200)]))
            await asyncio.sleep_ms(100)
            self.open = False
            before = self.scratch.names()
            await client.send(b"".join([b"%08X\n" % number for number in range(200, 400)]))
            self.assertIn(b" 409 ", await client.rest())
            self.assertEqual(self.scratch.names(), before)             # not even to tidy up
            self.open = True
            self.assertEqual((await server.call("GET", "/api/v1/cards")).json()["cards"], [ANN])
            self.assertEqual((await self.put_csv(server, b"uid\n11111111\n22222222\n33333333")).json(), {"cards": 3})
            self.assertEqual([name for name in self.scratch.names() if "run" in name or "new" in name], [])
            asked = []
            self.api._may_write = lambda: asked.append(1) or len(asked) < 3      # power flows after the first card
            answer = await server.call("POST", "/api/v1/cards/type",
                                       {"uids": ["11111111", "22222222", "33333333"], "type": "vip"})
            self.assertEqual(answer.status, 409)
            self.api._may_write = lambda: True
            self.assertLess(len((await server.call("GET", "/api/v1/cards?type=vip")).json()["cards"]), 3)
        self.with_server(test)

    def test_flash_that_fails_at_the_beginning_of_an_import_does_not_keep_the_next_one_out(self):
        make = cards_csv.CardImport

        def failing(store, prefix):
            cards_csv.CardImport = make
            raise OSError(5)

        async def test(server):
            cards_csv.CardImport = failing
            try:
                answer = await self.put_csv(server, b"uid\n99999999")
            finally:
                cards_csv.CardImport = make
            self.assertEqual((answer.status, answer.json()["error"]["code"]), (503, "flash_failed"))
            self.assertEqual((await self.put_csv(server, b"uid\n99999999")).json(), {"cards": 1})
        self.with_server(test)

    def test_cards_are_for_users_and_not_for_who_may_only_look(self):
        async def test(server):
            for method, path in (("GET", ""), ("POST", ""), ("GET", ".csv"), ("PUT", ".csv"), ("DELETE", "/" + UID)):
                self.assertEqual((await server.call(method, "/api/v1/cards" + path)).status, 403)
        self.with_server(test, role_of=lambda request: READ)
