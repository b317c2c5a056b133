import unittest

from firmware.records import session_record
from firmware.storage import codec, framing


class CodecTest(unittest.TestCase):
    def test_texts_come_back_and_missing_ones_are_empty(self):
        data = b"xx" + codec.pack_texts(("a", "", "ü€😀"), (10, 10, 20))
        self.assertEqual(codec.unpack_texts(data, 2, 5), ["a", "", "ü€😀", "", ""])

    def test_a_cut_text_is_whole_characters_at_every_length(self):
        text = "aä€😀" * 3
        for length in range(40):
            data = codec.cut(text, length)
            self.assertLessEqual(len(data), length)
            self.assertTrue(text.startswith(data.decode()))
            self.assertGreater(len(data) + 4, min(length, 30))

    def test_the_longest_session_fits_and_what_people_may_type_is_not_cut(self):
        typed = {"station": "ü" * 30, "user": "ü" * 50, "account": "ü" * 30, "uid": "A" * 36, "comment": "x" * 100}
        stamp = (0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
        session = dict.fromkeys(session_record.TEXTS, "x" * 200)
        session.update({"number": 1, "phases": 3, "estimated": True, "start": stamp, "end": stamp, "duration_s": 0, "charging_s": 0,
                        "energy_wh": 0, "cost_cents": None, "meter_start_wh": None, "meter_stop_wh": None})
        self.assertLessEqual(len(session_record.encode(session)), framing.MAX_PAYLOAD_BYTES)
        session.update(typed)
        found = session_record.decode(session_record.encode(session), {})
        self.assertEqual({name: found[name] for name in typed}, typed)

    def test_a_session_of_the_first_day_stays_readable(self):
        # Bytes as version 1 wrote them; newer firmware must read them for ever.
        payload = (b"\x2a\x00\x00\x00\x03\x01" + b"\x01\x00\x00\x00\x64\x00\x00\x00\x00\x00\x00\x00"
                   + b"\x01\x00\x00\x00\xc8\x00\x00\x00\x00\x00\x00\x00" + b"\x64\x00\x00\x00\x5a\x00\x00\x00"
                   + b"\xf4\x01\x00\x00" + b"\xff\xff\xff\xff" + b"\xe8\x03" + bytes(6) + b"\xff" * 8
                   + b"\x06Garage\x011\x00\x00\x0404A1\x00\x04work\x09power_cut\x00")
        session = session_record.decode(payload, {1: 1795000000})
        self.assertEqual(session["number"], 42)
        self.assertEqual((session["phases"], session["estimated"]), (3, True))
        self.assertEqual((session["start"], session["end"]), ((1, 100, 1795000100), (1, 200, 1795000200)))
        self.assertEqual((session["duration_s"], session["charging_s"], session["energy_wh"]), (100, 90, 500))
        self.assertEqual((session["cost_cents"], session["meter_start_wh"], session["meter_stop_wh"]), (None, 1000, None))
        self.assertEqual([session[name] for name in session_record.TEXTS],
                         ["Garage", "1", "", "", "04A1", "", "work", "power_cut", ""])
        session["start"], session["end"] = (1, 100, 0), (1, 200, 0)
        self.assertEqual(session_record.encode(session), payload)
        self.assertEqual(session_record.decode(payload + b"\x05newer", {})["comment"], "")
