"""What the hotspot's name server says: every name is this charger (RFC 1035), so that phones find the page by themselves."""

from micropython import const

MOST_BYTES = const(512)
_HEADER = const(12)
_LONGEST_NAME = const(255)
_LONGEST_LABEL = const(63)
_QUERY_BITS = 0xF8            # of the third byte: an answer, or another operation than a query
_A, _ANY, _IN = 1, 255, 1
_TTL_S = b"\0\0\0\x0a"        # forgotten soon: at home the names mean something else


def answer(query, ip):
    """The answer to a query (bytes): `ip` (4 bytes) to a question for an IPv4 address of any name, an empty one to any other
    question (AAAA: there is no IPv6 here). None for what is no query of one question."""
    if not _HEADER < len(query) <= MOST_BYTES or query[2] & _QUERY_BITS or query[4:6] != b"\0\x01" or query[6:10] != b"\0\0\0\0":
        return None
    end = _end_of_name(query)
    if end is None or end + 4 > len(query) or query[end + 2:end + 4] != b"\0\x01":
        return None
    kind = query[end] << 8 | query[end + 1]
    question = query[_HEADER:end + 4]
    asked = kind == _A or kind == _ANY
    # answer, authoritative, recursion as asked and there to be had, no error; one question, so many answers
    head = query[:2] + bytes((0x84 | query[2] & 1, 0x80)) + b"\0\x01\0" + bytes((1 if asked else 0,)) + b"\0\0\0\0"
    if not asked:
        return head + question
    return head + question + b"\xc0\x0c\0\x01\0\x01" + _TTL_S + b"\0\x04" + ip


def _end_of_name(query):
    """Index behind the question's name; None where it is none: a question needs no pointers."""
    at = _HEADER
    while at < len(query):
        length = query[at]
        at += 1
        if length == 0:
            return at
        if length > _LONGEST_LABEL or at + length - _HEADER >= _LONGEST_NAME:
            return None
        at += length
    return None
