# cpython only: it runs boot.py within this process
"""boot.py and the application read pointer and marker alike."""
import binascii
import contextlib
import io
import random
import runpy
import struct
import sys
import tempfile
import unittest

from host_tests.boot.devices import BOARD, REPO


class Agreement(unittest.TestCase):
    """boot.py has readers of its own; they must say the same as the application's modules."""

    def setUp(self):
        from tools.twin import cpython
        from tools.twin.clock import VirtualClock
        from tools.twin.hal import Hal
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            self.clock = VirtualClock()
            self.hal = Hal(BOARD, self.clock)
            cpython.install(self.clock, self.hal)
            self.addCleanup(cpython.uninstall)
            path = list(sys.path)
            self.boot = runpy.run_path(str(REPO / "boot.py"), init_globals={"ROOT": folder + "/"})
            sys.path[:] = path
        from firmware.drivers import reset_marker, slot_pointer
        self.marker, self.slot = reset_marker, slot_pointer
        self.random = random.Random(61851)

    def blocks(self):
        for _ in range(400):
            r = self.random
            block = self.marker.pack(r.randrange(5), r.randrange(8), r.randrange(256), r.choice((0, 97, 98)),
                                     r.randrange(65536), bytes(r.randrange(32, 127) for _ in range(r.randrange(33))))
            yield block + bytes(r.randrange(20))
            bad = bytearray(block)
            bad[r.randrange(48)] ^= 1 << r.randrange(8)
            yield bytes(bad)
            yield block[:r.randrange(48)]
        body = bytearray(block[:44])
        for i, value in ((0, 0), (4, 2), (4, 0)):  # a CRC that fits over something that is not ours
            other = bytearray(body)
            other[i] = value
            yield bytes(other) + struct.pack("<I", binascii.crc32(other))

    def test_on_every_block_of_rtc_memory_and_every_reset_cause(self):
        import machine
        kinds = set()
        for data in self.blocks():
            self.hal.rtc_memory = data
            mine = self.boot["rtc_read"]()
            theirs = self.marker.unpack(data)
            self.assertEqual(mine, None if theirs is None else tuple(theirs))
            for cause in range(1, 6):
                kinds.add(self.boot["start_kind"](cause, mine))
            if mine is not None:
                self.boot["rtc_write"](*mine)
                self.assertEqual(machine.RTC().memory(), self.marker.pack(*theirs) + data[48:])
        self.assertEqual(kinds, set(range(7)))
        self.assertEqual([self.boot[n] for n in ("UNKNOWN", "POWER_ON", "RESTARTED", "CRASHED", "WATCHDOG", "BROWN_OUT",
                                                 "SOFT", "RESTART", "CRASH", "SAFE")],
                         [getattr(self.marker, n) for n in ("UNKNOWN", "POWER_ON", "RESTARTED", "CRASHED", "WATCHDOG",
                                                            "BROWN_OUT", "SOFT", "RESTART", "CRASH", "SAFE_MODE")])

    def test_that_counters_stop_at_their_ends(self):
        self.boot["rtc_write"](0, 1, 300, 97, 70_000, b"why")
        self.assertEqual(self.marker.unpack(self.hal.rtc_memory)[2:5], [255, 97, 65_535])
        self.boot["rtc_write"](0, 1, 255, 97, 65_535, b"why")
        self.assertEqual(self.marker.read()["failures"], 255)

    def test_on_every_pointer_whole_or_damaged(self):
        with tempfile.TemporaryDirectory() as folder:
            root = folder + "/"
            for active in ("a", "b", "c", ""):
                for previous in ("a", "b", None):
                    for confirmed in (True, False):
                        for tries in (0, 3, 99):
                            text = self.boot["pointer_text"](active, previous, confirmed, tries)
                            for damage in range(4):
                                if damage:
                                    i = self.random.randrange(len(text))
                                    text = text[:i] + chr(ord(text[i]) ^ 1 << self.random.randrange(7)) + text[i + 1:]
                                with open(root + "slot.json", "w", newline="") as file:
                                    file.write(text)
                                mine, theirs = self.boot["pointer_read"](root), self.slot.read(root)
                                good = active in ("a", "b") and previous != active and not damage
                                self.assertEqual(mine is not None, good, text)
                                self.assertEqual(theirs, mine and dict(zip(
                                    ("active", "previous", "confirmed", "tries"), mine, strict=True)))

    def test_that_no_pointer_with_a_flipped_bit_or_a_lost_end_is_one(self):
        good = self.slot.text_from_pointer("b", "a", True, 0).encode()
        damaged = [good[:n] for n in range(len(good))]
        for i in range(len(good) * 8):
            damaged.append(good[:i // 8] + bytes([good[i // 8] ^ 1 << i % 8]) + good[i // 8 + 1:])
        with tempfile.TemporaryDirectory() as folder:
            for data in damaged:
                with open(folder + "/slot.json", "wb") as file:
                    file.write(data)
                self.assertIsNone(self.boot["pointer_read"](folder + "/"), data)
                self.assertIsNone(self.slot.read(folder + "/"), data)

    def test_nothing_that_does_not_fit_is_written(self):
        for args in (("a", "a", True, 0), ("c", "a", True, 0), ("a", "b", True, -1), ("a", "b", True, 100)):
            with self.assertRaises(self.slot.SlotError):
                self.slot.text_from_pointer(*args)
        for at in range(5):
            for value in (-1, 65536):
                fields = [0, 0, 0, 0, 0, b""]
                fields[at] = value
                with self.assertRaises(ValueError):
                    self.marker.pack(*fields)


if __name__ == "__main__":
    unittest.main()
