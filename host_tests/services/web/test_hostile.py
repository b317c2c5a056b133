"""Clients that are broken, slow, silent, greedy or many: the others never notice."""
import asyncio
import gc
import time
import unittest

from firmware.services.web.reply import Reply
from firmware.services.web.roles import PUBLIC
from host_tests.services.web.harness import MICROPYTHON, Server, run, until

_MEGABYTE = 1024 * 1024


def _heap():
    """Bytes in use, where they can be told exactly."""
    if not MICROPYTHON:
        return 0
    gc.collect()
    return gc.mem_alloc()


async def _flood(client, start, piece):
    """Send start, then piece until a megabyte is through or the server has had enough; the most heap seen meanwhile."""
    most = 0
    try:
        await client.send(start)
        for sent in range(0, _MEGABYTE, len(piece)):
            await asyncio.wait_for_ms(client.send(piece), 2000)
            if sent % (16 * len(piece)) == 0:
                most = max(most, _heap())
    except (OSError, asyncio.TimeoutError):
        return max(most, _heap())
    return max(most, _heap())


class Malformed(unittest.TestCase):
    def test_malformed_requests_get_an_error_and_nothing_breaks(self):
        cases = (
            (b"\x00\xff\x00\xff\r\n\r\n", 400), (b"GET\r\n\r\n", 400), (b"GET / \r\n\r\n", 400),
            (b"GET  / HTTP/1.1\r\n\r\n", 400), (b"G\xc3\x9cT / HTTP/1.1\r\n\r\n", 400), (b"GET / SPDY/3\r\n\r\n", 400),
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x5a" * 506 + b"\n", 400),     # a TLS client at the wrong door
            (b"GET / HTTP/2.0\r\n\r\n", 505), (b"GET api HTTP/1.1\r\n\r\n", 400), (b"GET http://x/ HTTP/1.1\r\n\r\n", 400),
            (b"GET /\x01 HTTP/1.1\r\n\r\n", 400), (b"GET /?a=%zz HTTP/1.1\r\n\r\n", 400), (b"GET /?a=%ff HTTP/1.1\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400), (b"GET / HTTP/1.1\r\n: x\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400), (b"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400), (b"GET / HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400), (b"POST / HTTP/1.1\r\nContent-Length: 1e3\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nContent-Length: \r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400),
            (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
            (b"POST / HTTP/1.1\r\nContent-Length: 1638401\r\n\r\n", 413),
            (b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 413),
            (b"POST /api/v1/commands/stop HTTP/1.1\r\nContent-Length: 2049\r\n\r\n", 413),
            (b"GET /api/v1/status HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", 413),
            (b"GET /" + b"x" * 3000 + b" HTTP/1.1\r\n\r\n", 414), (b"GET / HTTP/1.1\r\nCookie: " + b"x" * 3000 + b"\r\n\r\n", 431),
            (b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 60 + b"\r\n", 431),
            (b"GET / HTTP/1.1\r\n" + (b"X-A: " + b"b" * 1000 + b"\r\n") * 9 + b"\r\n", 431),
        )

        async def main():
            async with Server() as server:
                for first in range(0, len(cases), 4):
                    some = cases[first:first + 4]
                    answers = await asyncio.gather(*[server.raw(data) for data, _ in some])
                    for answer, (data, status) in zip(answers, some):
                        with self.subTest(data=data[:50]):
                            self.assertEqual(answer.status, status)
                            self.assertTrue(answer.json()["error"]["code"])
                self.assertEqual(server.errors, [])
                self.assertEqual((await server.call("GET", "/api/v1/status")).status, 200)
        run(main())

    def test_harmless_oddities_are_taken(self):
        cases = (b"\r\nGET /api/v1/status HTTP/1.1\r\n\r\n", b"GET /api/v1/status?a=1&a&&b=%20 HTTP/1.1\n\n",
                 b"GET /api/v1/status HTTP/1.1\r\nX-Strange:\xff\xfe\r\nCookie: a=b; c; d=e=f\r\nhost:127.0.0.1\r\n\r\n",
                 b"GET /api/v1/status HTTP/1.1\r\nContent-Length: 0\r\nCookie: " + b"x" * 2000 + b"\r\n\r\n")

        async def main():
            async with Server() as server:
                for data in cases:
                    with self.subTest(data=data[:50]):
                        self.assertEqual((await server.raw(data)).json(), server.station.facts())
        run(main())

    def test_a_request_in_single_bytes_is_understood(self):
        async def main():
            async with Server() as server:
                client = await server.client()
                for byte in b"POST /api/v1/commands/stop HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}":
                    await client.send(bytes([byte]))
                    await asyncio.sleep_ms(1)
                self.assertIn(b"accepted", await client.rest())
                await client.close()
        run(main())

    def test_a_client_that_waits_for_100_continue_gets_it(self):
        async def main():
            async with Server() as server:
                client = await server.client()
                await client.send(b"POST /api/v1/commands/stop HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
                self.assertEqual(await client.read(100), b"HTTP/1.1 100 Continue\r\n\r\n")
                await client.send(b"{}")
                self.assertIn(b"accepted", await client.rest())
                await client.close()
        run(main())


class Greedy(unittest.TestCase):
    def _after_flood(self, start, piece, expected):
        async def main():
            async with Server() as server:
                await server.call("GET", "/api/v1/status")
                client = await server.client()
                before = _heap()
                self.assertLess(await _flood(client, start, piece) - before, 12 * 1024)
                answer = await client.rest()
                self.assertTrue(answer == b"" or answer.startswith(b"HTTP/1.1 %d " % expected), answer[:60])
                await client.close()
                self.assertEqual((await server.call("GET", "/api/v1/status")).status, 200)
        run(main())

    def test_a_megabyte_in_one_header_line_is_cut_off(self):
        self._after_flood(b"GET / HTTP/1.1\r\nX-Big: ", b"x" * 4096, 431)

    def test_a_megabyte_of_headers_is_cut_off(self):
        self._after_flood(b"GET / HTTP/1.1\r\n", b"X-Big: yyy\r\n" * 300, 431)

    def test_a_megabyte_of_request_line_is_cut_off(self):
        self._after_flood(b"GET /", b"x" * 4096, 414)

    def test_a_megabyte_of_body_is_cut_off(self):
        self._after_flood(b"PUT /api/v1/settings HTTP/1.1\r\nContent-Length: 1048576\r\n\r\n", b"x" * 4096, 413)

    def test_four_announced_bodies_do_not_take_their_memory_before_they_come(self):
        async def main():
            async with Server() as server:
                clients = []
                before = _heap()
                for _ in range(4):
                    client = await server.client()
                    await client.send(b"PUT /api/v1/settings HTTP/1.1\r\nContent-Length: 16384\r\n\r\n{")
                    clients.append(client)
                await asyncio.sleep_ms(100)
                self.assertLess(_heap() - before, 30 * 1024)    # the clients' side included
                for client in clients:
                    await client.close()
                await asyncio.sleep_ms(100)
                self.assertEqual((await server.call("PUT", "/api/v1/settings", {"installation.fuse_a": 20})).status, 200)
        run(main())

    def test_a_client_that_reads_nothing_is_given_up(self):
        async def endless(request, rest):
            def pieces():
                while True:
                    yield "x" * 1024
            return Reply(pieces(), kind="text/plain")

        async def main():
            async with Server(rows=(("GET", "/endless", PUBLIC, endless, 0),), response_ms=400) as server:
                client = await server.client()
                await client.send(b"GET /endless HTTP/1.1\r\n\r\n")
                await until(lambda: server.web.open_connections() == 1)
                await until(lambda: not server.web.open_connections())
                await client.close()
        run(main())


class Slow(unittest.TestCase):
    def test_a_silent_client_is_let_go(self):
        async def main():
            async with Server(request_ms=300) as server:
                client = await server.client()
                self.assertEqual(await asyncio.wait_for_ms(client.rest(), 20000), b"")
                await client.close()
        run(main())

    def test_a_client_that_stops_in_the_middle_gets_408(self):
        async def main():
            async with Server(request_ms=300) as server:
                for data in (b"GET /api/v1/st", b"GET / HTTP/1.1\r\nHost: x\r\n",
                             b"POST /api/v1/commands/stop HTTP/1.1\r\nContent-Length: 10\r\n\r\n{"):
                    with self.subTest(data=data):
                        client = await server.client()
                        await client.send(data)
                        answer = await asyncio.wait_for_ms(client.rest(), 20000)
                        self.assertTrue(answer.startswith(b"HTTP/1.1 408 "), answer[:60])
                        await client.close()
                self.assertEqual(server.station.taken, [])
        run(main())

    def test_four_silent_clients_do_not_keep_a_fifth_out(self):
        async def main():
            async with Server(request_ms=30000) as server:
                for first in (b"", b"GET /api/v1/sta"):
                    with self.subTest(first=first):
                        clients = []
                        for _ in range(4):
                            client = await server.client()
                            await client.send(first)
                            clients.append(client)
                        await until(lambda: server.web.open_connections() == 4)
                        answer = await asyncio.wait_for_ms(server.call("GET", "/api/v1/status"), 20000)
                        self.assertEqual(answer.status, 200)
                        for client in clients:
                            await client.close()
                        await until(lambda: not server.web.open_connections())
        run(main())

    def test_a_client_that_sends_a_byte_now_and_then_blocks_nobody(self):
        async def main():
            async with Server(request_ms=40000) as server:
                client = await server.client()
                await client.send(b"GET ")
                for _ in range(5):
                    await client.send(b"/")
                    answer = await asyncio.wait_for_ms(server.call("GET", "/api/v1/status"), 20000)
                    self.assertEqual(answer.status, 200)
                await client.close()
        run(main())

    def test_a_phone_with_a_weak_signal_gets_every_file_of_the_page(self):
        """Eight connections, each with its request lost once on the air: those that others waited for were cut off after 200 ms."""
        async def main():
            async with Server() as server:
                clients = []
                for _ in range(8):
                    clients.append(await server.client())
                await until(lambda: server.web.open_connections() == 4)
                await asyncio.sleep_ms(500)
                for client in clients:
                    await client.send(b"GET /api/v1/status HTTP/1.1\r\n\r\n")
                for client in clients:
                    self.assertEqual((await asyncio.wait_for_ms(client.rest(), 20000))[:12], b"HTTP/1.1 200")
                    await client.close()
        run(main())

    def test_a_half_closed_client_still_gets_its_answer(self):
        if MICROPYTHON:
            self.skipTest("cpython only: MicroPython's sockets have no shutdown")

        async def main():
            async with Server() as server:
                client = await server.client()
                await client.send(b"GET /api/v1/status HTTP/1.1\r\n\r\n")
                client.writer.write_eof()
                self.assertTrue((await client.rest()).startswith(b"HTTP/1.1 200 "))
                await client.close()
                client = await server.client()
                await client.send(b"GET /api/v1/sta")
                client.writer.write_eof()
                self.assertTrue((await client.rest()).startswith(b"HTTP/1.1 400 "))
                await client.close()
        run(main())

    def test_clients_that_vanish_leave_nothing_behind(self):
        async def main():
            async with Server() as server:
                for data in (b"", b"GET", b"GET /api/v1/status HTTP/1.1\r\n\r\n",
                             b"PUT /api/v1/settings HTTP/1.1\r\nContent-Length: 9000\r\n\r\n{",
                             b"GET /api/v1/stream HTTP/1.1\r\n\r\n"):
                    for _ in range(5):
                        client = await server.client()
                        await client.send(data)
                        await client.close()
                await until(lambda: not server.web.open_connections())
                self.assertEqual(server.errors, [])
                self.assertEqual((await server.call("GET", "/api/v1/stream2")).status, 404)
        run(main())


class Many(unittest.TestCase):
    def test_twenty_clients_at_once_are_all_answered_by_four_connections(self):
        most = [0]

        async def main():
            async def slow(request, rest):
                most[0] = max(most[0], server.web.open_connections())
                await asyncio.sleep_ms(50)
                return Reply("{}")
            async with Server(rows=(("GET", "/slow", PUBLIC, slow, 0),), request_ms=5000) as server:
                answers = await asyncio.gather(*[server.call("GET", "/slow") for _ in range(20)])
                self.assertEqual([answer.status for answer in answers], [200] * 20)
                self.assertEqual(most[0], 4)
        run(main())

    def test_the_loop_goes_on_while_clients_come_and_go(self):
        async def main():
            async with Server() as server:
                worst = [0]
                rounds = []
                ended = [False]

                async def tick():
                    loop_ms = _ticks()
                    while not ended[0]:
                        await asyncio.sleep_ms(10)
                        now = _ticks()
                        worst[0] = max(worst[0], (now - loop_ms) & 0x3FFFFFFF)
                        loop_ms = now
                ticker = asyncio.create_task(tick())
                for _ in range(10):
                    worst[0] = 0
                    await asyncio.gather(*[server.call("GET", "/api/v1/status") for _ in range(4)])
                    rounds.append(worst[0])
                ended[0] = True
                await ticker
                self.assertLess(sorted(rounds)[5], 100)      # what the server holds up it holds up each time, the machine does not
        run(main())

    def test_a_cancelled_server_closes_everything_and_can_start_again(self):
        async def main():
            async with Server() as server:
                client = await server.client()
                await client.send(b"GET /api")
                await until(lambda: server.web.open_connections() == 1)
                server.task.cancel()
                self.assertEqual(await asyncio.wait_for_ms(client.rest(), 20000), b"")
                await client.close()
                await until(lambda: not server.web.open_connections())
                server.task = asyncio.create_task(server.web.run())
                await asyncio.sleep_ms(20)
                self.assertEqual((await server.call("GET", "/api/v1/status")).status, 200)
        run(main())

    def test_a_taken_port_is_an_error_not_a_hang(self):
        async def main():
            async with Server() as server:
                with self.assertRaises(OSError):
                    await server.web.run()
                self.assertEqual((await server.call("GET", "/api/v1/status")).status, 200)
        run(main())


def _ticks():
    return time.ticks_ms() if hasattr(time, "ticks_ms") else time.monotonic_ns() // 1000000 & 0x3FFFFFFF


if __name__ == "__main__":
    unittest.main()
