"""The signature check against what OpenSSL signed: the one true signature passes, anything else does not."""

import asyncio
import hashlib
import unittest

from firmware.services.ota import signature
from host_tests.services.web.harness import run

# a key of which nobody has the private half any more, and what it signed: openssl dgst -sha256 -sign
MODULUS = bytes.fromhex(
    "ad654066365a03176f513ef39d3818789ff7f7058c93526ad56172ed8b161acb48da147c6dcb68ae1355fe81b39df6dcb2965be08bdf9b87"
    "bd6b40c8f8720dcc1d201fcf516874340f3005fa1da7ae53ec0e140e8ac1c44c59a5c88a329b725587009b93f602ddfc40efc3175ef2c701"
    "f0b1eafb239736103acbcdc9d244f753eacb16368cd48c1fd3c31e1cc34f88bf1af73c844cdc8ff6f5ba9f6a5758f1960bdb9c25c709dacf"
    "8cbcfa0af9e30d89577d4c7607ce85f640f0f79226d7fdedf9dfcb908f045485c0bb46039a9d77a659a41b973f9e11ecdca3923513129c17"
    "07d0d92c7fd719b500d4e9b07801d632f19410972ab500d8fad75af84cb1e5cfe86e1773d50145f3eae4cb15fd10b1c9b17e429a1081168c"
    "4b84916f42dbeb48dedf728ad692f971e28c8ee26b6ad459a14e36bade7494f84b05cf4c40d98ab8f3b24df684ce6a56d08b4f61a6345ff7"
    "dc392ccdd876a8e0ff65478f3d95c277b64bb445f88150d80ee74373a5a658c5362e796541c095c9ecda9268283e8c89")
SIGNATURE = bytes.fromhex(
    "110833137d4ef9c10c74ec297c47db6e5d82a1d5104765142f4c41b91bd52d57d2c5b1eb1444e2067d849fe8cacb7ab460e9f3583fd767a6"
    "636c5eca57530297cabedb1ea51948d019842bc1ebfce12af53ab76dc4c25c98396eec1f4301e31277906c944c65fa7a0c83878000af9ebe"
    "c52503696808410dd3df3079d8bc6324a9a5fde752a0dd7f7012d8d5090d17b9f04757bf6dd1cb5174f3062f20f1d880310e85b0ddeb03d1"
    "69883361fea1ab148b6cba8eacf9383c879c8f531295f6ad998db45d8d795a308bb733eb166b22fc1eba7c023398b9727420fc1b7243e393"
    "da12d5d073e99ea7d9721adebbc51c93a2b61e78b47df210aeee4a131fe179e0dc1168b88f8d30c8c2920ad3d9dedc747bbc5dd05f884331"
    "e874708cfde898ebdf662e54e0e2ffc16b31ab552c418e5c7903e6ec1566b4bd1bb85e530b1a921d43bfe78f4a06e9aebb32c9891815ee1b"
    "d70e7d269fcc5bbcb8e4116cbe3151430633b91844b06cd625dc18d932e5cd5e6b10a0b4e79f9756af0af8aa72acf4a5")
TEXT = b"what is signed\n"


def judged(modulus, signed, text):
    """What is_by() says."""
    found = []

    async def main():
        found.append(await signature.is_by(modulus, signed, hashlib.sha256(text).digest()))
    run(main())
    return found[0]


def flipped(data, bit):
    """The bytes with one bit turned over."""
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


class TestSignature(unittest.TestCase):
    def test_what_openssl_signed_passes(self):
        self.assertTrue(judged(MODULUS, SIGNATURE, TEXT))

    def test_a_flipped_bit_anywhere_does_not(self):
        for bit in range(0, 3072, 281):
            self.assertFalse(judged(MODULUS, flipped(SIGNATURE, bit), TEXT))
        self.assertFalse(judged(MODULUS, SIGNATURE, flipped(TEXT, 3)))
        self.assertFalse(judged(flipped(MODULUS, 8), SIGNATURE, TEXT))

    def test_numbers_that_only_look_like_one_do_not(self):
        n = int.from_bytes(MODULUS, "big")
        s = int.from_bytes(SIGNATURE, "big")
        for number in (0, 1, n - 1, n, n - s):
            self.assertFalse(judged(MODULUS, number.to_bytes(384, "big"), TEXT))
        self.assertFalse(judged(MODULUS, SIGNATURE[:-1], TEXT))
        self.assertFalse(judged(MODULUS, b"\x00" + SIGNATURE, TEXT))
        self.assertFalse(judged(MODULUS[:-1], SIGNATURE, TEXT))
        self.assertFalse(judged(MODULUS[-128:], SIGNATURE[-128:], TEXT))

    def test_any_of_several_keys_will_do_and_none_without_keys(self):
        other = "%0768x" % (int.from_bytes(MODULUS, "big") + 2)
        mine = "%0768x" % int.from_bytes(MODULUS, "big")
        digest = hashlib.sha256(TEXT).digest()
        found = []

        async def main():
            for moduli in ((mine,), (other, mine), (other,), ()):
                found.append(await signature.is_by_any(moduli, SIGNATURE, digest))
        run(main())
        self.assertEqual(found, [True, True, False, False])

    def test_the_loop_goes_on_meanwhile(self):
        turns = []

        async def count():
            while True:
                turns.append(1)
                await asyncio.sleep_ms(0)

        async def main():
            task = asyncio.create_task(count())
            await signature.is_by(MODULUS, SIGNATURE, hashlib.sha256(TEXT).digest())
            task.cancel()
        run(main())
        self.assertTrue(len(turns) >= 16)


if __name__ == "__main__":
    unittest.main()
