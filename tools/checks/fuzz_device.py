"""Fuzzing of what the device itself meets: a Modbus line, board files, slot pointer, RTC memory. Targets as in fuzz_targets.py."""

import json
import struct

import machine

from firmware.drivers import board_facts, reset_marker, slot_pointer
from firmware.energy.modbus_rtu import BUSY, CRC_ERROR, LARGEST_FRAME, OK, READ_HOLDING, TIMEOUT, ModbusRtu, crc16
from firmware.storage.crc import crc32
from tools.checks.fuzz import mutated, need, packed
from tools.checks.fuzz_base import OnFiles, Target, junk_in_text, played
from tools.checks.source import ROOT


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


TARGETS = (Modbus, Board, SlotPointer, ResetMarker)
