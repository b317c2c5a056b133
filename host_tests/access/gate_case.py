"""A gate with four cards taught, its station and its core, in virtual time."""
import unittest

from firmware.access.authorization import REJECT, Rules
from firmware.access.card import ADMIN, USER, Card
from firmware.access.cards import CardStore
from firmware.access.gate import Gate
from firmware.access.teaching import Teacher
from firmware.charging.facts import REFUSALS
from firmware.charging.station import Station
from firmware.safety.core import SafetyCore
from firmware.safety.io_image import Fitted
from host_tests.storage.scratch import Scratch

ANN, BEN, BOSS, MASTER, STRANGER = [bytes((4, 1, 2, number)) for number in range(5)]
STEP_MS = 100


class GateTest(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.store = CardStore(self.scratch.folder)
        for uid, kind, master in ((ANN, USER, False), (BEN, USER, False), (BOSS, ADMIN, False), (MASTER, ADMIN, True)):
            self.store.add(Card(uid, "", kind, master))
        self.core = SafetyCore(Fitted())
        self.station = Station(self.core, lambda: (1, 2, 0), lambda stamp: None)
        self.station.free = False
        self.shown, self.notes = [], []
        self.utc_s, self.may_teach, self.teaching = 1800000000, True, False
        self.gate = Gate(self.station, self.store, Rules("local"), lambda: self.utc_s, self.shown.append, self.note)
        self.gate.teacher = Teacher(self.store, lambda: self.may_teach, self.shown.append, self.note, self.flag)
        self.now_ms = 1000

    def tearDown(self):
        self.scratch.close()

    def note(self, code, detail):
        self.notes.append(code)

    def flag(self, on):
        self.teaching = on

    def card(self, uid, wait_ms=1000):
        """Hold a card to the reader, after a while."""
        self.let(wait_ms)
        self.shown.clear()
        verdict = self.gate.card(uid, self.now_ms)
        self.assertEqual(self.shown[0], "read")
        if verdict[0] == REJECT:
            self.assertEqual(self.shown[-1], "refused")
            self.assertIn(self.station.last_refusal[0], REFUSALS + ("inoperative", "occupied"))
        return verdict

    def let(self, ms):
        """Time passes."""
        for _ in range(ms // STEP_MS):
            self.now_ms = (self.now_ms + STEP_MS) & 0x3FFFFFFF
            self.station.tick(self.now_ms)
            self.gate.tick(self.now_ms)

    def plug(self, state=2):
        self.core.pilot.state = state
        self.let(200)

    def unplug(self):
        self.plug(1)
