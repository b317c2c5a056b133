import json
import unittest

from firmware.identity import NAMES, Identity, new, random_text
from host_tests.storage.scratch import Scratch


class IdentityTest(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.path = self.scratch.folder + "identity.json"
        self.said = []

    def tearDown(self):
        self.scratch.close()

    def write(self, text):
        with open(self.path, "w") as file:
            file.write(text)

    def test_what_was_provisioned_is_read_and_left_alone(self):
        self.write(json.dumps({"serial": "M3-1", "password": "geheim ä"}))
        identity = Identity(self.path)
        identity.ensure(self.said.append)
        self.assertEqual((identity.get("serial"), identity.get("password"), identity.get("puk")), ("M3-1", "geheim ä", ""))
        self.assertEqual(self.said, [])
        self.assertIsNone(identity.failure)

    def test_a_charger_without_one_makes_its_own_once_and_prints_it(self):
        Identity(self.path).ensure(self.said.append)
        self.assertEqual(len(self.said), 1 + len(NAMES))
        again = Identity(self.path)
        again.ensure(self.said.append)
        self.assertEqual(len(self.said), 1 + len(NAMES))
        for name, line in zip(NAMES, self.said[1:]):
            self.assertEqual(line, "  %s: %s" % (name, again.get(name)))
        self.assertEqual(len(again.get("hotspot_key")), 12)
        self.assertEqual((len(again.get("puk")), again.get("puk").isdigit()), (8, True))

    def test_a_damaged_one_is_unknown_and_not_written_over(self):
        for text in ("", "{", "[]", "no json"):
            self.write(text)
            identity = Identity(self.path)
            identity.ensure(self.said.append)
            self.assertEqual(identity.get("password"), "")
            self.assertEqual(identity.failure, "identity is damaged")
            self.assertEqual(self.scratch.read("identity.json"), text.encode())
        self.write('{"password": 7}')
        self.assertEqual(Identity(self.path).get("password"), "")
        self.assertEqual(self.said, [])

    def test_a_flash_that_cannot_be_written_is_said_and_starts_all_the_same(self):
        identity = Identity(self.scratch.folder + "nowhere/identity.json")
        identity.ensure(self.said.append)
        self.assertIn("cannot be kept", identity.failure)
        self.assertEqual(identity.get("password"), "")

    def test_two_identities_share_nothing(self):
        one, other = new(), new()
        self.assertEqual(sorted(one), sorted(NAMES))
        for name in NAMES:
            self.assertNotEqual(one[name], other[name])

    def test_random_text_uses_every_letter_and_no_other(self):
        text = random_text(2000, "abc")
        for letter in "abc":
            self.assertTrue(500 < text.count(letter) < 850)
        self.assertEqual(len(text), text.count("a") + text.count("b") + text.count("c"))


if __name__ == "__main__":
    unittest.main()
