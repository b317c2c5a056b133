import unittest

from firmware.storage import framing


class FramingTest(unittest.TestCase):
    def test_a_record_comes_back_as_it_went_in(self):
        for payload in (b"", b"\x00", bytes(range(256)), bytes(framing.MAX_PAYLOAD_BYTES)):
            data = framing.pack(7, 2, 4294967295, payload)
            self.assertEqual(len(data), len(payload) + framing.OVERHEAD_BYTES)
            self.assertEqual(framing.unpack(data), (7, 2, 4294967295, payload))

    def test_the_layout_on_flash_never_changes(self):
        # Written down once by hand; a build that reads the records of an older one depends on it.
        self.assertEqual(framing.pack(1, 1, 2, b"ab"), b"\x01\x01\x02\x00\x02\x00\x00\x00ab\x02\x00\x2a\x6f\xd1\x9d")

    def test_any_flipped_bit_is_noticed(self):
        data = framing.pack(3, 1, 5, b"sixteen bytes ok")
        for at in range(len(data)):
            for bit in range(8):
                broken = bytearray(data)
                broken[at] ^= 1 << bit
                self.assertIsNone(framing.unpack(bytes(broken)))

    def test_a_cut_record_and_one_with_more_behind_it_are_no_records(self):
        data = framing.pack(3, 1, 5, b"payload")
        for length in range(len(data)):
            self.assertIsNone(framing.unpack(data[:length]))
        self.assertIsNone(framing.unpack(data + b"\x00"))

    def test_erased_and_wiped_flash_hold_no_record(self):
        for filler in (b"\xff", b"\x00"):
            self.assertIsNone(framing.header(filler * 64))
            self.assertIsNone(framing.unpack(filler * framing.OVERHEAD_BYTES))

    def test_what_does_not_fit_the_frame_is_refused(self):
        for kind, version, number, payload in (
            (0, 1, 1, b""), (255, 1, 1, b""), (1, 0, 1, b""), (1, 255, 1, b""),
            (1, 1, -1, b""), (1, 1, 4294967296, b""), (1, 1, 1, bytes(513)),
        ):
            with self.assertRaises(ValueError):
                framing.pack(kind, version, number, payload)
