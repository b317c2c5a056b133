# cpython only: hashlib's PBKDF2 and hmac are CPython's
"""Our backups are what another implementation of the description makes and opens."""
import unittest

from firmware import pbkdf2
from firmware.settings import sealed
from host_tests.settings import backup_by_hand
from host_tests.settings.test_sealed import KNOWN, PASSWORD, SALT, TEXT, key_of, last


class ByHand(unittest.TestCase):
    def test_files_are_byte_for_byte_the_same(self):
        for length in (0, 1, 31, 32, 33, 255, 256, 257, 5000):
            text = bytes(number * 7 & 255 for number in range(length))
            ours = b"".join(sealed.sealing(text, key_of(PASSWORD, SALT, 9), SALT, 9))
            self.assertEqual(ours, backup_by_hand.seal(text, PASSWORD, SALT, 9), length)
            self.assertEqual(len(ours), sealed.length(length))
            self.assertEqual(backup_by_hand.open_it(ours, PASSWORD), text)

    def test_the_known_file_is_what_the_description_makes(self):
        self.assertEqual(backup_by_hand.seal(TEXT, PASSWORD, SALT, 3), KNOWN)

    def test_a_backup_of_the_real_number_of_iterations(self):
        data = backup_by_hand.seal(TEXT, PASSWORD, SALT, sealed.ITERATIONS)
        self.assertEqual(sealed.salt_of(data), (SALT, 20000))
        key = last(pbkdf2.slices(PASSWORD.encode(), SALT, sealed.ITERATIONS))
        self.assertEqual(last(sealed.opening(data, key)), TEXT)


if __name__ == "__main__":
    unittest.main()
