"""A card has one id however it is spelled; an id that is no card's stays as it was given."""
import unittest

from firmware.charging.card_ids import canonical, card_digits


class CardIdsTest(unittest.TestCase):
    def test_a_card_has_one_id_in_every_spelling(self):
        for text in ("04A1B2C3", "04a1b2c3", "04:a1:b2:c3", "04-A1-B2-C3", "04 a1 b2 c3", "04A1 B2C3", " 04:A1: B2:c3 "):
            self.assertEqual(canonical(text), "04A1B2C3", text)
        for uid_bytes in (4, 7, 8, 10):
            digits = "0123456789abcdef0123"[:2 * uid_bytes]
            self.assertEqual(canonical(":".join([digits[at:at + 2] for at in range(0, len(digits), 2)])), digits.upper())

    def test_what_is_no_cards_stays_as_it_was_given(self):
        for text in ("", "PIN", "guest", "Mode3", "Ann's car", "1234-5678", "12-345678", "12-34:56-78", "12:34:56", "0123456789",
                     "-", ":", "12345678-", "abcdefgh", "1234:5678:9abc:de", "Äß 12345"):
            self.assertEqual((canonical(text), card_digits(text)), (text, None))


if __name__ == "__main__":
    unittest.main()
