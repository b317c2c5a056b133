"""How much may be allocated before the heap is collected."""

import gc
import unittest

from firmware.drivers import heap

MEASURE = 256 * 1024     # bytes


class Interpreter:
    """What gc has on MicroPython."""

    def __init__(self):
        self.said = []

    def collect(self):
        self.said.append("collect")

    def threshold(self, after):
        self.said.append(after)


class TestHeap(unittest.TestCase):
    def test_the_measure_is_set(self):
        mine, heap.gc = heap.gc, Interpreter()
        try:
            heap.settle()
            self.assertEqual(heap.gc.said, ["collect", MEASURE])
        finally:
            heap.gc = mine

    def test_garbage_is_gone_afterwards(self):
        if not hasattr(gc, "threshold"):
            self.skipTest("micropython only")
        before = gc.threshold()
        try:
            heap.settle()
            least = gc.mem_alloc()
            [bytearray(100) for _ in range(300)]
            heap.settle()
            self.assertTrue(gc.mem_alloc() < least + 4096, (least, gc.mem_alloc()))
        finally:
            gc.threshold(before)

    def test_garbage_never_grows_far_beyond_the_measure(self):
        if not hasattr(gc, "threshold"):
            self.skipTest("micropython only")
        before = gc.threshold()
        heap.settle()
        try:
            least, most = gc.mem_alloc(), 0
            for _ in range(800):
                for _ in range(20):
                    bytearray(100)
                most = max(most, gc.mem_alloc())
            self.assertTrue(least + MEASURE // 2 < most < least + MEASURE + 16 * 1024, (least, most))
        finally:
            gc.threshold(before)


if __name__ == "__main__":
    unittest.main()
