import unittest

from firmware.energy import meter_map, meter_types
from firmware.energy.meter_table import METERS
from firmware.energy.registers import words_of
from tools.twin.meter import ModbusMeter, Quantities, with_crc
from tools.twin.meter_maps import MAPS


class TestTable(unittest.TestCase):
    def test_every_row_is_whole(self):
        self.assertEqual(meter_types.names(), sorted(MAPS))  # the twin has every one of them
        for name, models, function, most, hole, baud, parity, evidence, _ in METERS:
            with self.subTest(name):
                self.assertLessEqual(len(name), 24)  # as long as the setting
                self.assertTrue(models)
                self.assertIn(function, (3, 4))
                self.assertIn(most, range(4, 126))
                self.assertIn(hole, range(126))
                self.assertIn(baud, (0, 2400, 9600, 19200))
                self.assertIn(parity, ("none", "even", "odd") if baud else ("",))
                self.assertIn(evidence, meter_types.EVIDENCE)
                self.assertTrue(meter_types.find(name).measures(meter_map.POWER))

    def test_what_nobody_has_verified_says_so(self):
        unverified = [row["name"] for row in meter_types.table() if row["evidence"] == "unverified"]
        self.assertEqual(unverified, ["abb_m1m", "herholdt_ecsem113", "schneider_iem2155"])
        self.assertEqual(meter_types.choose("abb_b23").evidence, "source")
        self.assertEqual(meter_types.choose("generic", "power s32 1 0").evidence, "unverified")

    def test_the_table_for_people_tells_what_each_measures(self):
        rows = dict([(row["name"], row) for row in meter_types.table()])
        self.assertEqual(rows["eastron_sdm72d_v1"]["measures"], ["power", "energy"])
        self.assertEqual(rows["abb_b23"]["measures"], list(meter_types.QUANTITIES))
        self.assertEqual((rows["abb_b23"]["baud"], rows["abb_b23"]["parity"]), (9600, "even"))
        self.assertEqual((rows["saia_ale3"]["baud"], rows["saia_ale3"]["parity"]), (None, None))

    def test_reads_cover_every_value_and_stay_below_the_limit(self):
        for row in METERS:
            kind = meter_types.find(row[0])
            entries = meter_types.parse_registers(row[8], row[2])
            self.assertEqual(sum([len(read[3]) for read in kind.reads]), len(entries))
            for function, start, count, items, _ in kind.reads:
                self.assertLessEqual(count, row[3])
                for place, offset, fmt, num, den, _ in items:
                    self.assertLessEqual(offset + 2 * words_of(fmt), 2 * count)
                    address = start + offset // 2
                    self.assertTrue([entry for entry in entries if entry[:6] == (function, address, place, fmt, num, den)])

    def test_only_energy_of_the_phases_is_rare(self):
        for name in meter_types.names():
            for read in meter_types.find(name).reads:
                energy_only = [item for item in read[3] if not 9 <= item[0] < 12] == []
                self.assertEqual(read[4], energy_only)

    def test_a_strict_meter_accepts_every_planned_read(self):
        for name in meter_types.names():
            slave = ModbusMeter(Quantities(), name, 9)
            for function, start, count, _, _ in meter_types.find(name).reads:
                answer = slave.request(with_crc(bytes((9, function, start >> 8, start & 255, 0, count))))
                self.assertEqual(answer[:3], bytes((9, function, 2 * count)), (name, start, count))

    def test_where_an_integer_register_wraps_and_how_coarse_it_counts(self):
        for name, modulus_mwh, step_mwh in (
                ("carlo_gavazzi_em340", (1 << 31) * 100000, 100000), ("abb_b23", (1 << 64) * 10000, 10000),
                ("tq_em300", (1 << 64) * 100, 100), ("eastron_sdm630", None, 0), ("gossen_em238x", None, 0)):
            kind = meter_types.find(name)
            self.assertEqual((kind.modulus_mwh, kind.step_mwh), (modulus_mwh, step_mwh), name)

    def test_unknown_names_are_refused_with_those_that_exist(self):
        with self.assertRaises(ValueError) as caught:
            meter_types.choose("sdm631")
        for name in ("none", "generic", "eastron_sdm630", "tq_em300"):
            self.assertIn(name, str(caught.exception))

    def test_none_is_no_meter(self):
        self.assertIsNone(meter_types.choose("none"))


class TestGeneric(unittest.TestCase):
    def reads(self, text, limit=125):
        return [read[:3] for read in meter_types.generic(text, limit).reads]

    def test_registers_in_words_become_reads(self):
        text = " voltage u16 1/10 131; current u32 1/1000 139 ;power u32 1 141 ;energy u32 10 0xA000; "
        self.assertEqual(self.reads(text), [(3, 131, 1), (3, 139, 4), (3, 0xA000, 2)])
        item = meter_types.generic(text).reads[1][3][1]
        self.assertEqual((item[0], item[1], item[3], item[4]), (meter_map.POWER, 4, 1, 1))

    def test_each_value_may_have_its_own_function_code(self):
        self.assertEqual(self.reads("power fc4 u32 1 10; current fc3 u16 1 12; voltage u16 1 13"), [(3, 12, 2), (4, 10, 2)])

    def test_neighbours_are_joined_only_up_to_the_limit(self):
        text = "voltage f32 1 0 2 4;current f32 1 6 8 10;power f32 1 12"
        self.assertEqual([read[2] for read in self.reads(text, 8)], [8, 6])
        self.assertEqual([read[2] for read in self.reads(text)], [14])

    def test_order_of_the_entries_does_not_matter(self):
        self.assertEqual(self.reads("power f32 1 12;current f32 1 10 8 6;voltage f32 1 4 2 0"), [(3, 0, 14)])

    def test_a_register_that_scales_is_read_together_with_what_it_scales(self):
        self.assertEqual(self.reads("power s16 1^3 10; current u16 1/10*20 12"), [(3, 3, 8), (3, 12, 10)])
        data = bytearray(20)
        for exponent, scaled in ((2, (500, 7)), (-3, (5, 7000)), (13, None), (-13, None)):
            data[6:8] = bytes((exponent >> 8 & 255, exponent & 255))
            self.assertEqual(meter_map.scaled_by(data, 4 * 6 + 1, 5, 7), scaled)
        data[6:10] = bytes((0, 1, 0, 2))
        self.assertEqual(meter_map.scaled_by(data, 4 * 6 + 2, 5, 7), (5 * 65538, 7))

    def test_bad_entries_are_refused_by_place_word_and_what_is_allowed(self):
        for text, part in (("", "separated by ;"), (" ; ;", "separated by ;"), ("power f32 1", "address are needed"),
                           ("power", "address are needed"), ("power fc5 f32 1 0", "fc5 is not fc3 or fc4"),
                           ("volts f32 1 0", "volts is not one of voltage, current"), ("power f33 1 0", "u16 s16"),
                           ("power f32 1 0 2 4", "power has one address"), ("current f32 1 0 2", "one address or three"),
                           ("power f32 0 0", "scale"), ("power f32 1/0 0", "scale"), ("power f32 1/-10 0", "scale"),
                           ("power f32 0.1 0", "scale"), ("power f32 1/ 0", "scale"), ("power f32 1^ 0", "address"),
                           ("power f32 1^200 0", "too far"), ("power f32 1*65535 65000", "65534"),
                           ("power f32 1 x", "address x is"),
                           ("power f32 1 65535", "65534"), ("power f32 1 -1", "address"), ("power f32 1 0x", "address"),
                           ("voltage f32 1 0 2 4", "current or power"), ("power u32 2000000 1", "scale")):
            with self.subTest(text):
                with self.assertRaises(ValueError) as caught:
                    meter_types.choose("generic", text)
                self.assertIn(part, str(caught.exception))

    def test_the_refusal_names_the_entry(self):
        with self.assertRaises(ValueError) as caught:
            meter_types.generic("power f32 1 0; current f32 1 6 8 10;;voltage f23 1 0 2 4")
        self.assertIn("entry 3 (voltage f23 1 0 2 4): format 'f23'", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
