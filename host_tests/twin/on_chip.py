"""A chip of the twin for each test, on both interpreters."""
import unittest

from host_tests.twin.rig import Rig


class OnChip(unittest.TestCase):
    facts = None

    def setUp(self):
        self.rig = Rig(self.facts)
        self.machine = self.rig.machine
        self.hal = self.rig.hal

    def tearDown(self):
        self.rig.close()

    def raises(self, kind, text, fn):
        with self.assertRaises(kind) as caught:
            fn()
        self.assertIn(text, str(caught.exception))
