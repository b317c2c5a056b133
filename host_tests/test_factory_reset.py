"""A factory reset takes what is personal and leaves what makes this charger this one."""
import os
import unittest

from firmware import factory_reset
from firmware.settings.store import FILE_KIND, FILE_VERSION, Store
from firmware.storage.atomic_file import AtomicFile
from host_tests.storage.scratch import Scratch

PERSONAL = ("passwords", "passwords.old", "attempts.0", "pins", "sessions.0000000001", "session_open", "events.0000000001",
            "curve.1", "mqtt_acked.0", "id_cache", "tls.pem", "something_new")
KEPT = ("life.0", "life.1", "boot.0", "boots", "update", "update_manifest")


class FactoryReset(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.folder = self.scratch.folder
        for name in PERSONAL + KEPT + ("cards", "cards.edits"):
            with open(self.folder + name, "wb") as file:
                file.write(b"Ann" * 10)
        for name in ("Ann", "Ann 2"):
            self.store().set_many({"identity.serial": "M3-1", "station.name": name, "installation.fuse_a": 16,
                                   "general.setup_done": True})

    def tearDown(self):
        self.scratch.close()

    def store(self):
        store = Store(AtomicFile(self.folder + "settings", FILE_KIND, FILE_VERSION))
        store.load()
        return store

    def names(self):
        return sorted(os.listdir(self.folder[:-1]))

    def test_everything_goes_but_identity_and_what_counts_on(self):
        factory_reset.order(self.folder, True, "page")
        self.assertEqual(self.store().get("station.name"), "Ann 2")      # an order changes nothing by itself
        self.assertEqual(factory_reset.finish(self.folder), "page")
        self.assertEqual(self.names(), sorted(KEPT + ("settings",)))
        store = self.store()
        keys = ("identity.serial", "station.name", "installation.fuse_a", "general.setup_done")
        self.assertEqual([store.get(key) for key in keys], ["M3-1", "", 6, False])
        self.assertNotIn(b"Ann", self.scratch.read("settings"))

    def test_cards_stay_when_they_are_to_stay(self):
        factory_reset.order(self.folder, False, "button")
        self.assertEqual(factory_reset.finish(self.folder), "button")
        self.assertEqual(self.names(), sorted(KEPT + ("settings", "cards", "cards.edits")))

    def test_a_damaged_order_is_still_one_and_leaves_the_cards(self):
        for text in ("", "{", "[]", '{"cards": true', '{"cards": 1, "source": 5}'):
            with open(self.folder + "factory_reset", "w") as file:
                file.write(text)
            factory_reset.finish(self.folder)
            self.assertIn("cards", self.names(), text)
            self.assertNotIn("factory_reset", self.names(), text)
            self.assertEqual(self.store().get("station.name"), "")

    def test_damaged_settings_do_not_stand_in_its_way(self):
        for name in ("settings", "settings.old"):
            with open(self.folder + name, "wb") as file:
                file.write(b"Ann")
        factory_reset.order(self.folder, True, "page")
        factory_reset.finish(self.folder)
        self.assertEqual(self.store().load_report, [])

    def test_folders_go_with_what_is_in_them(self):
        os.mkdir(self.folder + "curves")
        with open(self.folder + "curves/1", "w") as file:
            file.write("Ann")
        factory_reset.order(self.folder, False, "page")
        factory_reset.finish(self.folder)
        self.assertNotIn("curves", self.names())

    def test_what_will_go_is_told_before(self):
        found = factory_reset.contents(self.folder)
        self.assertEqual(sorted(found), ["cards", "certificates", "curves", "events", "other", "passwords", "pins", "remembered",
                                         "sessions", "settings", "unsent"])
        self.assertEqual((found["pins"], found["passwords"], found["other"]), (30, 90, 30))


if __name__ == "__main__":
    unittest.main()
