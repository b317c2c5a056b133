"""Fuzzing of what lies on the flash: settings, storage's primitives, records. Targets as in fuzz_targets.py."""

import json
import os
import struct

from firmware.records import event_log, session_record
from firmware.records.event_log import EventLog
from firmware.records.session_log import SessionLog
from firmware.settings import schema
from firmware.settings.store import FILE_KIND, FILE_VERSION, SettingError, Store
from firmware.storage import framing
from firmware.storage.atomic_file import AtomicFile
from firmware.storage.crc import crc32
from firmware.storage.inline_file import InlineFile
from firmware.storage.segment_log import SegmentLog
from tools.checks.fuzz import TOKENS, mutated, need, packed, unpacked
from tools.checks.fuzz_base import OnFiles, junk_in_text
from tools.twin.provision import SET_UP


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


SESSION = {"number": 7, "phases": 3, "estimated": False, "start": (1, 2, 3), "end": (1, 9, 10), "duration_s": 7, "charging_s": 5,
            "energy_wh": 1234, "cost_cents": None, "meter_start_wh": 5, "meter_stop_wh": 1239, "station": "Hütte", "connector": "1",
            "connector_type": "Type2", "transaction_id": "t", "uid": "04A1", "user": "u", "account": "a", "end_reason": "unplugged",
            "comment": "c"}


class Records(OnFiles):
    """Records whose frame is whole and whose payload is anything: the lists go on with what can be read."""

    name = "records"
    names = ("sessions", "events")

    def __init__(self):
        super().__init__()
        self.seeds = (packed([session_record.encode(SESSION), event_log._encode((1, 2, 3), "fault", "rcd_ac", 8005, "detail")]),)

    def lay(self, data):
        for entry in os.listdir(self.folder):
            os.remove(self.folder + entry)
        session, event = [part or b"" for part in unpacked(data, 2)]
        for prefix, kind, good, bad in (
                ("sessions", session_record.SESSION_KIND, session_record.encode(SESSION), session),
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


TARGETS = (Settings, Atomic, Inline, Segments, Records)
