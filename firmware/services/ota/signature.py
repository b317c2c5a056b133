"""RSA-3072 with SHA-256 by PKCS #1 v1.5 (RFC 8017, 8.2.2), exponent 65537: checked in steps so that the loop goes on meanwhile.

The whole padded block is compared with the one that the digest must give: nothing of it is parsed, so nothing can be slipped in.
"""

import asyncio

from micropython import const

BYTES = const(384)
_SQUARINGS = const(16)      # 65537 = 2 ** 16 + 1
_DIGEST_INFO = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"   # SHA-256, RFC 8017 9.2


async def is_by(modulus, signature, digest):
    """True when the key of that modulus (bytes) made the signature (bytes) over what has that SHA-256 digest."""
    n = int.from_bytes(modulus, "big")
    s = int.from_bytes(signature, "big")
    if len(modulus) != BYTES or len(signature) != BYTES or len(digest) != 32 or not 0 < s < n:
        return False
    power = s
    for _ in range(_SQUARINGS):
        power = power * power % n
        await asyncio.sleep_ms(0)
    power = power * s % n
    filler = b"\xff" * (BYTES - 3 - len(_DIGEST_INFO) - 32)
    return power.to_bytes(BYTES, "big") == b"\x00\x01" + filler + b"\x00" + _DIGEST_INFO + digest


async def is_by_any(moduli, signature, digest):
    """The same for several keys; moduli as hex text."""
    for modulus in moduli:
        if await is_by(bytes.fromhex(modulus), signature, digest):
            return True
    return False
