"""CRC-32 (the one of Ethernet and zip), the same on both interpreters."""

import binascii


def crc32(data, crc=0):
    """CRC-32 of `data`, going on from `crc`; 0..0xFFFFFFFF."""
    return binascii.crc32(data, crc) & 0xFFFFFFFF
