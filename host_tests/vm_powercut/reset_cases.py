"""A factory reset, cut. See cases.py."""
import os

from firmware import factory_reset
from firmware.access.card import Card
from firmware.access.cards import CardStore
from firmware.settings.store import FILE_KIND, FILE_VERSION, Store
from firmware.storage.atomic_file import AtomicFile
from host_tests.vm_powercut.access_cases import uid_of
from host_tests.vm_powercut.ground import FOLDER, expect
from host_tests.vm_powercut.records_cases import Charger


class FactoryReset:
    """A factory reset that is cut: the next start finishes it, or it was never ordered."""

    def store(self):
        store = Store(AtomicFile(FOLDER + "settings", FILE_KIND, FILE_VERSION))
        store.load()
        return store

    def names(self):
        return sorted(os.listdir(FOLDER[:-1]))

    def prepare(self):
        charger = Charger()
        for number in range(1, 4):
            charger.charge(10 * number, None)
        CardStore(FOLDER).add(Card(uid_of(1), "Ann"))
        for name in ("Ann", "Ben"):
            self.store().set_many({"identity.serial": "M3-1", "station.name": name, "general.setup_done": True})
        for name in ("passwords", "passwords.old", "pins", "mqtt_queue", "whatever"):
            with open(FOLDER + name, "wb") as file:
                file.write(b"personal" * 40)

    def operate(self, acknowledge):
        factory_reset.order(FOLDER, True, "page")
        acknowledge(1)
        factory_reset.finish(FOLDER)
        acknowledge(2)

    def check(self, done):
        ordered = factory_reset.MARKER in self.names()
        expect(ordered or done != 1 or not self.store().get("station.name"), "an order was lost")
        if not done and not ordered:
            expect(self.store().get("station.name") == "Ben" and "whatever" in self.names(), "something went without an order")
            return
        if ordered:
            expect(factory_reset.finish(FOLDER) == "page", "who ordered it is lost")
        store = self.store()
        expect(store.load_report == [], "report: %s" % store.load_report)
        expect((store.get("identity.serial"), store.get("station.name"), store.get("general.setup_done")) == ("M3-1", "", False),
               "settings are left")
        left = [name for name in self.names() if name.split(".")[0] not in ("settings", "life", "boot", "boots")]
        expect(left == [] and "settings.old" not in self.names(), "left: %s" % left)
        charger = Charger()
        expect(charger.life.sessions == 3 and charger.charge(1, None) == 4, "life totals or numbers began anew")
