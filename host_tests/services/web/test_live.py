"""The stream of facts: who gets one, what comes when, and what ends it."""
import asyncio
import json
import unittest

from host_tests.services.web.harness import Server, run


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

    def test_regression_a_stranger_s_stream_ends_when_only_those_who_logged_in_may_look(self):
        """Whoever looked before the owner turned that off went on looking until the next restart."""
        async def main():
            async with Server(role_of=lambda request: "public") as server:
                client, text = await self._stream(server)
                _, text = await self._event(client, text)
                server.settings.set_many({"status.public": False}, save=False)
                await asyncio.wait_for_ms(client.rest(), 2000)
                await client.close()
                self.assertEqual((await server.call("GET", "/api/v1/stream")).status, 401)
        run(main())


if __name__ == "__main__":
    unittest.main()
