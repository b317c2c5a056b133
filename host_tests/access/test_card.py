"""What a card may be, and that its row on flash says the same."""
import unittest

from firmware.access import card as cards
from firmware.access.card import ADMIN, USER, Card, CardError


class CardTest(unittest.TestCase):
    def test_a_row_says_all_of_a_card(self):
        for kind in (USER, ADMIN):
            for flag in (False, True):
                before = Card(b"\x04\xa1\xb2\xc3", "Änne", kind, flag, not flag, 1806364800, flag, "box1 box2")
                after = cards.from_row(before.uid, before.row())
                for name in ("uid", "name", "kind", "master", "blocked", "expires_utc", "whole_day", "stations"):
                    self.assertEqual(getattr(after, name), getattr(before, name), name)

    def test_the_longest_row_fits(self):
        card = Card(bytes(10), "€" * 50, stations="s" * 90)
        self.assertLessEqual(len(card.row()), 255)
        self.assertEqual(cards.from_row(card.uid, card.row()).name, "€" * 50)

    def test_a_row_of_newer_firmware_is_no_card(self):
        self.assertIsNone(cards.from_row(b"1234", b"\x07\x00\x00\x00\x00\x00\x00\x00"))
        self.assertIsNone(cards.from_row(b"1234", b"\x00\x00"))

    def test_uids_are_read_as_people_write_them(self):
        for text in ("04a1B2c3", "04:A1:B2:C3", "04-a1-b2-c3", "04 A1 B2 C3"):
            self.assertEqual(cards.uid_from_text(text), b"\x04\xa1\xb2\xc3")
        self.assertEqual(cards.hex_from_uid(b"\x04\xa1\x00"), "04A100")
        for text in ("", "04A1B2", "04A1B2C", "04A1B2C3D4", "04A1B2CG", "0x04A1B2", "４４４４４４４４", "04A1B2C3" * 3):
            with self.assertRaises(CardError) as caught:
                cards.uid_from_text(text)
            self.assertEqual(caught.exception.field, "uid")

    def test_expiry_is_the_end_of_a_day_or_a_moment(self):
        self.assertEqual(cards.expiry_from_text(""), (0, False))
        self.assertEqual(cards.expiry_from_text("2027-03-31"), (1806537600, True))        # 2027-04-01T00:00:00Z
        self.assertEqual(cards.expiry_from_text("2027-03-31T18:00:00Z"), (1806516000, False))
        for text in ("2027-03-31", "2028-02-29", "2099-12-31", "2027-03-31T18:00:01Z"):
            expires_utc, whole_day = cards.expiry_from_text(text)
            self.assertEqual(Card(b"1234", expires_utc=expires_utc, whole_day=whole_day).expires(), text)
        self.assertEqual(Card(b"1234").expires(), "")
        for text in ("2027-02-29", "2027-13-01", "2027-00-01", "2027-01-00", "27-01-01", "2027/01/01", "1999-12-31", "31.03.2027",
                     "2027-03-31T24:00:00Z", "2027-03-31T18:00", "2027-03-31T18:00:00+01:00", "-027-01-01", "2027-03-31X18:00:00"):
            with self.assertRaises(CardError) as caught:
                cards.expiry_from_text(text)
            self.assertEqual(caught.exception.field, "expires")

    def test_names_and_stations_are_bounded_and_clean(self):
        self.assertEqual(cards.name_from_text(" Ann "), "Ann")
        for text in ("x" * 51, "a\nb", "a\x00", "𝄞" * 40, "half a sign" + chr(0xD834)):
            with self.assertRaises(CardError):
                cards.name_from_text(text)
        self.assertEqual(cards.stations_from_text("box1, box2|box3 "), "box1 box2 box3")
        with self.assertRaises(CardError):
            cards.stations_from_text("x" * 91)
        self.assertTrue(Card(b"1234").is_for("box1"))
        self.assertTrue(Card(b"1234", stations="box1 box2").is_for("box2"))
        self.assertFalse(Card(b"1234", stations="box1 box2").is_for("box"))
