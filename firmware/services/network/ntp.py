"""The time out of one NTP answer (RFC 5905, as a simple client), with everything checked that a stranger could get wrong."""

import struct

from micropython import const

PORT = const(123)
SIZE = const(48)
_ASK = const(0x23)            # no leap, version 4, client
_SERVER = const(4)
_UNSYNCHRONISED = const(3)    # of the leap indicator
_MOST_STRATUM = const(15)
_OFFSET_S = 2208988800        # from 1900 to 1970
_ERA_S = 4294967296
_FIRST_S = 1735689600         # 2025-01-01: no server of ours is older than this firmware
_LAST_S = 4102444800          # 2100-01-01


class NtpError(Exception):
    """code: short, mode, origin, unsynchronised, kiss_of_death, stratum, no_time, year. kiss: the four letters of a refusal."""

    def __init__(self, code, kiss=""):
        super().__init__(code)
        self.code = code
        self.kiss = kiss


def question(nonce):
    """The 48 bytes to send. nonce: 8 random bytes in place of our time, which nobody needs to know; the answer repeats them."""
    return bytes((_ASK,)) + bytes(39) + nonce


def utc_from_answer(data, nonce):
    """(Unix seconds, thousandths of a second) at which the answer left the server. Raises NtpError."""
    if len(data) < SIZE:
        raise NtpError("short")
    if data[0] & 7 != _SERVER or not 3 <= data[0] >> 3 & 7 <= 4:
        raise NtpError("mode")
    if data[24:32] != nonce:
        raise NtpError("origin")          # somebody else's answer, an old one, or a forgery
    stratum = data[1]
    if stratum == 0:
        raise NtpError("kiss_of_death", "".join([chr(byte) if 0x41 <= byte <= 0x5A else "?" for byte in data[12:16]]))
    if data[0] >> 6 == _UNSYNCHRONISED:
        raise NtpError("unsynchronised")
    if stratum > _MOST_STRATUM:
        raise NtpError("stratum")
    seconds, fraction = struct.unpack(">II", data[40:48])
    if seconds == 0 and fraction == 0:
        raise NtpError("no_time")
    if seconds < 0x80000000:              # the era that begins in 2036
        seconds += _ERA_S
    utc_s = seconds - _OFFSET_S
    if not _FIRST_S <= utc_s < _LAST_S:
        raise NtpError("year")
    return utc_s, (fraction >> 16) * 1000 >> 16
