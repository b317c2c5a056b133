"""Backups under a password: a known file, and nothing but the whole and unchanged file with the right password is opened."""
import binascii
import struct
import unittest

from firmware import pbkdf2
from firmware.settings import sealed
from firmware.settings.sealed import SealError

PASSWORD = "correct horse battery \u00e4\u00f6\u00fc"
SALT = bytes(range(16))
TEXT = b"# schema = 1\ninstallation.fuse_a = 16\n"
KNOWN = binascii.unhexlify(
    "4d33424b0100000003000000000102030405060708090a0b0c0d0e0f1a9dcd089559c3040fe7cef3a3a0234dff6b5c0d"
    "f21c7194a2afb4ca6783cb9b5eb4247a781722e3673038b88bec23a5db8bb551478389f04bc6eb70123f52cf1e005954"
    "40636378b8d7")


def last(generator):
    return list(generator)[-1]


def key_of(password, salt, iterations):
    return last(pbkdf2.slices(password.encode(), salt, iterations))


def opened(data, password):
    salt, iterations = sealed.salt_of(data)
    return last(sealed.opening(data, key_of(password, salt, iterations)))


def with_crc(data):
    """The data with a CRC that fits: changed by somebody who knows how."""
    return data[:-4] + struct.pack("<I", binascii.crc32(data[:-4]) & 0xFFFFFFFF)


class Sealed(unittest.TestCase):
    def refused(self, code, data, password=PASSWORD):
        try:
            opened(data, password)
        except SealError as error:
            self.assertEqual(error.code, code)
            return str(error)
        self.fail("opened")

    def test_a_known_file_comes_out_and_is_opened(self):
        self.assertEqual(b"".join(sealed.sealing(TEXT, key_of(PASSWORD, SALT, 3), SALT, 3)), KNOWN)
        self.assertEqual(opened(KNOWN, PASSWORD), TEXT)

    def test_a_wrong_password_is_told_as_such(self):
        for password in ("", "correct horse battery", PASSWORD + "x", PASSWORD.upper()):
            self.assertIn("password is wrong", self.refused("wrong_password", KNOWN, password))

    def test_every_flipped_bit_is_found(self):
        for at in range(len(KNOWN)):
            for bit in (1, 0x80):
                data = bytearray(KNOWN)
                data[at] ^= bit
                code = "not_a_backup" if at < 4 else "newer_version" if at == 4 and data[4] > 1 else "damaged"
                self.refused(code, bytes(data))

    def test_every_change_by_somebody_who_mends_the_crc_is_found(self):
        for at in range(5, len(KNOWN) - 4):
            data = bytearray(KNOWN)
            data[at] ^= 1
            if 8 <= at < 12:
                data[8:12] = struct.pack("<I", 4)         # else a great number of iterations takes its time
            self.refused("wrong_password", with_crc(bytes(data)))

    def test_every_cut_is_found(self):
        for length in range(len(KNOWN)):
            self.refused("not_a_backup" if length < 5 else "damaged", KNOWN[:length])
        for length in range(64, len(KNOWN)):                 # and by somebody who mends the CRC
            self.refused("wrong_password", with_crc(KNOWN[:length]))
        self.refused("damaged", KNOWN + b"\0")

    def test_a_newer_version_and_what_is_no_backup_are_told(self):
        self.assertIn("version 2", self.refused("newer_version", with_crc(KNOWN[:4] + b"\2" + KNOWN[5:])))
        for data in (b"", b"M3BK", b"installation.fuse_a = 16\n" * 9, b"\x1f\x8b" + bytes(90)):
            self.refused("not_a_backup", data)

    def test_a_foreign_number_of_iterations_does_not_keep_us_busy(self):
        for iterations in (0, 200001, 0xFFFFFFFF):
            self.refused("damaged", with_crc(KNOWN[:8] + struct.pack("<I", iterations) + KNOWN[12:]))

    def test_the_same_text_never_looks_the_same(self):
        files = []
        for _ in range(2):
            salt = sealed.new_salt()
            files.append(b"".join(sealed.sealing(bytes(64), key_of(PASSWORD, salt, 1), salt, 1))[28:-36])
        self.assertNotEqual(files[0], files[1])
        self.assertNotEqual(files[0][:32], files[0][32:])


if __name__ == "__main__":
    unittest.main()
