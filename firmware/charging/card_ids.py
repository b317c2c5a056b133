"""Ids of who charges. A card has one, however its UID is spelled; what is no card's stays as it was given.

Everybody who takes an id from outside asks here, so that inside two ids are the same where their texts are.
"""

UID_DIGITS = (8, 14, 16, 20)       # 4, 7 and 10 bytes (ISO 14443A), 8 (ISO 15693)


def card_digits(text):
    """"04A1B2C3" where the text spells a card's UID: hexadecimal, nothing between the bytes, or colons or dashes between all of
    them, spaces anywhere. None for another id: a central system's `1234-5678` is not the card 12345678."""
    parts = text.replace(" ", "").upper().split(":" if ":" in text else "-")
    if len(parts) > 1 and [part for part in parts if len(part) != 2]:
        return None
    digits = "".join(parts)
    return digits if len(digits) in UID_DIGITS and is_hexadecimal(digits) else None


def is_hexadecimal(digits):
    """All of these are digits or A to F."""
    return not [char for char in digits if char not in "0123456789ABCDEF"]


def canonical(text):
    """The id as a reader would tell it where it is a card's (04:a1:b2:c3 is 04A1B2C3), else as it is."""
    return card_digits(text) or text
