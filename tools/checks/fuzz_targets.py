"""What is fuzzed, one class for each reader of foreign bytes: `make(rng)` makes an input, `run(data)` raises when it goes wrong."""

import json
import os
import struct
from pathlib import Path

import machine

from firmware.charging.commands import COMMANDS
from firmware.charging.station import Station
from firmware.drivers import board_facts, reset_marker, slot_pointer
from firmware.energy.modbus_rtu import BUSY, CRC_ERROR, LARGEST_FRAME, OK, READ_HOLDING, TIMEOUT, ModbusRtu, crc16
from firmware.records import event_log, session_record
from firmware.records.event_log import EventLog
from firmware.records.session_log import SessionLog
from firmware.safety.core import SafetyCore
from firmware.safety.io_image import Fitted
from firmware.services.web.api import Api
from firmware.services.web.reply import HttpError
from firmware.services.web.request import MAX_HEAD, MAX_LINE, MAX_UPLOAD, Reader, Request, read_head
from firmware.services.web.routes import Routes
from firmware.settings import schema
from firmware.settings.store import FILE_KIND, FILE_VERSION, SettingError, Store
from firmware.storage import framing
from firmware.storage.atomic_file import AtomicFile
from firmware.storage.crc import crc32
from firmware.storage.inline_file import InlineFile
from firmware.storage.segment_log import SegmentLog
from tools.checks import fuzz_cards, fuzz_login, fuzz_mqtt, fuzz_network, fuzz_settings, fuzz_updates
from tools.checks.fuzz import TOKENS, mutated, need, packed, unpacked
from tools.checks.fuzz_base import OnFiles, Target
from tools.twin import scenario, scenario_lines
from tools.twin.provision import SET_UP

ROOT = Path(__file__).resolve().parents[2]
READ_BYTES = 512            # the most the web's reader asks for at once
JUNK = (None, True, False, -1, 0, 1, 6, 16, 2 ** 31, 10 ** 30, 1.5, 1e300, "", "6", "x" * 300, "\0", "\ud800", "ä", [], [1], {},
        {"a": 1}, "off", "twin", "contactor_1")


def played(coroutine):
    """Run a coroutine that only lets others run and never has to wait; its result."""
    try:
        for _ in range(10000):
            if coroutine.send(None) is not None:
                break
    except StopIteration as end:
        return end.value
    raise RuntimeError("it waits")


def junk_in_text(rng, text):
    """Bytes of JSON with a place in it changed; what is no JSON any more is damaged as bytes."""
    try:
        return json.dumps(junk_in(rng, json.loads(text))).encode()
    except ValueError:
        return mutated(rng, text)


def junk_in(rng, value):
    """A copy of a JSON value with one place in it replaced, left out or added."""
    if isinstance(value, dict) and value and rng.random() < 0.85:
        copy, key = dict(value), rng.choice(sorted(value))
        dice = rng.random()
        if dice < 0.15:
            del copy[key]
        elif dice < 0.25:
            copy[rng.choice(("x", "", "\ud800", key + "x"))] = rng.choice(JUNK)
        else:
            copy[key] = junk_in(rng, copy[key])
        return copy
    if isinstance(value, list) and value and rng.random() < 0.7:
        copy, at = list(value), rng.randrange(len(value))
        copy[at] = junk_in(rng, copy[at])
        return copy
    return rng.choice(JUNK)


# HTTP

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
        session_record.encode(dict(_SESSION, uid=self.station.authorized_id, account=self.station.account))


# Files

class Settings(OnFiles):
    """Whatever the file holds, load() comes back with values that are allowed, and the next change is kept."""

    name = "store"
    names = ("settings", "settings.old", "settings.new")

    def __init__(self):
        super().__init__()
        store = self._store()
        store.set_many(SET_UP)
        store.set_many({"station.name": "Hütte", "charging.max_current_a": 20})
        self.seeds = (self.kept(),)

    def _store(self):
        return Store(AtomicFile(self.folder + "settings", FILE_KIND, FILE_VERSION))

    def damaged(self, rng, part):
        if rng.random() < 0.4:
            return mutated(rng, part)
        payload = part[12:-4]
        if rng.random() < 0.6:
            payload = junk_in_text(rng, payload)
        else:
            payload = mutated(rng, payload, TOKENS + (b"[" * 3000, b'{"a":' * 2000))
        head = part[:4] + struct.pack("<I", len(payload)) + part[8:12]       # whole, as a flash error would not leave it
        return head + payload + struct.pack("<I", crc32(payload, crc32(head)))

    def run(self, data):
        self.lay(data)
        store = self._store()
        need(store.load() in ("current", "previous", "none"), "an unknown source")
        for row in schema.SETTINGS:
            need(schema.is_allowed(row, store.get(row[0])), "%s is %r" % (row[0], store.get(row[0])))
        for holds, _ in schema.RULES:
            need(holds(store.get), "a rule between settings is broken")
        address = 41 if store.get("meter.address") != 41 else 42
        try:
            store.set_many({"meter.address": address})
        except SettingError as error:
            raise RuntimeError("a good value is refused") from error
        again = self._store()
        again.load()
        need(again.get("meter.address") == address, "a change was not kept")


class Atomic(OnFiles):
    """One of the payloads that were written, or none; and the next write holds."""

    name = "atomic_file"
    names = ("f", "f.old", "f.new")
    payloads = (b"first payload", b"second" * 60, b"")

    def __init__(self):
        super().__init__()
        seeds = []
        for payload in self.payloads:
            self._file().write(payload)
            seeds.append(self.kept())
            f, old, _ = unpacked(seeds[-1], 3)
            seeds += [packed([None, f, old]), packed([None, old, f])]
        self.seeds = tuple(seeds)

    def _file(self):
        return AtomicFile(self.folder + "f", 9, 1, 4096)

    def run(self, data):
        self.lay(data)
        payload, generation, source, damage = self._file().read()
        need(payload in self.payloads or payload is None and generation == 0 and source == "none", "it reads %r" % (payload,))
        need(isinstance(damage, str), "damage is %r" % (damage,))
        new = self._file()
        need(new.write(b"new one") == generation + 1, "the generation does not go on")
        need(self._file().read()[:2] == (b"new one", generation + 1), "what was written is not read")


class Inline(OnFiles):
    """As AtomicFile."""

    name = "inline_file"
    names = ("f.0", "f.1")
    payloads = (b"x" * 50, b"", b"y" * 24)

    def __init__(self):
        super().__init__()
        seeds = []
        for payload in self.payloads:
            self._file().write(payload)
            seeds.append(self.kept())
        self.seeds = tuple(seeds)

    def _file(self):
        return InlineFile(self.folder + "f", 5)

    def run(self, data):
        self.lay(data)
        payload, generation, _ = self._file().read()
        need(payload in self.payloads or payload is None and generation == 0, "it reads %r" % (payload,))
        need(self._file().write(b"new one") == generation + 1, "the generation does not go on")
        need(self._file().read()[:2] == (b"new one", generation + 1), "what was written is not read")


class Segments(OnFiles):
    """No record that was never written, numbers that rise, the same from both ends, and the next record is kept."""

    name = "segment_log"
    names = ("log.0000000001", "log.0000000012", "log.0000000023")
    crossed = False

    def __init__(self):
        super().__init__()
        log = self._log()
        self.written = {}
        number = 1
        while True:
            payload = bytes([number]) * (number * 17 % 90)
            if number == 34:
                break
            log._tail_bytes = 526 * 2 if number in (12, 23) else log._tail_bytes       # a new segment
            log.append(1 + number % 3, 1, payload)
            self.written[number] = (number, 1 + number % 3, 1, payload)
            number += 1
        need(sorted(os.listdir(self.folder)) == sorted(self.names), "the seed's segments are others")
        self.seeds = (self.kept(),)

    def _log(self):
        return SegmentLog(self.folder + "log", 526 * 2, 4)

    def run(self, data):
        self.lay(data)
        log = self._log()
        up = list(log.oldest_first())
        down = list(log.newest_first())
        need(up == down[::-1], "from both ends it is not the same: %s %s" % ([r[0] for r in up], [r[0] for r in down]))
        need(all(self.written.get(record[0]) == record for record in up), "records that were never written")
        number = log.append(7, 1, b"the next")
        need(not up or number > up[-1][0], "the numbers do not go on")
        again = self._log()
        need(list(again.page(0, 3))[:1] == [(number, 7, 1, b"the next")], "what was appended is not the newest")


_SESSION = {"number": 7, "phases": 3, "estimated": False, "start": (1, 2, 3), "end": (1, 9, 10), "duration_s": 7, "charging_s": 5,
            "energy_wh": 1234, "cost_cents": None, "meter_start_wh": 5, "meter_stop_wh": 1239, "station": "Hütte", "connector": "1",
            "connector_type": "Type2", "transaction_id": "t", "uid": "04A1", "user": "u", "account": "a", "end_reason": "unplugged",
            "comment": "c"}


class Records(OnFiles):
    """Records whose frame is whole and whose payload is anything: the lists go on with what can be read."""

    name = "records"
    names = ("sessions", "events")

    def __init__(self):
        super().__init__()
        self.seeds = (packed([session_record.encode(_SESSION), event_log._encode((1, 2, 3), "fault", "rcd_ac", 8005, "detail")]),)

    def lay(self, data):
        for entry in os.listdir(self.folder):
            os.remove(self.folder + entry)
        session, event = [part or b"" for part in unpacked(data, 2)]
        for prefix, kind, good, bad in (
                ("sessions", session_record.SESSION_KIND, session_record.encode(_SESSION), session),
                ("events", event_log.EVENT_KIND, event_log._encode((1, 2, 3), "boot", "x", None, ""), event)):
            with open(self.folder + prefix + ".0000000001", "wb") as file:
                for number, payload in enumerate((good, bad[:framing.MAX_PAYLOAD_BYTES], good), 1):
                    file.write(framing.pack(kind, 1, number, payload))

    def run(self, data):
        self.lay(data)
        sessions, events = SessionLog(self.folder), EventLog(self.folder + "events")
        sessions.start()
        for rows in (sessions.page(0, 10, {}), list(sessions.newest_first({})), events.page(0, 10, {}),
                     list(events.newest_first({}))):
            need(2 <= len(rows) <= 3, "%d of 3 records are listed" % len(rows))
            json.dumps(rows)
        need(sessions.last_number() == 7 and events.last_boot() == 1, "the newest record is not the newest")


# The rest

class _Line:
    """A serial line that answers `data`."""

    def __init__(self, data):
        self._data = data
        self.now_ms = self._quiet_ms = 0
        self._sent = False

    def begin(self, frame):
        self._sent = True
        return 4_000

    def end(self):
        return None

    def read_into(self, view):
        if not self._sent:
            return 0
        n = min(len(view), len(self._data), 1 + len(self._data) % 40)
        need(len(view) > 0, "it reads into nothing")
        view[:n] = self._data[:n]
        self._data = self._data[n:]
        if n:
            self._quiet_ms = self.now_ms
        return n

    def silence_us(self):
        return (self.now_ms - self._quiet_ms + 10) * 1000

    async def sleep_ms(self, ms):
        self.now_ms += ms


class Modbus(Target):
    """An answer is believed only when a whole frame of the asked kind was on the line; the exchange ends in time."""

    name = "modbus"
    count = 6

    def __init__(self):
        good = self._framed(bytes((2, READ_HOLDING, 12)) + bytes(range(12)))
        refusal = self._framed(bytes((2, READ_HOLDING | 0x80, 2)))
        other = self._framed(bytes((2, 4, 12)) + bytes(12))
        self.seeds = (good, refusal, b"\0\xff" + good, good + good, b"noise" * 70 + good, other,
                      self._framed(bytes((2, 3, 0, 0, 0, 6))) + good)

    def _framed(self, body):
        crc = crc16(body, 0, len(body))
        return body + bytes((crc & 255, crc >> 8))

    def make(self, rng):
        data = super().make(rng)
        return self._framed(data[:rng.randint(0, len(data))]) if rng.random() < 0.3 else data

    def run(self, data):
        line = _Line(data)
        master = ModbusRtu(line, 19200, lambda: line.now_ms & 0x3FFFFFFF, line.sleep_ms)
        into = bytearray(b"\xee" * (2 * self.count))
        result = played(master.read(2, READ_HOLDING, 0, self.count, into))
        need(result in (OK, TIMEOUT, CRC_ERROR, BUSY) or 1 <= result <= 255, "result %r, %s" % (result, master.last_error))
        need(line.now_ms < 1_000 + 5 * len(data), "it took %d ms" % line.now_ms)
        need(master._length <= LARGEST_FRAME, "%d bytes are kept" % master._length)
        if result == OK:
            need(self._framed(bytes((2, READ_HOLDING, 12)) + bytes(into)) in data, "an answer that nobody gave: %s" % into.hex())
        elif result > 0:
            need(any(self._framed(bytes((2, READ_HOLDING | 0x80, code))) in data for code in (result, 0)), "a refusal nobody gave")
        if result != OK:
            need(into == b"\xee" * (2 * self.count), "half an answer was handed out")


class Board(OnFiles):
    """Board files are taken or refused with a BoardError; what is taken can be asked for what it lacks."""

    name = "board"
    names = ("board.json",)

    def __init__(self):
        super().__init__()
        self.seeds = tuple(packed([path.read_bytes()]) for path in sorted((ROOT / "board_configs").glob("*.json")))

    def damaged(self, rng, part):
        if rng.random() < 0.4:
            return mutated(rng, part)
        return junk_in_text(rng, part)

    def run(self, data):
        self.lay(data)
        try:
            facts = board_facts.load(self.folder + "board.json")
        except board_facts.BoardError as error:
            need(str(error).startswith("board facts: "), "the error says %s" % error)
            return
        board_facts.lacks(facts)
        gpios = [gpio for gpio in facts["pins"].values() if gpio is not None]
        need(len(set(gpios)) == len(gpios) and all(type(gpio) is int for gpio in gpios), "pins %s" % gpios)
        need(facts["limits"]["max_current_a"] <= 63 and facts["limits"]["phases"] in (1, 3), "limits %s" % facts["limits"])


class Scenario(OnFiles):
    """Steps, or a ScenarioError that names the line."""

    name = "scenario"
    names = ("a.scn",)

    def __init__(self):
        super().__init__()
        lines = [line.strip() for line in scenario.__doc__.splitlines() if line.startswith("    ")]
        texts = ["\n".join(line.partition("   ")[0] for line in lines if not line.startswith("include"))]
        texts += [path.read_text() for path in sorted((ROOT / "host_tests" / "scenarios").rglob("*.scn"))]
        texts += ["include a.scn", "include b.scn\nwait 1 s"]
        self.seeds = tuple(packed([text.encode()]) for text in texts)
        self._reader = scenario_lines.Reader()

    def damaged(self, rng, part):
        tokens = TOKENS + (b" ", b"is", b"within", b"1e9 h", b"=", b"include ", b"expect world.ev.", b"[" * 4000, b"x" * 300, b"'",
                           b"nan s")
        return mutated(rng, part, tokens)

    def run(self, data):
        self.lay(data)
        try:
            steps = self._reader.read(Path(self.folder + "a.scn"), ())
        except scenario.ScenarioError as error:
            need(self.folder in str(error), "it does not say where: %s" % error)
            return
        need(all(callable(step.act) for step in steps), "a step that cannot be done")


class SlotPointer(OnFiles):
    """Only what is byte for byte a pointer of ours is obeyed."""

    name = "slot_pointer"
    names = ("slot.json",)

    def __init__(self):
        super().__init__()
        pointers = (("a", "b", True, 0), ("b", None, False, 3), ("b", "a", False, 99))
        texts = [slot_pointer.text_from_pointer(*one) for one in pointers]
        self.seeds = tuple(packed([text.encode()]) for text in texts)

    def damaged(self, rng, part):
        if rng.random() < 0.5:
            return mutated(rng, part)
        return junk_in_text(rng, part).replace(b" ", b"")

    def run(self, data):
        part = self.lay(data)[0]
        pointer = slot_pointer.read(self.folder)
        if pointer is not None:
            need(slot_pointer.text_from_pointer(**pointer).encode() == part, "it obeys %r" % part)
        need(slot_pointer.confirm(self.folder) is False, "a pointer to a slot that does not run is confirmed")


class ResetMarker(Target):
    """RTC memory of any content: a verdict, never an exception; what stands behind the block is kept."""

    name = "reset_marker"

    def __init__(self):
        pack = reset_marker.pack
        self.seeds = (pack(1, 2, 0, 97, 1, b"command"), pack(2, 3, 255, 0, 65535, b"x" * 32), pack(0, 6, 1, 98, 9, b"") + b"others",
                      b"")

    def make(self, rng):
        data = super().make(rng)
        if rng.random() < 0.6 and len(data) >= 44:
            data = data[:44] + struct.pack("<I", crc32(data[:44])) + data[48:]
        return data[:2048]

    def run(self, data):
        memory = machine.RTC().memory
        memory(data[:2048])
        found = reset_marker.read()
        need(found["start"] in reset_marker.START_NAMES and isinstance(found["reason"], str), "it reads %s" % found)
        json.dumps(found)
        reset_marker.runs_well()
        reset_marker.mark("again \x00ä")
        need(reset_marker.unpack(memory()) is not None, "the marker is not whole")
        need(memory()[48:] == data[48:2048], "what belongs to others is changed")


TARGETS = (Http, JsonApi, Settings, Atomic, Inline, Segments, Records, Modbus, Board, Scenario, SlotPointer,
           ResetMarker) + fuzz_cards.TARGETS + fuzz_login.TARGETS + fuzz_mqtt.TARGETS + fuzz_network.TARGETS + \
    fuzz_settings.TARGETS + fuzz_updates.TARGETS
