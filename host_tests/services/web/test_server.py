"""What holds for every route: paths and methods, handlers that fail or never end, bodies sent in pieces."""
import asyncio
import unittest

from firmware.services.web import server as server_module
from firmware.services.web.reply import Reply
from firmware.services.web.roles import PUBLIC
from host_tests.services.web.harness import Server, run


async def _piecewise(request, rest):
    return Reply(iter(("a" * 600, b"b" * 600, "c" * 10)), kind="text/plain")


async def _breaking(request, rest):
    def pieces():
        yield "x" * 2000
        raise KeyError("lost")
    return Reply(pieces(), kind="text/plain")


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
            async with Server(rows=(("GET", "/broken", PUBLIC, broken, 0), ("GET", "/poor/*", PUBLIC, broken, 0))) as server:
                answer = await server.call("GET", "/broken")
                self.assertEqual((answer.status, answer.json()["error"]["code"]), (500, "internal"))
                self.assertEqual(server.errors[0][0], "GET /broken")
                for path in ("/poor/1", "/poor/2"):           # what is kept of failures must not grow with what is asked
                    self.assertEqual((await server.call("GET", path)).status, 500)
                self.assertEqual([where for where, _ in server.errors[1:]], ["GET /poor/*"] * 2)
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
