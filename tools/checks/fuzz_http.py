"""Fuzzing of HTTP: requests, and the bodies that the API takes. Targets as in fuzz_targets.py."""

import json

from firmware.charging.commands import COMMANDS
from firmware.charging.station import Station
from firmware.records import session_record
from firmware.safety.core import SafetyCore
from firmware.safety.io_image import Fitted
from firmware.services.web.api import Api
from firmware.services.web.reply import HttpError
from firmware.services.web.request import MAX_HEAD, MAX_LINE, MAX_UPLOAD, Reader, Request, read_head
from firmware.services.web.routes import Routes
from firmware.settings import schema
from firmware.settings.store import Store
from tools.checks.fuzz import TOKENS, mutated, need
from tools.checks.fuzz_base import Target, junk_in_text, played
from tools.checks.fuzz_files import SESSION

READ_BYTES = 512            # the most the web's reader asks for at once


class _Wire:
    """A connection that gives `data` in pieces of all sizes, then ends, or goes on for ever with the same byte."""

    peer = "127.0.0.1"

    def __init__(self, data):
        self._data, self._at = data, 0
        self._step = data[-1] if data else 1
        self._endless = data[-1:] == b"\xff"
        self.read_bytes = self.reads = 0

    async def read(self, n):
        self.reads += 1
        need(n <= READ_BYTES, "%d bytes are asked for at once" % n)
        piece = self._data[self._at:self._at + min(n, self._step % 97 + 1 if self._step % 3 else n)]
        self._at += len(piece)
        if not piece and self._endless:
            piece = b"a" * n
        self.read_bytes += len(piece)
        return piece


class Http(Target):
    """Bytes become a request, nothing, or an HttpError, with bounded reading."""

    name = "http"
    seeds = (
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /api/v1/status?a=1&b=x%20y&a=2 HTTP/1.1\r\nHost: [::1]:80\r\nAccept-Encoding: gzip\r\nCookie: a=b\r\n\r\n",
        b"PUT /api/v1/settings HTTP/1.0\r\nHost: x\r\nContent-Length: 14\r\nExpect: 100-continue\r\n\r\n{\"a\": \"b\"}1234",
        b"POST /api/v1/commands/start HTTP/1.1\nContent-Type: application/json\nContent-Length: 2\nOrigin: http://x\n\n{}",
        b"\r\nHEAD /" + b"a" * 2000 + b" HTTP/1.1\r\n" + b"X: y\r\n" * 30 + b"\r\n",
    )
    tokens = TOKENS + (b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"?", b"=", b"&", b"\xff", b"HTTP/1.1",
                       b"a" * MAX_LINE)

    def make(self, rng):
        data = super().make(rng)
        if rng.random() < 0.4:
            end = data.find(b"\n") + 1
            value = rng.choice((b"7", b"", b"-1", b"\xc2\xb2", b"\xd9\xa3", b"1_0", b" 5 ", b"9" * 11, b"0x5", b"\xff", b"5,5"))
            name = rng.choice((b"Content-Length", b"content-length ", b"Expect", b"Host", b"X"))
            data = data[:end] + name + b":" + value + b"\r\n" + data[end:]
        return data

    def run(self, data):
        wire = _Wire(data)
        reader = Reader(wire)
        try:
            request = played(read_head(reader, "peer"))
            if request is not None:
                need(1 <= len(request.method) <= 16 and request.path.startswith("/"), "%s %s" % (request.method, request.path))
                need(0 <= request.content_length <= MAX_UPLOAD, "a body of %d bytes" % request.content_length)
                body = played(reader.body(request.content_length))
                need(len(body) == request.content_length, "a body of %d bytes" % len(body))
        except HttpError as error:
            need(400 <= error.status < 600 and error.reply() is not None, "status %d" % error.status)
        need(wire.read_bytes <= MAX_HEAD + MAX_UPLOAD + READ_BYTES, "%d bytes were read" % wire.read_bytes)


class JsonApi(Target):
    """Bodies for settings and commands: answered or refused, and what is refused changes nothing."""

    name = "api"

    def __init__(self):
        self.seeds = [b"\0" + json.dumps({row[0]: row[2]}).encode() for row in schema.SETTINGS]
        self.seeds.append(b"\0" + json.dumps({"installation.fuse_a": 10, "charging.min_current_a": 8}).encode())
        for number, (_, arguments, _, _, _) in enumerate(COMMANDS, 1):
            args = {}
            for name, kind, low, _, _ in arguments:
                args[name] = {"choice": lambda low=low: low[0], "bool": lambda: True, "int": lambda low=low: low or 1,
                              "str": lambda: "text", "plan": lambda: [[0, 6000], [60, 0]]}[kind]()
            self.seeds.append(bytes((number,)) + json.dumps(args).encode())
        self._fresh()

    def _fresh(self):
        self.store = Store()
        core = SafetyCore(Fitted(contactors=2, feedback=1, rcd_test=1, lock=0, phases=3, ventilated=0, pe_monitor=1,
                                 cp_disconnect=1, simplified=1, over_allowance_ma=500, over_percents=(10, 25, 70),
                                 over_times_ms=(1_010_000, 5_000, 1_000)))
        self.station = Station(core, lambda: (1, 2, 0), lambda stamp: None, True, False)
        self.station.on("restart", lambda: None)
        self.station.on("clock", lambda utc_s, source: None)
        self.station.on("reserve", lambda args, source: None)
        self.station.on("cancel_reservation", lambda args: None)
        self.station.on("clear_cache", lambda: None)
        self.routes = Routes(Api(self.station, self.store, self._failed).routes())
        self._calls = 0

    def _failed(self, where, error):
        raise error

    def make(self, rng):
        seed = rng.choice(self.seeds)
        if rng.random() < 0.5:
            return seed[:1] + junk_in_text(rng, seed[1:])
        return seed[:1] + mutated(rng, seed[1:])

    def _state(self):
        station = self.station
        return (dict(self.store._values), station.operative, station.stopped, station.mode, station.account, station.phases,
                station.authorized, station.authorized_id, station.ceilings.rows(0))

    def run(self, data):
        self._calls += 1
        if self._calls > 500:
            self._fresh()
        try:
            self._ask(data)
        except Exception:
            self._fresh()           # what broke it shall not break the next
            raise

    def _ask(self, data):
        which = data[0] % (len(COMMANDS) + 1) if data else 0
        path = "/api/v1/commands/" + COMMANDS[which - 1][0] if which else "/api/v1/settings"
        request = Request("127.0.0.1", "POST" if which else "PUT", path, "1.1", {})
        request.role, request.body = "admin", data[1:]
        before = self._state()
        sent = bytearray()

        async def write(piece):
            sent.extend(piece)
        try:
            row, rest = self.routes.find(request.method, path)
            reply = played(row[3](request, rest))
            played(reply.send(write, False, True))
            need(reply.status == 200, "status %d" % reply.status)
        except HttpError as error:
            played(error.reply().send(write, False, True))
            need(400 <= error.status < 500, "status %d" % error.status)
            need(self._state() == before, "refused with %s, and yet something changed" % error.code)
        for key, value in self.store._values.items():
            need(schema.is_allowed(schema.find(key), value), "%s is %r" % (key, value))
        for holds, _ in schema.RULES:
            need(holds(self.store.get), "a rule between settings is broken")
        json.dumps(self.station.facts())
        session_record.encode(dict(SESSION, uid=self.station.authorized_id, account=self.station.account))


TARGETS = (Http, JsonApi)
