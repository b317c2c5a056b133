import unittest

from firmware.energy import meter_types
from tools.twin.meter import ModbusMeter, Quantities, with_crc


class TestTable(unittest.TestCase):
    def test_every_row_is_whole(self):
        self.assertGreaterEqual(len(meter_types.names()), 4)
        for name in meter_types.names():
            with self.subTest(name):
                meter = meter_types.find(name)
                self.assertIn(meter.function, (3, 4))
                self.assertIn(meter.parity, ("none", "even", "odd"))
                self.assertIn(meter.evidence, meter_types.EVIDENCE)
                self.assertIn(meter.baud, (2400, 4800, 9600, 19200, 38400, 57600, 115200))
                self.assertIn("power", meter.quantities)

    def test_reads_cover_every_value_and_stay_below_the_limit(self):
        for name in meter_types.names():
            limit = meter_types._TABLE[name][1]
            for read in meter_types.find(name).reads:
                self.assertLessEqual(read.count, limit)
                for item in read.items:
                    self.assertEqual(item.offset, 2 * (item.address - read.start))
                    self.assertLessEqual(item.offset + 2 * item.fmt[1], 2 * read.count)

    def test_no_two_reads_of_a_meter_have_the_same_length(self):
        # RTU answers carry no number: a late one must not pass for the answer to another request
        for name in meter_types.names():
            counts = [read.count for read in meter_types.find(name).reads]
            self.assertEqual(len(counts), len(set(counts)), name)

    def test_a_strict_meter_accepts_every_planned_read(self):
        for name in meter_types.names():
            slave = ModbusMeter(Quantities(), name, 9)
            for read in meter_types.find(name).reads:
                function = meter_types.find(name).function
                body = bytes((9, function, read.start >> 8, read.start & 255, 0, read.count))
                answer = slave.request(with_crc(body))
                self.assertEqual(answer[:3], bytes((9, function, 2 * read.count)))

    def test_unknown_names_are_refused_with_those_that_exist(self):
        with self.assertRaises(ValueError) as caught:
            meter_types.choose("sdm631")
        self.assertIn("sdm631", str(caught.exception))
        self.assertIn("eastron_sdm630", str(caught.exception))

    def test_none_is_no_meter(self):
        self.assertIsNone(meter_types.choose("none"))

    def test_evidence_is_told(self):
        self.assertEqual(meter_types.choose("abb_b23").evidence, "source")
        self.assertEqual(meter_types.choose("generic", 3, "power s32 1 0").evidence, "unverified")


class TestGeneric(unittest.TestCase):
    def test_registers_in_words_become_reads(self):
        meter = meter_types.choose("generic", 3, " voltage u16 1/10 131; current u32 1/1000 139 ;power u32 1 140 ;"
                                                 "energy u32 10 0xA000; ")
        self.assertEqual([(read.start, read.count) for read in meter.reads], [(131, 1), (139, 3), (0xA000, 2)])
        item = meter.reads[1].items[1]
        self.assertEqual((item.quantity, item.slot, item.offset, item.num, item.den), ("power", 0, 2, 1, 1))

    def test_neighbours_are_joined_only_up_to_the_limit(self):
        text = "voltage f32 1 0 2 4;current f32 1 6 8 10;power f32 1 12"
        self.assertEqual([r.count for r in meter_types.generic(4, text, 8).reads], [8, 6])
        self.assertEqual([r.count for r in meter_types.generic(4, text).reads], [14])

    def test_order_of_the_entries_does_not_matter(self):
        text = "power f32 1 12;current f32 1 10 8 6;voltage f32 1 4 2 0"
        meter = meter_types.generic(4, text)
        self.assertEqual([(read.start, read.count) for read in meter.reads], [(0, 14)])

    def test_bad_entries_are_refused_by_name(self):
        for text, part in (("", "empty"), (" ; ;", "empty"), ("power f32 1", "address are needed"),
                           ("volts f32 1 0", "voltage, current"), ("power f33 1 0", "u16 s16"),
                           ("power f32 1 0 2 4", "one address"), ("current f32 1 0 2", "one address or three"),
                           ("power f32 0 0", "scale"), ("power f32 1/0 0", "scale"), ("power f32 1/-10 0", "scale"),
                           ("power f32 0.1 0", "scale"), ("power f32 1/ 0", "scale"), ("power f32 1 x", "address"),
                           ("power f32 1 65535", "65534"), ("power f32 1 -1", "address"), ("power f32 1 0x", "address"),
                           ("voltage f32 1 0 2 4", "current or power"), ("power u32 2000000 1", "scale")):
            with self.subTest(text):
                with self.assertRaises(ValueError) as caught:
                    meter_types.choose("generic", 4, text)
                self.assertIn(part, str(caught.exception))

    def test_only_reading_functions_and_sane_limits(self):
        for function in (0, 1, 2, 5, 6, 16):
            with self.assertRaises(ValueError):
                meter_types.generic(function, "power f32 1 0")
        for limit in (0, 3, 126):
            with self.assertRaises(ValueError):
                meter_types.generic(3, "power f32 1 0", limit)


if __name__ == "__main__":
    unittest.main()
