import asyncio
import binascii
import hashlib
import unittest

from firmware import pbkdf2
from host_tests.services.web.harness import run

# RFC 7914 section 11, and section 4 of RFC 4231 (HMAC)
ONCE = ("55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
        "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783")
HMACS = (
    (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
    (b"\xaa" * 131, b"Test Using Larger Than Block-Size Key - Hash Key First",
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
)


def last(generator):
    return list(generator)[-1]


class Pbkdf2Test(unittest.TestCase):
    def test_a_known_answer_comes_out(self):
        self.assertEqual(binascii.hexlify(last(pbkdf2.slices(b"passwd", b"salt", 1, 64))).decode(), ONCE)

    def test_hmacs_of_the_standard_come_out(self):
        for key, message, digest in HMACS:
            self.assertEqual(binascii.hexlify(pbkdf2.hmac_sha256(key, message)).decode(), digest)

    def test_it_agrees_with_the_host_s_own(self):
        if not hasattr(hashlib, "pbkdf2_hmac"):
            self.skipTest("cpython only")
        for password in (b"", b"x", b"p" * 63, b"p" * 64, b"p" * 65, b"\x00\xff" * 50):
            for salt, iterations, length in ((b"", 1, 1), (b"salt", 2, 32), (b"s" * 80, 9, 33), (b"NaCl", 1000, 64)):
                self.assertEqual(last(pbkdf2.slices(password, salt, iterations, length)),
                                 hashlib.pbkdf2_hmac("sha256", password, salt, iterations, length))

    def test_the_long_vector_of_the_standard_comes_out(self):
        if not hasattr(hashlib, "pbkdf2_hmac"):
            self.skipTest("cpython only")     # 80 000 iterations take the VM too long
        self.assertEqual(binascii.hexlify(last(pbkdf2.slices(b"Password", b"NaCl", 80000, 64))).decode(),
                         "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
                         "a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d")

    def test_no_slice_is_longer_than_six_iterations(self):
        steps = list(pbkdf2.slices(b"p", b"s", 2000))
        self.assertEqual(len(steps), 1999 // 6 + 1)
        self.assertEqual(steps[:-1], [None] * (len(steps) - 1))

    def test_others_run_while_a_key_is_derived_and_hear_how_far_it_is(self):
        told, ran = [], []

        async def other():
            while True:
                ran.append(1)
                await asyncio.sleep_ms(0)

        async def both():
            task = asyncio.create_task(other())
            key = await pbkdf2.derive(b"p", b"s", 400, 32, told.append)
            task.cancel()
            self.assertEqual(key, last(pbkdf2.slices(b"p", b"s", 400)))
        run(both())
        self.assertTrue(len(ran) > 40)
        self.assertEqual(told, sorted(told))
        self.assertTrue(0 < told[0] < 100 and 900 < told[-1] <= 1000)

    def test_only_equal_texts_are_the_same(self):
        self.assertTrue(pbkdf2.same(b"", b"") and pbkdf2.same(b"abc", b"abc"))
        for other in (b"", b"ab", b"abd", b"Abc", b"abcd"):
            self.assertFalse(pbkdf2.same(b"abc", other))


if __name__ == "__main__":
    unittest.main()
