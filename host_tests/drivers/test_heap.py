"""How much may be allocated before the heap is collected."""

import gc
import unittest

from firmware.drivers import heap


class Interpreter:
    """What gc has on MicroPython."""

    def __init__(self, garbage, lives):
        self.garbage, self.lives, self.after = garbage, lives, None

    def collect(self):
        self.garbage = 0

    def mem_alloc(self):
        return self.garbage + self.lives

    def threshold(self, after):
        self.after = after


class TestHeap(unittest.TestCase):
    def settled(self, garbage, lives):
        mine, heap.gc = heap.gc, Interpreter(garbage, lives)
        try:
            heap.settle()
            self.assertEqual(heap.gc.garbage, 0)
            return heap.gc.after
        finally:
            heap.gc = mine

    def test_a_small_charger_collects_each_48_kb(self):
        self.assertEqual(self.settled(500000, 80000), 48 * 1024)

    def test_a_large_one_collects_each_quarter_of_what_lives_and_garbage_does_not_count(self):
        self.assertEqual(self.settled(1000000, 400000), 100000)

    def test_what_lives_stays_together_between_garbage(self):
        if not hasattr(gc, "threshold"):
            self.skipTest("micropython only")
        before = gc.threshold()
        heap.settle()
        try:
            least, kept, most = gc.mem_alloc(), [], 0
            for _ in range(400):
                for _ in range(20):
                    bytearray(100)
                kept.append(bytearray(16))
                most = max(most, gc.mem_alloc())
            self.assertTrue(most < least + 2 * 48 * 1024 + gc.threshold(), (least, most))
        finally:
            gc.threshold(before)


if __name__ == "__main__":
    unittest.main()
