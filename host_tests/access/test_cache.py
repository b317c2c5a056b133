"""What a central system said is remembered: the newest 500 ids, until they expire, written only while no power flows."""
import asyncio
import unittest

from firmware.access import cache as cache_module
from firmware.access.cache import MAX, Cache
from host_tests.storage.scratch import Scratch

NOW_S = 1800000000


async def rest():
    await asyncio.sleep_ms(0)


class CacheTest(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.utc_s = NOW_S
        self.start()

    def tearDown(self):
        self.scratch.close()

    def start(self):
        self.cache = Cache(self.scratch.folder, lambda: self.utc_s)

    def keep(self, may_write=lambda: True):
        asyncio.run(self.cache.keep(may_write, rest))

    def learn(self, *tokens, status="accepted", expires_utc=0):
        for token in tokens:
            self.cache.learn(token, status, expires_utc)

    def statuses(self, *tokens):
        return [self.cache.status(token) for token in tokens]

    def test_what_was_said_is_known_at_once_and_after_a_restart(self):
        self.learn("ANN", "A" * 32)
        self.learn("BEN", status="blocked")
        self.learn("CID", status="invalid")
        wanted = [True, True, False, False, None]
        self.assertEqual(self.statuses("ANN", "A" * 32, "BEN", "CID", "DOT"), wanted)
        self.keep()
        self.assertEqual(self.statuses("ANN", "A" * 32, "BEN", "CID", "DOT"), wanted)
        self.start()
        self.assertEqual(self.statuses("ANN", "A" * 32, "BEN", "CID", "DOT"), wanted)

    def test_the_newest_word_holds(self):
        for status, wanted in (("accepted", True), ("expired", False), ("accepted", True)):
            self.learn("ANN", status=status)
            self.assertEqual(self.statuses("ANN"), [wanted])
            self.keep()
            self.assertEqual(self.statuses("ANN"), [wanted])

    def test_who_charges_elsewhere_and_ids_too_long_leave_nothing(self):
        self.learn("ANN", status="concurrent")
        self.learn("B" * 33, "", "é" * 19)
        self.assertEqual(self.statuses("ANN", "B" * 33, "", "é" * 19), [None] * 4)

    def test_an_acceptance_ends_with_its_expiry_and_counts_for_nothing_without_a_clock(self):
        self.learn("ANN", expires_utc=NOW_S + 10)
        self.keep()
        for utc_s, wanted in ((NOW_S + 9, True), (NOW_S + 10, False), (0, False), (NOW_S, True)):
            self.utc_s = utc_s
            self.assertEqual(self.statuses("ANN"), [wanted])

    def test_while_power_flows_nothing_is_written(self):
        self.learn("ANN")
        self.keep(lambda: False)
        names = self.scratch.names()
        self.learn("BEN", "CID")
        left = [2]

        def soon_not():
            left[0] -= 1
            return left[0] > 0
        self.keep(soon_not)
        self.assertEqual(self.statuses("ANN", "BEN", "CID"), [True] * 3)
        self.keep()
        self.start()
        self.assertEqual(self.statuses("ANN", "BEN", "CID"), [True] * 3)
        self.assertTrue(len(names) <= 1)

    def test_more_than_five_hundred_lose_the_oldest_and_a_look_up_stays_cheap(self):
        for first in range(0, 560, 20):
            self.learn(*["%08X" % (number * 7919 % 65536) for number in range(first, first + 20)])
            self.keep()
        token = ["%08X" % (number * 7919 % 65536) for number in range(560)]
        known = [number for number in range(560) if self.cache.status(token[number])]
        self.assertEqual(known, list(range(560 - len(known), 560)))
        self.assertTrue(MAX <= len(known) <= MAX + cache_module.SLACK, len(known))
        self.start()
        before = self.cache.reads
        self.cache.status(token[550])
        most = self.cache.reads - before
        for number in range(0, 560, 13):
            before = self.cache.reads
            self.cache.status(token[number])
            most = max(most, self.cache.reads - before)
        self.assertTrue(most <= 12, most)

    def test_a_card_of_every_day_costs_no_flash(self):
        self.learn("ANN")
        self.keep()
        before = self.scratch.read("id_cache.edits")
        for _ in range(20):
            self.learn("ANN")
            self.keep()
        self.assertEqual(self.scratch.read("id_cache.edits"), before)

    def test_an_order_clears_it_at_once_and_for_good(self):
        self.learn("ANN")
        self.keep()
        self.learn("BEN")
        self.cache.clear()
        self.assertEqual(self.statuses("ANN", "BEN"), [None, None])
        self.learn("CID")
        self.assertEqual(self.statuses("ANN", "BEN", "CID"), [None, None, True])
        self.keep()
        self.start()
        self.assertEqual(self.statuses("ANN", "BEN", "CID"), [None, None, True])

    def test_ram_holds_a_bounded_number_of_news_and_a_full_flash_loses_none_of_these(self):
        self.learn(*["%04X" % number for number in range(100)])
        self.assertEqual(self.statuses("0000", "0043", "0044", "0063"), [None, None, True, True])

        def full(key, value):
            raise OSError(28)
        put, self.cache._map.put = self.cache._map.put, full
        self.keep()
        self.assertTrue(self.cache.failing)
        self.assertEqual(self.statuses("0044", "0063"), [True, True])
        self.cache._map.put = put
        self.keep()
        self.assertFalse(self.cache.failing)
        self.start()
        self.assertEqual(self.statuses("0044", "0063"), [True, True])


if __name__ == "__main__":
    unittest.main()
