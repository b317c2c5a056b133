"""A central system that says what the test wants, and a gate that asks it."""
from firmware.access.authorization import Rules
from firmware.access.card import hex_from_uid
from firmware.access.remote import Remote
from host_tests.access.gate_case import GateTest

NAMES = {"blocked": "card_blocked", "expired": "card_expired", "invalid": "card_unknown", "concurrent": "card_concurrent"}


class Central(Remote):
    """A scripted system: remembers what it was asked, answers when the test says so."""

    def __init__(self):
        self.reachable = True
        self.asked = []
        self.cancelled = []
        self.done = None
        self.raises = False

    def online(self):
        return self.reachable

    def authorize(self, token, done):
        if self.raises:
            raise OSError(113)
        self.asked.append(token)
        self.done = done

    def cancel(self, token):
        self.cancelled.append(token)


class RemoteTest(GateTest):
    order, offline = "first_online", "local_authorization"

    def setUp(self):
        super().setUp()
        self.central, self.learned, self.cache = Central(), [], {}
        self.gate.attach(self.central)
        self.gate.learned = lambda *news: self.learned.append(news)
        self.gate.cached = self.cache.get
        self.rules(self.order, self.offline)

    def rules(self, order, offline, mode="remote"):
        self.gate.rules = Rules(mode, order, offline, "box1", True)

    def power(self):
        """The vehicle draws power for a while."""
        self.station.session.charging_ms = 5000

    def is_asked(self, *uids):
        self.assertEqual(self.central.asked, [hex_from_uid(uid) for uid in uids])
