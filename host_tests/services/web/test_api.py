"""The JSON interface against a station and settings that take only what the tables allow."""
import asyncio
import json
import unittest

from firmware.charging.commands import COMMANDS
from firmware.charging.facts import FACTS, NAMES
from firmware.energy import meter_types
from firmware.services.web import server as server_module
from firmware.services.web.reply import HttpError, Reply
from firmware.services.web.request import json_object
from firmware.services.web.roles import CONTROL, PUBLIC, READ
from firmware.settings.schema import SETTINGS
from firmware.settings.store import Store
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


class Paths(unittest.TestCase):
    def test_a_method_is_allowed_once_however_many_rows_have_it(self):
        async def main():
            rows = tuple([(method, path, PUBLIC, _piecewise, 0) for method, path in (("GET", "/a"), ("PUT", "/a"), ("GET", "/*"))])
            async with Server(rows=rows) as server:
                answer = await server.call("DELETE", "/a")
                self.assertEqual((answer.status, answer.headers["allow"]), (405, "GET, PUT, HEAD"))
        run(main())

    def test_files_below_everything_are_no_further_method_of_another_path(self):
        async def main():
            rows = (("POST", "/a/*", PUBLIC, _piecewise, 0), ("GET", "/*", PUBLIC, _piecewise, 0))
            async with Server(rows=rows) as server:
                answer = await server.call("GET", "/a/b")
                self.assertEqual((answer.status, answer.headers["allow"]), (405, "POST"))
                self.assertEqual((await server.call("GET", "/b")).status, 200)
                self.assertEqual((await server.call("POST", "/b")).status, 405)
        run(main())

    def test_unknown_path_is_404_and_wrong_method_405(self):
        async def main():
            async with Server() as server:
                for method, path, status in (
                        ("GET", "/api/v1/nothing", 404), ("GET", "/api/v2/status", 404), ("POST", "/api/v1/status", 405),
                        ("DELETE", "/api/v1/settings", 405), ("GET", "/api/v1/commands/stop", 405),
                        ("BREW", "/api/v1/status", 405)):
                    with self.subTest(method=method, path=path):
                        answer = await server.call(method, path)
                        self.assertEqual(answer.status, status)
                        self.assertIn("error", answer.json())
                answer = await server.call("PATCH", "/api/v1/settings")
                self.assertEqual(answer.headers["allow"], "GET, PUT, HEAD")
        run(main())

    def test_a_handler_that_fails_answers_500_and_is_told(self):
        async def broken(request, rest):
            raise KeyError("no such fact")

        async def main():
            async with Server(rows=(("GET", "/broken", PUBLIC, broken, 0),)) as server:
                answer = await server.call("GET", "/broken")
                self.assertEqual((answer.status, answer.json()["error"]["code"]), (500, "internal"))
                self.assertEqual(server.errors[0][0], "GET /broken")
                self.assertEqual((await server.call("GET", "/api/v1/status")).status, 200)
        run(main())

    def test_out_of_memory_answers_503_and_goes_on(self):
        async def hungry(request, rest):
            raise MemoryError()

        async def main():
            async with Server(rows=(("GET", "/hungry", PUBLIC, hungry, 0),)) as server:
                self.assertEqual((await server.call("GET", "/hungry")).status, 503)
                self.assertEqual((await server.call("GET", "/api/v1/status")).status, 200)
        run(main())

    def test_regression_no_memory_to_load_a_group_answers_503_too(self):
        """Where memory is short it is short for loading first: the client saw its connection break off."""
        class Group:
            def steps(self):
                raise MemoryError()

            def forget(self):
                return None

        async def main():
            async with Server(rows=((None, "/seldom*", PUBLIC, Group(), 0),)) as server:
                answer = await server.call("GET", "/seldom")
                self.assertEqual((answer.status, answer.headers["retry-after"]), (503, "5"))
                self.assertEqual(server.errors, [])
        run(main())

    def test_regression_no_memory_for_a_client_leaves_the_door_open_for_the_next(self):
        asked = []

        class Client(server_module._Client):
            def __init__(self, connection):
                asked.append(1)
                if len(asked) == 1:
                    raise MemoryError()
                super().__init__(connection)

        async def main():
            async with Server() as server:
                self.assertEqual((await server.call("GET", "/api/v1/status")).status, 0)
                self.assertEqual((await server.call("GET", "/api/v1/status")).status, 200)
                self.assertEqual((server.web.open_connections(), server.failed), (0, None))
        kept, server_module._Client = server_module._Client, Client
        try:
            run(main())
        finally:
            server_module._Client = kept

    def test_a_handler_without_end_is_given_up(self):
        async def endless(request, rest):
            while True:
                await asyncio.sleep_ms(10)

        async def main():
            async with Server(rows=(("GET", "/endless", PUBLIC, endless, 0),), response_ms=200) as server:
                self.assertEqual((await server.call("GET", "/endless")).status, 503)
        run(main())


class _FullFlash:
    """A settings file that cannot be written."""

    def write(self, payload):
        raise OSError(28)


class Persons(unittest.TestCase):
    def test_who_charges_is_told_only_to_those_who_may_look(self):
        async def main():
            for role, told in ((PUBLIC, None), (READ, "text")):
                async with Server(role_of=lambda request, role=role: role) as server:
                    self.assertEqual((await server.call("GET", "/api/v1/status")).json()["account"], told)
        run(main())


class Settings(unittest.TestCase):
    def test_settings_are_read_and_changed(self):
        async def main():
            async with Server() as server:
                before = (await server.call("GET", "/api/v1/settings")).json()
                self.assertEqual(sorted(before), sorted([row[0] for row in SETTINGS]))
                answer = await server.call("PUT", "/api/v1/settings", {"installation.fuse_a": 20, "charging.min_current_a": 8})
                self.assertEqual((answer.status, answer.json()["installation.fuse_a"]), (200, 20))
                self.assertEqual(server.settings.get("charging.min_current_a"), 8)
                table = (await server.call("GET", "/api/v1/settings/table")).json()["settings"]
                self.assertEqual([row["key"] for row in table], [row[0] for row in SETTINGS])
        run(main())

    def test_the_answer_to_a_change_says_what_acts_now_and_what_after_a_restart(self):
        async def main():
            async with Server() as server:
                both = {"installation.fuse_a": 20, "installation.phases": 1}
                answer = (await server.call("PUT", "/api/v1/settings", both)).json()
                self.assertEqual((answer["applied"], answer["restart_needed"]), (["installation.fuse_a"], ["installation.phases"]))
                answer = (await server.call("PUT", "/api/v1/settings", dict(both, **{"meter.address": 2}))).json()
                self.assertEqual((answer["applied"], answer["restart_needed"]), ([], []))
                answer = (await server.call("PUT", "/api/v1/settings", {"installation.phases": 3})).json()
                self.assertEqual((answer["applied"], answer["restart_needed"]), (["installation.phases"], []))
        run(main())

    def test_the_meters_that_the_setting_may_name(self):
        async def main():
            async with Server() as server:
                rows = (await server.call("GET", "/api/v1/meters")).json()["meters"]
                self.assertEqual([row["name"] for row in rows], meter_types.names())
                unverified = [row["name"] for row in rows if row["evidence"] == "unverified"]
                self.assertIn("schneider_iem2155", unverified)
                self.assertNotIn("eastron_sdm630", unverified)
        run(main())

    def test_a_change_while_power_flows_waits_in_ram(self):
        async def main():
            open_now = [False]
            async with Server(may_write=lambda: open_now[0]) as server:
                await server.call("PUT", "/api/v1/settings", {"installation.fuse_a": 20})
                self.assertEqual((server.settings.get("installation.fuse_a"), server.settings.dirty), (20, True))
                open_now[0] = True
                await server.call("PUT", "/api/v1/settings", {"installation.fuse_a": 25})
                self.assertFalse(server.settings.dirty)
        run(main())

    def test_what_takes_long_to_read_is_refused_while_power_flows(self):
        async def main():
            async with Server(may_write=lambda: False) as server:
                for body, field in (({"mqtt.ca": "x" * 513}, "mqtt.ca"), ({"mqtt.ca": "x" * 5000}, None)):
                    answer = await server.call("PUT", "/api/v1/settings", body)
                    error = answer.json()["error"]
                    self.assertEqual((answer.status, error["code"], error["field"]), (409, "charging", field))
                self.assertEqual((await server.call("PUT", "/api/v1/settings", {"mqtt.ca": "x" * 512})).status, 200)
            async with Server() as server:
                self.assertEqual((await server.call("PUT", "/api/v1/settings", {"mqtt.ca": "x" * 8000})).status, 200)
        run(main())

    def test_others_run_while_many_settings_are_changed_and_what_they_changed_stays(self):
        async def main():
            async with Server() as server:
                changes = {"installation.fuse_a": 20, "charging.min_current_a": 8, "time.zone": "CET-1"}
                seen, tasks = [], []

                async def other():
                    server.settings.set_many({"lights.brightness_percent": 70})

                def refuse(value):
                    if not seen:               # somebody else's change, in the middle of this one
                        tasks.append(asyncio.create_task(other()))
                    seen.append(value)

                server.settings.guard("charging.min_current_a", refuse)
                answer = await server.call("PUT", "/api/v1/settings", changes)
                self.assertEqual(sorted(answer.json()["applied"]), sorted(changes))
                self.assertEqual(server.settings.get("lights.brightness_percent"), 70)
                self.assertEqual(len(seen), 2)        # looked at anew
        run(main())

    def test_one_bad_value_changes_nothing_and_is_named(self):
        async def main():
            async with Server() as server:
                before = (await server.call("GET", "/api/v1/settings")).json()
                for key, value, code in (
                        ("charging.min_current_a", 99, "bad_value"), ("charging.min_current_a", "8", "bad_value"),
                        ("status.public", 1, "bad_value"), ("no.such", 1, "unknown_setting")):
                    with self.subTest(key=key, value=value):
                        answer = await server.call("PUT", "/api/v1/settings", {"installation.fuse_a": 20, key: value})
                        error = answer.json()["error"]
                        self.assertEqual((answer.status, error["code"], error["field"]), (422, code, key))
                        self.assertIn("allowed is", error["message"])
                        self.assertEqual((await server.call("GET", "/api/v1/settings")).json(), before)
                answer = await server.call("PUT", "/api/v1/settings", {"identity.serial": "X1"})
                self.assertEqual((answer.status, answer.json()["error"]["code"]), (403, "read_only"))
        run(main())

    def test_a_user_may_change_less_than_an_admin(self):
        async def main():
            async with Server(role_of=lambda request: CONTROL) as server:
                self.assertEqual((await server.call("PUT", "/api/v1/settings", {"charging.max_current_a": 10})).status, 200)
                answer = await server.call("PUT", "/api/v1/settings", {"installation.fuse_a": 10})
                self.assertEqual((answer.status, answer.json()["error"]["field"]), (403, "installation.fuse_a"))
                self.assertEqual((await server.call("POST", "/api/v1/commands/stop")).status, 200)
                self.assertEqual((await server.call("POST", "/api/v1/commands/service_mode", {"mode": "normal"})).status, 403)
                self.assertEqual(server.station.taken, [("stop", {})])
        run(main())

    def test_flash_that_cannot_be_written_is_told_and_changes_nothing(self):
        async def main():
            async with Server(settings=Store(_FullFlash())) as server:
                answer = await server.call("PUT", "/api/v1/settings", {"installation.fuse_a": 20})
                self.assertEqual((answer.status, answer.json()["error"]["code"]), (503, "flash_failed"))
                self.assertEqual(server.settings.get("installation.fuse_a"), 6)
        run(main())


class Roles(unittest.TestCase):
    """Until there is a log-in, this machine may do everything and others may look, where the owner lets them."""

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

    def test_a_foreign_page_in_a_browser_on_this_machine_cannot_command(self):
        async def main():
            async with Server() as server:
                for headers in ((("Origin", "http://evil.example"),), (("Origin", "null"),)):
                    with self.subTest(headers=headers):
                        answer = await server.call("POST", "/api/v1/commands/stop", {}, headers)
                        self.assertEqual(answer.status, 401)
                rebound = b"POST /api/v1/commands/stop HTTP/1.1\r\nHost: evil.example:80\r\nOrigin: http://evil.example:80\r\n\r\n"
                self.assertEqual((await server.raw(rebound)).status, 401)
                own = await server.call("POST", "/api/v1/commands/stop", {}, (("Origin", "http://127.0.0.1:%d" % server.port),))
                self.assertEqual(own.status, 200)
        run(main())


class Live(unittest.TestCase):
    async def _event(self, client, text):
        while b"\n\n" not in text:
            data = await client.read(4096)
            if not data:
                self.fail("the stream ended")
            text += data
        event, _, text = text.partition(b"\n\n")
        return json.loads(event[len(b"data: "):].decode()), text

    async def _stream(self, server):
        client = await server.client()
        await client.send(b"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        text = b""
        while b"retry: 3000\n\n" not in text:
            data = await client.read(4096)
            if not data:
                self.fail("no stream: %r" % text)
            text += data
        head, _, rest = text.partition(b"\r\n\r\n")
        self.assertIn(b"text/event-stream", head)
        return client, rest.partition(b"\n\n")[2]

    def test_the_stream_tells_a_change_at_once_and_otherwise_each_second(self):
        async def main():
            async with Server() as server:
                client, text = await self._stream(server)
                first, text = await self._event(client, text)
                self.assertEqual(first, server.station.facts(personal=False))
                server.station.set("contactor", "closed")
                second, text = await asyncio.wait_for_ms(self._event(client, text), 500)
                self.assertEqual(second["contactor"], "closed")
                server.station.set("power_w", 11000)     # not watched: comes with the next second
                third, text = await asyncio.wait_for_ms(self._event(client, text), 2000)
                self.assertEqual(third["power_w"], 11000)
                await client.close()
        run(main())

    def test_two_streams_at_most_and_a_closed_one_makes_room(self):
        async def main():
            async with Server() as server:
                one, text = await self._stream(server)
                two, _ = await self._stream(server)
                answer = await server.call("GET", "/api/v1/stream")
                self.assertEqual((answer.status, answer.json()["error"]["code"]), (503, "too_many_streams"))
                self.assertEqual((await server.call("GET", "/api/v1/status")).status, 200)
                await two.close()
                await asyncio.sleep_ms(100)       # long before the next status would find out
                three, text3 = await self._stream(server)
                self.assertTrue((await self._event(three, text3))[0])
                self.assertTrue((await self._event(one, text))[0])
                await one.close()
                await three.close()
        run(main())

    def test_a_stream_ends_when_the_facts_fail_and_can_be_opened_again(self):
        async def main():
            async with Server() as server:
                client, text = await self._stream(server)
                _, text = await self._event(client, text)
                values = server.station.values
                server.station.values = {}
                self.assertEqual(await asyncio.wait_for_ms(client.rest(), 2000), b"")
                await client.close()
                self.assertEqual(server.errors[0][0], "live stream")
                server.station.values = values
                client, text = await self._stream(server)
                self.assertEqual((await self._event(client, text))[0], server.station.facts(personal=False))
                await client.close()
        run(main())


async def _piecewise(request, rest):
    return Reply(iter(("a" * 600, b"b" * 600, "c" * 10)), kind="text/plain")


async def _breaking(request, rest):
    def pieces():
        yield "x" * 2000
        raise KeyError("lost")
    return Reply(pieces(), kind="text/plain")


class Pieces(unittest.TestCase):
    def test_a_body_that_fails_in_the_middle_is_broken_off_and_told(self):
        async def main():
            async with Server(rows=(("GET", "/breaking", PUBLIC, _breaking, 0),)) as server:
                client = await server.client()
                await client.send(b"GET /breaking HTTP/1.1\r\n\r\n")
                self.assertFalse((await client.rest()).endswith(b"0\r\n\r\n"))
                await client.close()
                self.assertEqual(server.errors[0][0], "web")
                self.assertEqual(server.web.open_connections(), 0)
        run(main())

    def test_pieces_of_any_size_arrive_in_order(self):
        async def main():
            async with Server(rows=(("GET", "/pieces", PUBLIC, _piecewise, 0),)) as server:
                answer = await server.call("GET", "/pieces")
                self.assertEqual(answer.body, b"a" * 600 + b"b" * 600 + b"c" * 10)
                self.assertEqual((await server.raw(b"GET /pieces HTTP/1.0\r\n\r\n")).body, answer.body)
        run(main())


if __name__ == "__main__":
    unittest.main()
