"""Facts and commands through the JSON interface, against a station that takes only what the tables allow."""
import json
import unittest

from firmware.charging.commands import COMMANDS
from firmware.charging.facts import FACTS, NAMES
from firmware.services.web.reply import HttpError
from firmware.services.web.request import json_object
from firmware.services.web.roles import PUBLIC, READ
from host_tests.lines_run import CAN_COUNT, lines_run
from host_tests.services.web.harness import Server, run


class Status(unittest.TestCase):
    def test_status_answers_every_fact_of_the_table(self):
        async def main():
            async with Server() as server:
                answer = await server.call("GET", "/api/v1/status")
                self.assertEqual(answer.status, 200)
                self.assertEqual(answer.headers["content-type"], "application/json")
                self.assertEqual(answer.headers["cache-control"], "no-store")
                self.assertEqual(answer.headers["x-content-type-options"], "nosniff")
                self.assertIn("default-src 'none'", answer.headers["content-security-policy"])
                self.assertEqual(sorted(answer.json()), sorted(NAMES))
                text = answer.body.decode()
                places = [text.find('"%s": ' % name) for name in NAMES]
                self.assertEqual(places, sorted(places))        # in the table's order, on both interpreters
                self.assertEqual(answer.json(), server.station.facts())
        run(main())

    def test_a_status_larger_than_one_piece_arrives_whole(self):
        async def main():
            async with Server() as server:
                server.station.set("faults", [{"code": n, "name": "x" * 50, "since": None, "advice": "y"} for n in range(99)])
                self.assertEqual((await server.call("GET", "/api/v1/status")).json(), server.station.facts())
        run(main())

    def test_an_http_1_0_client_gets_the_status_without_chunks(self):
        async def main():
            async with Server() as server:
                answer = await server.raw(b"GET /api/v1/status HTTP/1.0\r\n\r\n")
                self.assertNotIn("transfer-encoding", answer.headers)
                self.assertEqual(answer.json(), server.station.facts())
        run(main())

    def test_head_gives_the_head_alone(self):
        async def main():
            async with Server() as server:
                answer = await server.call("HEAD", "/api/v1/status")
                self.assertEqual((answer.status, answer.headers.get("transfer-encoding")), (200, "chunked"))
                answer = await server.call("HEAD", "/api/v1/none")
                self.assertEqual((answer.status, answer.body), (404, b""))
        run(main())

    def test_the_tables_can_be_read(self):
        async def main():
            async with Server() as server:
                facts = (await server.call("GET", "/api/v1/facts")).json()["facts"]
                self.assertEqual([row["name"] for row in facts], list(NAMES))
                self.assertEqual(facts[3]["doc"], FACTS[3][4])
                commands = (await server.call("GET", "/api/v1/commands")).json()["commands"]
                self.assertEqual([row["name"] for row in commands], [row[0] for row in COMMANDS])
                phases = [row for row in commands if row["name"] == "phases"][0]
                self.assertEqual(phases["arguments"], [{"name": "phases", "type": "choice", "required": True, "choices": [1, 3]}])
        run(main())

    def test_who_charges_is_told_only_to_those_who_may_look(self):
        async def main():
            for role, told in ((PUBLIC, None), (READ, "text")):
                async with Server(role_of=lambda request, role=role: role) as server:
                    self.assertEqual((await server.call("GET", "/api/v1/status")).json()["account"], told)
        run(main())


class Commands(unittest.TestCase):
    def test_a_command_reaches_the_station(self):
        async def main():
            async with Server() as server:
                answer = await server.call("POST", "/api/v1/commands/set_ceiling", {"source": "user", "limit_ma": 9000})
                self.assertEqual((answer.status, answer.json()), (200, {"result": "accepted"}))
                answer = await server.call("POST", "/api/v1/commands/stop")
                self.assertEqual(answer.status, 200)
                self.assertEqual(server.station.taken, [("set_ceiling", {"source": "user", "limit_ma": 9000}), ("stop", {})])
        run(main())

    def test_wrong_commands_are_refused_with_the_place(self):
        cases = (
            ("explode", {}, 404, "unknown_command", "explode"),
            ("", {}, 404, "unknown_command", ""),
            ("stop/now", {}, 404, "unknown_command", "stop/now"),
            ("set_ceiling", {"source": "x"}, 422, "missing_argument", "limit_ma"),
            ("set_ceiling", {"source": "x", "limit_ma": 80001}, 422, "bad_value", "limit_ma"),
            ("set_ceiling", {"source": "x", "limit_ma": True}, 422, "bad_value", "limit_ma"),
            ("stop", {"how": "gently"}, 422, "unknown_argument", "how"),
        )

        async def main():
            async with Server() as server:
                for name, body, status, code, field in cases:
                    with self.subTest(name=name, body=body):
                        answer = await server.call("POST", "/api/v1/commands/" + name, body)
                        self.assertEqual(answer.status, status)
                        error = answer.json()["error"]
                        self.assertEqual((error["code"], error["field"]), (code, field))
                        self.assertTrue(error["message"])
                self.assertEqual(server.station.taken, [])
        run(main())

    def test_a_refusal_says_why(self):
        async def main():
            async with Server() as server:
                server.station.refuse = "not_authorized"
                answer = await server.call("POST", "/api/v1/commands/start", {})
                self.assertEqual((answer.status, answer.json()["error"]["code"]), (409, "not_authorized"))
        run(main())

    def test_a_body_that_is_no_json_object_is_400(self):
        async def main():
            async with Server() as server:
                for body in (b"{", b"stop", b"[]", b"3", b"null", b'"x"', b"\xff\xfe{}", b"[" * 1800,
                             b'{"reason": "a', b'{"reason": "a"', b'{"reason": "a\\"}', b'{"a": [{}}', b"{} {"):
                    with self.subTest(body=body[:10]):
                        answer = await server.raw(b"POST /api/v1/commands/stop HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s" % (
                            len(body), body))
                        self.assertEqual((answer.status, answer.json()["error"]["code"]), (400, "bad_json"))
                self.assertEqual(server.station.taken, [])
        run(main())


class Bodies(unittest.TestCase):
    def test_brackets_are_counted_outside_of_texts_only(self):
        for text in ('{"a{": "]"}', '{"a\\\\": "\\"{"}', '{"": ""}', ' {"a": [[1], {"b": "\\\\\\"["}]} '):
            self.assertEqual(json_object(text.encode()), json.loads(text))
        for text in ('{"a": "\\"}', '{"a": "x\\\\\\"}', '{"a": [}', '{"a": "]"', '{"a": ' + "[" * 8 + "]" * 8 + "}", '"{'):
            with self.assertRaises(HttpError):
                json_object(text.encode())

    @unittest.skipUnless(CAN_COUNT, "cpython only: the VM cannot count")
    def test_a_certificate_is_read_without_a_step_for_each_byte(self):
        body = json.dumps({"mqtt.ca": ("x" * 64 + "\n") * 120}).encode()
        json_object(body)
        self.assertLess(lines_run(lambda: json_object(body)), 200)


class Roles(unittest.TestCase):
    def test_others_may_look_but_not_touch(self):
        async def main():
            async with Server(role_of=lambda request: PUBLIC) as server:
                self.assertEqual((await server.call("GET", "/api/v1/status")).status, 200)
                for method, path, body in (("POST", "/api/v1/commands/stop", {}), ("PUT", "/api/v1/settings", {"a": 1}),
                                           ("GET", "/api/v1/settings", None)):
                    with self.subTest(path=path):
                        answer = await server.call(method, path, body)
                        self.assertEqual((answer.status, answer.json()["error"]["code"]), (401, "login_required"))
                server.settings.set_many({"status.public": False})
                self.assertEqual((await server.call("GET", "/api/v1/status")).status, 401)
                self.assertEqual((await server.call("GET", "/api/v1/stream")).status, 401)
                self.assertEqual(server.station.taken, [])
        run(main())


if __name__ == "__main__":
    unittest.main()
