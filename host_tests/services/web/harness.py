"""What the web tests share: a strict station built from the tables, the real settings in RAM, a running server, and a raw client.

Everything here runs on both interpreters: server and client live in one event loop.
"""
import asyncio
import json
import os
import sys
import unittest

from firmware.charging.commands import CommandError, check_arguments
from firmware.charging.facts import CONTACTOR_STATES, FACTS, OVERVIEW_STATES, check_name
from firmware.services.web.api import Api
from firmware.services.web.roles import ADMIN
from firmware.services.web.routes import Routes
from firmware.services.web.server import WebServer
from firmware.settings.store import Store

MICROPYTHON = sys.implementation.name == "micropython"

if not hasattr(asyncio, "sleep_ms"):        # CPython without the twin around it
    async def _sleep_ms(ms):
        await asyncio.sleep(ms / 1000)

    async def _wait_for_ms(coro, ms):
        return await asyncio.wait_for(coro, ms / 1000)

    asyncio.sleep_ms = _sleep_ms
    asyncio.wait_for_ms = _wait_for_ms

_BY_TYPE = {"int": 7, "bool": True, "str": "text", "choice": "A", "list": [], "object": {}}


def admin(request):
    """role_of() of a server whose callers have all logged in as the admin; the log-in itself has tests of its own."""
    return ADMIN


class StrictStation:
    """A station of made-up values that takes only names and arguments of the real tables."""

    def __init__(self):
        self.values = {}
        for row in FACTS:
            self.values[row[0]] = _BY_TYPE[row[2]]
        self.values["overview_state"] = OVERVIEW_STATES[0]
        self.values["contactor"] = CONTACTOR_STATES[0]
        self.values["session"] = None
        self.taken = []
        self.speakers = []          # the source of each command taken
        self.refuse = None

    def set(self, name, value):
        self.values[check_name(name)] = value

    def facts(self, personal=True):
        found = dict(self.values)
        if not personal:
            found["account"] = None
        return found

    def fact(self, name):
        return self.values[check_name(name)]

    def glance(self):
        return self.values["overview_state"], self.values["cp_state"], self.values["contactor"]

    def command(self, name, args, source):
        check_arguments(name, args)
        if not isinstance(source, str) or not source:
            raise CommandError("bad_value", "source", "no source")
        if self.refuse:
            return {"result": "refused", "reason": self.refuse}
        self.taken.append((name, args))
        self.speakers.append(source)
        return {"result": "accepted"}


class Answer:
    """One HTTP answer: status (0 when the server closed without one), headers (lower case), body (bytes, dechunked)."""

    def __init__(self, raw):
        head, _, body = raw.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        self.status = int(lines[0].split(" ")[1]) if raw else 0
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(": ")
            self.headers[name.lower()] = value
        chunked = body and self.headers.get("transfer-encoding") == "chunked"    # no body: the answer to HEAD
        self.body = _dechunked(body) if chunked else body

    def json(self):
        return json.loads(self.body.decode())


def _dechunked(body):
    whole = b""
    while True:
        size, _, body = body.partition(b"\r\n")
        n = int(size.decode(), 16)
        if n == 0:
            if body != b"\r\n":
                raise ValueError("the last chunk is not followed by an empty line")
            return whole
        if body[n:n + 2] != b"\r\n":
            raise ValueError("a chunk is not as long as it says")
        whole += body[:n]
        body = body[n + 2:]


class Client:
    """A raw connection to the server under test."""

    async def open(self, port):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        return self

    async def send(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def read(self, n):
        """What is there, at most n bytes; b"" at the end or after a reset."""
        try:
            return await self.reader.read(n)
        except OSError:
            return b""

    async def rest(self):
        whole = b""
        while True:
            data = await self.read(4096)
            if not data:
                return whole
            whole += data

    async def close(self):
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except OSError:
            return


class Server:
    """A WebServer at a free port, as `async with`."""

    def __init__(self, station=None, settings=None, rows=None, role_of=admin, request_ms=600, response_ms=1500,
                 may_write=lambda: True):
        self.station = station or StrictStation()
        self.settings = settings or Store()
        self.errors = []
        self._rows = (rows or ()) + Api(self.station, self.settings, self._told, may_write).routes()
        self._options = (role_of, self._told, request_ms, response_ms)

    def _told(self, where, error):
        self.errors.append((where, error))

    async def __aenter__(self):
        for _ in range(20):
            self.port = 20000 + int.from_bytes(os.urandom(2), "little") % 6000 * 2     # the odd one after it is for HTTPS
            self.web = WebServer(Routes(self._rows), "127.0.0.1", self.port, *self._options)
            self.task = asyncio.create_task(self._run())
            self.failed = None
            await asyncio.sleep_ms(5)
            if self.failed is None:
                return self
        raise self.failed

    async def _run(self):
        try:
            await self.web.run()
        except OSError as error:
            self.failed = error
        except asyncio.CancelledError:
            return

    async def __aexit__(self, kind, value, trace):
        self.task.cancel()
        await asyncio.sleep_ms(30)

    async def client(self):
        return await Client().open(self.port)

    async def raw(self, data):
        """Send data on a new connection; the Answer."""
        client = await self.client()
        try:
            await client.send(data)
        except OSError as error:
            self.refused = error    # in the middle: the answer may be there all the same
        whole = await client.rest()
        await client.close()
        return Answer(whole)

    async def call(self, method, path, body=None, headers=()):
        """A well-formed call; body is made JSON."""
        lines = ["%s %s HTTP/1.1" % (method, path), "Host: 127.0.0.1:%d" % self.port]
        lines += ["%s: %s" % header for header in headers]
        data = b"" if body is None else json.dumps(body).encode()
        if data:
            lines += ["Content-Length: %d" % len(data)]
            if "Content-Type" not in [name for name, _ in headers]:
                lines += ["Content-Type: application/json"]
        return await self.raw("\r\n".join(lines).encode() + b"\r\n\r\n" + data)


def run(coro):
    """What a test's coroutine returns, on a loop of its own, at most 60 s. Sockets are real, so virtual time goes at real pace."""
    clock = getattr(asyncio.new_event_loop(), "_virtual_clock", None)
    if clock is not None:
        clock.speed = 1
    try:
        return asyncio.run(asyncio.wait_for(coro, 60))
    finally:
        if clock is not None:
            clock.speed = 0


class ApiTest(unittest.TestCase):
    """Tests of one API: setUp() makes `self.api`; options() says what the server needs besides its routes."""

    def options(self):
        return {}

    def with_server(self, test, **options):
        """Runs the coroutine test(server); no handler may have raised."""
        async def main():
            more = self.options()
            more.update(options)
            async with Server(rows=self.api.routes(), **more) as server:
                try:
                    await test(server)
                finally:
                    self.assertEqual(server.errors, [])
        run(main())
