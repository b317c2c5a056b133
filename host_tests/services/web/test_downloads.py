"""A download of thousands of records may take longer than other answers, and lets others run meanwhile."""
import unittest

from firmware.services.web.query import CSV, download
from firmware.services.web.reply import Reply
from firmware.services.web.roles import PUBLIC
from host_tests.services.web.harness import MICROPYTHON, Server, run

PIECES = 30000


def pieces():
    for _ in range(PIECES):
        yield b""                 # a record that is left out
    yield b"the end"


class DownloadTest(unittest.TestCase):
    def setUp(self):
        async def slow(request, rest):
            return download(pieces(), CSV, "all.csv")

        async def common(request, rest):
            return Reply(pieces())

        self.rows = (("GET", "/slow", PUBLIC, slow, 0), ("GET", "/common", PUBLIC, common, 0))

    def test_a_download_outlives_the_patience_for_other_answers(self):
        async def main():
            async with Server(rows=self.rows, response_ms=40) as server:
                answer = await server.call("GET", "/slow")
                self.assertEqual(answer.body, b"the end")
                self.assertEqual(answer.headers["content-disposition"], 'attachment; filename="all.csv"')
                if MICROPYTHON:           # virtual time stands still while a loop is busy
                    raw = await (await self.asked(server, "/common")).rest()
                    self.assertFalse(raw.endswith(b"the end\r\n0\r\n\r\n"), "the other answer was not bounded")
        run(main())

    async def asked(self, server, path):
        client = await server.client()
        await client.send(("GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % (path, server.port)).encode())
        return client
